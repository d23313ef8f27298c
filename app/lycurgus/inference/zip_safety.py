"""Looks at a zip archive before Python's zipfile does, which makes an object of every entry: a few MB can hold a million of them."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

LARGEST_DIRECTORY_BYTES = 1 << 20
"""Enough for ten thousand entries with short names."""

_END = struct.Struct("<4s4H2LH")
"""End of central directory: signature, four numbers of disks and entries, size and place of the directory, length of a comment."""
_END_64_BYTES, _LOCATOR_64_BYTES = 56, 20
_LONGEST_COMMENT = (1 << 16) - 1


def check_directory(path: Path) -> None:
    """See that the list of an archive's entries is short enough to be read.

    The fields are those of APPNOTE.TXT 6.3.10, 4.3.14 to 4.3.16; they are looked for where zipfile looks for them.

    Raises
    ------
    zipfile.BadZipFile
        It is no archive, or its list is too long.
    OSError
    """
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - _LONGEST_COMMENT - _END.size - _LOCATOR_64_BYTES - _END_64_BYTES))
        tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise zipfile.BadZipFile("it is no zip archive, or its end is missing")
    listed_bytes = int(_END.unpack_from(tail, at)[5])
    record = at - _LOCATOR_64_BYTES - _END_64_BYTES
    if record >= 0 and tail[record : record + 4] == b"PK\x06\x06":
        listed_bytes = max(listed_bytes if listed_bytes < (1 << 32) - 1 else 0, struct.unpack_from("<Q", tail, record + 40)[0])
    if listed_bytes > LARGEST_DIRECTORY_BYTES:
        raise zipfile.BadZipFile(f"it lists more than {LARGEST_DIRECTORY_BYTES >> 20} MB of file names")
