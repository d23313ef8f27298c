"""Two populations side by side: are they different, and by how much."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

import numpy as np
import scipy  # parts of it load when they are first used, so that starting need not wait for them
from numpy.typing import NDArray

from lycurgus.core.bootstrap import draw_images, draw_particles, percentile_interval
from lycurgus.core.moments import weighted_quantiles
from lycurgus.core.summary import Interval, PopulationStatistics

Floats = NDArray[np.float64]

# Up to here the exact distribution of the Kolmogorov-Smirnov distance is cheap and needs no approximation.
EXACT_PARTICLES = 500
BATCH_NUMBERS = 4_000_000


@dataclass(frozen=True, slots=True)
class PopulationComparison:
    """Population b against population a; nan where one of them is empty.

    Attributes
    ----------
    n_a, n_b : particles.
    ks_statistic, ks_p : two-sample Kolmogorov-Smirnov test: do the distributions differ in any way?
    mann_whitney_u, mann_whitney_p : Mann-Whitney test (U of b, two-sided): does one tend to be larger?
    probability_larger : chance that a particle of b is larger than one of a, ties counted half: U/(n_a n_b).
    median_shift : median of b − median of a, in the population's unit; border weights apply.
    geometric_mean_ratio : geometric mean of b / that of a; nan where values are not positive; border weights apply.
    median_shift_interval, geometric_mean_ratio_interval : bootstrap confidence intervals, or None.
    confidence : of the intervals.

    Notes
    -----
    The tests take every particle as independent and ignore border weights; with thousands of particles they find differences
    that matter to nobody, so judge by the shift and its interval, which allow for the images.
    """

    descriptor: str
    unit: str
    n_a: int
    n_b: int
    ks_statistic: float
    ks_p: float
    mann_whitney_u: float
    mann_whitney_p: float
    probability_larger: float
    median_shift: float
    median_shift_interval: Interval | None
    geometric_mean_ratio: float
    geometric_mean_ratio_interval: Interval | None
    confidence: float

    def document(self) -> dict[str, Any]:
        """Return plain JSON data; what is undefined is None."""
        plain = {name: None if isinstance(value, float) and not isfinite(value) else value for name, value in asdict(self).items()}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}


def compare_populations(
    a: PopulationStatistics,
    b: PopulationStatistics,
    *,
    same_images: bool = False,
    samples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> PopulationComparison:
    """Test whether two populations differ, and estimate by how much.

    Parameters
    ----------
    a, b : of the same descriptor and unit; a is the reference.
    same_images : the two were measured on the same images in the same order (two detectors): images are then resampled
        together, which takes the spread between images out of the interval of the shift.
    samples : bootstrap samples, 0 for no intervals.
    confidence : of the intervals.
    seed : of the bootstrap.

    Raises
    ------
    ValueError
        The populations are of different descriptors or units.
    """
    if (a.descriptor, a.unit) != (b.descriptor, b.unit):
        raise ValueError(f"{a.descriptor} in {a.unit or '1'} cannot be compared with {b.descriptor} in {b.unit or '1'}")
    undefined = float("nan")
    ks_statistic = ks_p = u = u_p = larger = undefined
    if a.n and b.n:
        method = "exact" if max(a.n, b.n) <= EXACT_PARTICLES else "asymp"
        ks_statistic, ks_p = map(float, scipy.stats.ks_2samp(a.values, b.values, method=method))
        u, u_p = map(float, scipy.stats.mannwhitneyu(b.values, a.values, alternative="two-sided"))
        larger = u / (a.n * b.n)
    shifts, ratios = _resampled(a, b, samples=samples, same_images=same_images, rng=np.random.default_rng(seed))
    ratio = b.geometric_mean / a.geometric_mean
    return PopulationComparison(
        descriptor=a.descriptor,
        unit=a.unit,
        n_a=a.n,
        n_b=b.n,
        ks_statistic=ks_statistic,
        ks_p=ks_p,
        mann_whitney_u=u,
        mann_whitney_p=u_p,
        probability_larger=larger,
        median_shift=b.median - a.median,
        median_shift_interval=percentile_interval(shifts, confidence),
        geometric_mean_ratio=ratio,
        geometric_mean_ratio_interval=percentile_interval(ratios, confidence),
        confidence=confidence,
    )


def _resampled(
    a: PopulationStatistics, b: PopulationStatistics, *, samples: int, same_images: bool, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return the median shift and the ratio of geometric means of every resample that leaves both populations particles."""
    shifts, ratios = [np.zeros(0)], [np.zeros(0)]
    if min(a.n, b.n) < 2:
        return shifts[0], ratios[0]
    joint = np.union1d(a.images, b.images) if same_images else None
    batch = max(1, BATCH_NUMBERS // max(a.n, b.n))
    for start in range(0, samples, batch):
        rows = min(batch, samples - start)
        if joint is not None:
            drawn = draw_images(joint.size, samples=rows, rng=rng)
            (median_a, log_a), (median_b, log_b) = (_centres(one, joint, drawn, rng) for one in (a, b))
        else:
            (median_a, log_a), (median_b, log_b) = (_separately(one, rows, rng) for one in (a, b))
        shifts.append(median_b - median_a)
        ratios.append(np.exp(log_b - log_a))
    return np.concatenate(shifts), np.concatenate(ratios)


def _separately(population: PopulationStatistics, rows: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    own = np.unique(population.images)
    return _centres(population, own, draw_images(own.size, samples=rows, rng=rng), rng)


def _centres(
    population: PopulationStatistics, images: NDArray[np.int64], drawn: NDArray[np.int64], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return medians and logarithms of geometric means, (b,) each, of resamples with these images; nan without particles."""
    image = np.searchsorted(images, population.images)
    counts = draw_particles(image, np.bincount(image, minlength=images.size), drawn, rng=rng)
    weighted = counts * population.weights
    total = weighted.sum(axis=1)
    medians = np.array([weighted_quantiles(population.values, row, 0.5) if row.any() else np.nan for row in weighted])
    if population.values[0] <= 0:
        return medians, np.full(total.shape, np.nan)
    logs = weighted @ np.log(population.values)
    return medians, np.divide(logs, total, out=np.full(total.shape, np.nan), where=total > 0)
