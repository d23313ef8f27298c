"""The window stays usable: whatever happens, its thread has little to do before it comes back to what the user does.

Work is counted in calls of Python functions, not in seconds, which would say as much about the machine as about the window;
``benchmarks/window_turns.py`` has the seconds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import numpy as np
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from lycurgus.ui.main_window import MainWindow
from lycurgus.ui.store import Document
from scenes import scene, write
from windows import calm

LONG_WORK = tuple(
    f"lycurgus.{name}"
    for name in ("readers", "detectors", "inference", "pipeline", "core.preprocess", "core.tiling", "core.separate", "services.analysis")
)
"""Where work takes as long as an image is large."""


class Turns:
    """What this thread did: calls of Python functions in each turn of its event loop, and the modules of the application they are in."""

    def __init__(self) -> None:
        self.calls = [0]
        self.modules: set[str] = set()

    def count(self, frame: FrameType, event: str, _what: object) -> None:
        if event == "call":
            self.calls[-1] += 1
            self.modules.add(frame.f_globals.get("__name__", ""))

    def end_turn(self) -> None:
        self.calls.append(0)


@contextmanager
def watched() -> Iterator[Turns]:
    turns = Turns()
    every_turn = QTimer()
    every_turn.timeout.connect(turns.end_turn)
    every_turn.start(0)
    sys.setprofile(turns.count)
    try:
        yield turns
    finally:
        sys.setprofile(None)
        every_turn.stop()


def test_images_are_read_and_analysed_elsewhere(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    """Opening, analysing, drawing and walking on: nothing that takes as long as an image is large is done in the window's thread."""
    for number in range(3):
        write(tmp_path / "scenes" / f"scene {number}.tif", scene(seed=number), pixel_size_nm=0.5)
    documents = window.store.documents
    with watched() as turns:
        window.open_paths([tmp_path / "scenes"])
        qtbot.waitUntil(lambda: len(documents) == 3 and window.store.micrograph is not None, timeout=30_000)
        window.analyse_all()
        qtbot.waitUntil(lambda: all(document.analysed for document in documents), timeout=60_000)
        window.editing.draw_circle((170.0, 40.0), 12.0)
        window.actions_["view.next"].trigger()
        calm(window, qtbot)
    assert "lycurgus.ui.main_window" in turns.modules
    assert not [module for module in turns.modules if module.startswith(LONG_WORK)]
    assert max(turns.calls) < 20_000


def test_thousands_of_particles_and_images_do_not_block_the_window(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    """5,000 particles in the image that is shown and 2,000 images in the list, each act by itself.

    The limits are up to twice what it takes: what asks once more for each cell, each particle or each image is above them, and more events
    than usual in one turn are not.
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
    more = [Document(tmp_path / "more" / f"image {number:04}.tif") for number in range(2_000)]

    acts: dict[str, tuple[Callable[[], object], int]] = {
        "2,000 images more": (lambda: store.add_documents(more), 130_000),
        "select all": (window.select_all, 20_000),
        "select none": (window.select_none, 10_000),
        "draw": (lambda: editing.draw_circle((14.0, 28.0), 4.0), 80_000),
        "undo": (editing.undo, 80_000),
        "queue 2,000 images": (lambda: (window.analysing.pause(), window.analysing.analyse(store.documents)), 80_000),
        "cancel 2,000 images": (window.analysing.cancel, 60_000),
    }
    most = {}
    for name, (act, _) in acts.items():
        qtbot.wait(200)
        with watched() as turns:
            act()
            qtbot.wait(250)
        most[name] = max(turns.calls)
    assert not {name: calls for name, calls in most.items() if calls > acts[name][1]}
