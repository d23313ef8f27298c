"""Opening files and folders, showing one of them, stepping through them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject

from lycurgus.core.errors import ProjectError
from lycurgus.core.types import Micrograph
from lycurgus.readers.discover import find_files
from lycurgus.readers.door import read
from lycurgus.services.project import Project
from lycurgus.services.project_records import StoredImage, absolute
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench, plural

RECALLED_TOGETHER = 16


class Opening(QObject):
    """Brings documents into the store and pixels onto the screen."""

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._bench = workbench
        self._store = workbench.store
        self._held: dict[Document, StoredImage | ProjectError | None] = {}
        self._store.released.connect(self._deliver_held)

    def open_paths(self, paths: Iterable[Path], *, recursive: bool = False) -> None:
        """Find micrographs in files and folders, with what is known of them from earlier sessions, and show the first."""
        wanted = [Path(path) for path in paths]
        project = self._bench.project

        def find(*_: object) -> list[Document]:
            known = {record.path: record for record in project.images()}
            # As the user names them, like the command line: behind a mapped drive or a link lies another path to the same file.
            found = [absolute(path) for path in find_files(wanted, recursive=recursive)]
            return [Document(path, awaited_edits=known[path].n_edits if path in known else 0) for path in found]

        self._bench.jobs.submit(
            "io",
            find,
            title="Looking for micrographs",
            on_done=lambda documents: self._found(wanted, documents),
            on_error=self._bench.fail_with,
        )

    def reopen(self, paths: Sequence[Path], *, shown: Path | None) -> None:
        """Open the files of an earlier session, those that are still there, and show one of them."""
        project = self._bench.project

        def find(*_: object) -> list[Document]:
            known = {record.path: record for record in project.images()}
            return [Document(path, awaited_edits=known[path].n_edits if path in known else 0) for path in paths if path.exists()]

        def deliver(documents: list[Document]) -> None:
            self.add(documents)
            if len(documents) < len(paths):
                self._bench.warn(f"{plural(len(paths) - len(documents), 'file')} of the last session cannot be found")
            there = [document.path for document in documents]
            if there:
                self.show(self._store.document(shown if shown in there else there[0]))

        self._bench.jobs.submit("io", find, title="Looking for the last session", on_done=deliver, on_error=self._bench.fail_with)

    def add(self, documents: Sequence[Document], *, folders: Sequence[Path] = ()) -> None:
        """Take documents into the session, those that are open already excepted, and remember the folders they came from."""
        fresh = [document for document in documents if self._store.document(document.path) is None]
        for document in fresh:
            document.size_awaited = True
        self._store.add_documents(fresh)
        self._recall(fresh)
        if folders:
            self._bench.change_settings(recent_folders=(*(str(folder) for folder in folders), *self._bench.settings.recent_folders))
        if len(fresh) > 1:
            self._bench.tell(f"{plural(len(fresh), 'image')} opened")

    def show(self, document: Document | None) -> None:
        """Make a document the current one and read its pixels."""
        self._store.set_current(document)
        if document is None:
            return
        plane = self._store.params.input.plane
        self._bench.jobs.submit(
            "io",
            lambda *_: read(document.path, plane=plane),
            title=f"Reading {document.path.name}",
            key="show",
            on_done=lambda micrograph: self._shown(document, micrograph),
            on_error=lambda error: self._unreadable(document, error),
        )

    def step(self, by: int) -> None:
        """Show the next (1) or previous (-1) document; at the ends nothing happens."""
        documents = self._store.documents
        if not documents:
            return
        at = documents.index(self._store.current) if self._store.current in documents else -1
        target = min(max(at + by, 0), len(documents) - 1)
        if target != at:
            self.show(documents[target])

    def close(self, document: Document) -> None:
        """Take a document out of the session and show the one that moves up in its place."""
        at = list(self._store.documents).index(document)
        self.forget([document])
        left = self._store.documents
        self.show(left[min(at, len(left) - 1)] if left else None)

    def forget(self, documents: Sequence[Document]) -> None:
        """Take documents out of the session; their files and their stored results stay."""
        self._store.remove_documents(documents)

    def _recall(self, documents: Sequence[Document]) -> None:
        """Fetch earlier results from the project file, a few images at a time, so that a long list is there at once."""
        if not documents:
            return
        now, later = documents[:RECALLED_TOGETHER], documents[RECALLED_TOGETHER:]
        project, paths = self._bench.project, [document.path for document in now]

        def fetch(*_: object) -> list[StoredImage | ProjectError | None]:
            return [stored_image(project, path) for path in paths]

        def deliver(stored: list[StoredImage | ProjectError | None]) -> None:
            for document, image in zip(now, stored, strict=True):
                self._deliver(document, image)
            self._recall(later)

        self._bench.jobs.submit("project", fetch, title="Fetching earlier results", on_done=deliver, on_error=self._bench.fail_with)

    def _deliver(self, document: Document, stored: StoredImage | ProjectError | None) -> None:
        """Take over what was fetched; an image that a run holds gets it when the run lets go of it without a new result."""
        if self._store.document(document.path) is not document:
            # Closed meanwhile.
            return
        # Not held back: an image that waits in the queue is to be analysed with it.
        size_came = remember_size(document, stored)
        if document.busy:
            self._held[document] = stored
        if not document.busy and document.analysed is None and remember(document, stored):
            self._store.changed(document)
        elif size_came and document.pixel_size is not None:
            self._store.document_changed.emit(document)
        if size_came:
            self._scale_picture(document)
            self._store.recalled.emit(document)

    def _deliver_held(self, documents: Sequence[Document]) -> None:
        for document in documents:
            if document in self._held:
                self._deliver(document, self._held.pop(document))

    def _scale_picture(self, document: Document) -> None:
        """Give the picture on screen the pixel size that the user stated in an earlier session."""
        micrograph = self._store.micrograph
        if document is self._store.current and micrograph is not None and document.pixel_size not in (None, micrograph.pixel_size):
            self._store.set_micrograph(micrograph.with_pixel_size(document.pixel_size))

    def _found(self, wanted: Sequence[Path], documents: list[Document]) -> None:
        self.add(documents, folders=[absolute(path) for path in wanted if path.is_dir()])
        if documents:
            # Dropping an image that is open already means: show me this one.
            self.show(self._store.document(documents[0].path))

    def _shown(self, document: Document, micrograph: Micrograph) -> None:
        if document is not self._store.current:
            return
        document.shape = micrograph.shape
        if document.unreadable:
            document.error, document.unreadable = "", False
        document.file_pixel_size = micrograph.pixel_size
        # The user's word as it is now: it may have come, or gone, while the file was read.
        self._store.set_micrograph(micrograph.with_pixel_size(document.pixel_size or micrograph.pixel_size))
        self._store.document_changed.emit(document)

    def _unreadable(self, document: Document, error: Exception) -> None:
        document.error, document.unreadable = str(error), True
        self._bench.fail_with(error)
        self._store.changed(document)


def stored_image(project: Project, path: Path) -> StoredImage | ProjectError | None:
    """Fetch what the project file knows of an image; an error is a value, for the other images must come all the same."""
    try:
        return project.load(path)
    except ProjectError as error:
        return error


def remember(document: Document, stored: StoredImage | ProjectError | None) -> bool:
    """Give a document the result and corrections of an earlier session; tell whether anything was known of it.

    Corrections that the project file holds and that cannot be shown, since they are damaged or belong to an earlier content of the
    file, stay awaited: a new analysis would replace them, and the user is asked before.
    """
    if isinstance(stored, ProjectError):
        document.error = document.error or str(stored)
        return True
    document.awaited_edits = stored.record.n_edits if stored is not None and stored.changed else 0
    if stored is None:
        return False
    if stored.result is None:
        document.error = document.error or stored.error
    else:
        document.analysed, document.history = stored.result, stored.history
        measured_with = stored.result.micrograph.pixel_size
        if document.file_pixel_size is None and measured_with is not None and not measured_with.is_users_word:
            document.file_pixel_size = measured_with
    return True


def remember_size(document: Document, stored: StoredImage | ProjectError | None) -> bool:
    """Give a document the pixel size that the user stated in an earlier session; tell whether it is known now what he said.

    What he has said since the document was opened stays. From a project file that cannot be read nothing is known, not even that he
    said nothing.
    """
    if not document.size_awaited or isinstance(stored, ProjectError):
        return False
    document.size_awaited = False
    document.pixel_size = stored.pixel_size if stored is not None else None
    return True


def remembered(project: Project, path: Path, *, stored_edits: int = 0) -> Document:
    """Make a document with what the project file knows of it; for a thread beside the window.

    Parameters
    ----------
    stored_edits : how many corrections the project file lists for it, in case that they cannot be read.
    """
    document, stored = Document(path, awaited_edits=stored_edits, size_awaited=True), stored_image(project, path)
    remember_size(document, stored)
    remember(document, stored)
    return document
