"""Outlines of what was found, pixel by pixel, and their dents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Mask
from lycurgus.detectors.decoding.candidates import Candidate

EDGE_PX = 0.45
"""Outlines lead through the centres of the outermost pixels, and circles fitted to them lie so far within the edge (digital discs)."""

LEAST_AREA_PX = 400
"""Smaller particles have too few pixels on their outline to tell one round one from several."""

DENT, DENT_PX = 0.05, 1.5
"""How deep an outline is dented at least where several particles are one: the greater of a part of the radius and of px."""

Points = NDArray[np.float64]


def foreground_of(candidates: Sequence[Candidate], shape: tuple[int, int]) -> Mask:
    """Draw all particles of a picture: (H, W) bool."""
    foreground = np.zeros(shape, dtype=np.bool_)
    for candidate in candidates:
        foreground[candidate.bbox.slices] |= candidate.mask
    return foreground


def traced(foreground: Mask) -> Iterator[tuple[Points, float]]:
    """Follow the outlines of a foreground through the centres of its outermost pixels.

    Yields
    ------
    (n, 2), x and y, a closed outline; and 1 where the foreground lies within when it is followed in the sense of a positive area, else -1.
    """
    contours, hierarchy = cv2.findContours(foreground.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    for contour, (_, _, _, parent) in zip(contours, hierarchy[0] if len(contours) else (), strict=True):
        # Around a hole the foreground lies on the other side.
        sign = float(np.sign(cv2.contourArea(contour, oriented=True))) * (-1 if parent >= 0 else 1)
        yield contour[:, 0].astype(np.float64), sign


def outer_outline(candidate: Candidate) -> NDArray[np.int32]:
    """Follow the outer outline of a particle, the longest where it is in pieces: (n, 1, 2), x and y in its box, as OpenCV has it."""
    contours, _ = cv2.findContours(np.pad(candidate.mask, 1).view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(max(contours, key=cv2.contourArea), dtype=np.int32)


def is_dented(candidate: Candidate) -> bool:
    """Tell whether a particle, large enough to tell, is dented so deep that it may be several."""
    if candidate.area_px < LEAST_AREA_PX:
        return False
    outline = outer_outline(candidate)
    corners = cv2.convexHull(outline)[:, 0].astype(np.float64)
    if len(corners) < 3:
        return False
    sides = np.roll(corners, -1, axis=0) - corners
    normals = np.column_stack([sides[:, 1], -sides[:, 0]]) / np.hypot(*sides.T)[:, None]
    depths = np.abs(outline[:, 0] @ normals.T - (corners * normals).sum(axis=1)).min(axis=1)
    return bool(depths.max() >= max(DENT_PX, DENT * candidate.diameter_px / 2))
