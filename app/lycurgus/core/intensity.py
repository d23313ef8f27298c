"""Intensity statistics of many masks at once, on the values as stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.ragged import Counts, starts_of
from lycurgus.core.types import Plane

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Intensities:
    """Mean, standard deviation (n - 1; 0 for a single value), minimum and maximum; nan where a mask has no finite value."""

    mean: Column
    sd: Column
    minimum: Column
    maximum: Column


def no_intensities(masks: int) -> Intensities:
    """What is known about the intensities of masks without a picture."""
    return Intensities(*np.full((4, masks), np.nan))


def intensities_of(values: Plane, counts: Counts) -> Intensities:
    """Intensities of masks whose values are listed end to end; values that are not finite do not count.

    Parameters
    ----------
    values : the stored values under the masks.
    counts : pixels of each mask, none of them 0.
    """
    level = values.astype(np.float64)
    finite = np.isfinite(level)
    if finite.all():
        return Intensities(*_statistics(level, counts))
    valid = np.add.reduceat(finite, starts_of(counts), dtype=np.intp)
    some = valid > 0
    columns = np.full((4, len(counts)), np.nan)
    if some.any():
        columns[:, some] = _statistics(level[finite], valid[some])
    return Intensities(*columns)


def _statistics(level: Column, counts: Counts) -> NDArray[np.float64]:
    """(4, n): mean, standard deviation, minimum and maximum of each row."""
    starts = starts_of(counts)
    mean = np.add.reduceat(level, starts) / counts
    deviation = level - np.repeat(mean, counts)
    variance = np.add.reduceat(deviation * deviation, starts) / np.maximum(counts - 1, 1)
    return np.stack([mean, np.sqrt(variance), np.minimum.reduceat(level, starts), np.maximum.reduceat(level, starts)])
