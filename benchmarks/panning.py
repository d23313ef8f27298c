"""Frame times while panning and zooming over thousands of outlines, beside pyqtgraph with one curve item a particle in the same run.

Run ``xvfb-run -a python benchmarks/panning.py`` (or with QT_QPA_PLATFORM=offscreen). A frame is one synchronous repaint of the widget by
Qt's raster engine; times are of the processor. Panning moves the view by a fixed number of screen pixels each frame, zooming goes in and
out about the middle, "drawn anew" is what follows once a zooming view rests. With ``--memory`` it prints what showing an image of
8192 x 8192 pixels takes, in a process of its own for each.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pyqtgraph as pg
from PySide6.QtCore import QPointF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from lycurgus.core.measure import measure
from lycurgus.core.params import CleaningParams
from lycurgus.core.types import BBox, Instance, Micrograph, Particle
from lycurgus.exporters.outlines import outlines_xy
from lycurgus.ui.viewer.canvas import Canvas
from lycurgus.ui.viewer.overlay import Tracing
from lycurgus.ui.viewer.picture import Picture, reduced

WIDGET = (1200, 900)
SIZE = 2048


def scene(count: int) -> tuple[NDArray[np.uint16], list[Instance]]:
    """Discs of 8 to 26 px diameter anywhere in a noisy 16-bit image."""
    rng = np.random.default_rng(0)
    image = rng.normal(900, 60, (SIZE, SIZE))
    instances = []
    for y, x, radius in zip(*rng.uniform(20, SIZE - 20, (2, count)), rng.uniform(4, 13, count), strict=True):
        box = BBox(int(y - radius), int(x - radius), int(y + radius) + 2, int(x + radius) + 2)
        rows, columns = np.ogrid[box.y0 : box.y1, box.x0 : box.x1]
        mask = (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
        image[box.slices][mask] += 500
        instances.append(Instance(box, mask))
    return np.clip(image, 0, 65535).astype(np.uint16), instances


def expose(widget: QWidget) -> None:
    """Show a widget and wait until it is on screen: before, repainting does nothing."""
    widget.show()
    if not QTest.qWaitForWindowExposed(widget):
        raise SystemExit("the window was never exposed")
    widget.repaint()


def frames(widget: QWidget, moves: Iterator[Callable[[], None]]) -> NDArray[np.float64]:
    """Return the time of each move and its repaint in ms."""
    times = []
    for move in moves:
        began = process_time()
        move()
        widget.repaint()
        times.append(1000 * (process_time() - began))
    return np.array(times)


def say(name: str, times: NDArray[np.float64]) -> None:
    median, late, worst = np.percentile(times, (50, 95, 100))
    print(f"{name:44} {median:8.1f} {late:8.1f} {worst:8.1f}   {1000 / median:6.0f}")


def lycurgus(image: NDArray[np.uint16], particles: tuple[Particle, ...], n_frames: int) -> None:
    canvas = Canvas()
    canvas.resize(*WIDGET)
    canvas.show_picture(Picture(image, (800.0, 1500.0)), fit=True)
    canvas.sheet.overlay.set_particles(particles, Tracing(particles))
    expose(canvas)
    middle = QPointF(WIDGET[0] / 2, WIDGET[1] / 2)

    def pan() -> Iterator[Callable[[], None]]:
        for index in range(n_frames):
            way = QPointF(9, 5) * (1 if index // 40 % 2 else -1)
            yield lambda way=way: canvas.set_view(canvas.view.panned(way, (SIZE, SIZE)))

    def zoom() -> Iterator[Callable[[], None]]:
        for index in range(n_frames):
            factor = 1.08 if index // 20 % 2 else 1 / 1.08
            yield lambda factor=factor: canvas.zoom(factor, middle)

    def rest() -> Iterator[Callable[[], None]]:
        for _ in range(10):
            yield canvas.sheet.overlay.redraw

    for name, factor in (("whole image", 1.0), ("zoomed 3x", 3.0)):
        canvas.fit()
        canvas.zoom(factor)
        canvas.repaint()
        say(f"Lycurgus, panning, {name}", frames(canvas, pan()))
    canvas.fit()
    canvas.zoom(4)
    say("Lycurgus, zooming", frames(canvas, zoom()))
    canvas.fit()
    say("Lycurgus, whole image, overlay drawn anew", frames(canvas, rest()))
    canvas.close()


def one_item_each(image: NDArray[np.uint16], particles: tuple[Particle, ...], n_frames: int) -> None:
    view = pg.GraphicsView()
    view.resize(*WIDGET)
    box = pg.ViewBox(lockAspect=True, invertY=True)
    view.setCentralItem(box)
    item = pg.ImageItem(image, axisOrder="row-major", levels=(800, 1500))
    box.addItem(item)
    pen = pg.mkPen((230, 159, 0), width=1.5)
    for outline in outlines_xy(particles):
        closed = np.vstack([outline, outline[:1]])
        box.addItem(pg.PlotCurveItem(closed[:, 0], closed[:, 1], pen=pen, antialias=True), ignoreBounds=True)
    expose(view)
    box.setRange(item.boundingRect(), padding=0.01)
    view.repaint()

    def pan() -> Iterator[Callable[[], None]]:
        for index in range(n_frames):
            way = 9 if index // 40 % 2 else -9
            yield lambda way=way: box.translateBy(x=way * box.viewPixelSize()[0], y=way * box.viewPixelSize()[1])

    def zoom() -> Iterator[Callable[[], None]]:
        for index in range(n_frames):
            factor = 1 / 1.08 if index // 20 % 2 else 1.08
            yield lambda factor=factor: box.scaleBy((factor, factor))

    say("one PlotCurveItem each, panning, whole image", frames(view.viewport(), pan()))
    box.scaleBy((1 / 3, 1 / 3))
    view.viewport().repaint()
    say("one PlotCurveItem each, panning, zoomed 3x", frames(view.viewport(), pan()))
    say("one PlotCurveItem each, zooming", frames(view.viewport(), zoom()))
    view.close()


def peak_mb() -> float:
    """Return the most memory this process ever had, MB (Linux); getrusage would count what its parent had."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def memory(kind: str, variant: str) -> None:
    """Show one large image in this process and print what it took, MB."""
    app = QApplication([])
    small = np.random.default_rng(0).normal(1000, 50, (1024, 1024)).astype(kind)
    image = np.tile(small, (8, 8))
    before = peak_mb()
    if variant == "Lycurgus":
        canvas = Canvas()
        canvas.resize(*WIDGET)
        picture = Picture(image, (800.0, 1200.0))
        picture.set_levels(reduced(image))
        canvas.show_picture(picture, fit=True)
        expose(canvas)
        canvas.one_to_one()
        canvas.repaint()
    else:
        view = pg.GraphicsView()
        view.resize(*WIDGET)
        box = pg.ViewBox(lockAspect=True, invertY=True)
        view.setCentralItem(box)
        box.addItem(pg.ImageItem(image, axisOrder="row-major", levels=(800, 1200)))
        expose(view)
        view.viewport().repaint()
    app.processEvents()
    after = peak_mb()
    print(f"{variant:22} {kind:8} image {image.nbytes / 2**20:6.0f} MB, on top of it {after - before:6.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--particles", type=int, default=5000)
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--plain-frames", type=int, default=10, help="of the plain variant, which takes seconds a frame")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--show", nargs=2, metavar=("TYPE", "VARIANT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.show:
        memory(*options.show)
        return
    app = QApplication([])
    image, instances = scene(options.particles)
    shown = Micrograph(Path("scene.tif"), image)
    particles = measure(instances, shown, np.ones(image.shape, bool), CleaningParams())
    print(f"{len(particles)} particles, {SIZE} x {SIZE}, widget {WIDGET[0]} x {WIDGET[1]}, {app.platformName()}")
    print(f"{'frame time, ms':44} {'median':>8} {'95 %':>8} {'worst':>8}   {'per s':>6}")
    lycurgus(image, particles, options.frames)
    one_item_each(image, particles, options.plain_frames)
    if options.memory:
        for kind in ("uint8", "uint16", "float32"):
            for variant in ("Lycurgus", "pyqtgraph's ImageItem"):
                subprocess.run([sys.executable, __file__, "--show", kind, variant], check=True)


if __name__ == "__main__":
    main()
