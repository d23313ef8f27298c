"""Gatan DigitalMicrograph images (dm3, dm4): ncempy reads the tags; what it gets wrong is put right here.

Put right: a missing calibration reads as 1.0 without a unit; RGB, binary and packed complex pixels are unknown to it; scales
are assigned by position, so that an axis without a unit tag shifts those of the next image.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.errors import ReadError
from lycurgus.core.types import Micrograph
from lycurgus.readers import _ncempy
from lycurgus.readers.candidates import Candidate, check_size, to_micrograph
from lycurgus.readers.metadata import flat, named, number
from lycurgus.readers.scale import Length, Scale, unit_kind

Tags = Mapping[str, Any]

_BGRA = np.dtype((np.uint8, 4))
_PIXELS: dict[int, np.dtype[Any]] = {
    1: np.dtype("<i2"),
    2: np.dtype("<f4"),
    6: np.dtype("u1"),
    7: np.dtype("<i4"),
    8: _BGRA,
    9: np.dtype("i1"),
    10: np.dtype("<u2"),
    11: np.dtype("<u4"),
    12: np.dtype("<f8"),
    14: np.dtype("u1"),
    23: _BGRA,
    39: np.dtype("<i8"),
    40: np.dtype("<u8"),
}
_COMPLEX = {3, 5, 13, 27, 28}
_MOST_IMAGES = 1000


class DigitalMicrographReader:
    name = "dm"
    label = "Gatan DigitalMicrograph"
    extensions = (".dm3", ".dm4")

    def read(self, path: Path, *, plane: str = "auto") -> Micrograph:
        """Read one real-space image.

        Raises
        ------
        ReadError
            The file is damaged, or holds no real-space image (a diffraction pattern, a spectrum, an FFT).
        """
        with _ncempy.load("dm").fileDM(path) as file:
            tags: Tags = file.allTags
        return to_micrograph(path, list(_candidates(path, tags)), plane=plane)


def _candidates(path: Path, tags: Tags) -> Iterator[Candidate]:
    numbers = sorted({int(found.group(1)) for tag in tags if (found := re.match(r"\.ImageList\.(\d{1,6})\.ImageData\.DataType$", tag))})
    thumbnails = {
        int(value) + 1 for tag, value in tags.items() if re.match(r"\.Thumbnails\.\d+\.ImageIndex$", tag) and number(value) is not None
    }
    for image in [index for index in numbers if index not in thumbnails][:_MOST_IMAGES] or numbers:
        yield _candidate(path, tags, image)


def _candidate(path: Path, tags: Tags, image: int) -> Candidate:
    prefix = f".ImageList.{image}."
    data_type = int(tags[f"{prefix}ImageData.DataType"])
    shape = _shape(tags, prefix)
    name = str(tags.get(f"{prefix}Name", ""))[:100]
    scales = [_length(tags, prefix, axis) for axis in range(1, len(shape) + 1)]
    common: dict[str, Any] = {"name": name, "signal": _signal(tags, prefix), "metadata": _metadata(tags, prefix)}
    instead = _instead(tags, prefix, data_type, shape, scales)
    if instead:
        return Candidate(load=_nothing, instead=instead, **common)
    if data_type not in _PIXELS:
        raise ReadError(path, f"stores its pixels in a way that cannot be read (type {data_type})", hint="export it as TIFF")
    width, height = shape[:2]
    frames = shape[2] if len(shape) > 2 else 1
    dtype = _PIXELS[data_type]
    offset = int(tags[f"{prefix}ImageData.Data.arrayOffset"])
    there = min(int(tags[f"{prefix}ImageData.Data.arraySize"]), path.stat().st_size - offset)
    check_size(path, (height, width), bytes_needed=width * height * frames * dtype.itemsize, bytes_there=there)

    def load(frame: int) -> NDArray[Any]:
        start = offset + frame * width * height * dtype.itemsize
        pixels = np.fromfile(path, dtype=dtype, count=width * height, offset=start).reshape((height, width, *dtype.shape))
        return pixels[..., 2::-1] if dtype is _BGRA else pixels

    return Candidate(load=load, frames=frames, scale=Scale(scales[0], scales[1]), **common)


def _shape(tags: Tags, prefix: str) -> tuple[int, ...]:
    extents: list[int] = []
    while (extent := tags.get(f"{prefix}ImageData.Dimensions.{len(extents) + 1}")) is not None and len(extents) < 8:
        extents.append(int(extent))
    while len(extents) > 2 and extents[-1] == 1:
        extents.pop()
    return tuple(extents)


def _length(tags: Tags, prefix: str, axis: int) -> Length:
    calibration = f"{prefix}ImageData.Calibrations.Dimension.{axis}."
    unit = tags.get(f"{calibration}Units", "")
    return Length(float(tags.get(f"{calibration}Scale", 1.0)), unit if isinstance(unit, str) else "")


def _instead(tags: Tags, prefix: str, data_type: int, shape: tuple[int, ...], scales: list[Length]) -> str:
    """Say what an image is if it is none."""
    kinds = [unit_kind(length.unit) for length in scales]
    if len(shape) < 2 or (1 in shape[:2] and prod(shape) > 1):
        return "a spectrum or line profile"
    if len(shape) > 3:
        return "a set of diffraction patterns (4D-STEM)"
    if data_type in _COMPLEX:
        return "an FFT or other complex numbers"
    if "energy" in kinds:
        return "a spectrum image"
    if len(shape) == 3 and "reciprocal" in kinds[:2]:
        return f"a set of diffraction patterns (unit {scales[kinds.index('reciprocal')].unit})"
    information = f"{prefix}ImageTags.Microscope Info."
    scanning = str(tags.get(f"{information}Operation Mode", "")).upper() == "SCANNING"
    diffracting = "DIFFRACTION" in str(tags.get(f"{information}Imaging Mode", "")).upper()
    if diffracting and not scanning and set(kinds[:2]) <= {"none", "unknown"}:
        return "a diffraction pattern"
    return ""


def _signal(tags: Tags, prefix: str) -> str:
    for tag in ("DataBar.Signal Name", "Meta Data.Signal", "Scan.Signal Name"):
        value = tags.get(f"{prefix}ImageTags.{tag}")
        if isinstance(value, str) and value:
            return value[:40]
    name = str(tags.get(f"{prefix}Name", ""))
    found = re.search(r"(?<![A-Za-z])(HAADF|ADF|ABF|BF|DF)(?![A-Za-z])", name)
    return found.group(1) if found else ""


def _metadata(tags: Tags, prefix: str) -> dict[str, str | int | float | bool]:
    information, bar = f"{prefix}ImageTags.Microscope Info.", f"{prefix}ImageTags.DataBar."
    volts = number(tags.get(f"{information}Voltage"))
    date = " ".join(str(tags[key]) for key in (f"{bar}Acquisition Date", f"{bar}Acquisition Time") if key in tags)
    common = named(
        instrument=tags.get(f"{information}Microscope") or tags.get(f"{information}Name"),
        mode=tags.get(f"{information}Illumination Mode"),
        voltage_kV=None if not volts else volts / 1000,
        magnification=tags.get(f"{information}Indicated Magnification"),
        date=date,
        camera=tags.get(f"{prefix}ImageTags.Acquisition.Device.Name") or tags.get(f"{bar}Device Name"),
    )
    return common | flat({tag.removeprefix(information): value for tag, value in tags.items() if tag.startswith(information)})


def _nothing(_: int) -> NDArray[Any]:
    raise AssertionError("no image to load")
