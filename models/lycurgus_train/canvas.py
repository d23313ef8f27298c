"""A micrograph as a colour picture that particles are drawn into, and the file that it goes to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFont

from lycurgus.core.types import Instance
from lycurgus.exporters import palette
from lycurgus.exporters.atomic import replacing
from lycurgus.exporters.contrast import display_range, stretched
from lycurgus.exporters.outlines import instance_outlines_xy
from lycurgus.resources import resource

Canvas = NDArray[np.uint8]

LETTERS_PX = 14
SUBPIXEL_BITS = 4


def canvas_of(pixels: NDArray[Any], *, max_side_px: int, min_side_px: int) -> tuple[Canvas, float]:
    """Return a micrograph (H, W) as (h, w, 3) uint8, RGB, and its scale: larger ones reduced, smaller ones enlarged by a whole factor."""
    side = max(pixels.shape)
    scale = max_side_px / side if side > max_side_px else float(max(1, min_side_px // side))
    height, width = (max(1, round(length * scale)) for length in pixels.shape)
    grey = stretched(pixels, display_range(pixels))
    resized = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
    return np.asarray(cv2.cvtColor(resized, cv2.COLOR_GRAY2RGB), np.uint8), scale


def draw_outlines(canvas: Canvas, instances: Sequence[Instance], colours: Sequence[palette.Colour], scale: float) -> None:
    """Outline particles, the colours in turn."""
    for number, outline in enumerate(instance_outlines_xy(instances)):
        fixed = np.rint(((outline + 0.5) * scale - 0.5) * (1 << SUBPIXEL_BITS)).astype(np.int32)
        cv2.polylines(canvas, [fixed], True, colours[number % len(colours)], 1, cv2.LINE_AA, SUBPIXEL_BITS)


def draw_boxes(canvas: Canvas, boxes: NDArray[np.floating], colour: palette.Colour, scale: float) -> None:
    """Draw boxes (n, 4), y0, x0, y1, x1 in px of the micrograph, half-open."""
    for y0, x0, y1, x1 in np.rint(boxes * scale).astype(int).tolist():
        cv2.rectangle(canvas, (x0, y0), (x1 - 1, y1 - 1), colour, 1)


def write_png(path: Path, canvas: Canvas) -> None:
    """Write a picture, grey or RGB.

    Raises
    ------
    ExportError
        It cannot be written.
    """
    with replacing(path) as temporary:
        Image.fromarray(canvas).save(temporary, format="PNG", compress_level=3)


@lru_cache(maxsize=1)
def caption_font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(resource("fonts/DejaVuSans.ttf"), LETTERS_PX)
