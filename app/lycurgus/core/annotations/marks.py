"""Marks: connected regions of the brightest or darkest grey level, and what tells drawn graphics from particles among them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import BBox, Plane

Grey = NDArray[np.uint8]

RING_PX = 3
"""Drawn graphics reach the background within this distance, even resampled and compressed; particles are softer."""
HALO_PX = 6
LEAST_CONTRAST = 40
"""Grey levels of 255 between a mark and what surrounds it."""
LEAST_CRISPNESS = 0.8
TOLERANCES = (0.25, 0.07)
MOST_MARKS = 160
"""So many marks are looked at closely, the outermost first: annotations stand near the border."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One connected region of ink.

    Attributes
    ----------
    bbox : in the image.
    mask : (h, w) bool, cropped to the box.
    crispness : share of the surroundings at RING_PX that are already background, 0 ... 1.
    unevenness : mean deviation from the median deep inside, as a share of the contrast.
    stroke_px : width of the thickest stroke.
    solidity : area over the area of the convex hull.
    holes : enclosed holes.
    """

    bbox: BBox
    mask: NDArray[np.bool_]
    crispness: float
    unevenness: float
    stroke_px: float
    solidity: float
    holes: int

    @property
    def fill(self) -> float:
        """Share of the box that is ink."""
        return float(self.mask.mean())

    @property
    def is_round_ring(self) -> bool:
        """A hollow particle, or the letter O: nothing tells them apart. An a or e is less symmetrical."""
        ratio = self.bbox.width / self.bbox.height
        if self.holes == 0 or not 0.85 < ratio < 1.18:
            return False
        filled = _filled(self.mask)
        if abs(float(filled.mean()) - np.pi / 4) >= 0.06:
            return False
        turned = filled[::-1, ::-1], filled[:, ::-1], filled[::-1]
        overlaps = [np.count_nonzero(filled & other) / np.count_nonzero(filled | other) for other in turned]
        return bool(min(overlaps) > 0.86)

    @property
    def is_drawn(self) -> bool:
        """Made of thin strokes that turn or branch, as characters are and convex particles are not."""
        thin = self.stroke_px <= 0.42 * self.bbox.height and self.stroke_px <= 0.6 * self.bbox.width
        shaped = (self.solidity < 0.87 or self.holes > 0) and 0.12 < self.fill < 0.85 and self.holes <= 3
        return thin and shaped and self.is_even and not self.is_round_ring

    @property
    def is_even(self) -> bool:
        """Of one value inside, as what is drawn; thin strokes are allowed their smoothed edges."""
        return self.unevenness < (0.03 if self.stroke_px >= 4 else 0.07)

    @property
    def is_character(self) -> bool:
        """Drawn, and no wider than a character can be."""
        return self.is_drawn and self.bbox.width < 2.5 * self.bbox.height

    @property
    def is_upright_stroke(self) -> bool:
        """What i, l and 1 look like, and rods too: only company makes them characters."""
        return self.bbox.width <= 0.45 * self.bbox.height and self.is_even


def grey_levels(pixels: Plane) -> Grey:
    """Return 8-bit grey levels: 8-bit images as they are, others between their 0.1 and 99.9 percentiles.

    What was burnt in at the end of the range is thereby 0 or 255, whatever the range. Not finite pixels become 0.
    """
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels)
    step = max(1, round((pixels.size / 1e5) ** 0.5))
    sample = pixels[::step, ::step]
    sample = sample[np.isfinite(sample)].astype(np.float64)
    if sample.size == 0:
        return np.zeros(pixels.shape, np.uint8)
    low, high = np.percentile(sample, (0.1, 99.9))
    if not high > low:
        return np.zeros(pixels.shape, np.uint8)
    grey = np.empty(pixels.shape, np.uint8)
    for y in range(0, pixels.shape[0], 256):
        rows = pixels[y : y + 256].astype(np.float32)
        rows = (rows - np.float32(low)) * np.float32(255 / (high - low))
        np.nan_to_num(rows, copy=False, nan=0.0, posinf=255.0, neginf=0.0)
        grey[y : y + 256] = np.clip(rows, 0, 255)
    return grey


def ink(grey: Grey, *, bright: bool, tolerance: float) -> Grey:
    """Return 1 where a pixel lies near the bright (dark) end of the grey levels of this image.

    Parameters
    ----------
    tolerance : how near, as a share of the distance from the end to the median level, but at least 12 levels.
    """
    sample = grey[:: max(1, grey.shape[0] // 128), :: max(1, grey.shape[1] // 128)]
    middle = float(np.median(sample))
    end = float(grey.max() if bright else grey.min())
    reach = max(tolerance * abs(middle - end), 12.0)
    return ((grey >= np.uint8(max(0.0, end - reach))) if bright else (grey <= np.uint8(min(255.0, end + reach)))).view(np.uint8)


def find_marks(grey: Grey, *, bright: bool) -> list[Mark]:
    """Find the crisp marks of one polarity that could be a part of an annotation.

    Two limits are tried: the wider one keeps thin, smoothed strokes whole, the narrower one parts drawings from bright particles.
    """
    whole = _marks_of(grey, ink(grey, bright=bright, tolerance=TOLERANCES[0]))
    accounted = [mark.bbox for mark in whole if mark.is_character or mark.fill >= 0.9]
    parts = _marks_of(grey, ink(grey, bright=bright, tolerance=TOLERANCES[1]))
    return [*whole, *(mark for mark in parts if not any(contains(box, mark.bbox) for box in accounted))]


def _marks_of(grey: Grey, drawn: Grey) -> list[Mark]:
    _, regions, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(drawn, 8, cv2.CV_32S, cv2.CCL_BBDT)
    labels: NDArray[np.int32] = np.asarray(regions, dtype=np.int32)
    height, width = grey.shape
    side = min(height, width)
    x, y, w, h, area = stats.T
    glyph = (h >= max(5, side // 120)) & (h <= 0.25 * side) & (w <= 0.4 * width) & (area >= 8) & (area > 0.1 * w * h)
    line = (w >= max(12, 0.02 * width)) & (w <= 0.8 * width) & (h <= 0.25 * side) & (w > 1.5 * h) & (area > 0.1 * w * h)
    candidates = np.flatnonzero(glyph | line)
    candidates = candidates[candidates > 0]
    away = np.minimum(np.minimum(y, height - y - h), np.minimum(x, width - x - w))[candidates]
    candidates = candidates[np.argsort(away, kind="stable")[:MOST_MARKS]]
    marks = (
        _mark(grey, labels, int(index), BBox(int(y[index]), int(x[index]), int(y[index] + h[index]), int(x[index] + w[index])))
        for index in candidates
    )
    return [mark for mark in marks if mark]


def _mark(grey: Grey, labels: NDArray[np.int32], index: int, bbox: BBox) -> Mark | None:
    height, width = grey.shape
    y0, x0 = max(0, bbox.y0 - HALO_PX - 1), max(0, bbox.x0 - HALO_PX - 1)
    y1, x1 = min(height, bbox.y1 + HALO_PX + 1), min(width, bbox.x1 + HALO_PX + 1)
    inside = (labels[y0:y1, x0:x1] == index).view(np.uint8)
    surroundings = grey[y0:y1, x0:x1]
    middle = float(cv2.mean(surroundings, mask=inside)[0])
    away = cv2.distanceTransform(1 - inside, cv2.DIST_C, 3)
    ring, halo = surroundings[away == RING_PX], surroundings[away == HALO_PX]
    if not (ring.size and halo.size):
        return None
    contrast = abs(float(np.partition(halo, halo.size // 2)[halo.size // 2]) - middle)
    if contrast < LEAST_CONTRAST:
        return None
    crispness = np.count_nonzero(np.abs(ring - np.float32(middle)) > 0.5 * contrast) / ring.size
    if crispness < LEAST_CRISPNESS:
        return None
    mask = np.ascontiguousarray(inside[bbox.y0 - y0 : bbox.y1 - y0, bbox.x0 - x0 : bbox.x1 - x0])
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 3)
    deep = depth[1:-1, 1:-1] >= max(1.0, 0.5 * float(depth.max()))
    values = grey[bbox.slices][deep].astype(np.float32)
    unevenness = float(np.abs(values - np.median(values)).mean()) / contrast if values.size else 1.0
    contours, hierarchy = cv2.findContours(padded, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    hull = _hull_area(np.concatenate(list(contours)))
    holes = sum(1 for contour, links in zip(contours, hierarchy[0], strict=True) if links[3] >= 0 and len(contour) > 4)
    return Mark(bbox, mask.view(np.bool_), crispness, unevenness, 2 * float(depth.max()) - 1, float(mask.sum()) / hull, holes)


def _hull_area(points: NDArray[np.int32]) -> float:
    """Area of the hull of pixels, not of their centres: half a pixel is added all around."""
    hull = cv2.convexHull(points)
    return float(cv2.contourArea(hull)) + 0.5 * float(cv2.arcLength(hull, True)) + 1.0


def _filled(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask with its holes filled."""
    padded = cv2.copyMakeBorder(mask.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(padded, None, (0, 0), 2)
    filled: NDArray[np.bool_] = padded[1:-1, 1:-1] != 2
    return filled


def contains(outer: BBox, inner: BBox) -> bool:
    """Tell whether one box lies within another."""
    return outer.y0 <= inner.y0 and outer.x0 <= inner.x0 and outer.y1 >= inner.y1 and outer.x1 >= inner.x1
