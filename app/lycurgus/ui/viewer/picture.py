"""The pixels on screen: only what is seen is ever turned to grey, from the image itself or from a reduced copy of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log2

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from lycurgus.core.types import BBox, Plane
from lycurgus.exporters.contrast import stretched
from lycurgus.ui.viewer.view import View

MARGIN = 0.15
"""So much more than the widget, on each side, is made ready, so that panning does not make every frame anew."""

QUICK_PIXELS = 4_000_000
"""Images up to this size are reduced at once; larger ones beside the window."""

SMALLEST_LEVEL_SIDE = 256
ROWS_AT_ONCE = 512
EASY_RANGE = 1e4
_RESIZED_BY_OPENCV = (np.uint8, np.uint16, np.int16, np.float32)


def reduced(pixels: Plane) -> list[Plane]:
    """Return the image and copies of half, a quarter ... of its size, each pixel the mean of those it stands for.

    Parameters
    ----------
    pixels : (H, W) of any real type; nan spreads to what it is part of.
    """
    levels = [pixels]
    while max(levels[-1].shape) > SMALLEST_LEVEL_SIDE and min(levels[-1].shape) > 1:
        levels.append(_halved(levels[-1]))
    return levels


def _halved(pixels: Plane) -> Plane:
    height, width = (-(-side // 2) for side in pixels.shape)
    if pixels.dtype in _RESIZED_BY_OPENCV:
        return np.asarray(cv2.resize(np.ascontiguousarray(pixels), (width, height), interpolation=cv2.INTER_AREA))
    # Strips keep the conversion from ever holding the whole image in another type.
    strips = []
    for start in range(0, pixels.shape[0], ROWS_AT_ONCE):
        with np.errstate(over="ignore", invalid="ignore"):
            strip = np.ascontiguousarray(pixels[start : start + ROWS_AT_ONCE].astype(np.float32))
        strips.append(cv2.resize(strip, (width, -(-strip.shape[0] // 2)), interpolation=cv2.INTER_AREA))
    return np.concatenate(strips)


@dataclass(frozen=True, slots=True)
class _Made:
    """A piece of the image that is ready to be drawn, and what it was made for."""

    level: int
    step: int
    box: BBox
    image: QImage
    grey: NDArray[np.uint8]  # the QImage looks into it


class Picture:
    """One image as grey picture.

    Attributes
    ----------
    pixels : (H, W) as stored; never copied as a whole.
    limits : values shown as black and white.
    invert : white for small values.
    """

    def __init__(self, pixels: Plane, limits: tuple[float, float], levels: list[Plane] | None = None) -> None:
        self.pixels = pixels
        self._limits = limits
        self._invert = False
        self._levels = levels or (reduced(pixels) if pixels.size <= QUICK_PIXELS else [pixels])
        self._made: _Made | None = None

    @property
    def shape(self) -> tuple[int, int]:
        height, width = self.pixels.shape
        return height, width

    @property
    def needs_levels(self) -> bool:
        """Whether reduced copies are still to be made; until then zoomed-out views show single pixels."""
        return len(self._levels) == 1 and self.pixels.size > QUICK_PIXELS

    def set_levels(self, levels: list[Plane]) -> None:
        """Take over reduced copies that were made in a worker thread."""
        self._levels = levels
        self._made = None

    def twin(self) -> Picture:
        """Return another view of the same pixels, which shares the reduced copies."""
        return Picture(self.pixels, self._limits, self._levels)

    def set_contrast(self, limits: tuple[float, float], *, invert: bool) -> None:
        if (limits, invert) != (self._limits, self._invert):
            self._limits, self._invert = limits, invert
            self._made = None

    def paint(self, painter: QPainter, view: View, device_ratio: float) -> None:
        """Draw what is seen; single pixels stay sharp when zoomed in, and are averaged when zoomed out."""
        seen = view.visible_box(self.shape)
        if seen is None:
            return
        made = self._ready(seen, view.scale * device_ratio)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, view.scale * device_ratio < 1)
        scale_y, scale_x = (side / small for side, small in zip(self.shape, self._size(made.level, made.step), strict=True))
        box = made.box
        target = view.screen_rect(box.y0 * scale_y, box.x0 * scale_x, box.y1 * scale_y, box.x1 * scale_x)
        painter.drawImage(target, made.image, QRectF(made.image.rect()))

    def _size(self, level: int, step: int) -> tuple[int, int]:
        height, width = self._levels[level].shape
        return -(-height // step), -(-width // step)

    def _ready(self, seen: BBox, device_scale: float) -> _Made:
        wanted = max(0, round(log2(1 / device_scale)))
        level = min(wanted, len(self._levels) - 1)
        step = 2 ** (wanted - level) if self.needs_levels else 1
        size = self._size(level, step)
        ratio_y, ratio_x = size[0] / self.shape[0], size[1] / self.shape[1]
        box = _whole(seen.y0 * ratio_y, seen.x0 * ratio_x, seen.y1 * ratio_y, seen.x1 * ratio_x, size)
        made = self._made
        if made is not None and (made.level, made.step) == (level, step) and _contains(made.box, box):
            return made
        my, mx = MARGIN * box.height, MARGIN * box.width
        box = _whole(box.y0 - my, box.x0 - mx, box.y1 + my, box.x1 + mx, size)
        grey = self._grey(self._levels[level][:: step or 1, :: step or 1][box.slices])
        image = QImage(grey.data, grey.shape[1], grey.shape[0], grey.strides[0], QImage.Format.Format_Grayscale8)
        self._made = _Made(level, step, box, image, grey)
        return self._made

    def _grey(self, pixels: Plane) -> NDArray[np.uint8]:
        grey = _quickly_stretched(pixels, self._limits) if _is_easy(pixels, self._limits) else stretched(pixels, self._limits)
        grey = np.ascontiguousarray(grey)
        if self._invert:
            np.subtract(255, grey, out=grey)
        return grey


def _whole(y0: float, x0: float, y1: float, x1: float, size: tuple[int, int]) -> BBox:
    """Return the box of whole pixels around this one, within the image, at least one pixel."""
    top, left = min(max(0, floor(y0)), size[0] - 1), min(max(0, floor(x0)), size[1] - 1)
    return BBox(top, left, max(top + 1, min(size[0], ceil(y1))), max(left + 1, min(size[1], ceil(x1))))


def _contains(outer: BBox, inner: BBox) -> bool:
    return outer.y0 <= inner.y0 and outer.x0 <= inner.x0 and outer.y1 >= inner.y1 and outer.x1 >= inner.x1


def _is_easy(pixels: Plane, limits: tuple[float, float]) -> bool:
    """Tell whether 32-bit numbers are exact enough to stretch these values: to a fraction of a grey level."""
    low, high = limits
    return pixels.dtype == np.float32 and EASY_RANGE * (high - low) > max(abs(low), abs(high), 1e-30)


def _quickly_stretched(pixels: Plane, limits: tuple[float, float]) -> NDArray[np.uint8]:
    """Do as ``stretched`` does, several times faster; nan becomes black."""
    low, high = limits
    # The order matters: fmax takes the number where the other is nan.
    within = np.fmax(pixels, np.float32(low))
    np.minimum(within, np.float32(high), out=within)
    factor = 255 / (high - low)
    return np.asarray(cv2.convertScaleAbs(within, alpha=factor, beta=-low * factor), np.uint8)
