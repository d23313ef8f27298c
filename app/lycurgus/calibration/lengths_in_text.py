"""Lengths in text that was read from a picture: "200nm", "0,2 um", "1.0 pm" where the letter is a micro sign."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import floor, log10

from lycurgus.core.lengths import NM_PER_UNIT

MICRO = "µ"
_UNITS = {
    "nm": "nm",
    "nn": "nm",
    "nrn": "nm",
    "nim": "nm",
    "nnm": "nm",
    "pum": "µm",
    "yum": "µm",
    "um": "µm",
    "µm": "µm",
    "μm": "µm",
    "ym": "µm",
    "|m": "µm",
    "vm": "µm",
    "jm": "µm",
    "lm": "µm",
    "ium": "µm",
    "jum": "µm",
    "lum": "µm",
    "urn": "µm",
    ",1m": "µm",
    ",lm": "µm",
    "pm": "pm",
    "mm": "mm",
    "å": "Å",
    "a": "Å",
    "angstrom": "Å",
}
"""What Tesseract makes of units, and what they are: it knows no micro sign and gives a letter that looks like it."""
_SOUND = {"nm", "um", "µm", "μm", "pm", "mm", "å", "angstrom"}
_UNIT = "|".join(sorted((re.escape(unit) for unit in _UNITS if unit != "a"), key=len, reverse=True))
_LENGTH = re.compile(
    rf"(?<![\d.,A-Za-z])(\d{{1,5}}(?:\s?[.,]\s?\d{{1,3}})?)([.,])?\s?(?:({_UNIT})(?![A-Za-z])|(A)(?![A-Za-z0-9]))", re.IGNORECASE
)

SMALLEST_NM, LARGEST_NM = 0.05, 5e6
"""From half an ångström to 5 mm: no scale bar of a micrograph is shorter or longer."""


@dataclass(frozen=True, slots=True)
class LengthInText:
    """A length that stands in a text.

    Attributes
    ----------
    value, unit : the number, and "nm", "µm", "Å", "mm" or "pm".
    start, end : where in the text.
    likelihood : 0 ... 1: how much number and unit look like those of a scale bar (steps of 1, 2, 5; a unit that needed no guessing).
    """

    value: float
    unit: str
    start: int
    end: int
    likelihood: float

    @property
    def nm(self) -> float:
        return self.value * NM_PER_UNIT[self.unit.lower()]

    @property
    def label(self) -> str:
        """As it would be printed: "0.2 µm"."""
        return f"{self.value:g} {self.unit}"


def lengths_in(text: str) -> list[LengthInText]:
    """Find every length in a text, in its order.

    "pm" is taken for micrometres where the number fits a micrometre bar: picometre bars of that length do not exist.
    """
    found = []
    for match in _LENGTH.finditer(text):
        number, stray, unit, angstrom = match.groups()
        digits = re.sub(r"\s", "", number).replace(",", ".")
        if len(digits) > 1 and digits[0] == "0" and digits[1] != ".":
            # "00 nm" has lost its first digit, "05 um" its point.
            continue
        if re.search(r"\d\s*$", text[: match.start()]):
            # "2 5 nm" may have been 2.5 nm: a point is easily lost.
            continue
        value = float(digits)
        written = (unit or angstrom).lower()
        name = _UNITS[written]
        likelihood = step_likelihood(value)
        if written not in _SOUND or stray:
            likelihood *= 0.8
        if name == "pm" and value <= 50:
            name = "µm"
        elif name == "pm" or name == "mm":
            likelihood *= 0.5
        length = LengthInText(value, name, match.start(), match.end(), likelihood)
        if value > 0 and SMALLEST_NM <= length.nm <= LARGEST_NM:
            found.append(length)
    return found


def step_likelihood(value: float) -> float:
    """How common a number is on scale bars: 1, 2, 5 times a power of ten most of all."""
    if not value > 0:
        return 0.0
    mantissa = value / 10 ** floor(log10(value) + 1e-9)
    for likelihood, steps in ((1.0, (1, 2, 5)), (0.9, (2.5, 3, 4)), (0.8, (1.5, 6, 7, 8, 9)), (0.7, (3.5, 4.5, 7.5, 1.2))):
        if any(abs(mantissa - step) < 1e-6 for step in steps):
            return likelihood
    return 0.4
