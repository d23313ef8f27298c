"""Whether particles are brighter or darker than what surrounds them, decided from the picture."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from math import exp, log, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Mask, Polarity

LOOK_PX = 512
"""Pictures are judged by about the square of this many pixels: it keeps the cost the same at every size."""

REGION_PX = 10.0
"""A picture is shrunk only as far as its typical regions stay this wide: below, shapes are lost."""

TILES = 4
"""Where the whole picture is more than may be looked at, this many parts of it are."""

ROWS = 256
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
    bright, dark = bright & usable, dark & usable
    whole = sqrt(plane.size) / LOOK_PX
    own = min(_typical_width(bright), _typical_width(dark)) / REGION_PX
    in_frame = [_in_frame(side, usable, max(whole, 1.0)) for side in (bright, dark)]
    if own < whole and whole > 1:
        plane, bright, dark, usable = _parts(plane, bright, dark, usable, factor=max(own, 1.0))
    else:
        plane, bright, dark, usable = _shrunk(plane, bright, dark, usable, factor=whole)
    distance = abs(_mean(plane, bright) - _mean(plane, dark))
    inner = cv2.erode(usable.view(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0).astype(bool)
    gradient = np.hypot(cv2.Sobel(plane, cv2.CV_32F, 1, 0), cv2.Sobel(plane, cv2.CV_32F, 0, 1))
    (b_open, b_solid, b_spread, b_texture), (d_open, d_solid, d_spread, d_texture) = (
        _side(plane, gradient, side, inner, distance) for side in (bright, dark)
    )
    return Evidence(
        enclosed=d_open - b_open,
        frame=in_frame[1] - in_frame[0],
        solid=b_solid - d_solid if b_solid and d_solid else 0.0,
        varied=log(b_spread / d_spread),
        textured=log(b_texture / d_texture) if b_texture and d_texture else 0.0,
    )


def _side(
    plane: NDArray[np.float32], gradient: NDArray[np.float32], side: Mask, inner: Mask, distance: float
) -> tuple[float, float, float, float]:
    """Open share, solidity, spread and texture of one side; solidity and texture are 0 only where unknown."""
    opened, solidity = _regions(side, inner)
    floor = 0.01 * distance or 1.0
    spread = float(plane[side].std(dtype=np.float64)) + floor if side.any() else floor
    interior = cv2.erode(side.view(np.uint8), np.ones((9, 9), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1).astype(bool)
    texture = float(gradient[interior].mean(dtype=np.float64)) + floor if interior.any() else 0.0
    return opened, solidity, spread, texture


def _regions(side: Mask, inner: Mask) -> tuple[float, float]:
    """Share of a side's area in regions that reach the border, and the area-weighted solidity of its regions; zeros without any."""
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


def _in_frame(side: Mask, usable: Mask, factor: float) -> float:
    """Share of a side in the frame along the border, 8 px wide once the picture is shrunk by the factor."""
    height, width = side.shape
    ys, xs = (np.minimum(((np.arange(max(1, round(n / factor))) + 0.5) * factor).astype(np.intp), n - 1) for n in (height, width))
    edges = ((ys[:FRAME_PX], xs), (ys[-FRAME_PX:], xs), (ys[FRAME_PX:-FRAME_PX], xs[:FRAME_PX]), (ys[FRAME_PX:-FRAME_PX], xs[-FRAME_PX:]))
    seen = sum(int(np.count_nonzero(usable[np.ix_(*edge)])) for edge in edges)
    return sum(int(np.count_nonzero(side[np.ix_(*edge)])) for edge in edges) / seen if seen else 0.5


def _typical_width(side: Mask) -> float:
    """Mean chord along rows, weighted by length: 0.85 d for discs, and noise weighs little; 1 where none is met."""
    rows = side[:: max(1, len(side) // ROWS)]
    changes = np.diff(np.pad(rows, ((0, 0), (1, 1))).view(np.int8), axis=1).ravel()
    chords = np.flatnonzero(changes < 0) - np.flatnonzero(changes > 0)
    return float((chords.astype(np.float64) ** 2).sum() / chords.sum()) if chords.size else 1.0


def _shrunk(plane: NDArray[np.float32], *masks: Mask, factor: float) -> tuple[NDArray[np.float32], Mask, Mask, Mask]:
    """Make a picture and its masks smaller by a factor, if it is above 1."""
    height, width = plane.shape
    if factor > 1:
        size = (max(1, round(width / factor)), max(1, round(height / factor)))
        plane = np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
        masks = tuple(cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool) for mask in masks)
    bright, dark, usable = masks
    return plane, bright, dark, usable


def _parts(
    plane: NDArray[np.float32], bright: Mask, dark: Mask, usable: Mask, *, factor: float
) -> tuple[NDArray[np.float32], Mask, Mask, Mask]:
    """Put parts of a large picture, shrunk less than the whole would have to be, beside each other with seams that are not usable.

    They are chosen where the smaller side is: spread evenly over its area, the fullest parts first.
    """
    side = int(LOOK_PX / sqrt(TILES) * factor)
    height, width = plane.shape
    smaller = min(bright, dark, key=np.count_nonzero)
    ys, xs = range(0, max(height - side // 2, 1), side), range(0, max(width - side // 2, 1), side)
    places = [(slice(min(y, max(height - side, 0)), y + side), slice(min(x, max(width - side, 0)), x + side)) for y in ys for x in xs]
    filled = np.array([np.count_nonzero(smaller[place]) for place in places])
    order = np.argsort(-filled, kind="stable")
    total = np.cumsum(filled[order])
    chosen = np.unique(np.searchsorted(total, total[-1] * (np.arange(TILES) + 0.5) / TILES))
    tiles = [_shrunk(*(image[places[order[i]]] for image in (plane, bright, dark, usable)), factor=factor) for i in chosen]
    shape = [max(tile[0].shape[axis] for tile in tiles) for axis in (0, 1)]
    columns = [[np.pad(image, ((0, shape[0] - image.shape[0]), (0, shape[1] + 1 - image.shape[1]))) for image in tile] for tile in tiles]
    joined_plane, joined_bright, joined_dark, joined_usable = (np.hstack(images) for images in zip(*columns, strict=True))
    return joined_plane, joined_bright, joined_dark, joined_usable


def _mean(plane: NDArray[np.float32], where: Mask) -> float:
    return float(plane[where].mean(dtype=np.float64)) if where.any() else 0.0


def polarity_of_exceptions(bright: Mask, dark: Mask) -> tuple[Polarity, float]:
    """Choose between what is brighter and what is darker than all the background's noise.

    There the background is neither side, and how the sides compare in shape or in the frame tells nothing: the one with particles is the
    larger one. Areas are counted after an opening by 3 x 3 px, which takes away what noise leaves.

    Parameters
    ----------
    bright, dark : (H, W) bool, both usable.

    Returns
    -------
    As ``decide_polarity``; three times the area is a certainty of 90 %.
    """
    kernel = np.ones((3, 3), np.uint8)
    area_bright, area_dark = (
        np.count_nonzero(cv2.morphologyEx(side.view(np.uint8), cv2.MORPH_OPEN, kernel)) + SMALLEST_PX for side in (bright, dark)
    )
    odds = (max(area_bright, area_dark) / min(area_bright, area_dark)) ** 2
    return "bright" if area_bright >= area_dark else "dark", odds / (1 + odds)


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
