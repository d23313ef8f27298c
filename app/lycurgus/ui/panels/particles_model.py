"""The particle table as Qt sees it: 5,000 rows without an object for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QItemSelection, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QPalette

from lycurgus.core.types import Particle
from lycurgus.exporters.palette import SKY_BLUE
from lycurgus.exporters.text import csv_cell, inert_image_name, tidy
from lycurgus.ui.panels.particles_columns import EDITED_FLAGS, TableColumn
from lycurgus.ui.panels.particles_table import ParticleTable, Rows
from lycurgus.ui.store import Document

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole

TINT_EDITED = QColor(*SKY_BLUE, 40)
TINT_EXCLUDED = QColor(128, 128, 128, 34)
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_CENTRE = Qt.AlignmentFlag.AlignCenter


class ParticleModel(QAbstractTableModel):
    """Shows rows of a ``ParticleTable`` in a given order."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._table = ParticleTable((), images=False)
        self._rows: Rows = np.zeros(0, dtype=np.intp)
        self._columns: tuple[TableColumn, ...] = ()
        self._greyed = QColor()

    @property
    def table(self) -> ParticleTable:
        return self._table

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        return self._columns

    def show(self, table: ParticleTable, rows: Rows, columns: Sequence[TableColumn]) -> None:
        """Replace everything."""
        self.beginResetModel()
        self._table, self._rows, self._columns = table, rows, tuple(columns)
        self.endResetModel()

    def set_palette(self, palette: QPalette) -> None:
        """Take the grey of excluded particles from the theme."""
        self._greyed = palette.color(QPalette.ColorRole.PlaceholderText)

    def particle(self, row: int) -> Particle:
        return self._table.particles[int(self._rows[row])]

    def document(self, row: int) -> Document:
        return self._table.document(int(self._rows[row]))

    def rows_of(self, document: Document, ids: frozenset[int]) -> list[int]:
        """Return where particles of an image stand, ascending; what the filter hides is left out."""
        if not ids or document not in self._table.documents:
            return []
        place = self._table.documents.index(document)
        numbers = self._table.ids[self._rows]
        wanted = np.isin(numbers, np.fromiter(ids, np.float64)) & (self._table.owners[self._rows] == place)
        rows: list[int] = np.flatnonzero(wanted).tolist()
        return rows

    def selection_of(self, rows: Sequence[int]) -> QItemSelection:
        """Return a selection of whole rows (ascending) in as few ranges as there are."""
        selection = QItemSelection()
        last = self.columnCount() - 1
        for run in np.split(np.array(rows, dtype=np.intp), np.flatnonzero(np.diff(rows) > 1) + 1):
            if run.size:
                selection.select(self.index(int(run[0]), 0), self.index(int(run[-1]), last))
        return selection

    def as_text(self, rows: Iterable[int]) -> str:
        """Write rows as tab-separated text with headings and full precision, as a spreadsheet takes it."""
        columns = [column for column in self._columns if column.name != "state"]
        sources = self._rows[np.fromiter(rows, np.intp)].tolist()
        cells = [[column.heading, *(_pasted(column, self._table.cell(column, source)) for source in sources)] for column in columns]
        return "\n".join(map("\t".join, zip(*cells, strict=True))) + "\n"

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's signature
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        column, source = self._columns[index.column()], int(self._rows[index.row()])
        if role == Role.DisplayRole:
            return column.shown(self._table.cell(column, source))
        if role == Role.TextAlignmentRole:
            return _alignment(column)
        particle = self._table.particles[source]
        if role == Role.BackgroundRole:
            if particle.excluded is not None:
                return TINT_EXCLUDED
            return TINT_EDITED if particle.flags & EDITED_FLAGS else None
        if role == Role.ForegroundRole:
            return self._greyed if particle.excluded is not None else None
        if role == Role.ToolTipRole:
            return self._tooltip(column, source)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:  # noqa: N802
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self._columns):
            return None
        column = self._columns[section]
        if role == Role.DisplayRole:
            return column.heading
        if role == Role.ToolTipRole:
            return f"{column.meaning}\nRight click to choose columns"
        return _alignment(column) if role == Role.TextAlignmentRole else None

    def _tooltip(self, column: TableColumn, source: int) -> str | None:
        particle = self._table.particles[source]
        if column.name == "image":
            return str(self._table.document(source).path)
        if column.name == "state":
            said = [f"left out: {particle.excluded}"] if particle.excluded is not None else []
            return "; ".join([*said, *(["corrected by hand"] if particle.flags & EDITED_FLAGS else [])]) or None
        return str(self._table.cell(column, source)) if column.is_text else None


def _alignment(column: TableColumn) -> Qt.AlignmentFlag:
    if column.name == "state":
        return _CENTRE
    return _LEFT if column.is_text else _RIGHT


def _pasted(column: TableColumn, value: float | str) -> str:
    if isinstance(value, float):
        return tidy(value)
    text = inert_image_name(value) if column.name == "image" else csv_cell(value)
    return " ".join(text.split())
