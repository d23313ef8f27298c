"""The table of images as Qt sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont

from lycurgus.ui.panels.browser_states import LOOKS, tooltip
from lycurgus.ui.panels.sample_rows import SampleRow
from lycurgus.ui.store import Document, ImageState

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter

NO_ROW = SampleRow()


@dataclass(frozen=True, slots=True)
class ImageLine:
    """An image with its state, and its numbers once it is analysed; for a group, and for the total, document is None."""

    document: Document | None
    state: ImageState
    row: SampleRow | None
    group: str = ""

    @property
    def name(self) -> str:
        if self.document is not None:
            return self.document.path.name
        return f"Group {self.group}" if self.group else "Whole sample"


@dataclass(frozen=True, slots=True)
class ImageColumn:
    """A column: its heading, what it sorts by, and the decimals of numbers (None for text)."""

    title: str
    meaning: str
    decimals: int | None
    value: Callable[[ImageLine], str | float]
    is_length: bool = False


def _of_row(field: str) -> Callable[[ImageLine], float]:
    return lambda line: nan if line.row is None else float(getattr(line.row, field))


COLUMNS: tuple[ImageColumn, ...] = (
    ImageColumn("Image", "Name of the file", None, lambda line: line.name),
    ImageColumn("State", "What has happened to the image", None, lambda line: "" if line.document is None else LOOKS[line.state].word),
    ImageColumn("n", "Particles that enter the statistics", 0, _of_row("counted")),
    ImageColumn("Excluded", "Particles left out of the statistics", 0, _of_row("excluded")),
    ImageColumn("Mean", "Mean of the counted particles", 2, _of_row("mean"), is_length=True),
    ImageColumn("Median", "Median of the counted particles", 2, _of_row("median"), is_length=True),
    ImageColumn("SD", "Standard deviation of the counted particles", 2, _of_row("sd"), is_length=True),
    ImageColumn("Pixel size (nm)", "Size of a pixel; – where it is not known, or images differ", 4, _of_row("pixel_nm")),
    ImageColumn(
        "Warnings", "What to know before trusting the image", 0, lambda line: nan if line.row is None else float(len(line.row.warnings))
    ),
)
STATE = 1


class SampleModel(QAbstractTableModel):
    """One row an image in the chosen order, below them the groups, the total last."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: list[ImageLine] = []
        self._sums: list[ImageLine] = []
        self._unit, self._quantity = "", ""
        self._by, self._descending = -1, False
        self._bold = QFont()
        self._bold.setBold(True)

    def show(self, lines: Sequence[ImageLine], groups: Mapping[str, SampleRow], total: SampleRow | None, quantity: str) -> None:
        """Replace everything; quantity is what mean, median and SD are of."""
        self.beginResetModel()
        self._sums = [ImageLine(None, ImageState.DONE, row, name) for name, row in groups.items()]
        self._sums += [] if total is None else [ImageLine(None, ImageState.DONE, total)]
        units = {line.row.unit for line in (lines or self._sums) if line.row is not None and line.row.counted}
        # With images in nm and in px beside each other each cell names its own unit.
        self._unit = units.pop() if len(units) == 1 else ""
        self._quantity = quantity
        self._lines = self._sorted(lines)
        self.endResetModel()

    def line(self, row: int) -> ImageLine | None:
        """Return an image's line, or None for a group and for the total."""
        return self._lines[row] if 0 <= row < len(self._lines) else None

    def row_of(self, document: Document | None) -> int:
        """Return where an image stands, -1 where it does not."""
        return next((row for row, line in enumerate(self._lines) if line.document is document), -1)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._by, self._descending = column, order == Qt.SortOrder.DescendingOrder
        self.beginResetModel()
        self._lines = self._sorted(self._lines)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's signature
        return 0 if parent.isValid() else len(self._lines) + len(self._sums)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's signature
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        line = self._line_at(index.row())
        if line is None:
            return None
        if role == Role.DisplayRole:
            return self._text(COLUMNS[index.column()], line)
        if role == Role.TextAlignmentRole:
            return _LEFT if COLUMNS[index.column()].decimals is None else _RIGHT
        if role == Role.FontRole:
            return self._bold if line.document is None else None
        if role == Role.ForegroundRole:
            return LOOKS[line.state].colour if index.column() == STATE and line.state == ImageState.FAILED else None
        if role == Role.ToolTipRole and line.document is not None:
            return tooltip(line.document, line.state)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:  # noqa: N802
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = COLUMNS[section]
        if role == Role.DisplayRole:
            return f"{column.title} ({self._unit})" if column.is_length and self._unit else column.title
        if role == Role.ToolTipRole:
            return f"{column.meaning}: {self._quantity}" if column.is_length else column.meaning
        if role == Role.TextAlignmentRole:
            return _LEFT if column.decimals is None else _RIGHT
        return None

    def _line_at(self, row: int) -> ImageLine | None:
        below = row - len(self._lines)
        return self._sums[below] if 0 <= below < len(self._sums) else self.line(row)

    def _text(self, column: ImageColumn, line: ImageLine) -> str:
        value = column.value(line)
        if isinstance(value, str):
            return f"{LOOKS[line.state].sign} {value}" if column.title == "State" and value else value
        if not isfinite(value):
            return "" if line.row is None else "–"
        unit = f" {line.row.unit}" if column.is_length and not self._unit and line.row is not None else ""
        return f"{value:,.{column.decimals or 0}f}{unit}"

    def _sorted(self, lines: Sequence[ImageLine]) -> list[ImageLine]:
        if not 0 <= self._by < len(COLUMNS):
            return list(lines)
        value = COLUMNS[self._by].value
        present = [line for line in lines if _exists(value(line))]
        missing = [line for line in lines if not _exists(value(line))]
        return sorted(present, key=lambda line: _key(value(line)), reverse=self._descending) + missing


def _exists(value: str | float) -> bool:
    return isinstance(value, str) or isfinite(value)


def _key(value: str | float) -> tuple[str, float]:
    return (value.casefold(), 0.0) if isinstance(value, str) else ("", value)
