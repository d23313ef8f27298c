"""Start to a usable window, and to an image on screen, beside napari opening the same image.

    python benchmarks/startup.py [--runs N] [--peer-python PYTHON]

Run it with a screen or under ``xvfb-run -a``. The clock starts just before a program does and stops when its main window is exposed and has
painted once ("window"), then when the image is in it and painted ("image"). Runs of both programs alternate, so that both meet the same
machine; one run of each beforehand, not counted, brings the files into memory and writes settings. Processor time, of all threads until
then, is printed too: on a machine that others use it says more than the clock. napari comes from an environment of its own:

    python -m venv napari-env
    napari-env/bin/pip install "napari[pyqt6]"
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import monotonic

import numpy as np
import tifffile

SIDE_PX = 2048
PATIENCE_S = 300
GOAL_S = 2.0

WATCH = """
import importlib, os, sys, time
binding = sys.argv.pop(1)
core, widgets = (importlib.import_module(f"{binding}.{name}") for name in ("QtCore", "QtWidgets"))

class Watched(widgets.QApplication):
    '''Tells when the main window, and when the image, has been painted.'''

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.seen = dict.fromkeys(("window", "image"), 0)
        self.timer = core.QTimer()
        self.timer.timeout.connect(self.look)
        self.timer.start(2)

    def look(self):
        for main in widgets.QApplication.topLevelWidgets():
            handle = main.windowHandle() if isinstance(main, widgets.QMainWindow) else None
            if handle is not None and handle.isExposed():
                self.tell("window")
                if has_image(main):
                    self.tell("image")
                    if self.seen["image"] > 1:
                        os._exit(0)

    def tell(self, what):
        # Painting that was asked for is done before a timer fires the second time.
        self.seen[what] += 1
        if self.seen[what] == 2:
            print(what, time.monotonic(), time.process_time(), flush=True)

widgets.QApplication = Watched
"""
LYCURGUS = f"""{WATCH}
def has_image(main):
    return main.viewer.canvas.sheet.picture is not None

from lycurgus.__main__ import main
main()
"""
NAPARI = f"""{WATCH}
def has_image(main):
    return len(main._qt_viewer.viewer.layers) > 0

from napari.__main__ import main
main()
"""


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    python: str
    binding: str
    driver: str


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the start of a program, by the clock and of the processor."""

    window_s: float
    image_s: float
    window_cpu_s: float
    image_cpu_s: float


def started(program: Program, image: Path, home: Path) -> Start:
    """Start a program once with an image and return how long it took."""
    environment = {
        **os.environ,
        "LYCURGUS_HOME": str(home),
        "NAPARI_CONFIG": str(home / "napari.yaml"),
        "PYTHONPYCACHEPREFIX": str(home / "bytecode"),
    }
    # An installed program finds its bytecode; the run beforehand writes it.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [program.python, "-c", program.driver, program.binding, str(image)]
    began = monotonic()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S)
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith(("window ", "image "))]
    told = {what: (float(wall), float(processor)) for what, wall, processor in lines}
    if set(told) != {"window", "image"}:
        raise SystemExit(f"{program.name} did not get there:\n{done.stdout}{done.stderr}")
    return Start(told["window"][0] - began, told["image"][0] - began, told["window"][1], told["image"][1])


def say(name: str, starts: list[Start]) -> None:
    """Print a row a moment: median, shortest and longest run, median processor time."""
    rows = (
        ("window", [start.window_s for start in starts], [start.window_cpu_s for start in starts]),
        ("image", [start.image_s for start in starts], [start.image_cpu_s for start in starts]),
    )
    for moment, wall, processor in rows:
        print(f"{name:10}{moment:8}{median(wall):8.2f}{min(wall):8.2f}{max(wall):8.2f}{median(processor):12.2f}")


def ratio(ours: list[Start], theirs: list[Start], moment: str) -> float:
    theirs_s, ours_s = (median(getattr(start, moment) for start in starts) for starts in (theirs, ours))
    return float(theirs_s / ours_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7, help="of each program (default: 7)")
    parser.add_argument("--peer-python", metavar="PYTHON", help="of the environment that napari is installed in")
    options = parser.parse_args()
    programs = [Program("Lycurgus", sys.executable, "PySide6", LYCURGUS)]
    if options.peer_python:
        programs.append(Program("napari", options.peer_python, "PyQt6", NAPARI))
    starts: dict[str, list[Start]] = {program.name: [] for program in programs}
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "image.tif"
        tifffile.imwrite(image, np.random.default_rng(0).normal(900, 60, (SIDE_PX, SIDE_PX)).astype(np.uint16))
        for run in range(options.runs + 1):
            for program in programs:
                start = started(program, image, Path(folder))
                if run:
                    starts[program.name].append(start)
    print(f"{options.runs} runs each, {SIDE_PX} x {SIDE_PX} 16-bit TIFF, seconds")
    print(f"{'':18}{'median':>8}{'min':>8}{'max':>8}{'processor':>12}")
    for name, each in starts.items():
        say(name, each)
    ours = starts["Lycurgus"]
    reached = median(start.window_s for start in ours)
    print(f"goal: window within {GOAL_S:g} s: {'reached' if reached <= GOAL_S else 'missed'}")
    if "napari" not in starts:
        print("beside napari: install it elsewhere and name its python, see --help")
        return
    window, image_ratio = (ratio(ours, starts["napari"], moment) for moment in ("window_s", "image_s"))
    print(f"napari takes {window:.1f} times as long to its window, {image_ratio:.1f} times as long to the image")


if __name__ == "__main__":
    main()
