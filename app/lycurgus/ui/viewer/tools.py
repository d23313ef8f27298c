"""What the mouse does in the image: the base of all tools, selecting, and which tool bears which name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import hypot
from typing import ClassVar

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPen

from lycurgus.core.types import Particle
from lycurgus.exporters import palette
from lycurgus.ui.editing import Editing
from lycurgus.ui.viewer.furniture import INK, PLATE
from lycurgus.ui.viewer.view import View

CLICK_REACH = 4.0
"""A press and release closer than this on screen is a click, not a drag."""

LINE_WIDTH = 2.0
HANDLE = 5.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What tools may look at and do.

    Attributes
    ----------
    view : the view as it is now.
    editing : takes what was drawn.
    particle_at : particle under an image point (y, x).
    particles_within : ids of particles in a box (y0, x0, y1, x1).
    selection, select : of the store.
    length_text : a length in px as the user reads it.
    measured : takes the length of a scale bar in px.
    repaint : asks for painting.
    """

    view: Callable[[], View]
    editing: Editing
    particle_at: Callable[[float, float], Particle | None]
    particles_within: Callable[[float, float, float, float], list[int]]
    selection: Callable[[], frozenset[int]]
    select: Callable[[Iterable[int]], None]
    length_text: Callable[[float], str]
    measured: Callable[[float], None]
    repaint: Callable[[], None]


class Tool:
    """Does nothing; tools override what they need.

    Attributes
    ----------
    name : as the action table calls it.
    hint : what to do next, a sentence; "" for none.
    """

    name: ClassVar[str] = ""
    cursor: Qt.CursorShape = Qt.CursorShape.CrossCursor

    def __init__(self, around: Surroundings) -> None:
        self.around = around

    @property
    def hint(self) -> str:
        return ""

    @property
    def is_busy(self) -> bool:
        """Whether something was begun that Esc would throw away."""
        return False

    def cancel(self) -> None:
        """Throw away what was begun."""

    def press(self, at: QPointF, event: QMouseEvent) -> None:
        pass

    def move(self, at: QPointF, event: QMouseEvent) -> None:
        pass

    def release(self, at: QPointF, event: QMouseEvent) -> None:
        pass

    def double_click(self, at: QPointF, event: QMouseEvent) -> None:
        self.press(at, event)

    def wants(self, key: int) -> bool:
        """Tell whether a key is meant for the tool now, whatever the menus use it for."""
        return key == Qt.Key.Key_Escape and self.is_busy

    def key(self, event: QKeyEvent) -> bool:
        """Take a key; returns whether it was meant for the tool."""
        if event.key() == Qt.Key.Key_Escape and self.is_busy:
            self.cancel()
            return True
        return False

    def paint(self, painter: QPainter, view: View) -> None:
        """Draw what was begun."""

    def image_point(self, at: QPointF) -> tuple[float, float]:
        """Return the image point (y, x) under a point of the widget."""
        return self.around.view().to_image(at)


class SelectTool(Tool):
    """A click selects the particle under it, dragging all in a box; Ctrl or Shift adds, a click on nothing clears."""

    name = "select"
    cursor = Qt.CursorShape.ArrowCursor

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._from: QPointF | None = None
        self._to: QPointF | None = None

    @property
    def is_busy(self) -> bool:
        return self._from is not None

    def cancel(self) -> None:
        self._from = self._to = None

    def press(self, at: QPointF, event: QMouseEvent) -> None:  # noqa: ARG002 - as every tool
        self._from, self._to = at, None

    def move(self, at: QPointF, event: QMouseEvent) -> None:  # noqa: ARG002
        if self._from is not None and (self._to is not None or distance(self._from, at) > CLICK_REACH):
            self._to = at
            self.around.repaint()

    def release(self, at: QPointF, event: QMouseEvent) -> None:
        if self._from is None:
            return
        begun, is_click = self._from, self._to is None
        self.cancel()
        if is_click:
            self._click(begun, adding=_adds(event))
        else:
            found = self.around.particles_within(*self.image_point(begun), *self.image_point(at))
            self.around.select({*found, *self.around.selection()} if _adds(event) else found)

    def _click(self, at: QPointF, *, adding: bool) -> None:
        particle = self.around.particle_at(*self.image_point(at))
        if particle is None:
            if not adding:
                self.around.select(())
        elif adding:
            self.around.select(self.around.selection() ^ {particle.id})
        else:
            self.around.select({particle.id})

    def wants(self, key: int) -> bool:
        return key == Qt.Key.Key_Escape and (self.is_busy or bool(self.around.selection()))

    def key(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Escape and not self.is_busy and self.around.selection():
            self.around.select(())
            return True
        return super().key(event)

    def paint(self, painter: QPainter, view: View) -> None:  # noqa: ARG002 - the band lies where the mouse is
        if self._from is None or self._to is None:
            return
        band = QRectF(self._from, self._to).normalized()
        fill = QColor(*palette.SKY_BLUE)
        fill.setAlpha(50)
        painter.setPen(QPen(QColor(*palette.SKY_BLUE), 1.5, Qt.PenStyle.DashLine))
        painter.setBrush(fill)
        painter.drawRect(band)


def distance(one: QPointF, other: QPointF) -> float:
    """Return how far two points of the widget lie apart."""
    return hypot(one.x() - other.x(), one.y() - other.y())


def pen() -> QPen:
    """The pen of what is being drawn."""
    return QPen(QColor(*palette.YELLOW), LINE_WIDTH)


def paint_note(painter: QPainter, at: QPointF, text: str) -> None:
    """Write a short text beside a point of the widget."""
    metrics = QFontMetricsF(painter.font())
    plate = QRectF(at.x() + 14, at.y() + 14, metrics.horizontalAdvance(text) + 12, metrics.height() + 6)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(PLATE)
    painter.drawRoundedRect(plate, 4, 4)
    painter.setPen(INK)
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)


def _adds(event: QMouseEvent) -> bool:
    return bool(event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier))
