"""How long the window's thread is away at most, with thousands of particles and images beside a few of them in the same run.

Run ``xvfb-run -a python benchmarks/window_turns.py`` (or with QT_QPA_PLATFORM=offscreen). A turn is what the thread does from waking up
to its next look for events, in its own processor time; of each act the longest turn counts, of three tries the best (images are added
once). The image is analysed with Otsu's method. "analysing" is what the thread has to do while an image is analysed beside it and when
the result comes; the time of the analysis itself stands below it for comparison: so long the window would be away if it did the work
itself.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import tifffile

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QAbstractEventDispatcher, QEventLoop, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from lycurgus.parameters import default_params
from lycurgus.services.settings import SettingsStore
from lycurgus.ui.main_window import MainWindow
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench

STEP = 28
TRIES = 3


def crowd(path: Path, n_particles: int) -> Path:
    """Write an image of bright discs of 16 px diameter on a grid."""
    side = STEP * max(3, round(n_particles**0.5))
    rows, columns = (axis % STEP - STEP // 2 for axis in np.indices((side, side)))
    image = np.where(rows**2 + columns**2 < 64, 150, 60) + np.random.default_rng(0).normal(0, 6, (side, side))
    tifffile.imwrite(path, np.clip(image, 0, 255).astype(np.uint8), imagej=True, resolution=(2, 2), metadata={"unit": "nm"})
    return path


def wait_until(done: Callable[[], bool]) -> None:
    """Let the event loop run, asleep where nothing happens, until something is done."""
    loop, every_20_ms, give_up = QEventLoop(), QTimer(), time.monotonic() + 300

    def look() -> None:
        if done() or time.monotonic() > give_up:
            loop.quit()

    every_20_ms.timeout.connect(look)
    every_20_ms.start(20)
    loop.exec()
    every_20_ms.stop()
    if not done():
        raise SystemExit("nothing came within five minutes")


def longest_turn(act: Callable[[], object], done: Callable[[], bool]) -> float:
    """Return the longest turn, ms, from an act until it is done and a quarter of a second has passed."""
    dispatcher = QAbstractEventDispatcher.instance()
    ticks: list[float] = []

    def tick() -> None:
        ticks.append(time.thread_time())

    dispatcher.awake.connect(tick)
    dispatcher.aboutToBlock.connect(tick)
    tick()
    act()
    wait_until(done)
    rested = time.monotonic() + 0.25
    wait_until(lambda: time.monotonic() > rested)
    dispatcher.awake.disconnect(tick)
    dispatcher.aboutToBlock.disconnect(tick)
    return 1000 * max(after - before for before, after in pairwise(ticks))


def turns(n_particles: int, n_images: int) -> tuple[dict[str, float], float]:
    """Return the longest turn of each act, ms, and how long the analysis of the image took, ms."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LYCURGUS_HOME"] = folder
        window = MainWindow(Workbench(SettingsStore(), Path(folder) / "session.lycurgus"))
        window.show()
        if not QTest.qWaitForWindowExposed(window):
            raise SystemExit("the window was never exposed")
        store, analysing, editing = window.store, window.analysing, window.editing

        store.set_params(default_params(detector="otsu"))

        def calm() -> bool:
            return not window.bench.jobs.active

        window.open_paths([crowd(Path(folder) / "crowd.tif", n_particles)])
        wait_until(lambda: store.micrograph is not None and calm())
        shown = store.current
        acts: dict[str, Callable[[], object]] = {
            "analysing": lambda: analysing.analyse([shown]),
            "select all": window.select_all,
            "select none": window.select_none,
            "draw a particle": lambda: editing.draw_circle((STEP / 2, float(STEP)), 4.0),
            "undo": editing.undo,
            "queue all images": lambda: (analysing.pause(), analysing.analyse(store.documents)),
            "cancel all images": lambda: (analysing.cancel(), analysing.resume()),
        }
        best = dict.fromkeys(["images more", *acts], float("inf"))
        more = [Document(Path(folder) / "more" / f"image {number:05}.tif") for number in range(n_images)]
        best["images more"] = longest_turn(lambda: store.add_documents(more), lambda: True)
        for _ in range(TRIES):
            for name, act in acts.items():
                done = calm if name == "analysing" else lambda: True
                best[name] = min(best[name], longest_turn(act, done))
                if name == "analysing":
                    wait_until(lambda: shown.analysed is not None)
        analysis_ms = 1000 * sum(shown.analysed.provenance.times_s.values())
        window.close()
        window.deleteLater()
        return best, analysis_ms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--particles", type=int, default=5_000)
    parser.add_argument("--images", type=int, default=2_000)
    options = parser.parse_args()
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    few, _ = turns(25, 20)
    many, analysis_ms = turns(options.particles, options.images)
    print(f"longest turn of the window's thread, ms, {app.platformName()}")
    print(f"{'':20} {'few':>8} {'many':>8} {'ratio':>7}   few: 25 particles, 20 images; many: {options.particles}, {options.images}")
    for name, turn in many.items():
        print(f"{name:20} {few[name]:8.1f} {turn:8.1f} {turn / few[name]:7.1f}")
    print(f"the analysis itself, in its own thread: {analysis_ms:.0f} ms, {analysis_ms / many['analysing']:.0f} times the window's turn")


if __name__ == "__main__":
    main()
