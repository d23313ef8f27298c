"""Lengths as people write them: "0.25 nm", "1,5 µm", "2 Å"."""

from __future__ import annotations

import re
from math import isfinite

from lycurgus.core.errors import CalibrationError

NM_PER_UNIT = {
    "pm": 1e-3,
    "å": 0.1,
    "a": 0.1,
    "angstrom": 0.1,
    "ångström": 0.1,
    "nm": 1.0,
    "um": 1e3,
    "µm": 1e3,  # micro sign
    "μm": 1e3,  # Greek mu
    "micron": 1e3,
    "mm": 1e6,
    "cm": 1e7,
    "m": 1e9,
}
"""Nanometres per unit, keys in lower case."""

_LENGTH = re.compile(r"\s*([0-9]*[.,]?[0-9]+(?:[eE][-+]?[0-9]+)?)\s*([^\W\d_]+)\s*(?:/\s*(?:px|pixel))?\s*")


def parse_length_nm(text: str) -> float:
    """Read a positive length with its unit, in nm.

    Raises
    ------
    CalibrationError
        The text is no length, the unit is unknown, or the length is not positive.
    """
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise CalibrationError(f"'{text}' is not a length with a unit", hint="write for instance 0.25 nm")
    number, unit = match.groups()
    factor = NM_PER_UNIT.get(unit.lower())
    if factor is None:
        raise CalibrationError(f"'{unit}' is not a unit of length", hint="use pm, Å, nm, µm (or um) or mm")
    length_nm = float(number.replace(",", ".")) * factor
    if not (isfinite(length_nm) and length_nm > 0):
        raise CalibrationError(f"a length of {text.strip()} is impossible", hint="a pixel size is larger than zero")
    return length_nm
