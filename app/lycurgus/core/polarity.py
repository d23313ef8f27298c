"""Whether particles are brighter or darker than what surrounds them, decided from the picture."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from math import exp, log, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Mask, Polarity

LOOK_PX = 512
"""Larger pictures are judged at about this many pixels a side: polarity is a matter of the whole, and this keeps it cheap."""

FRAME_PX = 8
SMALLEST_PX = 20
MOST_REGIONS = 300


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for the bright side being the particles: each number changes its sign when the picture is inverted.

    Attributes
    ----------
    enclosed : share of the dark side's area in regions that reach the border, less that of the bright side.
    frame : share of the frame along the border that is dark, less the share that is bright.
    solid : area-weighted solidity of the bright regions less that of the dark ones.
    varied : log of the ratio of the values' standard deviations, bright over dark.
    textured : log of the ratio of the mean gradients away from outlines, bright over dark.
    """

    enclosed: float
    frame: float
    solid: float
    varied: float
    textured: float

    @property
    def log_odds(self) -> float:
        """Positive where particles are bright."""
        return float(np.dot(astuple(self), WEIGHTS))


WEIGHTS = (3.0, 1.8, 8.2, 1.5, 1.0)
"""Logistic regression without intercept on hand-drawn outlines of 359 published micrographs; see docs/decisions/polarity.md."""


def decide_polarity(plane: NDArray[np.float32], bright: Mask, dark: Mask, usable: Mask) -> tuple[Polarity, float]:
    """Choose between two candidate foregrounds: what is brighter than a threshold, and what is darker.

    Parameters
    ----------
    plane : (H, W) float32, finite.
    bright, dark : (H, W) bool, the candidates.
    usable : (H, W) bool.

    Returns
    -------
    The polarity, and how certain it is: 0.5 (a coin's toss) ... 1.
    """
    log_odds = polarity_evidence(plane, bright, dark, usable).log_odds
    return "bright" if log_odds >= 0 else "dark", 1 / (1 + exp(-abs(log_odds)))


def polarity_evidence(plane: NDArray[np.float32], bright: Mask, dark: Mask, usable: Mask) -> Evidence:
    """Compare the two sides of a threshold; the parameters are those of ``decide_polarity``."""
    plane, bright, dark, usable = _at_a_glance(plane, bright & usable, dark & usable, usable)
    distance = abs(_mean(plane, bright) - _mean(plane, dark))
    inner, frame = _border(usable)
    gradient = np.hypot(cv2.Sobel(plane, cv2.CV_32F, 1, 0), cv2.Sobel(plane, cv2.CV_32F, 0, 1))
    sides = [_side(plane, gradient, side, inner, frame, distance) for side in (bright, dark)]
    (b_open, b_frame, b_solid, b_spread, b_texture), (d_open, d_frame, d_solid, d_spread, d_texture) = sides
    return Evidence(
        enclosed=d_open - b_open,
        frame=d_frame - b_frame,
        solid=b_solid - d_solid,
        varied=log(b_spread / d_spread),
        textured=log(b_texture / d_texture) if b_texture and d_texture else 0.0,
    )


def _side(
    plane: NDArray[np.float32], gradient: NDArray[np.float32], side: Mask, inner: Mask, frame: Mask, distance: float
) -> tuple[float, float, float, float, float]:
    """Open share, share of the frame, solidity, spread and texture of one side; the last two never 0 unless unknown."""
    opened, solidity = _regions(side, inner)
    in_frame = float(side[frame].mean()) if frame.any() else 0.5
    floor = 0.01 * distance or 1.0
    spread = float(plane[side].std(dtype=np.float64)) + floor if side.any() else floor
    interior = cv2.erode(side.view(np.uint8), np.ones((9, 9), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1).astype(bool)
    texture = float(gradient[interior].mean(dtype=np.float64)) + floor if interior.any() else 0.0
    return opened, in_frame, solidity, spread, texture


def _regions(side: Mask, inner: Mask) -> tuple[float, float]:
    """Share of a side's area in regions that reach the border, and the area-weighted solidity of its regions."""
    clean = cv2.morphologyEx(side.view(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(clean, connectivity=4)
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    areas[0] = 0
    areas[areas < SMALLEST_PX] = 0
    if areas.sum() == 0:
        return 0.0, 0.0
    at_border = np.zeros(count, dtype=bool)
    at_border[np.unique(labels[~inner])] = True
    opened = float(areas[at_border].sum() / areas.sum())

    filled = hulls = 0.0
    solidity = 0.0
    for label in np.argsort(areas)[::-1][:MOST_REGIONS]:
        if areas[label] == 0:
            break
        x, y, width, height = stats[label, :4]
        region = (labels[y : y + height, x : x + width] == label).astype(np.uint8)
        outline = max(cv2.findContours(region, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=len)
        hull = cv2.convexHull(outline)
        # Pixel centres span half a pixel less on every side than the pixels do.
        area = cv2.contourArea(outline) + len(outline) / 2 + 1
        hull_area = cv2.contourArea(hull) + cv2.arcLength(hull, True) / 2 + 1
        solidity += area * min(area / hull_area, 1.0)
        filled += area
        hulls += hull_area
    return opened, solidity / filled


def _border(usable: Mask) -> tuple[Mask, Mask]:
    """Where a region does not reach the border of the usable area, and the frame along that border."""
    height, width = usable.shape
    kernel = np.ones((3, 3), np.uint8)
    inner = cv2.erode(usable.view(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0).astype(bool)
    frame = usable.copy()
    frame[FRAME_PX : height - FRAME_PX, FRAME_PX : width - FRAME_PX] = False
    return inner, frame


def _at_a_glance(plane: NDArray[np.float32], *masks: Mask) -> tuple[NDArray[np.float32], Mask, Mask, Mask]:
    """Shrink a large picture and its masks to about LOOK_PX a side."""
    height, width = plane.shape
    factor = sqrt(height * width) / LOOK_PX
    if factor > 1:
        size = (max(1, round(width / factor)), max(1, round(height / factor)))
        plane = np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
        masks = tuple(cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool) for mask in masks)
    bright, dark, usable = masks
    return plane, bright, dark, usable


def _mean(plane: NDArray[np.float32], where: Mask) -> float:
    return float(plane[where].mean(dtype=np.float64)) if where.any() else 0.0


def tail_polarity(plane: NDArray[np.float32], usable: Mask, *, sigma_px: float) -> Polarity:
    """Tell on which side of a local mean the longer tail of values lies.

    Made for pictures with strong shading, where no one threshold parts anything: particles cover the smaller part of their
    surroundings and so deviate further from the local mean than the background does.

    Parameters
    ----------
    plane : (H, W) float32, finite.
    usable : (H, W) bool.
    sigma_px : of the local mean's Gaussian window, wider than the particles.
    """
    factor = max(1.0, min(plane.shape) / 256)
    size = (max(1, round(plane.shape[1] / factor)), max(1, round(plane.shape[0] / factor)))
    small = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    seen = cv2.resize(usable.view(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool)
    residual = (small - cv2.GaussianBlur(small, (0, 0), max(1.0, sigma_px / factor)))[seen]
    if residual.size == 0:
        return "bright"
    low, middle, high = np.percentile(residual, (1, 50, 99))
    return "bright" if high - middle >= middle - low else "dark"
