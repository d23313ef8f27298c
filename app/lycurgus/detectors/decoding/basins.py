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
    size = height.size
    key = np.rint(np.clip(height, 0, HIGHEST) * LEVELS).astype(np.float64)
    key *= size
    key += np.arange(size, dtype=np.float64).reshape(height.shape)
    key[~foreground] = -1
    here = np.flatnonzero(foreground)
    parent = np.arange(size, dtype=np.int64)
    above = cv2.dilate(key, np.ones((3, 3), dtype=np.uint8)).ravel()[here].astype(np.int64) % size
    parent[here] = above
    while True:
        further = parent[above]
        if np.array_equal(further, above):
            break
        above = further
        parent[here] = above
    roots = here[above == here]
    parent[roots] = np.arange(1, len(roots) + 1)
    labels = np.zeros(size, dtype=np.int32)
    labels[here] = parent[above]
    return Basins(labels.reshape(height.shape), height.ravel()[roots].astype(np.float32))


def passes(labels: NDArray[np.int32], height: NDArray[np.float32], count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find for each pair of 8-connected basins the height of the highest pass between them.

    Returns
    -------
    pairs : (m, 2), labels, the first less than the second.
    heights : (m,)
    """
    codes, heights = [], []
    for here, there in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1, :], np.s_[1:, :]),
        (np.s_[:-1, :-1], np.s_[1:, 1:]),
        (np.s_[:-1, 1:], np.s_[1:, :-1]),
    ):
        a, b = labels[here], labels[there]
        border = np.flatnonzero(((a != b) & (a > 0) & (b > 0)).ravel())
        rows, columns = np.divmod(border, a.shape[1])
        a, b = a[rows, columns].astype(np.int64), b[rows, columns].astype(np.int64)
        codes.append(np.minimum(a, b) * (count + 1) + np.maximum(a, b))
        heights.append(np.minimum(height[here][rows, columns], height[there][rows, columns]))
    code, level = np.concatenate(codes), np.concatenate(heights)
    if not code.size:
        return np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.float32)
    order = np.lexsort((level, code))
    last = np.flatnonzero(np.append(np.diff(code[order]) != 0, True))
    best = order[last]
    return np.stack(np.divmod(code[best], count + 1), axis=1), level[best]


def join_shallow(basins: Basins, height: NDArray[np.float32], *, depth: float, least_peak: float) -> Basins:
    """Join basins whose common pass is not deep enough to part two particles, highest pass first.

    Parameters
    ----------
    depth : two basins stay apart where the pass lies deeper than this part of the lower of their two peaks.
    least_peak : a basin with a lesser peak joins the neighbour with the highest pass, however deep.
    """
    peaks = [0.0, *basins.peaks.tolist()]
    owner = list(range(len(peaks)))

    def find(basin: int) -> int:
        while owner[basin] != basin:
            owner[basin] = owner[owner[basin]]
            basin = owner[basin]
        return basin

    pairs, levels = passes(basins.labels, height, len(basins))
    order = np.argsort(-levels, kind="stable")
    for (a, b), level in zip(pairs[order].tolist(), levels[order].tolist(), strict=True):
        low, high = find(a), find(b)
        if peaks[low] > peaks[high]:
            low, high = high, low
        if low != high and (peaks[low] < least_peak or level >= (1 - depth) * peaks[low]):
            owner[low] = high
    roots = np.array([find(basin) for basin in range(len(owner))], dtype=np.int64)
    return renumbered(basins, roots)


def renumbered(basins: Basins, owner: NDArray[np.int64]) -> Basins:
    """Merge each label with the label that owns it and number what is left 1 ... n; ``owner[0]`` is 0."""
    kept, number = np.unique(owner, return_inverse=True)
    peaks = np.zeros(len(kept), dtype=np.float32)
    np.maximum.at(peaks, number[1:], basins.peaks)
    return Basins(number.astype(np.int32)[basins.labels], peaks[1:])
