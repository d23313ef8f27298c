"""Careful access to HDF5 files: no link leads out of the file, no data set is read before its size is believed."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import h5py

from lycurgus.core.errors import ReadError
from lycurgus.readers.candidates import MOST_PIXELS, check_size

MOST_CHILDREN = 2000
_HEAP = b"GCOL\x01\x00\x00\x00"
_SMALLEST_HEAP = 4096
_BELIEVED_BYTES = 1 << 28
# HDF5's own compression is deflate, at most 1,032 to 1; data that were never written take no room at all.
_MOST_COMPRESSION = 1_100


def check_heaps(path: Path) -> None:
    """Refuse a file whose stored texts would send the HDF5 library round in circles.

    The library walks through the objects of a global heap by adding their sizes, and never ends at a free object of size
    0, which no writer makes but damage does. Layout: HDF5 file format, III.E "Disk Format: Level 1E - Global Heap".
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as raw:
        start = raw.find(_HEAP)
        while start >= 0:
            (size,) = struct.unpack_from("<Q", raw, start + 8) if start + 16 <= len(raw) else (0,)
            # The signature alone may be part of a picture; then this is no plausible size.
            if _SMALLEST_HEAP <= size <= len(raw) - start and not _is_walkable(raw, start + 16, start + size):
                raise ReadError(path, "is damaged where it stores its texts", hint="copy the file again")
            start = raw.find(_HEAP, start + 1)


def _is_walkable(raw: mmap.mmap, position: int, end: int) -> bool:
    while position + 16 <= end:
        index, _, _, size = struct.unpack_from("<HHIQ", raw, position)
        if index == 0 and size < 16:
            return False
        position += size if index == 0 else 16 + (size + 7) // 8 * 8
    return True


def child(group: h5py.Group, name: str) -> h5py.Group | h5py.Dataset | None:
    """Open a member that lies in this file, or None: external links could name any file of the user."""
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        return None
    member = group.get(name)
    return member if isinstance(member, (h5py.Group, h5py.Dataset)) else None


def children(group: h5py.Group) -> Iterator[tuple[str, h5py.Group | h5py.Dataset]]:
    """Go through the members of a group that lie in this file."""
    for number, name in enumerate(group):
        if number >= MOST_CHILDREN:
            return
        member = child(group, name)
        if member is not None:
            yield name, member


def check_dataset(path: Path, data: h5py.Dataset) -> None:
    """Refuse a data set that points to other files, or declares more than the file can hold."""
    if data.external or data.is_virtual:
        raise ReadError(path, "keeps its pixels in another file", hint="open the file that holds them")
    check_size(path, data.shape[:2])
    declared = prod(data.shape) * data.dtype.itemsize
    if declared == 0 or prod(data.shape) > 64 * MOST_PIXELS:
        raise ReadError(path, "declares an impossible image", hint="the file is damaged")
    if data.chunks is not None and prod(data.chunks) * data.dtype.itemsize > 4 * MOST_PIXELS:
        raise ReadError(path, "declares an impossible image", hint="the file is damaged")
    stored = int(data.id.get_storage_size())
    if declared > max(_BELIEVED_BYTES, stored * _MOST_COMPRESSION) or (stored == 0 and declared > 0):
        raise ReadError(path, "declares an image whose pixels are not in the file", hint="copy the file again")


def text(value: Any) -> str:
    """Turn an attribute or scalar string into text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "ignore")
    return value if isinstance(value, str) else ""
