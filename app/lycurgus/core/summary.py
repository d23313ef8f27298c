"""What a sample summary consists of; ``distribution`` computes it, exporters and window show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

FitName = Literal["normal", "log-normal", "weibull", "kde"]


class Interval(NamedTuple):
    """A confidence interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Fit:
    """A distribution fitted to a population.

    Attributes
    ----------
    parameters : by name; lengths in the population's unit ({"geometric_mean": 8.1, "gsd": 1.24}).
    aic : Akaike's criterion, smaller is better; None for a kernel density, which has no likelihood to compare.
    ks_statistic, ks_p : Kolmogorov-Smirnov distance, and its p value with the parameters' estimation allowed for
        (parametric bootstrap), or None.
    """

    name: FitName
    parameters: Mapping[str, float]
    aic: float | None
    ks_statistic: float
    ks_p: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Counts between edges.

    Attributes
    ----------
    edges : (k + 1,) float64 in the population's unit.
    counts : (k,) int64, particles.
    weighted : (k,) float64, sums of the statistical weights.
    cumulative : (k,) float64, weighted share at or below the upper edge, 0 ... 1.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    weighted: NDArray[np.float64]
    cumulative: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PopulationStatistics:
    """Statistics of one descriptor over the counted particles of a sample; nan where too few particles allow it.

    Attributes
    ----------
    descriptor, label, unit : of what; unit "nm", "px", "nm²" ... or "".
    n : particles; n_effective : (Σw)²/Σw² with border weights.
    d10 ... : percentiles by number; _volume: by volume of spheres of that diameter (lengths only, else nan).
    d32, d43 : Sauter and De Brouckere means (lengths only).
    span : (d90 − d10)/d50, by number and by volume.
    intervals : name of a statistic -> bootstrap confidence interval (images are resampled, and the particles of each drawn image with
        probability 1/J, J being the number of images).
    needed : particles to measure for the wanted precision of the number mean (Masuda and Iinoya), or None.
    values, weights : (n,) float64, the population itself, ascending.
    images : (n,) int64, which image (its place among the results) each value comes from.
    """

    descriptor: str
    label: str
    unit: str
    n: int
    n_effective: float
    mean: float
    sd: float
    geometric_mean: float
    geometric_sd: float
    median: float
    minimum: float
    maximum: float
    skewness: float
    kurtosis: float
    d10: float
    d50: float
    d90: float
    span: float
    d10_volume: float
    d50_volume: float
    d90_volume: float
    span_volume: float
    d32: float
    d43: float
    intervals: Mapping[str, Interval]
    needed: int | None
    fits: tuple[Fit, ...]
    best_fit: FitName | None
    histogram: Histogram
    values: NDArray[np.float64] = field(repr=False)
    weights: NDArray[np.float64] = field(repr=False)
    images: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class SampleSummary:
    """A whole sample.

    Attributes
    ----------
    n_images, n_particles, n_counted : images analysed, particles found, particles that enter statistics.
    excluded : reason -> particles left out; removed : reason -> regions that never became particles.
    calibrated : True where every image with particles has a pixel size: statistics are in nm, else in px.
    main : statistics of the chosen descriptor; others : the remaining sizes and shapes by name.
    warnings : sentences.
    """

    n_images: int
    n_particles: int
    n_counted: int
    excluded: Mapping[str, int]
    removed: Mapping[str, int]
    calibrated: bool
    confidence: float
    precision: float
    main: PopulationStatistics
    others: Mapping[str, PopulationStatistics]
    warnings: tuple[str, ...] = ()
