"""Grey values that part particles from background: Otsu's thresholds from a histogram that outliers cannot stretch."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.noise import sample
from lycurgus.core.types import Mask

BINS = 1024
TAIL_PERCENT = 0.02
"""Share left out at either end: a few hot pixels would otherwise squeeze the picture into a handful of bins."""

SMOOTHING_BINS = BINS / 64
VALLEY = 0.9
NEAR_PEAK = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Counts of usable values.

    Attributes
    ----------
    counts : (k,) float64.
    low, width : lower edge of the first bin and width of each, in units of the stored values.
    """

    counts: NDArray[np.float64]
    low: float
    width: float

    @property
    def centres(self) -> NDArray[np.float64]:
        return np.asarray(self.low + self.width * (np.arange(self.counts.size) + 0.5), dtype=np.float64)

    def edge(self, index: int) -> float:
        """Upper edge of a bin."""
        return self.low + self.width * (index + 1)


def histogram(plane: NDArray[np.float32], usable: Mask, *, bins: int = BINS) -> Histogram | None:
    """Count the usable values between their outermost 0.02 %; None where all of them are equal.

    Parameters
    ----------
    plane : (H, W) float32, finite where usable.
    usable : (H, W) bool.
    """
    values = sample(plane, usable)
    if values.size == 0:
        return None
    low, high = (float(v) for v in np.percentile(values, (TAIL_PERCENT, 100 - TAIL_PERCENT)))
    if high <= low:
        low, high = float(values.min()), float(values.max())
    # A spread that float32 cannot resolve is rounding, not contrast.
    if high - low <= 64 * float(np.spacing(np.float32(max(abs(low), abs(high))))):
        return None
    bins = min(bins, _levels(values, low, high))
    width = (high - low) / (bins - 1)
    low -= width / 2
    counts = cv2.calcHist([plane], [0], usable.view(np.uint8), [bins], [low, low + bins * width]).ravel()
    return Histogram(counts.astype(np.float64), low, width)


def _levels(values: NDArray[np.float32], low: float, high: float) -> int:
    """Return how many levels a quantised picture has between two values: finer bins would be a comb."""
    steps = np.diff(np.unique(values[:: max(1, values.size >> 16)]))
    return max(2, round((high - low) / float(steps.min())) + 1) if steps.size else 2


def otsu(hist: Histogram) -> float:
    """Return the value that parts a histogram into two classes of least variance within them.

    Maximises w0 w1 (m0 - m1)²; where several cuts are equally good (an empty valley), the middle one counts.

    References
    ----------
    N. Otsu, A threshold selection method from gray-level histograms, IEEE Trans. SMC 9 (1979) 62-66.
    """
    share = np.cumsum(hist.counts)
    first = np.cumsum(hist.counts * np.arange(hist.counts.size))
    below, above = share[:-1], share[-1] - share[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        between = np.nan_to_num(below * above * (first[:-1] / below - (first[-1] - first[:-1]) / above) ** 2)
    best = np.flatnonzero(between >= between.max() * (1 - 1e-9))
    return hist.edge(round(float(best.mean())))


def clear_of_noise(hist: Histogram, threshold: float, *, margin: float) -> tuple[float, float]:
    """Return what dark and what bright particles must pass, kept clear of the background's peak where that is all there is.

    Otsu's method always parts: pure noise, or a few particles on a noisy background, it cuts through the peak of the
    background. That is the case where the smoothed histogram has no valley at the threshold (its density there is above
    90 % of the lower of the highest densities on both sides) and the threshold lies within two deviations of the peak. Then
    the limits are ``margin`` deviations on both sides of the peak; otherwise the threshold is both of them.

    The deviation is the half width at half maximum of the peak over √(2 ln 2), on the flank away from the threshold.
    """
    density = cv2.GaussianBlur(hist.counts[None, :], (0, 0), max(SMOOTHING_BINS * hist.counts.size / BINS, 0.5)).ravel()
    cut = int(np.clip((threshold - hist.low) / hist.width, 1, density.size - 1))
    peak = int(density.argmax())
    flank = density[peak::-1] if cut >= peak else density[peak:]
    beyond = np.flatnonzero(flank < density[peak] / 2)
    deviation = (int(beyond[0]) if beyond.size else flank.size) / sqrt(2 * log(2))
    is_valley = density[cut] < VALLEY * min(density[:cut].max(), density[cut:].max())
    if is_valley or abs(cut - peak) >= NEAR_PEAK * deviation:
        return threshold, threshold
    centre, reach = float(hist.centres[peak]), margin * deviation * hist.width
    return centre - reach, centre + reach


def multi_otsu(hist: Histogram, *, classes: int) -> tuple[float, ...]:
    """Return the classes - 1 ascending values that part a histogram into classes of least variance within them.

    Found exactly by dynamic programming over a histogram of 256 bins: the variance within classes is a sum over classes, so
    the best cut of the first k classes at a bin follows from the best cuts of k - 1.

    References
    ----------
    P.-S. Liao, T.-S. Chen, P.-C. Chung, A fast algorithm for multilevel thresholding, J. Inf. Sci. Eng. 17 (2001) 713-727.
    """
    group = max(1, hist.counts.size // 256)
    counts = hist.counts[: hist.counts.size // group * group].reshape(-1, group).sum(axis=1)
    n = counts.size
    share = np.concatenate(([0.0], np.cumsum(counts)))
    first = np.concatenate(([0.0], np.cumsum(counts * np.arange(n))))
    # gain[i, j]: (sum)²/count of bins i ... j - 1; its total over classes is to be as large as possible.
    count = share[None, :] - share[:, None]
    total = first[None, :] - first[:, None]
    gain = np.divide(total**2, count, out=np.zeros_like(count), where=count > 0)
    gain[np.tri(n + 1, dtype=bool)] = -np.inf
    best, cuts = gain[0].copy(), []
    for _ in range(classes - 1):
        options = best[:, None] + gain
        cuts.append(options.argmax(axis=0))
        best = options.max(axis=0)
    edges, end = [], n
    for cut in reversed(cuts):
        end = int(cut[end])
        edges.append(hist.low + hist.width * group * end)
    return tuple(reversed(edges))


def class_means(hist: Histogram, threshold: float) -> tuple[float, float]:
    """Return the mean value below and above a threshold; the threshold itself for an empty class."""
    centres, below = hist.centres, hist.centres < threshold
    return (
        float(np.average(centres[below], weights=hist.counts[below])) if hist.counts[below].sum() > 0 else threshold,
        float(np.average(centres[~below], weights=hist.counts[~below])) if hist.counts[~below].sum() > 0 else threshold,
    )
