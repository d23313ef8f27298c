"""The sheets with one row a particle: all of them, and those that are left out of statistics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from math import log10

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from lycurgus.core.types import Particle
from lycurgus.exporters.base import Report, ReportEntry
from lycurgus.exporters.columns import ParticleColumn, is_calibrated, joined_flags, particle_columns
from lycurgus.exporters.imagej_columns import imagej_columns
from lycurgus.exporters.xlsx import styles
from lycurgus.exporters.xlsx.cells import apply, page, put, set_widths
from lycurgus.exporters.xlsx.rows import LongTable, StyledRow

TEXTS = frozenset({"image", "Label", "flags", "excluded", "polarity"})
KEPT_IN_PX = frozenset({"y_px", "x_px", "area_px", "bbox_top_px", "bbox_left_px", "bbox_bottom_px", "bbox_right_px"})
"""Columns that a calibrated workbook keeps in px: where a particle is, and on how many pixels its numbers rest."""
EXCLUDED_HEADINGS = ("Image", "Particle", "Reason", "Flags", "Centroid y (px)", "Centroid x (px)", "Area (px²)", "Touches border")

_WIDTHS = {
    "identity": 9.0,
    "position": 12.0,
    "size": 14.0,
    "shape": 13.5,
    "intensity": 11.0,
    "statistics": 10.0,
    "class": 16.0,
    "remarks": 13.0,
}
_FORMATS = {"px": "0.00", "px²": "#,##0.0", "°": "0.0"}
_OWN_WIDTHS = {"image": 28.0, "Label": 32.0, "flags": 34.0, "excluded": 26.0, "score": 9.0, "polarity": 10.0}


def workbook_columns(report: Report) -> tuple[ParticleColumn, ...]:
    """Return the columns of the workbook's particle table; lengths appear in nm alone where the whole report is calibrated."""
    if report.columns == "imagej":
        return imagej_columns(report)
    columns = particle_columns(report)
    if is_calibrated(report):
        return tuple(column for column in columns if not column.name.endswith("_px") or column.name in KEPT_IN_PX)
    if all(entry.result.micrograph.pixel_size is None for entry in report.entries):
        return tuple(column for column in columns if not column.name.endswith(("_nm", "_nm2")))
    return columns


def add_particles(workbook: Workbook, report: Report, *, rows_per_sheet: int) -> list[LongTable]:
    """Add "Particles", and "Particles 2" ... where one sheet cannot hold them; excluded particles are grey and slanted."""
    columns = workbook_columns(report)
    total = sum(entry.n_particles for entry in report.entries)
    particles = ((entry, particle) for entry in report.entries for particle in entry.particles)
    pixel_sizes = [entry.result.micrograph.pixel_size for entry in report.entries]
    finest = min((size.mean_nm for size in pixel_sizes if size is not None), default=1.0)
    tables = []
    for index, start in enumerate(range(0, max(total, 1), rows_per_sheet)):
        sheet = workbook.create_sheet("Particles" if index == 0 else f"Particles {index + 1}")
        n_rows = min(rows_per_sheet, total - start)
        tables.append(LongTable(sheet, n_rows, _rows(sheet, columns, finest, islice(particles, n_rows))))
        _lay_out(sheet, [column.heading if report.columns != "imagej" else column.name for column in columns], n_rows, pages_wide=3)
        _tint_groups(sheet, columns)
        set_widths(sheet, [_OWN_WIDTHS.get(column.name, _WIDTHS[column.group]) for column in columns])
        sheet.freeze_panes = "C2"
        sheet.print_title_cols = "A:B"
    return tables


def add_excluded(workbook: Workbook, report: Report, *, rows_per_sheet: int) -> list[LongTable]:
    """Add "Excluded": which particle is left out of statistics and why."""
    some = [entry for entry in report.entries if entry.n_counted < entry.n_particles]
    total = sum(entry.n_particles - entry.n_counted for entry in some)
    excluded = ((entry, particle) for entry in some for particle in entry.particles if particle.excluded is not None)
    tables = []
    for index, start in enumerate(range(0, max(total, 1), rows_per_sheet)):
        sheet = workbook.create_sheet("Excluded" if index == 0 else f"Excluded {index + 1}")
        n_rows = min(rows_per_sheet, total - start)
        tables.append(LongTable(sheet, n_rows, _excluded_rows(sheet, islice(excluded, n_rows))))
        _lay_out(sheet, EXCLUDED_HEADINGS, n_rows)
        set_widths(sheet, [34, 9, 34, 34, 12, 12, 12, 10])
        sheet.freeze_panes = "A2"
    return tables


