"""TIA series (ser) and their emi companions: ncempy reads the ser, the emi's XML says whether it shows real space.

A ser file states numbers in metres even where they are 1/m: a diffraction pattern alone reads as 1e17 nm. The emi's mode
decides; without an emi the number itself does, because no pixel of a microscope is a kilometre wide.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from defusedxml import ElementTree
from numpy.typing import NDArray

from lycurgus.core.errors import ReadError
from lycurgus.core.types import Micrograph
from lycurgus.readers import _ncempy
from lycurgus.readers.candidates import Candidate, check_size, to_micrograph
from lycurgus.readers.metadata import flat, named, number
from lycurgus.readers.scale import Length, Scale

_LARGEST_REAL_M = 1e3
_IMAGES, _SPECTRA = 0x4122, 0x4120
_ITEM_SIZE = {1: 1, 2: 2, 3: 4, 4: 1, 5: 2, 6: 4, 7: 4, 8: 8, 9: 8, 10: 16}
_SER_NAME = re.compile(r"^(?P<stem>.+)_(?P<number>\d+)$")
_MOST_EMI_BYTES = 1 << 31


@dataclass(frozen=True, slots=True)
class EmiStatement:
    """What an emi file says about its series."""

    diffraction: bool = False
    detector: str = ""
    signal: str = ""
    metadata: dict[str, str | int | float | bool] = field(default_factory=dict)


class TiaReader:
    name = "tia"
    label = "FEI TIA"
    extensions = (".emi", ".ser")

    def read(self, path: Path, *, plane: str = "auto") -> Micrograph:
        """Read one image of a ser file, or of the ser files that belong to an emi file.

        Raises
        ------
        ReadError
            The file is damaged, the ser files are missing, or nothing is a real-space image.
        """
        with path.open("rb") as file:
            is_ser = file.read(4) == b"II\x97\x01"
        series = [path] if is_ser else series_of(path)
        if not series:
            raise ReadError(path, "is an .emi file without its .ser files", hint="copy the .ser files, which hold the images, beside it")
        emi = emi_of(path) if is_ser else path
        candidates = [_candidate(ser, _statement(emi, _number(ser)), alone=len(series) == 1) for ser in series]
        return to_micrograph(path, candidates, plane=plane)


def series_of(emi: Path) -> list[Path]:
    """Find the ser files beside an emi file, in the order of their numbers."""
    found = [path for path in emi.parent.iterdir() if path.suffix.lower() == ".ser" and emi_stem(path) == emi.stem.casefold()]
    return sorted((path for path in found if path.is_file()), key=_number)


def emi_of(ser: Path) -> Path | None:
    """Find the emi file that a ser file belongs to."""
    stem = emi_stem(ser)
    if stem is None:
        return None
    try:
        beside = [path for path in ser.parent.iterdir() if path.suffix.lower() == ".emi" and path.stem.casefold() == stem]
    except OSError:
        return None
    return next((path for path in beside if path.is_file()), None)


def emi_stem(ser: Path) -> str | None:
    """Give the name of the emi file that a ser file's name points to: "scan_1.ser" belongs to "scan.emi"."""
    found = _SER_NAME.match(ser.stem)
    return found.group("stem").casefold() if found else None


def _number(ser: Path) -> int:
    found = _SER_NAME.match(ser.stem)
    return int(found.group("number")[-9:]) if found else 0


def _candidate(ser: Path, emi: EmiStatement, *, alone: bool) -> Candidate:
    """Describe one ser file as a stack of images."""
    common: dict[str, Any] = {
        "name": "" if alone else f"{emi.detector or 'series'} {_number(ser)}",
        "signal": emi.signal,
        "metadata": emi.metadata,
    }
    file_size = ser.stat().st_size
    with ser.open("rb") as file:
        header = file.read(30)
    if len(header) < 30:
        raise ReadError(ser, "is cut off", hint="copy the file again")
    data_type, _, _, valid = struct.unpack_from("<4i", header, 6)
    if data_type == _SPECTRA:
        return Candidate(load=_nothing, instead="a spectrum", **common)
    # Each image takes at least 50 bytes; ncempy would ask for memory for as many offsets as the header declares.
    if not 0 < valid <= file_size // 50:
        raise ReadError(ser, "holds no image" if valid == 0 else "is cut off", hint="the acquisition was stopped, or copy the file again")
    with _open(ser) as series:
        offsets = [int(offset) for offset in series.head["DataOffsetArray"]]
    x, y = _first(ser, offsets[0], file_size)
    reciprocal = abs(x) > _LARGEST_REAL_M
    unit = "1/m" if reciprocal else "m"
    scale = Scale(Length(x, unit), Length(y, unit))
    instead = "a diffraction pattern (unit 1/nm)" if emi.diffraction or reciprocal else ""
    return Candidate(load=lambda frame: _load(ser, frame, file_size), frames=len(offsets), scale=scale, instead=instead, **common)


