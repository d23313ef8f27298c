"""What the window is told to do when it is started: analyse what it opens, and leave a picture of itself and close when that is done."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from lycurgus.ui.main_window import MainWindow
from lycurgus.ui.workbench import Notice

STILL_MS = 1500
"""Panels draw and start work of their own up to a second after the last thing that happened."""


class Errand(QObject):
    """Presses the buttons that a user would press, each when the window has come to rest.

    Attributes
    ----------
    status : 0 as long as nothing has failed.
    """

    def __init__(self, window: MainWindow, *, analyse: bool, picture: Path | None) -> None:
        super().__init__(window)
        self.status = 0
        self._window = window
        self._to_analyse, self._picture = analyse, picture
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(STILL_MS)
        self._rest.timeout.connect(self._go_on)
        window.bench.jobs.started.connect(self._rest.stop)
        window.bench.jobs.ended.connect(self._begin_to_rest)
        window.bench.noticed.connect(self._notice)
        self._begin_to_rest()

    def _begin_to_rest(self, *_: object) -> None:
        if not self._window.bench.jobs.active:
            self._rest.start()

    def _go_on(self) -> None:
        if self._to_analyse:
            self._to_analyse = False
            action = self._window.actions_["analysis.all"]
            if action.isEnabled():
                action.trigger()
            else:
                self._fail("there is no image to analyse")
            self._begin_to_rest()
        elif self._picture is not None:
            self._leave(self._picture)

    def _leave(self, target: Path) -> None:
        self._rest.stop()
        if not self._window.grab().save(str(target)):
            self._fail(f"the picture cannot be written to {target}")
        self._window.close()
        QApplication.exit(self.status)

    def _notice(self, notice: Notice) -> None:
        if notice.level == "error":
            self._fail(notice.text)

    def _fail(self, text: str) -> None:
        self.status = 1
        print(f"lycurgus-gui: {text}", file=sys.stderr)
