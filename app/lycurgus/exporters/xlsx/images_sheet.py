"""The sheet with one row an image, small pictures where the images are few, and the sheet of what never became a particle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from lycurgus.exporters.base import MOST_PICTURES, Report
from lycurgus.exporters.image_columns import DETECTION_COLUMNS, ImageColumn, image_columns, image_rows
from lycurgus.exporters.text import Value
from lycurgus.exporters.xlsx import styles
from lycurgus.exporters.xlsx.cells import height_of, page, put, put_table, set_widths
from lycurgus.exporters.xlsx.pictures import place

PICTURE_PX = 130
_WIDE = {
    "image": 34.0,
    "error": 40.0,
    "removed": 26.0,
    "warnings": 44.0,
    "analysed_at": 25.0,
    "params_digest": 66.0,
    "sha256": 66.0,
    "signal": 12.0,
    "taken_away": 13.5,
}
_DIGESTS = frozenset({"params_digest", "sha256"})
_FORMATS = {
    "threshold": "0.###",
    "density_per_um2": "#,##0.0",
    "covered_fraction": "0.0 %",
    "time_s": "0.00",
}


def add_images(workbook: Workbook, report: Report) -> None:
    """Add "Images"."""
    sheet = workbook.create_sheet("Images")
    pictured = 0 < len(report.entries) <= MOST_PICTURES and any(entry.thumbnail is not None for entry in report.entries)
    table = list(image_rows(report))
    columns = _columns(report, table)
    shift = 1 if pictured else 0
    if pictured:
        put(sheet, 1, 1, "Overlay", styles.HEADER)
    for index, column in enumerate(columns, start=1 + shift):
        put(sheet, 1, index, column.heading, styles.HEADER)
    sheet.row_dimensions[1].height = 40
    rows = [(row, styles.BODY_WRAPPED if row["error"] is None else styles.FAILURE) for row in table]
    for number, (values, style) in enumerate(rows, start=2):
        for index, column in enumerate(columns, start=1 + shift):
            own_style = styles.BODY if column.name in _DIGESTS and style is not styles.FAILURE else style
            put(sheet, number, index, values[column.name], own_style, _number_format(column, values[column.name]))
    widths = [_WIDE.get(column.name, 11.5) for column in columns]
    if pictured:
        wrapped = [(column.name, width) for column, width in zip(columns, widths, strict=True) if column.name not in _DIGESTS]
        for number, (entry, (values, _)) in enumerate(zip(report.entries, rows, strict=False), start=2):
            text = height_of([values[name] for name, _ in wrapped], [width for _, width in wrapped])
            sheet.row_dimensions[number].height = max((PICTURE_PX + 10) * 0.75, text)
            if entry.thumbnail is not None:
                place(sheet, f"A{number}", entry.thumbnail, longest_px=PICTURE_PX)
    set_widths(sheet, [*([19.5] if pictured else []), *widths])
    sheet.freeze_panes = f"{get_column_letter(2 + shift)}2"
    sheet.auto_filter.ref = f"{get_column_letter(1 + shift)}1:{get_column_letter(len(columns) + shift)}{len(rows) + 1}"
    page(sheet, header_row=1, pages_wide=2)


def add_removed(workbook: Workbook, report: Report) -> None:
    """Add "Removed": how many regions of each image never became particles, by reason."""
    sheet = workbook.create_sheet("Removed")
    widths = (44, 44, 12)
    counts = [(entry.image, reason, count) for entry in report.entries for reason, count in entry.result.removed.items()]
    put_table(sheet, 1, ("Image", "Reason", "Regions"), counts, widths)
    if not counts:
        put(sheet, 2, 1, "No region was removed.", styles.NOTE)
    set_widths(sheet, widths)
    sheet.freeze_panes = "A2"
    page(sheet, header_row=1)


def _columns(report: Report, table: Sequence[Mapping[str, Value]]) -> list[ImageColumn]:
    """The columns of images.csv less those that would be empty.

    These are diameters in the unit that is not used, errors without failures, and what no detector of the report says.
    """
    calibrations = {entry.result.micrograph.pixel_size is not None for entry in report.entries}
    columns = image_columns(report)
    dropped = set() if report.failures else {"error"}
    dropped |= {name for name in DETECTION_COLUMNS if all(row[name] is None for row in table)}
    if calibrations == {True}:
        dropped |= {column.name for column in columns if column.name.startswith("equivalent_diameter") and column.unit == "px"}
    elif calibrations == {False}:
        dropped |= {column.name for column in columns if column.unit in ("nm", "µm⁻²")} | {"pixel_size_source"}
    return [column for column in columns if column.name not in dropped]


def _number_format(column: ImageColumn, value: Value) -> str:
    if column.name.startswith(("equivalent_diameter", "pixel_size")) and isinstance(value, float):
        return styles.decimals_format(value)
    return _FORMATS.get(column.name, "General")
