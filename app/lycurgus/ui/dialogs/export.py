"""The export dialog: which images, which files, where, and a preview of exactly that."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from lycurgus.calibration.evidence import doubts_of_scale
from lycurgus.core.params import AnalysisParams
from lycurgus.exporters import IMAGE_EXPORTERS, REPORT_EXPORTERS
from lycurgus.exporters.base import ImageExporter, ReportExporter
from lycurgus.services.plan import ExportPlan
from lycurgus.services.report import FORMATS
from lycurgus.ui.dialogs.buttons import settle_buttons
from lycurgus.ui.dialogs.export_preview import Preview, PreviewTree, look_ahead
from lycurgus.ui.dialogs.folder_field import FolderField
from lycurgus.ui.dialogs.remarks import Remark, RemarksLabel
from lycurgus.ui.exporting import Exporting
from lycurgus.ui.group_field import GroupField
from lycurgus.ui.jobs import Job
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench, plural

Scope = Literal["this", "selected", "all"]

DEFAULT_FORMATS = ("xlsx", "csv")
FOLDER_NAME = "Lycurgus report"

PURPOSES = {
    "xlsx": "Report to read: statistics, charts, particles, definitions",
    "csv": "Particles and images as tables, for other programs",
    "json": "Statistics, parameters and provenance, for scripts",
    "coco": "Exact masks and classes, for training and annotation tools",
    "labels": "Particle numbers as pixel values, for napari or ImageJ",
    "roi": "Outlines for ImageJ's ROI Manager",
    "png": "Outlines drawn into the image, and a black-and-white map",
    "training": "Images with the corrected particles, to train a network on",
}
"""Format -> what it is for, in a line."""


class ExportDialog(QDialog):
    """Asks what is to be written; *Export* hands it to ``Exporting`` and closes."""

    def __init__(
        self,
        workbench: Workbench,
        exporting: Exporting,
        documents: Sequence[Document],
        parent: QWidget | None = None,
        *,
        selected: Sequence[Document] = (),
    ) -> None:
        """Parameters
        ----------
        documents : all of the session; those without a result are left out.
        selected : those that are selected in the browser.
        """
        super().__init__(parent)
        self._bench = workbench
        self._exporting = exporting
        current = workbench.store.current
        self._given: dict[Scope, Sequence[Document]] = {"this": [current] if current else [], "selected": selected, "all": documents}
        self._notable: dict[Scope, list[Remark]] = {}
        self._preview: Preview | None = None
        self._look: Job | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Export")
        left = QVBoxLayout()
        left.setSpacing(8)
        for group in (self._scope_group(), self._format_group(), self._form_group()):
            left.addWidget(group)
        left.addStretch(1)
        right = QVBoxLayout()
        right.setSpacing(8)
        self._folder = FolderField("Choose a folder for the report", folder=self._first_folder(), placeholder="folder for the report")
        self._tree = PreviewTree()
        self._count = QLabel()
        label = QLabel("Write &into")
        label.setBuddy(self._folder)
        for part in (label, self._folder, self._tree, self._count):
            right.addWidget(part, int(part is self._tree))
        columns = QHBoxLayout()
        columns.setSpacing(12)
        columns.addLayout(left)
        columns.addLayout(right, 1)
        self._remarks = RemarksLabel()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._export: QPushButton = buttons.addButton("&Export", QDialogButtonBox.ButtonRole.AcceptRole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addLayout(columns, 1)
        layout.addWidget(self._remarks)
        layout.addWidget(buttons)
        settle_buttons(buttons, self._export)
        buttons.accepted.connect(self.export)
        buttons.rejected.connect(self.reject)
        self._folder.changed.connect(self._update)
        self.finished.connect(self._stop)
        width, height = self.fontMetrics().averageCharWidth(), self.fontMetrics().height()
        self._tree.setMinimumWidth(40 * width)
        self.resize(self.sizeHint().width() + 24 * width, max(self.sizeHint().height(), 36 * height))
        self._update()

    @property
    def documents(self) -> list[Document]:
        """The images that will be exported."""
        return _with_result(self._given[self._scope])

    @property
    def formats(self) -> tuple[str, ...]:
        return tuple(name for name, box in self._formats.items() if box.isChecked())

    @property
    def plan(self) -> ExportPlan | None:
        """What is asked for, or None while it is not complete."""
        folder = self._folder.folder
        if folder is None or not self.formats or not self.documents:
            return None
        columns = "imagej" if self._imagej.isChecked() else "standard"
        return ExportPlan(folder, self.formats, each=self._each.isChecked(), columns=columns)

    @property
    def preview(self) -> Preview | None:
        """What is shown as the outcome of the plan; None while it is being found out."""
        return self._preview

    @property
    def remarks(self) -> tuple[Remark, ...]:
        return self._remarks.remarks

    def choose_scope(self, scope: Scope) -> None:
        self._scopes[scope].setChecked(True)

    def choose_formats(self, formats: Sequence[str]) -> None:
        for name, box in self._formats.items():
            box.setChecked(name in formats)

    def choose_form(self, *, each: bool, imagej: bool = False) -> None:
        """Fill the form in: a folder for each image or one report, and the column preset."""
        (self._each if each else self._combined).setChecked(True)
        (self._imagej if imagej else self._standard).setChecked(True)

    def choose_folder(self, folder: Path) -> None:
        self._folder.set_folder(folder)

    def export(self) -> None:
        """Write, and remember folder and formats for the next time."""
        plan = self.plan
        if plan is None or not self._export.isEnabled():
            return
        self._groups.settle()
        folders = {**self._bench.settings.last_folders, "export": str(plan.out)}
        self._bench.change_settings(last_folders=folders, export_formats=plan.formats)
        documents = self.documents
        self.accept()
        self._exporting.export(documents, plan)

    @property
    def _scope(self) -> Scope:
        return next((scope for scope, button in self._scopes.items() if button.isChecked()), "all")

    def _scope_group(self) -> QGroupBox:
        group = QGroupBox("Images")
        layout = QVBoxLayout(group)
        layout.setSpacing(6)
        ready = {scope: _with_result(documents) for scope, documents in self._given.items()}
        texts: dict[Scope, str] = {
            "this": "&This image" + (f" ({self._short_name(ready['this'][0])})" if ready["this"] else ""),
            "selected": f"&Selected images ({len(ready['selected']):,})",
            "all": f"&All images with results ({len(ready['all']):,})",
        }
        self._scopes: dict[Scope, QRadioButton] = {}
        for scope, text in texts.items():
            button = QRadioButton(text)
            button.setEnabled(bool(ready[scope]))
            button.toggled.connect(self._update_if)
            layout.addWidget(button)
            self._scopes[scope] = button
        if ready["this"]:
            self._scopes["this"].setToolTip(str(ready["this"][0].path))
        first: Scope = "selected" if len(ready["selected"]) > 1 else "all"
        self._scopes[first].setChecked(True)
        return group

    def _format_group(self) -> QGroupBox:
        group = QGroupBox("Files")
        grid = QGridLayout(group)
        grid.setVerticalSpacing(4)
        grid.setHorizontalSpacing(12)
        wanted = [name for name in self._bench.settings.export_formats if name in FORMATS] or list(DEFAULT_FORMATS)
        self._formats: dict[str, QCheckBox] = {}
        for row, name in enumerate(FORMATS):
            box = QCheckBox(_exporter(name).label)
            box.setChecked(name in wanted)
            box.setToolTip(PURPOSES.get(name, ""))
            box.toggled.connect(self._update)
            purpose = QLabel(PURPOSES.get(name, ""))
            purpose.setForegroundRole(purpose.palette().ColorRole.PlaceholderText)
            grid.addWidget(box, row, 0)
            grid.addWidget(purpose, row, 1)
            self._formats[name] = box
        return group

    def _form_group(self) -> QGroupBox:
        group = QGroupBox("Layout")
        grid = QGridLayout(group)
        grid.setVerticalSpacing(6)
        grid.setHorizontalSpacing(12)
        self._combined, self._each = QRadioButton("&One report for all"), QRadioButton("One &folder an image")
        self._standard, self._imagej = QRadioButton("Standa&rd"), QRadioButton("Image&J headings")
        self._standard.setToolTip("Names after ISO 9276-6, each with its unit")
        self._imagej.setToolTip("Columns of the particle tables named as ImageJ names them (Area, Feret, Circ. …)")
        rows = (("Report", self._combined, self._each), ("Columns", self._standard, self._imagej))
        for row, (title, first, second) in enumerate(rows):
            choice = QButtonGroup(group)
            for column, button in enumerate((first, second), start=1):
                choice.addButton(button)
                button.toggled.connect(self._update_if)
                grid.addWidget(button, row, column)
            first.setChecked(True)
            grid.addWidget(QLabel(title), row, 0)
        self._groups = GroupField()
        self._groups.show_text(self._bench.settings.group_by)
        self._groups.chosen.connect(self._on_groups)
        self._groups.currentTextChanged.connect(lambda: self._show())
        grid.addWidget(QLabel("Groups"), len(rows), 0)
        grid.addWidget(self._groups, len(rows), 1, 1, 2)
        grid.setColumnStretch(2, 1)
        group.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        return group

    def _on_groups(self, text: str) -> None:
        self._bench.change_settings(group_by=text)
        self._update()

    def _short_name(self, document: Document) -> str:
        width = 36 * self.fontMetrics().averageCharWidth()
        return self.fontMetrics().elidedText(document.path.name, Qt.TextElideMode.ElideMiddle, width).replace("&", "&&")

    def _first_folder(self) -> str:
        """The last one, else one beside the images."""
        if last := self._bench.settings.last_folders.get("export", ""):
            return last
        documents = self.documents
        return str(documents[0].path.parent / FOLDER_NAME) if documents else ""

    def _update_if(self, on: bool) -> None:
        """Of two radio buttons that change, one answer is enough."""
        if on and hasattr(self, "_export"):
            self._update()

    def _update(self, *_: object) -> None:
        """Look ahead again; the newest question supersedes older ones."""
        self._stop()
        self._preview = None
        plan = self.plan
        if plan is None:
            self._tree.clear()
        else:
            paths, grouped = [document.path for document in self.documents], bool(self._groups.text)
            self._look = self._bench.jobs.submit(
                "io",
                lambda _, cancel: look_ahead(paths, plan, cancel, grouped=grouped),
                title="Looking at the output folder",
                on_done=self._on_preview,
                on_error=self._on_trouble,
                key="export preview",
            )
        self._show()

    def _on_preview(self, preview: Preview) -> None:
        self._look = None
        self._preview = preview
        self._tree.show_preview(preview)
        self._show()

    def _on_trouble(self, error: Exception) -> None:
        self._look = None
        self._tree.clear()
        self._show(Remark("error", f"The folder cannot be looked at: {error}"))

    def _stop(self, *_: object) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _show(self, *more: Remark) -> None:
        missing = [*missing_remarks(self.documents, self.formats, self._folder.folder), *more]
        if self._preview is not None and self._preview.problem:
            missing.append(Remark("error", self._preview.problem))
        if self._groups.problem:
            missing.append(Remark("error", f"{self._groups.problem}."))
        if self._scope not in self._notable:
            self._notable[self._scope] = notable_remarks(self._given[self._scope], self._bench.store.params)
        self._remarks.show_remarks([*missing, *self._notable[self._scope]])
        self._count.setText(self._preview.sentence if self._preview is not None else "Looking…" if self._look is not None else " ")
        self._export.setEnabled(not missing)


def warm_up(workbench: Workbench) -> None:
    """Load the exporters beside the window, so that the first dialog need not wait half a second for their libraries."""
    workbench.jobs.submit("io", lambda *_: _load_exporters(), title="Loading exporters", on_done=_ready, on_error=_ready)


def _load_exporters() -> None:
    for name in FORMATS:
        _exporter(name)


def _ready(_: object) -> None:
    # Whatever is wrong with an exporter is told when it is used.
    return


def _exporter(name: str) -> ReportExporter | ImageExporter:
    return REPORT_EXPORTERS[name] if name in REPORT_EXPORTERS else IMAGE_EXPORTERS[name]


def missing_remarks(documents: Sequence[Document], formats: Sequence[str], folder: Path | None) -> list[Remark]:
    """Say what is still to be chosen."""
    remarks = []
    if not documents:
        remarks.append(Remark("error", "None of these images has a result. Analyse them first."))
    if not formats:
        remarks.append(Remark("error", "Choose at least one kind of file."))
    if folder is None:
        remarks.append(Remark("error", "Choose a folder."))
    return remarks


def notable_remarks(given: Sequence[Document], params: AnalysisParams) -> list[Remark]:
    """Say what a reader of the report should know: stale, uncalibrated, corrected and missing images."""
    documents = _with_result(given)
    stale = [document for document in documents if document.is_stale(params)]
    uncalibrated = [document for document in documents if document.analysed and document.analysed.micrograph.pixel_size is None]
    edited = [document for document in documents if document.history.n_edits]
    without = len(given) - len(documents)
    remarks = []
    if stale:
        was = "was" if len(stale) == 1 else "were"
        remarks.append(
            Remark("warning", f"{plural(len(stale), 'image')} {was} analysed with other parameters or another pixel size than are set now.")
        )
    if uncalibrated:
        text = "has no pixel size and is" if len(uncalibrated) == 1 else "have no pixel size and are"
        mixed = ", so the sample is summarised in px" if len(uncalibrated) < len(documents) else ""
        remarks.append(Remark("warning", f"{plural(len(uncalibrated), 'image')} {text} measured in px{mixed}."))
    doubted = [document for document in documents if document.result and doubts_of_scale(document.result.warnings)]
    if doubted:
        text = f"{doubted[0].path.name}: {doubts_of_scale(doubted[0].result.warnings if doubted[0].result else ())[0]}"
        remarks.append(Remark("warning", text if len(doubted) == 1 else f"The pixel sizes of {len(doubted):,} images are in doubt. {text}"))
    if edited:
        count = sum(document.history.n_edits for document in edited)
        verb = "carries" if len(edited) == 1 else "carry"
        remarks.append(
            Remark("info", f"{plural(len(edited), 'image')} {verb} {plural(count, 'correction')} by hand; the report marks the particles.")
        )
    if without and documents:
        remarks.append(Remark("info", f"{plural(without, 'image')} without a result {'is' if without == 1 else 'are'} left out."))
    return remarks


def _with_result(documents: Sequence[Document]) -> list[Document]:
    return [document for document in documents if document.analysed is not None]
