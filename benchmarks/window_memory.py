"""Memory that the window takes to open and show a very large image, beside the image's own size.

    python benchmarks/window_memory.py [--side PX]

Run it with a screen, under ``xvfb-run -a``, or with QT_QPA_PLATFORM=offscreen; Linux only, whose kernel keeps the peak of a process.
The window runs in a process of its own with an empty home. The image counts as shown when it is painted and everything that opening it
began (reduced copies, thumbnail, histogram) has ended.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile

SIDE_PX = 8192
PATIENCE_MS = 300_000
MIB = 2**20


def write_image(target: Path, side: int) -> None:
    """Write a noisy 16-bit TIFF, strip by strip."""
    rng = np.random.default_rng(0)
    strips = (rng.integers(500, 4000, (256, side), dtype=np.uint16) for _ in range(side // 256))
    tifffile.imwrite(target, strips, shape=(side, side), dtype=np.uint16, rowsperstrip=256, photometric="minisblack")


def memory_mib(name: str) -> float:
    """Return a figure of this process as the kernel keeps it: "VmRSS" now, "VmHWM" the peak since it began."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"this kernel does not tell {name}")


def show(path: Path) -> None:
    """In the child: open the window, then the image, and print what each took."""
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from lycurgus.ui.app import make_window

    def until(is_so: Callable[[], bool]) -> None:
        loop, look, limit = QEventLoop(), QTimer(), QTimer()
        look.timeout.connect(lambda: loop.quit() if is_so() else None)
        limit.timeout.connect(lambda: loop.exit(1))
        look.start(20)
        limit.start(PATIENCE_MS)
        if loop.exec():
            raise SystemExit("the image was never shown")

    application = QApplication([])
    window = make_window(application)
    window.show()
    if not QTest.qWaitForWindowExposed(window):
        raise SystemExit("the window was never exposed")
    until(lambda: not window.bench.jobs.active)
    empty = memory_mib("VmRSS")
    window.open_paths([path])
    until(lambda: window.viewer.canvas.sheet.picture is not None)
    window.repaint()
    until(lambda: not window.bench.jobs.active)
    window.repaint()
    print(empty, memory_mib("VmRSS"), memory_mib("VmHWM"))
    window.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=SIDE_PX, help=f"of the square image, px, a multiple of 256 (default: {SIDE_PX})")
    parser.add_argument("--show", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.show:
        show(options.show)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.tif"
        write_image(path, options.side)
        command = [sys.executable, __file__, "--show", str(path)]
        environment = {**os.environ, "LYCURGUS_HOME": str(Path(folder) / "home")}
        told = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    empty, shown, peak = map(float, told.split())
    image = options.side**2 * 2 / MIB
    print(f"{options.side} x {options.side}, 16 bits: {image:.0f} MiB")
    print(f"{'empty window':26}{empty:7.0f} MiB")
    for name, value in (("with the image shown", shown), ("peak while opening it", peak)):
        print(f"{name:26}{value:7.0f} MiB, on top of the empty window {(value - empty) / image:.2f} times the image")


if __name__ == "__main__":
    main()
