"""Waiting for a window, and what is open over it."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QApplication,
    QDialog,
)
from pytestqt.qtbot import QtBot

from lycurgus.ui.main_window import MainWindow


def calm(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not window.bench.jobs.active, timeout=60_000)


def dialogs() -> list[QDialog]:
    return [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, QDialog) and widget.isVisible()]
