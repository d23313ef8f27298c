"""Masks cut along a line and joined across a gap: what splitting and merging by hand do to pixels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
import scipy  # parts of it load when they are first used, so that starting need not wait for them
import skimage  # as well
from numpy.typing import NDArray

from lycurgus.core.drawn_shapes import Points, cropped
from lycurgus.core.errors import EditError
from lycurgus.core.types import BBox, Instance, Mask

WIDEST_GAP_PX = 6
"""Pieces that lie further apart are not one particle."""

_BACKGROUND = 0


def cut(instance: Instance, line: Points, *, least_px: float) -> tuple[Instance, ...]:
    """Cut a mask along a line into all the parts that the line separates.

    The pixels under the line, and crumbs under ``least_px`` that it leaves, go to the part that reaches them first, so that the parts
    neither overlap nor lose a pixel.

    Parameters
    ----------
    line : (n, 2) (y, x) in px, n ≥ 2, in coordinates of the image.
    least_px : area from which a piece is a part.

    Returns
    -------
    Two parts or more in reading order, with score and flags of an instance without history.

    Raises
    ------
    EditError
        The line does not separate the mask into parts of that size.
    """
    margin = 1
    mask = np.pad(instance.mask, margin)
    corner = np.array(instance.bbox[:2]) - margin
    before, _ = _parts(mask, least_px)
    count, markers = _parts(mask & ~_drawn(line, mask.shape, corner), least_px)
    if count < 2 or count <= before:
        raise EditError(
            f"the line does not cut the particle into parts of at least {least_px:.0f} px",
            hint="start outside the particle, cross it, and end outside",
        )
    owner = np.asarray(skimage.segmentation.watershed(np.zeros(mask.shape, np.uint8), markers, connectivity=2, mask=mask))  # type: ignore[no-untyped-call]
    lost = mask & (owner == _BACKGROUND)
    if lost.any():
        # Pieces without a part of their own that no path inside the mask reaches.
        y, x = scipy.ndimage.distance_transform_edt(owner == _BACKGROUND, return_distances=False, return_indices=True)
        owner = np.where(lost, owner[y, x], owner)
    y0, x0 = corner.tolist()
    box = BBox(y0, x0, y0 + mask.shape[0], x0 + mask.shape[1])
    parts = [cropped(owner == number, box) for number in range(1, count + 1)]
    return tuple(sorted(parts, key=lambda part: (part.bbox.y0, part.bbox.x0)))


def joined(instances: Sequence[Instance]) -> Instance:
    """Return the union of masks as one mask.

    Where the masks do not touch, not even at a corner, the gaps between them are closed by the smallest disc that does so; notches
    elsewhere stay as they are.

    Raises
    ------
    EditError
        They lie more than ``WIDEST_GAP_PX`` apart.
    """
    margin = WIDEST_GAP_PX
    corners = np.array([instance.bbox for instance in instances])
    y0, x0 = (corners[:, :2].min(axis=0) - margin).tolist()
    y1, x1 = (corners[:, 2:].max(axis=0) + margin).tolist()
    box = BBox(y0, x0, y1, x1)
    crops = [_pasted(instance, box) for instance in instances]
    union = np.logical_or.reduce(crops)
    for radius in range(WIDEST_GAP_PX // 2 + 1):
        closed = union | _bridges(union, radius)
        if _hang_together(crops, closed):
            return cropped(closed, box)
    raise EditError(
        f"the particles lie more than {WIDEST_GAP_PX} px apart", hint="merge only what belongs together, or draw the particle anew"
    )


def _drawn(line: Points, shape: tuple[int, ...], corner: NDArray[np.int64]) -> Mask:
    """Rasterise a line so that no two pixels on either side of it touch, not even at a corner."""
    points = np.asarray(line, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2 or not np.isfinite(points).all():
        raise EditError("a cut needs a line of at least two points")
    canvas = np.zeros(shape, np.uint8)
    # Clamped far outside: OpenCV's coordinates are 32-bit integers.
    yx = np.clip(np.rint(points - corner), -(1 << 20), 1 << 20).astype(np.int32)
    for (y0, x0), (y1, x1) in pairwise(yx.tolist()):
        cv2.line(canvas, (x0, y0), (x1, y1), 1, lineType=cv2.LINE_4)
    return canvas.view(np.bool_)


def _parts(mask: Mask, least_px: float) -> tuple[int, NDArray[np.int32]]:
    """Number the pieces of at least that area from 1; smaller ones are 0, as is the background."""
    pieces, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] >= least_px
    large[0] = False
    numbers = np.zeros(pieces, dtype=np.int32)
    numbers[large] = np.arange(1, np.count_nonzero(large) + 1)
    return int(np.count_nonzero(large)), numbers[labels]


def _pasted(instance: Instance, box: BBox) -> Mask:
    mask = np.zeros((box.height, box.width), dtype=np.bool_)
    y, x = instance.bbox.y0 - box.y0, instance.bbox.x0 - box.x0
    mask[y : y + instance.bbox.height, x : x + instance.bbox.width] = instance.mask
    return mask


def _bridges(union: Mask, radius: int) -> Mask:
    """Return what closing with a disc adds between different pieces."""
    if radius == 0:
        return np.zeros_like(union)
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    added = cv2.morphologyEx(union.view(np.uint8), cv2.MORPH_CLOSE, element).view(np.bool_) & ~union
    _, pieces = cv2.connectedComponents(union.view(np.uint8), connectivity=8)
    count, patches = cv2.connectedComponents(added.view(np.uint8), connectivity=8)
    bridging = np.zeros(count, dtype=np.bool_)
    for patch, box in enumerate(scipy.ndimage.find_objects(patches), start=1):
        around = tuple(slice(max(side.start - 1, 0), side.stop + 1) for side in box)
        near = cv2.dilate((patches[around] == patch).view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_)
        touched = np.unique(pieces[around][near])
        bridging[patch] = np.count_nonzero(touched) > 1
    return np.asarray(bridging[patches])


def _hang_together(sources: Sequence[Mask], union: Mask) -> bool:
    """Tell whether every source can be reached from every other through pieces of the union."""
    _, labels = cv2.connectedComponents(union.view(np.uint8), connectivity=8)
    groups = [set(np.unique(labels[source]).tolist()) for source in sources]
    reached, waiting = groups[0], groups[1:]
    while waiting:
        touching = [group for group in waiting if group & reached]
        if not touching:
            return False
        reached = reached.union(*touching)
        waiting = [group for group in waiting if not group & reached]
    return True
