"""Rulers: a row of ticks at equal distances, as Hitachi's microscopes print."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import BBox

LEAST_TICKS = 6
USUAL_TICKS = 11
"""Ten intervals: what the label beside them is the length of."""


@dataclass(frozen=True, slots=True)
class Ruler:
    """A row of ticks.

    Attributes
    ----------
    bbox : of all ticks.
    first_px, last_px : centres of the outermost ticks, from a straight line through all of them.
    ticks : how many.
    scatter_px : how far they lie off equal distances.
    ends_are_long : the outermost ticks are longer than those between, so that none is cut off.
    """

    bbox: BBox
    first_px: float
    last_px: float
    ticks: int
    scatter_px: float
    ends_are_long: bool

    @property
    def is_whole(self) -> bool:
        return self.ticks == USUAL_TICKS


def find_rulers(grey: NDArray[np.uint8]) -> list[Ruler]:
    """Find rows of upright strokes at equal distances.

    Parameters
    ----------
    grey : (H, W) uint8.
    """
    low, high = int(grey.min()), int(grey.max())
    if high - low < 60:
        return []
    found = []
    for share in (0.55, 0.35):
        for mask in (grey > low + (high - low) * share, grey < high - (high - low) * share):
            found.extend(_rulers_in(grey, mask.view(np.uint8)))
    return sorted(found, key=lambda ruler: (not ruler.is_whole, -ruler.ticks))[:3]


def _rulers_in(grey: NDArray[np.uint8], mask: NDArray[np.uint8]) -> list[Ruler]:
    components = cv2.connectedComponentsWithStats(mask)
    stats, centres = np.asarray(components[2], np.int32), np.asarray(components[3], np.float64)
    _, y, w, h, area = stats.T
    stroke = (h >= 3) & (w <= max(6, 0.008 * grey.shape[1])) & (h >= 1.5 * w) & (h <= 60) & (area >= 0.7 * w * h)
    stroke[0] = False
    index = np.flatnonzero(stroke)
    found: list[Ruler] = []
    for line in (y, y + h):
        used: set[int] = set()
        for seed in index:
            level = [int(i) for i in index if abs(int(line[i]) - int(line[seed])) <= 1 and int(i) not in used]
            if len(level) < LEAST_TICKS:
                continue
            used.update(level)
            found.extend(_even_rows(grey, stats, centres, level))
    return found


def _even_rows(grey: NDArray[np.uint8], stats: NDArray[np.int32], centres: NDArray[np.float64], level: list[int]) -> list[Ruler]:
    order = sorted(level, key=lambda i: float(centres[i, 0]))
    rows: list[list[int]] = []
    row = [order[0]]
    for index in order[1:]:
        gap = float(centres[index, 0] - centres[row[-1], 0])
        if len(row) >= 2 and abs(gap - (centres[row[-1], 0] - centres[row[0], 0]) / (len(row) - 1)) > max(1.6, 0.06 * gap):
            rows.append(row)
            row = [row[-1]] if abs(gap) > 0 else []
        row.append(index)
    rows.append(row)
    return [ruler for row in rows if len(row) >= LEAST_TICKS and (ruler := _ruler(grey, stats, row))]


def _ruler(grey: NDArray[np.uint8], stats: NDArray[np.int32], row: list[int]) -> Ruler | None:
    boxes = stats[row]
    positions = np.array([_centre(grey, box) for box in boxes])
    heights = boxes[:, 3].astype(np.float64)
    numbers = np.arange(len(row))
    slope, start = np.polyfit(numbers, positions, 1)
    scatter = float(np.abs(positions - start - slope * numbers).max())
    if slope < 4 or scatter > max(1.2, 0.03 * slope) or heights.max() > 3.5 * heights.min():
        return None
    between = float(np.median(heights[1:-1]))
    long_ends = min(heights[0], heights[-1]) >= 1.2 * between
    y0, x0 = int(boxes[:, 1].min()), int(boxes[:, 0].min())
    y1, x1 = int((boxes[:, 1] + boxes[:, 3]).max()), int((boxes[:, 0] + boxes[:, 2]).max())
    return Ruler(BBox(y0, x0, y1, x1), float(start), float(start + slope * (len(row) - 1)), len(row), scatter, long_ends)


def _centre(grey: NDArray[np.uint8], box: NDArray[np.int32]) -> float:
    """Centre of a tick, weighted by how far its grey level is from the ground beside it; in px from the image's left edge."""
    x, y, w, h = (int(value) for value in box[:4])
    x0, x1 = max(0, x - 2), min(grey.shape[1], x + w + 2)
    rows = grey[y + h // 4 : max(y + h // 4 + 1, y + h - h // 4), x0:x1].astype(np.float64)
    profile = rows.mean(axis=0)
    ground = (profile[0] + profile[-1]) / 2
    weight = np.abs(profile - ground)
    return x + w / 2 if weight.sum() <= 0 else x0 + float((weight * (np.arange(profile.size) + 0.5)).sum() / weight.sum())
