"""The one door through which every file enters: the reader is picked by content, every failure becomes a sentence."""

from __future__ import annotations

import hashlib
import os
import stat
import struct
from dataclasses import replace
from pathlib import Path

from lycurgus.core.errors import LycurgusError, ReadError
from lycurgus.core.types import Micrograph, PixelSize
from lycurgus.readers import READERS
from lycurgus.readers.quiet import quiet

EXTENSIONS: dict[str, str] = {
    ".dm3": "dm",
    ".dm4": "dm",
    ".emi": "tia",
    ".ser": "tia",
    ".emd": "emd",
    ".h5": "emd",
    ".hdf5": "emd",
    ".mrc": "mrc",
    ".mrcs": "mrc",
    ".rec": "mrc",
    ".ali": "mrc",
    ".st": "mrc",
    ".map": "mrc",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".png": "picture",
    ".jpg": "picture",
    ".jpeg": "picture",
    ".bmp": "picture",
}
_HEAD_BYTES = 4096
_TIFF_STARTS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_PICTURE_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_KNOWN_FOREIGN = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a zip archive or an office document",
    b"GIF8": "a GIF picture",
    b"\x1f\x8b": "a gzip archive",
    b"<?xm": "an XML document",
    b"<htm": "a web page",
    b"<!DO": "a web page",
}


# What libraries say, in their words, when a file ends too early.
_SIGNS_OF_TRUNCATION = ("truncated", "buffer is smaller", "buffer length", "end of file", "cannot reshape", "past end", "insufficient")


def read(path: str | Path, *, plane: str = "auto", pixel_size: PixelSize | float | None = None) -> Micrograph:
    """Read one micrograph from a file of any format that Lycurgus knows.

    Parameters
    ----------
    path : the file; what it contains decides how it is read, not its name.
    plane : "auto" (an image named HAADF, else the first real-space image, frame 0), the number of a plane from 0, or
        part of a plane's name.
    pixel_size : the user's word, which overrides the file's; a number is nm for square pixels.

    Returns
    -------
    Micrograph with pixels (H, W) as stored, and the file's sha256.

    Raises
    ------
    ReadError
        Whatever is wrong with the file, as a sentence for a microscopist.
    CalibrationError
        ``pixel_size`` is not a positive finite number.
    """
    path = Path(path)
    users = _users(pixel_size)
    head = _head(path)
    reader = READERS[_reader_for(path, head)]
    try:
        with quiet():
            micrograph = reader.read(path, plane=str(plane))
        digest = _sha256(path)
    except LycurgusError:
        raise
    except Exception as error:
        raise ReadError(path, _why(error, reader.label), hint=_what_to_do(error)) from error
    return replace(micrograph, sha256=digest, pixel_size=users or micrograph.pixel_size)


def _users(pixel_size: PixelSize | float | None) -> PixelSize | None:
    if pixel_size is None:
        return None
    if isinstance(pixel_size, PixelSize):
        return pixel_size if pixel_size.accepted else replace(pixel_size, source="user")
    return PixelSize(float(pixel_size), float(pixel_size), "user")


def _head(path: Path) -> bytes:
    """Look at the file's first bytes, after making sure that it is a file: opening a pipe would wait for ever."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode) and not os.access(path, os.R_OK | os.X_OK):
            raise ReadError(path, "is a folder that may not be searched", hint="ask its owner for permission to read it")
        if stat.S_ISDIR(mode):
            raise ReadError(path, "is a folder", hint="choose the files in it")
        if not stat.S_ISREG(mode):
            raise ReadError(path, "is no ordinary file")
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except FileNotFoundError as error:
        broken = path.is_symlink()
        reason = "is a link to a file that does not exist" if broken else "does not exist"
        raise ReadError(path, reason, hint="check the name and the folder") from error
    except PermissionError as error:
        raise ReadError(path, "may not be read", hint="ask its owner for permission to read it") from error
    except (OSError, ValueError) as error:
        raise ReadError(path, f"cannot be opened ({_system_reason(error)})") from error
    if not head:
        raise ReadError(path, "is empty (0 bytes)", hint="copy or record it again")
    return head


def _reader_for(path: Path, head: bytes) -> str:
    by_content = _by_content(head)
    if by_content:
        return by_content
    if not head.strip(b"\x00"):
        raise ReadError(path, "begins with nothing but zeros", hint="the copy was not finished; copy it again")
    foreign = next((what for start, what in _KNOWN_FOREIGN.items() if head.startswith(start)), None)
    if foreign:
        raise ReadError(path, f"is {foreign}, not a micrograph", hint="export the image as TIFF")
    by_name = EXTENSIONS.get(path.suffix.lower())
    if by_name in ("emd", "tiff", "picture", "dm"):
        raise ReadError(
            path, f"is not what its name says: it does not begin like a {path.suffix.lower()} file", hint="it is damaged or was renamed"
        )
    if by_name is None:
        raise ReadError(path, "is of no kind that can be read", hint="export it as TIFF, or give its true extension")
    return by_name


def _by_content(head: bytes) -> str | None:
    if head.startswith(_TIFF_STARTS):
        return "tiff"
    if head.startswith(_PICTURE_STARTS) or (head.startswith(b"BM") and head[6:10] == bytes(4) and len(head) > 26):
        return "picture"
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "emd"
    if head[:2] == b"II" and head[2:4] == b"\x97\x01":
        return "tia"
    if head.startswith(b"JK\x00\x02") or b"<ObjectInfo>" in head:
        return "tia"
    if (
        len(head) > 12
        and head[:3] == b"\x00\x00\x00"
        and head[3] in (3, 4)
        and struct.unpack_from(">I", head, 8 if head[3] == 3 else 12)[0] in (0, 1)
    ):
        return "dm"
    if head[208:211] == b"MAP":
        return "mrc"
    return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _why(error: Exception, label: str) -> str:
    if isinstance(error, MemoryError):
        return "needs more memory than this computer has free"
    if isinstance(error, PermissionError):
        return "may not be read"
    if isinstance(error, FileNotFoundError):
        return "vanished while it was read"
    if isinstance(error, (EOFError, struct.error, IndexError)) or any(sign in str(error).lower() for sign in _SIGNS_OF_TRUNCATION):
        return f"is cut off or damaged ({label})"
    return f"is damaged, or a kind of {label} file that cannot be read"


def _what_to_do(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "close other programs or crop the image"
    return "open it in the program that wrote it and export it as TIFF"


def _system_reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno).lower()
    return "its name is impossible"
