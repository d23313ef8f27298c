"""What Tesseract makes of a label, and what the label said."""

from __future__ import annotations

import pytest

from lycurgus.calibration.lengths_in_text import lengths_in, step_likelihood


@pytest.mark.parametrize(
    ("text", "nm"),
    [
        ("200 nm", 200),
        ("200nm", 200),
        ("x 50 nm", 50),
        ("50.nm", 50),
        ("200.0nim", 200),
        ("0.2 µm", 200),
        ("0,2 um", 200),
        ("1.0pm", 1000),
        ("5 ym", 5000),
        ("1.0,1m", 1000),
        ("2 |m", 2000),
        ("10 Å", 1),
        ("5 A", 0.5),
        ("0.5 mm", 5e5),
        ("500 pm", 0.5),
        ("HV 200kV mag 50k x 20 nm", 20),
    ],
)
def test_a_label_means_its_length(text: str, nm: float) -> None:
    assert [length.nm for length in lengths_in(text)] == pytest.approx([nm])


@pytest.mark.parametrize("text", ["", "nm", "00 nm", "05 nm", "200 kV", "12:05", "50 names", "0 nm", "2 5 nm", "A800", "3/31/2025", "5 AM"])
def test_what_is_no_length_is_none(text: str) -> None:
    assert lengths_in(text) == []


def test_micrometres_read_as_picometres_are_recognised_by_their_size() -> None:
    assert lengths_in("10 pm")[0].unit == "µm"
    assert lengths_in("500 pm")[0].unit == "pm"
    assert lengths_in("500 pm")[0].likelihood < lengths_in("500 nm")[0].likelihood


def test_round_numbers_are_likelier_on_scale_bars() -> None:
    assert step_likelihood(200) == step_likelihood(0.5) == 1
    assert step_likelihood(250) > step_likelihood(350) > step_likelihood(19.9) > 0
