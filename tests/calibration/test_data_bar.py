"""Data bars that state a width or a pixel size in words."""

from __future__ import annotations

import pytest

from lycurgus.calibration.data_bar import statements_in
from lycurgus.calibration.label import Word


def words(text: str, *, y: int = 0) -> list[Word]:
    result, x = [], 0
    for word in text.split():
        result.append(Word(word, 0.95, (y, x, y + 20, x + 12 * len(word)), 0))
        x += 12 * (len(word) + 1)
    return result


@pytest.mark.parametrize(
    ("text", "nm"),
    [
        ("HV 15 kV HFW 1.28 µm WD 5.4 mm", 1.0),
        ("View field: 2.56 um", 2.0),
        ("Pixel size = 2.5 nm EHT = 5.00 kV", 2.5),
        ("Width = 12.8 pm", 10.0),
    ],
)
def test_what_is_stated_is_turned_into_a_pixel_size(text: str, nm: float) -> None:
    assert statements_in(words(text), width_px=1280)[0].pixel_size_nm == pytest.approx(nm, rel=1e-3)


def test_a_value_stands_under_its_heading() -> None:
    table = [
        Word("HV", 0.9, (0, 0, 20, 30), 0),
        Word("HFW", 0.9, (0, 100, 20, 140), 0),
        Word("1.00", 0.9, (26, 0, 46, 40), 1),
        Word("kV", 0.9, (26, 45, 46, 60), 1),
        Word("19.9", 0.9, (26, 100, 46, 140), 1),
        Word("µm", 0.9, (26, 145, 46, 165), 1),
    ]
    assert statements_in(table, width_px=995)[0].pixel_size_nm == pytest.approx(20.0, rel=1e-3)


def test_a_magnification_counts_only_where_its_print_is_known_and_never_alone() -> None:
    assert statements_in(words("Mag = 50.00 K X EHT = 5.00 kV"), width_px=1024) == []
    (hitachi,) = statements_in(words("S-4800 3.0kV 14.9mm x20.0k 6/23/2017"), width_px=1280)
    assert hitachi.pixel_size_nm == pytest.approx(127e6 / 20e3 / 1280)
    assert hitachi.confidence < 0.5
