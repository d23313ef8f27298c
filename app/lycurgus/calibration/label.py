"""Reading small pieces of a picture with Tesseract: always cropped, always with a time limit, many in one call."""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.calibration.inks import ink_mask, is_distinct, points
from lycurgus.core.errors import CalibrationError

Crop = NDArray[np.uint8]

TIMEOUT_S = 60.0
"""Small crops take a tenth of a second; on a machine that trains a network beside it, a hundred times that."""
TEXT_HEIGHT_PX = 36
"""Tesseract reads best where capital letters are about so high."""
THICK_TEXT_PX = 24
"""Characters so high have strokes of four pixels and more."""
LENGTHS_ONLY = " -c tessedit_char_whitelist=0123456789.,nmuµpAÅ"
MISSING = "Tesseract is not installed, so burnt-in scale bars are not read (Debian: apt-get install tesseract-ocr)"


@dataclass(frozen=True, slots=True)
class Word:
    """A word that was read: box (y0, x0, y1, x1) in the crop as given to Tesseract, and Tesseract's confidence in 0 ... 1."""

    text: str
    confidence: float
    box: tuple[int, int, int, int]
    line: int


class TextReadingError(CalibrationError):
    """Tesseract is not there, or did not answer in time."""


@functools.cache
def is_available() -> bool:
    """Tell whether Tesseract can be run."""
    import pytesseract

    try:
        pytesseract.get_tesseract_version()
    except (pytesseract.TesseractNotFoundError, OSError, SystemExit):
        return False
    return True


def read_words(crops: Sequence[Crop], *, single_line: bool, lengths_only: bool = False, timeout_s: float = TIMEOUT_S) -> list[list[Word]]:
    """Read crops, dark text on light ground, in one run of Tesseract.

    Parameters
    ----------
    crops : (h, w) uint8, already scaled up.
    single_line : each crop holds one line of text; otherwise words are looked for all over.
    lengths_only : only characters of numbers and units of length are considered.

    Returns
    -------
    The words of each crop, in reading order.

    Raises
    ------
    TextReadingError
    """
    if not crops:
        return []
    if not is_available():
        raise TextReadingError(MISSING)
    import pytesseract

    with tempfile.TemporaryDirectory(prefix="lycurgus-") as folder, _one_thread():
        names = []
        for number, crop in enumerate(crops):
            name = Path(folder, f"{number}.png")
            name.write_bytes(cv2.imencode(".png", crop)[1].tobytes())
            names.append(str(name))
        listing = Path(folder, "crops.txt")
        listing.write_text("\n".join(names), encoding="utf-8")
        try:
            table = pytesseract.image_to_data(
                str(listing),
                config=f"--psm {7 if single_line else 11} --dpi 300{LENGTHS_ONLY if lengths_only else ''}",
                timeout=timeout_s,
                output_type=pytesseract.Output.DICT,
            )
        except pytesseract.TesseractNotFoundError as error:
            raise TextReadingError(MISSING) from error
        except (RuntimeError, OSError, pytesseract.TesseractError) as error:
            raise TextReadingError(f"Tesseract gave no answer ({str(error)[:120]})") from error
    return _by_crop(table, len(crops))


def _by_crop(table: dict[str, list[str]], count: int) -> list[list[Word]]:
    words: list[list[Word]] = [[] for _ in range(count)]
    for row, text in enumerate(table["text"]):
        page, confidence = int(table["page_num"][row]), float(table["conf"][row])
        if not str(text).strip() or confidence < 0 or not 1 <= page <= count:
            continue
        x, y, w, h = (int(table[key][row]) for key in ("left", "top", "width", "height"))
        line = int(table["block_num"][row]) * 1000 + int(table["par_num"][row]) * 100 + int(table["line_num"][row])
        words[page - 1].append(Word(str(text).strip(), confidence / 100, (y, x, y + h, x + w), line))
    return words


def prepared(crop: Crop, *, text_height_px: float, ink_level: float, height_px: float = TEXT_HEIGHT_PX, clean: bool = False) -> list[Crop]:
    """Prepare a crop with one line of text in several ways, dark on light, for Tesseract to read them all.

    Parameters
    ----------
    crop : (h, w) uint8 with a margin around the text.
    text_height_px : about how high the characters are.
    ink_level : the grey level of the text.
    height_px : how high they shall be.
    clean : there is nothing but ink and ground.

    Returns
    -------
    The ink without specks, sharp and softened; and, where the ink's level is not the ground's, the smoothed step from the ground
    towards the ink, in which a shadow on the other side of the ground is not seen.
    """
    ground = float(np.median(crop))
    factor = float(np.clip(height_px / max(text_height_px, 1.0), 0.4, 6.0))
    size = (max(8, round(crop.shape[1] * factor)), max(8, round(crop.shape[0] * factor)))
    way = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
    large = np.asarray(cv2.resize(crop, size, interpolation=way), np.uint8)
    thick = text_height_px >= THICK_TEXT_PX and not clean
    if clean or (is_distinct(ink_level, ground) and not thick):
        ink = ink_mask(large, ink_level, ground, clean=clean)
    else:
        # Flatness is a matter of the pixels as they are.
        ink = ink_mask(crop, ink_level, ground, thick=thick)
        # Edges that noise has frayed; a little thicker rather than thinner, so that nothing breaks.
        ink = (cv2.GaussianBlur(255 * ink, (0, 0), 0.8) > 105).view(np.uint8)
        if is_distinct(ink_level, ground):
            ink |= points(crop, ink_level, ground, letter_px=text_height_px)
        ink = (cv2.resize(255 * ink, size, interpolation=way) > 127).view(np.uint8)
    letters = _without_specks(ink, factor * text_height_px)
    variants = [letters, np.asarray(cv2.GaussianBlur(letters, (0, 0), 1.2), np.uint8)]
    if abs(ink_level - ground) >= 12:
        share = np.clip((large.astype(np.float32) - ground) / np.float32(ink_level - ground), 0, 1)
        variants.append((255 * (1 - cv2.GaussianBlur(share, (0, 0), 0.05 * height_px))).astype(np.uint8))
    return [np.pad(each, 14, constant_values=255) for each in variants]


def _without_specks(ink: Crop, size: float) -> Crop:
    """Keep what is as high as letters are, and points on their base line; black on white."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    x, y, w, h, area = stats.T
    keep = (h >= 0.4 * size) & (h <= 1.8 * size)
    keep[0] = False
    if keep.any():
        base = float(np.median((y + h)[keep]))
        inside = (x > x[keep].min()) & (x < (x + w)[keep].max())
        points = inside & (area >= 0.006 * size**2) & (h < 0.4 * size) & (w < 0.4 * size) & (np.abs(y + h - base) < 0.25 * size)
        points[0] = False
        keep |= points
    return np.where(keep[labels], 0, 255).astype(np.uint8) if count > 1 else np.full(ink.shape, 255, np.uint8)


class _one_thread:  # noqa: N801 - a context manager that reads as a sentence
    """Tesseract's own threads cost more than they bring on small crops, and fight with a batch's processes."""

    def __enter__(self) -> None:
        self._before = os.environ.get("OMP_THREAD_LIMIT")
        os.environ["OMP_THREAD_LIMIT"] = "1"

    def __exit__(self, *_: object) -> None:
        if self._before is None:
            os.environ.pop("OMP_THREAD_LIMIT", None)
        else:
            os.environ["OMP_THREAD_LIMIT"] = self._before
