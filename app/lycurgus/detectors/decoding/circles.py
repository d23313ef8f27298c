"""Circles through points of outlines, and the discs that they bound."""

from __future__ import annotations

from dataclasses import dataclass
from math import acos, ceil, hypot, pi, sin, sqrt

import numpy as np
import scipy  # parts of it load when they are first used, so that starting need not wait for them
from numpy.typing import NDArray

from lycurgus.core.types import Mask
from lycurgus.detectors.decoding.outlines import Points

ROUND, ROUND_PX = 0.05, 0.7
"""Root mean square of the distance of points from their circle that is allowed: the greater of a part of the radius and of px."""

Disc = tuple[float, float, float]
"""A disc's centre, x and y, and its radius, px."""


@dataclass(frozen=True, slots=True, eq=False)
class Circle:
    """A circle and the points (n, 2) of an outline that lie near it; x and y, px."""

    points: Points
    x: float
    y: float
    radius: float

    @property
    def misfit(self) -> float:
        """Root mean square of the distance of the points from the circle, as a ratio to what is allowed."""
        away = np.hypot(self.points[:, 0] - self.x, self.points[:, 1] - self.y) - self.radius
        return sqrt(float(np.mean(away**2))) / max(ROUND * self.radius, ROUND_PX)

    @property
    def seen_deg(self) -> float:
        """How much of its outline the points show."""
        return seen_deg(np.arctan2(self.points[:, 1] - self.y, self.points[:, 0] - self.x), self.radius)


def seen_deg(angles: NDArray[np.float64], radius: float) -> float:
    """Return how much of a circle (radius in px) points at these angles (rad) on it show."""
    # No finer than the points of a whole outline stand apart.
    parts = int(np.clip(0.8 * 2 * pi * radius, 8, 72))
    return 360 / parts * np.unique(np.floor(angles * (parts / (2 * pi))).astype(np.int64) % parts).size


def circle_through(points: Points) -> Circle | None:
    """Fit a circle to points (n, 2), as ``fit_circles`` does; None where they lie in a line."""
    x, y, radius = fit_circles(points, np.ones((1, len(points))))[0].tolist()
    return Circle(points, x, y, radius) if np.isfinite(radius) else None


def fit_circles(points: Points, weights: NDArray[np.float64] | scipy.sparse.csr_array) -> NDArray[np.float64]:
    """Fit circles by least squares of x² + y² - 2ax - 2by - c (I. Kåsa, IEEE Trans. Instrum. Meas. 25 (1976) 8).

    Circles through short arcs come out too small, by a tenth for noise of 0.3 px on a radian of 20 px. Taubin's fit, which measures sizes
    elsewhere (``core.circle_fit``), does not do that, but found no more of 220 overlapping spheres: they are fitted again to all they have.

    Parameters
    ----------
    points : (n, 2), x and y.
    weights : (m, n), dense or sparse, of each point for each of m circles, 0 for those that are not its own.

    Returns
    -------
    (m, 3), x, y and radius; not a number where the points lie in a line.
    """
    middle = points.mean(axis=0)
    x, y = (points - middle).T
    z = x**2 + y**2
    sums = weights @ np.column_stack([np.ones_like(x), x, y, z, x * x, x * y, y * y, x * z, y * z])
    with np.errstate(divide="ignore", invalid="ignore"):
        mx, my, mz, xx, xy, yy, xz, yz = (sums[:, 1:] / sums[:, :1]).T
        # Of what is left to solve when c is eliminated only the moments about the mean remain.
        xx, xy, yy, xz, yz = xx - mx * mx, xy - mx * my, yy - my * my, xz - mx * mz, yz - my * mz
        determinant = xx * yy - xy * xy
        determinant = np.where(determinant > 1e-9 * (xx + yy) ** 2, determinant, np.nan)
        a, b = (xz * yy - yz * xy) / (2 * determinant), (yz * xx - xz * xy) / (2 * determinant)
        radius = np.sqrt(mz - 2 * (a * mx + b * my) + a * a + b * b)
    return np.column_stack([a + middle[0], b + middle[1], radius])


def disc_of(x: float, y: float, radius: float, shape: tuple[int, int]) -> tuple[int, int, Mask]:
    """Return the pixels whose centres lie in a disc, of an array of this shape: a window's y0 and x0, and (h, w) bool."""
    y0, x0 = max(ceil(y - radius), 0), max(ceil(x - radius), 0)
    y1, x1 = min(int(y + radius) + 1, shape[0]), min(int(x + radius) + 1, shape[1])
    rows, columns = np.ogrid[y0 : max(y1, y0), x0 : max(x1, x0)]
    return y0, x0, np.asarray((rows - y) ** 2 + (columns - x) ** 2 <= radius**2)


def shared_area(one: Disc, other: Disc) -> float:
    """Area that two discs share."""
    (x, y, a), (u, v, b) = one, other
    apart, small, large = hypot(x - u, y - v), min(a, b), max(a, b)
    if apart >= a + b:
        return 0.0
    if apart <= large - small:
        return pi * small**2
    # Two segments less the kite of both centres and the points where the circles meet.
    angle_a = acos(np.clip((apart**2 + a**2 - b**2) / (2 * apart * a), -1, 1))
    angle_b = acos(np.clip((apart**2 + b**2 - a**2) / (2 * apart * b), -1, 1))
    return a * a * angle_a + b * b * angle_b - a * apart * sin(angle_a)


def iou_of_discs(one: Disc, other: Disc) -> float:
    """Intersection over union of two discs."""
    shared = shared_area(one, other)
    return shared / (pi * (one[2] ** 2 + other[2] ** 2) - shared)
