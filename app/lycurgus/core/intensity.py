"""Intensity statistics of many masks at once, on the values as stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.ragged import Counts, rows_of, starts_of
from lycurgus.core.types import Plane

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Intensities:
    """Mean, standard deviation (n - 1; 0 for a single value), minimum and maximum; nan where a mask has no finite value."""

    mean: Column
    sd: Column
    minimum: Column
    maximum: Column


def intensities_of(plane: Plane | None, y: NDArray[np.intp], x: NDArray[np.intp], counts: Counts) -> Intensities:
    """Intensities of masks whose pixels are listed end to end; values that are not finite do not count.

    Parameters
    ----------
    plane : (H, W) as stored, or None: all is nan.
    y, x : image coordinates.
    counts : pixels of each mask, none of them 0.
    """
    if plane is None:
        return Intensities(*np.full((4, len(counts)), np.nan))
    values = plane[y, x].astype(np.float64)
    finite = np.isfinite(values)
    starts, rows = starts_of(counts), rows_of(counts)
    valid = np.add.reduceat(finite, starts, dtype=np.intp)
    some = valid > 0

    def among_finite(column: Column) -> Column:
        return np.where(some, column, np.nan)

    at_least_one = np.maximum(valid, 1)
    mean = np.add.reduceat(np.where(finite, values, 0), starts) / at_least_one
    deviation = np.where(finite, values - mean[rows], 0)
    variance = np.add.reduceat(deviation * deviation, starts) / np.maximum(valid - 1, 1)
    minimum = np.minimum.reduceat(np.where(finite, values, np.inf), starts)
    maximum = np.maximum.reduceat(np.where(finite, values, -np.inf), starts)
    return Intensities(among_finite(mean), among_finite(np.sqrt(variance)), among_finite(minimum), among_finite(maximum))
