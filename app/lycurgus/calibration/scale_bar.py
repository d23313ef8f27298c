"""Burnt-in scale bars of every style, with their length finer than a pixel; whether one is believed, its label decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lycurgus.calibration.edges import ends_of_bar
from lycurgus.calibration.rulers import Ruler, find_rulers
from lycurgus.calibration.runs import Run, find_runs
from lycurgus.core.annotations import picture_area
from lycurgus.core.types import Annotation, BBox

Grey = NDArray[np.uint8]
Style = Literal["bar", "line with end marks", "ruler", "line around its label"]

MOST_BARS = 12


@dataclass(frozen=True, slots=True)
class FoundBar:
    """A bar that was found in a picture.

    Attributes
    ----------
    bbox : in the picture.
    style : how it is drawn.
    left_px, right_px : its two ends, in px from the picture's left edge.
    uncertainty_px : of the length: half a pixel for two clean edges, more where marks are thick.
    level : its grey level (8 bit).
    sureness : 0 ... 1, how much it looks like a bar and nothing else.
    in_data_bar : it stands in a strip at the edge, where nothing of the specimen is seen.
    """

    bbox: BBox
    style: Style
    left_px: float
    right_px: float
    uncertainty_px: float
    level: float
    sureness: float
    in_data_bar: bool = False

    @property
    def length_px(self) -> float:
        return self.right_px - self.left_px


def find_bars(grey: Grey, annotations: Sequence[Annotation]) -> list[FoundBar]:
    """Find what may be a scale bar, the likeliest first.

    Parameters
    ----------
    grey : (H, W) uint8, as ``core.annotations.marks.grey_levels`` gives it.
    annotations : what was found to be burnt in: strips, which are searched by themselves, and bars, which become surer.
    """
    found: list[FoundBar] = []
    strips = tuple(item for item in annotations if item.kind in ("data bar", "frame"))
    for strip in strips:
        if strip.kind == "data bar":
            found += [_cut(replace(bar, in_data_bar=True), strip.bbox) for bar in _bars_in(grey, strip.bbox, is_strip=True)]
    picture = picture_area(grey.shape, strips)
    if min(picture.height, picture.width) >= 32:
        known = [item.bbox for item in annotations if item.kind == "scale bar"]
        found += [_cut(_surer(bar, known), picture) for bar in _bars_in(grey, picture, is_strip=False)]
    return sorted(found, key=lambda bar: -bar.sureness)[:MOST_BARS]


def _bars_in(grey: Grey, area: BBox, *, is_strip: bool) -> list[FoundBar]:
    view = np.ascontiguousarray(grey[area.slices])
    height, width = view.shape
    side = min(grey.shape)
    most_height = max(3, height // 3) if is_strip else max(4, round(0.09 * side))
    runs = find_runs(view, least_width=max(10, round((0.015 if is_strip else 0.025) * width)), most_height=most_height)
    rulers = [ruler for ruler in find_rulers(view) if is_strip or ruler.bbox.y0 > 0.75 * height]
    around, halves = _around_labels(view, runs, is_strip=is_strip)
    bars = [*around, *(_bar(view, run) for run in runs if run not in halves), *(_of_ruler(ruler) for ruler in rulers)]
    return [_moved(_placed(bar, view.shape, is_strip=is_strip), area) for bar in bars if bar.length_px >= max(12.0, 0.015 * width)]


def _bar(grey: Grey, run: Run) -> FoundBar:
    left, right = ends_of_bar(grey, run.bbox)
    marks = _end_marks(grey, run)
    aspect = run.bbox.width / run.bbox.height
    sureness = run.quality * min(1.0, 0.5 + aspect / 12)
    if run.outline_px > 1.5:
        sureness *= 0.5
    if marks is None:
        return FoundBar(run.bbox, "bar", left, right, 0.6 + run.outline_px, run.level, sureness)
    return FoundBar(run.bbox, "line with end marks", left, right, 0.6 + marks / 2, run.level, min(1.0, sureness + 0.15))


def _end_marks(grey: Grey, run: Run) -> float | None:
    """Thickness of the upright marks at both ends of a line, or None where it has none."""
    box = run.bbox
    if box.width < 4 * box.height or box.width < 12:
        return None
    drawn = np.abs(grey.astype(np.int16) - round(run.level)) <= max(14, 0.4 * run.step)
    left = _stroke(drawn, box, box.x0, +1)
    right = _stroke(drawn, box, box.x1 - 1, -1)
    if left is None or right is None or not 0.6 <= left[0] / right[0] <= 1.67:
        return None
    return (left[1] + right[1]) / 2


def _stroke(drawn: NDArray[np.bool_], box: BBox, x: int, inward: int) -> tuple[int, int] | None:
    """Height and thickness of the upright stroke at one end: columns whose ink reaches beyond the line, above or below."""
    heights = []
    for column in range(x, x + inward * max(6, box.width // 4), inward):
        heights.append(_reach(drawn[:, column], box.y0, box.y1))
        if heights[-1] < box.height + 4 and len(heights) > 2:
            break
    high = [value for value in heights if value >= max(box.height + 4, 2 * box.height)]
    far = _reach(drawn[:, x + inward * (box.width // 2)], box.y0, box.y1)
    if not high or len(high) > max(3, box.width // 5) or far >= min(high):
        return None
    return max(high), len(high)


def _reach(column: NDArray[np.bool_], y0: int, y1: int) -> int:
    """How far ink goes up and down from the rows of the line without a break."""
    up = column[:y0][::-1]
    down = column[y1:]
    return (y1 - y0) + int(up.argmin() if not up.all() else up.size) + int(down.argmin() if not down.all() else down.size)


def _around_labels(grey: Grey, runs: Sequence[Run], *, is_strip: bool) -> tuple[list[FoundBar], list[Run]]:
    """Join two lines on one level with the label between them: ``|--- 5 µm ---|``; in the picture only with the marks at the outer ends."""
    joined: list[FoundBar] = []
    halves: list[Run] = []
    for left in runs:
        for right in runs:
            a, b = left.bbox, right.bbox
            gap = b.x0 - a.x1
            level = abs(a.y0 - b.y0) <= 2 and abs(a.y1 - b.y1) <= 2 and abs(left.level - right.level) <= 30
            thin = max(a.height, b.height) <= 6 and min(a.width, b.width) >= 4 * max(a.height, b.height)
            alike = thin and 0.75 <= a.width / b.width <= 1.33
            if gap < 8 or not (level and alike) or gap > 2.5 * (a.width + b.width):
                continue
            drawn = np.abs(grey.astype(np.int16) - round(left.level)) <= max(14, 0.4 * left.step)
            outer = _stroke(drawn, a, a.x0, +1), _stroke(drawn, b, b.x1 - 1, -1)
            if not is_strip and (outer[0] is None or outer[1] is None):
                continue
            thickness = max((end[1] for end in outer if end is not None), default=2)
            halves += [left, right]
            start, _ = ends_of_bar(grey, a)
            _, stop = ends_of_bar(grey, b)
            box = BBox(min(a.y0, b.y0), a.x0, max(a.y1, b.y1), b.x1)
            joined.append(FoundBar(box, "line around its label", start, stop, 0.6 + thickness / 2, left.level, 0.95))
    return joined, halves


def _of_ruler(ruler: Ruler) -> FoundBar:
    sureness = (0.98 if ruler.ends_are_long else 0.85) if ruler.is_whole else 0.3
    return FoundBar(ruler.bbox, "ruler", ruler.first_px, ruler.last_px, 0.3 + ruler.scatter_px / 2, float("nan"), sureness)


def _placed(bar: FoundBar, shape: tuple[int, ...], *, is_strip: bool) -> FoundBar:
    """Weigh the place: bars stand near the lower or the upper border, and a line over nearly the whole width is none."""
    height, width = shape
    weight = 1.0
    if bar.length_px > 0.7 * width:
        weight *= 0.2
    if not is_strip:
        middle = (bar.bbox.y0 + bar.bbox.y1) / 2
        weight *= 1.0 if middle > 0.72 * height else 0.8 if middle < 0.2 * height else 0.4
        if bar.length_px < 0.035 * width:
            weight *= 0.7
    return replace(bar, sureness=bar.sureness * weight)


def _surer(bar: FoundBar, known: Sequence[BBox]) -> FoundBar:
    """What the finder of annotations holds for a scale bar by its own rules is one."""
    for box in known:
        shared = min(box.x1, bar.bbox.x1) - max(box.x0, bar.bbox.x0)
        if shared >= 0.85 * max(box.width, bar.bbox.width) and box.y0 - 3 <= bar.bbox.y1 and bar.bbox.y0 <= box.y1 + 3:
            return replace(bar, sureness=min(1.0, bar.sureness + 0.3))
    return bar


def _cut(bar: FoundBar, area: BBox) -> FoundBar:
    """What reaches the border may go on beyond it."""
    whole = bar.bbox.x0 > area.x0 and bar.bbox.x1 < area.x1
    return bar if whole else replace(bar, sureness=0.25 * bar.sureness)


def _moved(bar: FoundBar, area: BBox) -> FoundBar:
    box = bar.bbox
    moved = BBox(box.y0 + area.y0, box.x0 + area.x0, box.y1 + area.y0, box.x1 + area.x0)
    return replace(bar, bbox=moved, left_px=bar.left_px + area.x0, right_px=bar.right_px + area.x0)
