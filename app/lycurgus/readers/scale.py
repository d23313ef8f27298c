"""What a file says about the size of its pixels: units as vendors write them, turned to nanometres or refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import Literal

from lycurgus.core.lengths import NM_PER_UNIT
from lycurgus.core.types import PixelSize

UnitKind = Literal["length", "reciprocal", "angle", "energy", "time", "none", "unknown"]

# From a tenth of a picometre (no microscope resolves it) to a centimetre (navigation cameras reach 0.3 mm).
SMALLEST_NM = 1e-4
LARGEST_NM = 1e7

# What files write and nobody types.
_NM_PER_UNIT = {**NM_PER_UNIT, "fm": 1e-6, "ang": 0.1, "inch": 2.54e7, "in": 2.54e7}
_LONG_NAMES = re.compile(r"^(centi|milli|micro|nano|pico|femto)?met(?:er|re)s?$")
_PREFIXES = {"": "m", "centi": "cm", "milli": "mm", "micro": "um", "nano": "nm", "pico": "pm", "femto": "fm"}
_OTHER_KINDS: dict[str, UnitKind] = {
    "rad": "angle",
    "mrad": "angle",
    "urad": "angle",
    "deg": "angle",
    "°": "angle",
    "ev": "energy",
    "kev": "energy",
    "s": "time",
    "sec": "time",
    "second": "time",
    "seconds": "time",
    "ms": "time",
    "us": "time",
    "ns": "time",
}


@dataclass(frozen=True, slots=True)
class Length:
    """A number and its unit as a file states them; the unit may be empty or no length at all."""

    value: float
    unit: str

    @property
    def nm(self) -> float | None:
        """The length in nanometres, or None where the unit is no length."""
        factor = _NM_PER_UNIT.get(_plain(self.unit))
        return None if factor is None else self.value * factor


@dataclass(frozen=True, slots=True)
class Scale:
    """The size of a pixel as stated; y is None where a file states one size for both directions."""

    x: Length
    y: Length | None = None

    @classmethod
    def metres(cls, x: float, y: float | None = None) -> Scale:
        return cls(Length(x, "m"), None if y is None else Length(y, "m"))

    @property
    def kind(self) -> UnitKind:
        """The kind of unit of the first axis that has one."""
        kinds = [unit_kind(length.unit) for length in (self.x, self.y) if length is not None]
        return next((kind for kind in kinds if kind != "none"), "none")

    @property
    def says_nothing(self) -> bool:
        """True for 0 or 1 without a unit, which writers put where they know no size: no statement worth a warning."""
        return all(unit_kind(length.unit) == "none" and length.value in (0.0, 1.0) for length in (self.x, self.y or self.x))


def unit_kind(unit: str) -> UnitKind:
    """Say what a unit measures: only lengths calibrate a micrograph."""
    plain = _plain(unit)
    if not plain or plain in ("px", "pixel", "pixels"):
        return "none"
    if plain in _NM_PER_UNIT:
        return "length"
    if plain.startswith(("1/", "/", "inv")) or plain.endswith(("^-1", "-1", "⁻¹")):
        return "reciprocal"
    return _OTHER_KINDS.get(plain, "unknown")


def to_pixel_size(scale: Scale | None) -> tuple[PixelSize | None, tuple[str, ...]]:
    """Turn a stated scale into a pixel size, or None and a sentence that says why it cannot be one.

    Parameters
    ----------
    scale : None where the file states nothing, which is no reason for a warning; 0 or 1 without a unit is the same.

    Returns
    -------
    pixel_size, warnings : the size in nm with source "metadata"; sentences for the user.
    """
    if scale is None or scale.says_nothing:
        return None, ()
    sizes_nm: list[float] = []
    for length in (scale.y or scale.x, scale.x):
        reason = _why_impossible(length)
        if reason:
            return None, (f"The pixel size in the file ({_shown(length)}) {reason}, so the image is taken as uncalibrated.",)
        sizes_nm.append(length.nm or 0.0)
    return PixelSize(sizes_nm[0], sizes_nm[1], "metadata"), ()


def _why_impossible(length: Length) -> str:
    kind = unit_kind(length.unit)
    if not isfinite(length.value):
        return "is not a number"
    if length.value <= 0:
        return "is not positive"
    if kind == "none":
        return "has no unit"
    if kind != "length":
        return "is not a length"
    if not SMALLEST_NM <= (length.nm or 0.0) <= LARGEST_NM:
        return "is impossible for a microscope"
    return ""


def _shown(length: Length) -> str:
    return f"{length.value:.6g} {length.unit}".strip()[:60]


def _plain(unit: str) -> str:
    """Write a unit in one way: µ (two code points) and \\u00B5 (ImageJ) as u, long names as symbols, Å as a."""
    text = unit.strip().strip("\x00[]() ").replace("\\u00B5", "u").replace("\\u00b5", "u")
    text = text.replace("\u00b5", "u").replace("\u03bc", "u").replace("\u00c5", "a").replace("\u212b", "a").replace("_", "").lower()
    if text.startswith(("angstr", "ångstr", "ångstr", "aangstr")):
        return "a"
    if text in ("microns", "micrometer", "micrometre", "µm"):
        return "um"
    if text == "inches":
        return "inch"
    long_name = _LONG_NAMES.match(text)
    return _PREFIXES[long_name.group(1) or ""] if long_name else text
