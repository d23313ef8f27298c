"""Bars with labels in every unit, colour and place are read right; what cannot be read is not claimed."""

from __future__ import annotations

import numpy as np
import pytest

from calibration_bars import data_bar, ground, needs_tesseract, with_bar, with_ruler, written
from lycurgus.calibration import label
from lycurgus.calibration.evidence import CONFIDENCE_LIMIT
from lycurgus.calibration.label import TextReadingError, read_words
from lycurgus.calibration.reading import ScaleBarReading, read_scale_bar
from lycurgus.core.annotations import find_annotations
from lycurgus.core.params import AnnotationParams


def readings(picture: np.ndarray) -> list[ScaleBarReading]:
    return read_scale_bar(picture, find_annotations(picture, AnnotationParams()))


@needs_tesseract
@pytest.mark.parametrize(
    ("text", "nm", "ink", "font", "at"),
    [
        ("200 nm", 200, 255, "DejaVuSans.ttf", (436, 410)),
        ("50nm", 50, 0, "DejaVuSans-Bold.ttf", (484, 420)),
        ("0.5 µm", 500, 255, "DejaVuSans.ttf", (436, 410)),
        ("2 µm", 2000, 0, "DejaVuSerif.ttf", (436, 430)),
        ("1,5 µm", 1500, 255, "DejaVuSans.ttf", (436, 410)),
        ("10.0nm", 10, 225, "DejaVuSans-Bold.ttf", (458, 505)),
    ],
)
def test_a_labelled_bar_is_read(text: str, nm: float, ink: int, font: str, at: tuple[int, int]) -> None:
    picture = written(with_bar(ground(), 350, 500, ink=ink), text, at, ink=ink, font=font)
    best = readings(picture)[0]
    assert best.length_nm == pytest.approx(nm)
    assert best.bar.length_px == pytest.approx(150, abs=1)
    assert best.pixel_size_nm == pytest.approx(nm / 150, rel=0.01)
    assert best.confidence >= CONFIDENCE_LIMIT


@needs_tesseract
def test_the_label_of_a_ruler_is_told_from_the_rest_of_its_data_bar() -> None:
    picture = written(with_ruler(data_bar(ground()), 330, 28, row=514), "500nm", (535, 520), ink=255, size=20)
    best = readings(written(picture, "10.0kV 11.2mm x4.00k", (533, 10), ink=255, size=20))[0]
    assert best.label == "500 nm"
    assert best.bar.length_px == pytest.approx(280, abs=1)


@needs_tesseract
def test_a_bar_without_label_says_nothing() -> None:
    assert all(reading.confidence < CONFIDENCE_LIMIT for reading in readings(with_bar(ground(), 350, 500, ink=255)))


@needs_tesseract
def test_a_label_without_bar_is_not_measured_by_its_own_strokes() -> None:
    assert all(reading.confidence < CONFIDENCE_LIMIT for reading in readings(written(ground(), "100 nm", (440, 380), ink=255, size=40)))


def test_without_tesseract_it_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label, "is_available", lambda: False)
    with pytest.raises(TextReadingError, match="Tesseract is not installed"):
        read_words([np.full((20, 60), 255, np.uint8)], single_line=True)
