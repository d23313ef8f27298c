"""Make the pictures of README and docs from the bundled samples, so that they can always be remade.

python build_scripts/make_pictures.py [NAME ...]

The window's pictures are of the real window, driven as a user drives it; it needs a screen (``xvfb-run -a``) or QT_QPA_PLATFORM=offscreen.
"""

from __future__ import annotations

import argparse
import io
import math
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import tifffile
from PIL import Image
from PySide6.QtCore import QEventLoop, QPoint, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QDockWidget, QWidget

from lycurgus import analyze, read
from lycurgus.core.types import Particle
from lycurgus.exporters.drawing import draw_overlay
from lycurgus.exporters.side_by_side import side_by_side
from lycurgus.parameters import with_settings
from lycurgus.resources import sample_micrographs
from lycurgus.services.guide import Place, chapters
from lycurgus.ui.app import make_window
from lycurgus.ui.dialogs.batch import BatchDialog
from lycurgus.ui.dialogs.calibration import CalibrationDialog
from lycurgus.ui.dialogs.export import ExportDialog
from lycurgus.ui.dialogs.guide import GuideWindow
from lycurgus.ui.dialogs.models import ModelsDialog
from lycurgus.ui.main_window import MainWindow
from lycurgus.ui.theme import Theme, apply_theme
from lycurgus.ui.viewer.canvas import Canvas
from lycurgus.ui.watching import WatchOrder

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "images"
SIDE_PX = 560
SAMPLE_SIDE_PX = 640
WINDOW = (1440, 900)
GUIDE = (1100, 760)
QUALITY = 82
FEW_COLOURS = 128
"""Enough for a dialog without a micrograph: it becomes a small PNG, everything else a JPEG."""
DIALOG_BELOW_PX = 76
PATIENCE_MS = 120_000
LONGEST_DELAY_MS = 1000
"""Panels draw that late at most; timers of messages run longer."""
LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
BRIGHT_FIELD, HAADF, SEM = range(3)
"""The samples, in the order in which they open."""
SOMEBODYS = Path("/home/anna/micrographs")
"""Stands in pictures for the folders of whoever makes them; nothing is written there."""
LIVE_IMAGES, LIVE_ODD_ONE, LIVE_SIDE_PX = 14, 13, 400
"""How many images a watch has seen, which of them shows less than the others, and how large they are."""
Point = tuple[float, float]
Dialog = TypeVar("Dialog", bound=QDialog)
SCALE_BAR = "20 nm"
"""What is written above the bar that is burnt into the bright-field sample."""


def samples_picture() -> QImage:
    """All samples with their particles outlined, in a row."""
    panels = []
    for path in sample_micrographs():
        result = analyze(read(path))
        canvas = draw_overlay(result.micrograph, result.particles, result.annotations, max_side_px=SIDE_PX)
        panels.append((f"{path.name}: {len(result.counted)} particles counted", canvas))
    row = np.ascontiguousarray(side_by_side(panels))
    return QImage(row.data, row.shape[1], row.shape[0], row.strides[0], QImage.Format.Format_RGB888).copy()


def welcome_picture() -> QImage:
    """The window at its first start."""
    with window() as shown:
        return picture_of(shown)


def window_picture(theme: Theme, sample: int, n_selected: int) -> QImage:
    """The window with every sample analysed and the particles in the middle of one selected."""
    with window(theme) as shown:
        analyse_samples(shown, show=sample)
        select(shown, by=distance_from_middle, count=n_selected)
        return picture_of(shown)


def correcting_picture() -> QImage:
    """The split tool, half way across two particles that Otsu's threshold has left together."""
    with window() as shown:
        shown.store.set_params(with_settings(shown.store.params, ["detector.name=otsu"]))
        analyse_samples(shown, show=HAADF)
        select(shown, by=lambda one: one.measurement.solidity + (distance_from_middle(one) > 180), count=1)
        (particle,) = shown.store.selected_particles
        begin, end = line_across_waist(particle)
        canvas = shown.viewer.canvas
        canvas.zoom(4)
        canvas.set_view(canvas.view.centred(particle.measurement.y_px, particle.measurement.x_px))
        shown.actions_["tool.split"].trigger()
        QTest.mousePress(canvas, LEFT, NO_KEY, on_screen(canvas, *begin))
        QTest.mouseMove(canvas, on_screen(canvas, *end))
        return picture_of(shown.viewer)


def comparing_picture() -> QImage:
    """The network's result with the untuned Otsu baseline beside it."""
    with window() as shown:
        analyse_samples(shown, show=HAADF)
        shown.actions_["view.compare_beside"].trigger()
        until(lambda: shown.viewer.comparison.counterpart is not None)
        settle(shown)
        return picture_of(shown.viewer)


