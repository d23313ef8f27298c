"""Shortening file names so that those of a series can still be told apart."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics

ELLIPSIS = "…"


def shortened(name: str, neighbours: Sequence[str], metrics: QFontMetrics, width: int) -> str:
    """Shorten a name in its middle, or around the part in which it differs from its neighbours where that would be lost.

    Parameters
    ----------
    neighbours : names above and below.
    width : pixels.
    """
    plain = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, width)
    if plain == name or ELLIPSIS not in plain:
        return plain
    begin, end = _differing(name, neighbours)
    kept_head, kept_tail = plain.index(ELLIPSIS), len(plain) - plain.index(ELLIPSIS) - 1
    if end <= kept_head or begin >= len(name) - kept_tail:
        return plain
    return _around(name, begin, end, metrics, width)


def _differing(name: str, neighbours: Sequence[str]) -> tuple[int, int]:
    """Return where (begin, end) a name differs from the neighbour that is most like it, numbers taken whole."""
    begin, end = 0, 0
    for other in neighbours:
        head = _alike(name, other)
        tail = _alike(name[head:][::-1], other[head:][::-1])
        if head + tail >= begin + len(name) - end or not end:
            begin, end = head, len(name) - tail
    while 0 < begin < len(name) and name[begin - 1].isdigit():
        begin -= 1
    while 0 < end < len(name) and name[end].isdigit():
        end += 1
    return begin, end


def _alike(one: str, other: str) -> int:
    """Return how many characters two texts begin with together."""
    return next((at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), min(len(one), len(other)))


def _around(name: str, begin: int, end: int, metrics: QFontMetrics, width: int) -> str:
    """Keep as much before the part as there is room for, for that says what the part counts; then as much after it."""

    def cut(start: int, stop: int) -> str:
        return f"{ELLIPSIS if start else ''}{name[start:stop]}{ELLIPSIS if stop < len(name) else ''}"

    start, stop = begin, end
    while start > 0 and metrics.horizontalAdvance(cut(start - 1, stop)) <= width:
        start -= 1
    while stop < len(name) and metrics.horizontalAdvance(cut(start, stop + 1)) <= width:
        stop += 1
    return metrics.elidedText(cut(start, stop), Qt.TextElideMode.ElideMiddle, width)
