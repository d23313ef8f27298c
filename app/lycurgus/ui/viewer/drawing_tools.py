"""Tools that add or cut particles: freehand, circle, ellipse, polygon, split."""

from __future__ import annotations

from math import atan2, cos, degrees, hypot, sin

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPolygonF, QTransform

from lycurgus.ui.viewer.tools import CLICK_REACH, HANDLE, Surroundings, Tool, distance, paint_note, pen
from lycurgus.ui.viewer.view import View

Point = tuple[float, float]

LEAST_STEP = 1.5
"""Freehand points closer together than this on screen are the hand's tremor."""


class FreehandTool(Tool):
    """Draw around a particle with the button held."""

    name = "draw"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._points: list[Point] = []
        self._last = QPointF()

    @property
    def hint(self) -> str:
        return "Draw around the particle with the mouse button held. Esc throws it away."

    @property
    def is_busy(self) -> bool:
        return bool(self._points)

    def cancel(self) -> None:
        self._points = []

    def press(self, at: QPointF, event: QMouseEvent) -> None:  # noqa: ARG002 - as every tool
        self._points, self._last = [self.image_point(at)], at

    def move(self, at: QPointF, event: QMouseEvent) -> None:  # noqa: ARG002
        if self._points and distance(at, self._last) >= LEAST_STEP:
            self._points.append(self.image_point(at))
            self._last = at
            self.around.repaint()

    def release(self, at: QPointF, event: QMouseEvent) -> None:  # noqa: ARG002
        points = self._points
        self.cancel()
        if len(points) > 2:
            self.around.editing.draw_polygon(np.array(points))

    def paint(self, painter: QPainter, view: View) -> None:
        painter.setPen(pen())
        painter.drawPolyline(QPolygonF([view.to_screen(*point) for point in self._points]))


class _DragTool(Tool):
    """A tool that works on the line from where the button went down to where it is let go."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._from: Point | None = None
        self._to: Point | None = None
        self._pressed_at = QPointF()

    @property
    def is_busy(self) -> bool:
        return self._from is not None

    def cancel(self) -> None:
        self._from = self._to = None

    def press(self, at: QPointF, event: QMouseEvent) -> None:  # noqa: ARG002
        self._from, self._to, self._pressed_at = self.image_point(at), None, at

    def move(self, at: QPointF, event: QMouseEvent) -> None:  # noqa: ARG002
        if self._from is not None:
            self._to = self.image_point(at)
            self.around.repaint()

    def release(self, at: QPointF, event: QMouseEvent) -> None:  # noqa: ARG002
        begun = self._from
        self.cancel()
        if begun is not None and distance(at, self._pressed_at) > CLICK_REACH:
            self.finish(begun, self.image_point(at))

    def finish(self, begun: Point, ended: Point) -> None:
        """Do the tool's work; coordinates (y, x)."""


class CircleTool(_DragTool):
    """Drag from the middle to the rim."""

    name = "circle"

    @property
    def hint(self) -> str:
        return "Drag from the middle of the particle to its rim. Esc throws it away."

    def finish(self, begun: Point, ended: Point) -> None:
        self.around.editing.draw_circle(begun, hypot(ended[0] - begun[0], ended[1] - begun[1]))

    def paint(self, painter: QPainter, view: View) -> None:
        if self._from is None or self._to is None:
            return
        radius = hypot(self._to[0] - self._from[0], self._to[1] - self._from[1])
        painter.setPen(pen())
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(view.to_screen(*self._from), radius * view.scale, radius * view.scale)
        paint_note(painter, view.to_screen(*self._to), f"⌀ {self.around.length_text(2 * radius)}")


