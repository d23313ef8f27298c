"""The widget that shows one image: picture below, particles above, and what the mouse does to the view."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QCursor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lycurgus.calibration.reading import ScaleBarReading
from lycurgus.core.types import PixelSize
from lycurgus.ui.viewer import furniture
from lycurgus.ui.viewer.found_bar import paint_found_bar
from lycurgus.ui.viewer.overlay import Overlay
from lycurgus.ui.viewer.picture import Picture
from lycurgus.ui.viewer.view import View

WHEEL_STEP = 1.2
KEY_STEP = 1.25
HANDLE_REACH = 8.0
Button = Qt.MouseButton


class Hand(Protocol):
    """What the mouse does in the image: a tool."""

    cursor: Qt.CursorShape

    @property
    def hint(self) -> str: ...

    def press(self, at: QPointF, event: QMouseEvent) -> None: ...
    def move(self, at: QPointF, event: QMouseEvent) -> None: ...
    def release(self, at: QPointF, event: QMouseEvent) -> None: ...
    def double_click(self, at: QPointF, event: QMouseEvent) -> None: ...
    def wants(self, key: int) -> bool: ...
    def key(self, event: QKeyEvent) -> bool: ...
    def paint(self, painter: QPainter, view: View) -> None: ...


@dataclass(slots=True)
class Sheet:
    """A picture with its particles and a title, as one of the two that a canvas can show."""

    picture: Picture | None = None
    overlay: Overlay = field(default_factory=Overlay)
    title: str = ""


class Canvas(QWidget):
    """Shows a sheet; in a swipe a second one right of a line that can be dragged.

    Signals
    -------
    view_changed : View.
    hovered : QPointF of the widget, or None when the mouse left.
    h_held : whether the key that hides the overlay is down.
    """

    view_changed = Signal(object)
    hovered = Signal(object)
    h_held = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Image")
        self.sheet = Sheet(overlay=Overlay(self))
        self.sheet.overlay.changed.connect(self.update)
        self.swiped: Sheet | None = None
        self.swipe_at = 0.5
        self.hand: Hand | None = None
        self.pixel_size: PixelSize | None = None
        self.found_bar: ScaleBarReading | None = None
        self._view = View()
        self._is_fitted = True
        self._dragged_from: QPointF | None = None
        self._dragging_swipe = False
        self._space = False

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(720, 540)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(160, 120)

    @property
    def view(self) -> View:
        return self._view

    def follow(self) -> None:
        """Leave it to another canvas which part is shown."""
        self._is_fitted = False

    @property
    def shape(self) -> tuple[int, int] | None:
        return self.sheet.picture.shape if self.sheet.picture else None

    def show_picture(self, picture: Picture | None, *, fit: bool) -> None:
        """Show another picture; the view stays unless it is to fit."""
        self.sheet.picture = picture
        if picture is not None and fit:
            self.fit()
        self.update()

    def set_view(self, view: View) -> None:
        """Show this part at this zoom, in the widget's own size."""
        view = view.resized(self.width(), self.height())
        if view != self._view:
            self._view = view
            self._is_fitted = False
            self.view_changed.emit(view)
            self.update()

    def fit(self) -> None:
        if self.shape is not None:
            self.set_view(self._view.resized(self.width(), self.height()).fitted(self.shape))
            self._is_fitted = True

    def zoom(self, factor: float, about: QPointF | None = None) -> None:
        if self.shape is not None:
            self.set_view(self._view.zoomed(factor, about or QPointF(self.width() / 2, self.height() / 2), self.shape))

    def one_to_one(self) -> None:
        """Show each pixel of the image as one of the screen."""
        self.zoom(1 / (self._view.scale * self.devicePixelRatioF()))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        if self._is_fitted and self.shape is not None:
            self.fit()
        else:
            self._view = self._view.resized(self.width(), self.height())
            self.view_changed.emit(self._view)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002 - Qt's name
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._ground())
        picture = self.sheet.picture
        if picture is None:
            painter.end()
            return
        self._paint_sheet(painter, self.sheet)
        if self.swiped is not None:
            self._paint_swipe(painter, self.swiped)
        elif self.sheet.title:
            furniture.paint_title(painter, QRectF(self.rect()), self.sheet.title)
        overlay = self.sheet.overlay
        if self.hand is not None:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.hand.paint(painter, self._view)
            painter.restore()
        if self.found_bar is not None:
            paint_found_bar(painter, self._view, self.found_bar)
        if overlay.provisional_region is not None:
            self._paint_region(painter)
        furniture.paint_scale_bar(painter, self._view, furniture.bar_for(self._view, picture.shape, self.pixel_size))
        if self.hand is not None and self.hand.hint:
            furniture.paint_hint(painter, self._view, self.hand.hint, below_title=bool(self.sheet.title or self.swiped))
        if overlay.is_shown:
            furniture.paint_legend(painter, self._view, overlay.legend, excluded=overlay.shows_excluded)
        painter.end()

    def _paint_sheet(self, painter: QPainter, sheet: Sheet) -> None:
        ratio = self.devicePixelRatioF()
        if sheet.picture is not None:
            sheet.picture.paint(painter, self._view, ratio)
        sheet.overlay.paint(painter, self._view, ratio)

    def _paint_swipe(self, painter: QPainter, other: Sheet) -> None:
        line = self._swipe_x()
        left, right = QRectF(0, 0, line, self.height()), QRectF(line, 0, self.width() - line, self.height())
        painter.save()
        painter.setClipRect(right)
        painter.fillRect(right, self._ground())
        self._paint_sheet(painter, other)
        painter.restore()
        painter.setPen(QPen(QColor(20, 20, 20), 4))
        painter.drawLine(QPointF(line, 0), QPointF(line, self.height()))
        painter.setPen(QPen(QColor(250, 250, 250), 2))
        painter.drawLine(QPointF(line, 0), QPointF(line, self.height()))
        furniture.paint_title(painter, left, self.sheet.title, align=Qt.AlignmentFlag.AlignRight)
        furniture.paint_title(painter, right, other.title)

    def _paint_region(self, painter: QPainter) -> None:
        region = self.sheet.overlay.provisional_region
        assert region is not None
        painter.setPen(QPen(furniture.INK, 1, Qt.PenStyle.DotLine))
        painter.drawRect(self._view.screen_rect(*region))

    def _ground(self) -> QColor:
        window = self.palette().window().color()
        return window.darker(108) if window.lightness() > 127 else window.darker(130)

    def _swipe_x(self) -> float:
        return float(round(self.swipe_at * self.width()))

    # Mouse and keys

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        turned = event.angleDelta().y() / 120
        if turned:
            self.zoom(WHEEL_STEP**turned, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        at = event.position()
        if event.button() == Button.MiddleButton or (event.button() == Button.LeftButton and self._space):
            self._dragged_from = at
            self.refresh_cursor()
        elif event.button() == Button.LeftButton and self.swiped is not None and abs(at.x() - self._swipe_x()) <= HANDLE_REACH:
            self._dragging_swipe = True
        elif event.button() == Button.LeftButton and self.hand is not None and self.shape is not None:
            self.hand.press(at, event)
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        at = event.position()
        if self._dragged_from is not None and self.shape is not None:
            self.set_view(self._view.panned(at - self._dragged_from, self.shape))
            self._dragged_from = at
        elif self._dragging_swipe:
            self.swipe_at = min(max(at.x() / self.width(), 0.02), 0.98)
            self.update()
        elif self.hand is not None and self.shape is not None:
            self.hand.move(at, event)
        self.refresh_cursor()
        self.hovered.emit(at)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if self._dragged_from is not None and event.button() in (Button.MiddleButton, Button.LeftButton):
            self._dragged_from = None
            self.refresh_cursor()
        elif self._dragging_swipe:
            self._dragging_swipe = False
        elif event.button() == Button.LeftButton and self.hand is not None and self.shape is not None:
            self.hand.release(event.position(), event)
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if event.button() == Button.LeftButton and self.hand is not None and self.shape is not None:
            self.hand.double_click(event.position(), event)
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if self.hand is not None and self.hand.key(event):
            self.update()
            return
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier, Qt.KeyboardModifier.ShiftModifier)
        if plain and self._view_key(event):
            return
        super().keyPressEvent(event)

    def _view_key(self, event: QKeyEvent) -> bool:
        key = event.key()
        match key:
            case Qt.Key.Key_Space | Qt.Key.Key_H:
                if not event.isAutoRepeat():
                    self._hold(key, down=True)
            case Qt.Key.Key_0:
                self.fit()
            case Qt.Key.Key_1:
                self.one_to_one()
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.zoom(KEY_STEP)
            case Qt.Key.Key_Minus:
                self.zoom(1 / KEY_STEP)
            case Qt.Key.Key_Left | Qt.Key.Key_Right | Qt.Key.Key_Up | Qt.Key.Key_Down:
                self._step(key)
            case _:
                return False
        return True

    def _step(self, key: int) -> None:
        step = 0.1 * min(self.width(), self.height())
        way = {Qt.Key.Key_Left: (1, 0), Qt.Key.Key_Right: (-1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}[Qt.Key(key)]
        if self.shape is not None:
            self.set_view(self._view.panned(QPointF(*way) * step, self.shape))

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_H):
            if not event.isAutoRepeat():
                self._hold(event.key(), down=False)
            return
        super().keyReleaseEvent(event)

    def _hold(self, key: int, *, down: bool) -> None:
        if key == Qt.Key.Key_H:
            self.h_held.emit(down)
        else:
            self._space = down
            self.refresh_cursor()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and self._wants(event):
            event.accept()
            return True
        # A key released elsewhere is never reported here.
        if event.type() in (QEvent.Type.FocusOut, QEvent.Type.WindowDeactivate):
            self._space = False
            self._dragged_from = None
            self._dragging_swipe = False
            self.refresh_cursor()
            self.h_held.emit(False)
        elif event.type() == QEvent.Type.Leave:
            self.hovered.emit(None)
        return super().event(event)

    def _wants(self, event: QKeyEvent) -> bool:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_H):
            return event.modifiers() == Qt.KeyboardModifier.NoModifier
        return self.hand is not None and self.hand.wants(event.key())

    def refresh_cursor(self) -> None:
        if self._dragged_from is not None:
            shape = Qt.CursorShape.ClosedHandCursor
        elif self._space:
            shape = Qt.CursorShape.OpenHandCursor
        elif self._dragging_swipe or (self.swiped is not None and self._is_over_swipe()):
            shape = Qt.CursorShape.SplitHCursor
        else:
            shape = self.hand.cursor if self.hand is not None and self.shape is not None else Qt.CursorShape.ArrowCursor
        if self.cursor().shape() != shape:
            self.setCursor(shape)

    def _is_over_swipe(self) -> bool:
        return abs(self.mapFromGlobal(QCursor.pos()).x() - self._swipe_x()) <= HANDLE_REACH


def linked(view: View, other: View) -> View:
    """Return a view of the same point at the same zoom in the other's size."""
    return replace(view, width=other.width, height=other.height)
