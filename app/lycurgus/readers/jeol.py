"""JEOL's two ways of stating a scale: "$CM_..." lines (SEM) and a TemReporter document (TEM Center, SightX)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lycurgus.readers.metadata import named, number
from lycurgus.readers.scale import Length, Scale

_LONGEST_TEXT = 1 << 20
_PIXEL_SIZE = re.compile(r"([-+0-9.,eE]+)\s*([^\s/0-9]+)\s*/\s*pixel")


@dataclass(frozen=True, slots=True)
class Picture:
    """What the file around a statement says: shape (H, W), and resolution tags (y, x) in dots an inch."""

    shape: tuple[int, int]
    dots_per_inch: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class JeolStatement:
    """What a JEOL header says, whichever way it was written."""

    scale: Scale | None = None
    signal: str = ""
    instead: str = ""
    metadata: dict[str, str | int | float | bool] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def from_note(note: bytes, *, picture: Picture) -> JeolStatement | None:
    """Read the MakerNote of an Exif block: UTF-16 "$CM_" lines (JEOL SEM) or a TemReporter document (TEM Center)."""
    if note.startswith(b"UNICODE\x00"):
        return from_lines(note[8:_LONGEST_TEXT].decode("utf-16-le", "ignore"))
    if b"<TemReporter" in note[:4096]:
        return from_reporter(note[:_LONGEST_TEXT].decode("utf-8", "ignore"), picture=picture)
    return None


def from_lines(text: str) -> JeolStatement | None:
    """Read lines "$CM_PIXEL_SIZE=2.00nm/pixel"; older instruments write "$CM_PIXEL_SIZE 2.00nm/pixel"."""
    entries = dict(re.findall(r"\$([A-Z]{2}_[A-Z0-9_]+)[=\s]([^\t\r\n$]*)", text[:_LONGEST_TEXT]))
    if not entries:
        return None
    stated = _PIXEL_SIZE.match(entries.get("CM_PIXEL_SIZE", "").strip())
    value = number(stated.group(1)) if stated else None
    return JeolStatement(
        scale=Scale(Length(value, stated.group(2))) if stated and value is not None else None,
        signal=entries.get("SM_DETECTOR", "").strip(),
        metadata=named(
            instrument=entries.get("SM_NICKNAME"),
            detector=entries.get("SM_DETECTOR"),
            voltage_kV=number(entries.get("CM_ACCEL_VOLT")),
            magnification=number(entries.get("CM_MAG")),
            working_distance_mm=number(entries.get("SM_WD")),
        ),
    )


def from_reporter(text: str, *, picture: Picture) -> JeolStatement:
    """Read a TemReporter document.

    The size of a pixel is that of the detector (the picture's resolution tag) divided by the magnification. Single
    elements are looked up as text: the document is often cut off at 64 KiB, which no XML parser accepts.

    A picture of another size than the camera's may have been resized, after which its resolution tag is no longer the
    detector's: a warning says so.
    """
    text = text[:_LONGEST_TEXT]
    magnification = number(_element(text, "SelectorValue"))
    forming = _element(text, "ImageFormingMode")
    scanning = _element(text, "EosMode") == "eosASID"
    diffraction = not scanning and "DIFF" in forming.upper()
    scale = None
    if picture.dots_per_inch and magnification and not (scanning or diffraction) and _element(text, "SelectorUnitString") in ("X", ""):
        y, x = (0.0254 / (dots * magnification) for dots in picture.dots_per_inch)
        scale = Scale.metres(x, y)
    volts = number(_element(text, "AccelerationVoltage"))
    return JeolStatement(
        scale=scale,
        signal="STEM" if scanning else "TEM",
        instead="a diffraction pattern (unit 1/nm)" if diffraction else "",
        metadata=named(
            instrument=_element(text, "Instruments"),
            mode=_element(text, "ModeString"),
            voltage_kV=None if volts is None else volts / 1000,
            magnification=magnification,
            date=_element(text, "DateTime"),
            camera=_element(text, "Modelname"),
        ),
        warnings=_resized(text, picture.shape) if scale else (),
    )


def _resized(text: str, shape: tuple[int, int]) -> tuple[str, ...]:
    size = re.search(r"<ImageSize>\s*<Width>(\d{1,6})</Width>\s*<Height>(\d{1,6})</Height>", text)
    if not size:
        return ()
    recorded = int(size.group(2)), int(size.group(1))
    # A few rows and columns are cut off on export: they change no scale.
    if all(abs(now - then) <= 0.02 * then for now, then in zip(shape, recorded, strict=True)):
        return ()
    return (
        f"The camera recorded {recorded[0]} x {recorded[1]} pixels but the picture has {shape[0]} x {shape[1]}: "
        "if it was resized, the pixel size in the file is wrong.",
    )


def _element(text: str, name: str) -> str:
    found = re.search(rf"<{name}>([^<]{{0,200}})</{name}>", text)
    return found.group(1).strip() if found else ""