def _open(ser: Path) -> Any:
    module = _ncempy.load("ser")

    class Series(module.fileSER):  # type: ignore[misc, name-defined]
        # ncempy writes " <u1" with a space, which is no type to numpy.
        _dictDataType = {number: code.strip() for number, code in module.fileSER._dictDataType.items()}  # noqa: N815, RUF012

        def _read_emi(self) -> None:
            """Leave the emi to this module: ncempy fails on those that lack a section."""
            self._emi = None

    return Series(ser)


def _first(ser: Path, offset: int, file_size: int) -> tuple[float, float]:
    """Read the pixel sizes (x, y) of an image's header and make sure that its pixels are in the file."""
    with ser.open("rb") as file:
        file.seek(offset)
        header = file.read(50)
    if len(header) < 50:
        raise ReadError(ser, "is cut off: its image is not in the file", hint="copy the file again")
    _, x, _, _, y, _, kind, width, height = struct.unpack("<ddiddihii", header)
    if kind in (9, 10):
        return x, y
    needed = max(width, 0) * max(height, 0) * _ITEM_SIZE.get(kind, 1)
    check_size(ser, (height, width), bytes_needed=needed, bytes_there=file_size - offset - 50)
    return x, y


def _load(ser: Path, frame: int, file_size: int) -> NDArray[Any]:
    with _open(ser) as series:
        _first(ser, int(series.head["DataOffsetArray"][frame]), file_size)
        pixels, _ = series.getDataset(frame)
    return np.asarray(pixels)


def _statement(emi: Path | None, number_of_ser: int) -> EmiStatement:
    """Read the description of one series from the XML inside an emi file; a damaged one says nothing."""
    if emi is None or not emi.is_file() or emi.stat().st_size > _MOST_EMI_BYTES:
        return EmiStatement()
    blocks = _blocks(emi)
    if not blocks:
        return EmiStatement()
    block = blocks[min(max(number_of_ser, 1), len(blocks)) - 1]
    try:
        root = ElementTree.fromstring(block)
    except (ElementTree.ParseError, ValueError, RecursionError):
        return EmiStatement()
    entries = {
        str(item.findtext("Label")).strip(): (str(item.findtext("Value") or "").strip(), str(item.findtext("Unit") or "").strip())
        for item in root.iterfind("ExperimentalDescription/Root/Data")
    }
    mode = entries.get("Mode", ("", ""))[0]
    scanning = "STEM" in mode.upper()
    volts = number(root.findtext("ExperimentalConditions/MicroscopeConditions/AcceleratingVoltage"))
    camera = root.findtext("AcquireInfo/CameraNamePath")
    detector = root.findtext("AcquireInfo/DetectorName") or root.findtext("AcquireInfo/Detector")
    return EmiStatement(
        diffraction="DIFFRACTION" in mode.upper() and not scanning,
        detector=detector or "",
        signal=detector or ("STEM" if scanning else "TEM" if mode else ""),
        metadata=named(
            instrument=entries.get("Microscope", ("", ""))[0],
            mode=mode,
            voltage_kV=None if not volts else volts / 1000,
            magnification=number(entries.get("Magnification", ("", ""))[0]),
            date=root.findtext("AcquireDate"),
            camera=camera,
        )
        | flat({label: f"{value} {unit}".strip() for label, (value, unit) in entries.items()}),
    )


def _blocks(emi: Path) -> list[bytes]:
    raw = emi.read_bytes()
    blocks: list[bytes] = []
    start = raw.find(b"<ObjectInfo>")
    while start >= 0 and len(blocks) < 100:
        end = raw.find(b"</ObjectInfo>", start)
        if end < 0:
            break
        blocks.append(raw[start : end + len(b"</ObjectInfo>")])
        start = raw.find(b"<ObjectInfo>", end)
    return blocks


def _nothing(_: int) -> NDArray[Any]:
    raise AssertionError("no image to load")
