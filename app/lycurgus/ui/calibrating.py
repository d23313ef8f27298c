"""Stating how large a pixel is: kept in the project file, and what was measured already measured again.

A size may be stated, taken back or remembered at any time: while an image is read, waits in the queue, is analysed or is measured. So
nothing relies on the order: whatever changes a document, its analysis is compared with the size that holds, and measured again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject

from lycurgus.core.errors import ReadError
from lycurgus.core.history import History
from lycurgus.core.recalibration import recalibrated
from lycurgus.core.types import AnalysisResult, Micrograph, PixelSize
from lycurgus.pipeline import calibrated
from lycurgus.readers.door import read
from lycurgus.services.instrument_scales import Setup, default_pixel_size, setup_of, with_default
from lycurgus.ui.jobs import Job
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench, names


@dataclass(frozen=True, slots=True, eq=False)
class _Remeasured:
    """What reading a file and measuring again brings."""

    result: AnalysisResult
    history: History
    file_pixel_size: PixelSize | None


class Calibrating(QObject):
    """Sets pixel sizes; nothing is detected again, so all particles and corrections stay."""

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._bench = workbench
        self._store = workbench.store
        self._waiting: deque[Document] = deque()
        self._job: Job | None = None
        self._refused: WeakKeyDictionary[Document, tuple[AnalysisResult, PixelSize | None]] = WeakKeyDictionary()
        self._store.document_changed.connect(self._follow)
        self._store.released.connect(self._follow_all)
        self._store.recalled.connect(self._recalled)

    def set_pixel_size(self, documents: Iterable[Document], size: PixelSize | None) -> None:
        """State the pixel size of images, or leave it to their files again (None).

        Lengths in nm of images that are analysed follow as soon as their pixels are read; limits in nm that took part in finding the
        particles would act differently in a new analysis, and the user is told so.
        """
        size = None if size is None else stated_by_user(size)
        changing = [document for document in documents if document.pixel_size != size or document.size_awaited]
        project = self._bench.project

        def write() -> list[tuple[Document, PixelSize | None]]:
            for document in changing:
                project.set_pixel_size(document.path, size)
            return [] if size else [(document, project.folder_pixel_size(document.path.parent)) for document in changing]

        def folders_hold(said: list[tuple[Document, PixelSize | None]]) -> None:
            # What is said about a folder holds for its images again once nothing is said about them by themselves.
            for document, of_folder in said:
                if of_folder is not None and document.pixel_size is None:
                    self._set([document], of_folder)

        self._keep(write, folders_hold)
        self._set(changing, size)

    def set_folder_pixel_size(self, folder: Path, size: PixelSize | None) -> None:
        """State the pixel size of all images in a folder, of those that are not open or not there yet too."""
        size = None if size is None else stated_by_user(size)
        inside = [document for document in self._store.documents if document.path.parent == folder]
        paths = [document.path for document in inside if document.pixel_size is not None or document.size_awaited]
        project = self._bench.project

        def write() -> None:
            project.set_folder_pixel_size(folder, size)
            for path in paths:
                # What was said about a single image would win over the folder.
                project.set_pixel_size(path, None)

        self._keep(write, lambda _: None)
        self._set([document for document in inside if document.pixel_size != size or document.size_awaited], size)

    def set_instrument_default(self, setup: Setup, size: PixelSize | None) -> None:
        """State the pixel size of an instrument at a magnification, for images that do not say one themselves."""
        self._bench.change_settings(instrument_scales=with_default(self._bench.settings.instrument_scales, setup, size))
        if self._store.current is not None and self._store.micrograph is not None:
            self.apply_default(self._store.current, self._store.micrograph)

    def setup_of_current(self) -> Setup | None:
        """Return the instrument that the image on screen names, if any."""
        return None if self._store.micrograph is None else setup_of(self._store.micrograph)

    def apply_default(self, document: Document, micrograph: Micrograph) -> bool:
        """Give an image that states no pixel size the default of its instrument; tell whether there was one.

        To be called when a micrograph is loaded; where the user's earlier word is still awaited, it is looked at again when that is there.
        """
        if micrograph.pixel_size is not None or document.pixel_size is not None or document.size_awaited:
            return False
        size = default_pixel_size(micrograph, self._bench.settings.instrument_scales)
        if size is None:
            return False
        self.set_pixel_size([document], size)
        return True

    def _set(self, documents: list[Document], size: PixelSize | None) -> None:
        measured_again = []
        for document in documents:
            document.pixel_size, document.size_awaited = size, False
            self._refused.pop(document, None)
            if document.has_other_scale and not document.busy:
                measured_again.append(document)
            self._show_scaled(document)
            self._store.document_changed.emit(document)
        if limits := _limits_in_nm(measured_again):
            self._bench.warn(
                f"Lengths of {names(measured_again)} follow the new pixel size; analyse again for the limits in nm to follow too",
                f"These limits took part in finding the particles: {limits}.",
            )

    def _show_scaled(self, document: Document) -> None:
        """Scale the picture on screen, where what it should be is known without reading the file."""
        micrograph = self._store.micrograph
        if document is not self._store.current or micrograph is None:
            return
        size = document.pixel_size or stated_by_file(document)
        if micrograph.pixel_size != size:
            self._store.set_micrograph(micrograph.with_pixel_size(size))

    def _recalled(self, document: Document) -> None:
        if document is self._store.current and self._store.micrograph is not None:
            self.apply_default(document, self._store.micrograph)

    def _follow_all(self, documents: Iterable[Document]) -> None:
        for document in documents:
            self._follow(document)

    def _follow(self, document: Document) -> None:
        """Measure a document again if its lengths are not those of its pixel size, unless that could not be done before."""
        if self._is_due(document) and document not in self._waiting:
            self._waiting.append(document)
            self._next()

    def _is_due(self, document: Document) -> bool:
        # What a run has in hand comes back when the run lets go of it: with a result of its own, or as it was.
        return (
            document.has_other_scale
            and not document.busy
            and self._store.document(document.path) is document
            and self._refused.get(document) != (document.analysed, document.pixel_size)
        )

    def _next(self) -> None:
        # One at a time: the other worker of the lane stays free for the image that the user wants to see.
        if self._job is not None:
            return
        while self._waiting and not self._is_due(self._waiting[0]):
            self._waiting.popleft()
        if not self._waiting:
            return
        document = self._waiting.popleft()
        result, history, size = document.analysed, document.history, document.pixel_size
        assert result is not None
        self._job = self._bench.jobs.submit(
            "io",
            lambda *_: remeasured(document.path, result, history, size),
            title=f"Measuring {document.path.name} again",
            on_done=lambda fresh: self._remeasured(document, fresh, result, history, size),
            on_error=lambda error: self._not_remeasured(document, error, result, size),
        )
        self._job.finished.connect(self._ended)

    def _ended(self) -> None:
        self._job = None
        self._next()

    def _remeasured(self, document: Document, fresh: _Remeasured, result: AnalysisResult, history: History, size: PixelSize | None) -> None:
        document.file_pixel_size = fresh.file_pixel_size
        as_it_was = document.analysed is result and document.history is history and document.pixel_size == size
        if not as_it_was or not self._is_due(document):
            # Corrected, analysed anew or given another size meanwhile: what was measured belongs to particles that are gone.
            self._follow(document)
            return
        document.analysed, document.history = fresh.result, fresh.history
        self._show_scaled(document)
        self._store.changed(document)
        self._bench.keep_result(document)

    def _not_remeasured(self, document: Document, error: Exception, result: AnalysisResult, size: PixelSize | None) -> None:
        self._refused[document] = (result, size)
        self._bench.fail_with(error)

    def _keep(self, write: Callable[[], Any], on_done: Callable[[Any], None]) -> None:
        self._bench.jobs.submit(
            "project", lambda *_: write(), title="Keeping the pixel size", on_done=on_done, on_error=self._bench.fail_with
        )


def stated_by_user(size: PixelSize) -> PixelSize:
    """Return a size as the user's word: what he accepts keeps its source and its uncertainty, anything else has him as its source."""
    return size if size.accepted else replace(size, source="user")


