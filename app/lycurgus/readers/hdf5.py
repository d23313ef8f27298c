"""Careful access to HDF5 files: no link leads out of the file, no data set is read before its size is believed."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import h5py

from lycurgus.core.errors import ReadError
from lycurgus.readers.candidates import MOST_PIXELS, check_size

MOST_CHILDREN = 2000
_BELIEVED_BYTES = 1 << 28
# HDF5's own compression is deflate, at most 1,032 to 1; data that were never written take no room at all.
_MOST_COMPRESSION = 1_100


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
