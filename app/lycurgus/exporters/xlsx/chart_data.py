"""The tables behind the charts, on a sheet of their own so that anybody can draw them again."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from lycurgus.core.fits import LABELS, cumulative
from lycurgus.core.summary import Fit, PopulationStatistics
from lycurgus.exporters.xlsx import styles
from lycurgus.exporters.xlsx.cells import page, put, put_across, set_widths

TITLE = "Chart data"
TOP = 3
"""Row of the headings; the data begin below."""
CUMULATIVE_POINTS = 101

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ChartData:
    """Where the charts find their numbers: columns of ``sheet``, from row TOP + 1 on.

    Attributes
    ----------
    n_bins, n_points : rows of the histogram and of the cumulative curve.
    centre, bars, curve : columns of the histogram; curve is None without a fit.
    size, measured, fitted : columns of the cumulative curve.
    weighted : whether the bars are corrected for the border.
    """

    sheet: Worksheet
    statistics: PopulationStatistics
    fit: Fit | None
    n_bins: int
    n_points: int
    weighted: bool
    centre: int = 3
    bars: int = 5
    size: int = 8

    @property
    def curve(self) -> int | None:
        return 6 if self.fit else None

    @property
    def measured(self) -> int:
        return self.size + 1

    @property
    def fitted(self) -> int | None:
        return self.size + 2 if self.fit else None


def add_chart_data(workbook: Workbook, statistics: PopulationStatistics) -> ChartData:
    """Add "Chart data" for a population of at least one particle."""
    sheet = workbook.create_sheet(TITLE)
    fit = next((fit for fit in statistics.fits if fit.name == statistics.best_fit), None)
    unit = f" ({statistics.unit})" if statistics.unit else ""
    histogram = statistics.histogram
    edges = histogram.edges
    corrected = histogram.weighted * (statistics.n / histogram.weighted.sum())
    columns: dict[str, NDArray[Any]] = {f"From{unit}": edges[:-1], f"To{unit}": edges[1:], f"Centre{unit}": (edges[:-1] + edges[1:]) / 2}
    columns |= {"Particles": histogram.counts, "Particles, border-corrected": corrected}
    if fit:
        share = cumulative(fit, edges, statistics.values, statistics.weights)
        columns[f"{LABELS[fit.name]} fit, particles"] = np.diff(share) * statistics.n
    _write_columns(sheet, 1, columns, _decimals(edges[1] - edges[0]))

    sizes, measured = _steps(statistics)
    curves: dict[str, NDArray[Any]] = {f"{statistics.label}{unit}": sizes, "Measured (%)": 100 * measured}
    if fit:
        curves[f"{LABELS[fit.name]} fit (%)"] = 100 * cumulative(fit, sizes, statistics.values, statistics.weights)
    _write_columns(sheet, 8, curves, _decimals(edges[1] - edges[0]))

    put_across(sheet, 1, (1, 6), f"Histogram: {statistics.label}", styles.SECTION)
    put_across(sheet, 1, (8, 10), "Cumulative share by number", styles.SECTION)
    sheet.row_dimensions[TOP].height = 42
    set_widths(sheet, (11, 11, 11, 11, 15, 15, 4, 18, 14, 14))
    sheet.freeze_panes = f"A{TOP + 1}"
    page(sheet, header_row=TOP)
    weighted = not np.allclose(corrected, histogram.counts, rtol=1e-6, atol=1e-9)
    return ChartData(sheet, statistics, fit, len(histogram.counts), len(sizes), weighted)


def _steps(statistics: PopulationStatistics) -> tuple[Floats, Floats]:
    """Sample the cumulative share, weighted for the border, at sizes from edge to edge of the histogram."""
    edges = statistics.histogram.edges
    sizes = np.linspace(edges[0], edges[-1], CUMULATIVE_POINTS)
    order = np.argsort(statistics.values)
    share = np.concatenate([[0.0], np.cumsum(statistics.weights[order])])
    return sizes, share[np.searchsorted(statistics.values[order], sizes, side="right")] / share[-1]


def _write_columns(sheet: Worksheet, first: int, columns: dict[str, NDArray[Any]], size_format: str) -> None:
    """Write columns below their headings; those that count particles or shares have formats of their own."""
    for column, (heading, values) in enumerate(columns.items(), start=first):
        put(sheet, TOP, column, heading, styles.HEADER)
        form = "0" if heading == "Particles" else "0.00" if "article" in heading or "%" in heading else size_format
        for row, value in enumerate(values.tolist(), start=TOP + 1):
            put(sheet, row, column, value, styles.BODY, form)


def _decimals(step: float) -> str:
    """Return a number format that shows a hundredth of a step."""
    return "0." + "0" * max(1, 2 - floor(log10(step)))