def calibrating_picture() -> QImage:
    """The burnt-in scale bar measured by two clicks, and the length it stands for typed."""
    with window() as shown:
        analyse_samples(shown, show=BRIGHT_FIELD)
        document = shown.store.current
        assert document is not None
        assert document.result is not None
        bar = next(one.bbox for one in document.result.annotations if one.kind == "scale bar")
        y = (bar.y0 + bar.y1 - 1) / 2
        canvas = shown.viewer.canvas
        canvas.zoom(2)
        canvas.set_view(canvas.view.centred(y - 90, bar.x0 + 160))
        shown.actions_["tool.scale_bar"].trigger()
        for x in (bar.x0 - 0.5, bar.x1 - 0.5):
            QTest.mouseClick(canvas, LEFT, NO_KEY, on_screen(canvas, y, x))
        dialog = the_dialog(shown, CalibrationDialog)
        dialog.entry.setText(SCALE_BAR)
        settle(shown)
        return picture_of(shown.viewer, dialog)


def distribution_picture() -> QImage:
    """The distribution panel drawn out of the window."""
    with window() as shown:
        analyse_samples(shown, show=HAADF)
        dock = shown.findChild(QDockWidget, "distribution")
        assert dock is not None
        dock.setFloating(True)
        dock.resize(960, 480)
        settle(shown)
        return picture_of(shown.distribution)


def batch_picture() -> QImage:
    """The dialog for many images."""
    with window() as shown:
        shown.open_samples()
        until(lambda: shown.store.micrograph is not None)
        shown.show_batch()
        dialog = the_dialog(shown, BatchDialog)
        dialog.choose_results(SOMEBODYS / "run 7 - results")
        settle(shown)
        return picture_of(dialog)


def guide_picture() -> QImage:
    """The user guide, as F1 opens it."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    apply_theme(application, "light")
    guide = GuideWindow(chapters())
    guide.resize(*GUIDE)
    guide.show()
    QTest.qWaitForWindowExposed(guide)
    # Pictures in it are made for the width that the page has when it is laid out.
    QTest.qWait(LONGEST_DELAY_MS)
    guide.search.setText("pixel size")
    guide.show_place(Place(guide.place.path, "calibrating"))
    picture = picture_of(guide)
    guide.close()
    return picture


def live_picture() -> QImage:
    """A watch in mid-run, over parts of the HAADF sample as if they were recorded one after the other."""
    with tempfile.TemporaryDirectory() as folder, window() as shown:
        shown.store.set_params(with_settings(shown.store.params, ["detector.name=otsu"]))
        acquired = Path(folder) / "session 12"
        acquired.mkdir()
        shown.watching.start(WatchOrder(acquired, Path(folder) / "session 12 - results"))
        for number in range(1, LIVE_IMAGES + 1):
            record(acquired / f"HAADF {number:03}.tif", number)
        until(lambda: shown.watching.snapshot is not None and shown.watching.snapshot.n_images == LIVE_IMAGES)
        until(lambda: shown.store.micrograph is not None)
        for toast in shown.toasts.shown:
            toast.close()
        return picture_of(shown)


def record(target: Path, number: int) -> None:
    """Write a part of the HAADF sample, another one for each number; one shows much less than the others."""
    sample = read(sample_micrographs()[HAADF])
    assert sample.pixel_size is not None
    rng = np.random.default_rng(number)
    y, x = rng.integers(0, SAMPLE_SIDE_PX - LIVE_SIDE_PX, 2)
    side = LIVE_SIDE_PX if number != LIVE_ODD_ONE else LIVE_SIDE_PX // 3
    part = np.rot90(sample.pixels[y : y + side, x : x + side], int(rng.integers(4)))
    per_nm = 1 / sample.pixel_size.x_nm
    tifffile.imwrite(target, np.ascontiguousarray(part), imagej=True, resolution=(per_nm, per_nm), metadata={"unit": "nm"})


def models_picture() -> QImage:
    """The networks that come with Lycurgus."""
    with window() as shown:
        shown.show_models()
        dialog = the_dialog(shown, ModelsDialog)
        until(lambda: dialog.entry is not None)
        settle(shown)
        return picture_of(dialog)


def export_picture() -> QImage:
    """The export dialog with its preview."""
    with window() as shown:
        analyse_samples(shown, show=HAADF)
        shown.show_export()
        dialog = the_dialog(shown, ExportDialog)
        dialog.choose_folder(SOMEBODYS / "Lycurgus report")
        settle(shown)
        return picture_of(dialog)


SCENES: dict[str, Callable[[], QImage]] = {
    "samples.jpg": samples_picture,
    "welcome.png": welcome_picture,
    "window-light.jpg": partial(window_picture, "light", HAADF, 3),
    "window-dark.jpg": partial(window_picture, "dark", SEM, 2),
    "correcting.jpg": correcting_picture,
    "comparing.jpg": comparing_picture,
    "calibrating.jpg": calibrating_picture,
    "distribution.png": distribution_picture,
    "batch.png": batch_picture,
    "live.jpg": live_picture,
    "export.png": export_picture,
    "guide.jpg": guide_picture,
    "models.png": models_picture,
}


@contextmanager
def window(theme: Theme = "light") -> Iterator[MainWindow]:
    """Show the window of a user who has never started it."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    with tempfile.TemporaryDirectory() as home:
        os.environ["LYCURGUS_HOME"] = home
        shown = make_window(application)
        shown.set_theme(theme)
        shown.resize(*WINDOW)
        shown.show()
        if not QTest.qWaitForWindowExposed(shown):
            raise SystemExit("the window was never exposed")
        try:
            yield shown
        finally:
            shown.close()
            shown.deleteLater()


