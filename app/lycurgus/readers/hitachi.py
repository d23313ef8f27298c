"""Hitachi SEM: the image's scale stands in a text file of the same name beside it."""

from __future__ import annotations

import re
from pathlib import Path

from lycurgus.readers.metadata import named, number
from lycurgus.readers.scale import Length, Scale
from lycurgus.readers.tiff_scales import Statement

_LARGEST_SIDECAR = 1 << 17
_HEADING = re.compile(r"^\s*\[SemImageFile\]", re.IGNORECASE)


def sidecar_of(path: Path) -> Path | None:
    """Find the text file beside an image, whichever way its extension is written."""
    return next((beside for suffix in (".txt", ".TXT") if (beside := path.with_suffix(suffix)).is_file()), None)


def is_sidecar(path: Path) -> bool:
    """Tell whether a text file is a Hitachi header."""
    return _HEADING.match(_text(path)) is not None


def read_sidecar(path: Path, *, shape: tuple[int, int]) -> Statement | None:
    """Read the text file beside an image.

    Parameters
    ----------
    path : of the image.
    shape : (H, W) of the image, compared with the DataSize that the header states: another size is another image.

    Returns
    -------
    The scale (PixelSize in nm a pixel), detector and conditions, or None without such a file.
    """
    beside = sidecar_of(path)
    text = _text(beside) if beside is not None else ""
    if not _HEADING.match(text):
        return None
    entries = dict(re.findall(r"^\s*(\w+)\s*=\s*([^\r\n]{0,200})", text, flags=re.MULTILINE))
    size = re.match(r"\s*(\d{1,6})\s*[xX]\s*(\d{1,6})", entries.get("DataSize", ""))
    if size and (int(size.group(2)), int(size.group(1))) != shape:
        return None
    pixel = number(entries.get("PixelSize"))
    volts = number(re.sub(r"[^\d.,eE+-].*$", "", entries.get("AcceleratingVoltage", "")))
    return Statement(
        scale=None if pixel is None else Scale(Length(pixel, "nm")),
        signal=entries.get("SignalName", "").strip(),
        metadata=named(
            instrument=entries.get("InstructName") or entries.get("InstrumentName"),
            detector=entries.get("SignalName"),
            voltage_kV=None if volts is None else volts / 1000,
            magnification=number(entries.get("Magnification")),
            date=f"{entries.get('Date', '')} {entries.get('Time', '')}",
        ),
    )


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST_SIDECAR)
    except OSError:
        return ""
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return raw.decode(encoding, "replace")
