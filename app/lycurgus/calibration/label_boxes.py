"""Where the label of a bar may stand: lines of characters above, below or beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from lycurgus.calibration.inks import drawn_levels, ink_mask, levels_of_text
from lycurgus.calibration.scale_bar import FoundBar
from lycurgus.core.annotations.bars import text_beside
from lycurgus.core.types import BBox

Grey = NDArray[np.uint8]
MOST_BOXES = 4
MOST_GLYPHS = 150


@dataclass(frozen=True, slots=True)
class LabelBox:
    """A line of characters near a bar.

    Attributes
    ----------
    bbox : tight, in the picture.
    height_px : of a typical character.
    ink_level : grey level of the characters.
    characters : how many separate marks it holds.
    nearness : 0 ... 1, how much it stands where labels stand.
    """

    bbox: BBox
    height_px: float
    ink_level: float
    characters: int
    nearness: float


def label_boxes(grey: Grey, bar: FoundBar, *, area: BBox, known: Sequence[BBox] = ()) -> list[LabelBox]:
    """Find lines of characters near a bar, the best placed first.

    Parameters
    ----------
    grey : (H, W) uint8.
    bar : whose label is looked for.
    area : the data bar or the picture that the bar stands in.
    known : texts that were found already.
    """
    window = _window(bar, area, grey.shape)
    view = grey[window.slices].copy()
    ground = float(np.median(view))
    least = max(5, min(grey.shape) // 120)
    box = _moved(bar.bbox, -window.y0, -window.x0)
    lines: list[LabelBox] = []
    for level in _inks(view, bar, ground):
        mask = ink_mask(view, level, ground, clean=bar.in_data_bar)
        if bar.style == "line around its label":
            mask[max(0, box.y0 - 1) : box.y1 + 1, : box.x0 + 3] = 0
        else:
            mask[max(0, box.y0 - 1) : box.y1 + 1, max(0, box.x0 - 1) : box.x1 + 1] = 0
        lines += [_placed(line, level, box, bar) for line in _lines(_glyphs(mask, bar, least))]
    beside = [] if bar.style == "ruler" else text_beside(grey, bar.bbox)
    for text in {*known, *beside}:
        inside = _moved(text, -window.y0, -window.x0)
        letters, near = max(2, round(1.5 * text.width / text.height)), _nearness(inside, text.height, box, bar)
        lines += [LabelBox(inside, 0.8 * text.height, level, letters, near) for level in levels_of_text(grey, text, most=2)]
    lines = [line for line in lines if line.nearness > 0.05]
    lines.sort(key=lambda line: -line.nearness * min(line.characters, 4))
    kept: list[LabelBox] = []
    for line in lines:
        if not any(_overlap(line.bbox, other.bbox) > 0.6 and abs(line.ink_level - other.ink_level) < 15 for other in kept):
            kept.append(line)
    return [replace(line, bbox=_moved(line.bbox, window.y0, window.x0)) for line in kept[:MOST_BOXES]]


def _window(bar: FoundBar, area: BBox, shape: tuple[int, ...]) -> BBox:
    side = min(shape)
    letter = max(1.2 * bar.bbox.height if bar.style == "bar" else 0.0, 0.035 * side)
    dx = round(max(9 * letter, 0.6 * bar.length_px))
    dy = round(max(4.5 * letter, 0.12 * side))
    box = bar.bbox
    return BBox(max(area.y0, box.y0 - dy), max(area.x0, box.x0 - dx), min(area.y1, box.y1 + dy), min(area.x1, box.x1 + dx))


def _inks(view: Grey, bar: FoundBar, ground: float) -> list[float]:
    """Grey levels that characters may have: the bar's own, those of small flat places, and the two ends of the range."""
    levels = [bar.level] if np.isfinite(bar.level) else []
    ends = [float(end) for end in (view.max(), view.min()) if abs(float(end) - ground) >= 30]
    for level in (*(float(level) for level in drawn_levels(view, most=3)), *ends):
        if all(abs(level - other) > 12 for other in levels):
            levels.append(level)
    return levels


