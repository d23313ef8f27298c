"""The burnt-in scale bar as it was found, drawn over the image with what was read."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from lycurgus.calibration.reading import ScaleBarReading
from lycurgus.ui.viewer.banner import AMBER
from lycurgus.ui.viewer.furniture import PLATE
from lycurgus.ui.viewer.tools import paint_note
from lycurgus.ui.viewer.view import View

GAP = 5.0
TICK = 6.0


def paint_found_bar(painter: QPainter, view: View, reading: ScaleBarReading) -> None:
    """Draw a dimension line along the bar, a frame around its label, and length and label as they were read."""
    bar = reading.bar
    # The view's coordinates have pixel centres on whole numbers, edges are half a pixel farther.
    above = reading.label_box.y0 > bar.bbox.y0
    row = (bar.bbox.y0 if above else bar.bbox.y1) - 0.5
    left, right = view.to_screen(row, bar.left_px - 0.5), view.to_screen(row, bar.right_px - 0.5)
    shift = QPointF(0, -GAP if above else GAP)
    left, right = left + shift, right + shift
    up = QPointF(0, TICK)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(PLATE, 4.0), QPen(QColor(AMBER), 2.0)):
        painter.setPen(pen)
        painter.drawLine(left, right)
        painter.drawLine(left - up, left + up)
        painter.drawLine(right - up, right + up)
    painter.setPen(QPen(QColor(AMBER), 1.0, Qt.PenStyle.DashLine))
    painter.drawRect(view.screen_rect(*reading.label_box).adjusted(-3, -3, 3, 3))
    highest = min(left.y(), view.screen_rect(*reading.label_box).top())
    note = QPointF(min(left.x(), view.width - 190.0) - 14.0, highest - 48.0)
    paint_note(painter, note, f"{reading.label} = {bar.length_px:.1f} px")