class EllipseTool(Tool):
    """Drag along the longest line through the particle, then move aside until the width fits, and click."""

    name = "ellipse"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._from: Point | None = None
        self._to: Point | None = None
        self._across: float | None = None
        self._pressed_at = QPointF()

    @property
    def hint(self) -> str:
        if self._across is None:
            return "Drag along the length of the particle, from end to end. Esc throws it away."
        return "Move aside until the width fits, then click. Esc throws it away."

    @property
    def is_busy(self) -> bool:
        return self._from is not None

    def cancel(self) -> None:
        self._from = self._to = self._across = None

    def press(self, at: QPointF, event: QMouseEvent) -> None:  # noqa: ARG002
        if self._across is not None:
            self._finish(at)
        else:
            self._from, self._to, self._pressed_at = self.image_point(at), None, at

    def move(self, at: QPointF, event: QMouseEvent) -> None:  # noqa: ARG002
        if self._from is None:
            return
        if self._across is None:
            self._to = self.image_point(at)
        else:
            self._across = self._half_width(self.image_point(at))
        self.around.repaint()

    def release(self, at: QPointF, event: QMouseEvent) -> None:  # noqa: ARG002
        if self._from is None or self._across is not None:
            return
        if distance(at, self._pressed_at) <= CLICK_REACH:
            self.cancel()
            return
        self._to = self.image_point(at)
        self._across = self._axes()[1] / 2
        self.around.repaint()

    def _finish(self, at: QPointF) -> None:
        across = self._half_width(self.image_point(at))
        centre, half_length, angle = self._axes()
        self.cancel()
        if across * self.around.view().scale > 1:
            self.around.editing.draw_ellipse(centre, (half_length, across), degrees(angle))

    def _axes(self) -> tuple[Point, float, float]:
        """Return centre, half the length, and the angle counter-clockwise from +x."""
        assert self._from is not None
        assert self._to is not None
        (y0, x0), (y1, x1) = self._from, self._to
        return ((y0 + y1) / 2, (x0 + x1) / 2), hypot(y1 - y0, x1 - x0) / 2, atan2(y0 - y1, x1 - x0)

    def _half_width(self, point: Point) -> float:
        centre, _, angle = self._axes()
        return abs((point[1] - centre[1]) * sin(angle) + (point[0] - centre[0]) * cos(angle))

    def paint(self, painter: QPainter, view: View) -> None:
        if self._from is None or self._to is None:
            return
        painter.setPen(pen())
        painter.setBrush(Qt.BrushStyle.NoBrush)
        centre, half_length, angle = self._axes()
        ends = view.to_screen(*self._from), view.to_screen(*self._to)
        painter.drawLine(*ends)
        if self._across is None:
            paint_note(painter, ends[1], self.around.length_text(2 * half_length))
            return
        middle = view.to_screen(*centre)
        painter.save()
        painter.setTransform(QTransform.fromTranslate(middle.x(), middle.y()).rotate(-degrees(angle)), True)
        painter.drawEllipse(QPointF(0, 0), half_length * view.scale, self._across * view.scale)
        painter.restore()
        paint_note(painter, middle, f"{self.around.length_text(2 * half_length)} × {self.around.length_text(2 * self._across)}")


class PolygonTool(Tool):
    """Click corner by corner."""

    name = "polygon"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._corners: list[Point] = []
        self._mouse: Point | None = None

    @property
    def hint(self) -> str:
        if len(self._corners) < 3:
            return "Click the corners of the particle. Backspace takes the last one back, Esc throws it away."
        return "Double-click, Enter or a click on the first corner closes the outline. Backspace takes the last corner back."

    @property
    def is_busy(self) -> bool:
        return bool(self._corners)

    def cancel(self) -> None:
        self._corners, self._mouse = [], None

    def press(self, at: QPointF, event: QMouseEvent) -> None:  # noqa: ARG002
        if len(self._corners) > 2 and distance(self.around.view().to_screen(*self._corners[0]), at) <= 2 * CLICK_REACH:
            self._close()
        else:
            self._corners.append(self.image_point(at))

    def move(self, at: QPointF, event: QMouseEvent) -> None:  # noqa: ARG002
        if self._corners:
            self._mouse = self.image_point(at)
            self.around.repaint()

    def double_click(self, at: QPointF, event: QMouseEvent) -> None:  # noqa: ARG002
        # The first press of the double click has set its corner already.
        self._close()

    def wants(self, key: int) -> bool:
        return self.is_busy and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Backspace, Qt.Key.Key_Escape)

    def key(self, event: QKeyEvent) -> bool:
        if not self.wants(event.key()):
            return False
        if event.key() == Qt.Key.Key_Backspace:
            self._corners.pop()
        elif event.key() == Qt.Key.Key_Escape:
            self.cancel()
        else:
            self._close()
        return True

    def _close(self) -> None:
        if len(self._corners) > 2:
            corners = self._corners
            self.cancel()
            self.around.editing.draw_polygon(np.array(corners))

    def paint(self, painter: QPainter, view: View) -> None:
        corners = [view.to_screen(*corner) for corner in self._corners]
        if not corners:
            return
        painter.setPen(pen())
        painter.drawPolyline(QPolygonF([*corners, *([view.to_screen(*self._mouse)] if self._mouse else [])]))
        painter.setBrush(pen().color())
        for corner in corners:
            painter.drawEllipse(corner, HANDLE / 2, HANDLE / 2)


class SplitTool(_DragTool):
    """Drag a line across."""

    name = "split"

    @property
    def hint(self) -> str:
        return "Drag a line across the particle, from outside to outside. Esc throws it away."

    def finish(self, begun: Point, ended: Point) -> None:
        self.around.editing.split(np.array([begun, ended]))

    def paint(self, painter: QPainter, view: View) -> None:
        if self._from is not None and self._to is not None:
            painter.setPen(pen())
            painter.drawLine(view.to_screen(*self._from), view.to_screen(*self._to))
