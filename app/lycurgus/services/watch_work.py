"""The work on one image of a watch, in the three threads of a lane: read, analyse, write; known content is told from new."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.errors import ExportError, ReadError
from lycurgus.core.progress import CancelToken
from lycurgus.core.types import AnalysisResult, Micrograph
from lycurgus.pipeline import without_pixels
from lycurgus.services.analysis import analyse_image, export_image, read_image
from lycurgus.services.batch import NoRoom, packed_image
from lycurgus.services.batch_project import PackedImage
from lycurgus.services.fingerprint import Fingerprint
from lycurgus.services.flow import ImageTask, Stages
from lycurgus.services.lookout import Lookout
from lycurgus.services.settling import Sight
from lycurgus.services.watch_events import ImageSeen, Tell
from lycurgus.services.watch_ledger import WatchLedger

PICTURE_PX = 240


class Made(NamedTuple):
    """A result, and what goes with it: the result without pixels, packed, a small picture with outlines (h, w, 3)."""

    sight: Sight
    image: PackedImage
    result: AnalysisResult
    shape: tuple[int, int]
    picture: NDArray[np.uint8]


class Repeated(NamedTuple):
    """Known content: that of the file itself, touched, or of another one."""

    sight: Sight
    original: Path


class Changed(NamedTuple):
    """The file changed, or went, while it was worked on."""


class Read(NamedTuple):
    sight: Sight
    micrograph: Micrograph


class Analysed(NamedTuple):
    sight: Sight
    result: AnalysisResult


Outcome = Made | Repeated | Changed | NoRoom


class Contents:
    """Which file is counted for which content; may be used from several threads.

    A content is claimed when its analysis begins, so that the next file of a burst with the same content is known for a duplicate.
    """

    def __init__(self) -> None:
        self._owners: dict[str, Path] = {}
        self._kept: dict[Path, str] = {}
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, path: Path) -> bool:
        return path in self._kept

    @property
    def paths(self) -> tuple[Path, ...]:
        """Files whose results are kept."""
        with self._lock:
            return tuple(self._kept)

    def owner(self, content: str) -> Path | None:
        return self._owners.get(content)

    def claim(self, path: Path, content: str) -> None:
        with self._lock:
            self._owners[content] = path

    def release(self, path: Path, content: str) -> None:
        """Give a claim up, unless an earlier result with this content is kept."""
        with self._lock:
            if self._owners.get(content) == path and self._kept.get(path) != content:
                del self._owners[content]

    def keep(self, path: Path, content: str) -> str | None:
        """Note that a result is kept; returns the former content of the file, if it had another one."""
        with self._lock:
            former = self._kept.get(path)
            if former == content:
                return None
            if former is not None and self._owners.get(former) == path:
                del self._owners[former]
            self._kept[path] = content
            self._owners[content] = path
            return former

    def others_with(self, content: str, path: Path) -> list[Path]:
        """Other files whose kept results have this content."""
        with self._lock:
            return [other for other, kept in self._kept.items() if kept == content and other != path]

    def drop(self, path: Path) -> None:
        """Note that the result of a file is no longer kept."""
        with self._lock:
            content = self._kept.pop(path, None)
            if content is not None and self._owners.get(content) == path:
                del self._owners[content]


class ImageWork:
    """The three stages.

    Parameters
    ----------
    turn : held while an image is analysed.
    unnamed : images whose files must be written under another name although their content is known.
    tell : is told of each result before anything is written, so that nobody waits for files to see it.
    """

    def __init__(
        self,
        lookout: Lookout,
        contents: Contents,
        ledger: WatchLedger,
        turn: AbstractContextManager[object],
        unnamed: Collection[Path],
        tell: Tell,
    ) -> None:
        self._tell = tell
        self._lookout, self._contents, self._ledger, self._turn, self._unnamed = lookout, contents, ledger, turn, unnamed

    @property
    def stages(self) -> Stages[Outcome]:
        return Stages(self._read, self._analyse, self._write)

    def _read(self, task: ImageTask) -> Read | Changed:
        sight, now = self._lookout.sight(task.source.path), Fingerprint.of(task.source.path)
        if sight is None or now != sight.file:
            return Changed()
        try:
            return Read(sight, read_image(task))
        except ReadError:
            if Fingerprint.of(task.source.path) != now:
                return Changed()
            raise

    def _analyse(self, task: ImageTask, read: Read | Changed, cancel: CancelToken) -> Analysed | Repeated | Changed:
        if isinstance(read, Changed):
            return read
        path, content = task.source.path, read.micrograph.sha256
        owner = self._contents.owner(content)
        if owner == path and path in self._contents and path not in self._unnamed and not self._has_other_companions(path, read.sight):
            return Repeated(read.sight, path)
        if owner is not None and owner != path and _stays(owner):
            return Repeated(read.sight, owner)
        self._contents.claim(path, content)
        try:
            with self._turn:
                cancel.check()
                return Analysed(read.sight, analyse_image(task, read.micrograph, cancel))
        except BaseException:
            self._contents.release(path, content)
            raise

    def _write(self, task: ImageTask, analysed: Analysed | Repeated | Changed) -> Outcome:
        if not isinstance(analysed, Analysed):
            return analysed
        path, result = task.source.path, analysed.result
        if Fingerprint.of(path) not in (analysed.sight.file, None):
            # It grew, or was written anew, while it was analysed: what was seen is half of it.
            self._contents.release(path, result.micrograph.sha256)
            return Changed()
        self._tell(ImageSeen(path, without_pixels(result), result.micrograph.shape))
        try:
            entry = export_image(result, task.source, task.out, task.image_formats, with_thumbnail=True)
        except ExportError as error:
            self._contents.release(path, result.micrograph.sha256)
            return NoRoom(error.path, error.reason)
        assert entry.thumbnail is not None
        packed = packed_image(entry if task.with_thumbnail else replace(entry, thumbnail=None), analysed.sight.file)
        return Made(analysed.sight, packed, entry.result, entry.shape, _small(entry.thumbnail))

    def _has_other_companions(self, path: Path, sight: Sight) -> bool:
        """Tell whether a text file with the scale has come, or changed, since the image was analysed."""
        entry = self._ledger.entry(path)
        return entry is not None and entry.sight.beside != sight.beside


def _stays(path: Path) -> bool:
    """Tell whether a file still exists, or its folder cannot be asked for now; where it alone is gone, it may have another name."""
    return Fingerprint.of(path) is not None or not os.path.exists(path.parent)  # noqa: PTH110 - Path.exists may raise


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shrink a picture (h, w, 3) for a strip of many."""
    height, width = picture.shape[:2]
    scale = PICTURE_PX / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
