"""Star-shaped polygons by their rays: where the outline lies, its moments, how alike two are, and their pixels.

Rays leave a pixel along angles 2πk/n, counter-clockwise from +x; y points down.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import BBox, Mask

Floats = NDArray[np.float32]
Rays = NDArray[np.floating[Any]]
"""Half precision is enough for logarithms of lengths, to 0.4 %, and 32 of them a pixel are the largest thing in memory."""

LEAST_LOG, MOST_LOG = -2.0, 9.0
"""Logarithms of ray lengths are held within these: a wild output of a network must not overflow."""

_SUBPIXEL_BITS = 6
_MARGIN = 0.6


def directions(rays: int) -> Floats:
    """Return unit vectors (y, x) of the rays, (rays, 2)."""
    angles = 2 * pi * np.arange(rays) / rays
    return np.stack([-np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Ellipses:
    """The moments of shapes: what tells whether two pixels speak of the same particle.

    Attributes
    ----------
    centres : (n, 2) float32, centroid (y, x), px.
    covariances : (n, 3) float32, second central moments yy, xx, yx of the filled shape, px².
    """

    centres: Floats
    covariances: Floats

    def __len__(self) -> int:
        return len(self.centres)

    def __getitem__(self, which: NDArray[np.integer] | NDArray[np.bool_] | slice) -> Ellipses:
        return Ellipses(self.centres[which], self.covariances[which])


def ellipses_of(radii: Floats, origins: Floats) -> Ellipses:
    """Centroids and second moments of star polygons, exactly, by their triangles at the origin.

    Parameters
    ----------
    radii : (n, rays), px.
    origins : (n, 2), where the rays leave from, (y, x), px.
    """
    # Of triangle k with corners r u and r' u', cross products are r r' sin δ, and ∫yy is cross/12 · (y² + y y' + y'²). Every sum over
    # triangles is then a matrix product of powers of the radii with constants; the sine cancels.
    unit = directions(radii.shape[1])
    following = np.roll(unit, -1, axis=0)
    cross = radii * np.roll(radii, -1, axis=1)
    area = cross.sum(axis=1)[:, None]
    first = cross + np.roll(cross, 1, axis=1)
    first *= radii
    offset = first @ unit / (3 * area)
    first *= radii
    cross *= cross
    own = np.stack([unit[:, 0] ** 2, unit[:, 1] ** 2, unit[:, 0] * unit[:, 1]], axis=1)
    mixed = (unit[:, 0] * following[:, 1] + unit[:, 1] * following[:, 0]) / 2
    between = np.stack([unit[:, 0] * following[:, 0], unit[:, 1] * following[:, 1], mixed], axis=1)
    squares = (first @ own + cross @ between) / (6 * area)
    squares -= np.stack([offset[:, 0] ** 2, offset[:, 1] ** 2, offset[:, 0] * offset[:, 1]], axis=1)
    return Ellipses(origins + offset, squares)


def likeness(a: Ellipses, b: Ellipses) -> Floats:
    """How alike shapes are, 0 ... 1: the Bhattacharyya coefficient of normal distributions of the same moments (Bhattacharyya 1943).

    Equal discs whose centres lie a quarter, a half and one of their diameter apart have 0.88, 0.61 and 0.14 (their IoU is 0.52, 0.24, 0).

    Parameters
    ----------
    a, b : of the same length, or one of them of length 1.
    """
    # A pixel's own spread keeps thin shapes from being told apart by less than can be seen.
    least = np.array([1 / 12, 1 / 12, 0], dtype=np.float32)
    first, second = np.asarray(a.covariances + least, dtype=np.float32), np.asarray(b.covariances + least, dtype=np.float32)
    mean = np.asarray((first + second) / 2, dtype=np.float32)
    determinant = np.maximum(_determinant(mean), 1e-6)
    dy, dx = (a.centres - b.centres).T
    # Of needles, rounding may make a covariance that is none, with a negative distance.
    distance = np.maximum(mean[:, 1] * dy**2 - 2 * mean[:, 2] * dy * dx + mean[:, 0] * dx**2, 0) / determinant
    spread = np.sqrt(np.sqrt(np.maximum(_determinant(first), 1e-6) * np.maximum(_determinant(second), 1e-6)) / determinant)
    return np.asarray(np.minimum(spread, 1) * np.exp(-distance / 8), dtype=np.float32)


def _determinant(covariances: Floats) -> Floats:
    return np.asarray(covariances[:, 0] * covariances[:, 1] - covariances[:, 2] ** 2, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Fillable:
    """Polygons that are ready to be filled, each within its box of a picture.

    Attributes
    ----------
    boxes : (n, 4) int64, y0, x0, y1, x1, half-open; empty where a polygon lies beside the picture.
    corners : (n, rays, 2) int32, (x, y) from the corner of the box in OpenCV's fixed-point numbers.
    """

    boxes: NDArray[np.int64]
    corners: NDArray[np.int32]

    def bbox(self, index: int) -> BBox:
        return BBox(*self.boxes[index].tolist())

    def fill(self, index: int) -> Mask:
        """Pixels of one polygon, (h, w) bool within its box."""
        y0, x0, y1, x1 = self.boxes[index].tolist()
        patch = np.zeros((max(y1 - y0, 0), max(x1 - x0, 0)), dtype=np.uint8)
        if patch.size:
            cv2.fillPoly(patch, [self.corners[index]], 1, shift=_SUBPIXEL_BITS)
        return patch.view(np.bool_)


def fillable(polygons: Floats, shape: tuple[int, int]) -> Fillable:
    """Prepare polygons for filling: OpenCV paints every pixel that the border touches, so the border is moved inwards by half a pixel.

    Parameters
    ----------
    polygons : (n, rays, 2), corners (y, x), px.
    shape : (H, W) of the picture, which cuts the boxes.
    """
    tangent = np.roll(polygons, -1, axis=1) - np.roll(polygons, 1, axis=1)
    outwards = np.stack([tangent[..., 1], -tangent[..., 0]], axis=-1)
    outwards /= np.maximum(np.hypot(outwards[..., 0], outwards[..., 1]), 1e-6)[..., None]
    # A line of one pixel covers half a pixel along the axis that it is steeper to, less along its normal.
    inset = polygons - _MARGIN * outwards * np.abs(outwards).max(axis=-1, keepdims=True)
    low, high = np.floor(polygons.min(axis=1)), np.ceil(polygons.max(axis=1)) + 1
    boxes = np.concatenate([np.clip(low, 0, shape), np.clip(high, 0, shape)], axis=1).astype(np.int64)
    corners = (inset - boxes[:, None, :2])[..., ::-1] * (1 << _SUBPIXEL_BITS)
    return Fillable(boxes, np.asarray(np.rint(corners), dtype=np.int32))
