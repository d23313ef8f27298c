"""The project file of a batch: beside each result, what was written for it; and the conditions under which all of it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.errors import ProjectError
from lycurgus.core.history import edited_result
from lycurgus.core.params import AnalysisParams
from lycurgus.core.types import AnalysisResult, PixelSize
from lycurgus.services.database import Database, InUseError
from lycurgus.services.fingerprint import Fingerprint
from lycurgus.services.project import SCHEMA, SCHEMA_VERSION, Project, Statement
from lycurgus.services.project_records import ImageRecord, PackedResult, StoredImage, absolute, key_of, now, path_of, size_text

BATCH_SCHEMA = """
CREATE TABLE IF NOT EXISTS batch (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batch_images (
    path PRIMARY KEY, stem TEXT NOT NULL, formats TEXT NOT NULL, thumbnail BLOB, failed_size INTEGER, failed_mtime_ns INTEGER
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class PackedImage:
    """What an analysis leaves, small enough to travel and to keep: the result, and the small picture for the report as PNG."""

    packed: PackedResult
    thumbnail: bytes | None


@dataclass(frozen=True, slots=True)
class KnownImage:
    """An image that the batch has dealt with.

    Attributes
    ----------
    stem, formats : of the image's own files that were written.
    failed_fingerprint : of the file when it failed.
    """

    record: ImageRecord
    stem: str = ""
    formats: tuple[str, ...] = ()
    failed_fingerprint: Fingerprint | None = None


class BatchProject:
    """An open project file of a batch, kept from other programs while it is open; methods raise ProjectError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._project = Project(database)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or begin a batch's project file.

        Raises
        ------
        ProjectError
            Another process works on it; or what ``Project.open`` raises.
        """
        try:
            database = Database.open(path, schema=f"{SCHEMA};{BATCH_SCHEMA}", version=SCHEMA_VERSION)
            try:
                database.keep_others_out()
            except BaseException:
                database.close()
                raise
        except InUseError as error:
            raise ProjectError(path, "another process works on this batch", hint="wait for it, or choose another folder") from error
        return cls(database)

    def conditions(self) -> dict[str, Any]:
        """Return what ``set_conditions`` kept; empty for a new file."""
        return {row["name"]: json.loads(row["value"]) for row in self._database.rows("SELECT * FROM batch")}

    def set_conditions(self, conditions: Mapping[str, Any]) -> None:
        """Keep under which conditions the results are made, JSON data."""
        with self._database.transaction() as connection:
            for name, value in conditions.items():
                connection.execute("INSERT OR REPLACE INTO batch VALUES (?, ?)", (name, json.dumps(value)))

    def known(self) -> dict[Path, KnownImage]:
        """List what is known, without particles, by absolute path."""
        columns = "path, stem, formats, failed_size, failed_mtime_ns"
        rows = {path_of(row["path"]): row for row in self._database.rows(f"SELECT {columns} FROM batch_images")}
        images = {}
        for record in self._project.images():
            row = rows.get(record.path)
            images[record.path] = (
                KnownImage(record)
                if row is None
                else KnownImage(
                    record,
                    row["stem"],
                    tuple(json.loads(row["formats"])),
                    None if row["failed_size"] is None else Fingerprint(row["failed_size"], row["failed_mtime_ns"]),
                )
            )
        return images

    def save(self, path: Path, image: PackedImage, params: AnalysisParams, *, stem: str, formats: tuple[str, ...]) -> None:
        """Keep an image's result and what was written for it, both or neither."""
        written = _written(path, stem=stem, formats=formats, thumbnail=image.thumbnail)
        self._project.save_packed(path, image.packed, params, alongside=[written])

    def state_pixel_sizes(self, sizes: Mapping[Path, PixelSize | None]) -> None:
        """Keep what the user says about single images; those of which he said something else before have to be analysed again."""
        known = {record.path: record.pixel_size for record in self._project.images()}
        with self._database.transaction() as connection:
            for path, size in sizes.items():
                if known.get(absolute(path)) != size:
                    connection.execute(
                        "INSERT INTO images (path, state, pixel_size, updated_at) VALUES (?, 'new', ?, ?)"
                        " ON CONFLICT (path) DO UPDATE SET pixel_size = excluded.pixel_size, state = 'new'",
                        (key_of(path), size_text(size), now()),
                    )

    def save_failure(self, path: Path, reason: str, *, stem: str) -> None:
        """Keep why an image has no result."""
        self._project.save_failure(path, reason, alongside=[_written(path, stem=stem, failed=Fingerprint.of(path))])

    @property
    def database(self) -> Database:
        """The file itself, for others who keep tables of their own in it."""
        return self._database

    def written(self, path: Path) -> tuple[str, tuple[str, ...]]:
        """Return under which stem and in which formats an image's own files were written; ("", ()) where none were."""
        rows = self._database.rows("SELECT stem, formats FROM batch_images WHERE path = ?", (key_of(path),))
        return (rows[0]["stem"], tuple(json.loads(rows[0]["formats"]))) if rows else ("", ())

    def forget(self, path: Path) -> None:
        """Remove all that is known of an image."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM batch_images WHERE path = ?", (key_of(path),))
            connection.execute("DELETE FROM images WHERE path = ?", (key_of(path),))

    def load(self, path: Path, *, even_if_changed: bool = False) -> AnalysisResult:
        """Return the result of an image, corrections by hand applied, without its pixels.

        Parameters
        ----------
        even_if_changed : also where the file is another one by now, which is then not looked at.
        """
        stored = self.stored(path, even_if_changed=even_if_changed)
        if stored is None or stored.result is None:
            raise ProjectError(self._project.path, f"the result of {path.name} is gone: its file was changed", hint="start the batch again")
        return edited_result(stored.result, stored.history)

    def stored(self, path: Path, *, even_if_changed: bool = False) -> StoredImage | None:
        """Return all that is known of an image, its result and its corrections apart from each other."""
        return self._project.load(path, even_if_changed=even_if_changed)

    def thumbnail(self, path: Path) -> NDArray[np.uint8] | None:
        """Return the small picture of an image, (h, w, 3)."""
        rows = self._database.rows("SELECT thumbnail FROM batch_images WHERE path = ?", (key_of(path),))
        return unpacked_picture(rows[0]["thumbnail"]) if rows and rows[0]["thumbnail"] is not None else None

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()


def packed_picture(picture: NDArray[np.uint8] | None) -> bytes | None:
    """Return a picture (h, w, 3) as PNG."""
    if picture is None:
        return None
    done, data = cv2.imencode(".png", picture[..., ::-1])
    return bytes(data) if done else None


def unpacked_picture(data: bytes) -> NDArray[np.uint8] | None:
    """Return the picture of ``packed_picture``; None where the bytes are none."""
    picture = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    return None if picture is None else np.ascontiguousarray(picture[..., ::-1], dtype=np.uint8)


def with_statistics_of(result: AnalysisResult, params: AnalysisParams) -> AnalysisResult:
    """Return a result as if analysed with these parameters, which differ at most in how samples are summarised."""
    if result.params.digest == params.digest:
        return result
    return replace(result, params=params, provenance=replace(result.provenance, params_digest=params.digest))


def _written(
    path: Path, *, stem: str, formats: tuple[str, ...] = (), thumbnail: bytes | None = None, failed: Fingerprint | None = None
) -> Statement:
    return (
        "INSERT OR REPLACE INTO batch_images VALUES (?, ?, ?, ?, ?, ?)",
        (key_of(path), stem, json.dumps(formats), thumbnail, failed and failed.size, failed and failed.mtime_ns),
    )
