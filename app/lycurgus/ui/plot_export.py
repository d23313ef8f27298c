"""Plots as files and on the clipboard: PNG, SVG and PDF that look good in print, and the data behind them as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QMarginsF, QMimeData, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QImageWriter, QPageLayout, QPageSize, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator, QSvgRenderer
from PySide6.QtWidgets import QGraphicsView

from lycurgus.core.errors import ExportError
from lycurgus.exporters.atomic import replacing
from lycurgus.exporters.csv import write_table
from lycurgus.exporters.text import Value, csv_cell

SIZE = QSize(720, 450)
"""Of a saved plot in units of 1/96 inch: 190 mm wide, the text width of a page."""
DOTS_PER_INCH = 96
ENLARGED = 3
"""Dots of a PNG a unit: 288 an inch, what journals ask of line drawings with grey."""
FILTERS = "PNG picture (*.png);;SVG drawing (*.svg);;PDF document (*.pdf)"


def save_plot(view: QGraphicsView, target: Path, *, title: str = "") -> None:
    """Write a plot; the suffix of the target decides whether as PNG, SVG or PDF.

    Parameters
    ----------
    view : in the colours it is to be printed in, for instance made for the purpose and never shown.

    Raises
    ------
    ExportError
        The suffix is another one, or the folder cannot be written.
    """
    writers = {".png": _write_png, ".svg": _write_svg, ".pdf": _write_pdf}
    write = writers.get(target.suffix.lower())
    if write is None:
        raise ExportError(target, "a plot can be saved as PNG, SVG or PDF", hint="end the name in .png, .svg or .pdf")
    with replacing(target) as path:
        if not write(view, path, title):
            raise OSError(0, "the picture could not be written")


def save_data(target: Path, header: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
    """Write a table as CSV.

    Raises
    ------
    ExportError
        The folder cannot be written.
    """
    write_table(target, header, [[csv_cell(value) for value in row] for row in rows])


def copy_plot(view: QGraphicsView, text: str = "") -> None:
    """Put a plot on the clipboard as a picture, and its data as tab-separated text for programs that take no picture."""
    data = QMimeData()
    data.setImageData(picture_of(view))
    if text:
        data.setText(text)
    QGuiApplication.clipboard().setMimeData(data)


def picture_of(view: QGraphicsView) -> QImage:
    """Draw a plot as an image of ``SIZE`` times ``ENLARGED``."""
    image = QImage(SIZE * ENLARGED, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    QSvgRenderer(QByteArray(svg_of(view))).render(painter)
    painter.end()
    image.setDotsPerMeterX(round(DOTS_PER_INCH * ENLARGED / 0.0254))
    image.setDotsPerMeterY(round(DOTS_PER_INCH * ENLARGED / 0.0254))
    return image


def svg_of(view: QGraphicsView, title: str = "") -> bytes:
    """Draw a plot as SVG whose lines grow with it."""
    buffer = QBuffer()
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    # Axes are recorded for the resolution of the screen and would be enlarged on any other.
    generator.setResolution(round(QGuiApplication.primaryScreen().logicalDotsPerInch()))
    generator.setSize(SIZE)
    generator.setViewBox(QRectF(0, 0, SIZE.width(), SIZE.height()))
    generator.setTitle(title)
    generator.setDescription("")
    painter = QPainter(generator)
    _draw(view, painter)
    painter.end()
    return bytes(buffer.data().data()).replace(b' vector-effect="non-scaling-stroke"', b"")


def _draw(view: QGraphicsView, painter: QPainter) -> None:
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    view.resize(SIZE)
    # A view that was never shown has not been laid out; grabbing it once does that.
    view.grab()
    scene = view.scene()
    if hasattr(scene, "prepareForPaint"):
        scene.prepareForPaint()
    everything = QRectF(0, 0, SIZE.width(), SIZE.height())
    painter.fillRect(everything, view.backgroundBrush())
    scene.render(painter, everything, everything)


def _write_png(view: QGraphicsView, path: Path, title: str) -> bool:
    image = picture_of(view)
    if title:
        image.setText("Title", title)
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    written = QImageWriter(buffer, QByteArray(b"PNG")).write(image)
    path.write_bytes(buffer.data().data())
    return written


def _write_svg(view: QGraphicsView, path: Path, title: str) -> bool:
    path.write_bytes(svg_of(view, title))
    return True


def _write_pdf(view: QGraphicsView, path: Path, title: str) -> bool:
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(title)
    writer.setCreator("Lycurgus")
    writer.setResolution(round(QGuiApplication.primaryScreen().logicalDotsPerInch()))
    inches = QSizeF(SIZE) / DOTS_PER_INCH
    page = QPageSize(inches, QPageSize.Unit.Inch, "plot", QPageSize.SizeMatchPolicy.ExactMatch)
    writer.setPageLayout(QPageLayout(page, QPageLayout.Orientation.Portrait, QMarginsF(0, 0, 0, 0)))
    painter = QPainter(writer)
    _draw(view, painter)
    drawn = painter.end()
    del writer
    path.write_bytes(buffer.data().data())
    return drawn
