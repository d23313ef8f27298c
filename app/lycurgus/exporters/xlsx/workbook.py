"""The workbook put together, sheet by sheet, in the order in which a reader asks."""

from __future__ import annotations

from pathlib import Path

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from lycurgus import __version__
from lycurgus.exporters.atomic import replacing
from lycurgus.exporters.base import Report
from lycurgus.exporters.xlsx import styles
from lycurgus.exporters.xlsx.chart_data import add_chart_data
from lycurgus.exporters.xlsx.definitions import add_definitions
from lycurgus.exporters.xlsx.groups_sheet import add_groups
from lycurgus.exporters.xlsx.images_sheet import add_images, add_removed
from lycurgus.exporters.xlsx.parameters_sheet import add_parameters
from lycurgus.exporters.xlsx.particles_sheet import add_excluded, add_particles
from lycurgus.exporters.xlsx.provenance_sheet import add_provenance, add_warnings
from lycurgus.exporters.xlsx.rows import MOST_ROWS, save
from lycurgus.exporters.xlsx.summary_sheet import fill_summary


class XlsxExporter:
    """report.xlsx.

    Parameters
    ----------
    rows_per_sheet : particles on one sheet before the table goes on on the next.
    """

    name = "xlsx"
    label = "Excel report"

    def __init__(self, *, rows_per_sheet: int = MOST_ROWS - 1) -> None:
        self._rows_per_sheet = rows_per_sheet

    def write(self, report: Report, out: Path) -> tuple[Path, ...]:
        """Write report.xlsx.

        Raises
        ------
        ExportError
            The folder cannot be written.
        """
        target = out / "report.xlsx"
        workbook = _empty_workbook()
        summary_sheet = workbook.active
        assert isinstance(summary_sheet, Worksheet), "a new workbook has a sheet"
        tables = add_particles(workbook, report, rows_per_sheet=self._rows_per_sheet)
        add_images(workbook, report)
        add_groups(workbook, report)
        tables += add_excluded(workbook, report, rows_per_sheet=self._rows_per_sheet)
        add_removed(workbook, report)
        add_definitions(workbook, report)
        add_parameters(workbook, report)
        add_provenance(workbook, report)
        add_warnings(workbook, report)
        drawable = report.summary is not None and report.summary.main.n > 0
        data = add_chart_data(workbook, report.summary.main) if report.summary is not None and drawable else None
        fill_summary(summary_sheet, report, data)
        with replacing(target) as path:
            save(workbook, path, tables)
        return (target,)


def _empty_workbook() -> Workbook:
    workbook = Workbook()
    # Column widths are counted in digits of this font.
    workbook._named_styles["Normal"].font = styles.BODY.font  # type: ignore[attr-defined]
    properties = workbook.properties
    properties.title = "Particle size report"
    properties.subject = "Nanoparticles in electron micrographs"
    properties.creator = f"Lycurgus {__version__}"
    properties.keywords = "particle size distribution, electron microscopy"
    sheet = workbook.active
    assert isinstance(sheet, Worksheet), "a new workbook has a sheet"
    sheet.title = "Summary"
    return workbook
