"""The window stays usable: no call blocks it for long, not with thousands of particles and images either."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from lycurgus.ui.main_window import MainWindow
from lycurgus.ui.store import Document
from scenes import scene, write
from windows import calm


def test_no_call_blocks_the_window_for_long(loaded: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    """A timer that ticks in every turn of the event loop tells how long the window's thread ever worked between two turns.

    It counts the thread's own processor time, of which a busy machine only ever adds: the best of a few tries is the truth.
    """
    longest = []
    for attempt in range(4):
        for number in range(3):
            name = f"scene {attempt} {number}.tif"
            write(tmp_path / f"more {attempt}" / name, scene(seed=10 * attempt + number), pixel_size_nm=0.5)
        expected = len(loaded.store.documents) + 3
        ticks: list[float] = []
        watchdog = QTimer()
        watchdog.timeout.connect(lambda ticks=ticks: ticks.append(time.thread_time()))
        watchdog.start(0)
        loaded.open_paths([tmp_path / f"more {attempt}"])
        qtbot.waitUntil(
            lambda expected=expected: len(loaded.store.documents) == expected and loaded.store.micrograph is not None, timeout=30_000
        )
        loaded.analyse_all()
        qtbot.waitUntil(lambda: all(document.analysed for document in loaded.store.documents), timeout=60_000)
        loaded.editing.draw_circle((170.0, 40.0), 12.0)
        loaded.actions_["view.next"].trigger()
        calm(loaded, qtbot)
        watchdog.stop()
        longest.append(max(np.diff(ticks)))
        if longest[-1] < 0.05:
            return
    pytest.fail(f"the window's thread was away for {min(longest) * 1000:.0f} ms")


def test_thousands_of_particles_and_images_do_not_block_the_window(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    """5,000 particles in the image that is shown and 2,000 images in the list: each act in a turn of its own, by processor time.

    The limit leaves room for slow machines: what once asked for each cell or each image took five to twenty times as long here.
    """
    step, side = 28, 72
    rows, columns = (axis % step - step // 2 for axis in np.indices((side * step, side * step)))
    noise = np.random.default_rng(0).normal(0, 6, rows.shape)
    crowd = np.where(rows**2 + columns**2 < 64, 150, 60) + noise
    window.open_paths([write(tmp_path / "crowd.tif", np.clip(crowd, 0, 255).astype(np.uint8), pixel_size_nm=0.5)])
    store, editing = window.store, window.editing
    qtbot.waitUntil(lambda: store.micrograph is not None, timeout=30_000)
    window.analyse_all()
    qtbot.waitUntil(lambda: store.current.analysed is not None, timeout=120_000)
    assert len(store.current.particles) > 5_000
    calm(window, qtbot)
    store.add_documents([Document(tmp_path / "more" / f"image {number:04}.tif") for number in range(2_000)])

    acts: dict[str, Callable[[], object]] = {
        "select all": window.select_all,
        "select none": window.select_none,
        "draw": lambda: editing.draw_circle((14.0, 28.0), 4.0),
        "undo": editing.undo,
        "queue 2,000 images": lambda: (window.analysing.pause(), window.analysing.analyse(store.documents)),
        "cancel 2,000 images": window.analysing.cancel,
    }
    shortest = dict.fromkeys(acts, float("inf"))
    for _ in range(3):
        for name, act in acts.items():
            qtbot.wait(200)
            ticks = [time.thread_time()]
            watchdog = QTimer()
            watchdog.timeout.connect(lambda ticks=ticks: ticks.append(time.thread_time()))
            watchdog.start(0)
            act()
            qtbot.wait(250)
            watchdog.stop()
            shortest[name] = min(shortest[name], max(np.diff(ticks)))
        if max(shortest.values()) < 0.12:
            return
    pytest.fail(f"the window's thread was away for so many ms: { {name: round(1000 * away) for name, away in shortest.items()} }")
