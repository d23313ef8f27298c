"""Scale bars, their labels, panel letters and text boxes inside the picture, put together from marks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lycurgus.core.annotations.marks import Grey, Mark, find_marks, grey_levels
from lycurgus.core.types import Annotation, BBox, Plane

BORDER_ZONE = 0.13
"""Share of the shorter side within which panel letters stand."""
BAR_ZONE = 0.25
"""Share of the height within which a bar without a label must stand."""


@dataclass(frozen=True, slots=True)
class Line:
    """Marks that stand in a row like the characters of a word."""

    marks: tuple[Mark, ...]

    @property
    def bbox(self) -> BBox:
        return union([mark.bbox for mark in self.marks])

    @property
    def drawn(self) -> int:
        """How many of the marks are certainly characters."""
        return sum(mark.is_stroke_drawn and mark.is_crisp and not mark.is_round_ring for mark in self.marks)


def find_labels(pixels: Plane) -> tuple[Annotation, ...]:
    """Find what is drawn into the picture itself.

    Parameters
    ----------
    pixels : (H, W) without data bar and frames, any real dtype.

    Returns
    -------
    "scale bar" boxes that hold the bar exactly, and "text" boxes.
    """
    grey = grey_levels(pixels)
    if int(grey.max()) - int(grey.min()) < 40:
        return ()
    clean = is_noise_free(grey)
    found: list[Annotation] = []
    marks = {bright: find_marks(grey, bright=bright) for bright in (True, False)}
    for bright in (True, False):
        lines = text_lines(marks[bright])
        bars = [mark for mark in marks[bright] if is_bar(mark)]
        others = text_lines(marks[not bright])
        for bar in bars:
            near = [line for line in (*lines, *others) if line.drawn >= 1 and _belongs_to_bar(line.bbox, bar.bbox)]
            if near or (not clean and _is_unmistakable(bar, grey.shape)):
                found.append(Annotation("scale bar", bar.bbox))
                found.extend(Annotation("text", line.bbox) for line in near if clean is False or line.drawn >= 2)
        if clean:
            continue
        found.extend(Annotation("text", line.bbox) for line in lines if _stands_alone(line, grey.shape))
        found.extend(Annotation("text", box.bbox) for box in marks[bright] if _is_text_box(box, others))
    return tuple({(item.kind, item.bbox): item for item in found}.values())


def is_noise_free(grey: Grey) -> bool:
    """Tell whether the picture is a drawing: there everything is crisp, and crispness tells nothing."""
    sample = grey[:-1, :-1]
    inner = (sample > grey.min()) & (sample < grey.max())
    if np.count_nonzero(inner) < 0.02 * sample.size:
        return True
    same = (sample == grey[:-1, 1:]) & (sample == grey[1:, :-1])
    return bool(np.count_nonzero(same & inner) > 0.85 * np.count_nonzero(inner))


def text_lines(marks: list[Mark]) -> list[Line]:
    """Group crisp marks of similar height that follow each other from left to right."""
    glyphs = sorted((mark for mark in marks if mark.is_crisp and mark.bbox.width < 2.5 * mark.bbox.height), key=lambda mark: mark.bbox.x0)
    group = list(range(len(glyphs)))

    def root(index: int) -> int:
        while group[index] != index:
            index = group[index]
        return index

    for i, left in enumerate(glyphs):
        for j in range(i + 1, len(glyphs)):
            right = glyphs[j]
            size = max(left.bbox.height, right.bbox.height)
            if right.bbox.x0 - left.bbox.x0 > 6 * size:
                break
            overlap = min(left.bbox.y1, right.bbox.y1) - max(left.bbox.y0, right.bbox.y0)
            gap = right.bbox.x0 - left.bbox.x1
            if gap <= 0.9 * size and overlap >= 0.5 * min(left.bbox.height, right.bbox.height) and _similar(left, right):
                group[root(j)] = root(i)
    members: dict[int, list[Mark]] = {}
    for index, mark in enumerate(glyphs):
        members.setdefault(root(index), []).append(mark)
    return [Line(tuple(marks)) for marks in members.values()]


def _similar(one: Mark, other: Mark) -> bool:
    small, large = sorted((one.bbox.height, other.bbox.height))
    return small >= 0.4 * large


def is_bar(mark: Mark) -> bool:
    """A crisp, horizontal, filled rectangle, or a line with marks at its ends."""
    height, width = mark.bbox.height, mark.bbox.width
    if not mark.is_crisp or width < 1.8 * height:
        return False
    if mark.fill >= 0.9:
        return True
    rows = mark.mask.sum(axis=1) >= 0.95 * width
    if not rows.any() or width < 4 * height:
        return False
    end = max(2, round(0.08 * width))
    middle = mark.mask[~rows, end:-end]
    return not middle.any()


def _is_unmistakable(bar: Mark, shape: tuple[int, ...]) -> bool:
    """A bar without a label: long, filled, crisp all around, near the lower or upper border."""
    zone = BAR_ZONE * shape[0]
    outside = bar.bbox.y0 > shape[0] - zone or bar.bbox.y1 < zone
    return outside and bar.bbox.width >= 4.5 * bar.bbox.height and bar.fill >= 0.95 and bar.crispness >= 0.9


def _belongs_to_bar(text: BBox, bar: BBox) -> bool:
    """Above, below or beside the bar, at most about one line away."""
    size = max(text.height, bar.height)
    dy = max(text.y0 - bar.y1, bar.y0 - text.y1, 0)
    dx = max(text.x0 - bar.x1, bar.x0 - text.x1, 0)
    return dy <= 1.2 * text.height and dx <= 1.5 * size and (dx == 0 or dy == 0) and text.height >= 0.6 * bar.height


def _stands_alone(line: Line, shape: tuple[int, ...]) -> bool:
    """A word anywhere, or a panel letter near a corner."""
    drawn = line.drawn
    if drawn >= 4 and drawn >= 0.6 * len(line.marks):
        return True
    height, width = shape
    side = min(height, width)
    box = line.bbox
    near_y = min(box.y0, height - box.y1) <= BORDER_ZONE * side
    near_x = min(box.x0, width - box.x1) <= BORDER_ZONE * side
    big = box.height >= 0.025 * side
    return near_y and near_x and big and drawn >= 1 and drawn >= 0.5 * len(line.marks)


def _is_text_box(box: Mark, inside: list[Line]) -> bool:
    """A rectangle of one value with writing in the other one."""
    edges = np.concatenate((box.mask[0], box.mask[-1], box.mask[:, 0], box.mask[:, -1]))
    if edges.mean() < 0.95 or not box.holes:
        return False
    return any(line.drawn and _contains(box.bbox, line.bbox) for line in inside)


def _contains(outer: BBox, inner: BBox) -> bool:
    return outer.y0 <= inner.y0 and outer.x0 <= inner.x0 and outer.y1 >= inner.y1 and outer.x1 >= inner.x1


def union(boxes: list[BBox]) -> BBox:
    """Return the smallest box around boxes."""
    y0, x0, y1, x1 = zip(*boxes, strict=True)
    return BBox(min(y0), min(x0), max(y1), max(x1))
