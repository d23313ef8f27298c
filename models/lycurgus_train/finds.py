"""Pictures of what was found and what was missed."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lycurgus.core.outline import trace_all
from lycurgus.core.overlap import match
from lycurgus.core.types import Instance
from lycurgus.exporters import palette
from lycurgus.exporters.contrast import display_range, stretched
from lycurgus.resources import resource
from lycurgus_train.judging import Judged

Canvas = NDArray[np.uint8]

RIGHT, WRONG, MISSED = palette.SKY_BLUE, palette.VERMILLION, palette.YELLOW
LEGEND = "blue: found as it is; red: found, and not there or not so; yellow: missed"
LETTERS_PX = 14
STRIP_PX = 24
SUBPIXEL_BITS = 4


def draw_finds(judged: Judged, *, max_side_px: int = 1200, min_side_px: int = 600, title: str = "") -> Canvas:
    """Draw an image with what was found in it and what was missed, under a line of text.

    Particles found with an IoU of 0.5 or more are outlined in blue, other finds in vermillion, missed particles in yellow; boxes
    of particles without an outline are yellow too, found or not.

    Returns
    -------
    (h, w, 3) uint8, RGB; ``max_side_px`` at most without the text, small pictures enlarged by a whole factor.
    """
    image = judged.image
    side = max(image.shape)
    scale = max_side_px / side if side > max_side_px else float(max(1, min_side_px // side))
    height, width = (max(1, round(length * scale)) for length in image.shape)
    grey = stretched(image.pixels, display_range(image.pixels))
    resized = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
    canvas = np.asarray(cv2.cvtColor(resized, cv2.COLOR_GRAY2RGB), np.uint8)
    pairs = match(judged.found, image.instances, threshold=0.5)
    right, known = {pair.predicted for pair in pairs}, {pair.truth for pair in pairs}
    only_boxes = not image.instances
    _outline(canvas, [one for number, one in enumerate(image.instances) if number not in known], MISSED, scale)
    for y0, x0, y1, x1 in np.rint(image.boxes * scale).astype(int).tolist():
        cv2.rectangle(canvas, (x0, y0), (x1 - 1, y1 - 1), MISSED, 1)
    _outline(canvas, [one for number, one in enumerate(judged.found) if number not in right and not only_boxes], WRONG, scale)
    _outline(canvas, [one for number, one in enumerate(judged.found) if number in right or only_boxes], RIGHT, scale)
    return _under(canvas, title or caption(judged))


def caption(judged: Judged) -> str:
    """Say in one line how well an image fits."""
    image = judged.image
    n_true = len(image.instances) + len(image.boxes)
    return f"{image.name}: {judged.fit:.2f}; {len(judged.found)} found, {n_true} there"


def _outline(canvas: Canvas, instances: Sequence[Instance], colour: palette.Colour, scale: float) -> None:
    if not instances:
        return
    traced = trace_all([instance.mask for instance in instances])
    corners = np.array([complex(instance.bbox.x0, instance.bbox.y0) for instance in instances])
    points = (traced.points + np.repeat(corners, traced.counts)).view(np.float64).reshape(-1, 2)
    for outline in np.split((points + 0.5) * scale - 0.5, np.cumsum(traced.counts)[:-1]):
        fixed = np.rint(outline * (1 << SUBPIXEL_BITS)).astype(np.int32)
        cv2.polylines(canvas, [fixed], True, colour, 1, cv2.LINE_AA, SUBPIXEL_BITS)


def _under(canvas: Canvas, text: str) -> Canvas:
    framed = np.full((canvas.shape[0] + STRIP_PX, canvas.shape[1], 3), 255, np.uint8)
    framed[STRIP_PX:] = canvas
    drawn = Image.fromarray(framed)
    font = ImageFont.truetype(resource("fonts/DejaVuSans.ttf"), LETTERS_PX)
    ImageDraw.Draw(drawn).text((3, 3), text, font=font, fill=(0, 0, 0))
    return np.array(drawn)
