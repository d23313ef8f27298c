"""How large the installers and the installed application are, and how long its window takes to appear, beside the installation from source.

    python benchmarks/frozen.py [APPLICATION] [--runs N] [--cold] [--sizes-only]

APPLICATION is the folder with the programs, by default what build_scripts/build.py has made; sizes of installers are those in ``dist``.
The clock starts just before a program does and stops when its window has been painted on an otherwise black Xvfb of its own, which is
looked at ten times a second. Runs of both alternate, so that both meet the same machine; one run of each beforehand, not counted,
writes settings and brings files into memory. With --cold (root, Linux) the system forgets every file before each run, as after a restart.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import monotonic, sleep

import numpy as np
from PIL import ImageGrab

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "build_scripts"))

from freezing.sizes import folder_bytes, in_words  # noqa: E402 - from the building of the application
from smoke import a_screen  # noqa: E402

GOAL_S = 3.0
PATIENCE_S = 300
LOOK_EVERY_S = 0.1
PAINTED_SHARE = 0.2
"""Of the screen, which is black before: a window covers more, and has no large black parts."""
DROP_CACHES = Path("/proc/sys/vm/drop_caches")


def print_sizes(application: Path) -> None:
    """Print what is downloaded and what it becomes."""
    for installer in sorted((ROOT / "dist").glob("lycurgus*")):
        if installer.suffix != ".whl" and not installer.name.endswith(".tar.gz"):
            print(f"{installer.name:50}{in_words(installer.stat().st_size):>10}")
    print(f"{'installed':50}{in_words(folder_bytes(application)):>10}")
    inside = application / "_internal"
    parts = sorted(((folder_bytes(part) if part.is_dir() else part.lstat().st_size, part.name) for part in inside.iterdir()), reverse=True)
    for size, name in parts[:12]:
        print(f"  {name:48}{in_words(size):>10}")


def painted_after_s(command: list[str], home: Path, display: str) -> float:
    """Start a program, wait until its window is painted, end it, and return how long that took."""
    environment = {**os.environ, "LYCURGUS_HOME": str(home), "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    began = monotonic()
    program = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while monotonic() - began < PATIENCE_S:
            if painted(display):
                return monotonic() - began
            if program.poll() is not None:
                raise SystemExit(f"{command[0]} ended with {program.returncode} before it showed a window")
            sleep(LOOK_EVERY_S)
    finally:
        program.terminate()
        program.wait()
    raise SystemExit(f"{command[0]} showed no window within {PATIENCE_S} s")


def painted(display: str) -> bool:
    """Tell whether a window stands on the black screen."""
    picture = np.asarray(ImageGrab.grab(xdisplay=display).convert("L"))
    return float((picture > 0).mean()) > PAINTED_SHARE


def forget_files() -> None:
    """Let the system forget every file that it holds in memory."""
    os.sync()
    DROP_CACHES.write_text("3", encoding="ascii")


def main() -> None:
    usual = ROOT / "build" / "cpu" / "dist" / "lycurgus"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("application", nargs="?", type=Path, default=usual, metavar="APPLICATION")
    parser.add_argument("--runs", type=int, default=7, help="of each (default: 7)")
    parser.add_argument("--cold", action="store_true", help="forget every file before each run; needs root")
    parser.add_argument("--sizes-only", action="store_true", help="start nothing")
    options = parser.parse_args()
    print_sizes(options.application)
    if options.sizes_only:
        return
    programs = {"frozen": [str(options.application / "lycurgus-gui")], "source": [sys.executable, "-m", "lycurgus"]}
    times_s: dict[str, list[float]] = {name: [] for name in programs}
    os.environ.pop("DISPLAY", None)
    with tempfile.TemporaryDirectory() as home:
        for run in range(options.runs + 1):
            for name, command in programs.items():
                if options.cold:
                    forget_files()
                # A screen of its own each time: what the last program left on it would be taken for a window.
                with a_screen() as screen:
                    taken_s = painted_after_s(command, Path(home) / name, screen["DISPLAY"])
                if run:
                    times_s[name].append(taken_s)
    print(f"\n{'cold ' if options.cold else ''}start to a painted window, {options.runs} runs each, seconds")
    print(f"{'':10}{'median':>8}{'min':>8}{'max':>8}")
    for name, each in times_s.items():
        print(f"{name:10}{median(each):8.2f}{min(each):8.2f}{max(each):8.2f}")
    print(f"goal: the frozen window within {GOAL_S:g} s: {'reached' if median(times_s['frozen']) <= GOAL_S else 'missed'}")


if __name__ == "__main__":
    main()
