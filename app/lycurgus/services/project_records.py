"""What a project file tells about an image, and how paths, sizes and times stand in its columns."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from sqlite3 import Row
from typing import Literal

from lycurgus.core.history import History
from lycurgus.core.types import AnalysisResult, PixelSize
from lycurgus.services.fingerprint import Fingerprint
from lycurgus.services.project_codec import encode_document, encode_result, pixel_size_data, pixel_size_from

State = Literal["new", "done", "failed"]


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """An image of the project without its particles: enough for a list of thousands.

    Attributes
    ----------
    state : "done" where there is a result of the last attempt, "failed" with an ``error``, "new" where only a pixel size is known.
    fingerprint : of the file that was analysed; None where it could not be taken.
    shape : (H, W) where it is known.
    n_particles, n_counted : as corrected by hand.
    pixel_size : what the user said for this image, or for its folder; None where he said nothing.
    """

    path: Path
    state: State
    error: str = ""
    fingerprint: Fingerprint | None = None
    sha256: str = ""
    shape: tuple[int, int] | None = None
    n_particles: int = 0
    n_counted: int = 0
    n_edits: int = 0
    params_digest: str = ""
    pixel_size: PixelSize | None = None
    updated_at: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class StoredImage:
    """Everything the project knows of an image.

    Attributes
    ----------
    result : as analysed, without pixels and without the corrections; None where there is none, or where the file's content is another
        since (``changed``).
    history : the corrections, done and undone.
    """

    record: ImageRecord
    result: AnalysisResult | None = None
    history: History = field(default_factory=History)
    changed: bool = False

    @property
    def state(self) -> State:
        return self.record.state

    @property
    def error(self) -> str:
        return self.record.error

    @property
    def pixel_size(self) -> PixelSize | None:
        return self.record.pixel_size

    @property
    def shape(self) -> tuple[int, int] | None:
        return self.record.shape


@dataclass(frozen=True, slots=True)
class PackedResult:
    """A result as the project file keeps it: made where the result is, a worker process for instance, so that bytes travel alone."""

    result: bytes
    journal: bytes | None
    params_digest: str
    sha256: str
    fingerprint: Fingerprint | None
    shape: tuple[int, int] | None
    n_particles: int
    n_counted: int
    n_edits: int

    @classmethod
    def of(
        cls, result: AnalysisResult, history: History | None, fingerprint: Fingerprint | None, shape: tuple[int, int] | None
    ) -> PackedResult:
        """Pack an analysis and its corrections.

        Parameters
        ----------
        shape : (H, W), for results whose pixels are gone.
        """
        if shape is None and result.micrograph.pixels.size:
            shape = result.micrograph.shape
        particles = history.particles if history is not None and history.done else result.particles
        return cls(
            result=encode_result(result),
            journal=journal_of(history),
            params_digest=result.params.digest,
            sha256=result.micrograph.sha256,
            fingerprint=fingerprint,
            shape=shape,
            n_particles=len(particles),
            n_counted=sum(particle.excluded is None for particle in particles),
            n_edits=history.n_edits if history else 0,
        )

    def columns(self) -> dict[str, object]:
        """Values by the names of the table's columns."""
        return {
            "state": "done",
            "error": "",
            "size": self.fingerprint and self.fingerprint.size,
            "mtime_ns": self.fingerprint and self.fingerprint.mtime_ns,
            "sha256": self.sha256,
            "height": self.shape and self.shape[0],
            "width": self.shape and self.shape[1],
            "n_particles": self.n_particles,
            "n_counted": self.n_counted,
            "n_edits": self.n_edits,
            "params_digest": self.params_digest,
            "result": self.result,
            "journal": self.journal,
        }


def journal_of(history: History | None) -> bytes | None:
    """Encode a history; one that was never used needs no journal, one that was wholly undone keeps its ids."""
    if history is None or (history.next_id == History.of(history.analysed).next_id and not (history.done or history.undone)):
        return None
    return encode_document(history.journal())


def record_of(path: Path, row: Row, folder_pixel_size: PixelSize | None) -> ImageRecord:
    """Return a row of the table of images as a record; the folder's pixel size holds where the image has none."""
    return ImageRecord(
        path=absolute(path),
        state=row["state"],
        error=row["error"],
        fingerprint=None if row["size"] is None else Fingerprint(row["size"], row["mtime_ns"]),
        sha256=row["sha256"] or "",
        shape=None if row["height"] is None else (row["height"], row["width"]),
        n_particles=row["n_particles"] or 0,
        n_counted=row["n_counted"] or 0,
        n_edits=row["n_edits"],
        params_digest=row["params_digest"] or "",
        pixel_size=size_of(row["pixel_size"]) or folder_pixel_size,
        updated_at=row["updated_at"],
    )


def absolute(path: Path) -> Path:
    """Make a path absolute without asking the file system: a share that has vanished would keep us waiting."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.resolve asks


def key_of(path: Path) -> str | bytes:
    """Return a path as SQLite stores it: text, or bytes where the name is no valid Unicode (old disks under Linux)."""
    text = str(absolute(path))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return os.fsencode(text)
    return text


def path_of(key: str | bytes) -> Path:
    """Return the path of a key."""
    return Path(os.fsdecode(key))


def size_text(size: PixelSize | None) -> str | None:
    """Pixel size as JSON text, for a column."""
    return None if size is None else json.dumps(pixel_size_data(size))


def size_of(text: str | None) -> PixelSize | None:
    """Return the pixel size of a column."""
    return None if text is None else pixel_size_from(json.loads(text))


def now() -> str:
    """Local time to the second, ISO 8601 with time zone."""
    return datetime.now().astimezone().isoformat(timespec="seconds")
