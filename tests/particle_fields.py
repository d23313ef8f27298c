"""What a perfect network would say of a scene of polygons: foreground, normalised distance, and rays to each whole outline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray
from skimage.draw import polygon2mask

RAYS = 32
LOGIT = 6.0
Polygon = NDArray[np.float64]


def disc_outline(centre: tuple[float, float], diameter: float, corners: int = 96) -> Polygon:
    return ellipse_outline(centre, diameter, diameter, corners=corners)


def ellipse_outline(centre: tuple[float, float], major: float, minor: float, angle_deg: float = 0, corners: int = 96) -> Polygon:
    turn = 2 * np.pi * np.arange(corners) / corners
    return _placed(np.stack([major / 2 * np.cos(turn), minor / 2 * np.sin(turn)], axis=1), centre, angle_deg)


def rectangle_outline(centre: tuple[float, float], length: float, width: float, angle_deg: float = 0) -> Polygon:
    corners = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * (length / 2, width / 2)
    return _placed(corners, centre, angle_deg)


def concave_cube_outline(centre: tuple[float, float], side: float, angle_deg: float = 0, dent: float = 0.2) -> Polygon:
    half, inner = side / 2, side / 2 * (1 - dent)
    corners = [[half, half], [0, inner], [-half, half], [-inner, 0], [-half, -half], [0, -inner], [half, -half], [inner, 0]]
    return _placed(np.array(corners), centre, angle_deg)


def _placed(along_across: Polygon, centre: tuple[float, float], angle_deg: float) -> Polygon:
    """Turn (u, v) counter-clockwise and move it; returns corners (y, x)."""
    angle = np.deg2rad(angle_deg)
    u, v = along_across.T
    return np.stack([centre[0] - u * np.sin(angle) - v * np.cos(angle), centre[1] + u * np.cos(angle) - v * np.sin(angle)], axis=1)


@dataclass(frozen=True)
class Truth:
    """Fields, rays and the whole masks (H, W) of a scene."""

    fields: NDArray[np.float32]
    rays: NDArray[np.float32]
    masks: list[NDArray[np.bool_]]


def fields_of(shape: tuple[int, int], outlines: Sequence[Polygon], *, keep_masks: bool = True) -> Truth:
    """Compute fields (2, H, W) and rays (32, H/2, W/2); a pixel in several particles belongs to the one that it is deeper in."""
    distance = np.zeros(shape, dtype=np.float32)
    owner = np.zeros(shape, dtype=np.int32)
    masks = []
    for number, outline in enumerate(outlines, start=1):
        y0, x0 = np.maximum(np.floor(outline.min(axis=0)).astype(int) - 2, 0)
        y1, x1 = np.minimum(np.ceil(outline.max(axis=0)).astype(int) + 3, shape)
        # What lies beyond the picture counts as inside, as far as the outline goes, so that a cut particle is deepest at its true middle.
        pad = int(np.ceil(np.ptp(outline, axis=0).max())) + 2
        box = (y1 - y0 + 2 * pad, x1 - x0 + 2 * pad)
        mask = polygon2mask(box, outline - (y0 - pad, x0 - pad))
        depth = scipy.ndimage.distance_transform_edt(mask)
        depth = (depth / max(depth.max(), 1)).astype(np.float32)[pad : pad + y1 - y0, pad : pad + x1 - x0]
        mask = mask[pad : pad + y1 - y0, pad : pad + x1 - x0]
        here = np.s_[y0:y1, x0:x1]
        deeper = mask & (depth > distance[here])
        distance[here][deeper] = depth[deeper]
        owner[here][deeper] = number
        if keep_masks:
            whole = np.zeros(shape, dtype=np.bool_)
            whole[here] = mask
            masks.append(whole)
    rays = np.zeros((RAYS, shape[0] // 2, shape[1] // 2), dtype=np.float32)
    half = _half(owner, distance)
    order = np.argsort(half, axis=None, kind="stable")
    ends = np.searchsorted(half.ravel()[order], np.arange(len(outlines) + 2))
    for number, outline in enumerate(outlines, start=1):
        place = order[ends[number] : ends[number + 1]]
        y, x = np.divmod(place, half.shape[1])
        if len(place):
            rays.reshape(RAYS, -1)[:, place] = np.log(np.maximum(reach(np.stack([2 * y + 0.5, 2 * x + 0.5], axis=1), outline), 0.25)).T
    logit = np.where(owner > 0, LOGIT, -LOGIT).astype(np.float32)
    return Truth(np.stack([logit, distance]), rays, masks)


def _half(owner: NDArray[np.int32], distance: NDArray[np.float32]) -> NDArray[np.int32]:
    """Owner of each 2 × 2 block: that of its deepest pixel."""
    blocks = [np.s_[::2, ::2], np.s_[::2, 1::2], np.s_[1::2, ::2], np.s_[1::2, 1::2]]
    best = np.argmax([distance[block] for block in blocks], axis=0)
    return np.take_along_axis(np.stack([owner[block] for block in blocks]), best[None], axis=0)[0]


def reach(origins: NDArray[np.float64], outline: Polygon) -> NDArray[np.float64]:
    """Distance from each origin to the nearest crossing of the outline, along 32 directions, (n, 32); 0 where there is none."""
    angles = 2 * np.pi * np.arange(RAYS) / RAYS
    unit = np.stack([-np.sin(angles), np.cos(angles)], axis=1)
    edge = np.roll(outline, -1, axis=0) - outline
    found = []
    for some in np.array_split(origins, max(1, len(origins) * len(outline) // 20000)):
        start = outline[None] - some[:, None]
        cross = unit[:, None, 0] * edge[None, :, 1] - unit[:, None, 1] * edge[None, :, 0]
        across = np.where(np.abs(cross) < 1e-12, np.nan, cross)
        along = (start[:, None, :, 0] * edge[None, None, :, 1] - start[:, None, :, 1] * edge[None, None, :, 0]) / across
        place = (start[:, None, :, 0] * unit[None, :, None, 1] - start[:, None, :, 1] * unit[None, :, None, 0]) / across
        hit = np.where((place >= -1e-9) & (place <= 1 + 1e-9) & (along > 0), along, np.inf)
        nearest = hit.min(axis=2)
        found.append(np.where(np.isfinite(nearest), nearest, 0))
    return np.concatenate(found)
