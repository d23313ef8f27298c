"""Cells, widths and pages: what every sheet of the workbook is laid out with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import ceil, isfinite

from openpyxl.cell import Cell
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from lycurgus.exporters.text import Value, clean
from lycurgus.exporters.xlsx import styles
from lycurgus.exporters.xlsx.styles import Style

LONGEST_TEXT = 32_767
"""Characters that Excel takes in a cell."""
LINE_POINTS = 13.5
_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{1,4}_)")


def cell_text(text: str) -> str:
    """Return what a cell can hold of a text: no characters that XML forbids, no more than Excel takes.

    "_x0041_" stands for "A" in a workbook, so that an underscore that begins such a group is written as "_x005F_".
    """
    text = _ESCAPED.sub("_x005F_", clean(text))
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def put(sheet: Worksheet, row: int, column: int, value: Value, style: Style = styles.BODY, number_format: str | None = None) -> Cell:
    """Write a value; texts stay texts whatever they begin with, and what is unknown stays empty."""
    cell = sheet.cell(row, column)
    assert isinstance(cell, Cell), "merged away"
    if isinstance(value, str):
        cell.value = cell_text(value)
        # openpyxl takes "=..." for a formula and "#N/A" for an error; neither may come from a file's name.
        cell.data_type = "s"
    elif not (value is None or (isinstance(value, float) and not isfinite(value))):
        cell.value = value
    apply(cell, style, number_format, is_text=isinstance(value, str))
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@")):
        cell.quotePrefix = True
    return cell


def apply(cell: Cell, style: Style, number_format: str | None = None, *, is_text: bool = False) -> None:
    """Give a cell its looks."""
    cell.font = style.font
    if style.fill is not None:
        cell.fill = style.fill
    alignment = (style.text_alignment if is_text else None) or style.alignment
    if alignment is not None:
        cell.alignment = alignment
    if style.border is not None:
        cell.border = style.border
    if number_format is not None:
        cell.number_format = number_format


def put_across(sheet: Worksheet, row: int, columns: tuple[int, int], value: Value, style: Style, *, chars: int | None = None) -> None:
    """Write a value over merged columns; with ``chars`` a line, the row grows with the text."""
    first, last = columns
    for column in range(first, last + 1):
        put(sheet, row, column, None, style)
    put(sheet, row, first, value, style)
    sheet.merge_cells(start_row=row, end_row=row, start_column=first, end_column=last)
    if chars is not None:
        sheet.row_dimensions[row].height = lines_of(str(value), chars) * LINE_POINTS + 3


def put_row(sheet: Worksheet, row: int, values: Sequence[Value], widths: Sequence[float], style: Style = styles.BODY_WRAPPED) -> None:
    """Write a row whose texts wrap, as high as its longest text."""
    for column, value in enumerate(values, start=1):
        put(sheet, row, column, value, style)
    sheet.row_dimensions[row].height = height_of(values, widths)


def height_of(values: Sequence[Value], widths: Sequence[float]) -> float:
    """Return the height of a row, in points, whose texts wrap in columns of these widths."""
    lines = max(lines_of(str(value or ""), max(1, int(width * 1.1) - 1)) for value, width in zip(values, widths, strict=True))
    return lines * LINE_POINTS + 2


def lines_of(text: str, chars: int) -> int:
    """Estimate how many lines a wrapped text takes."""
    return sum(max(1, ceil(len(line) / chars)) for line in text.split("\n")) if text else 1


def set_widths(sheet: Worksheet, widths: Sequence[float]) -> None:
    """Set the widths of the first columns, in characters."""
    for index, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = width


def put_table(sheet: Worksheet, top: int, headings: Sequence[str], rows: Sequence[Sequence[Value]], widths: Sequence[float]) -> int:
    """Write a small table whose texts wrap, and return the row below it."""
    for column, heading in enumerate(headings, start=1):
        put(sheet, top, column, heading, styles.HEADER)
    sheet.row_dimensions[top].height = 24
    for offset, values in enumerate(rows, start=1):
        put_row(sheet, top + offset, values, widths)
    return top + len(rows) + 1


def page(sheet: Worksheet, *, header_row: int | None = None, one_page: bool = False, pages_wide: int = 1) -> None:
    """Set a sheet up for the printer: A4, landscape unless it is one page, ``pages_wide`` pages wide, the header on every page."""
    sheet.page_setup.orientation = "portrait" if one_page else "landscape"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToWidth = pages_wide
    sheet.page_setup.fitToHeight = 1 if one_page else 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_options.horizontalCentered = True
    margins = sheet.page_margins
    margins.left = margins.right = 0.4
    margins.top, margins.bottom = 0.5, 0.6
    sheet.oddFooter = HeaderFooterItem(
        left=_HeaderFooterPart("Lycurgus · &A", size=8), center=_HeaderFooterPart(), right=_HeaderFooterPart("&P/&N", size=8)
    )
    sheet.sheet_view.showGridLines = False
    if header_row is not None:
        sheet.print_title_rows = f"{header_row}:{header_row}"
