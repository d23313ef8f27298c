"""The legend below the plot: samples of lines and bars with their names, in as many rows as the width asks for."""

from __future__ import annotations

from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

SAMPLE_WIDTH = 20.0
GAP = 6.0
BETWEEN = 18.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A line, or with a fill a bar, and its name."""

    name: str
    pen: QPen
    fill: QBrush | None = None
    hatch: QBrush | None = None


class Legend(pg.GraphicsWidget):  # type: ignore[misc]
    """Entries side by side, rows centred; asks of its layout the height that they need, and no width."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: tuple[Entry, ...] = ()
        self._rows: list[list[Entry]] = []
        self._font, self._colour = QFont(), QColor()
        self.setMinimumWidth(0)
        self.setFixedHeight(0)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(entry.name for entry in self._entries)

    def set_look(self, font: QFont, colour: QColor) -> None:
        self._font, self._colour = font, colour
        self.update()

    def set_entries(self, entries: tuple[Entry, ...], width: float) -> None:
        """Replace the entries and arrange them for a width."""
        self._entries = entries
        self.arrange(width)

    def arrange(self, width: float) -> None:
        """Break the rows anew."""
        rows: list[list[Entry]] = []
        taken = width
        for entry in self._entries:
            own = self._width_of(entry)
            if not rows or taken + BETWEEN + own > width:
                rows.append([])
                taken = -BETWEEN
            rows[-1].append(entry)
            taken += BETWEEN + own
        self._rows = rows
        self.setFixedHeight(len(rows) * self._row_height)
        self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:  # noqa: ARG002
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._font)
        height = self._row_height
        for number, row in enumerate(self._rows):
            whole = sum(map(self._width_of, row)) + BETWEEN * (len(row) - 1)
            x = max(0.0, (self.size().width() - whole) / 2)
            for entry in row:
                self._draw(painter, entry, QRectF(x, number * height, self._width_of(entry), height))
                x += self._width_of(entry) + BETWEEN

    def _draw(self, painter: QPainter, entry: Entry, box: QRectF) -> None:
        middle = box.center().y()
        painter.setPen(entry.pen)
        if entry.fill is None:
            painter.drawLine(QPointF(box.left(), middle), QPointF(box.left() + SAMPLE_WIDTH, middle))
        else:
            sample = QRectF(box.left(), middle - 5, SAMPLE_WIDTH, 10)
            painter.fillRect(sample, entry.fill)
            painter.setBrush(entry.hatch or QBrush())
            painter.drawRect(sample)
            painter.setBrush(QBrush())
        painter.setPen(self._colour)
        painter.drawText(box.adjusted(SAMPLE_WIDTH + GAP, 0, 1, 0), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, entry.name)

    @property
    def _row_height(self) -> float:
        return QFontMetricsF(self._font).height() + 2

    def _width_of(self, entry: Entry) -> float:
        return SAMPLE_WIDTH + GAP + QFontMetricsF(self._font).horizontalAdvance(entry.name)
