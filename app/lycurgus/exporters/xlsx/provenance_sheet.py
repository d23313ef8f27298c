"""Where the numbers come from, and what to know before trusting them."""

from __future__ import annotations

from openpyxl import Workbook

from lycurgus import __version__
from lycurgus.exporters.base import Report
from lycurgus.exporters.text import Value
from lycurgus.exporters.xlsx import styles
from lycurgus.exporters.xlsx.cells import page, put, put_across, put_row, put_table, set_widths

WARNINGS_WIDTHS = (14, 44, 110)
PROVENANCE_WIDTHS = (36, 27, 12, 26, 10, 68, 68)


def add_provenance(workbook: Workbook, report: Report) -> None:
    """Add "Provenance": programme, models, and for every image when and with what it was analysed."""
    sheet = workbook.create_sheet("Provenance")
    put_across(sheet, 1, (1, 7), "Provenance", styles.SECTION)
    results = [entry.result for entry in report.entries]
    facts: list[tuple[str, Value]] = [
        ("Programme", f"Lycurgus {__version__}"),
        ("Analysed with", ", ".join(dict.fromkeys(f"Lycurgus {result.provenance.app_version}" for result in results)) or "—"),
        ("First analysis", min((result.provenance.analysed_at for result in results), default="—")),
        ("Last analysis", max((result.provenance.analysed_at for result in results), default="—")),
        ("Networks ran on", ", ".join(dict.fromkeys(result.provenance.provider for result in results)) or "—"),
        ("Sets of parameters", len({result.provenance.params_digest for result in results})),
        ("Manual edits", sum(result.provenance.manual_edits for result in results)),
    ]
    row = 2
    for label, value in facts:
        put(sheet, row, 1, label, styles.LABEL)
        put(sheet, row, 2, value, styles.FIGURE)
        row += 1
    row += 1
    put_across(sheet, row, (1, 7), "Models", styles.SECTION)
    models = {model.sha256: model for result in results for model in result.provenance.models}
    if models:
        listed = [(model.name, model.version, "", "", "", model.sha256, "") for model in models.values()]
        row = put_table(sheet, row + 1, ("Model", "Version", "", "", "", "sha256", ""), listed, PROVENANCE_WIDTHS) + 1
    else:
        put(sheet, row + 1, 1, "None: classical detection.", styles.NOTE)
        row += 3
    put_across(sheet, row, (1, 7), "Images", styles.SECTION)
    headings = ("Image", "Analysed at", "Provider", "Models", "Edits", "sha256 of the file", "sha256 of the parameters")
    listed_images = [
        (
            entry.image,
            entry.result.provenance.analysed_at,
            entry.result.provenance.provider,
            ", ".join(model.name for model in entry.result.provenance.models) or "—",
            entry.result.provenance.manual_edits,
            entry.result.micrograph.sha256,
            entry.result.provenance.params_digest,
        )
        for entry in report.entries
    ]
    put_table(sheet, row + 1, headings, listed_images, PROVENANCE_WIDTHS)
    set_widths(sheet, PROVENANCE_WIDTHS)
    page(sheet)


def add_warnings(workbook: Workbook, report: Report) -> None:
    """Add "Warnings": failed files, warnings of the sample and of each image."""
    sheet = workbook.create_sheet("Warnings")
    for column, heading in enumerate(("Kind", "Image", "What"), start=1):
        put(sheet, 1, column, heading, styles.HEADER)
    remarks: list[tuple[str, str, str, styles.Style]] = [
        ("failed file", failure.path.name, failure.reason, styles.FAILURE) for failure in report.failures
    ]
    if report.summary:
        remarks += [("sample", "", warning, styles.WARNING) for warning in report.summary.warnings]
    for entry in report.entries:
        remarks += [("image", entry.image, warning, styles.WARNING) for warning in entry.result.warnings]
    for row, (kind, image, text, style) in enumerate(remarks, start=2):
        put_row(sheet, row, (kind, image, text), WARNINGS_WIDTHS, style)
    if not remarks:
        put(sheet, 2, 1, "Nothing to remark.", styles.NOTE)
    set_widths(sheet, WARNINGS_WIDTHS)
    sheet.row_dimensions[1].height = 22
    sheet.freeze_panes = "A2"
    page(sheet, header_row=1)
