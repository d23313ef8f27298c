"""What authors and instruments burn into pictures: data bars with text, scale bars with labels, panel letters."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydantic import BaseModel, ConfigDict

from lycurgus.core.types import Mask
from lycurgus_train.synth.population import Range, choose, uniform

_LENGTHS = (1, 2, 5, 10, 20, 25, 30, 40, 50, 100, 200, 250, 300, 400, 500)
_UNITS = {"nm": 0.75, "µm": 0.2, "um": 0.05}
_INSTRUMENTS = (
    "EHT = {0}.00 kV",
    "HV {0} kV",
    "WD = {1:.1f} mm",
    "Mag = {2}.00 K X",
    "x {2},000",
    "Signal A = SE2",
    "det TLD",
    "SEI",
    "spot {3}.0",
    "HFW {1:.2f} µm",
)
_HERSHEY = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX)


class BurntInParams(BaseModel):
    """How often things are burnt in.

    Attributes
    ----------
    data_bar : probability of an instrument's bar below or above the picture.
    scale_bar : probability of a scale bar within the picture (one stands in a data bar anyway).
    letter : probability of a panel letter such as "(a)".
    caption : probability of a name of the sample.
    size : height of letters, share of the picture's height.
    """

    model_config = ConfigDict(frozen=True)

    data_bar: float = 0.05
    scale_bar: float = 0.35
    letter: float = 0.25
    caption: float = 0.04
    size: Range = (0.03, 0.09)


DEFAULT = BurntInParams()


def burn_in(picture: NDArray[np.uint8], rng: np.random.Generator, *, params: BurntInParams = DEFAULT) -> tuple[NDArray[np.uint8], Mask]:
    """Burn things into a copy of a picture.

    Returns
    -------
    picture : (H, W) uint8.
    bar : (H, W) bool, True on a data bar, where the picture of the specimen ends. Letters and scale bars lie on the specimen:
        particles are known to go on below them.
    """
    spoiled = picture.copy()
    bar: Mask = np.zeros(picture.shape, dtype=bool)
    if rng.random() < params.data_bar:
        bar = _data_bar(spoiled, rng)
    elif rng.random() < params.scale_bar:
        _scale_bar(spoiled, rng, size=uniform(rng, params.size))
    free = ~bar[:, 0]
    rows = slice(int(np.argmax(free)), picture.shape[0] - int(np.argmax(free[::-1])))
    if rng.random() < params.letter:
        _letter(spoiled[rows], rng, size=uniform(rng, params.size) * 1.2)
    if rng.random() < params.caption:
        name = str(rng.choice(("Au@Ag NPs", "SiO2", "TiO2", "Fe3O4", "PS 500", "Pt/C", "sample 2", "CeO2 cubes", "after 5 h", "ZnO")))
        stamp = text(name, height_px=max(8, int(uniform(rng, params.size) * picture.shape[0])), font=int(rng.integers(5)))
        _stamp(spoiled[rows], stamp, rng, corner=(0, int(rng.integers(2))), boxed=rng.random() < 0.5)
    return spoiled, bar


def text(words: str, *, height_px: int, font: int = 0) -> Mask:
    """Draw words as a mask of about this height; font 0 is an outline font, 1 ... 4 are an instrument's stroke fonts (ASCII)."""
    height_px = max(6, height_px)
    if font % 5 == 0 or not words.isascii():
        return _outlined(words, height_px)
    style = _HERSHEY[font % 5 - 1]
    scale, stroke = height_px / 22, max(1, height_px // 14)
    (width, height), base = cv2.getTextSize(words, style, scale, stroke)
    drawn = np.zeros((height + base + 4, width + 4), np.uint8)
    cv2.putText(drawn, words, (2, height + 2), style, scale, 255, stroke)
    return np.asarray(drawn > 0)


def _outlined(words: str, height_px: int) -> Mask:
    face = _face(height_px)
    # The font that comes with Pillow has no µ: it is a u with a tail.
    latin = words.replace("µ", "u")
    left, top, right, bottom = face.getbbox(latin)
    tail = max(1, height_px // 5) if "µ" in words else 0
    canvas = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2 + tail), 0)
    pen = ImageDraw.Draw(canvas)
    pen.text((1 - left, 1 - top), latin, fill=255, font=face)
    if tail:
        # Whole pixels: x + 1 - 1 may be less than x otherwise, and Pillow refuses such a rectangle.
        x = round(1 - left + face.getlength(latin[: words.index("µ")]) + height_px * 0.07)
        foot = round(1 - top + face.getbbox("u")[3])
        pen.rectangle((x, foot - height_px // 3, x + max(1, height_px // 12) - 1, foot + tail - 1), fill=255)
    return np.asarray(canvas) > 110


@lru_cache(maxsize=64)
def _face(height_px: int) -> ImageFont.FreeTypeFont:
    face = ImageFont.load_default(height_px)
    if not isinstance(face, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without FreeType: it cannot draw text of a wanted height")
    return face


def _label(rng: np.random.Generator) -> str:
    unit = choose(rng, _UNITS)
    length = int(rng.choice(_LENGTHS)) if unit == "nm" else str(rng.choice(("0.2", "0.5", "1", "1.0", "2", "3", "5", "10", "100")))
    return f"{length}{rng.choice((' ', ' ', ''))}{unit}"


def _scale_bar(picture: NDArray[np.uint8], rng: np.random.Generator, *, size: float) -> None:
    height, width = picture.shape
    length = int(rng.uniform(0.08, 0.35) * width)
    thick = max(2, int(rng.uniform(0.004, 0.02) * height))
    words = text(_label(rng), height_px=int(size * height), font=int(rng.integers(5)))
    across = max(length, words.shape[1])
    gap = int(rng.uniform(0.005, 0.02) * height) + 1
    stamp = np.zeros((words.shape[0] + gap + thick, across), dtype=bool)
    left = (across - words.shape[1]) // 2
    bar_left = (across - length) // 2
    if rng.random() < 0.75:
        stamp[: words.shape[0], left : left + words.shape[1]] = words
        stamp[-thick:, bar_left : bar_left + length] = True
    else:
        stamp[-words.shape[0] :, left : left + words.shape[1]] = words
        stamp[:thick, bar_left : bar_left + length] = True
    if rng.random() < 0.12:
        stamp = stamp[-thick:, bar_left : bar_left + length]
    _stamp(picture, stamp, rng, corner=(int(rng.random() < 0.93), int(rng.random() < 0.65)), boxed=rng.random() < 0.2)


def _letter(picture: NDArray[np.uint8], rng: np.random.Generator, *, size: float) -> None:
    letter = str(rng.choice(list("abcdefghABCDEFGH")))
    words = str(rng.choice(("{}", "({})", "{})", "{}1"))).format(letter)
    stamp = text(words, height_px=int(size * picture.shape[0]), font=int(rng.integers(5)))
    _stamp(picture, stamp, rng, corner=(int(rng.random() < 0.1), int(rng.random() < 0.15)), boxed=rng.random() < 0.25)


def _stamp(picture: NDArray[np.uint8], stamp: Mask, rng: np.random.Generator, *, corner: tuple[int, int], boxed: bool) -> None:
    """Put a mask into a corner, (0, 0) is the upper left one, in a grey that stands out from what is there."""
    height, width = (min(stamp.shape[0], picture.shape[0] - 2), min(stamp.shape[1], picture.shape[1] - 2))
    if height < 1 or width < 1:
        return
    stamp = stamp[:height, :width]
    margin = [int(rng.uniform(0.01, 0.06) * side) for side in picture.shape]
    y = min(margin[0], picture.shape[0] - height) if corner[0] == 0 else max(0, picture.shape[0] - height - margin[0])
    x = min(margin[1], picture.shape[1] - width) if corner[1] == 0 else max(0, picture.shape[1] - width - margin[1])
    place = picture[y : y + height, x : x + width]
    dark = place.mean() > 128 if rng.random() < 0.9 else rng.random() < 0.5
    if boxed:
        pad = int(rng.integers(2, 8))
        dark = rng.random() < 0.6
        picture[max(0, y - pad) : y + height + pad, max(0, x - pad) : x + width + pad] = 255 if dark else 0
    place[stamp] = 0 if dark else 255


def _data_bar(picture: NDArray[np.uint8], rng: np.random.Generator) -> Mask:
    """Replace a strip by an instrument's data bar; returns where it lies."""
    height, width = picture.shape
    high = int(rng.uniform(0.045, 0.12) * height)
    top = 0 if rng.random() < 0.05 else height - high
    paper, ink = ((0, 255), (255, 0), (int(rng.uniform(0, 60)), 255))[int(rng.integers(3))]
    strip = np.full((high, width), paper, np.uint8)
    font = int(rng.integers(5))
    letters = max(6, int(rng.uniform(0.3, 0.55) * high))
    length = int(rng.uniform(0.08, 0.25) * width)
    thick = max(1, high // 14)
    left = int(rng.uniform(0.02, 0.1) * width)
    label = text(_label(rng), height_px=letters, font=font)
    _write(strip, label, y=1, x=left, ink=ink)
    strip[max(0, high - 3 * thick) : max(1, high - 2 * thick), left : left + length] = ink
    x = left + max(length, label.shape[1]) + int(0.04 * width)
    for words in rng.permutation(_INSTRUMENTS)[: int(rng.integers(2, 6))]:
        said = str(words).format(
            int(rng.choice((1, 2, 3, 5, 10, 15, 20))), float(rng.uniform(2, 12)), int(rng.integers(5, 200)), int(rng.integers(1, 6))
        )
        drawn = text(said, height_px=letters, font=font)
        if x + drawn.shape[1] >= width:
            break
        _write(strip, drawn, y=max(0, (high - drawn.shape[0]) // 2), x=x, ink=ink)
        x += drawn.shape[1] + int(0.03 * width)
    picture[top : top + high] = strip
    bar = np.zeros(picture.shape, dtype=bool)
    bar[top : top + high] = True
    return bar


def _write(strip: NDArray[np.uint8], words: Mask, *, y: int, x: int, ink: int) -> None:
    part = strip[y : y + words.shape[0], x : x + words.shape[1]]
    part[words[: part.shape[0], : part.shape[1]]] = ink
