"""A run over many images: how far it is, pause, cancel, and what failed."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QSizePolicy, QToolButton, QWidget
from superqt import QElidingLabel

from lycurgus.ui.analysing import Analysing, RunProgress
from lycurgus.ui.batching import Batching
from lycurgus.ui.dialogs.failures import FailuresDialog
from lycurgus.ui.durations import remaining
from lycurgus.ui.theme import icon
from lycurgus.ui.workbench import Workbench


class RunPanel(QWidget):
    """One line for the status bar: hidden while nothing runs and nothing has failed. Of two runs the batch is shown."""

    def __init__(self, workbench: Workbench, analysing: Analysing, batching: Batching, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench = workbench
        self._analysing, self._batching = analysing, batching
        self._failures: FailuresDialog | None = None
        self._text = QElidingLabel()
        self._text.setElideMode(Qt.TextElideMode.ElideMiddle)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(self.fontMetrics().averageCharWidth() * 22)
        self._bar.setMaximumHeight(self.fontMetrics().height())
        self._failed = QPushButton()
        self._failed.setFlat(True)
        self._failed.setToolTip("Show which images failed and why, and try them again")
        self._pause = self._button(self._toggle_pause)
        self._cancel = self._button(self.cancel)
        self._cancel.setText("Cancel")
        self._cancel.setIcon(icon("cancel"))
        self._cancel.setToolTip("Stop, also within an image; what is done stays, and a batch can go on later")
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 6, 0)
        row.setSpacing(8)
        row.addWidget(self._text, 1)
        for part in (self._bar, self._failed, self._pause, self._cancel):
            row.addWidget(part)
        self._failed.clicked.connect(self.show_failures)
        for run in (analysing, batching):
            run.progress_changed.connect(self._show_progress)
        # An image that cannot be opened fails without any run.
        workbench.store.document_changed.connect(self._show_failed)
        workbench.store.documents_changed.connect(self._show_failed)
        workbench.store.documents_reset.connect(self._show_failed)
        self._show_progress()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        hint = super().sizeHint()
        return QSize(max(hint.width(), self.fontMetrics().averageCharWidth() * 100), hint.height())

    @property
    def running(self) -> bool:
        """Whether there is anything to cancel."""
        return self._run.progress.running

    def cancel(self) -> None:
        """Stop what the line tells of."""
        self._run.cancel()

    def show_failures(self) -> None:
        """Open the list of failures, or bring it to the front."""
        if self._failures is None:
            self._failures = FailuresDialog(self._bench, self._analysing, self._batching, self.window())
            self._failures.finished.connect(self._forget_failures)
        self._failures.open()

    @property
    def _run(self) -> Analysing | Batching:
        return self._batching if self._batching.running else self._analysing

    def _button(self, run: object) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(run)
        return button

    def _toggle_pause(self) -> None:
        if self._run.progress.paused:
            self._run.resume()
        else:
            self._run.pause()

    def _forget_failures(self) -> None:
        if self._failures is not None:
            self._failures.deleteLater()
            self._failures = None

    def _show_progress(self, *_: object) -> None:
        progress = self._run.progress
        for part in (self._text, self._bar, self._pause, self._cancel):
            part.setVisible(progress.running)
        if progress.running:
            text = progress_text(progress)
            self._text.setText(text)
            self._text.setToolTip(text)
            self._bar.setRange(0, progress.total)
            self._bar.setValue(progress.done + progress.failed)
            self._bar.setAccessibleName(text)
            self._pause.setText("Resume" if progress.paused else "Pause")
            self._pause.setIcon(icon("analyse" if progress.paused else "pause"))
            self._pause.setToolTip("Go on with the waiting images" if progress.paused else "Finish what is in work, then wait")
        self._show_failed()

    def _show_failed(self, *_: object) -> None:
        count = sum(bool(document.error) for document in self._bench.store.documents)
        self._failed.setText(f"✕ {count:,} failed…")
        self._failed.setVisible(bool(count))
        self.setVisible(bool(count) or self._run.progress.running)


def progress_text(progress: RunProgress) -> str:
    """Say how far a run is: "Analysing 12 of 200 · name.tif · 3:40 left"."""
    finished = progress.done + progress.failed
    if progress.finishing:
        return "Writing the report"
    if progress.paused:
        waiting = f"Paused · {finished:,} of {progress.total:,} done"
        return f"{waiting} · finishing {progress.current}" if progress.current else waiting
    if progress.total == 1:
        return f"Analysing {progress.current or '1 image'}"
    parts = [f"Analysing {min(finished + 1, progress.total):,} of {progress.total:,}", progress.current, remaining(progress.remaining_s)]
    return " · ".join(filter(None, parts))
