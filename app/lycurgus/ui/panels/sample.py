"""The sample panel: one row an image, one a group, the total, and the warnings of the image that is shown."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QScrollArea,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from lycurgus.core.measurement import SUMMARISABLE
from lycurgus.core.types import AnalysisResult
from lycurgus.services.settings import Settings
from lycurgus.ui.group_field import GroupField, grouping_of
from lycurgus.ui.opening import Opening
from lycurgus.ui.panels.blank import OrBlank
from lycurgus.ui.panels.sample_model import ImageLine, SampleModel
from lycurgus.ui.panels.sample_rows import SampleRow, SampleRows, rows_of
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench, capitalised

NAME_CHARACTERS = 28
SPACING = 6
SEVERAL_CHANGES_MS = 150
BLANK = "No image is open: drop images or a folder on the window"


class SamplePanel(QWidget):
    """Lists the images of the session with their numbers; a double click or Return opens one."""

    def __init__(self, workbench: Workbench, opening: Opening, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench, self._store, self._opening = workbench, workbench.store, opening
        self._rows: dict[Path, SampleRow] = {}
        self._computed_from: dict[Path, AnalysisResult] = {}
        self._groups: dict[str, SampleRow] = {}
        self._total: SampleRow | None = None
        self._params, self._group_by = self._store.params.statistics, workbench.settings.group_by

        self.model = SampleModel(self)
        self.view = _ImageTable()
        self.view.setAccessibleName("Images with their numbers")
        self.view.setModel(self.model)
        self.warnings = QLabel()
        self.warnings.setWordWrap(True)
        self.warnings.setTextFormat(Qt.TextFormat.PlainText)
        self.warnings.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.warnings.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.warnings.setContentsMargins(SPACING, SPACING, SPACING, SPACING)
        self._below = QScrollArea()
        self._below.setWidget(self.warnings)
        self._below.setWidgetResizable(True)
        self._below.setFrameShape(QFrame.Shape.NoFrame)
        self._below.setMinimumHeight(3 * self.fontMetrics().height())
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.addWidget(self.view)
        self._split.addWidget(self._below)
        self._split.setStretchFactor(0, 4)
        self._split.setStretchFactor(1, 1)
        self._split.setSizes([1000, 1])
        self._split.setChildrenCollapsible(False)
        self.group_field = GroupField()
        self.group_field.show_text(self._group_by)
        label = QLabel("&Groups")
        label.setBuddy(self.group_field)
        self.groups_only = QCheckBox("Groups onl&y")
        self.groups_only.setToolTip("Leave the single images out of the table")
        head = QHBoxLayout()
        head.setSpacing(SPACING)
        for part in (label, self.group_field, self.groups_only):
            head.addWidget(part)
        head.addStretch(1)
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(SPACING)
        inner.addLayout(head)
        inner.addWidget(self._split, 1)
        self.pages = OrBlank(content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACING, SPACING, SPACING, SPACING)
        layout.addWidget(self.pages)

        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(SEVERAL_CHANGES_MS)
        self._later.timeout.connect(self.refresh)
        store = self._store
        for signal in (store.documents_reset, store.document_changed, store.documents_changed, store.params_changed):
            signal.connect(self._later.start)
        self._store.current_changed.connect(self._show_current)
        self.group_field.chosen.connect(lambda text: workbench.change_settings(group_by=text))
        workbench.settings_changed.connect(self._follow_groups)
        self.groups_only.toggled.connect(self._show)
        self.view.doubleClicked.connect(self._open)
        self.view.activated.connect(self._open)
        self.refresh()

    def refresh(self) -> None:
        """Show states at once, and numbers as soon as they are computed."""
        self._later.stop()
        params = self._store.params.statistics
        results = {document.path: document.result for document in self._store.documents if document.result is not None}
        self._show()
        unchanged = params == self._params
        group_by = self._bench.settings.group_by
        known = {
            path: row
            for path, row in self._rows.items()
            if unchanged and path in results and _is_same(self._computed_from[path], results[path])
        }
        if unchanged and group_by == self._group_by and len(known) == len(results) == len(self._rows):
            return

        def done(computed: SampleRows) -> None:
            self._rows, self._groups, self._total = computed.images, computed.groups, computed.total
            self._computed_from, self._params, self._group_by = results, params, group_by
            self._show()

        grouping = grouping_of(group_by)

        self._bench.jobs.submit(
            "preview",
            lambda *_: rows_of(results, known, params, grouping),
            title="Summing up the sample",
            key="sample",
            on_done=done,
            on_error=self._bench.fail_with,
        )

    def _follow_groups(self, settings: Settings) -> None:
        """The groups may be chosen elsewhere too: where a batch is begun, or a report written."""
        if settings.group_by != self._group_by:
            self.group_field.show_text(settings.group_by)
            self._later.start()

    def _show(self, *_: object) -> None:
        scrolled = self.view.verticalScrollBar().value()
        params = self._store.params
        lines = [ImageLine(one, one.state(params), self._rows.get(one.path)) for one in self._store.documents]
        analysed = any(line.row is not None for line in lines)
        groups, total = (self._groups, self._total) if analysed else ({}, None)
        self.groups_only.setVisible(bool(groups))
        shown = [] if groups and self.groups_only.isChecked() else lines
        self.model.show(shown, groups, total, SUMMARISABLE[params.statistics.descriptor].label)
        self.view.verticalScrollBar().setValue(scrolled)
        self.pages.say("" if lines else BLANK)
        self._show_current()

    def _show_current(self, *_: object) -> None:
        """Mark the image that is shown, and list what is to be known of it."""
        current = self._store.current
        row = self.model.row_of(current)
        flag = QItemSelectionModel.SelectionFlag
        if row >= 0:
            self.view.selectionModel().setCurrentIndex(self.model.index(row, 0), flag.ClearAndSelect | flag.Rows)
        else:
            self.view.clearSelection()
        self.warnings.setText(warnings_text(current))
        self._below.setVisible(bool(self.warnings.text()))

    def _open(self, index: QModelIndex) -> None:
        line = self.model.line(index.row())
        if line is not None and line.document is not None and line.document is not self._store.current:
            self._opening.show(line.document)


def warnings_text(document: Document | None) -> str:
    """Return the warnings of an image, one a line, or why there is no result; "" where all is well."""
    if document is None:
        return ""
    if document.error:
        return f"✕ {document.path.name}: {document.reason}"
    warnings = document.result.warnings if document.result is not None else ()
    return "\n".join(f"⚠ {capitalised(warning)}{'' if warning.endswith(('.', '!', '?')) else '.'}" for warning in warnings)


def _is_same(before: AnalysisResult, now: AnalysisResult) -> bool:
    same_scale = before.micrograph.pixel_size == now.micrograph.pixel_size
    return before.particles is now.particles and same_scale and before.warnings == now.warnings


class _ImageTable(QTableView):
    def __init__(self) -> None:
        super().__init__()
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)

    def setModel(self, model: SampleModel | None) -> None:  # type: ignore[override]  # noqa: N802
        super().setModel(model)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        # Names get room to be read, and the other columns are a scroll away, where the panel is narrow.
        header.resizeSection(0, self.fontMetrics().averageCharWidth() * NAME_CHARACTERS)
