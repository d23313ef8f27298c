"""Long tables: rows that go into the saved workbook as text, because openpyxl needs forty times as long for a cell.

openpyxl writes the workbook with the header rows; the rows below them are then set into the sheets' XML while the file is packed
anew. Memory does not grow with the table.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from shutil import copyfileobj
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from lycurgus.exporters.text import Value
from lycurgus.exporters.xlsx.cells import cell_text

MOST_ROWS = 1_048_576
"""Rows that Excel takes on a sheet."""
_PIECE_ROWS = 2000

StyledRow = tuple[Sequence[Value], Sequence[int]]
"""Values, and the number of each one's style in the workbook."""


@dataclass(frozen=True)
class LongTable:
    """Rows to be set below the header of a sheet, which has nothing below it yet."""

    sheet: Worksheet
    n_rows: int
    rows: Iterable[StyledRow]


def save(workbook: Workbook, path: Path, tables: Sequence[LongTable]) -> None:
    """Save a workbook with its long tables."""
    with tempfile.TemporaryFile(dir=path.parent) as draft:
        workbook.save(draft)
        by_member = {table.sheet.path.lstrip("/"): table for table in tables}
        with zipfile.ZipFile(draft) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as target:
            for item in source.infolist():
                with source.open(item) as old, target.open(item.filename, "w", force_zip64=True) as new:
                    if item.filename in by_member:
                        new.writelines(piece.encode() for piece in _filled(old.read().decode(), by_member[item.filename]))
                    else:
                        copyfileobj(old, new)


def _filled(xml: str, table: LongTable) -> Iterator[str]:
    """Set the rows into the XML of a sheet that openpyxl wrote."""
    header_rows = table.sheet.max_row
    before, end, after = xml.partition("</sheetData>")
    if not end:
        raise ValueError("the sheet has no header")
    old, new = table.sheet.dimensions, f"A1:{get_column_letter(table.sheet.max_column)}{header_rows + table.n_rows}"
    yield before.replace(f'<dimension ref="{old}"', f'<dimension ref="{new}"', 1)
    letters = [get_column_letter(column) for column in range(1, table.sheet.max_column + 1)]
    piece = []
    for number, (values, style_ids) in enumerate(table.rows, start=header_rows + 1):
        cells = "".join(_cell(f"{letter}{number}", value, style) for letter, value, style in zip(letters, values, style_ids, strict=True))
        piece.append(f'<row r="{number}">{cells}</row>')
        if len(piece) == _PIECE_ROWS:
            yield "".join(piece)
            piece.clear()
    yield "".join(piece)
    yield end + after


def _cell(reference: str, value: Value, style: int) -> str:
    if isinstance(value, str) and value:
        return f'<c r="{reference}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{_escaped(value)}</t></is></c>'
    if value is None or value == "" or (isinstance(value, float) and not isfinite(value)):
        return f'<c r="{reference}" s="{style}"/>'
    return (
        f'<c r="{reference}" s="{style}"><v>{float(value)!r}</v></c>'
        if isinstance(value, float)
        else (f'<c r="{reference}" s="{style}"><v>{int(value)}</v></c>')
    )


def _escaped(text: str) -> str:
    # A lone carriage return would come back as a line feed from any XML parser.
    return escape(cell_text(text), {"\r": "&#13;"})
