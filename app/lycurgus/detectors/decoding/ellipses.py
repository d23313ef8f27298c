"""Ellipses through points of outlines."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Mask
from lycurgus.detectors.decoding.circles import circle_through, seen_deg
from lycurgus.detectors.decoding.outlines import EDGE_PX, Points

LEAST_POINTS = 8
"""Fewer points tell nothing of an ellipse."""

LEAST_SEMIAXIS_PX = 3.0
"""A narrower ellipse, or a smaller circle, goes through noise."""

LONGEST = 2.5
"""Greatest ratio of the axes: short arcs ask for any, and a circle goes through them as well; rods are no ellipses."""

CLOSE, CLOSE_PX = 0.06, 0.8
"""Root mean square of the distance of points from their ellipse that is allowed: the greater of a part of its mean radius and of px."""


@dataclass(frozen=True, slots=True, eq=False)
class Ellipse:
    """An ellipse and the points (n, 2) of an outline that it goes through.

    Attributes
    ----------
    x, y : its centre, px.
    a, b : its semiaxes, px.
    turned : the first one's angle from x towards y, rad.
    """

    points: Points
    x: float
    y: float
    a: float
    b: float
    turned: float

    @property
    def radius(self) -> float:
        """Radius of the disc of the same area."""
        return sqrt(self.a * self.b)

    @property
    def misfit(self) -> float:
        """Root mean square of the distance of the points from the ellipse, as a ratio to what is allowed.

        Of the first order (P. D. Sampson, Comput. Graph. Image Process. 18 (1982) 97): exact for points that are near.
        """
        along, across = self._along(self.points[:, 0], self.points[:, 1])
        reach = np.hypot(along / self.a, across / self.b)
        slope = np.hypot(along / self.a**2, across / self.b**2) / np.maximum(reach, 1e-9)
        away = (reach - 1) / np.maximum(slope, 1e-9)
        return sqrt(float(np.mean(away**2))) / max(CLOSE * self.radius, CLOSE_PX)

    @property
    def seen_deg(self) -> float:
        """How much of its outline the points show, by the angle of the circle that the ellipse is when its axes are made equal."""
        along, across = self._along(self.points[:, 0], self.points[:, 1])
        return seen_deg(np.arctan2(across / self.b, along / self.a), self.radius)

    def drawn(self, shape: tuple[int, int]) -> Mask:
        """Return the pixels of an array of this shape (h, w) whose centres lie in the ellipse."""
        cosine, sine = np.cos(self.turned), np.sin(self.turned)
        wide, high = np.hypot(self.a * cosine, self.b * sine), np.hypot(self.a * sine, self.b * cosine)
        y0, y1 = (int(np.clip(edge, 0, shape[0])) for edge in (self.y - high, self.y + high + 2))
        x0, x1 = (int(np.clip(edge, 0, shape[1])) for edge in (self.x - wide, self.x + wide + 2))
        rows, columns = np.ogrid[y0:y1, x0:x1]
        along, across = self._along(columns, rows)
        mask = np.zeros(shape, dtype=np.bool_)
        mask[y0:y1, x0:x1] = np.hypot(along / self.a, across / self.b) <= 1
        return mask

    def part_in(self, foreground: Mask) -> float:
        """Return how much of it is foreground, by points of equal areas; outside of the array its border's pixels count."""
        rings, spokes = 6, 32
        away = np.sqrt((np.arange(rings) + 0.5) / rings)[:, None]
        angles = 2 * pi * np.arange(spokes) / spokes
        along, across = self.a * away * np.cos(angles), self.b * away * np.sin(angles)
        cosine, sine = np.cos(self.turned), np.sin(self.turned)
        x = np.rint(self.x + cosine * along - sine * across).astype(np.int64)
        y = np.rint(self.y + sine * along + cosine * across).astype(np.int64)
        height, width = foreground.shape
        return float(foreground[y.clip(0, height - 1), x.clip(0, width - 1)].mean())

    def _along(self, x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how far places lie from the centre along the first axis and the second."""
        cosine, sine = np.cos(self.turned), np.sin(self.turned)
        right, down = x - self.x, y - self.y
        return cosine * right + sine * down, -sine * right + cosine * down


def ellipse_through(points: Points) -> Ellipse | None:
    """Fit an ellipse to points (n, 2) in pixel centres of an outline, whose edge lies a little further out.

    A. Fitzgibbon, M. Pilu & R. B. Fisher, IEEE Trans. Pattern Anal. Mach. Intell. 21 (1999) 476, as OpenCV has it. Where it
    is too narrow or too long, a circle through the points; None where that is too small too, the points are too few or lie in a line.
    """
    if len(points) < LEAST_POINTS:
        return None
    (x, y), (width, height), degrees = cv2.fitEllipseDirect(points.astype(np.float32)[:, None])
    a, b = width / 2 + EDGE_PX, height / 2 + EDGE_PX
    if np.isfinite([x, y, a, b]).all() and min(a, b) >= LEAST_SEMIAXIS_PX and max(a, b) <= LONGEST * min(a, b):
        return Ellipse(points, x, y, a, b, float(np.deg2rad(degrees)))
    circle = circle_through(points)
    if circle is None or circle.radius < LEAST_SEMIAXIS_PX:
        return None
    radius = circle.radius + EDGE_PX
    return Ellipse(points, circle.x, circle.y, radius, radius, 0.0)
