"""Star-shaped polygons by their rays: where the outline lies, its moments, how alike two are, and their pixels.

Rays leave a pixel along angles 2πk/n, counter-clockwise from +x; y points down.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import BBox, Mask

Floats = NDArray[np.float32]

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
    unit = directions(radii.shape[1])
    points = radii[:, :, None] * unit
    following = np.roll(points, -1, axis=1)
    cross = radii * np.roll(radii, -1, axis=1) * np.float32(sin(2 * pi / radii.shape[1]))
    twice_area = cross.sum(axis=1)[:, None]
    ends = points + following
    offset = np.einsum("nr,nrc->nc", cross, ends, optimize=True) / (3 * twice_area)
    # ∫yy over a triangle with one corner at the origin is cross/24 · (a² + b² + (a + b)²), and likewise for xx and yx.
    squares = np.empty((len(radii), 3), dtype=np.float32)
    for column, (i, j) in enumerate(((0, 0), (1, 1), (0, 1))):
        terms = points[..., i] * points[..., j]
        terms += np.roll(terms, -1, axis=1)
        terms += ends[..., i] * ends[..., j]
        squares[:, column] = np.einsum("nr,nr->n", cross, terms)
    squares /= 12 * twice_area
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
    distance = (mean[:, 1] * dy**2 - 2 * mean[:, 2] * dy * dx + mean[:, 0] * dx**2) / determinant
    spread = np.sqrt(np.sqrt(np.maximum(_determinant(first), 1e-6) * np.maximum(_determinant(second), 1e-6)) / determinant)
    return np.asarray(np.minimum(spread, 1) * np.exp(-distance / 8), dtype=np.float32)


def _determinant(covariances: Floats) -> Floats:
    return np.asarray(covariances[:, 0] * covariances[:, 1] - covariances[:, 2] ** 2, dtype=np.float32)


def for_filling(polygons: Floats) -> NDArray[np.int32]:
    """Prepare polygons for ``fill``: OpenCV paints every pixel that the border touches, so the border is moved inwards by half a pixel.

    Parameters
    ----------
    polygons : (n, rays, 2), corners (y, x), px.

    Returns
    -------
    (n, rays, 2) int32, (x, y) in OpenCV's fixed-point numbers.
    """
    tangent = np.roll(polygons, -1, axis=1) - np.roll(polygons, 1, axis=1)
    outwards = np.stack([tangent[..., 1], -tangent[..., 0]], axis=-1)
    outwards /= np.maximum(np.hypot(outwards[..., 0], outwards[..., 1]), 1e-6)[..., None]
    # A line of one pixel covers half a pixel along the axis that it is steeper to, less along its normal.
    inset = polygons - _MARGIN * outwards * np.abs(outwards).max(axis=-1, keepdims=True)
    return np.asarray(np.rint(inset[..., ::-1] * (1 << _SUBPIXEL_BITS)), dtype=np.int32)


def boxes_around(polygons: Floats, shape: tuple[int, int]) -> NDArray[np.int64]:
    """Boxes that hold the pixels of polygons within a picture, (n, 4) y0, x0, y1, x1; empty for those outside it."""
    low, high = np.floor(polygons.min(axis=1)), np.ceil(polygons.max(axis=1)) + 1
    return np.concatenate([np.clip(low, 0, shape), np.clip(high, 0, shape)], axis=1).astype(np.int64)


def fill(fixed: NDArray[np.int32], bbox: BBox) -> Mask:
    """Pixels of one polygon from ``for_filling``, (h, w) bool within a box."""
    patch = np.zeros((max(bbox.height, 0), max(bbox.width, 0)), dtype=np.uint8)
    if patch.size:
        # fillPoly's own offset is not scaled by its shift.
        cv2.fillPoly(patch, [fixed - np.array([bbox.x0, bbox.y0], dtype=np.int32) * (1 << _SUBPIXEL_BITS)], 1, shift=_SUBPIXEL_BITS)
    return patch.view(np.bool_)