def _rows(
    sheet: Worksheet, columns: Sequence[ParticleColumn], pixel_nm: float, particles: Iterator[tuple[ReportEntry, Particle]]
) -> Iterator[StyledRow]:
    formats = [number_format(column, pixel_nm=pixel_nm) for column in columns]
    texts = [form == "General" for form in formats]
    counted = _style_ids(sheet, styles.BODY, formats, texts)
    excluded = _style_ids(sheet, styles.EXCLUDED, formats, texts)

    def rows() -> Iterator[StyledRow]:
        for entry, particle in particles:
            values = [column.value(entry, particle) for column in columns]
            yield values, counted if particle.excluded is None else excluded

    return rows()


def _excluded_rows(sheet: Worksheet, particles: Iterator[tuple[ReportEntry, Particle]]) -> Iterator[StyledRow]:
    formats = ["General", "0", "General", "General", "0.00", "0.00", "#,##0", "General"]
    ids = _style_ids(sheet, styles.BODY, formats, [form == "General" for form in formats])

    def rows() -> Iterator[StyledRow]:
        for entry, particle in particles:
            measured = particle.measurement
            touches = "yes" if "touches_border" in particle.flags else ""
            flags = joined_flags(particle)
            yield (entry.image, particle.id, particle.excluded, flags, measured.y_px, measured.x_px, measured.area_px, touches), ids

    return rows()


def number_format(column: ParticleColumn, *, pixel_nm: float) -> str:
    """Return how the numbers of a column are shown, lengths to about a hundredth of a pixel; their full precision stays in the cells."""
    if column.name in ("id", " ") or column.name.startswith("bbox_"):
        return "0"
    if column.name == "area_px":
        return "#,##0"
    if column.name in TEXTS or (column.group == "class" and not column.name.endswith("_probability")):
        return "General"
    if column.unit in ("nm", "nm²"):
        return _decimals(pixel_nm / 100 if column.unit == "nm" else pixel_nm**2 / 10)
    by_group = {"shape": "0.000", "intensity": "0.0", "statistics": "0.000", "class": "0.00", "remarks": "0.00"}
    return _FORMATS.get(column.unit) or by_group.get(column.group, "General")


def _decimals(resolution: float) -> str:
    """Return a number format that shows steps of a resolution."""
    decimals = min(6, max(0, round(-log10(resolution))))
    return "0." + "0" * decimals if decimals else "0"


def _style_ids(sheet: Worksheet, style: styles.Style, formats: Sequence[str], texts: Sequence[bool]) -> list[int]:
    """Register a style for each format, of numbers or of texts, with the workbook."""
    ids = []
    for form, is_text in zip(formats, texts, strict=True):
        # A cell of its own for each: openpyxl registers the very object that the cell would go on changing.
        cell = Cell(sheet, row=1, column=1)
        apply(cell, style, form, is_text=is_text)
        ids.append(cell.style_id)
    return ids


def _lay_out(sheet: Worksheet, headings: Sequence[str], n_rows: int, *, pages_wide: int = 1) -> None:
    for column, heading in enumerate(headings, start=1):
        put(sheet, 1, column, heading, styles.HEADER, "General")
    sheet.row_dimensions[1].height = 54
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(headings))}{n_rows + 1}"
    page(sheet, header_row=1, pages_wide=pages_wide)


def _tint_groups(sheet: Worksheet, columns: Sequence[ParticleColumn]) -> None:
    """Let the header's colour change where another kind of column begins."""
    alternate = False
    for index, column in enumerate(columns, start=1):
        alternate ^= index > 1 and column.group != columns[index - 2].group
        if alternate:
            put(sheet, 1, index, sheet.cell(1, index).value, styles.HEADER_ALTERNATE)  # type: ignore[arg-type]
