"""A batch: which images are analysed, with which parameters, where the results go, and what that replaces."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGroupBox,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from lycurgus.core.errors import LycurgusError
from lycurgus.core.progress import CancelToken, Progress
from lycurgus.readers.discover import find_files
from lycurgus.services.presets import Presets
from lycurgus.services.project import Project
from lycurgus.services.project_records import absolute
from lycurgus.ui.batching import Batching, BatchOrder
from lycurgus.ui.dialogs.buttons import settle_buttons
from lycurgus.ui.dialogs.folder_field import FolderField
from lycurgus.ui.dialogs.method_lines import parameter_lines
from lycurgus.ui.dialogs.remarks import Remark, RemarksLabel
from lycurgus.ui.dialogs.watch import SUFFIX
from lycurgus.ui.group_field import GroupField
from lycurgus.ui.jobs import Job
from lycurgus.ui.opening import Opening, remembered
from lycurgus.ui.store import Document, ImageState
from lycurgus.ui.workbench import Workbench, plural

OUTDATED = (ImageState.NEW, ImageState.STALE, ImageState.FAILED)
"""What an analysis brings up to date; images in the queue are on their way already."""


class BatchDialog(QDialog):
    """Asks what to analyse and starts it."""

    def __init__(self, workbench: Workbench, opening: Opening, batching: Batching, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench = workbench
        self._opening = opening
        self._batching = batching
        self._found: dict[Document, ImageState] | None = None
        self._problem = ""
        self._proposed = ""
        self._search: Job | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Analyse a batch")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addWidget(self._source_group())
        layout.addWidget(self._extent_group())
        layout.addWidget(self._results_group())
        layout.addWidget(self._parameters_group())
        self._summary = QLabel()
        self._summary.setWordWrap(True)
        emphasis = self._summary.font()
        emphasis.setBold(True)
        self._summary.setFont(emphasis)
        self._remarks = RemarksLabel()
        self._replace = QCheckBox("&Replace my corrections")
        self._replace.setToolTip("Analyse the corrected images too; their corrections by hand are lost")
        layout.addWidget(self._summary)
        layout.addWidget(self._remarks)
        layout.addWidget(self._replace)
        layout.addStretch(1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._start = buttons.addButton("&Start", QDialogButtonBox.ButtonRole.AcceptRole)
        layout.addWidget(buttons)
        settle_buttons(buttons, self._start)
        buttons.accepted.connect(self.start)
        buttons.rejected.connect(self.reject)
        self._replace.toggled.connect(self._show_summary)
        self.finished.connect(self._stop_search)
        self.setMinimumWidth(92 * self.fontMetrics().averageCharWidth())
        self._on_source()

    @property
    def documents(self) -> list[Document]:
        """What *Start* would analyse."""
        return [document for document in self._wanted() if self._replace.isChecked() or not document.n_edits]

    @property
    def images(self) -> list[Document]:
        """What the report would be about: all but those whose corrections are kept though they belong to another analysis."""
        fresh = set(self.documents)
        return [
            document
            for document, state in (self._found or {}).items()
            if document in fresh or document.busy or state in (ImageState.DONE, ImageState.EDITED)
        ]

    def choose_results(self, out: Path, *, group_by: str = "") -> None:
        """Fill the form in: where the results go, and how the images are divided."""
        self._out.set_folder(out)
        self._groups.show_text(group_by)

    def choose_folder(self, folder: Path, *, recursive: bool = False) -> None:
        """Fill the form in: this folder instead of the open images."""
        self._from_folder.setChecked(True)
        self._recursive.setChecked(recursive)
        self._folder.set_folder(folder)

    def choose_extent(self, *, everything: bool) -> None:
        """Fill the form in: all images, or only those without a current result."""
        (self._everything if everything else self._outdated).setChecked(True)

    def replace_corrections(self, on: bool) -> None:
        self._replace.setChecked(on)

    def start(self) -> None:
        """Open what is not open yet, and begin."""
        images, out = self.images, self._out.folder
        if not images or out is None or not self._start.isEnabled():
            return
        self._groups.settle()
        last = {**self._bench.settings.last_folders, "batch": str(out)}
        self._bench.change_settings(last_folders=last, group_by=self._groups.text)
        fresh = frozenset(document.path for document in self.documents)
        folder = self._folder.folder
        if self._from_folder.isChecked() and folder is not None:
            self._opening.add(images, folders=[folder])
        if self._bench.store.current is None:
            self._opening.show(self._bench.store.document(images[0].path))
        self.accept()
        paths = tuple(document.path for document in images)
        order = BatchOrder(paths, fresh, out, self._bench.store.params, self._groups.text, anew=self._everything.isChecked())
        self._batching.start(order)

    def _source_group(self) -> QGroupBox:
        group = QGroupBox("Images")
        count = len(self._bench.store.documents)
        self._from_open = QRadioButton(f"The &open images ({count:,})")
        self._from_folder = QRadioButton("A &folder")
        recent = self._bench.settings.recent_folders
        self._folder = FolderField(
            "Choose a folder of micrographs", folder=recent[0] if recent else "", placeholder="folder of micrographs"
        )
        self._recursive = QCheckBox("and the folders &inside it")
        self._from_open.setEnabled(bool(count))
        (self._from_open if count else self._from_folder).setChecked(True)
        layout = QVBoxLayout(group)
        layout.setSpacing(6)
        for part in (self._from_open, self._from_folder):
            layout.addWidget(part)
        indented = QVBoxLayout()
        indented.setContentsMargins(24, 0, 0, 0)
        indented.addWidget(self._folder)
        indented.addWidget(self._recursive)
        layout.addLayout(indented)
        self._from_open.toggled.connect(self._on_source)
        self._folder.changed.connect(self._on_source)
        self._recursive.toggled.connect(self._on_source)
        return group

    def _extent_group(self) -> QGroupBox:
        group = QGroupBox("Analyse")
        self._outdated = QRadioButton("Only new, &changed and failed images")
        self._outdated.setToolTip("Changed: analysed with other parameters or another pixel size than those set now")
        self._everything = QRadioButton("All images a&gain")
        self._outdated.setChecked(True)
        choice = QButtonGroup(group)
        layout = QVBoxLayout(group)
        layout.setSpacing(6)
        for button in (self._outdated, self._everything):
            choice.addButton(button)
            layout.addWidget(button)
        self._outdated.toggled.connect(self._show_summary)
        return group

    def _results_group(self) -> QGroupBox:
        group = QGroupBox("Results")
        form = QFormLayout(group)
        form.setVerticalSpacing(6)
        self._out = FolderField("Choose a folder for the results", placeholder="Report, overlays, labels")
        self._out.setToolTip("Holds report and project file: a batch that was stopped, here or on the command line, goes on from there")
        self._groups = GroupField()
        self._groups.show_text(self._bench.settings.group_by)
        form.addRow("Results i&n:", self._out)
        form.addRow("Gro&ups:", self._groups)
        self._out.changed.connect(self._show_summary)
        self._groups.currentTextChanged.connect(self._show_summary)
        return group

    def _propose(self) -> None:
        """Propose a folder beside the images, until the user has chosen another."""
        beside = self._folder.folder if self._from_folder.isChecked() else common_folder(list(self._found or ()))
        if beside is not None and beside.name and str(self._out.folder or "") == self._proposed:
            proposed = beside.with_name(f"{beside.name}{SUFFIX}")
            self._proposed = str(proposed)
            self._out.set_folder(proposed)

    def _parameters_group(self) -> QGroupBox:
        group = QGroupBox("Parameters")
        form = QFormLayout(group)
        form.setVerticalSpacing(6)
        for name, value in parameter_lines(self._bench.store.params, Presets(), self._bench.settings.preset):
            label = QLabel(value)
            label.setWordWrap(True)
            form.addRow(f"{name}:", label)
        return group

    def _on_source(self, *_: object) -> None:
        """Look what there is; the newest question supersedes older ones."""
        from_folder = self._from_folder.isChecked()
        self._folder.setEnabled(from_folder)
        self._recursive.setEnabled(from_folder)
        self._stop_search()
        self._problem = ""
        if not from_folder:
            self._found = self._with_states(self._bench.store.documents)
            self._propose()
            self._show_summary()
            return
        self._found = None
        self._propose()
        folder, project, recursive = self._folder.folder, self._bench.project, self._recursive.isChecked()
        if folder is None:
            self._problem = "Choose a folder."
            self._show_summary()
            return
        self._search = self._bench.jobs.submit(
            "io",
            lambda progress, cancel: documents_in(folder, project, recursive=recursive, progress=progress, cancel=cancel),
            title=f"Looking for micrographs in {folder.name}",
            on_done=self._on_found,
            on_error=self._on_nothing,
            key="batch search",
        )
        self._show_summary()

    def _on_found(self, documents: list[Document]) -> None:
        self._search = None
        # What is open is in the state that the window shows, whatever the disk says.
        self._found = self._with_states([self._bench.store.document(document.path) or document for document in documents])
        self._show_summary()

    def _on_nothing(self, error: Exception) -> None:
        self._search = None
        self._problem = f"{str(error) or type(error).__name__}."
        self._show_summary()

    def _with_states(self, documents: Sequence[Document]) -> dict[Document, ImageState]:
        # Looked at once: thousands of images cannot be compared with the parameters at every click.
        return {document: document.state(self._bench.store.params) for document in documents}

    def _stop_search(self, *_: object) -> None:
        if self._search is not None:
            self._search.cancel()
            self._search = None

    def _wanted(self) -> list[Document]:
        everything = self._everything.isChecked()
        return [document for document, state in (self._found or {}).items() if not document.busy and (everything or state in OUTDATED)]

    def _show_summary(self, *_: object) -> None:
        corrected = [document for document in self._wanted() if document.n_edits]
        self._replace.setVisible(bool(corrected))
        chosen, images = self.documents, self.images
        remarks = [Remark("error", self._problem)] if self._problem else []
        if images and self._out.folder is None:
            remarks.append(Remark("error", "Choose a folder for the results."))
        if images and self._out.folder in {document.path.parent for document in images}:
            remarks.append(Remark("error", "The results need a folder of their own: they hold pictures too."))
        if self._groups.problem:
            remarks.append(Remark("error", f"{self._groups.problem}."))
        if self._batching.running:
            remarks.append(Remark("error", "A batch is running: wait for it, or stop it first."))
        self._start.setEnabled(bool(images) and not remarks)
        self._start.setText(f"&Analyse {plural(len(chosen), 'image')}" if chosen else "&Write the report" if images else "&Start")
        if self._search is not None:
            self._summary.setText("Looking for micrographs…")
        elif self._found is None:
            self._summary.setText("")
        else:
            self._summary.setText(summary_text([self._found[document] for document in chosen], len(self._found), len(images)))
        if corrected:
            remarks.append(Remark("warning", corrections_text(corrected, replace=self._replace.isChecked())))
        if left_out := len(self._found or ()) - len(images):
            remarks.append(Remark("warning", left_out_text(left_out)))
        self._remarks.show_remarks(remarks)


def common_folder(documents: Sequence[Document]) -> Path | None:
    """The folder that holds all documents, in folders inside it perhaps; that of the first where a disk is all they share."""
    if not documents:
        return None
    first = documents[0].path.parent
    try:
        shared = Path(os.path.commonpath([document.path.parent for document in documents]))
    except ValueError:
        return first
    return shared if shared.name else first


def documents_in(folder: Path, project: Project, *, recursive: bool, progress: Progress, cancel: CancelToken) -> list[Document]:
    """Find the micrographs of a folder, with what is known of them from earlier sessions. Runs beside the window.

    Raises
    ------
    LycurgusError
        There are none.
    Cancelled
    """
    if not folder.is_dir():
        raise LycurgusError(f"{folder} is a file" if folder.exists() else f"{folder} is not there", hint="choose another folder")
    files = [absolute(path) for path in find_files([folder], recursive=recursive)]
    stored_edits = {record.path: record.n_edits for record in project.images()}
    documents = []
    for done, path in enumerate(files):
        cancel.check()
        progress("look", done, len(files))
        documents.append(remembered(project, path, stored_edits=stored_edits.get(path, 0)))
    return documents


def left_out_text(count: int) -> str:
    """Say that images are no part of the batch, since their corrections belong to an analysis with other parameters."""
    one = count == 1
    return (
        f"{plural(count, 'image')} with corrections {'is' if one else 'are'} left out of the report: "
        f"{'it was' if one else 'they were'} analysed with other parameters."
    )


def summary_text(chosen: Sequence[ImageState], n_found: int, n_reported: int) -> str:
    """Say how many of the images will be analysed, and in which states they are."""
    if not n_found:
        return "There are no images here."
    if not chosen:
        if not n_reported:
            return "Nothing to do."
        return f"No image of {n_found:,} needs to be analysed: the report is written." if n_found > 1 else "The image is up to date."
    states = Counter(chosen)
    named = [("new", ImageState.NEW), ("changed", ImageState.STALE), ("failed before", ImageState.FAILED)]
    parts = [f"{states[state]:,} {word}" for word, state in named if states[state]]
    if current := states[ImageState.DONE] + states[ImageState.EDITED]:
        parts.append(f"{current:,} analysed before")
    if n_found == 1:
        return f"The image will be analysed ({parts[0].removeprefix('1 ')})."
    return f"{len(chosen):,} of {plural(n_found, 'image')} will be analysed: {', '.join(parts)}."


def corrections_text(corrected: Sequence[Document], *, replace: bool) -> str:
    """Say what happens to corrections by hand."""
    count = sum(document.n_edits for document in corrected)
    one = len(corrected) == 1
    carried = f"{plural(len(corrected), 'image')} {'carries' if one else 'carry'} {plural(count, 'correction')} by hand"
    if replace:
        return f"{carried}: analysing again replaces {'it' if count == 1 else 'them'}."
    return f"{carried} and {'is' if one else 'are'} left as {'it is' if one else 'they are'}."
