"""Particle numbers on the overlay, where there is room for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QGuiApplication, QImage, QPainter, QPainterPath, QPen

from lycurgus.core.types import Particle
from lycurgus.exporters import palette
from lycurgus.ui.viewer.raster import OutlineSet, Window

ROOM = 1.15


def paint_ids(
    image: QImage, particles: Sequence[Particle], outlines: OutlineSet, window: Window, device_ratio: float, *, left_out: Iterable[int] = ()
) -> None:
    """Write into each particle that is large enough on screen its number, light with a dark rim: readable on any grey."""
    font = QFont(QGuiApplication.font())
    font.setPixelSize(max(8, round(QFontMetricsF(font).height() * 0.72 * device_ratio)))
    metrics = QFontMetricsF(font)
    room = (outlines.highs - outlines.lows) * window.scale
    seen = outlines.visible(window) & (room[:, 1] > metrics.ascent() * ROOM)
    seen[list(left_out)] = False
    path = QPainterPath()
    for index in np.flatnonzero(seen).tolist():
        particle = particles[index]
        text = str(particle.id)
        width = metrics.horizontalAdvance(text)
        if width * ROOM <= room[index, 0]:
            y = (particle.measurement.y_px - window.y) * window.scale
            x = (particle.measurement.x_px - window.x) * window.scale
            path.addText(QPointF(x - width / 2, y + metrics.capHeight() / 2), font, text)
    if path.isEmpty():
        return
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.strokePath(path, QPen(QColor(*palette.CASING), 2.5 * device_ratio))
    painter.fillPath(path, QColor(255, 255, 255))
    painter.end()
