"""The histogram of an image's values, with the two limits of the contrast to take hold of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

BINS = 256
GRIP = 6.0
KEY_STEP = 0.01
BEYOND = 0.04
"""Room beside the outermost values, as a share of the range."""


class HistogramView(QWidget):
    """Counts over values, logarithmic; the limits can be dragged, or moved with Tab and the arrow keys.

    Signals
    -------
    limits_moved : low, high.
    """

    limits_moved = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setAccessibleName("Contrast histogram")
        self._counts: NDArray[np.float64] = np.zeros(BINS)
        self._range = (0.0, 1.0)
        self._limits = (0.0, 1.0)
        self._held: int | None = None
        self._active = 0

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(240, 52)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(100, 40)

    @property
    def limits(self) -> tuple[float, float]:
        return self._limits

    def set_values(self, values: NDArray[np.float64]) -> None:
        """Show a sample of finite values; outliers of one in ten thousand are left out of the range."""
        low, high = (float(value) for value in np.percentile(values, (0.01, 99.99))) if values.size else (0.0, 1.0)
        if not high > low:
            low, high = low - 0.5, high + 0.5
        extra = BEYOND * (high - low)
        counts, edges = np.histogram(values, _edges(values, low - extra, high + extra))
        self._range = (float(edges[0]), float(edges[-1]))
        self._counts = np.log1p(counts) / max(1.0, float(np.log1p(counts.max())))
        self.update()

    def set_limits(self, low: float, high: float) -> None:
        self._limits = (low, high)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002 - Qt's name
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = self.palette()
        painter.fillRect(self.rect(), colours.base())
        bottom, room = self.height() - 1.0, self.height() - GRIP - 4
        xs = np.linspace(0, self.width(), len(self._counts) + 1)
        outline = [QPointF(0, bottom)]
        for left, right, count in zip(xs[:-1], xs[1:], self._counts, strict=True):
            outline += [QPointF(left, bottom - count * room), QPointF(right, bottom - count * room)]
        outline.append(QPointF(self.width(), bottom))
        bars = QColor(colours.text().color())
        bars.setAlpha(110)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(bars)
        painter.drawPolygon(QPolygonF(outline))
        for index, limit in enumerate(self._limits):
            self._paint_limit(painter, self._x(limit), active=self.hasFocus() and index == self._active)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colours.highlight().color() if self.hasFocus() else colours.mid().color(), 1))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _paint_limit(self, painter: QPainter, x: float, *, active: bool) -> None:
        x = min(max(x, 1.0), self.width() - 1.0)
        accent = self.palette().highlight().color()
        painter.setPen(QPen(accent, 2.5 if active else 1.5))
        painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(accent)
        painter.drawPolygon(QPolygonF([QPointF(x - GRIP, 0), QPointF(x + GRIP, 0), QPointF(x, GRIP * 1.4)]))

    def _x(self, value: float) -> float:
        low, high = self._range
        return (value - low) / (high - low) * self.width()

    def _value(self, x: float) -> float:
        low, high = self._range
        return low + x / max(1, self.width()) * (high - low)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if event.button() == Qt.MouseButton.LeftButton:
            x = event.position().x()
            shown = [min(max(self._x(limit), 0.0), float(self.width())) for limit in self._limits]
            # Limits that fall together are taken apart by the side on which they are grasped.
            self._held = self._active = int(abs(x - shown[1]) < abs(x - shown[0]) or (shown[0] == shown[1] and x > shown[0]))
            self._move(x)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        x = event.position().x()
        if self._held is not None:
            self._move(x)
        near = any(abs(self._x(limit) - x) <= GRIP for limit in self._limits)
        self.setCursor(Qt.CursorShape.SizeHorCursor if near or self._held is not None else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802, ARG002 - Qt's name
        self._held = None

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        step = {Qt.Key.Key_Left: -KEY_STEP, Qt.Key.Key_Right: KEY_STEP}.get(Qt.Key(event.key()))
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._active = 1 - self._active
            self.update()
        elif step is not None:
            self._held = self._active
            self._move(self._x(self._limits[self._active]) + step * self.width())
            self._held = None
        else:
            super().keyPressEvent(event)

    def _move(self, x: float) -> None:
        assert self._held is not None
        value = self._value(x)
        low, high = self._limits
        low, high = (min(value, high), high) if self._held == 0 else (low, max(value, low))
        self.set_limits(low, high)
        self.limits_moved.emit(low, high)


def _edges(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Return edges of bins; where only few values occur a bin stands around each, for finer ones would make a comb."""
    inside = np.unique(values[(values >= low) & (values <= high)])
    if 1 < inside.size <= BINS:
        step = float(np.median(np.diff(inside)))
        number = round((high - low) / step)
        if 1 <= number <= BINS:
            first = inside[0] - step * (0.5 + np.floor((inside[0] - low) / step))
            return np.asarray(first + step * np.arange(number + 2))
    return np.linspace(low, high, BINS + 1)
