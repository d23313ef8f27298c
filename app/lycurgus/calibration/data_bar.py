"""What is written in a data bar: the width of the field, the size of a pixel, the magnification where it means something."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.calibration.label import Word, read_words
from lycurgus.calibration.lengths_in_text import LengthInText, lengths_in
from lycurgus.core.types import Annotation, BBox

Grey = NDArray[np.uint8]

_WIDTH = re.compile(r"\b(HFW|HFOV|FOV|FW|view\s*field|field\s*of\s*view|horiz\w*\s*field\s*\w*|width)\b\s*[:=.]?\s*", re.IGNORECASE)
_PIXEL = re.compile(r"\bpixel\s*size\b\s*[:=.]?\s*", re.IGNORECASE)
_HITACHI = re.compile(r"\b(?:S-?\d{4}\w?|SU-?\d{4}|\d{1,2}[.,]\d\s?mm)\b.{0,40}?[x×]\s?(\d{1,4}(?:[.,]\d{1,3})?)\s?(k?)\b", re.IGNORECASE)
HITACHI_PRINT_NM = 127e6
"""Hitachi's SEMs state the magnification of a print 127 mm wide, whatever its number of pixels."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A pixel size that a data bar states.

    Attributes
    ----------
    pixel_size_nm, uncertainty_nm : in the picture as it is.
    confidence : 0 ... 1.
    words : what was read: "HFW 1.27 µm".
    """

    pixel_size_nm: float
    uncertainty_nm: float
    confidence: float
    words: str


def read_data_bars(grey: Grey, annotations: Sequence[Annotation]) -> list[Statement]:
    """Read every data bar of a picture.

    Raises
    ------
    TextReadingError
        There is a data bar, and Tesseract is missing or gave no answer.
    """
    bars = [item.bbox for item in annotations if item.kind == "data bar" and item.bbox.height >= 8]
    if not bars:
        return []
    texts = read_words([_prepared(grey, bar) for bar in bars], single_line=False)
    return [statement for bar, words in zip(bars, texts, strict=True) for statement in statements_in(words, width_px=bar.width)]


def statements_in(words: Sequence[Word], *, width_px: int) -> list[Statement]:
    """Find what words of a data bar say about the size of a pixel, the surest first.

    Parameters
    ----------
    words : as they were read.
    width_px : of the field that a stated width belongs to.
    """
    found: list[Statement] = []
    for line in _lines(words):
        text = " ".join(word.text for word in line)
        sure = min(1.0, 0.4 + sum(word.confidence for word in line) / len(line))
        for pattern, name, per_px, weight in ((_PIXEL, "Pixel size", 1, 0.85), (_WIDTH, "Field width", width_px, 0.8)):
            for match in pattern.finditer(text):
                length = next(iter(lengths_in(text[match.end() : match.end() + 16])), None)
                if length is not None and length.start <= 2:
                    found.append(_statement(name, length, per_px, weight * sure))
        hitachi = _HITACHI.search(text)
        if hitachi is not None and (size := _of_magnification(hitachi, width_px)) is not None:
            found.append(size)
    found += _under_headings(words, width_px)
    return sorted(found, key=lambda statement: -statement.confidence)


def _prepared(grey: Grey, bar: BBox) -> Grey:
    strip = grey[bar.slices]
    factor = 3 if bar.height < 90 else 2 if bar.height < 200 else 1
    large = cv2.resize(strip, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    dark = 255 - large if np.median(strip) < 128 else large
    return np.asarray(cv2.copyMakeBorder(dark, 12, 12, 12, 12, cv2.BORDER_CONSTANT, value=int(np.median(dark))), np.uint8)


def _lines(words: Sequence[Word]) -> list[list[Word]]:
    """Words that stand on one level, from left to right, whatever Tesseract took for lines."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda word: word.box[0]):
        middle = (word.box[0] + word.box[2]) / 2
        row = next((row for row in rows if row[-1].box[0] <= middle <= row[-1].box[2]), None)
        if row is None:
            rows.append([word])
        else:
            row.append(word)
    return [sorted(row, key=lambda word: word.box[1]) for row in rows]


def _under_headings(words: Sequence[Word], width_px: int) -> list[Statement]:
    """FEI's bars are tables: HFW stands above its value."""
    found = []
    for heading in words:
        if not re.fullmatch(r"HFW|HFOV|FOV", heading.text, re.IGNORECASE):
            continue
        y0, x0, y1, x1 = heading.box
        size = y1 - y0
        below = [
            word for word in words if 0 <= word.box[0] - y1 <= 2.5 * size and word.box[3] > x0 - 2 * size and word.box[1] < x1 + 4 * size
        ]
        below.sort(key=lambda word: word.box[1])
        length = next(iter(lengths_in(" ".join(word.text for word in below))), None)
        if length is not None:
            sure = min(1.0, 0.4 + sum(word.confidence for word in below) / len(below))
            found.append(_statement("HFW", length, width_px, 0.75 * sure))
    return found


def _statement(name: str, length: LengthInText, per_px: int, confidence: float) -> Statement:
    size = length.nm / per_px
    return Statement(size, size * _rounding(length), confidence, f"{name} {length.label}")


def _rounding(length: LengthInText) -> float:
    """Relative half of the last digit that is written."""
    digits = f"{length.value:g}"
    decimals = len(digits.partition(".")[2])
    return 0.5 * 10.0**-decimals / length.value


def _of_magnification(match: re.Match[str], width_px: int) -> Statement | None:
    magnification = float(match.group(1).replace(",", ".")) * (1000 if match.group(2) else 1)
    if not 20 <= magnification <= 2e6:
        return None
    size = HITACHI_PRINT_NM / magnification / width_px
    words = f"magnification {magnification:,.0f} × of a print 127 mm wide"
    return Statement(size, 0.02 * size, 0.4, words)
