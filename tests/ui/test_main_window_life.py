"""The window begins and ends well: damaged settings, exceptions that nobody caught, closing in mid-run, the last session."""

from __future__ import annotations

import gc
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import (
    QApplication,
)
from pytestqt.qtbot import QtBot

from lycurgus.services.settings import SettingsStore
from lycurgus.ui.app import catch_strays
from lycurgus.ui.main_window import MainWindow
from lycurgus.ui.workbench import Workbench


def test_closing_during_a_run_ends_every_thread(window: MainWindow, scene_files: Path, qtbot: QtBot) -> None:
    window.open_paths([scene_files])
    qtbot.waitUntil(lambda: len(window.store.documents) == 3, timeout=30_000)
    window.analyse_all()
    window.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lycurgus-")]


def test_nothing_is_left_of_a_closed_window(home: Path, scene_files: Path, qtbot: QtBot) -> None:
    before = {id(widget) for widget in QApplication.topLevelWidgets()}
    window = MainWindow(Workbench(SettingsStore(), home / "session.lycurgus"))
    window.show()
    window.open_paths([scene_files])
    qtbot.waitUntil(lambda: window.store.micrograph is not None, timeout=30_000)
    window.show_shortcuts()
    window.close()
    window.deleteLater()
    with qtbot.waitSignal(window.destroyed, timeout=10_000):
        pass
    gc.collect()
    assert not [widget for widget in QApplication.topLevelWidgets() if id(widget) not in before and widget.isVisible()]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lycurgus-")]


def test_settings_that_are_damaged_are_set_aside_with_a_word(home: Path, qtbot: QtBot) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.json").write_text("{ this is not JSON", encoding="utf-8")
    settings = SettingsStore()
    assert settings.warning
    window = MainWindow(Workbench(settings, home / "session.lycurgus"))
    qtbot.addWidget(window)
    window.show()
    window.close()
    assert SettingsStore().warning == ""


def test_an_exception_that_nobody_caught_is_a_toast_and_the_window_lives(
    loaded: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    catch_strays(loaded.bench)
    sys.excepthook(ZeroDivisionError, ZeroDivisionError("in the window"), None)
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len([toast for toast in loaded.toasts.shown if toast.notice.level == "error"]) == 2)
    assert loaded.isVisible()


def test_the_last_session_survives_a_start_in_which_nothing_was_opened(home: Path, scene_files: Path, qtbot: QtBot) -> None:
    def start() -> MainWindow:
        made = MainWindow(Workbench(SettingsStore(), home / "session.lycurgus"))
        qtbot.addWidget(made)
        made.show()
        return made

    first = start()
    first.open_paths([scene_files])
    qtbot.waitUntil(lambda: first.store.micrograph is not None, timeout=30_000)
    first.actions_["view.next"].trigger()
    qtbot.waitUntil(lambda: first.store.micrograph is not None, timeout=30_000)
    first.close()
    start().close()
    (scene_files / "scene 3.tif").unlink()

    again = start()
    again.actions_["file.restore"].trigger()
    qtbot.waitUntil(lambda: again.store.micrograph is not None, timeout=30_000)
    assert [document.path.name for document in again.store.documents] == ["scene 1.tif", "scene 2.tif"]
    assert again.store.current is again.store.documents[1]
    assert any("1 file of the last session" in toast.notice.text for toast in again.toasts.shown)
    again.close()
