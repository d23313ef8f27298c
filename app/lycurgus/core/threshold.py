"""Grey values that part particles from background: Otsu's thresholds from a histogram that outliers cannot stretch."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.noise import sample
from lycurgus.core.types import Mask

BINS = 1024
TAIL_PERCENT = 0.01
"""Share left out at either end: a few hot pixels would otherwise squeeze the picture into a handful of bins."""


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
    """Count the usable values between their outermost 0.01 %; None where all of them are equal.

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
    if high - low <= 8 * float(np.spacing(np.float32(max(abs(low), abs(high))))):
        return None
    counts = cv2.calcHist([plane], [0], usable.view(np.uint8), [bins], [low, high]).ravel()
    return Histogram(counts.astype(np.float64), low, (high - low) / bins)


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
