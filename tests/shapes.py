"""Shapes of known size, rasterised as a detector would: a pixel belongs to a shape when its centre does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import BBox, Instance

Mask = NDArray[np.bool_]


def _grid(shape: tuple[int, int], centre: tuple[float, float], angle_deg: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates (u, v) along and across an axis that is turned counter-clockwise from +x."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    dy, dx = y - centre[0], x - centre[1]
    angle = np.deg2rad(angle_deg)
    return dx * np.cos(angle) - dy * np.sin(angle), dx * np.sin(angle) + dy * np.cos(angle)


def disc(shape: tuple[int, int], centre: tuple[float, float], diameter: float) -> Mask:
    u, v = _grid(shape, centre, 0)
    return u**2 + v**2 <= (diameter / 2) ** 2


def ellipse(shape: tuple[int, int], centre: tuple[float, float], major: float, minor: float, angle_deg: float = 0) -> Mask:
    u, v = _grid(shape, centre, angle_deg)
    return (2 * u / major) ** 2 + (2 * v / minor) ** 2 <= 1


def rectangle(shape: tuple[int, int], centre: tuple[float, float], length: float, width: float, angle_deg: float = 0) -> Mask:
    u, v = _grid(shape, centre, angle_deg)
    return (np.abs(u) <= length / 2) & (np.abs(v) <= width / 2)


def instance_of(mask: Mask) -> Instance:
    """Crop a full-size mask to an instance."""
    ys, xs = np.nonzero(mask)
    box = BBox(int(ys.min()), int(xs.min()), int(ys.max()) + 1, int(xs.max()) + 1)
    return Instance(box, mask[box.slices].copy())
