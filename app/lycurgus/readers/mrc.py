"""MRC images and volumes (Å), with FEI and IMOD variants, of either byte order.

The 1,024 byte header is decoded here: ncempy reads little-endian files only, takes every extended header for FEI's, and
turns a missing size into 1 Å (docs/decisions/ncempy.md).
"""

from __future__ import annotations

import struct
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.errors import ReadError
from lycurgus.core.types import Micrograph
from lycurgus.readers.candidates import Candidate, check_size, to_micrograph
from lycurgus.readers.metadata import named
from lycurgus.readers.scale import Length, Scale

_HEADER = 1024
_COMPLEX_MODES = (3, 4)
_MODES: dict[int, tuple[str, tuple[int, ...]]] = {
    0: ("i1", ()),
    1: ("i2", ()),
    2: ("f4", ()),
    6: ("u2", ()),
    12: ("f2", ()),
    16: ("u1", (3,)),
}
_IMOD_STAMP, _IMOD_SIGNED = 1146047817, 1
_FEI_NEW, _FEI_NEW_PIXEL_SIZE = (b"FEI1", b"FEI2"), 156
_FEI_OLD_BYTES, _FEI_OLD_PIXEL_SIZE = 131_072, 44


class MrcReader:
    name = "mrc"
    label = "MRC"
    extensions = (".mrc", ".mrcs", ".rec", ".ali", ".st", ".map")

    def read(self, path: Path, *, plane: str = "auto") -> Micrograph:
        """Read one slice.

        Raises
        ------
        ReadError
            The header is impossible, the pixels are missing, or the file holds a Fourier transform.
        """
        size = path.stat().st_size
        with path.open("rb") as file:
            header = file.read(_HEADER)
            order = _byte_order(path, header)
            extended = file.read(min(max(_integer(header, order, 92), 0), 4096))
        width, height, slices, mode = struct.unpack_from(f"{order}4i", header, 0)
        if mode in _COMPLEX_MODES:
            return to_micrograph(path, [Candidate("", _nothing, instead="a Fourier transform (complex numbers)")], plane=plane)
        if mode not in _MODES:
            raise ReadError(path, f"stores its pixels in a way that cannot be read (mode {mode})", hint="export it as TIFF")
        dtype = _dtype(header, order, mode)
        offset = _HEADER + max(_integer(header, order, 92), 0)
        check_size(
            path, (slices, height, width)[1:], bytes_needed=width * height * max(slices, 1) * dtype.itemsize, bytes_there=size - offset
        )
        if slices < 1:
            raise ReadError(path, "declares no slice", hint="the file is damaged")

        def load(frame: int) -> NDArray[Any]:
            start = offset + frame * width * height * dtype.itemsize
            return np.fromfile(path, dtype=dtype, count=width * height, offset=start).reshape((height, width, *dtype.shape))

        scale, warnings = _scale(header, order, extended)
        candidate = Candidate("", load, frames=slices, scale=scale, metadata=_labels(header, order), warnings=warnings)
        return to_micrograph(path, [candidate], plane=plane)


def _byte_order(path: Path, header: bytes) -> str:
    """Tell the byte order by the machine stamp, or where it is missing by the mode, which is a small number."""
    if len(header) < _HEADER:
        raise ReadError(path, "is cut off within its header", hint="copy the file again")
    stamp = header[212]
    if stamp in (0x44, 0x11):
        return "<" if stamp == 0x44 else ">"
    for order in ("<", ">"):
        if 0 <= _integer(header, order, 12) < 128 and all(0 < _integer(header, order, at) < 1 << 20 for at in (0, 4, 8)):
            return order
    raise ReadError(path, "is no MRC file, or its header is damaged")


def _dtype(header: bytes, order: str, mode: int) -> np.dtype[Any]:
    code, channels = _MODES[mode]
    if mode == 0 and _integer(header, order, 152) == _IMOD_STAMP and not _integer(header, order, 156) & _IMOD_SIGNED:
        code = "u1"
    base = np.dtype(order + code)
    return np.dtype((base, channels)) if channels else base


def _scale(header: bytes, order: str, extended: bytes) -> tuple[Scale | None, tuple[str, ...]]:
    """Find the size of a pixel: FEI's extended header in metres, else cell length divided by grid in Å."""
    kind = header[104:108]
    if kind in _FEI_NEW and len(extended) >= _FEI_NEW_PIXEL_SIZE + 16:
        x, y = struct.unpack_from(f"{order}2d", extended, _FEI_NEW_PIXEL_SIZE)
        if x > 0 and y > 0:
            return Scale.metres(x, y), ()
    if _integer(header, order, 92) == _FEI_OLD_BYTES and not kind.strip(b"\x00 ") and len(extended) >= _FEI_OLD_PIXEL_SIZE + 4:
        (size,) = struct.unpack_from(f"{order}f", extended, _FEI_OLD_PIXEL_SIZE)
        if isfinite(size) and size > 0:
            return Scale.metres(size), ()
    grid = struct.unpack_from(f"{order}3i", header, 28)
    cell = struct.unpack_from(f"{order}3f", header, 40)
    if not any(cell[:2]) or 0 in grid[:2]:
        return None, ()
    x, y = (length / steps for length, steps in zip(cell[:2], grid[:2], strict=True))
    if x == y == 1.0:
        return None, ("The file states 1.0 Å a pixel, which programs write when they know no size, so the image is taken as uncalibrated.",)
    return Scale(Length(x, "A"), Length(y, "A")), ()


def _labels(header: bytes, order: str) -> dict[str, str | int | float | bool]:
    count = min(max(_integer(header, order, 220), 0), 10)
    texts = [header[224 + 80 * row : 304 + 80 * row].decode("latin-1").strip("\x00 ") for row in range(count)]
    return named(**{f"label_{row}": text for row, text in enumerate(texts)})


def _integer(header: bytes, order: str, offset: int) -> int:
    return int(struct.unpack_from(f"{order}i", header, offset)[0])


def _nothing(_: int) -> NDArray[Any]:
    raise AssertionError("no image to load")
