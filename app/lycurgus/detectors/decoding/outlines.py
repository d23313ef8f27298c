"""Outlines of what was found, pixel by pixel, and their dents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import scipy  # parts of it load when they are first used, so that starting need not wait for them
from numpy.typing import NDArray

from lycurgus.core.types import BBox, Mask
from lycurgus.detectors.decoding.candidates import Candidate

EDGE_PX = 0.45
"""Outlines lead through the centres of the outermost pixels, and circles fitted to them lie so far within the edge (digital discs)."""

LEAST_AREA_PX = 400
"""Smaller particles have too few pixels on their outline to tell one round one from several."""

DENT, DENT_PX = 0.08, 1.2
"""How deep an outline is dented at least where several particles are one: the greater of a part of the radius and of px ..."""

SMOOTH = 0.14
"""... when smoothed along its length with this sigma, as a part of the radius: noise and steps of an enlarged outline are no dents."""

Points = NDArray[np.float64]


def foreground_of(candidates: Sequence[Candidate], shape: tuple[int, int]) -> Mask:
    """Draw all particles of a picture: (H, W) bool."""
    foreground = np.zeros(shape, dtype=np.bool_)
    for candidate in candidates:
        foreground[candidate.bbox.slices] |= candidate.mask
    return foreground


def surroundings(one: Candidate, foreground: Mask, margin: int) -> tuple[BBox, Mask, Mask]:
    """Cut a window around a particle out of a picture.

    Parameters
    ----------
    foreground : (H, W) bool, all particles.
    margin : around the particle's box, px.

    Returns
    -------
    The window, and in it the particle's pixels and those of all foreground that is connected with the first of them.
    """
    box = one.bbox
    height, width = foreground.shape
    around = BBox(max(box.y0 - margin, 0), max(box.x0 - margin, 0), min(box.y1 + margin, height), min(box.x1 + margin, width))
    own = np.zeros((around.height, around.width), dtype=np.bool_)
    own[box.y0 - around.y0 : box.y1 - around.y0, box.x0 - around.x0 : box.x1 - around.x0] = one.mask
    _, components = cv2.connectedComponents(foreground[around.slices].view(np.uint8), connectivity=8)
    return around, own, np.asarray(components == components.flat[int(own.argmax())])


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


def is_large(candidate: Candidate) -> bool:
    """Tell whether a particle has enough pixels on its outline to tell one from several."""
    return candidate.area_px >= LEAST_AREA_PX


def usual_radius(candidates: Sequence[Candidate]) -> float:
    """Return the median radius of particles that are large enough to have dents, px; 0 where none is.

    The depth of dents is judged by it, since the radius of several particles that were found as one says nothing of theirs.
    """
    radii = [one.diameter_px / 2 for one in candidates if is_large(one)]
    return float(np.median(radii)) if radii else 0.0


def is_dented(candidate: Candidate, usual: float) -> bool:
    """Tell whether a particle, large enough to tell, is dented so deep that it may be several; usual is the radius of most, px."""
    return is_large(candidate) and dent_of(candidate, usual) >= 1


def dent_of(candidate: Candidate, usual: float) -> float:
    """Return how deep a particle's outer outline is dented, as a ratio to the least depth that counts.

    Parameters
    ----------
    usual : radius of most particles of the picture, px.
    """
    radius = min(candidate.diameter_px / 2, usual)
    outline = smoothed(outer_outline(candidate)[:, 0].astype(np.float64), max(SMOOTH * radius, 1.0))
    points = np.arange(len(outline))
    corners = np.sort(cv2.convexHull(outline.astype(np.float32), returnPoints=False)[:, 0])
    # Each point lies in the pocket between the corner of the hull before it and the one behind; the first may lie before both.
    before = np.searchsorted(corners, points, side="right") - 1
    start, end = outline[corners[before]], outline[corners[(before + 1) % len(corners)]]
    side, away = end - start, outline - start
    lengths = np.hypot(*side.T)
    depths = np.abs(side[:, 0] * away[:, 1] - side[:, 1] * away[:, 0]) / np.maximum(lengths, 1e-9)
    return float(depths.max()) / max(DENT_PX, DENT * radius)


def smoothed(outline: Points, sigma: float) -> Points:
    """Smooth a closed outline (n, 2) along its length; sigma in points."""
    return np.asarray(scipy.ndimage.gaussian_filter1d(outline, sigma, axis=0, mode="wrap"))