def _glyphs(mask: Grey, bar: FoundBar, least: int) -> NDArray[np.int32]:
    """Boxes (x, y, w, h) of what may be a character."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    _, _, w, h, area = stats.T
    most = max(12.0, 0.5 * bar.length_px, 4.0 * bar.bbox.height) if bar.style == "bar" else max(12.0, 0.6 * bar.length_px)
    fits = (h >= least) & (h <= most) & (w <= 4 * h) & (area >= 0.12 * w * h) & (area <= 0.97 * w * h + 4) & (h < 0.9 * mask.shape[0])
    fits[0] = False
    glyphs = np.asarray(stats[fits][:, :4], np.int32)
    return glyphs[np.argsort(-glyphs[:, 3], kind="stable")[:MOST_GLYPHS]]


def _lines(glyphs: NDArray[np.int32]) -> list[NDArray[np.int32]]:
    """Group characters that follow each other on a line."""
    if len(glyphs) < 2:
        return []
    x, y, w, h = glyphs.T
    small, large = np.minimum(h[:, None], h), np.maximum(h[:, None], h)
    gap = x[None, :] - (x + w)[:, None]
    overlap = np.minimum((y + h)[:, None], y + h) - np.maximum(y[:, None], y)
    follows = (x[None, :] >= x[:, None]) & (gap <= 1.1 * large) & (overlap >= 0.6 * small) & (small >= 0.45 * large)
    _, group = connected_components(csr_matrix(follows), directed=False)
    return [line for number in range(group.max() + 1) if len(line := glyphs[group == number]) >= 2]


def _placed(line: NDArray[np.int32], level: float, bar: BBox, found: FoundBar) -> LabelBox:
    x, y, w, h = line.T
    typical = float(np.median(h))
    box = BBox(int(y.min()), int(x.min()), int((y + h).max()), int((x + w).max()))
    below = np.abs(y + h - np.median(y + h))
    orderly = float((below <= max(1.5, 0.15 * typical)).mean())
    return LabelBox(box, max(typical, 0.8 * float(h.max())), level, len(line), orderly * _nearness(box, typical, bar, found))


def _nearness(text: BBox, letter: float, bar: BBox, found: FoundBar) -> float:
    dy = max(text.y0 - bar.y1, bar.y0 - text.y1, 0)
    dx = max(text.x0 - bar.x1, bar.x0 - text.x1, 0)
    if _is_stroke(text, letter, bar):
        return 0.0
    if found.style == "line around its label":
        inside = text.x0 >= bar.x0 and text.x1 <= bar.x1 and dy <= letter
        return 1.0 if inside else 0.1
    if text.width < 1.1 * letter:
        return 0.0
    reach = max(1.0, letter)
    near = max(0.0, 1 - dy / (3.0 * reach)) * max(0.0, 1 - dx / (4.0 * reach))
    if dx > 0 and dy > 0:
        near *= 0.5
    level = abs((text.y0 + text.y1) - (bar.y0 + bar.y1)) / 2
    beside = dx > 0 and level < 0.8 * reach
    if dx > 0 and not beside:
        near *= 0.6
    return near


def _is_stroke(text: BBox, letter: float, bar: BBox) -> bool:
    """Tell whether a bar is a part of the letters themselves."""
    within = bar.y0 >= text.y0 - 2 and bar.y1 <= text.y1 + 2 and bar.x0 >= text.x0 - 2 and bar.x1 <= text.x1 + 2
    return within and bar.width < 2 * letter


def _overlap(box: BBox, other: BBox) -> float:
    height = min(box.y1, other.y1) - max(box.y0, other.y0)
    width = min(box.x1, other.x1) - max(box.x0, other.x0)
    if height <= 0 or width <= 0:
        return 0.0
    return height * width / max(box.height * box.width, other.height * other.width)


def _moved(box: BBox, dy: int, dx: int) -> BBox:
    return BBox(box.y0 + dy, box.x0 + dx, box.y1 + dy, box.x1 + dx)
