"""The status bar: where the mouse is and what lies there, what runs, and where it runs."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QStatusBar, QWidget

from lycurgus.ui.analysing import Analysing
from lycurgus.ui.dialogs.run import RunPanel
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench


class StatusLine(QStatusBar):
    """Left what is under the mouse, right what is being done."""

    def __init__(self, workbench: Workbench, analysing: Analysing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = workbench.store
        self._hover = QLabel()
        self._hover.setTextFormat(Qt.TextFormat.PlainText)
        self._method = QLabel()
        self.run_panel = RunPanel(workbench, analysing, self)
        # The place under the mouse gives way to what runs, its end shortened; it never widens the window.
        self._hover.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.addWidget(self._hover, 1)
        self.addPermanentWidget(self.run_panel)
        self.addPermanentWidget(self._method)
        self._store.params_changed.connect(self._show_method)
        self._store.document_changed.connect(self._show_method)
        self._store.current_changed.connect(self._show_method)
        self._show_method()

    def show_hover(self, text: str) -> None:
        """Show what the viewer says of the place under the mouse; "" for nothing."""
        self._hover.setText(self._hover.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, self._hover.width()))

    def _show_method(self, *_: object) -> None:
        """Name the method of the result that is shown, or the one that would be used."""
        current: Document | None = self._store.current
        params = current.analysed.params if current and current.analysed else self._store.params
        shown = f"{params.detector.name} + {params.separator.name}"
        if current and current.analysed and current.analysed.provenance.models:
            shown += f" · {current.analysed.provenance.provider.upper()}"
        self._method.setText(shown)
        self._method.setToolTip("Detector and separator, and where a network runs")