def stated_by_file(document: Document) -> PixelSize | None:
    """Return what the file itself says about its pixel size, as far as it is known."""
    stated = document.file_pixel_size
    # What an analysis ran with may have been the user's word.
    return None if stated is None or stated.is_users_word else stated


def remeasured(path: Path, result: AnalysisResult, history: History, size: PixelSize | None) -> _Remeasured:
    """Measure the particles of a result again with another pixel size; for a worker thread.

    Parameters
    ----------
    size : the user's word; None for the file's.

    Raises
    ------
    ReadError
        The file cannot be read any more, or is another one by now.
    """
    stated = read(path, plane=result.params.input.plane)
    if stated.sha256 != result.micrograph.sha256:
        raise ReadError(path, "has changed since it was analysed, so that nothing can be measured again", hint="analyse it again")
    # Without the user's word and the file's, what is surely read from the picture holds, as in a new analysis.
    sized = stated.with_pixel_size(size) if size else calibrated(stated, result.params, result.annotations).micrograph
    again, corrected = recalibrated(result, history, sized)
    return _Remeasured(again, corrected, stated.pixel_size)


def _limits_in_nm(documents: Iterable[Document]) -> str:
    """Name the limits in nm that were in force when the particles of these documents were found."""
    found: dict[str, None] = {}
    for document in documents:
        if document.analysed is None:
            continue
        params = document.analysed.params
        for stage in (params.separator, params.cleaning):
            for name, info in type(stage).model_fields.items():
                value = getattr(stage, name)
                if name.endswith("_nm") and value:
                    found[f"{(info.title or name).lower()} {value:g} nm"] = None
    return ", ".join(found)
