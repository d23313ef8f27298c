"""Scale bars drawn onto noise, with ends and labels that are known."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lycurgus.calibration.label import is_available

FONTS = Path("/usr/share/fonts/truetype/dejavu")
needs_tesseract = pytest.mark.skipif(not is_available(), reason="Tesseract is not installed")

Grey = NDArray[np.uint8]


def ground(shape: tuple[int, int] = (512, 640), *, level: float = 120.0, noise: float = 9.0, seed: int = 1) -> Grey:
    """A softly shaded, noisy picture with a few round particles in its upper half."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]]
    picture = level + 12 * np.sin(x / 130) + 8 * np.cos(y / 90)
    for _ in range(6):
        cy, cx, radius = rng.uniform(40, shape[0] * 0.6), rng.uniform(40, shape[1] - 40), rng.uniform(8, 20)
        picture -= 45 / (1 + np.exp(np.hypot(y - cy, x - cx) - radius))
    return np.clip(picture + rng.normal(0, noise, shape), 0, 255).astype(np.uint8)


def written(picture: Grey, text: str, at: tuple[int, int], *, ink: int, size: int = 26, font: str = "DejaVuSans.ttf") -> Grey:
    """Write a text with its upper left corner at (y, x)."""
    path = FONTS / font
    if not path.exists():
        pytest.skip(f"the font {font} is not installed")
    image = Image.fromarray(picture)
    ImageDraw.Draw(image).text((at[1], at[0]), text, fill=ink, font=ImageFont.truetype(str(path), size))
    return np.asarray(image, np.uint8)


def with_bar(picture: Grey, left: float, right: float, *, ink: int, row: int = 470, height: int = 8) -> Grey:
    """Draw a bar whose ends may lie within pixels: those are mixed, as a smoothing program does."""
    result = picture.astype(np.float64)
    columns = np.arange(picture.shape[1])
    share = np.clip(np.minimum(columns + 1, right) - np.maximum(columns, left), 0, 1)
    rows = slice(row, row + height)
    result[rows] = share * ink + (1 - share) * result[rows]
    return np.round(result).astype(np.uint8)


def with_end_marks(picture: Grey, left: int, right: int, *, ink: int, row: int = 470) -> Grey:
    """Draw a thin line between two upright strokes whose outer edges are the ends."""
    result = picture.copy()
    result[row : row + 2, left:right] = ink
    result[row - 8 : row + 10, left : left + 2] = ink
    result[row - 8 : row + 10, right - 2 : right] = ink
    return result


def data_bar(picture: Grey, rows: int = 48, *, level: int = 0) -> Grey:
    """Put a strip of one value under a picture."""
    return cv2.copyMakeBorder(picture, 0, rows, 0, 0, cv2.BORDER_CONSTANT, value=level)


def with_ruler(picture: Grey, first: float, spacing: float, *, row: int, ink: int = 255, ticks: int = 11) -> Grey:
    """Draw upright ticks 3 px thick at equal distances, the outer and the middle ones longer."""
    result = picture.copy()
    for number in range(ticks):
        x = round(first + spacing * number)
        length = 18 if number in (0, (ticks - 1) // 2, ticks - 1) else 11
        result[row : row + length, x - 1 : x + 2] = ink
    return result
