"""Histograms with bins that a person would have chosen."""

from __future__ import annotations

from math import ceil, floor, log10

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.moments import weighted_quantiles
from lycurgus.core.summary import Histogram

Floats = NDArray[np.float64]

FEWEST_BINS = 5
MOST_BINS = 60
NICE_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def histogram(values: Floats, weights: Floats) -> Histogram:
    """Count a population between round edges that cover it.

    Parameters
    ----------
    values : (n,) ascending; may be empty, which gives one empty bin from 0 to 1.
    weights : (n,) statistical weights.
    """
    edges = nice_edges(values, weights)
    counts, _ = np.histogram(values, bins=edges)
    weighted, _ = np.histogram(values, bins=edges, weights=weights)
    weighted = weighted.astype(np.float64)
    total = weighted.sum()
    cumulative = np.cumsum(weighted) / total if total > 0 else np.zeros(weighted.shape)
    return Histogram(edges, counts.astype(np.int64), weighted, np.minimum(cumulative, 1.0))


def nice_edges(values: Floats, weights: Floats) -> Floats:
    """Choose edges: multiples of 1, 2, 2.5 or 5 times a power of ten.

    The width aims at that of Freedman and Diaconis (1981), 2 IQR n^(−1/3), or at Sturges' number of bins where the middle
    half of the population is one value, and is kept between the widths that give 5 and 60 bins: a few far outliers must
    not make a thousand bins.

    Parameters
    ----------
    values : (n,) ascending.
    weights : (n,) statistical weights; n above is their effective number.
    """
    if not values.size:
        return np.array([0.0, 1.0])
    low, high = float(values[0]), float(values[-1])
    extent = high - low
    if extent <= 1e-9 * max(abs(low), abs(high)):
        width = _nice_width(0.1 * abs(low) or 1.0)
        return _multiples(width, low, high)
    effective = float(weights.sum() ** 2 / np.sum(weights**2))
    q25, q75 = weighted_quantiles(values, weights, [0.25, 0.75])
    wanted = 2 * (q75 - q25) / effective ** (1 / 3) if q75 > q25 else extent / (1 + np.log2(effective))
    return _multiples(_nice_width(float(np.clip(wanted, extent / MOST_BINS, extent / FEWEST_BINS))), low, high)


def _nice_width(wanted: float) -> float:
    """Return the nice width nearest to the wanted one by ratio."""
    decade = 10.0 ** floor(log10(wanted))
    return min((step * decade for step in NICE_STEPS), key=lambda width: abs(log10(width / wanted)))


def _multiples(width: float, low: float, high: float) -> Floats:
    """Return multiples of the width from at or below ``low`` to above ``high``, free of the dust of binary fractions."""
    first = floor(low / width)
    last = max(floor(high / width) + 1, first + 1)
    decimals = max(0, ceil(-log10(width)) + 1)
    edges: Floats = np.round(np.arange(first, last + 1) * width, decimals)
    # Rounding may move an edge past a value that lies on it.
    edges[0], edges[-1] = min(edges[0], low), max(edges[-1], high)
    return edges
