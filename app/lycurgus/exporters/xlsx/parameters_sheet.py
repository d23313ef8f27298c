"""Every parameter of the analysis, as its model describes it; what differs from the default is marked."""

from __future__ import annotations

from openpyxl import Workbook
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from lycurgus.core.params import AnalysisParams
from lycurgus.exporters.base import Report
from lycurgus.exporters.text import Value
from lycurgus.exporters.xlsx import styles
from lycurgus.exporters.xlsx.cells import page, put, put_across, put_row, set_widths

HEADINGS = ("Stage", "Parameter", "Setting", "Value", "Unit", "Default", "Description")
WIDTHS = (14, 26, 30, 20, 7, 20, 70)


def add_parameters(workbook: Workbook, report: Report) -> None:
    """Add "Parameters": one block for each set of parameters that was used."""
    sheet = workbook.create_sheet("Parameters")
    used: dict[str, tuple[AnalysisParams, int]] = {}
    for entry in report.entries:
        digest = entry.result.provenance.params_digest
        used[digest] = (entry.result.params, used.get(digest, (None, 0))[1] + 1)
    for column, heading in enumerate(HEADINGS, start=1):
        put(sheet, 1, column, heading, styles.HEADER)
    sheet.row_dimensions[1].height = 22
    row = 2
    for digest, (params, n_images) in used.items():
        if len(used) > 1:
            put_across(sheet, row, (1, len(HEADINGS)), f"{n_images} image(s), digest {digest}", styles.SECTION)
            row += 1
        for values, changed in parameter_rows(params):
            put_row(sheet, row, values, WIDTHS, styles.CHANGED if changed else styles.BODY_WRAPPED)
            row += 1
    note = "Highlighted: differs from the default. A setting is changed with --set stage.field=value." if used else "No image was analysed."
    put_across(sheet, row + 1, (1, len(HEADINGS)), note, styles.NOTE)
    set_widths(sheet, WIDTHS)
    sheet.freeze_panes = "A2"
    page(sheet, header_row=1)


def parameter_rows(params: AnalysisParams) -> list[tuple[tuple[Value, ...], bool]]:
    """Return stage, title, name, value, unit, default and description of every parameter, and whether it was changed."""
    rows: list[tuple[tuple[Value, ...], bool]] = []
    for stage in type(params).model_fields:
        model = getattr(params, stage)
        for name, info in type(model).model_fields.items():
            value, default = getattr(model, name), info.default
            has_default = default is not PydanticUndefined
            shown = _shown(default) if has_default else ""
            texts = (stage, info.title or name.capitalize(), f"{stage}.{name}", _shown(value), _unit(info), shown, info.description or "")
            rows.append((texts, bool(has_default and value != default)))
    return rows


def _shown(value: object) -> Value:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "—"
    return value if isinstance(value, int | float | str) else str(value)


def _unit(info: FieldInfo) -> str:
    extra = info.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""
