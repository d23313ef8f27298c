"""Rows of different lengths stored end to end, so that thousands of outlines are worked on by one NumPy call."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.intp]


def starts_of(counts: Counts) -> Counts:
    """Where each row begins."""
    starts = np.zeros(len(counts), dtype=np.intp)
    np.cumsum(counts[:-1], out=starts[1:])
    return starts


def rows_of(counts: Counts) -> Counts:
    """Row number of each element."""
    return np.repeat(np.arange(len(counts)), counts)


def following(counts: Counts) -> Counts:
    """Index of each element's successor in its row, which is a closed ring."""
    nxt = np.arange(1, int(counts.sum()) + 1)
    starts = starts_of(counts)
    nxt[starts + counts - 1] = starts
    return nxt


def batches(counts: Counts, *, cells: int = 1 << 18) -> Iterator[tuple[Counts, Counts]]:
    """Group rows of nearly equal length into rectangles of indices.

    Yields
    ------
    rows : (m,) row numbers.
    index : (m, n) element indices; short rows repeat their last element. m * n² stays near ``cells``.
    """
    order = np.argsort(counts, kind="stable")
    starts = starts_of(counts)
    at = 0
    while at < len(order):
        shortest = max(int(counts[order[at]]), 1)
        longest = shortest + max(shortest // 4, 2)
        end = min(int(np.searchsorted(counts[order], longest, side="right")), at + max(cells // longest**2, 1))
        rows = order[at:end]
        width = int(counts[rows].max())
        yield rows, starts[rows, None] + np.minimum(np.arange(width), counts[rows, None] - 1)
        at = end
