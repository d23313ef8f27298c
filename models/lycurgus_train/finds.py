"""Pictures of what was found and what was missed."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from lycurgus.core.overlap import match
from lycurgus.exporters import palette
from lycurgus_train.canvas import Canvas, canvas_of, caption_font, draw_boxes, draw_outlines
from lycurgus_train.judging import Judged

RIGHT, WRONG, MISSED = palette.SKY_BLUE, palette.VERMILLION, palette.YELLOW
STRIP_PX = 24


def draw_finds(judged: Judged, *, max_side_px: int = 1200, min_side_px: int = 600, title: str = "") -> Canvas:
    """Draw an image with what was found in it and what was missed, under a line of text.

    Particles found with an IoU of 0.5 or more are outlined in blue, other finds in vermillion, missed particles in yellow; boxes
    of particles without an outline are yellow too, found or not. Where nothing but boxes or a foreground is known, all finds are blue.

    Returns
    -------
    (h, w, 3) uint8, RGB; ``max_side_px`` at most without the text, small pictures enlarged by a whole factor.
    """
    image = judged.image
    canvas, scale = canvas_of(image.pixels, max_side_px=max_side_px, min_side_px=min_side_px)
    pairs = match(judged.found, image.instances, threshold=0.5)
    right, known = {pair.predicted for pair in pairs}, {pair.truth for pair in pairs}
    untold = not image.instances and (len(image.boxes) > 0 or image.foreground is not None)
    draw_outlines(canvas, [one for number, one in enumerate(image.instances) if number not in known], [MISSED], scale)
    draw_boxes(canvas, image.boxes, MISSED, scale)
    draw_outlines(canvas, [one for number, one in enumerate(judged.found) if number not in right and not untold], [WRONG], scale)
    draw_outlines(canvas, [one for number, one in enumerate(judged.found) if number in right or untold], [RIGHT], scale)
    return _under(canvas, title or caption(judged))


def caption(judged: Judged) -> str:
    """Say in one line how well an image fits."""
    image = judged.image
    n_true = len(image.instances) + len(image.boxes)
    return f"{image.name}: {judged.fit:.2f}; {len(judged.found)} found, {n_true} there"


def _under(canvas: Canvas, text: str) -> Canvas:
    framed = np.full((canvas.shape[0] + STRIP_PX, canvas.shape[1], 3), 255, np.uint8)
    framed[STRIP_PX:] = canvas
    drawn = Image.fromarray(framed)
    ImageDraw.Draw(drawn).text((3, 3), text, font=caption_font(), fill=(0, 0, 0))
    return np.array(drawn)
