"""Weighted means, moments and percentiles of a population: one code for the sample itself and for its resamples."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# Shares of the total closer than this are the same share: more than the rounding of a cumulative sum, less than one particle.
SAME_SHARE = 1e-9

CHARACTERISTICS = (
    *("n_effective", "mean", "sd", "skewness", "kurtosis", "geometric_mean", "geometric_sd", "median", "d10", "d50", "d90", "span"),
    *("d10_volume", "d50_volume", "d90_volume", "span_volume", "d32", "d43"),
)


def characteristics(values: Floats, weights: Floats, counts: Floats, *, spheres: bool) -> dict[str, Floats]:
    """Compute every characteristic of a population, once for each row of counts.

    Means and moments are Σwf(x)/Σw. The variance carries the correction n/(n − 1) with the effective number
    n = (Σw)²/Σw² of Kish (1965), which for equal weights is the usual one. Skewness is m₃/m₂^1.5 and kurtosis m₄/m₂² − 3
    (excess: 0 for a normal population), both without small-sample correction.

    Parameters
    ----------
    values : (n,) ascending, n ≥ 1.
    weights : (n,) positive statistical weights of the particles.
    counts : (b, n) how often each particle is drawn; one row of ones for the sample itself.
    spheres : whether values are diameters: percentiles by volume, D[3,2] and D[4,3] are nan otherwise.

    Returns
    -------
    dict
        Name of a field of ``PopulationStatistics`` -> (b,); nan where a row does not define it.
    """
    weighted = counts * weights
    total = weighted.sum(axis=1)
    effective = total**2 / (counts @ weights**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        correction = np.where(effective > 1 + SAME_SHARE, effective / (effective - 1), np.nan)
    found = {
        "n_effective": effective,
        **_linear_moments(values, weighted, total, correction),
        **_logarithmic_moments(values, weighted, total, correction),
        **_percentiles(values, weighted),
    }
    volumes = _volume_characteristics(values, weighted) if spheres and values[0] > 0 else {}
    return {name: found[name] if name in found else volumes.get(name, np.full(total.shape, np.nan)) for name in CHARACTERISTICS}


def weighted_quantiles(values: Floats, weights: Floats, shares: ArrayLike) -> Floats:
    """Return the values below which these shares of the weight lie.

    The inverse of the weighted cumulative distribution, averaged over a step that it meets exactly (definition 2 of Hyndman
    and Fan 1996): a weight of 2 is the same as a particle that is there twice, and the share 0.5 gives the usual median.

    Parameters
    ----------
    values : (n,) ascending.
    weights : (n,) not negative, their sum positive.
    shares : in 0 ... 1.
    """
    cumulative = np.cumsum(weights)
    wanted = np.asarray(shares, dtype=np.float64)
    below = np.searchsorted(cumulative, (wanted - SAME_SHARE) * cumulative[-1], side="left")
    above = np.searchsorted(cumulative, (wanted + SAME_SHARE) * cumulative[-1], side="right")
    # Shares of 0 and 1 are the smallest and largest values that have a weight.
    first, last = np.searchsorted(cumulative, 0, side="right"), np.searchsorted(cumulative, cumulative[-1], side="left")
    quantiles: Floats = (values[np.clip(below, first, last)] + values[np.clip(above, first, last)]) / 2
    return quantiles


def _linear_moments(values: Floats, weighted: Floats, total: Floats, correction: Floats) -> dict[str, Floats]:
    centre = float(values.mean())
    scale = float(np.abs(values - centre).max()) or 1.0
    # Deviations from one common centre, in units of the widest: powers of raw values would cancel and overflow.
    deviation = (values - centre) / scale
    first, second, third, fourth = _means(np.stack([deviation, deviation**2, deviation**3, deviation**4]), weighted, total)
    variance = np.maximum(second - first**2, 0)
    # What is left of a variance by rounding alone is none.
    variance[variance < 1e-14] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        skewness = (third - 3 * first * second + 2 * first**3) / variance**1.5
        kurtosis = (fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4) / variance**2 - 3
    return {
        "mean": centre + scale * first,
        "sd": scale * np.sqrt(variance * correction),
        "skewness": np.where(variance > 0, skewness, np.nan),
        "kurtosis": np.where(variance > 0, kurtosis, np.nan),
    }


def _logarithmic_moments(values: Floats, weighted: Floats, total: Floats, correction: Floats) -> dict[str, Floats]:
    """Geometric mean and geometric standard deviation exp(SD of ln x); nan where a value is not positive."""
    if values[0] <= 0:
        return {"geometric_mean": np.full(total.shape, np.nan), "geometric_sd": np.full(total.shape, np.nan)}
    logs = np.log(values)
    centre = logs.mean()
    deviation = logs - centre
    first, second = _means(np.stack([deviation, deviation**2]), weighted, total)
    variance = np.maximum(second - first**2, 0)
    return {"geometric_mean": np.exp(centre + first), "geometric_sd": np.exp(np.sqrt(variance * correction))}


def _volume_characteristics(values: Floats, weighted: Floats) -> dict[str, Floats]:
    """Percentiles by volume, D[3,2] = Σd³/Σd² and D[4,3] = Σd⁴/Σd³ of spheres (ISO 9276-2)."""
    relative = values / values[-1]
    surface, volume, fourth = (weighted @ np.stack([relative**2, relative**3, relative**4], axis=1)).T
    percentiles = {f"{name}_volume": numbers for name, numbers in _percentiles(values, weighted * relative**3).items()}
    return {**percentiles, "d32": values[-1] * volume / surface, "d43": values[-1] * fourth / volume}


def _percentiles(values: Floats, weighted: Floats) -> dict[str, Floats]:
    d10, d50, d90 = np.array([weighted_quantiles(values, row, [0.1, 0.5, 0.9]) for row in weighted]).T
    with np.errstate(divide="ignore", invalid="ignore"):
        span = np.where(d50 > 0, (d90 - d10) / d50, np.nan)
    return {"median": d50, "d10": d10, "d50": d50, "d90": d90, "span": span}


def _means(functions: Floats, weighted: Floats, total: Floats) -> Floats:
    """Weighted means of (k, n) functions for b rows of weights, (k, b)."""
    means: Floats = (weighted @ functions.T).T / total
    return means
