"""What stands still over the image: scale bar, legend, titles."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QLinearGradient, QPainter, QPen

from lycurgus.core.types import PixelSize
from lycurgus.exporters.scalebar import ScaleBar, scale_bar
from lycurgus.ui.viewer.colouring import Colouring, Dash, LineStyle, Scale
from lycurgus.ui.viewer.view import View

INSET = 12.0
PAD = 8.0
PLATE = QColor(20, 20, 20, 185)
INK = QColor(250, 250, 250)
"""White on a dark plate: readable over any grey in any theme, as the image below does not follow the theme."""

DASHES: dict[Dash, list[float]] = {"dashed": [4, 3], "long": [7, 3], "dotted": [1, 2]}
RAMP_WIDTH = 90.0
SAMPLE_WIDTH = 22.0


def bar_for(view: View, shape: tuple[int, int], pixel_size: PixelSize | None) -> ScaleBar:
    """Choose the scale bar for the width of the image that is seen."""
    seen = view.visible_box(shape)
    return scale_bar(max(1, seen.width if seen else shape[1]), pixel_size)


def paint_scale_bar(painter: QPainter, view: View, bar: ScaleBar) -> QRectF:
    """Draw the bar at the lower right, on a plate; returns where."""
    length = bar.length_px * view.scale
    metrics = QFontMetricsF(painter.font())
    width = max(length, metrics.horizontalAdvance(bar.label)) + 2 * PAD
    height = metrics.height() + 4 + 2 * PAD * 0.75
    plate = QRectF(view.width - INSET - width, view.height - INSET - height, width, height)
    _plate(painter, plate)
    painter.setPen(INK)
    painter.drawText(plate.adjusted(0, PAD * 0.5, 0, -6 - PAD * 0.75), Qt.AlignmentFlag.AlignCenter, bar.label)
    painter.fillRect(QRectF(plate.center().x() - length / 2, plate.bottom() - PAD * 0.75 - 4, length, 4), INK)
    return plate


def paint_title(painter: QPainter, area: QRectF, title: str, *, align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft) -> None:
    """Write a title at the upper edge of an area, shortened where it is too long."""
    font = QFont(painter.font())
    font.setBold(True)
    painter.save()
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    text = metrics.elidedText(title, Qt.TextElideMode.ElideRight, max(0.0, area.width() - 2 * INSET - 2 * PAD))
    width = metrics.horizontalAdvance(text) + 2 * PAD
    left = area.left() + INSET if align == Qt.AlignmentFlag.AlignLeft else area.right() - INSET - width
    plate = QRectF(left, area.top() + INSET, width, metrics.height() + PAD)
    _plate(painter, plate)
    painter.setPen(INK)
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()


def paint_hint(painter: QPainter, view: View, hint: str, *, below_title: bool) -> None:
    """Write what to do next at the upper edge, clear of scale bar and legend."""
    metrics = QFontMetricsF(painter.font())
    room = max(120.0, min(view.width - 4 * INSET, 70 * metrics.averageCharWidth()))
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    words = metrics.boundingRect(QRectF(0, 0, room, 1000), int(flags), hint)
    width, height = words.width() + 2 * PAD + 2, words.height() + PAD
    top = INSET + (metrics.height() + 2 * PAD if below_title else 0.0)
    plate = QRectF((view.width - width) / 2, top, width, height)
    _plate(painter, plate)
    painter.setPen(INK)
    painter.drawText(plate.adjusted(PAD, 0, -PAD, 0), int(flags), hint)


def paint_legend(painter: QPainter, view: View, legend: Colouring, *, excluded: bool) -> None:
    """Explain the colours at the lower left, where there is more than one to explain."""
    rows = [
        (style, name) for (style, _), name in zip(legend.groups, legend.names, strict=True) if name and (excluded or name != "excluded")
    ]
    if legend.scale is None and len(rows) < 2:
        return
    metrics = QFontMetricsF(painter.font())
    line = metrics.height() + 2
    scale_height = 2 * line if legend.scale else 0.0
    widest = max((metrics.horizontalAdvance(name) for _, name in rows), default=0.0)
    width = max(SAMPLE_WIDTH + PAD + widest if rows else 0.0, _ramp_row_width(legend.scale, metrics)) + 2 * PAD
    height = scale_height + line * len(rows) + PAD
    plate = QRectF(INSET, view.height - INSET - height, width, height)
    _plate(painter, plate)
    y = plate.top() + PAD / 2
    if legend.scale is not None:
        _paint_ramp(painter, legend.scale, QPointF(plate.left() + PAD, y), line, metrics)
        y += scale_height
    _paint_rows(painter, rows, QPointF(plate.left() + PAD, y), line, widest)


def _ramp_row_width(scale: Scale | None, metrics: QFontMetricsF) -> float:
    if scale is None:
        return 0.0
    numbers = metrics.horizontalAdvance(scale.low) + metrics.horizontalAdvance(scale.high)
    return max(metrics.horizontalAdvance(scale.title), RAMP_WIDTH + numbers + 2 * PAD)


def _paint_ramp(painter: QPainter, scale: Scale, at: QPointF, line: float, metrics: QFontMetricsF) -> None:
    painter.setPen(INK)
    painter.drawText(QPointF(at.x(), at.y() + metrics.ascent()), scale.title)
    baseline = at.y() + line + metrics.ascent()
    painter.drawText(QPointF(at.x(), baseline), scale.low)
    left = at.x() + metrics.horizontalAdvance(scale.low) + PAD
    gradient = QLinearGradient(left, 0, left + RAMP_WIDTH, 0)
    for index, colour in enumerate(scale.colours):
        gradient.setColorAt(index / (len(scale.colours) - 1), QColor(*colour))
    painter.fillRect(QRectF(left, at.y() + line + 3, RAMP_WIDTH, metrics.height() - 6), QBrush(gradient))
    painter.drawText(QPointF(left + RAMP_WIDTH + PAD, baseline), scale.high)


def _paint_rows(painter: QPainter, rows: Sequence[tuple[LineStyle, str]], at: QPointF, line: float, widest: float) -> None:
    for index, (style, name) in enumerate(rows):
        top = at.y() + index * line
        painter.setPen(pen_of(style, 2.0))
        painter.drawLine(QPointF(at.x(), top + line / 2), QPointF(at.x() + SAMPLE_WIDTH, top + line / 2))
        painter.setPen(INK)
        painter.drawText(QRectF(at.x() + SAMPLE_WIDTH + PAD, top, widest + 2, line), Qt.AlignmentFlag.AlignVCenter, name)


def pen_of(style: LineStyle, width: float) -> QPen:
    """Return a pen that draws as the overlay does."""
    pen = QPen(QColor(*style.colour), width)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    if style.dash != "solid":
        pen.setDashPattern(DASHES[style.dash])
    return pen


def _plate(painter: QPainter, rect: QRectF) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(PLATE)
    painter.drawRoundedRect(rect, 4, 4)
    painter.restore()
