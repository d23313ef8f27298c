"""Small grey pictures of micrographs for the browser, made once and kept on the disk; a bad file gives a reason, never an error."""

from __future__ import annotations

import hashlib
import logging
import os
import struct
import threading
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.errors import LycurgusError
from lycurgus.core.types import Micrograph, Plane
from lycurgus.exporters.atomic import replacing
from lycurgus.exporters.contrast import display_range, stretched
from lycurgus.folders import cache_folder
from lycurgus.readers.door import read
from lycurgus.services.fingerprint import Fingerprint

LONG_SIDE_PX = 160
MOST_BYTES = 200 << 20

_RECIPE = 1
"""Part of every name: another way of making thumbnails must not find those of the old way."""
_SWEEP_EVERY_BYTES = 8 << 20
_SUFFIX = ".grey"
_SHAPE = struct.Struct("<HH")


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """A picture (h, w) uint8, grey, or None and the reason."""

    picture: NDArray[np.uint8] | None
    reason: str = ""


class Thumbnails:
    """A cache of thumbnails; may be used from several threads and by several programs at a time.

    Parameters
    ----------
    folder : where the pictures are kept; the user's cache where None.
    most_bytes : beyond it, those go that were not looked at for longest.
    """

    def __init__(self, folder: Path | None = None, *, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder or cache_folder() / "thumbnails"
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        # Looked through once at the first new picture, and then after some megabytes of new ones.
        self._unswept_bytes = _SWEEP_EVERY_BYTES

    def of(self, path: Path) -> Thumbnail:
        """Return the thumbnail of a micrograph: from the disk where it is known, else by reading the file."""
        fingerprint = Fingerprint.of(path)
        if fingerprint is None:
            return Thumbnail(None, "the file cannot be reached")
        entry = self._entry(path, fingerprint)
        known = _load(entry)
        if known is not None:
            return Thumbnail(known)
        try:
            picture = small_picture(read(path).pixels)
        except LycurgusError as error:
            return Thumbnail(None, LycurgusError.__str__(error))
        except MemoryError:
            return Thumbnail(None, "not enough memory for this image")
        except Exception as error:
            # A list of thousands of files goes on, whatever one of them contains.
            logging.getLogger(__name__).debug("no thumbnail of %s", path, exc_info=True)
            return Thumbnail(None, f"an unexpected error: {type(error).__name__}: {error}")
        self._keep(entry, picture)
        return Thumbnail(picture)

    def remember(self, micrograph: Micrograph) -> Thumbnail:
        """Make the thumbnail of a picture that is in memory anyway, so that its file need not be read again."""
        if not micrograph.pixels.size:
            return Thumbnail(None, "the image is not loaded")
        picture = small_picture(micrograph.pixels)
        fingerprint = Fingerprint.of(micrograph.path)
        if fingerprint is not None:
            self._keep(self._entry(micrograph.path, fingerprint), picture)
        return Thumbnail(picture)

    def known(self, path: Path) -> NDArray[np.uint8] | None:
        """Return the thumbnail only where it is on the disk: takes no longer than opening a small file."""
        fingerprint = Fingerprint.of(path)
        return None if fingerprint is None else _load(self._entry(path, fingerprint))

    def _entry(self, path: Path, fingerprint: Fingerprint) -> Path:
        absolute = os.path.abspath(path)  # noqa: PTH100 - Path.resolve asks the file system for every part
        text = f"{_RECIPE}\0{LONG_SIDE_PX}\0{absolute}\0{fingerprint.size}\0{fingerprint.mtime_ns}"
        return self._folder / f"{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}{_SUFFIX}"

    def _keep(self, entry: Path, picture: NDArray[np.uint8]) -> None:
        """Write a picture; a cache that cannot be written costs time, nothing else."""
        # Not PNG: its decoder makes a picture of half a file too, and zlib's checksum tells.
        encoded = _SHAPE.pack(*picture.shape) + zlib.compress(picture.tobytes())
        with suppress(LycurgusError), replacing(entry) as temporary:
            temporary.write_bytes(encoded)
        with self._lock:
            self._unswept_bytes += len(encoded)
            if self._unswept_bytes < min(_SWEEP_EVERY_BYTES, self._most_bytes):
                return
            self._unswept_bytes = 0
            self._sweep()

    def _sweep(self) -> None:
        """Delete what was not used for longest until four fifths of the limit remain."""
        entries = []
        for entry in self._folder.glob(f"*{_SUFFIX}"):
            with suppress(OSError):
                found = entry.stat()
                entries.append((found.st_mtime_ns, found.st_size, entry))
        total = sum(size for _, size, _ in entries)
        if total <= self._most_bytes:
            return
        for _, size, entry in sorted(entries):
            if total <= 0.8 * self._most_bytes:
                break
            with suppress(OSError):
                entry.unlink()
                total -= size


def small_picture(pixels: Plane) -> NDArray[np.uint8]:
    """Shrink a picture (H, W) of any real type to ``LONG_SIDE_PX`` and stretch its contrast by percentiles.

    Returns
    -------
    (h, w) uint8 with the proportions of the picture, each side 1 px or more; smaller pictures keep their size.
    """
    height, width = pixels.shape
    shrunk = LONG_SIDE_PX / max(height, width)
    # Every n-th pixel first, two at least for a pixel of the result in each direction: large images take long to average.
    step = max(1, int(0.5 / shrunk))
    grey = stretched(pixels[::step, ::step], display_range(pixels))
    if shrunk >= 1:
        return grey
    size = max(1, round(width * shrunk)), max(1, round(height * shrunk))
    return np.asarray(cv2.resize(np.ascontiguousarray(grey), size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _load(entry: Path) -> NDArray[np.uint8] | None:
    """Read a kept picture and note that it was looked at; None where it is missing or damaged."""
    try:
        encoded = entry.read_bytes()
        shape = _SHAPE.unpack_from(encoded)
        picture = np.frombuffer(zlib.decompress(encoded[_SHAPE.size :]), dtype=np.uint8).reshape(shape)
    except (OSError, struct.error, zlib.error, ValueError):
        return None
    with suppress(OSError):
        os.utime(entry, ns=(now := time.time_ns(), now))
    return picture
