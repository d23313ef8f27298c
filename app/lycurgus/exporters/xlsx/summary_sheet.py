"""The first sheet: what a reader wants to know, on one page."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, isfinite

from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, TwoCellAnchor
from openpyxl.worksheet.worksheet import Worksheet

from lycurgus import __version__
from lycurgus.core.fits import LABELS
from lycurgus.core.summary import PopulationStatistics, SampleSummary
from lycurgus.exporters.base import Report
from lycurgus.exporters.text import Value
from lycurgus.exporters.xlsx import styles
from lycurgus.exporters.xlsx.cells import page, put, put_across, set_widths
from lycurgus.exporters.xlsx.chart_data import ChartData
from lycurgus.exporters.xlsx.charts import cumulative_chart, histogram_chart
from lycurgus.exporters.xlsx.pictures import place
from lycurgus.exporters.xlsx.words import counted, lead, parameters_in_words

LEFT = (1, 3)
RIGHT = (5, 13)
WIDTHS = (30, 12, 20, 2, *[9.3] * 9)
LEAD_CHARS, REMARK_CHARS = 135, 158
ROW_POINTS = 15
CHART_ROWS = 16
PICTURE_PX = 440
MOST_REMARKS = 6

# Name of the statistic, how it is called here, whether it has the population's unit.
FIGURES: tuple[tuple[str, str, bool], ...] = (
    ("mean", "Mean", True),
    ("sd", "Standard deviation", True),
    ("median", "Median (D50 by number)", True),
    ("geometric_mean", "Geometric mean", True),
    ("geometric_sd", "Geometric standard deviation", False),
    ("d10", "D10 by number", True),
    ("d90", "D90 by number", True),
    ("span", "Span by number", False),
    ("d10_volume", "D10 by volume", True),
    ("d50_volume", "D50 by volume", True),
    ("d90_volume", "D90 by volume", True),
    ("span_volume", "Span by volume", False),
    ("d32", "D[3,2], Sauter mean", True),
    ("d43", "D[4,3], De Brouckere mean", True),
    ("minimum", "Smallest", True),
    ("maximum", "Largest", True),
    ("skewness", "Skewness", False),
    ("kurtosis", "Excess kurtosis", False),
)


BY_VOLUME = frozenset({"d10_volume", "d50_volume", "d90_volume", "span_volume", "d32", "d43"})


def fill_summary(sheet: Worksheet, report: Report, data: ChartData | None) -> None:
    """Lay out the summary; ``data`` is None where there is nothing to draw."""
    set_widths(sheet, WIDTHS)
    sheet.sheet_format.defaultRowHeight, sheet.sheet_format.customHeight = ROW_POINTS, True
    everything = (LEFT[0], RIGHT[1])
    put_across(sheet, 1, everything, "Particle size report", styles.TITLE)
    sheet.row_dimensions[1].height = 30
    put_across(sheet, 2, everything, _subtitle(report), styles.SUBTITLE)
    put_across(sheet, 3, everything, lead(report), styles.LEAD, chars=LEAD_CHARS)
    sheet.row_dimensions[4].height = ROW_POINTS / 2
    row = _remarks(sheet, 5, report)
    summary = report.summary
    if summary is not None:
        left = _key_figures(sheet, row, summary) + 1 if summary.n_counted else row
        left = _counts(sheet, left, summary)
        right = row
        if data is not None:
            right = _charts(sheet, row, data)
            right = _fits(sheet, right, summary.main)
        right = _others(sheet, right + 1, summary)
        _picture(sheet, left + 1, report)
    page(sheet, one_page=True)


def _subtitle(report: Report) -> str:
    dates = sorted(entry.result.provenance.analysed_at[:10] for entry in report.entries)
    when = "" if not dates else f" · analysed {dates[0]}" + (f" to {dates[-1]}" if dates[0] != dates[-1] else "")
    failed = f" · {counted(len(report.failures), 'file')} failed" if report.failures else ""
    return f"{counted(len(report.entries), 'image')}{failed}{when} · Lycurgus {__version__}"


def _remarks(sheet: Worksheet, row: int, report: Report) -> int:
    """List failures and warnings where nobody overlooks them; the rest stands on a sheet of its own."""
    remarks = [(f"Failed: {failure.path.name}: {failure.reason}", styles.FAILURE) for failure in report.failures]
    remarks += [(warning, styles.WARNING) for warning in (report.summary.warnings if report.summary else ())]
    remarks += [(f"{entry.image}: {warning}", styles.WARNING) for entry in report.entries for warning in entry.result.warnings]
    for text, style in remarks[:MOST_REMARKS]:
        put_across(sheet, row, (LEFT[0], RIGHT[1]), text, style, chars=REMARK_CHARS)
        row += 1
    if len(remarks) > MOST_REMARKS:
        more = len(remarks) - MOST_REMARKS
        put_across(sheet, row, (LEFT[0], RIGHT[1]), f"… and {more} more on the sheet Warnings", styles.NOTE)
        row += 1
    return row + 1 if remarks else row


def _key_figures(sheet: Worksheet, row: int, summary: SampleSummary) -> int:
    main = summary.main
    put_across(sheet, row, (1, 2), _with_unit(main), styles.SECTION)
    put(sheet, row, 3, f"{summary.confidence * 100:g} % confidence" if main.intervals else "", styles.SECTION_RIGHT)
    row += 1
    _figure(sheet, row, "Particles counted, n", main.n, "#,##0", "")
    _figure(sheet, row + 1, "Effective number", main.n_effective, "#,##0.0", "")
    row += 2
    size_format = styles.decimals_format(main.mean)
    for name, label, has_unit in FIGURES:
        value = float(getattr(main, name))
        if name in BY_VOLUME and not isfinite(value):
            continue
        form = size_format if has_unit else "0.000"
        interval = main.intervals.get(name)
        aside = f"{styles.shown(interval.low, form)} … {styles.shown(interval.high, form)}" if interval else ""
        _figure(sheet, row, label, value, form, aside)
        row += 1
    _figure(sheet, row, f"n needed for ±{summary.precision * 100:g} % of the mean", main.needed, "#,##0", "")
    return row + 1


def _figure(sheet: Worksheet, row: int, label: str, value: Value, number_format: str, aside: str) -> None:
    put(sheet, row, 1, label, styles.LABEL)
    put(sheet, row, 2, value, styles.FIGURE, number_format)
    put(sheet, row, 3, aside, styles.ASIDE)


def _counts(sheet: Worksheet, row: int, summary: SampleSummary) -> int:
    put_across(sheet, row, LEFT, "Counts", styles.SECTION)
    counts: list[tuple[str, int]] = [
        ("Images", summary.n_images),
        ("Particles found", summary.n_particles),
        *_labelled("Excluded", summary.excluded),
        ("Counted", summary.n_counted),
        *_labelled("Removed before", summary.removed),
    ]
    for label, count in counts:
        row += 1
        _figure(sheet, row, label, count, "#,##0", "")
    return row + 1


def _labelled(prefix: str, counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(f"{prefix}: {reason}", count) for reason, count in counts.items()]


def _charts(sheet: Worksheet, row: int, data: ChartData) -> int:
    for chart in (histogram_chart(data), cumulative_chart(data)):
        chart.anchor = TwoCellAnchor(  # type: ignore[assignment]
            _from=AnchorMarker(col=RIGHT[0] - 1, row=row - 1), to=AnchorMarker(col=RIGHT[1], row=row + CHART_ROWS - 2)
        )
        sheet.add_chart(chart)
        row += CHART_ROWS
    return row


def _fits(sheet: Worksheet, row: int, main: PopulationStatistics) -> int:
    if not main.fits:
        return row
    put_across(sheet, row, RIGHT, "Fits, the best first", styles.SECTION)
    row += 1
    _right_row(sheet, row, ("Distribution", "Parameters", "AIC", "KS", "p"), (2, 4, 1, 1, 1), styles.HEADER, ("General",) * 5)
    for fit in sorted(main.fits, key=lambda fit: (fit.aic is None, fit.aic)):
        row += 1
        style = styles.FIGURE_LEFT if fit.name == main.best_fit else styles.LABEL
        values = (LABELS[fit.name], parameters_in_words(fit, main), fit.aic, fit.ks_statistic, fit.ks_p)
        _right_row(sheet, row, values, (2, 4, 1, 1, 1), style, ("General", "General", "0.0", "0.000", "0.000"))
    return row + 1


def _others(sheet: Worksheet, row: int, summary: SampleSummary) -> int:
    if not summary.others or not summary.n_counted:
        return row
    put_across(sheet, row, RIGHT, "Other sizes and shapes", styles.SECTION)
    row += 1
    spans = (4, 1, 1, 1, 1, 1)
    _right_row(sheet, row, ("Descriptor", "Mean", "SD", "Median", "D10", "D90"), spans, styles.HEADER, ("General",) * 6)
    for one in summary.others.values():
        row += 1
        form = styles.decimals_format(one.mean) if one.unit else "0.000"
        values = (_with_unit(one), one.mean, one.sd, one.median, one.d10, one.d90)
        _right_row(sheet, row, values, spans, styles.LABEL, ("General", *[form] * 5))
    return row + 1


def _right_row(
    sheet: Worksheet, row: int, values: tuple[Value, ...], spans: tuple[int, ...], style: styles.Style, formats: tuple[str, ...]
) -> None:
    """Write a row of a table on the right, where a value may span several of the narrow columns."""
    column = RIGHT[0]
    for value, span, form in zip(values, spans, formats, strict=True):
        for covered in range(column, column + span):
            put(sheet, row, covered, value if covered == column else None, style, form)
        if span > 1:
            sheet.merge_cells(start_row=row, end_row=row, start_column=column, end_column=column + span - 1)
        column += span


def _picture(sheet: Worksheet, row: int, report: Report) -> None:
    pictured = next((entry for entry in report.entries if entry.thumbnail is not None), None)
    if pictured is None or pictured.thumbnail is None:
        return
    put_across(sheet, row, LEFT, "Overlay", styles.SECTION)
    put_across(sheet, row + 1, LEFT, _shortened(pictured.image, 62), styles.NOTE)
    height, _ = place(sheet, f"A{row + 2}", pictured.thumbnail, longest_px=PICTURE_PX)
    # The printed page ends below the picture only if some cell there is in use.
    put(sheet, row + 2 + ceil(height * 0.75 / ROW_POINTS), 1, None, styles.BODY)


def _shortened(name: str, longest: int) -> str:
    """Keep both ends of a long name: the end tells images of one series apart."""
    if len(name) <= longest:
        return name
    half = (longest - 1) // 2
    return f"{name[:half]}…{name[-half:]}"


def _with_unit(statistics: PopulationStatistics) -> str:
    return f"{statistics.label} ({statistics.unit})" if statistics.unit else statistics.label
