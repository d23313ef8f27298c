"""The parameter panel: made from the parameter models, so that a new setting of a stage appears by itself."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QScrollArea, QVBoxLayout, QWidget

from lycurgus.core.errors import ParameterError
from lycurgus.core.params import AnalysisParams
from lycurgus.parameters import PLUGINS, params_from, with_detector
from lycurgus.services.presets import Preset, Presets
from lycurgus.ui.analysing import Analysing
from lycurgus.ui.panels.parameter_fields import FieldSpec
from lycurgus.ui.panels.parameter_memory import ParameterMemory
from lycurgus.ui.panels.parameter_presets import PresetBar
from lycurgus.ui.panels.parameter_rows import StageGroup
from lycurgus.ui.workbench import Workbench, plural

OPEN_AT_FIRST = ("detector", "separator")
_PREVIEW_MS = 150
_COUNTING_MS = 120


class ParametersPanel(QWidget):
    """Shows and changes the parameters of the store.

    Signals
    -------
    analyse_requested : "current", "selection" or "all".
    preview_requested : AnalysisParams to be tried on what is visible, while a value moves and *Live preview* is on.
    """

    analyse_requested = Signal(str)
    preview_requested = Signal(object)

    def __init__(
        self, workbench: Workbench, analysing: Analysing, parent: QWidget | None = None, *, presets: Presets | None = None
    ) -> None:
        super().__init__(parent)
        self._store = workbench.store
        self._analysing = analysing
        self._memory = ParameterMemory(workbench, self)
        self._open_before_search: dict[str, bool] | None = None
        self.presets = PresetBar(workbench, presets)
        self.search = QLineEdit(placeholderText="Find a parameter", clearButtonEnabled=True)
        self.search.setAccessibleName("Find a parameter")
        self.groups = {stage: StageGroup(stage) for stage in type(self._store.params).model_fields}
        self.nothing_found = QLabel("No parameter is called that.", alignment=Qt.AlignmentFlag.AlignCenter)
        self.nothing_found.hide()
        self.stale = QLabel(wordWrap=True)
        self.stale.hide()
        self.live = QCheckBox("Live &preview")
        self.live.setToolTip("Try each change at once on the part of the image that is visible; results stay until you analyse")
        self.analyse_this = QPushButton("Analyse this &image")
        self.analyse_this.setToolTip("Analyse the image that is shown with these parameters")
        self.analyse_selection = QPushButton("Apply to &selection")
        self.analyse_selection.setToolTip("Analyse the images that are selected in the list with these parameters")
        self.analyse_all = QPushButton("Apply to a&ll")
        self.analyse_all.setToolTip("Analyse every open image with these parameters")
        self._preview = QTimer(self, singleShot=True, interval=_PREVIEW_MS)
        self._counting = QTimer(self, singleShot=True, interval=_COUNTING_MS)
        self._lay_out()
        self._connect()
        self._show(self._store.params)
        for stage in OPEN_AT_FIRST:
            self.groups[stage].expand(animate=False)
        self._count_stale()

    def keep_now(self) -> None:
        """Keep the parameters for the next start: before the window closes."""
        self._memory.keep_now()

    def renew_models(self) -> None:
        """Offer the networks that are installed now."""
        self.groups["detector"].renew()
        self._show(self._store.params)

    def _lay_out(self) -> None:
        column = QWidget()
        inner = QVBoxLayout(column)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(2)
        for group in self.groups.values():
            inner.addWidget(group)
        inner.addWidget(self.nothing_found)
        inner.addStretch(1)
        area = _Column(column)
        first, second = QHBoxLayout(), QHBoxLayout()
        first.setSpacing(6)
        second.setSpacing(6)
        first.addWidget(self.analyse_this, 1)
        first.addWidget(self.live)
        second.addWidget(self.analyse_selection, 1)
        second.addWidget(self.analyse_all, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(6)
        layout.addWidget(self.presets)
        layout.addWidget(self.search)
        layout.addWidget(area, 1)
        layout.addWidget(self.stale)
        layout.addLayout(first)
        layout.addLayout(second)

    def _connect(self) -> None:
        for group in self.groups.values():
            group.edited.connect(self._edit)
        self.presets.chosen.connect(self._take_preset)
        self.search.textChanged.connect(self._filter)
        self.live.toggled.connect(self._preview_soon)
        self._preview.timeout.connect(self._ask_for_preview)
        self._counting.timeout.connect(self._count_stale)
        self.analyse_this.clicked.connect(lambda: self.analyse_requested.emit("current"))
        self.analyse_selection.clicked.connect(lambda: self.analyse_requested.emit("selection"))
        self.analyse_all.clicked.connect(lambda: self.analyse_requested.emit("all"))
        self._store.params_changed.connect(self._show)
        store = self._store
        for signal in (store.params_changed, store.documents_reset, store.document_changed, store.documents_changed, store.current_changed):
            signal.connect(self._count_soon)

    def _edit(self, spec: FieldSpec, value: Any) -> None:
        """Set one value, or say beside it why it cannot be set."""
        row = self.groups[spec.stage].rows[spec.name]
        try:
            params = self._edited(spec, value)
        except ParameterError as error:
            row.show_problem(f"Allowed: {spec.allowed}" if spec.allowed else str(error))
            return
        row.show_problem("")
        if params == self._store.params:
            # Something else was typed that means the same.
            self._show(params)
            return
        self._store.set_params(params)
        self._preview_soon()

    def _edited(self, spec: FieldSpec, value: Any) -> AnalysisParams:
        """Return the parameters with one value changed; another detector brings what it prefers of the other stages.

        Raises
        ------
        ParameterError
        """
        params = self._store.params
        if spec.stage == "detector" and spec.name == "name":
            return with_detector(params, value) if value != params.detector.name else params
        document = params.document()
        if spec.stage in PLUGINS and spec.name == "name":
            document[spec.stage] = {"name": value}
        else:
            document[spec.stage][spec.name] = value
        return params_from(document)

    def _take_preset(self, preset: Preset) -> None:
        if preset.params is not None:
            for group in self.groups.values():
                for row in group.rows.values():
                    row.show_problem("")
            self._store.set_params(preset.params)
            self._preview_soon()

    def _show(self, params: AnalysisParams) -> None:
        for stage, group in self.groups.items():
            model = getattr(params, stage)
            group.show_values(model, detector=params.detector.name)
            group.mark(changed=group.changed(model))
        if self.search.text():
            self._filter()

    def _filter(self) -> None:
        words = tuple(self.search.text().casefold().split())
        if words and self._open_before_search is None:
            self._open_before_search = {stage: group.isExpanded() for stage, group in self.groups.items()}
        found = 0
        for stage, group in self.groups.items():
            found += group.filter(words)
            opened = bool(words) or (self._open_before_search or {}).get(stage, group.isExpanded())
            if opened != group.isExpanded():
                group.expand(animate=False) if opened else group.collapse(animate=False)
        if not words:
            self._open_before_search = None
        self.nothing_found.setVisible(not found)

    def _preview_soon(self) -> None:
        if self.live.isChecked():
            # Not started again while it runs: a value that moves on and on is shown on its way too.
            if not self._preview.isActive():
                self._preview.start()
        else:
            self._preview.stop()

    def _ask_for_preview(self) -> None:
        if self._store.current is not None:
            self.preview_requested.emit(self._store.params)

    def _count_soon(self, *_: object) -> None:
        if not self._counting.isActive():
            self._counting.start()

    def _count_stale(self) -> None:
        params, documents = self._store.params, self._store.documents
        stale = sum(document.is_stale(params) for document in documents)
        made = "was" if stale == 1 else "were"
        results = f"The result of {plural(stale, 'image')}" if stale == 1 else f"Results of {plural(stale, 'image')}"
        self.stale.setText(f"↻ {results} {made} made with other parameters or another pixel size.")
        self.stale.setVisible(stale > 0)
        self.analyse_this.setEnabled(self._store.current is not None)
        self.analyse_selection.setEnabled(bool(documents))
        self.analyse_all.setEnabled(bool(documents))


class _Column(QScrollArea):
    """Scrolls a column up and down, and is never narrower than what stands in it."""

    def __init__(self, column: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(column)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        column = self.widget()
        if watched is column and event.type() == QEvent.Type.LayoutRequest:
            self.setMinimumWidth(column.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width())
        return super().eventFilter(watched, event)
