"""The distribution plot on paper, on the clipboard and as a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lycurgus.core.fits import LABELS
from lycurgus.exporters.text import Value, tidy
from lycurgus.ui.panels.distribution_data import Picture
from lycurgus.ui.panels.distribution_plot import DistributionPlot
from lycurgus.ui.panels.distribution_statistics import statistics_lines
from lycurgus.ui.panels.distribution_style import PRINT

TICK_POINTS = 9.0


def printable(picture: Picture) -> DistributionPlot:
    """Make the plot dark on white, whatever the theme, with its main numbers above; it is not to be shown."""
    plot = DistributionPlot(PRINT)
    plot.set_text_size(TICK_POINTS)
    plot.show_picture(picture)
    plot.set_caption(caption(picture))
    return plot


def caption(picture: Picture) -> str:
    """Return the main numbers in one line: "n = 312, mean ± SD 10.13 ± 2.31 nm, ..."."""
    lines = {line.name: line.text for line in statistics_lines(picture.population, picture.weighting)}
    return f"n = {lines['n']},  mean ± SD {lines['Mean ± SD']},  median {lines['Median']}"


def data_table(picture: Picture) -> tuple[list[str], list[Sequence[Value]]]:
    """Return what is drawn as a table: a row a bar, with the fits at its middle.

    Returns
    -------
    Header and rows. Heights of fits are in the unit of the bars.
    """
    population = picture.population
    stem = population.descriptor.name
    unit = population.statistics.unit.replace("²", "2")
    suffix = f"_{unit}" if unit else ""
    height = "volume_percent" if picture.weighting == "volume" else "weighted_count"
    header = [f"{stem}_from{suffix}", f"{stem}_to{suffix}", "count", height, "cumulative_percent"]
    header += [f"{height} {series.name}" for series in picture.series]
    header += [f"fit {LABELS[curve.name].lower()}" for curve in picture.curves]
    cumulative = 100 * picture.heights.cumsum() / (picture.heights.sum() or 1.0)
    rows: list[Sequence[Value]] = []
    for k, (low, high) in enumerate(zip(picture.edges[:-1], picture.edges[1:], strict=True)):
        middle = (low * high) ** 0.5 if picture.log else (low + high) / 2
        rows.append(
            [
                *(float(low), float(high), int(picture.counts[k]), float(picture.heights[k]), float(cumulative[k])),
                *(float(series.heights[k]) for series in picture.series),
                *(float(np.interp(middle, curve.x, curve.y)) for curve in picture.curves),
            ]
        )
    return header, rows


def data_text(picture: Picture) -> str:
    """Return the same as tab-separated text."""
    header, rows = data_table(picture)
    cells = [header, *([tidy(float(value)) if isinstance(value, int | float) else str(value) for value in row] for row in rows)]
    return "\n".join("\t".join(row) for row in cells) + "\n"
