"""Basins of a height map: each pixel climbs to its peak, and peaks that no valley parts are joined.

A watershed without a queue: the way up is found for all pixels at once by one grey dilation and by doubling pointers, and
the depth of the valleys is looked at afterwards, on a few hundred basins instead of a million pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Mask

LEVELS = 1 << 14
"""Heights 0 ... 1 in steps finer than any network's noise; with the place of the pixel a key stays exact in float64."""

HIGHEST = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Basins:
    """A partition of the foreground.

    Attributes
    ----------
    labels : (H, W) int32, basin i has the value i + 1, 0 outside the foreground.
    peaks : (n,) float32, height of each basin's peak.
    """

    labels: NDArray[np.int32]
    peaks: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.peaks)


def climb(height: NDArray[np.float32], foreground: Mask) -> Basins:
    """Give each pixel of the foreground to the local maximum that the steepest way up leads to.

    On a plateau all ways lead to its last pixel in reading order, so that a flat ridge yields few basins.

    Parameters
    ----------
    height : (H, W), about 0 ... 1.
    foreground : (H, W) bool; steps lead from pixel to 8-connected pixel within it.
    """
    size, width = height.size, height.shape[1]
    # In place and without a plane of places beside it: at 8 bytes a pixel these are the largest arrays of the decoding.
    key = np.clip(height, 0, HIGHEST).astype(np.float64)
    key *= LEVELS
    np.rint(key, out=key)
    key *= size
    key += np.arange(width, dtype=np.float64)
    key += np.arange(0, size, width, dtype=np.float64)[:, None]
    key[~foreground] = -1
    here = np.flatnonzero(foreground)
    above = cv2.dilate(key, np.ones((3, 3), dtype=np.uint8)).ravel()[here].astype(np.int64) % size
    rank = np.empty(size, dtype=np.int32)
    rank[here] = np.arange(len(here), dtype=np.int32)
    target = rank[above]
    while True:
        further = target[target]
        if np.array_equal(further, target):
            break
        target = further
    summit = target == np.arange(len(here), dtype=np.int32)
    number = np.cumsum(summit, dtype=np.int32)
    labels = np.zeros(size, dtype=np.int32)
    labels[here] = number[target]
    roots = here[summit]
    return Basins(labels.reshape(height.shape), height.ravel()[roots].astype(np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class Passes:
    """The highest pass between each pair of neighbouring basins.

    Attributes
    ----------
    pairs : (m, 2) int64, labels, the first less than the second, each pair once.
    heights : (m,) float32.
    """

    pairs: NDArray[np.int64]
    heights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.heights)

    def between(self, owner: NDArray[np.int64]) -> Passes:
        """Return the passes that are left once each label goes over into ``owner[label]``."""
        pairs = owner[self.pairs]
        apart = pairs[:, 0] != pairs[:, 1]
        return _highest(pairs[apart, 0], pairs[apart, 1], self.heights[apart])


def passes(labels: NDArray[np.int32], height: NDArray[np.float32]) -> Passes:
    """Find where one gets highest from each basin to each of its 8-connected neighbours."""
    # Only pixels with a neighbour of a greater label are looked at; the border of the array counts as background.
    framed = cv2.copyMakeBorder(labels.astype(np.float32), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    greatest = cv2.dilate(framed, np.ones((3, 3), dtype=np.uint8))
    here = np.flatnonzero((greatest != framed) & (framed > 0))
    width = framed.shape[1]
    row, column = np.divmod(here, width)
    flat, own = framed.ravel(), framed.ravel()[here]
    level = height[row - 1, column - 1]
    low, high, heights = [], [], []
    for dy, dx in ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)):
        other = flat[here + (dy * width + dx)]
        border = np.flatnonzero(other > own)
        low.append(own[border])
        high.append(other[border])
        heights.append(np.minimum(level[border], height[row[border] - 1 + dy, column[border] - 1 + dx]))
    return _highest(np.concatenate(low).astype(np.int64), np.concatenate(high).astype(np.int64), np.concatenate(heights))


def _highest(a: NDArray[np.int64], b: NDArray[np.int64], heights: NDArray[np.float32]) -> Passes:
    """Keep of each pair of labels the greatest height."""
    if not a.size:
        return Passes(np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.float32))
    base = int(max(a.max(), b.max())) + 1
    codes, inverse = np.unique(np.minimum(a, b) * base + np.maximum(a, b), return_inverse=True)
    best = np.full(len(codes), -np.inf, dtype=np.float32)
    np.maximum.at(best, inverse, heights)
    return Passes(np.stack(np.divmod(codes, base), axis=1), best)


def join_shallow(basins: Basins, ways: Passes, *, depth: float, least_peak: float) -> NDArray[np.int64]:
    """Tell which basins no pass parts that is deep enough for two particles; the highest pass is looked at first.

    Parameters
    ----------
    depth : two basins stay apart where the pass lies below the lower of their two peaks by more than this part of it.
    least_peak : a basin with a lesser peak joins the neighbour with the highest pass, however deep.

    Returns
    -------
    (n + 1,), for each label the label that it goes over into, 0 for 0; see ``merged``.
    """
    peaks = [0.0, *basins.peaks.tolist()]
    union = Union(len(peaks))
    order = np.argsort(-ways.heights, kind="stable")
    for (a, b), level in zip(ways.pairs[order].tolist(), ways.heights[order].tolist(), strict=True):
        low, high = union.find(a), union.find(b)
        if peaks[low] > peaks[high]:
            low, high = high, low
        if low != high and (peaks[low] < least_peak or level >= (1 - depth) * peaks[low]):
            union.owner[low] = high
    return union.numbers()


class Union:
    """Disjoint sets of the numbers 0 ... n - 1."""

    def __init__(self, size: int) -> None:
        self.owner = list(range(size))

    def find(self, one: int) -> int:
        owner = self.owner
        while owner[one] != one:
            owner[one] = owner[owner[one]]
            one = owner[one]
        return one

    def join(self, a: int, b: int) -> None:
        first, second = self.find(a), self.find(b)
        self.owner[max(first, second)] = min(first, second)

    def numbers(self) -> NDArray[np.int64]:
        """Number the sets from 0 without gaps, in order of their roots, and return the number of each member's set."""
        return np.unique([self.find(one) for one in range(len(self.owner))], return_inverse=True)[1].astype(np.int64)


def merged(basins: Basins, owner: NDArray[np.int64]) -> Basins:
    """Let each label go over into ``owner[label]``: numbers without gaps, 0 for 0."""
    count = int(owner.max())
    if count == len(basins):
        return basins
    peaks = np.zeros(count + 1, dtype=np.float32)
    np.maximum.at(peaks, owner[1:], basins.peaks)
    return Basins(owner.astype(np.int32)[basins.labels], peaks[1:])


def peaks_of(labels: NDArray[np.int32], height: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Greatest height in each region 1 ... count, (count,) float32."""
    here = np.flatnonzero(labels)
    peaks = np.zeros(count, dtype=np.float32)
    np.maximum.at(peaks, labels.ravel()[here] - 1, height.ravel()[here])
    return peaks
