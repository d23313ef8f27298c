"""A size distribution that grows image by image in bounded memory: what the live panel of a watch shows."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.bootstrap import draw_images, percentile_interval
from lycurgus.core.summary import Interval

Floats = NDArray[np.float64]

BINS_PER_DECADE = 200
LOWEST, DECADES = 1e-3, 9
"""From 0.001 to 1,000,000 in whatever unit; bins are 1.2 % wide, and percentiles are interpolated within them."""
MOST_PACKETS = 128
"""Images beyond this number share a histogram with their neighbours."""
PERCENTILES = (0.1, 0.5, 0.9)
_N_BINS = BINS_PER_DECADE * DECADES


@dataclass(frozen=True, slots=True, eq=False)
class RunningPercentiles:
    """D10, D50 and D90 with their confidence intervals, None where there are too few particles."""

    values: tuple[float, float, float]
    intervals: tuple[Interval | None, Interval | None, Interval | None]


@dataclass(frozen=True, slots=True, eq=False)
class RunningHistogram:
    """Bars for a plot.

    Attributes
    ----------
    edges : (k + 1,) evenly spaced in the logarithm.
    counts : (k,) particles; weighted : (k,) sums of their weights.
    """

    edges: Floats
    counts: Floats
    weighted: Floats


class RunningSizes:
    """Fine logarithmic histograms of packets of images, in the order in which they came.

    A packet holds as many images as all others; when there are too many packets, neighbours are put together. What is kept does not grow
    with the number of images or particles.
    """

    def __init__(self) -> None:
        # (packets, 2, bins): particles, and their weights.
        self._packets = np.zeros((MOST_PACKETS, 2, _N_BINS), dtype=np.float32)
        self._size = 1
        self._n_images = 0

    @property
    def n_images(self) -> int:
        return self._n_images

    @property
    def nbytes(self) -> int:
        """Memory of the histograms."""
        return int(self._packets.nbytes)

    def add(self, values: Floats, weights: Floats) -> int:
        """Take an image in.

        Parameters
        ----------
        values, weights : (n,) sizes and statistical weights of its counted particles; sizes that are not positive are left out.

        Returns
        -------
        Its place, for ``replace``.
        """
        place = self._n_images
        if place // self._size >= MOST_PACKETS:
            self._packets[: MOST_PACKETS // 2] = self._packets[0::2] + self._packets[1::2]
            self._packets[MOST_PACKETS // 2 :] = 0
            self._size *= 2
        self._n_images += 1
        self._packets[place // self._size] += _histogram(values, weights)
        return place

    def replace(self, place: int, old: tuple[Floats, Floats], new: tuple[Floats, Floats]) -> None:
        """Count an image anew whose file has changed; (values, weights) as they were added, and as they are now."""
        packet = self._packets[place // self._size]
        packet += _histogram(*new) - _histogram(*old)
        # What is left of sums of weights by rounding is no particle.
        packet[:, packet[0] < 0.5] = 0

    def percentiles(self, *, confidence: float, samples: int, seed: int = 0) -> RunningPercentiles | None:
        """Return weighted percentiles, None without particles; images are resampled, and their particles with probability 1/J."""
        table = self._packets[self._packets[:, 0].sum(axis=1) > 0].astype(np.float64)
        if not len(table):
            return None
        values = _quantiles(table[:, 1].sum(axis=0)[None])[0]
        intervals: list[Interval | None] = [None] * len(PERCENTILES)
        if table[:, 0].sum() > 1 and samples:
            draws = _quantiles(_resampled(table, samples, np.random.default_rng(seed)))
            intervals = [percentile_interval(draws[:, one], confidence) for one in range(len(PERCENTILES))]
        return RunningPercentiles((float(values[0]), float(values[1]), float(values[2])), (intervals[0], intervals[1], intervals[2]))

    def histogram(self, *, bars: int = 28) -> RunningHistogram | None:
        """Return at most so many bars from the smallest particle to the largest; None without particles."""
        counts, weighted = self._packets.sum(axis=0, dtype=np.float64)
        filled = np.flatnonzero(counts)
        if not filled.size:
            return None
        first, last = int(filled[0]), int(filled[-1]) + 1
        step = max(1, -(-(last - first) // bars))
        n = -(-(last - first) // step)
        padded = np.zeros((2, n * step))
        stop = min(first + n * step, _N_BINS)
        padded[:, : stop - first] = counts[first:stop], weighted[first:stop]
        summed = padded.reshape(2, n, step).sum(axis=2)
        return RunningHistogram(_edge(first + step * np.arange(n + 1)), summed[0], summed[1])


def _histogram(values: Floats, weights: Floats) -> NDArray[np.float32]:
    """(2, bins): particles and weights."""
    good = np.isfinite(values) & (values > 0) & np.isfinite(weights)
    with np.errstate(divide="ignore"):
        bins = np.clip(np.floor(np.log10(values[good] / LOWEST) * BINS_PER_DECADE).astype(np.int64), 0, _N_BINS - 1)
    found = np.stack([np.bincount(bins, minlength=_N_BINS), np.bincount(bins, weights=weights[good], minlength=_N_BINS)])
    return np.asarray(found, dtype=np.float32)


def _edge(place: NDArray[np.int64] | Floats) -> Floats:
    edges: Floats = LOWEST * 10.0 ** (np.asarray(place, dtype=np.float64) / BINS_PER_DECADE)
    return edges


def _resampled(table: Floats, samples: int, rng: np.random.Generator) -> Floats:
    """Weights of resamples, (samples, bins)."""
    drawn = draw_images(len(table), samples=samples, rng=rng)
    redrawn = rng.binomial(drawn, 1 / len(table))
    weights: Floats = (drawn - redrawn) @ table[:, 1]
    mean_weight = np.divide(table[:, 1], table[:, 0], out=np.zeros_like(table[:, 1]), where=table[:, 0] > 0)
    for row, column in zip(*np.nonzero(redrawn), strict=True):
        n = round(float(table[column, 0].sum()))
        for _ in range(int(redrawn[row, column])):
            weights[row] += rng.multinomial(n, table[column, 0] / table[column, 0].sum()) * mean_weight[column]
    return weights


def _quantiles(weights: Floats) -> Floats:
    """Return the percentiles of each row of weights, (b, 3); nan where a row has none."""
    cumulative = np.cumsum(weights, axis=1)
    found = np.full((len(weights), len(PERCENTILES)), nan)
    for row, sums in enumerate(cumulative):
        if sums[-1] <= 0:
            continue
        wanted = np.array(PERCENTILES) * sums[-1]
        place = np.searchsorted(sums, wanted, side="left")
        before = np.where(place > 0, sums[place - 1], 0.0)
        found[row] = _edge(place + (wanted - before) / np.maximum(sums[place] - before, 1e-300))
    return found
