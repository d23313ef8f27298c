"""Lines of text: marks that follow each other as characters of one word do."""

from __future__ import annotations

from dataclasses import dataclass

from lycurgus.core.annotations.marks import Mark
from lycurgus.core.types import BBox

BORDER_ZONE = 0.13
"""Share of the shorter side within which panel letters stand."""


@dataclass(frozen=True, slots=True)
class Line:
    """Marks that stand in a row like the characters of a word."""

    marks: tuple[Mark, ...]

    @property
    def bbox(self) -> BBox:
        y0, x0, y1, x1 = zip(*(mark.bbox for mark in self.marks), strict=True)
        return BBox(min(y0), min(x0), max(y1), max(x1))

    @property
    def drawn(self) -> int:
        """How many of the marks are characters by their shape; 0 where the line as a whole is none."""
        count = sum(mark.is_drawn for mark in self.marks)
        strokes = [mark.stroke_px for mark in self.marks if mark.is_drawn]
        if count < 0.5 * len(self.marks) or max(strokes) > 2.5 * min(strokes) + 1:
            return 0
        return count

    def is_word(self, *, least: int) -> bool:
        """Tell whether at least so many characters stand on one base line and are of about one height."""
        if self.drawn < least:
            return False
        bases = sorted(mark.bbox.y1 for mark in self.marks)
        base = bases[len(bases) // 2]
        slack = max(1.5, 0.12 * self.typical_height)
        on_base = sum(abs(mark.bbox.y1 - base) <= slack for mark in self.marks)
        return on_base >= 0.6 * len(self.marks) and self.is_alike

    @property
    def typical_height(self) -> int:
        heights = sorted(mark.bbox.height for mark in self.marks)
        return heights[len(heights) // 2]

    @property
    def is_alike(self) -> bool:
        """Tell whether nearly all marks are of about one height."""
        typical = self.typical_height
        alike = sum(0.5 * typical <= mark.bbox.height <= 1.8 * typical for mark in self.marks)
        return alike >= 0.8 * len(self.marks)


def text_lines(marks: list[Mark]) -> list[Line]:
    """Group marks of similar height that follow each other from left to right."""
    glyphs = [mark for mark in marks if mark.is_character or mark.is_upright_stroke]
    glyphs.sort(key=lambda mark: mark.bbox.x0)
    group = list(range(len(glyphs)))

    def root(index: int) -> int:
        while group[index] != index:
            index = group[index]
        return index

    for i, left in enumerate(glyphs):
        for j in range(i + 1, len(glyphs)):
            right = glyphs[j].bbox
            if right.x0 - left.bbox.x1 > left.bbox.height * 2.5:
                break
            if _follows(left.bbox, right):
                group[root(j)] = root(i)
    members: dict[int, list[Mark]] = {}
    for index, mark in enumerate(glyphs):
        members.setdefault(root(index), []).append(mark)
    return [Line(tuple(marks)) for marks in members.values()]


def stands_alone(line: Line, shape: tuple[int, ...]) -> bool:
    """Tell whether a line is believed without a bar: a word, or a panel letter near a corner."""
    height, width = shape
    side = min(height, width)
    box = line.bbox
    if line.is_word(least=4) and box.height <= 0.15 * side:
        return True
    in_corner = min(box.y0, height - box.y1) <= BORDER_ZONE * side and min(box.x0, width - box.x1) <= BORDER_ZONE * side
    if not in_corner or not 0.025 * side <= box.height <= 0.17 * side or not line.drawn:
        return False
    if len(line.marks) == 1:
        return _is_sure_letter(line.marks[0], shape)
    sharp = sum(mark.crispness for mark in line.marks) >= 0.86 * len(line.marks)
    return sharp and (line.is_word(least=2) or (box.y0 < BORDER_ZONE * side and line.is_alike))


def belongs_to_bar(text: BBox, bar: BBox) -> bool:
    """Tell whether a line stands above, below or beside a bar, at most about one line away."""
    dy = max(text.y0 - bar.y1, bar.y0 - text.y1, 0)
    dx = max(text.x0 - bar.x1, bar.x0 - text.x1, 0)
    near = dy <= 1.2 * text.height and dx <= 1.5 * max(text.height, bar.height) and (dx == 0 or dy == 0)
    return near and 0.6 * bar.height <= text.height <= max(12 * bar.height, bar.width)


def _is_sure_letter(mark: Mark, shape: tuple[int, ...]) -> bool:
    """A single character has no company to vouch for it: it must stand free in an upper corner, and be thin and even."""
    free = mark.bbox.y0 < BORDER_ZONE * min(shape) and not mark.bbox.touches_border(shape)
    return free and mark.crispness >= 0.93 and mark.unevenness < 0.04 and mark.stroke_px <= 0.36 * mark.bbox.height


def _follows(left: BBox, right: BBox) -> bool:
    small, large = sorted((left.height, right.height))
    overlap = min(left.y1, right.y1) - max(left.y0, right.y0)
    return right.x0 - left.x1 <= 0.9 * large and overlap >= 0.5 * small and small >= 0.4 * large
