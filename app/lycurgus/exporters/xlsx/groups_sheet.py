"""The sheet with one row a group, where the sample was divided."""

from __future__ import annotations

from openpyxl import Workbook

from lycurgus.exporters.base import Group, Report
from lycurgus.exporters.groups import GROUP_COLUMNS, GroupColumn
from lycurgus.exporters.text import Value
from lycurgus.exporters.xlsx import styles
from lycurgus.exporters.xlsx.cells import page, put, set_widths

_WIDE = {"group": 34.0, "descriptor": 24.0, "warnings": 60.0}


def add_groups(workbook: Workbook, report: Report) -> None:
    """Add "Groups", if there are any."""
    if not report.groups:
        return
    sheet = workbook.create_sheet("Groups")
    for index, column in enumerate(GROUP_COLUMNS, start=1):
        put(sheet, 1, index, column.label, styles.HEADER)
    sheet.row_dimensions[1].height = 40
    for number, group in enumerate(report.groups, start=2):
        for index, column in enumerate(GROUP_COLUMNS, start=1):
            value = group.summary.main.label if column.name == "descriptor" else column.value(group)
            put(sheet, number, index, value, styles.BODY_WRAPPED, _number_format(column, value, group))
    note = len(report.groups) + 3
    confidence, precision = report.groups[0].summary.confidence, report.groups[0].summary.precision
    put(sheet, note, 1, f"Limits of the mean: {confidence:.0%} confidence. n needed: for ±{precision:.0%} of the mean.", styles.NOTE)
    set_widths(sheet, [_WIDE.get(column.name, 11.5) for column in GROUP_COLUMNS])
    sheet.freeze_panes = "B2"
    page(sheet, header_row=1, pages_wide=2)


def _number_format(column: GroupColumn, value: Value, group: Group) -> str:
    if column.has_unit and isinstance(value, float):
        return styles.decimals_format(group.summary.main.mean)
    return "0.000" if isinstance(value, float) else "#,##0"
