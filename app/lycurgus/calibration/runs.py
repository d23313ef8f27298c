"""Straight runs of one grey level: bars and lines, also those that particles touch and those that are neither black nor white."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import BBox

Grey = NDArray[np.uint8]

LEAST_STEP = 22
"""Grey levels by which a bar differs from what is around it."""
LEAST_EDGE = 0.7
"""Share of its outline at which it does so within three pixels."""
MOST_RUNS = 60


@dataclass(frozen=True, slots=True)
class Run:
    """A filled rectangle of one grey level.

    Attributes
    ----------
    bbox : in the area that was searched.
    level : its grey level.
    edge : share of its outline where another level follows within three pixels.
    step : grey levels between it and what is around it, in the median.
    unevenness : mean deviation inside, as a share of the step.
    outline_px : how thick an outline around it is at each end: nobody knows whether that belongs to the bar.
    """

    bbox: BBox
    level: float
    edge: float
    step: float
    unevenness: float
    outline_px: float = 0.0

    @property
    def quality(self) -> float:
        return self.edge * min(1.0, self.step / 80) * max(0.0, 1 - 4 * self.unevenness)


def find_runs(grey: Grey, *, least_width: int, most_height: int) -> list[Run]:
    """Find bars of any grey level in an area, the better ones first.

    Parameters
    ----------
    grey : (H, W) uint8.
    least_width, most_height : of a bar, in px.
    """
    found: list[Run] = []
    for low, high in _bands(grey, least_width):
        mask = ((grey >= low) & (grey <= high)).view(np.uint8)
        found.extend(_runs_in(grey, mask, least_width, most_height))
    found.sort(key=lambda run: -run.quality)
    kept: list[Run] = []
    for run in found:
        same = next((index for index, other in enumerate(kept) if _is_same(run.bbox, other.bbox)), None)
        if same is None:
            kept.append(run)
        elif run.quality > 0.3:
            thickness = abs(run.bbox.width - kept[same].bbox.width) / 2
            kept[same] = replace(kept[same], outline_px=max(kept[same].outline_px, thickness))
    return [run for run in kept if not any(_is_part(run, other) for other in kept)][:MOST_RUNS]


def _bands(grey: Grey, least_width: int) -> list[tuple[int, int]]:
    """Levels that a bar may have: the two ends of the range, tightly and widely, and levels of long flat runs along an edge."""
    low, high = int(grey.min()), int(grey.max())
    reach = max(12, (high - low) // 4)
    bands = [(high - 14, high), (high - reach, high), (low, low + 14), (low, low + reach)]
    bands += [(level - 10, level + 10) for level in _flat_levels(grey, least_width) if low + 20 < level < high - 20]
    return [(max(0, first), min(255, last)) for first, last in bands]


def _flat_levels(grey: Grey, least_width: int) -> list[int]:
    wide = grey.astype(np.int16)
    flat = np.zeros(grey.shape, np.uint8)
    flat[:, 1:] = np.abs(np.diff(wide, axis=1)) <= 5
    beside = np.zeros(grey.shape, np.uint8)
    step = np.abs(wide[2:] - wide[:-2]) > LEAST_STEP
    beside[2:] |= step
    beside[:-2] |= step
    long = cv2.morphologyEx(flat & beside, cv2.MORPH_OPEN, np.ones((1, max(least_width, 20)), np.uint8))
    counts = np.bincount(grey[long > 0], minlength=256).astype(np.float64)
    smooth = np.convolve(counts, np.ones(9), mode="same")
    levels: list[int] = []
    for _ in range(4):
        level = int(smooth.argmax())
        if smooth[level] < least_width:
            break
        levels.append(level)
        smooth[max(0, level - 12) : level + 13] = 0
    return levels


def _runs_in(grey: Grey, mask: Grey, least_width: int, most_height: int) -> list[Run]:
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, least_width), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    x, y, w, h, area = stats.T
    fits = (h <= most_height) & (w >= 1.8 * h) & (area >= 0.6 * w * h)
    runs = []
    for index in np.flatnonzero(fits)[:400]:
        if index == 0:
            continue
        box = BBox(int(y[index]), int(x[index]), int(y[index] + h[index]), int(x[index] + w[index]))
        box_of_rows = _rectangle(labels[box.slices] == index, box)
        run = None if box_of_rows is None else _examined(grey, box_of_rows)
        if run is not None:
            runs.append(run)
    return runs


def _rectangle(mask: NDArray[np.bool_], box: BBox) -> BBox | None:
    """The rectangle in which most rows agree: a particle that touches the bar prolongs only some of them."""
    left = mask.argmax(axis=1)
    right = mask.shape[1] - mask[:, ::-1].argmax(axis=1)
    x0, x1 = int(np.median(left)), int(np.median(right))
    agree = (np.abs(left - x0) <= 2) & (np.abs(right - x1) <= 2)
    if agree.mean() < 0.5:
        return None
    rows = np.flatnonzero(agree)
    y0, y1 = int(rows[0]), int(rows[-1]) + 1
    if agree[y0:y1].mean() < 0.8 or x1 - x0 < 1.8 * (y1 - y0):
        return None
    return BBox(box.y0 + y0, box.x0 + x0, box.y0 + y1, box.x0 + x1)


def _examined(grey: Grey, box: BBox) -> Run | None:
    inside = grey[box.slices]
    core = inside[1:-1, 1:-1] if box.height >= 5 else inside
    level = float(np.median(core))
    sides = [_side(grey, box, level, side) for side in ("top", "bottom", "left", "right")]
    known = [side for side in sides if side.size]
    if len(known) < 3:
        return None
    edges = [float((side > LEAST_STEP).mean()) for side in known]
    step = float(np.median(np.concatenate(known)))
    if min(edges) < LEAST_EDGE or step < LEAST_STEP:
        return None
    if _is_between(grey, box, level):
        return None
    unevenness = float(np.abs(core.astype(np.float32) - level).mean()) / step
    if unevenness > 0.2:
        return None
    return Run(box, level, sum(edges) / len(edges), step, unevenness)


def _is_between(grey: Grey, box: BBox, level: float) -> bool:
    """Tell whether the level lies between those above and below: then it is the blurred edge of a larger area."""
    if box.height > 3 or box.y0 < 2 or box.y1 + 2 > grey.shape[0]:
        return False
    above = float(np.median(grey[max(0, box.y0 - 3) : box.y0 - 1, box.x0 : box.x1]))
    below = float(np.median(grey[box.y1 + 1 : box.y1 + 3, box.x0 : box.x1]))
    return (above - level) * (below - level) < 0


def _side(grey: Grey, box: BBox, level: float, side: str) -> NDArray[np.float32]:
    """By how much the three pixels beyond each pixel of a side differ from the level at most; empty at the image's border."""
    y0, x0, y1, x1 = box
    if side == "top":
        beyond, axis = grey[max(0, y0 - 3) : y0, x0:x1], 0
    elif side == "bottom":
        beyond, axis = grey[y1 : y1 + 3, x0:x1], 0
    elif side == "left":
        beyond, axis = grey[y0:y1, max(0, x0 - 3) : x0], 1
    else:
        beyond, axis = grey[y0:y1, x1 : x1 + 3], 1
    if beyond.size == 0:
        return np.zeros(0, np.float32)
    result: NDArray[np.float32] = np.abs(beyond.astype(np.float32) - np.float32(level)).max(axis=axis)
    return result


def _is_same(box: BBox, other: BBox) -> bool:
    """One bar found twice, or a bar and its outline."""
    apart = max(box.y0 - other.y1, other.y0 - box.y1)
    return apart <= 3 and _shared(box, other) >= 0.85 * max(box.width, other.width)


def _is_part(run: Run, other: Run) -> bool:
    """A piece of a longer bar, its rounded corner or what a letter leaves of its edge."""
    box, longer = run.bbox, other.bbox
    apart = max(box.y0 - longer.y1, longer.y0 - box.y1)
    within = apart <= 3 and box.width < 0.8 * longer.width and _shared(box, longer) >= 0.85 * box.width
    return within and other.quality >= 0.4 * run.quality


def _shared(box: BBox, other: BBox) -> int:
    return min(box.x1, other.x1) - max(box.x0, other.x0)
