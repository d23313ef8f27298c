"""How many particles a wanted precision takes, and what precision a number of particles gives (log-normal populations)."""

from __future__ import annotations

from math import log, sqrt
from typing import NamedTuple

import scipy  # parts of it load when they are first used, so that starting need not wait for them


class MeanOrder(NamedTuple):
    """Which mean of a log-normal population is estimated.

    The mean is exp(α μ + α c σ²) with c = β + α/2: the moment of order α of the distribution weighted by x^β (β = 0 by
    number, 3 by volume), before its α-th root is taken. The median by mass is exp(μ + 3 σ²).
    """

    alpha: float
    order: float


NUMBER_MEAN = MeanOrder(alpha=1, order=0.5)
MASS_MEDIAN = MeanOrder(alpha=1, order=3)
MEAN_VOLUME = MeanOrder(alpha=3, order=1.5)


def masuda_iinoya_count(gsd: float, *, relative_error: float, alpha: float, order: float, confidence: float = 0.95) -> int:
    """Return how many particles must be measured for a wanted precision of a mean of a log-normal population.

    n = u² α² s² (2 c² s² + 1) / δ², with s = ln(GSD), u the two-sided normal quantile of the confidence (Masuda and Iinoya,
    J. Chem. Eng. Japan 4, 60, 1971; ISO 13322-1, annex A), rounded to the nearest number as the standard's tables are.

    Parameters
    ----------
    gsd : geometric standard deviation, at least 1.
    relative_error : δ, half the width of the interval in units of the mean, for instance 0.05.
    alpha, order : α and c of the mean, see ``MeanOrder``; ``NUMBER_MEAN``, ``MASS_MEDIAN`` and ``MEAN_VOLUME`` are given.
    confidence : that the error is kept.
    """
    if relative_error <= 0:
        raise ValueError(f"a relative error of {relative_error} is impossible")
    return max(1, round(_variance_of_log(gsd, alpha, order) * _two_sided(confidence) ** 2 / relative_error**2))


def masuda_iinoya_error(gsd: float, count: int, *, alpha: float, order: float, confidence: float = 0.95) -> float:
    """Return the relative error that ``count`` particles give: the inverse of ``masuda_iinoya_count``."""
    if count < 1:
        raise ValueError("no particle, no precision")
    return _two_sided(confidence) * sqrt(_variance_of_log(gsd, alpha, order) / count)


def _variance_of_log(gsd: float, alpha: float, order: float) -> float:
    """Variance of the logarithm of the estimated mean, for one particle."""
    if gsd < 1:
        raise ValueError(f"a geometric standard deviation of {gsd} is impossible")
    variance = log(gsd) ** 2
    return alpha**2 * variance * (2 * order**2 * variance + 1)


def _two_sided(confidence: float) -> float:
    return float(scipy.special.ndtri((1 + confidence) / 2))
