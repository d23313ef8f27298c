"""A workbench and a window with a home of their own, small scenes, and three images opened and analysed."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lycurgus.services.settings import SettingsStore
from lycurgus.ui.analysing import Analysing
from lycurgus.ui.main_window import MainWindow
from lycurgus.ui.opening import Opening
from lycurgus.ui.workbench import Workbench
from scenes import scene, write
from windows import calm


@pytest.fixture(scope="session", autouse=True)
def what_was_loaded() -> None:
    """What is loaded by now stays: looking through it after each test would take minutes."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def garbage_between_tests() -> Iterator[None]:
    """Dead widgets are taken apart between tests, in the thread that made them, as the application does it (``ui/garbage.py``)."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every file that the application keeps for its user goes here."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LYCURGUS_HOME", str(folder))
    return folder


@pytest.fixture
def workbench(home: Path, qapp: QApplication) -> Iterator[Workbench]:
    assert qapp is not None
    bench = Workbench(SettingsStore(), home / "session.lycurgus")
    yield bench
    bench.close()


@pytest.fixture
def scene_files(tmp_path: Path) -> Path:
    """A folder with three calibrated scenes of five discs each."""
    for number in range(1, 4):
        write(tmp_path / "scenes" / f"scene {number}.tif", scene(seed=number), pixel_size_nm=0.5)
    return tmp_path / "scenes"


@pytest.fixture
def opened(workbench: Workbench, scene_files: Path, qtbot: QtBot) -> Workbench:
    """The workbench with the three scenes opened and analysed, the first one shown."""
    Opening(workbench).open_paths([scene_files])
    qtbot.waitUntil(lambda: workbench.store.micrograph is not None, timeout=20_000)
    Analysing(workbench).analyse(workbench.store.documents)
    qtbot.waitUntil(lambda: all(document.analysed for document in workbench.store.documents), timeout=60_000)
    qtbot.waitUntil(lambda: not workbench.jobs.active, timeout=20_000)
    return workbench


@pytest.fixture
def window(home: Path, qtbot: QtBot) -> Iterator[MainWindow]:
    """The main window of somebody who has never started it."""
    made = MainWindow(Workbench(SettingsStore(), home / "session.lycurgus"))
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def loaded(window: MainWindow, scene_files: Path, qtbot: QtBot) -> MainWindow:
    """Three images opened and analysed."""
    window.open_paths([scene_files])
    qtbot.waitUntil(lambda: window.store.micrograph is not None, timeout=30_000)
    window.analyse_all()
    qtbot.waitUntil(lambda: all(document.analysed for document in window.store.documents), timeout=60_000)
    calm(window, qtbot)
    return window
