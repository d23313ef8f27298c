"""Cleaning: specks and small holes go, in the foreground before separation and in instances after it; so do particles at the border."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import pi

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.masked import AT_MASK, CUT, MaskedArea
from lycurgus.core.params import CleaningParams
from lycurgus.core.types import BBox, Instance, Mask, PixelSize

SPECK = "speck"
AT_BORDER = "touches the border"
LEAST_SPECK_PX = 4

_ROWS_AT_ONCE = 256


@dataclass(frozen=True, slots=True, eq=False)
class Cleaned:
    """Instances that stay, and how many went for which reason."""

    kept: tuple[Instance, ...]
    removed: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class CleanedForeground:
    """A foreground (H, W) without specks and small holes, and how many regions went for which reason."""

    foreground: Mask
    removed: dict[str, int] = field(default_factory=dict)


def least_area_px(params: CleaningParams, pixel_size: PixelSize | None) -> float:
    """Area from which a region is a particle: of the disc as wide as ``speck_nm``, but 4 px at least; ``speck_px`` without calibration."""
    if pixel_size is None:
        return params.speck_px
    return max(LEAST_SPECK_PX, _disc_area_px(params.speck_nm, pixel_size))


def least_hole_px(params: CleaningParams, pixel_size: PixelSize | None) -> float:
    """Area from which a hole is left open."""
    return params.hole_px if pixel_size is None else _disc_area_px(params.hole_nm, pixel_size)


def clean(instances: Sequence[Instance], usable: Mask, params: CleaningParams, pixel_size: PixelSize | None) -> Cleaned:
    """Fill small holes, drop specks, find what a masked area cuts, and drop what touches the border or is cut where that is wanted.

    A hole is background that one instance encloses by itself. It is filled whether or not another instance lies in it: instances may
    overlap, and the size of a particle must not depend on its neighbours.

    Parameters
    ----------
    instances : (H, W) is the image they lie in.
    usable : (H, W) bool, False where something is burnt in; its bounding box is the analysed field.
    pixel_size : limits in nm hold where it is known, limits in px where it is not.

    Returns
    -------
    The instances that stay, in their order, those that are cut with the flag "cut_by_annotation", and the counts of those that went as
    "speck", "touches the border" and "cut by a masked area".
    """
    speck_px, hole_px = least_area_px(params, pixel_size), least_hole_px(params, pixel_size)
    analysed, removes = analysed_field(usable), params.border == "remove"
    masked = MaskedArea.of(usable, analysed)
    kept: list[Instance] = []
    removed: Counter[str] = Counter()
    for instance in instances:
        filled = _without_small_holes(instance, hole_px)
        if filled.area_px < speck_px:
            removed[SPECK] += 1
        elif removes and reaches_edge(filled.bbox, analysed):
            removed[AT_BORDER] += 1
        elif masked is None or not masked.cuts(filled):
            kept.append(filled)
        elif removes:
            removed[AT_MASK] += 1
        else:
            kept.append(replace(filled, flags=filled.flags | {CUT}))
    return Cleaned(tuple(kept), dict(removed))


def clean_foreground(foreground: Mask, params: CleaningParams, pixel_size: PixelSize | None) -> CleanedForeground:
    """Drop specks and fill small holes of a whole foreground, before it is separated.

    Noise makes specks by the ten thousand, and a hole of one pixel makes erosion split a particle, so both go first, in a few passes.
    A gap between touching particles is a hole too, and shows where they part: a hole is filled only where the particle around it is
    thicker than the hole, that is where its box, grown by twice its equivalent diameter on each side, holds no other background.

    Parameters
    ----------
    foreground : (H, W) bool.

    Returns
    -------
    A new mask, and the count of what went as "speck".
    """
    if foreground.size == 0:
        return CleanedForeground(foreground.copy())
    count, labels, stats, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(foreground).view(np.uint8), connectivity=8)
    stays = stats[:, cv2.CC_STAT_AREA] >= least_area_px(params, pixel_size)
    stays[0] = False
    cleaned = _look_up(stays, np.asarray(labels, dtype=np.int32))
    del labels
    _fill_enclosed_holes(cleaned, least_hole_px(params, pixel_size))
    return CleanedForeground(cleaned, {SPECK: specks} if (specks := count - 1 - int(np.count_nonzero(stays))) else {})


def analysed_field(usable: Mask) -> BBox:
    """Box of all that is usable: the image without its data bar or frame; empty where nothing is usable."""
    rows, columns = np.flatnonzero(usable.any(axis=1)), np.flatnonzero(usable.any(axis=0))
    if not len(rows):
        return BBox(0, 0, 0, 0)
    return BBox(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)


def reaches_edge(bbox: BBox, analysed: BBox) -> bool:
    """Tell whether a box reaches the edge of the analysed field, so that part of its particle may lie beyond."""
    return bbox.y0 <= analysed.y0 or bbox.x0 <= analysed.x0 or bbox.y1 >= analysed.y1 or bbox.x1 >= analysed.x1


def _disc_area_px(diameter_nm: float, pixel_size: PixelSize) -> float:
    return pi / 4 * (diameter_nm / pixel_size.mean_nm) ** 2


def _without_small_holes(instance: Instance, hole_px: float) -> Instance:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(np.pad(~instance.mask, 1, constant_values=True).view(np.uint8), connectivity=4)
    # Label 0 is the mask itself, label 1 what lies around it: the padding makes it the first that is met.
    small = stats[:, cv2.CC_STAT_AREA] < hole_px
    small[:2] = False
    if not small.any():
        return instance
    return replace(instance, mask=instance.mask | small[labels[1:-1, 1:-1]])


def _fill_enclosed_holes(foreground: Mask, hole_px: float) -> None:
    """Fill, in place, the small holes that have no other background near them."""
    height, width = foreground.shape
    background = (~foreground).view(np.uint8)
    _, found, stats, _ = cv2.connectedComponentsWithStats(background, connectivity=4)
    labels = np.asarray(found, dtype=np.int32)
    x0, y0, w, h, area = stats[:, : cv2.CC_STAT_AREA + 1].T
    margin = np.ceil(4 * np.sqrt(area / pi)).astype(np.intp)
    top, left, bottom, right = y0 - margin, x0 - margin, y0 + h + margin, x0 + w + margin
    enclosed = (x0 > 0) & (y0 > 0) & (x0 + w < width) & (y0 + h < height)
    below = cv2.integral(background)
    top, bottom, left, right = top.clip(0, height), bottom.clip(0, height), left.clip(0, width), right.clip(0, width)
    around = below[bottom, right] - below[top, right] - below[bottom, left] + below[top, left]
    fills = enclosed & (area < hole_px) & (around == area)
    fills[0] = False
    if fills.any():
        foreground |= _look_up(fills, labels)


def _look_up(table: NDArray[np.bool_], labels: NDArray[np.int32]) -> Mask:
    """Return table[labels], some rows at a time: NumPy turns the whole index into 64 bits otherwise."""
    looked_up = np.empty(labels.shape, dtype=np.bool_)
    for start in range(0, len(labels), _ROWS_AT_ONCE):
        looked_up[start : start + _ROWS_AT_ONCE] = table[labels[start : start + _ROWS_AT_ONCE]]
    return looked_up