def analyse_samples(shown: MainWindow, *, show: int) -> None:
    """Open the samples, analyse all and show one, until nothing is under way any more."""
    store = shown.store
    shown.open_samples()
    until(lambda: store.micrograph is not None)
    shown.analyse_all()
    until(lambda: all(document.analysed is not None for document in store.documents))
    shown.opening.show(store.documents[show])
    until(lambda: store.micrograph is not None)
    settle(shown)


def settle(shown: MainWindow) -> None:
    """Wait until no job and no delayed drawing is left, and take messages that have been read away."""

    def is_still() -> bool:
        delayed = [timer for timer in shown.findChildren(QTimer) if timer.isActive() and timer.isSingleShot()]
        return not shown.bench.jobs.active and not any(timer.interval() <= LONGEST_DELAY_MS for timer in delayed)

    until(is_still)
    for toast in shown.toasts.shown:
        toast.close()


def until(is_so: Callable[[], bool]) -> None:
    """Let the window run until something is so."""
    loop, look, limit = QEventLoop(), QTimer(), QTimer()

    def glance() -> None:
        if is_so():
            loop.quit()

    look.timeout.connect(glance)
    limit.timeout.connect(lambda: loop.exit(1))
    look.start(20)
    limit.start(PATIENCE_MS)
    if loop.exec():
        raise SystemExit(f"still waiting after {PATIENCE_MS / 1000:g} s")


def select(shown: MainWindow, *, by: Callable[[Particle], float], count: int) -> None:
    """Select the first particles of the image on screen, in this order."""
    assert shown.store.current is not None
    ordered = sorted(shown.store.current.particles, key=by)
    shown.store.select(one.id for one in ordered[:count])


def distance_from_middle(particle: Particle) -> float:
    """Return how far a particle lies from the middle of a sample, px."""
    return math.hypot(particle.measurement.y_px - SAMPLE_SIDE_PX / 2, particle.measurement.x_px - SAMPLE_SIDE_PX / 2)


def line_across_waist(particle: Particle) -> tuple[Point, Point]:
    """Return the ends (y, x) of a line across the narrowest place of a particle that is two."""
    inside = np.argwhere(particle.instance.mask) + np.array([particle.instance.bbox.y0, particle.instance.bbox.x0])
    middle = inside.mean(axis=0)
    across, along = np.linalg.eigh(np.cov(inside.T))[1].T
    places = (inside - middle) @ along
    n_inside, edges = np.histogram(places, bins=int(np.ptp(places)))
    inner = slice(len(n_inside) // 4, -(len(n_inside) // 4))
    waist = middle + along * (edges[inner][np.argmin(n_inside[inner])] + 0.5)
    reach = across * particle.measurement.equivalent_diameter_px * 0.6
    (y0, x0), (y1, x1) = waist - reach, waist + reach
    return (float(y0), float(x0)), (float(y1), float(x1))


def the_dialog(shown: MainWindow, kind: type[Dialog]) -> Dialog:
    """Return the dialog that the window has just opened."""
    dialog = shown.findChild(kind)
    assert dialog is not None
    return dialog


def on_screen(canvas: Canvas, y: float, x: float) -> QPoint:
    """Return where an image pixel is drawn."""
    return canvas.view.to_screen(y, x).toPoint()


def picture_of(widget: QWidget, dialog: QDialog | None = None) -> QImage:
    """Return what a widget shows, with a dialog in its upper right corner."""
    picture = widget.grab().toImage()
    if dialog is None:
        return picture
    pane = dialog.grab().toImage()
    corner = QPoint(picture.width() - pane.width() - 16, DIALOG_BELOW_PX)
    painter = QPainter(picture)
    painter.drawImage(corner, pane)
    painter.setPen(QColor("#80868c"))
    painter.drawRect(corner.x() - 1, corner.y() - 1, pane.width() + 1, pane.height() + 1)
    painter.end()
    return picture


def save(picture: QImage, target: Path) -> None:
    """Write a picture as small as its kind allows."""
    rgb = picture.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    image = Image.fromarray(rows[:, : 3 * rgb.width()].reshape(rgb.height(), rgb.width(), 3))
    written = io.BytesIO()
    if target.suffix == ".png":
        image.quantize(FEW_COLOURS, dither=Image.Dither.NONE).save(written, "png", optimize=True)
    else:
        image.save(written, "jpeg", quality=QUALITY, optimize=True)
    target.write_bytes(written.getvalue())


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the pictures of README and docs.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones (default: all of {', '.join(SCENES)})")
    names = parser.parse_args().names or list(SCENES)
    if unknown := set(names) - set(SCENES):
        parser.error(f"no picture is called {', '.join(sorted(unknown))}")
    application = QApplication([])
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name in names:
        save(SCENES[name](), PICTURES / name)
        print(f"{name}: {(PICTURES / name).stat().st_size / 1000:.0f} kB")
    application.quit()


if __name__ == "__main__":
    main()
