"""Pieces of one long particle, joined across a shallow valley: along a thin rod noise makes dips where no particle ends.

The normalised distance is 1 all along the axis of a rod, and a dip there looks like the valley between two touching particles. The
shape of both pieces together tells them apart: two round particles that touch have a waist, two pieces of a rod do not.
"""

from __future__ import annotations

from math import atan2, cos, hypot, pi, sin, sqrt

import numpy as np
from numpy.typing import NDArray

from lycurgus.detectors.decoding.basins import Basins, Passes, Union

VALLEY = 0.5
"""A pass lower than the lower of two peaks by more than this part of it parts even rods that lie end to end."""

ELONGATION = 2.4
"""Least ratio of the axes of both together, by second moments: two touching squares have 2.0, two touching discs 2.24."""

FULLNESS = 0.93
"""Least area of both together as a part of that of the ellipse of the same second moments, where they are just long enough: a rod has
0.95 to 1, two touching discs, or two ellipses end to end, have 0.89."""

LATITUDE, LEAST_FULLNESS = 0.04, 0.8
"""By how much less will do for each unit of elongation more, and what must be there at any rate: a network's foreground wears thin where
its distance dips, and the longer both are together, the less likely are two particles that happen to lie in one line."""

WIDER = 1.3
"""By how much the second moment across both together may exceed that of the larger of them: 1 for pieces of a rod, 4 for two rods side
by side."""

_PIXEL = 1 / 12
"""Second moment of a pixel about its middle, px²."""


def join_elongated(pieces: Basins, ways: Passes) -> NDArray[np.int64]:
    """Tell which neighbouring pieces make up one long particle; the highest pass is looked at first.

    Returns
    -------
    (n + 1,), for each label the label that it goes over into, 0 for 0; see ``basins.merged``.
    """
    union = Union(len(pieces) + 1)
    peaks = [0.0, *pieces.peaks.tolist()]
    sums = _raw_moments(pieces)
    order = np.argsort(-ways.heights, kind="stable")
    waiting = list(zip(ways.pairs[order].tolist(), ways.heights[order].tolist(), strict=True))
    while waiting:
        left = []
        for (a, b), level in waiting:
            first, second = union.find(a), union.find(b)
            if first == second or level < (1 - VALLEY) * min(peaks[first], peaks[second]):
                continue
            together = sums[first] + sums[second]
            if not _is_one_rod(together, sums[first], sums[second]):
                left.append(((a, b), level))
                continue
            union.join(first, second)
            one = union.find(first)
            sums[one], peaks[one] = together, max(peaks[first], peaks[second])
        # What has grown may now be long enough to take in what it could not before.
        if len(left) == len(waiting):
            break
        waiting = left
    return union.numbers()


def _raw_moments(pieces: Basins) -> NDArray[np.float64]:
    """Sums of 1, y, x, y², x², yx over each label's pixels, (n + 1, 6), about the middle of the picture."""
    height, width = pieces.labels.shape
    here = np.flatnonzero(pieces.labels)
    owner = pieces.labels.ravel()[here]
    y, x = np.divmod(here, width)
    y, x = y - height / 2, x - width / 2
    terms = (None, y, x, y * y, x * x, y * x)
    return np.stack([np.bincount(owner, weights=term, minlength=len(pieces) + 1) for term in terms], axis=1).astype(np.float64)


def _is_one_rod(together: NDArray[np.float64], first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    """Whether two regions of these raw moments are together long enough, full enough for their length, and hardly wider than the larger."""
    area = float(together[0])
    yy, xx, yx = _covariance(together)
    mean, half = (yy + xx) / 2, hypot((yy - xx) / 2, yx)
    major, minor = mean + half, max(mean - half, 1e-9)
    elongation, fullness = sqrt(major / minor), area / (4 * pi * sqrt(major * minor))
    if elongation < ELONGATION or fullness < max(LEAST_FULLNESS, FULLNESS - LATITUDE * (elongation - ELONGATION)):
        return False
    along = atan2(2 * yx, xx - yy) / 2
    down, right = cos(along), -sin(along)
    yy, xx, yx = _covariance(max(first, second, key=lambda sums: float(sums[0])))
    return minor <= WIDER * (yy * down**2 + xx * right**2 + 2 * yx * down * right)


def _covariance(sums: NDArray[np.float64]) -> tuple[float, float, float]:
    """Central second moments yy, xx, yx in px² of a region of these raw moments."""
    area, y, x, yy, xx, yx = sums.tolist()
    return yy / area - (y / area) ** 2 + _PIXEL, xx / area - (x / area) ** 2 + _PIXEL, yx / area - y * x / area**2
