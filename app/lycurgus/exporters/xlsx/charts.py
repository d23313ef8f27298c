"""The two charts of the summary: size histogram with the fitted curve, and cumulative curve."""

from __future__ import annotations

from math import ceil, floor, log10
from typing import Literal

from openpyxl.chart import BarChart, LineChart, Reference, ScatterChart, Series
from openpyxl.chart.axis import ChartLines, NumericAxis, TextAxis
from openpyxl.chart.data_source import NumFmt
from openpyxl.chart.legend import Legend
from openpyxl.chart.series import SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText, Text
from openpyxl.chart.title import Title
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import CharacterProperties, Font, Paragraph, ParagraphProperties, RegularTextRun, RichTextProperties

from lycurgus.core.fits import LABELS
from lycurgus.exporters.xlsx import styles
from lycurgus.exporters.xlsx.chart_data import TOP, ChartData

Dash = Literal["solid", "dash"]

MOST_LABELS, MOST_LEVEL_LABELS = 13, 12
MOST_STEPS = 8


def histogram_chart(data: ChartData) -> BarChart:
    """Draw bars without gaps, and the best fit as the particles it expects in each bin."""
    bars = BarChart()
    bars.type = "col"
    bars.gapWidth = 0
    bars.add_data(_column(data, data.bars, data.n_bins), titles_from_data=False)
    bars.set_categories(_column(data, data.centre, data.n_bins))
    bars.series[0].tx = _name("Measured")
    bars.series[0].graphicalProperties = GraphicalProperties(solidFill=styles.BARS, ln=LineProperties(solidFill=styles.WHITE, w=6350))
    title = "Particles (border-corrected)" if data.weighted else "Particles"
    _dress(bars, "Size distribution", _size_title(data), title)
    bars.x_axis.tickLblSkip = bars.x_axis.tickMarkSkip = ceil(data.n_bins / MOST_LABELS)
    bars.x_axis.txPr = _rich(9, turned_deg=45 if data.n_bins > MOST_LEVEL_LABELS else 0)
    if data.curve and data.fit:
        line = LineChart()
        line.add_data(_column(data, data.curve, data.n_bins), titles_from_data=False)
        series = line.series[0]
        series.tx = _name(f"{LABELS[data.fit.name]} fit")
        series.graphicalProperties = _line(styles.CURVE)
        series.marker.symbol = "none"
        series.smooth = True
        bars += line
    return bars


def cumulative_chart(data: ChartData) -> ScatterChart:
    """Draw the share of particles at or below a size, measured and fitted."""
    chart = ScatterChart()
    chart.scatterStyle = "lineMarker"
    sizes = _column(data, data.size, data.n_points)
    curves: list[tuple[str, int, str, Dash]] = [("Measured", data.measured, styles.SLATE, "solid")]
    if data.fitted and data.fit:
        curves.append((f"{LABELS[data.fit.name]} fit", data.fitted, styles.CURVE, "dash"))
    for name, column, color, dash in curves:
        series = Series(_column(data, column, data.n_points), sizes)
        series.tx = _name(name)
        series.marker.symbol = "none"
        series.smooth = False
        series.graphicalProperties = _line(color, dash)
        chart.series.append(series)
    _dress(chart, "Cumulative distribution", _size_title(data), "Particles at or below (%)")
    chart.y_axis.scaling.min, chart.y_axis.scaling.max, chart.y_axis.majorUnit = 0, 100, 20
    step, low, high = round_scale(*data.statistics.histogram.edges[[0, -1]].tolist())
    chart.x_axis.scaling.min, chart.x_axis.scaling.max = low, high
    chart.x_axis.majorUnit = step  # type: ignore[union-attr]
    chart.y_axis.number_format, chart.x_axis.number_format = "0", "General"
    return chart


def round_scale(low: float, high: float) -> tuple[float, float, float]:
    """Return a step of 1, 2 or 5 times a power of ten and multiples of it around a range, at most ``MOST_STEPS`` or two more steps."""
    decade = 10.0 ** floor(log10((high - low) / MOST_STEPS))
    step = next(factor * decade for factor in (1, 2, 5, 10) if factor * decade * MOST_STEPS >= high - low)
    return step, floor(low / step) * step, ceil(high / step) * step


def _dress(chart: BarChart | ScatterChart, title: str, x_title: str, y_title: str) -> None:
    chart.title = _title(title, size=11, bold=True)
    chart.legend = Legend()
    chart.legend.position, chart.legend.txPr = "b", _rich(9)
    chart.graphical_properties = GraphicalProperties(solidFill=styles.WHITE, ln=LineProperties(solidFill=styles.RULE))
    for axis, words in ((chart.x_axis, x_title), (chart.y_axis, y_title)):
        _dress_axis(axis, words)
    chart.y_axis.majorGridlines = ChartLines(spPr=GraphicalProperties(ln=LineProperties(solidFill=styles.RULE, w=6350)))
    chart.x_axis.majorGridlines = None
    chart.y_axis.scaling.min = 0


def _dress_axis(axis: NumericAxis | TextAxis, words: str) -> None:
    # openpyxl leaves axes out unless told not to.
    axis.delete = False
    axis.title = _title(words, size=9)
    axis.txPr = _rich(9)
    axis.numFmt = NumFmt("General", sourceLinked=False)
    axis.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill=styles.QUIET, w=9525))
    axis.majorTickMark = "out"


def _size_title(data: ChartData) -> str:
    unit = data.statistics.unit
    return f"{data.statistics.label} ({unit})" if unit else data.statistics.label


def _column(data: ChartData, column: int, n: int) -> Reference:
    return Reference(data.sheet, min_col=column, min_row=TOP + 1, max_row=TOP + n)


def _name(text: str) -> SeriesLabel:

    return SeriesLabel(v=text)


def _line(color: str, dash: Dash = "solid") -> GraphicalProperties:
    return GraphicalProperties(ln=LineProperties(solidFill=color, w=22225, prstDash=dash))


def _characters(size: float, *, bold: bool = False) -> CharacterProperties:
    return CharacterProperties(sz=int(size * 100), b=bold, solidFill=styles.INK, latin=Font(typeface=styles.FONT))


def _title(text: str, *, size: float, bold: bool = False) -> Title:
    run = RegularTextRun(rPr=_characters(size, bold=bold), t=text)
    paragraph = Paragraph(pPr=ParagraphProperties(defRPr=_characters(size, bold=bold)), r=[run])
    title = Title(overlay=False)

    title.tx = Text(rich=RichText(bodyPr=RichTextProperties(), p=[paragraph]))
    return title


def _rich(size: float, *, turned_deg: int = 0) -> RichText:
    """Looks of labels; without a stated angle spreadsheets break or turn crowded ones each in their own way."""
    properties = ParagraphProperties(defRPr=_characters(size))
    return RichText(
        bodyPr=RichTextProperties(rot=-60_000 * turned_deg, vert="horz"), p=[Paragraph(pPr=properties, endParaRPr=_characters(size))]
    )
