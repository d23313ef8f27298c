"""Centroids and the ellipses with the same second moments (Legendre ellipses), for many masks at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.ragged import Counts, starts_of

Column = NDArray[np.float64]

PIXEL_VARIANCE = 1 / 12  # of a square of unit side about its centre, along either axis: pixels are squares and not points


@dataclass(frozen=True, slots=True, eq=False)
class Ellipses:
    """One ellipse a mask; axes are full lengths in the unit of the pixel size, the orientation is that of the long one in degrees."""

    major: Column
    minor: Column
    orientation_deg: Column


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Centroid and central second moments of masks, in px and px²; the moments are means over the mask's area."""

    y: Column
    x: Column
    yy: Column
    xx: Column
    xy: Column


def moments_of(y: NDArray[np.int32], x: NDArray[np.int32], counts: Counts) -> Moments:
    """Moments of masks whose pixels are listed end to end.

    Parameters
    ----------
    y, x : pixel coordinates in each mask's own crop: near the origin, so that squares of means can be subtracted without loss.
    counts : pixels of each mask, none of them 0.
    """
    starts = starts_of(counts)

    def mean(values: Column) -> Column:
        return np.asarray(np.add.reduceat(values, starts) / counts)

    row, column = y.astype(np.float64), x.astype(np.float64)
    mean_y, mean_x = mean(row), mean(column)
    yy, xx, xy = mean(row * row) - mean_y**2, mean(column * column) - mean_x**2, mean(row * column) - mean_y * mean_x
    return Moments(mean_y, mean_x, yy + PIXEL_VARIANCE, xx + PIXEL_VARIANCE, xy)


def ellipses_of(moments: Moments, scale: tuple[float, float] = (1.0, 1.0)) -> Ellipses:
    """Ellipses with these second moments: an axis is four times the root of the moment along it.

    Parameters
    ----------
    scale : size of a pixel in y and in x.
    """
    yy, xx, xy = moments.yy * scale[0] ** 2, moments.xx * scale[1] ** 2, moments.xy * scale[0] * scale[1]
    middle, spread = (yy + xx) / 2, np.hypot((xx - yy) / 2, xy)
    # Rounding must not make a round particle's short axis longer than its long one, nor a needle's imaginary.
    major, minor = 4 * np.sqrt(middle + spread), 4 * np.sqrt(np.maximum(middle - spread, 0))
    orientation = np.degrees(np.arctan2(-2 * xy, xx - yy)) / 2 % 180
    return Ellipses(major, minor, np.where(orientation >= 180, 0.0, orientation))
