"""Scale bars: crisp horizontal rectangles, and lines with marks at their ends."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from lycurgus.core.annotations.marks import Grey, Mark
from lycurgus.core.types import BBox

BAR_ZONE = 0.25
"""Share of the height within which a bar without a label must stand."""
LEAST_ASPECT_ALONE = 4.5
TEXT_EDGE = 80
LEAST_EDGE_SHARE = 0.15
"""Grey levels by which neighbouring pixels of a label differ, and how many do."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar; ``plain`` where it is a rectangle with square ends and nothing else."""

    bbox: BBox
    plain: bool
    crispness: float
    unevenness: float


def bar_in(mark: Mark) -> Bar | None:
    """Return the bar that a mark is or holds, or None."""
    height, width = mark.bbox.height, mark.bbox.width
    if width >= 1.8 * height and mark.fill >= 0.9:
        return Bar(mark.bbox, plain=_is_straight(mark), crispness=mark.crispness, unevenness=mark.unevenness)
    if width >= 4 * height and _has_end_marks(mark):
        return Bar(mark.bbox, plain=False, crispness=mark.crispness, unevenness=mark.unevenness)
    return _bar_with_attachment(mark)


def is_unmistakable(bar: Bar, shape: tuple[int, ...]) -> bool:
    """Tell whether a bar is believed without a label: long, even, crisp all around, near the lower or upper border."""
    height, width = shape
    box = bar.bbox
    outside = box.y0 > (1 - BAR_ZONE) * height or box.y1 < BAR_ZONE * height
    size = box.width >= LEAST_ASPECT_ALONE * box.height and box.width >= 0.04 * width
    return bar.plain and outside and size and bar.crispness >= 0.9 and bar.unevenness < 0.05


def text_beside(grey: Grey, bar: BBox) -> list[BBox]:
    """Return the label beside a bar that is certain, whatever its grey level: a dense run of sharp edges as high as a line of text."""
    size = max(bar.height, 8)
    found = []
    for window in (
        BBox(bar.y0 - size, bar.x1 + 2, bar.y1 + size, bar.x1 + 9 * size),
        BBox(bar.y0 - size, bar.x0 - 9 * size, bar.y1 + size, bar.x0 - 2),
    ):
        y0, x0 = max(0, window.y0), max(0, window.x0)
        view = grey[y0 : window.y1, x0 : max(0, window.x1)]
        if min(view.shape) < 5:
            continue
        edges = (cv2.morphologyEx(view, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > TEXT_EDGE).view(np.uint8)
        joined = cv2.morphologyEx(edges, cv2.MORPH_CLOSE, np.ones((3, size | 1), np.uint8))
        _, _, stats, _ = cv2.connectedComponentsWithStats(joined)
        for x, y, w, h, _ in stats[1:]:
            beside = min(abs(x0 + x - bar.x1), abs(bar.x0 - x0 - x - w)) <= size
            level = abs(y0 + y + h / 2 - (bar.y0 + bar.y1) / 2) <= 0.4 * size
            dense = edges[y : y + h, x : x + w].mean() >= LEAST_EDGE_SHARE
            if beside and level and dense and 0.7 * size <= h <= 1.9 * size and w >= 2 * h:
                found.append(BBox(y0 + int(y), x0 + int(x), y0 + int(y + h), x0 + int(x + w)))
    return found


def _is_straight(mark: Mark) -> bool:
    """The ends are cut off squarely but for the blur of a pixel or two; rods thicker than about 10 px are rounder."""
    if mark.bbox.width < 12:
        return True
    coverage = mark.mask.mean(axis=0)
    return bool(min(coverage[1], coverage[-2]) >= 0.7 and min(coverage[2], coverage[-3]) >= 0.85)


def _has_end_marks(mark: Mark) -> bool:
    """One or more full rows, and elsewhere ink only near the two ends."""
    width = mark.bbox.width
    full = mark.mask.sum(axis=1) >= 0.95 * width
    end = max(2, round(0.08 * width))
    return bool(full.any() and not mark.mask[~full, end:-end].any() and full.sum() <= 0.5 * mark.bbox.height)


def _bar_with_attachment(mark: Mark) -> Bar | None:
    """A particle or a character touches the bar: long runs of ink are the bar."""
    run = round(0.6 * mark.bbox.width)
    if run < 24:
        return None
    long_runs = cv2.morphologyEx(mark.mask.view(np.uint8), cv2.MORPH_OPEN, np.ones((1, run), np.uint8))
    ys, xs = np.nonzero(long_runs)
    if ys.size == 0:
        return None
    y0, x0, y1, x1 = int(ys.min()), int(xs.min()), int(ys.max()) + 1, int(xs.max()) + 1
    if ys.size < 0.97 * (y1 - y0) * (x1 - x0) or x1 - x0 < LEAST_ASPECT_ALONE * (y1 - y0) or mark.mask.sum() > 3 * ys.size:
        return None
    box = BBox(mark.bbox.y0 + y0, mark.bbox.x0 + x0, mark.bbox.y0 + y1, mark.bbox.x0 + x1)
    return Bar(box, plain=True, crispness=mark.crispness, unevenness=mark.unevenness)
