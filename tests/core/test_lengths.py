"""Lengths as people write them."""

from __future__ import annotations

import pytest

from lycurgus.core.errors import CalibrationError
from lycurgus.core.lengths import parse_length_nm


@pytest.mark.parametrize(
    ("text", "nm"),
    [
        ("0.25 nm", 0.25),
        ("0,25nm", 0.25),
        (" 2 Å ", 0.2),
        ("12 pm", 0.012),
        ("1.5 µm", 1500),
        ("1.5 μm", 1500),
        ("1.5um", 1500),
        ("1e-3 mm", 1000),
        (".5 nm/px", 0.5),
        ("3 NM", 3),
    ],
)
def test_a_length_is_read_in_nanometres(text: str, nm: float) -> None:
    assert parse_length_nm(text) == pytest.approx(nm)


@pytest.mark.parametrize("text", ["", "nm", "5", "5 px", "0 nm", "-1 nm", "1 nm 2", "1e999 nm", "1/nm", "nan nm"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(CalibrationError):
        parse_length_nm(text)
