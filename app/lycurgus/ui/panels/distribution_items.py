"""Parts of the plot that pyqtgraph does not have: hatched bars, and an axis whose marks are round on a logarithmic scale."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

Floats = NDArray[np.float64]

ROUND_STEPS = ((1.0, 2.0, 5.0), (1.5, 3.0, 4.0, 6.0, 7.0, 8.0, 9.0))


class Bars(pg.GraphicsObject):  # type: ignore[misc]
    """Bars side by side, in the coordinates of the view, drawn in those of the screen: hatches keep their size."""

    def __init__(self, edges: Floats, below: Floats, heights: Floats, fill: QBrush, hatch: QBrush, pen: QPen) -> None:
        super().__init__()
        self._edges, self._below, self._above = edges, below, below + heights
        self._fill, self._hatch, self._pen = fill, hatch, pen
        low, high = (float(self._below.min()), float(self._above.max())) if len(heights) else (0.0, 0.0)
        self._box = QRectF(float(edges[0]), low, float(edges[-1] - edges[0]), high - low)

    def boundingRect(self) -> QRectF:  # noqa: N802
        return self._box

    def dataBounds(self, axis: int, frac: float = 1.0, orthoRange: object = None) -> tuple[float, float]:  # noqa: N802, N803, ARG002
        return (self._box.left(), self._box.right()) if axis == 0 else (self._box.top(), self._box.bottom())

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:  # noqa: ARG002
        to_screen = painter.worldTransform()
        painter.save()
        painter.resetTransform()
        painter.setPen(self._pen)
        for i in np.flatnonzero(self._above > self._below):
            box = QRectF(self._edges[i], self._below[i], self._edges[i + 1] - self._edges[i], self._above[i] - self._below[i])
            drawn = to_screen.mapRect(box)
            painter.fillRect(drawn, self._fill)
            if self._hatch.style() != Qt.BrushStyle.NoBrush:
                painter.setBrush(self._hatch)
            painter.drawRect(drawn)
        painter.restore()


class Line(pg.GraphicsObject):  # type: ignore[misc]
    """A line through points of the view, drawn in the coordinates of the screen: in print it is as wide as it says."""

    def __init__(self, x: Floats, y: Floats, pen: QPen) -> None:
        super().__init__()
        self._corners = QPolygonF([QPointF(*corner) for corner in zip(x.tolist(), y.tolist(), strict=True)])
        self._pen = pen

    def boundingRect(self) -> QRectF:  # noqa: N802
        return self._corners.boundingRect()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:  # noqa: ARG002
        corners = painter.worldTransform().map(self._corners)
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._pen)
        painter.drawPolyline(corners)
        painter.restore()


class ShareAxis(pg.AxisItem):  # type: ignore[misc]
    """An axis of shares in per cent on the right, which ends at 100 though the plot goes on above it."""

    def __init__(self) -> None:
        super().__init__("right")

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N802, N803
        ticks: list[tuple[float, list[float]]] = super().tickValues(minVal, maxVal, size)
        # Positions are those of the plot; a hundredth more, for they are computed.
        return [(spacing, [value for value in values if value * self.scale <= 100.01]) for spacing, values in ticks]


class SizeAxis(pg.AxisItem):  # type: ignore[misc]
    """A bottom axis; on a logarithmic one positions are powers of ten and marks stand at 1, 2, 5 ..."""

    def __init__(self) -> None:
        super().__init__("bottom")
        self._powers = False

    def set_logarithmic(self, on: bool) -> None:
        """Switch; not called setLogMode, through which a plot would transform its curves."""
        self._powers = on
        self.picture = None
        self.update()

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N802, N803
        if not self._powers or not np.isfinite([minVal, maxVal]).all() or maxVal - minVal > 30:
            ticks: list[tuple[float, list[float]]] = super().tickValues(minVal, maxVal, size)
            return ticks
        decades = range(floor(minVal) - 1, ceil(maxVal) + 1)
        places = [[decade + log10(step) for decade in decades for step in steps] for steps in ROUND_STEPS]
        shown = [[place for place in level if minVal <= place <= maxVal] for level in places]
        if len(shown[0]) < 4 and sum(map(len, shown)) < 3:
            # Less than a decade in view: equal steps of the quantity itself.
            return [(1.0, _linear_marks(10**minVal, 10**maxVal))]
        return [(1.0, shown[0]), (0.1, shown[1])]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:  # noqa: N802
        if not self._powers:
            strings: list[str] = super().tickStrings(values, scale, spacing)
            return strings
        return [f"{10**value:.4g}" for value in values]


def _linear_marks(low: float, high: float) -> list[float]:
    raw = (high - low) / 4
    decade = 10.0 ** floor(log10(raw)) if raw > 0 else 1.0
    step = min((factor * decade for factor in (1, 2, 5, 10)), key=lambda one: abs(one - raw))
    return [log10(step * i) for i in range(max(1, ceil(low / step)), floor(high / step) + 1)]
