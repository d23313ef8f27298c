"""What a distribution plot shows, computed from results: bars, curves, cumulative share. Without Qt, so that a job can do it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.distribution import full_statistics, pooled, statistics_of
from lycurgus.core.fits import density
from lycurgus.core.histogram import nice_edges
from lycurgus.core.measurement import SUMMARISABLE, Descriptor
from lycurgus.core.params import StatisticsParams
from lycurgus.core.summary import Fit, FitName, PopulationStatistics
from lycurgus.core.types import AnalysisResult

Floats = NDArray[np.float64]
Weighting = Literal["number", "volume"]

MOST_RESAMPLED = 20_000
"""Particles up to which confidence intervals are computed beside the window; the report has them for any number."""
CURVE_POINTS = 400
MARGIN = 0.02
"""Of the plot at either side of the bars, as a part of their extent."""
MOST_STEPS = 1_000
UNCLASSIFIED = "no class"


@dataclass(frozen=True, slots=True)
class PlotChoice:
    """How the distribution is to be shown.

    Attributes
    ----------
    bins : their number; None for automatic ones.
    task : of the classes that bars are divided by; "" for undivided bars.
    outlined : classes as outlines over each other instead of stacked bars.
    """

    descriptor: str = "equivalent_diameter"
    weighting: Weighting = "number"
    bins: int | None = None
    log: bool = False
    task: str = ""
    outlined: bool = False
    fits: frozenset[FitName] = frozenset({"log-normal"})
    cumulative: bool = True
    markers: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """The counted particles, in the order of ``statistics.values``.

    Attributes
    ----------
    ids : (n,) int64; statistics.images says of which image.
    classes : task -> (n,) names, "" where a particle has none.
    excluded : reason -> particles left out.
    uncalibrated, n_images : images with counted particles but no pixel size; images in all.
    complete : False while intervals are still to come.
    """

    descriptor: Descriptor
    statistics: PopulationStatistics
    ids: NDArray[np.int64]
    classes: Mapping[str, NDArray[np.str_]]
    excluded: Mapping[str, int]
    n_images: int
    uncalibrated: int
    confidence: float
    precision: float
    complete: bool

    @property
    def has_volume(self) -> bool:
        """Whether values are diameters, so that spheres of that diameter have a volume."""
        return self.descriptor.dimension == "length" and self.statistics.n > 0 and bool(self.statistics.values[0] > 0)

    @property
    def has_logarithm(self) -> bool:
        return self.statistics.n > 0 and bool(self.statistics.values[0] > 0)


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Bars of one class; ``below`` is where they stand on: the classes beneath."""

    name: str
    heights: Floats
    below: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A fit, drawn in the unit of the bars."""

    name: FitName
    x: Floats
    y: Floats
    best: bool


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """All that is drawn.

    Attributes
    ----------
    weighting, log : what is really shown, where the choice is impossible.
    edges : (k + 1,); heights, counts : (k,) of all bars, and particles in them.
    places : (n,) the bar of each particle; shares : (n,) what each adds to its height.
    cumulative : (x, y in 0 ... 1).
    markers : "D10" ... -> where.
    """

    choice: PlotChoice
    population: Population
    weighting: Weighting
    log: bool
    edges: Floats
    heights: Floats
    counts: NDArray[np.int64]
    places: NDArray[np.intp]
    shares: Floats
    series: tuple[Series, ...]
    curves: tuple[Curve, ...]
    cumulative: tuple[Floats, Floats]
    markers: Mapping[str, float] = field(default_factory=dict)

    @property
    def x_title(self) -> str:
        return self.population.descriptor.label

    @property
    def y_title(self) -> str:
        if self.weighting == "volume":
            return "Volume (%)"
        weights = self.population.statistics.weights
        return "Particles" if _are_equal(weights) else "Weighted count"

    def looks_like(self, other: Picture) -> bool:
        """Tell whether drawing the other one gives the same: it may differ in numbers that are not drawn, intervals for instance."""
        mine, its = self.population.statistics, other.population.statistics
        return (
            (self.choice, self.weighting, self.log, mine.unit) == (other.choice, other.weighting, other.log, its.unit)
            and np.array_equal(mine.values, its.values)
            and np.array_equal(mine.weights, its.weights)
            and [(one.name, one.heights.tolist()) for one in self.series] == [(one.name, one.heights.tolist()) for one in other.series]
        )

    def heights_of(self, chosen: NDArray[np.bool_]) -> Floats:
        """Return what chosen particles (n,) make of each bar, (k,)."""
        return np.bincount(self.places[chosen], self.shares[chosen], minlength=len(self.heights)).astype(np.float64)


def gather(results: Sequence[AnalysisResult], params: StatisticsParams, descriptor: str, *, complete: bool) -> Population:
    """Pool the counted particles and compute their statistics with the code of the report.

    Parameters
    ----------
    complete : with confidence intervals, which take most of the time.
    """
    wanted = SUMMARISABLE[descriptor]
    pool = pooled(results, params)
    values = pool.values(wanted)
    order = np.argsort(values, kind="stable")
    order = order[np.isfinite(values[order])]
    values, weights, images = values[order], pool.weights[order], pool.images[order]
    resampled = params.bootstrap if complete and values.size <= MOST_RESAMPLED else 0
    computed = params.model_copy(update={"bootstrap": resampled})
    if values.size:
        statistics = full_statistics(wanted, values, weights, images, computed, calibrated=pool.calibrated)
    else:
        statistics = statistics_of(wanted, values, weights, images, calibrated=pool.calibrated)
    counted = [particle for result in results for particle in result.counted]
    particles = [counted[place] for place in order]
    tasks = dict.fromkeys(task for particle in particles for task in particle.classes)
    none: tuple[str, Mapping[str, float]] = ("", {})
    return Population(
        descriptor=wanted,
        statistics=statistics,
        ids=np.array([particle.id for particle in particles], dtype=np.int64),
        classes={task: np.array([particle.classes.get(task, none)[0] for particle in particles]) for task in tasks},
        excluded=dict(Counter(one.excluded for result in results for one in result.particles if one.excluded is not None)),
        n_images=len(results),
        uncalibrated=sum(results[index].micrograph.pixel_size is None for index in np.unique(images)),
        confidence=params.confidence,
        precision=params.precision,
        complete=complete,
    )


def picture_of(population: Population, choice: PlotChoice) -> Picture:
    """Compute what is drawn of a population."""
    statistics = population.statistics
    values = statistics.values
    weighting: Weighting = "volume" if choice.weighting == "volume" and population.has_volume else "number"
    logarithmic = choice.log and population.has_logarithm
    edges = _edges(statistics, choice.bins, logarithmic=logarithmic)
    places = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    shares = _shares(statistics, weighting)
    heights = np.bincount(places, shares, minlength=len(edges) - 1).astype(np.float64)
    volume = "_volume" if weighting == "volume" else ""
    return Picture(
        choice=choice,
        population=population,
        weighting=weighting,
        log=logarithmic,
        edges=edges,
        heights=heights,
        counts=np.bincount(places, minlength=len(edges) - 1),
        places=places,
        shares=shares,
        series=_series(population, choice, places, shares, len(heights)),
        curves=tuple(
            _curve(fit, statistics, edges, weighting, logarithmic=logarithmic) for fit in statistics.fits if fit.name in choice.fits
        ),
        cumulative=_cumulative(values, shares),
        markers={name: getattr(statistics, name.lower() + volume) for name in ("D10", "D50", "D90")} if values.size else {},
    )


def _are_equal(weights: Floats) -> bool:
    return not weights.size or bool(np.ptp(weights) <= 1e-9 * weights[0])


def _shares(statistics: PopulationStatistics, weighting: Weighting) -> Floats:
    """Particles count one each, or as much as their weight with the sum kept; volumes add up to 100 %."""
    weights = statistics.weights
    if weighting == "volume":
        volumes = weights * (statistics.values / statistics.values[-1]) ** 3
        percent: Floats = 100 * volumes / volumes.sum()
        return percent
    return np.ones(statistics.n) if _are_equal(weights) else weights * statistics.n / weights.sum()


def _edges(statistics: PopulationStatistics, bins: int | None, *, logarithmic: bool) -> Floats:
    values, weights = statistics.values, statistics.weights
    if not logarithmic and (bins is None or not values.size):
        return statistics.histogram.edges
    if logarithmic:
        logs = np.log10(values)
        edges: Floats = 10 ** (nice_edges(logs, weights) if bins is None else _divided(logs, bins))
        return edges
    return _divided(values, bins or 1)


def _divided(values: Floats, bins: int) -> Floats:
    low, high = float(values[0]), float(values[-1])
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        margin = 0.05 * abs(low) or 0.5
        low, high = low - margin, high + margin
    return np.linspace(low, high, bins + 1)


def _series(population: Population, choice: PlotChoice, places: NDArray[np.intp], shares: Floats, k: int) -> tuple[Series, ...]:
    if choice.task not in population.classes:
        return ()
    names = population.classes[choice.task]
    ordered = sorted(set(names.tolist()), key=lambda name: (name == "", name))
    series, below = [], np.zeros(k)
    for name in ordered:
        own = names == name
        heights = np.bincount(places[own], shares[own], minlength=k).astype(np.float64)
        series.append(Series(name or UNCLASSIFIED, heights, np.zeros(k) if choice.outlined else below))
        below = below + heights
    return tuple(series)


def _curve(fit: Fit, statistics: PopulationStatistics, edges: Floats, weighting: Weighting, *, logarithmic: bool) -> Curve:
    """Scale a density to the bars: what they would be on average if the population were of this distribution."""
    values, weights = statistics.values, statistics.weights
    x, widths = _grid(edges, positive=bool(values[0] > 0), logarithmic=logarithmic)
    y = density(fit, x, values, weights)
    if weighting == "number":
        y = statistics.n * y * widths
    else:
        wide = np.linspace(0, 3 * values[-1], 4 * CURVE_POINTS)[1:]
        volume = np.trapezoid(density(fit, wide, values, weights) * wide**3, wide)
        y = 100 * y * x**3 / volume * widths
    return Curve(fit.name, x, y, fit.name == statistics.best_fit)


def _grid(edges: Floats, *, positive: bool, logarithmic: bool) -> tuple[Floats, Floats]:
    """Return where a curve is drawn, from edge to edge of the plot, and the width of a bar there."""
    if logarithmic:
        ratio = log(edges[-1] / edges[0]) / (len(edges) - 1)
        margin = MARGIN * log(edges[-1] / edges[0])
        x = np.exp(np.linspace(log(edges[0]) - margin, log(edges[-1]) + margin, CURVE_POINTS))
        return x, x * ratio
    width = float(edges[-1] - edges[0]) / (len(edges) - 1)
    margin = MARGIN * float(edges[-1] - edges[0])
    low = float(edges[0]) - margin
    x = np.linspace(max(low, width * 1e-3) if positive else low, edges[-1] + margin, CURVE_POINTS)
    return x, np.full(x.shape, width)


def _cumulative(values: Floats, shares: Floats) -> tuple[Floats, Floats]:
    """Share at or below, as steps; of very many particles as many as can be seen."""
    if not values.size:
        return np.zeros(0), np.zeros(0)
    share = np.minimum(np.cumsum(shares) / shares.sum(), 1.0)
    kept = np.unique(np.linspace(0, len(values) - 1, min(len(values), MOST_STEPS)).astype(np.intp))
    x, y = values[kept], share[kept]
    return np.repeat(x, 2), np.concatenate([[0.0], np.repeat(y, 2)[:-1]])
