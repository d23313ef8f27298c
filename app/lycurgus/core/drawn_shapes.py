"""Shapes that a hand draws on a micrograph, as instances: a pixel belongs to a shape when its centre does."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.errors import EditError
from lycurgus.core.types import BBox, Instance, Mask

Points = NDArray[np.floating] | Sequence[tuple[float, float]]


def polygon(points: Points, *, shape: tuple[int, int]) -> Instance:
    """Fill an outline, a freehand one for instance.

    The outline closes itself. What it winds around is inside, also where a shaky hand crosses its own line; holes are filled, and of a
    shape whose neck falls between pixels the largest piece counts.

    Parameters
    ----------
    points : (n, 2) (y, x) in px, n ≥ 3; pixel centres lie on whole numbers.
    shape : (H, W) of the image; what lies beyond is cut off.

    Raises
    ------
    EditError
        Fewer than three points, a coordinate that is no number, or no pixel centre inside.
    """
    outline = _finite(points)
    if len(outline) < 3:
        raise EditError("an outline needs at least three points")
    low, high = np.floor(outline.min(axis=0)), np.ceil(outline.max(axis=0)) + 1
    box = _clipped(low, high, shape)
    return _instance(_wound_around(outline - (box.y0, box.x0), (box.height, box.width)), box)


def circle(centre: tuple[float, float], radius_px: float, *, shape: tuple[int, int]) -> Instance:
    """Return a disc around ``centre`` (y, x); see ``ellipse``."""
    return ellipse(centre, major_px=2 * radius_px, minor_px=2 * radius_px, shape=shape)


def ellipse(centre: tuple[float, float], *, major_px: float, minor_px: float, angle_deg: float = 0.0, shape: tuple[int, int]) -> Instance:
    """Return a filled ellipse.

    Parameters
    ----------
    centre : (y, x) in px.
    major_px, minor_px : whole axes, not halves.
    angle_deg : of the major axis, counter-clockwise from +x as the image is seen.
    shape : (H, W) of the image; what lies beyond is cut off.

    Raises
    ------
    EditError
        An axis is not a positive number, or no pixel centre lies inside.
    """
    middle = _finite([centre])[0]
    if not (np.isfinite([major_px, minor_px, angle_deg]).all() and min(major_px, minor_px) > 0):
        raise EditError("the shape has no size", hint="drag from its centre outwards")
    reach = max(major_px, minor_px) / 2
    box = _clipped(np.floor(middle - reach), np.ceil(middle + reach) + 1, shape)
    y, x = np.ogrid[box.y0 : box.y1, box.x0 : box.x1]
    dy, dx = y - middle[0], x - middle[1]
    angle = np.deg2rad(angle_deg)
    along, across = dx * np.cos(angle) - dy * np.sin(angle), dx * np.sin(angle) + dy * np.cos(angle)
    return _instance((2 * along / major_px) ** 2 + (2 * across / minor_px) ** 2 <= 1, box)


def cropped(mask: Mask, box: BBox) -> Instance:
    """Return the mask (h, w) of ``box`` as an instance whose box is tight; EditError where the mask is empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        raise EditError("the shape covers no pixel of the image")
    y0, x0, y1, x1 = int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
    return Instance(BBox(box.y0 + y0, box.x0 + x0, box.y0 + y1, box.x0 + x1), np.ascontiguousarray(mask[y0:y1, x0:x1]))


def _finite(points: Points) -> NDArray[np.float64]:
    coordinates = np.asarray(points, dtype=np.float64)
    if coordinates.ndim != 2 or coordinates.shape[1] != 2 or not np.isfinite(coordinates).all():
        raise EditError("a shape needs points (y, x) that are numbers")
    return coordinates


def _clipped(low: NDArray[np.float64], high: NDArray[np.float64], shape: tuple[int, int]) -> BBox:
    y0, x0 = np.clip(low, 0, shape).astype(int).tolist()
    y1, x1 = np.clip(high, 0, shape).astype(int).tolist()
    if y1 <= y0 or x1 <= x0:
        raise EditError("the shape lies outside the image")
    return BBox(y0, x0, y1, x1)


def _wound_around(outline: NDArray[np.float64], shape: tuple[int, int]) -> Mask:
    """Non-zero winding rule at pixel centres: each edge adds its direction to all pixels right of where it crosses their row."""
    height, width = shape
    start, stop = outline, np.roll(outline, -1, axis=0)
    # Half-open in y, so that a vertex on a row of centres counts once.
    first = np.clip(np.ceil(np.minimum(start[:, 0], stop[:, 0])), 0, height).astype(np.int64)
    last = np.clip(np.ceil(np.maximum(start[:, 0], stop[:, 0])), 0, height).astype(np.int64)
    crossed = last - first
    edge = np.repeat(np.arange(len(outline)), crossed)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(crossed) - crossed, crossed) + first[edge]
    (y0, x0), (y1, x1) = start[edge].T, stop[edge].T
    column = np.clip(np.ceil(x0 + (row - y0) * (x1 - x0) / (y1 - y0)), 0, width).astype(np.int64)
    winding = np.zeros((height, width + 1), dtype=np.int32)
    np.add.at(winding, (row, column), np.where(y1 > y0, 1, -1))
    return np.asarray(np.cumsum(winding[:, :width], axis=1) != 0)


def _instance(mask: Mask, box: BBox) -> Instance:
    """Fill the holes of a mask and keep its largest piece."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(np.pad(~mask, 1, constant_values=True).view(np.uint8), connectivity=4)
    # Label 1 is what lies around: the padding makes it the first background that is met.
    solid = labels[1:-1, 1:-1] != 1 if count > 1 else mask
    pieces, labels, stats, _ = cv2.connectedComponentsWithStats(solid.view(np.uint8), connectivity=8)
    if pieces > 2:
        solid = labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return cropped(solid, box)
