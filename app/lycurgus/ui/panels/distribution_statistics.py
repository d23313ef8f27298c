"""The block of numbers beside the plot, the same as in the report."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isfinite, log10

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QSizePolicy, QWidget

from lycurgus.core.fits import LABELS
from lycurgus.core.summary import Interval
from lycurgus.ui.panels.distribution_data import MOST_RESAMPLED, Population, Weighting

MARGIN = 6
SPACING = 2
COLUMN_SPACING = 10


@dataclass(frozen=True, slots=True)
class Line:
    """A number with its name, and what it means."""

    name: str
    text: str
    meaning: str = ""


def statistics_lines(population: Population, weighting: Weighting) -> list[Line]:
    """Say what is known of a population, percentiles by number or volume."""
    s = population.statistics
    show = _Numbers(s.sd if isfinite(s.sd) and s.sd > 0 else abs(s.mean), s.unit)
    by_volume = weighting == "volume"
    how = "by volume of spheres" if by_volume else "by number"
    percentiles = (s.d10_volume, s.d50_volume, s.d90_volume, s.span_volume) if by_volume else (s.d10, s.d50, s.d90, s.span)
    percent = f"{100 * population.confidence:g} %"
    excluded = sum(population.excluded.values())
    reasons = "\n".join(f"{count:,} × {reason}" for reason, count in sorted(population.excluded.items()))
    lines = [
        Line("n", f"{s.n:,}", _images(population)),
        Line("Excluded", f"{excluded:,}", reasons or "Particles left out of the statistics"),
        Line("Mean ± SD", show.pair(s.mean, s.sd), "Arithmetic mean and standard deviation"),
        Line(
            f"{percent} CI of mean",
            _interval(show, s.intervals.get("mean"), population),
            "Bootstrap over images, and over the particles within them",
        ),
        Line("Median", show.one(s.median), "Half of the particles are smaller"),
    ]
    if isfinite(s.geometric_mean):
        gsd = f"{s.geometric_sd:.3f}" if isfinite(s.geometric_sd) else "–"
        lines.append(Line("Geometric mean, GSD", f"{show.one(s.geometric_mean)}, {gsd}", "exp of mean and of SD of the logarithms"))
    d10, d50, d90, span = percentiles
    lines.append(Line("D10 / D50 / D90", show.several(d10, d50, d90), f"Percentiles {how}"))
    lines.append(Line("Span", f"{span:.3f}" if isfinite(span) else "–", f"(D90 − D10)/D50, {how}"))
    if population.has_volume:
        lines.append(Line("D[3,2]", show.one(s.d32), "Sauter mean: Σd³/Σd²"))
        lines.append(Line("D[4,3]", show.one(s.d43), "De Brouckere mean: Σd⁴/Σd³"))
    if s.needed is not None:
        enough = "reached" if s.n >= s.needed else f"{s.needed - s.n:,} more"
        meaning = f"Particles to measure for a mean within ±{100 * population.precision:g} % (Masuda and Iinoya 1971)"
        lines.append(Line(f"Needed for ±{100 * population.precision:g} %", f"{s.needed:,} ({enough})", meaning))
    if s.best_fit is not None:
        lines.append(Line("Best fit by AIC", LABELS[s.best_fit], _fits(population)))
    return lines


def caution(population: Population) -> str:
    """Return what to know before trusting the numbers, or ""."""
    if population.uncalibrated and population.statistics.unit.startswith("px"):
        if population.n_images == 1:
            return "The image has no pixel size: sizes are in px."
        have = "has" if population.uncalibrated == 1 else "have"
        return f"{population.uncalibrated} of {population.n_images} images {have} no pixel size: sizes of all are in px."
    return ""


class StatisticsBlock(QScrollArea):
    """Shows lines in two columns: names, and numbers that can be marked and copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: list[Line] = []
        self._caution = QLabel()
        self._caution.setWordWrap(True)
        self._labels: list[tuple[QLabel, QLabel]] = []
        self._content = QWidget()
        self._grid = QGridLayout(self._content)
        self._grid.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        self._grid.setHorizontalSpacing(COLUMN_SPACING)
        self._grid.setVerticalSpacing(SPACING)
        self._grid.setColumnStretch(1, 1)
        self._grid.addWidget(self._caution, 0, 0, 1, 2)
        self._caution.hide()
        self.setWidget(self._content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)

    @property
    def lines(self) -> list[Line]:
        return self._lines

    def show_lines(self, lines: list[Line], warning: str) -> None:
        """Replace the content."""
        self._lines = lines
        self._caution.setText(f"⚠ {warning}")
        self._caution.setVisible(bool(warning))
        for place in range(len(self._labels), len(lines)):
            self._labels.append(self._added(place + 1))
        for place, pair in enumerate(self._labels):
            shown = place < len(lines)
            for label, text in zip(pair, (lines[place].name, lines[place].text) if shown else ("", ""), strict=True):
                label.setText(text)
                label.setToolTip(lines[place].meaning if shown else "")
                label.setVisible(shown)
        self._grid.setRowStretch(len(self._labels) + 1, 1)
        self.setMinimumWidth(self._content.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width())

    def copy(self) -> None:
        """Put names and numbers on the clipboard."""
        QGuiApplication.clipboard().setText("\n".join(f"{line.name}\t{line.text}" for line in self._lines) + "\n")

    def _added(self, row: int) -> tuple[QLabel, QLabel]:
        name, number = QLabel(), QLabel()
        number.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._grid.addWidget(name, row, 0)
        self._grid.addWidget(number, row, 1)
        return name, number


class _Numbers:
    """Writes numbers of one population with as many decimals as its spread is worth."""

    def __init__(self, spread: float, unit: str) -> None:
        self._decimals = min(6, max(0, ceil(-log10(spread)) + 2)) if isfinite(spread) and spread > 0 else 2
        self._unit = f" {unit}" if unit else ""

    def one(self, number: float) -> str:
        return f"{number:.{self._decimals}f}{self._unit}" if isfinite(number) else "–"

    def pair(self, number: float, spread: float) -> str:
        return self.several(number, spread, between=" ± ")

    def several(self, *numbers: float, between: str = " / ") -> str:
        if not any(map(isfinite, numbers)):
            return "–"
        return between.join(f"{number:.{self._decimals}f}" if isfinite(number) else "–" for number in numbers) + self._unit


def _interval(show: _Numbers, interval: Interval | None, population: Population) -> str:
    if interval is not None:
        return show.several(interval.low, interval.high, between=" … ")
    if not population.complete:
        return "…"
    return "in the report" if population.statistics.n > MOST_RESAMPLED else "–"


def _images(population: Population) -> str:
    effective = population.statistics.n_effective
    return f"Counted particles of {population.n_images:,} image{'' if population.n_images == 1 else 's'}; effective number {effective:,.0f}"


def _fits(population: Population) -> str:
    lines = []
    for fit in population.statistics.fits:
        parameters = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in fit.parameters.items())
        aic = f"; AIC {fit.aic:.1f}" if fit.aic is not None else ""
        p = f"; KS p {fit.ks_p:.3f}" if fit.ks_p is not None else ""
        lines.append(f"{LABELS[fit.name]}: {parameters}{aic}{p}")
    return "\n".join(lines)
