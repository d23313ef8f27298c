"""The grey levels in which something is written: drawn letters are of one value, what lies behind them is not."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import BBox

Grey = NDArray[np.uint8]

FLAT = 8
"""Grey levels by which the pixels inside a stroke differ at most, compressed as JPEG too."""
LEAST_FLAT_GROUND = 0.35
"""Share of flat places above which the ground is flat; in a noisy picture whatever is flat is drawn, also at the ground's level."""
_SQUARE = np.ones((3, 3), np.uint8)


def drawn_levels(grey: Grey, *, most: int) -> list[int]:
    """Return the commonest levels of small flat places, apart from the ground itself where that is flat too.

    Parameters
    ----------
    grey : (h, w) uint8, a surrounding that is mostly ground.
    most : how many levels at most.
    """
    flat = cv2.subtract(cv2.dilate(grey, _SQUARE), cv2.erode(grey, _SQUARE)) <= FLAT
    counts = np.convolve(np.bincount(grey[flat], minlength=256).astype(np.float64), np.ones(7), mode="same")
    if flat.mean() > LEAST_FLAT_GROUND:
        ground = round(float(np.median(grey)))
        counts[max(0, ground - 12) : ground + 13] = 0
    levels: list[int] = []
    for _ in range(most):
        level = int(counts.argmax())
        if counts[level] < 12:
            break
        levels.append(level)
        counts[max(0, level - 15) : level + 16] = 0
    return levels


def levels_of_text(grey: Grey, box: BBox, *, most: int) -> list[int]:
    """Return the levels that are common within a box of text and rare around it.

    Parameters
    ----------
    grey : (H, W) uint8.
    box : tight around the text.
    """
    margin = max(4, box.height // 2)
    outer = grey[max(0, box.y0 - margin) : box.y1 + margin, max(0, box.x0 - margin) : box.x1 + margin]
    inner = grey[box.slices]
    within = np.bincount(inner.ravel(), minlength=256).astype(np.float64)
    around = np.bincount(outer.ravel(), minlength=256) - within
    share = within / max(1.0, within.sum()) - around / max(1.0, around.sum())
    share = np.convolve(share, np.ones(9), mode="same")
    levels: list[int] = []
    for _ in range(most):
        level = int(share.argmax())
        if share[level] < 0.04:
            break
        levels.append(level)
        share[max(0, level - 15) : level + 16] = 0
    return levels


def is_distinct(level: float, ground: float) -> bool:
    """Tell whether ink differs enough from the ground to be told by its level alone."""
    return abs(level - ground) >= 24


def ink_mask(grey: Grey, level: float, ground: float, *, thick: bool = False, clean: bool = False) -> Grey:
    """Return 1 where a pixel is ink of this level.

    Near the ground's own level, and where strokes are thick, only in and beside places that are flat too: noise and the edges of
    particles pass through every level.

    Parameters
    ----------
    grey : (h, w) uint8.
    level, ground : grey levels of ink and ground.
    thick : strokes are at least four pixels wide.
    clean : there is nothing but ink and ground, as in a data bar: thin strokes count down to half their height.
    """
    if clean:
        halfway: Grey = (np.abs(grey.astype(np.float32) - np.float32(level)) <= 0.55 * abs(level - ground)).view(np.uint8)
        return halfway
    distinct = is_distinct(level, ground)
    most = 12.0 if thick else 45.0
    reach = float(np.clip(0.3 * abs(level - ground), 9.0, most)) if distinct else 8.0
    near: Grey = (np.abs(grey.astype(np.float32) - np.float32(level)) <= reach).view(np.uint8)
    if distinct and not thick:
        return near
    core = cv2.morphologyEx(near, cv2.MORPH_OPEN, _SQUARE)
    grown: Grey = np.asarray(cv2.dilate(core, np.ones((5, 5), np.uint8)), np.uint8) & near
    return grown


def points(grey: Grey, level: float, ground: float, *, letter_px: float) -> Grey:
    """Return 1 in small, filled spots of ink, as decimal points are: too small to be flat inside.

    Parameters
    ----------
    grey : (h, w) uint8.
    level, ground : grey levels of ink and ground, which must be distinct.
    letter_px : how high the letters are.
    """
    reach = float(np.clip(0.3 * abs(level - ground), 9.0, 45.0))
    near = (np.abs(grey.astype(np.float32) - np.float32(level)) <= reach).view(np.uint8)
    components = cv2.connectedComponentsWithStats(near, connectivity=4)
    labels, stats = np.asarray(components[1]), np.asarray(components[2])
    _, _, w, h, area = stats.T
    small, large = 0.08 * letter_px, 0.35 * letter_px
    keep = (w >= small) & (h >= small) & (w <= large) & (h <= large) & (area >= 0.6 * w * h)
    keep[0] = False
    spots: Grey = keep[labels].astype(np.uint8)
    return spots
