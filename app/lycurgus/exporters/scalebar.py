"""The scale bar that is drawn into overlays: how long, what it says, and where it stands in nobody's way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

from lycurgus.core.types import BBox, PixelSize

WANTED_SHARE = 0.2
LONGEST_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class ScaleBar:
    """A bar of so many image pixels, and its label."""

    length_px: float
    label: str


def scale_bar(width_px: int, pixel_size: PixelSize | None) -> ScaleBar:
    """Choose a length of 1, 2 or 5 times a power of ten, near a fifth of the image's width and never above three tenths.

    Parameters
    ----------
    width_px : of the image.
    pixel_size : the bar is labelled in px where None.
    """
    unit_px = 1.0 if pixel_size is None else 1 / pixel_size.x_nm
    length = _round_length(width_px / unit_px)
    if pixel_size is None:
        return ScaleBar(max(1.0, length), f"{max(1.0, length):g} px")
    return ScaleBar(length * unit_px, _label(length))


def _round_length(width: float) -> float:
    """The round number nearest to a fifth of the width, by ratio."""
    decade = floor(log10(width * WANTED_SHARE))
    candidates = [digit * 10.0**power for power in (decade - 1, decade, decade + 1) for digit in (1, 2, 5)]
    allowed = [candidate for candidate in candidates if candidate <= LONGEST_SHARE * width]
    return min(allowed, key=lambda candidate: abs(log10(candidate / (width * WANTED_SHARE))))


def _label(length_nm: float) -> str:
    for unit, size_nm in (("mm", 1e6), ("µm", 1e3), ("nm", 1.0)):
        if length_nm >= size_nm * 0.999:
            return f"{length_nm / size_nm:.6g} {unit}"
    return f"{length_nm * 1e3:.6g} pm"


def free_corner(canvas: tuple[int, int], box: tuple[int, int], margin: int, taken: Sequence[BBox]) -> tuple[int, int]:
    """Return the top left corner (y, x) of a box in the first corner of the canvas that it does not share.

    Parameters
    ----------
    canvas, box : (height, width).
    taken : boxes to stay clear of; where every corner is taken, the bottom right one above any full-width bar is used.
    """
    height, width = canvas
    bottom = min((other.y0 for other in taken if other.width >= 0.9 * width and other.y1 >= height - 1), default=height)
    top = max((other.y1 for other in taken if other.width >= 0.9 * width and other.y0 <= 1 and other.y1 < height // 2), default=0)
    low, high = bottom - margin - box[0], top + margin
    left, right = margin, width - margin - box[1]
    corners = [(low, right), (low, left), (high, right), (high, left)]
    for y, x in corners:
        if not any(y < other.y1 and other.y0 < y + box[0] and x < other.x1 and other.x0 < x + box[1] for other in taken):
            return y, x
    return corners[0]
