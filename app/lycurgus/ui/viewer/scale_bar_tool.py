"""Measuring the scale bar that is burnt into a picture: two clicks on its ends, which can be dragged afterwards."""

from __future__ import annotations

from math import hypot

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPen

from lycurgus.ui.viewer.furniture import PLATE
from lycurgus.ui.viewer.tools import HANDLE, Surroundings, Tool, distance, paint_note, pen
from lycurgus.ui.viewer.view import View

REACH = 9.0
TICK = 9.0


class ScaleBarTool(Tool):
    """Two clicks; Shift keeps the line horizontal; the ends can be moved by mouse."""

    name = "scale bar"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._ends: list[tuple[float, float]] = []
        self._mouse: tuple[float, float] | None = None
        self._held: int | None = None

    @property
    def hint(self) -> str:
        match len(self._ends):
            case 0:
                return "Click the left end of the scale bar. Zoom in to see its edge."
            case 1:
                return "Click its right end; hold Shift to stay horizontal."
            case _:
                return "Drag the ends until they fit, then type the length. Esc begins again."

    @property
    def is_busy(self) -> bool:
        return bool(self._ends)

    @property
    def length_px(self) -> float | None:
        """Distance of the two ends."""
        if len(self._ends) < 2:
            return None
        (y0, x0), (y1, x1) = self._ends
        return hypot(y1 - y0, x1 - x0)

    def cancel(self) -> None:
        self._ends, self._mouse, self._held = [], None, None

    def press(self, at: QPointF, event: QMouseEvent) -> None:
        near = [index for index, end in enumerate(self._ends) if distance(self.around.view().to_screen(*end), at) <= REACH]
        if near and (len(self._ends) == 2 or near != [0]):
            self._held = near[0]
        elif len(self._ends) == 2:
            self._ends = [self.image_point(at)]
        elif not near:
            self._ends.append(self._snapped(self.image_point(at), event, against=0))
            self._tell()

    def move(self, at: QPointF, event: QMouseEvent) -> None:
        if self._held is not None:
            self._ends[self._held] = self._snapped(self.image_point(at), event, against=1 - self._held)
        elif self._ends:
            self._mouse = self._snapped(self.image_point(at), event, against=0)
        self.around.repaint()

    def release(self, at: QPointF, event: QMouseEvent) -> None:  # noqa: ARG002 - as every tool
        if self._held is not None:
            self._held = None
            self._tell()

    def double_click(self, at: QPointF, event: QMouseEvent) -> None:
        """Two quick clicks at one place are no two ends."""

    def wants(self, key: int) -> bool:
        return super().wants(key) or (len(self._ends) == 2 and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter))

    def key(self, event: QKeyEvent) -> bool:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and len(self._ends) == 2:
            self._tell()
            return True
        return super().key(event)

    def _tell(self) -> None:
        if self.length_px:
            self.around.measured(self.length_px)

    def _snapped(self, point: tuple[float, float], event: QMouseEvent, *, against: int) -> tuple[float, float]:
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and against < len(self._ends):
            return self._ends[against][0], point[1]
        return point

    def paint(self, painter: QPainter, view: View) -> None:
        if not self._ends:
            return
        other = self._ends[1] if len(self._ends) == 2 else self._mouse
        first = view.to_screen(*self._ends[0])
        last = view.to_screen(*other) if other else first
        length = distance(first, last)
        across = QPointF(-(last.y() - first.y()), last.x() - first.x()) * (TICK / length) if length else QPointF(0, TICK)
        for stroke in (QPen(PLATE, 4.5), pen()):
            painter.setPen(stroke)
            painter.drawLine(first, last)
            for end in (first, last):
                painter.drawLine(end - across, end + across)
        if other:
            pixels = length / view.scale
            paint_note(painter, last, f"{pixels:.1f} px")
            painter.setPen(pen())
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for end in (first, last):
                painter.drawEllipse(end, HANDLE, HANDLE)
