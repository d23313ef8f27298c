"""The status bar: where the mouse is and what lies there, what runs, and where it runs."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QStatusBar, QToolButton, QWidget

from lycurgus.core.separate import SEPARATORS
from lycurgus.detectors import DETECTORS
from lycurgus.ui.analysing import Analysing
from lycurgus.ui.batching import Batching
from lycurgus.ui.dialogs.run import RunPanel
from lycurgus.ui.exporting import Exporting
from lycurgus.ui.store import Document
from lycurgus.ui.theme import icon
from lycurgus.ui.watching import Watching
from lycurgus.ui.workbench import Workbench


class StatusLine(QStatusBar):
    """Left what is under the mouse, right what is being done."""

    def __init__(
        self,
        workbench: Workbench,
        analysing: Analysing,
        batching: Batching,
        exporting: Exporting,
        watching: Watching,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = workbench.store
        self._hover = QLabel()
        self._hover.setTextFormat(Qt.TextFormat.PlainText)
        self._method = QLabel()
        self.run_panel = RunPanel(workbench, analysing, batching, self)
        # The place under the mouse gives way to what runs, its end shortened; it never widens the window.
        self._hover.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.addWidget(self._hover, 1)
        self.export_line = ExportLine(exporting, self)
        self.addPermanentWidget(self.export_line)
        self.watch_line = WatchLine(watching, self)
        self.addPermanentWidget(self.watch_line)
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
        analysed = current.analysed if current else None
        params = analysed.params if analysed else self._store.params
        parts = [DETECTORS[params.detector.name].label]
        if analysed and analysed.provenance.models:
            parts += [*(f"{model.name} {model.version}" for model in analysed.provenance.models), analysed.provenance.provider.upper()]
        self._method.setText(" · ".join(parts))
        begin = "How this image was analysed" if analysed else "How images will be analysed"
        self._method.setToolTip(f"{begin}\nDetector: {parts[0]}\nSeparation: {SEPARATORS[params.separator.name].label}")


class ExportLine(QWidget):
    """How far an export is, with a way to stop it; hidden while nothing is exported."""

    def __init__(self, exporting: Exporting, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = QLabel()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setMaximumHeight(self.fontMetrics().height())
        self._bar.setFixedWidth(self.fontMetrics().averageCharWidth() * 16)
        cancel = QToolButton()
        cancel.setAutoRaise(True)
        cancel.setText("Cancel")
        cancel.setIcon(icon("cancel"))
        cancel.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        cancel.setToolTip("Stop the export; files that are written stay")
        cancel.clicked.connect(exporting.cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 6, 0)
        row.setSpacing(8)
        for part in (self._text, self._bar, cancel):
            row.addWidget(part)
        exporting.progressed.connect(self._show)
        exporting.idle.connect(self.hide)
        self.hide()

    def _show(self, title: str, done: int, total: int) -> None:
        self._text.setText(title)
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self._bar.setAccessibleName(f"{title}, {done} of {total} done")
        self.show()


class WatchLine(QWidget):
    """That a folder is watched and how that stands, with a way to stop it; hidden otherwise."""

    def __init__(self, watching: Watching, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._watching = watching
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        stop = QToolButton()
        stop.setAutoRaise(True)
        stop.setText("Stop")
        stop.setIcon(icon("cancel"))
        stop.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        stop.setToolTip("Stop watching; the report is written once more")
        stop.clicked.connect(watching.stop)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 6, 0)
        row.setSpacing(8)
        row.addWidget(self._text)
        row.addWidget(stop)
        watching.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        self._text.setText(self._watching.in_short)
        self._text.setToolTip(self._watching.status.trouble or str(self._watching.folder or ""))
        self.setVisible(self._watching.running)
