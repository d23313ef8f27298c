"""Pictures of the same image beside each other, each under its title."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

GAP_PX = 8


def side_by_side(pictures: Sequence[tuple[str, NDArray[np.uint8]]]) -> NDArray[np.uint8]:
    """Put pictures in a row on white.

    Parameters
    ----------
    pictures : (title, (h, w, 3) uint8 RGB), all of one height.

    Returns
    -------
    (h + title, sum of widths and gaps, 3) uint8, RGB.
    """
    height = max(picture.shape[0] for _, picture in pictures)
    letters_px = max(14, height // 45)
    title_px = 2 * letters_px
    width = sum(picture.shape[1] for _, picture in pictures) + GAP_PX * (len(pictures) - 1)
    sheet = Image.new("RGB", (width, height + title_px), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(letters_px)
    x = 0
    for title, picture in pictures:
        sheet.paste(Image.fromarray(picture), (x, title_px))
        draw.text((x + 2, title_px // 2), title, fill="black", font=font, anchor="lm")
        x += picture.shape[1] + GAP_PX
    return np.array(sheet)
