"""The sub-pixel outline of a mask: traced along pixel sides, smoothed, and what follows from it (hull, convexity, polygon)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import BBox, Mask

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """The closed outline of one mask, in the mask's own coordinates (the centre of its first pixel is the origin).

    Attributes
    ----------
    sides : (n, 2) float64 (y, x), the midpoints of the pixel sides between inside and outside, in order.
    points : (n, 2) float64 (y, x), the same smoothed along the outline.
    """

    sides: Points
    points: Points


def trace(mask: Mask) -> Outline:
    """Follow the outer outline of a mask; holes do not count.

    Parameters
    ----------
    mask : (h, w) bool with at least one pixel set; it may touch the edges of its array.

    Raises
    ------
    ValueError
        The mask is empty.
    """
    sides = side_midpoints(mask)
    return Outline(sides, smooth(sides))


def side_midpoints(mask: Mask) -> Points:
    """Midpoints of the outer pixel sides, in order, as one closed curve.

    The pieces of a mask that hangs together nowhere are joined by a bridge without width at their closest points, so that every
    mask has one outline and one hull.
    """
    contours, _ = cv2.findContours(np.ascontiguousarray(mask).view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        raise ValueError("an empty mask has no outline")
    pieces = [_sides_of(contour[:, 0, :]) for contour in contours]
    whole = pieces[0]
    for piece in pieces[1:]:
        whole = _bridge(whole, piece)
    return whole


def smooth(sides: Points) -> Points:
    """Average each midpoint with its neighbours along the outline, by binomial weights."""
    n = len(sides)
    reach = len(_WEIGHTS) // 2
    around = sides[np.arange(-reach, n + reach) % n]
    smoothed = np.zeros_like(sides)
    for shift, weight in enumerate(_WEIGHTS):
        smoothed += weight * around[shift : shift + n]
    return smoothed


def convexity(mask: Mask) -> float:
    """Perimeter of the convex hull over the perimeter: 1 for a convex shape of any size, 0.82 for two equal discs that touch.

    Parameters
    ----------
    mask : (h, w) bool with at least one pixel set.
    """
    points = trace(mask).points.astype(np.float32)
    hull = cv2.convexHull(points)
    return float(cv2.arcLength(hull, True) / cv2.arcLength(points, True))


def polygon(mask: Mask, bbox: BBox) -> Points:
    """Sub-pixel outline in image coordinates.

    Returns
    -------
    (n, 2) float64 (y, x); pixel centres lie on whole numbers; not closed by a repeated point.
    """
    return trace(mask).points + np.array([bbox.y0, bbox.x0])


_WEIGHTS = np.array([1, 6, 15, 20, 15, 6, 1]) / 64

# Directions of a step, counter-clockwise on the screen from +x, as (dy, dx).
_STEPS = np.array([(0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1)])
_CODE = np.zeros((3, 3), dtype=np.intp)
_CODE[_STEPS[:, 0] + 1, _STEPS[:, 1] + 1] = np.arange(8)


def _exposed_sides() -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """For each pair of step in and step out (8 * in + out): how many sides lie outside between them, and their midpoints.

    OpenCV follows an outline by turning counter-clockwise around a pixel from where it came until it meets the next one, so what it
    passes on the way lies outside.
    """
    counts = np.zeros(64, dtype=np.intp)
    midpoints = np.zeros((64, 4, 2))
    for step_in in range(8):
        for step_out in range(8):
            came_from = step_in + 4
            turn = (step_out - came_from) % 8 or 8
            sides = [k % 8 for k in range(came_from + 1, came_from + turn) if k % 2 == 0]
            counts[8 * step_in + step_out] = len(sides)
            midpoints[8 * step_in + step_out, : len(sides)] = _STEPS[sides] / 2
    return counts, midpoints


_SIDE_COUNT, _SIDE_MIDPOINTS = _exposed_sides()


def _sides_of(chain: NDArray[Any]) -> Points:
    """Side midpoints (y, x) along an OpenCV chain of pixels (x, y)."""
    pixels = chain[:, ::-1]
    if len(pixels) == 1:
        return pixels + _STEPS[::2] / 2
    steps = np.roll(pixels, -1, axis=0) - pixels + 1
    step_out = _CODE[steps[:, 0], steps[:, 1]]
    turn = 8 * np.roll(step_out, 1) + step_out
    counts = _SIDE_COUNT[turn]
    which = np.arange(4) < counts[:, None]
    return np.asarray((pixels[:, None, :] + _SIDE_MIDPOINTS[turn])[which])


def _bridge(first: Points, second: Points) -> Points:
    """Join two closed curves at their closest points, there and back."""
    distance = np.square(first[:, None, :] - second[None, :, :]).sum(axis=2)
    i, j = np.unravel_index(int(distance.argmin()), distance.shape)
    return np.concatenate([first[: i + 1], second[j:], second[: j + 1], first[i:]])
