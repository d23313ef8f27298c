"""Scale bars, their labels, panel letters and text boxes inside the picture, put together from marks."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lycurgus.core.annotations.bars import bar_in, is_unmistakable, text_beside
from lycurgus.core.annotations.lines import Line, belongs_to_bar, stands_alone, text_lines
from lycurgus.core.annotations.marks import Grey, Mark, contains, find_marks, grey_levels
from lycurgus.core.types import Annotation, BBox, Plane

LARGEST_SIDE_PX = 2000
"""Larger pictures are looked at with every second, third ... pixel: what is burnt in grows with the picture."""


def find_labels(pixels: Plane) -> tuple[Annotation, ...]:
    """Find what is drawn into the picture itself.

    Parameters
    ----------
    pixels : (H, W) without data bar and frames, any real dtype.

    Returns
    -------
    "scale bar" boxes that hold the bar itself to about one pixel (of those looked at), and "text" boxes.
    """
    step = max(1, max(pixels.shape) // LARGEST_SIDE_PX)
    grey = grey_levels(pixels[::step, ::step])
    if int(grey.max()) - int(grey.min()) < 40:
        return ()
    found = _labels_of_drawing(grey) if is_noise_free(grey) else _labels_of_micrograph(grey)
    height, width = pixels.shape
    return tuple(Annotation(item.kind, _scaled(item.bbox, step, height, width)) for item in found)


def is_noise_free(grey: Grey) -> bool:
    """Tell whether the picture is a drawing: there everything is crisp, and crispness tells nothing."""
    sample = grey[:-1, :-1]
    inner = (sample > grey.min()) & (sample < grey.max())
    count = np.count_nonzero(inner)
    if count < 0.02 * sample.size:
        return True
    same = (sample == grey[:-1, 1:]) & (sample == grey[1:, :-1])
    return bool(np.count_nonzero(same & inner) > 0.85 * count)


def _labels_of_micrograph(grey: Grey) -> list[Annotation]:
    marks = {bright: find_marks(grey, bright=bright) for bright in (True, False)}
    lines = {bright: text_lines(marks[bright]) for bright in (True, False)}
    every_line = [*lines[True], *lines[False]]
    alone = [line.bbox for line in every_line if stands_alone(line, grey.shape)]
    texts = list(alone)
    bars: list[BBox] = []
    for bright in (True, False):
        for mark in marks[bright]:
            if _is_text_box(mark, lines[not bright]):
                texts.append(mark.bbox)
                continue
            bar = bar_in(mark)
            if bar is None or any(_is_stroke_of(bar.bbox, text) for text in alone):
                continue
            candidates = [*lines[bright], *(line for line in lines[not bright] if line.is_word(least=2))]
            near = _joined([line.bbox for line in candidates if line.drawn and belongs_to_bar(line.bbox, bar.bbox)])
            sure = is_unmistakable(bar, grey.shape)
            if not near and not sure:
                continue
            bars.append(bar.bbox)
            texts.extend(near)
            if sure and not near:
                texts.extend(text_beside(grey, bar.bbox))
    return _annotations(bars, texts)


def _labels_of_drawing(grey: Grey) -> list[Annotation]:
    """In a picture without noise only a bar with at least two characters beside it is believed."""
    if np.unique(grey).size <= 2:
        return []
    bars: list[BBox] = []
    texts: list[BBox] = []
    marks = {bright: find_marks(grey, bright=bright) for bright in (True, False)}
    lines = [line for bright in (True, False) for line in text_lines(marks[bright]) if line.is_word(least=2)]
    for mark in (*marks[True], *marks[False]):
        bar = bar_in(mark)
        near = [line.bbox for line in lines if bar and belongs_to_bar(line.bbox, bar.bbox)]
        if bar and near:
            bars.append(bar.bbox)
            texts.extend(near)
    return _annotations(bars, texts)


def _is_text_box(box: Mark, inside: list[Line]) -> bool:
    """A rectangle of one value with writing in the other one."""
    if not box.holes:
        return False
    sides = (box.mask[1:3].mean(), box.mask[-3:-1].mean(), box.mask[:, 1:3].mean(), box.mask[:, -3:-1].mean())
    return min(sides) >= 0.9 and any(line.drawn and contains(box.bbox, line.bbox) for line in inside)


def _annotations(bars: list[BBox], texts: list[BBox]) -> list[Annotation]:
    """Drop duplicates: outlines of bars, and texts within other texts."""
    kept = [bar for bar in bars if not any(_is_outline(bar, other) for other in bars)]
    kept = [bar for bar in kept if not any(_is_part(bar, other) for other in kept)]
    outer = [text for text in texts if not any(other != text and contains(other, text) for other in texts)]
    return [*(Annotation("scale bar", bar) for bar in _unique(kept)), *(Annotation("text", text) for text in _unique(outer))]


def _is_outline(bar: BBox, other: BBox) -> bool:
    return bar != other and contains(bar, other) and other.width >= 0.8 * bar.width


def _is_stroke_of(bar: BBox, text: BBox) -> bool:
    """A straight stroke of a character, or a dash between characters."""
    return contains(BBox(text.y0 - 1, text.x0 - text.height, text.y1 + 1, text.x1 + text.height), bar) and bar.width < 2 * text.height


def _joined(texts: list[BBox]) -> list[BBox]:
    """Join texts on one line: what stands between them was not recognised, but is text."""
    joined: list[BBox] = []
    for text in sorted(texts, key=lambda box: box.x0):
        last = joined[-1] if joined else None
        if (
            last
            and min(last.y1, text.y1) - max(last.y0, text.y0) >= 0.5 * min(last.height, text.height)
            and text.x0 - last.x1 <= 2 * last.height
        ):
            joined[-1] = BBox(min(last.y0, text.y0), last.x0, max(last.y1, text.y1), max(last.x1, text.x1))
        else:
            joined.append(text)
    return joined


def _is_part(bar: BBox, other: BBox) -> bool:
    return bar != other and contains(other, bar) and bar.width < 0.8 * other.width


def _unique(boxes: Iterable[BBox]) -> list[BBox]:
    return list(dict.fromkeys(boxes))


def _scaled(box: BBox, step: int, height: int, width: int) -> BBox:
    return BBox(box.y0 * step, box.x0 * step, min(height, box.y1 * step), min(width, box.x1 * step))
