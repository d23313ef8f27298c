"""The project file: what is known of each image (result, corrections, calibration), on the disk as soon as it is known.

One transaction an image, so that a kill at any moment costs at most the image in work; the next start resumes. Where the file lies, and
why not beside the micrographs, says ``folders.default_project_file``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from sqlite3 import Row
from types import TracebackType
from typing import Self

from lycurgus.core.errors import EditError, ParameterError, ProjectError
from lycurgus.core.history import History
from lycurgus.core.params import AnalysisParams
from lycurgus.core.types import AnalysisResult, PixelSize
from lycurgus.parameters import params_from
from lycurgus.services.database import Database
from lycurgus.services.fingerprint import Fingerprint, sha256_of
from lycurgus.services.project_codec import (
    DamagedRecordError,
    decode_document,
    decode_result,
)
from lycurgus.services.project_records import (
    ImageRecord,
    PackedResult,
    StoredImage,
    absolute,
    journal_of,
    key_of,
    now,
    path_of,
    record_of,
    size_of,
    size_text,
)

Statement = tuple[str, tuple[object, ...]]
"""SQL with its values."""

SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS images (
    path PRIMARY KEY, state TEXT NOT NULL, error TEXT NOT NULL DEFAULT '', size INTEGER, mtime_ns INTEGER, sha256 TEXT,
    height INTEGER, width INTEGER, n_particles INTEGER, n_counted INTEGER, n_edits INTEGER NOT NULL DEFAULT 0,
    params_digest TEXT, result BLOB, journal BLOB, pixel_size TEXT, updated_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS params (digest TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS folders (path PRIMARY KEY, pixel_size TEXT NOT NULL) WITHOUT ROWID
"""


class Project:
    """An open project file; all methods may be called from any thread, and raise ProjectError where the file lets them down.

    Attributes
    ----------
    warning : a sentence for the user where the project is not the one that was asked for, else "".
    """

    def __init__(self, database: Database, *, warning: str = "") -> None:
        self._database = database
        self.warning = warning

    @classmethod
    def open(cls, path: Path) -> Project:
        """Open a project file, or create it.

        Raises
        ------
        ProjectError
            It is damaged (and now moved aside, so that opening it again begins a new one), from a later version, something else, or the
            disk refuses.
        """
        return cls(Database.open(path, schema=SCHEMA, version=SCHEMA_VERSION))

    @classmethod
    def open_or_begin(cls, path: Path) -> Project:
        """Open a project file whatever has happened to it, for a window that must start.

        A damaged file is moved aside and a new one begun; where there can be no file at all, the project ends with the program. Either
        way ``warning`` says so.
        """
        try:
            return cls.open(path)
        except ProjectError as error:
            first = str(error)
        try:
            project = cls.open(path)
        except ProjectError:
            return cls(
                Database.in_memory(schema=SCHEMA, version=SCHEMA_VERSION), warning=f"Results are not kept after this session. {first}"
            )
        project.warning = first
        return project

    @property
    def path(self) -> Path:
        return self._database.path

    def save_result(
        self,
        path: Path,
        result: AnalysisResult,
        history: History | None = None,
        *,
        fingerprint: Fingerprint | None = None,
        shape: tuple[int, int] | None = None,
    ) -> None:
        """Keep an analysis in place of an earlier one and of its corrections.

        Parameters
        ----------
        result : as analysed, not as corrected.
        history : corrections of exactly these particles; None for none.
        fingerprint : of the file that was read; taken now where None.
        shape : (H, W), for results whose pixels are gone.
        """
        if history is not None and (history.done or history.undone) and not _belongs(history, result):
            raise ValueError("the history belongs to another analysis")
        self.save_packed(path, PackedResult.of(result, history, fingerprint or Fingerprint.of(path), shape), result.params)

    def save_packed(self, path: Path, packed: PackedResult, params: AnalysisParams, *, alongside: Sequence[Statement] = ()) -> None:
        """Keep what ``save_result`` keeps, packed elsewhere.

        Parameters
        ----------
        alongside : statements of the same transaction, for tables of others in the same file.
        """
        document = json.dumps(params.document())
        with self._database.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO params VALUES (?, ?)", (packed.params_digest, document))
            connection.execute(*_upsert(path, packed.columns()))
            for statement in alongside:
                connection.execute(*statement)

    def save_journal(self, path: Path, history: History, *, result: AnalysisResult) -> None:
        """Keep the corrections of an image whose analysis is kept.

        Parameters
        ----------
        result : the analysis, as it was before the corrections; they mean nothing on top of another one.

        Raises
        ------
        ProjectError
            The project knows no analysis of the image, or one with other parameters or of another content of the file.
        """
        journal, particles = journal_of(history), history.particles
        counted = sum(particle.excluded is None for particle in particles)
        with self._database.transaction() as connection:
            kept = connection.execute(
                "SELECT params_digest, sha256 FROM images WHERE path = ? AND result IS NOT NULL", (key_of(path),)
            ).fetchone()
            if kept is None:
                raise ProjectError(self.path, f"there is no analysis of {path.name} to correct")
            if not _is_of(kept, result):
                raise ProjectError(
                    self.path, f"another analysis of {path.name} was kept meanwhile, to which these corrections do not belong"
                )
            connection.execute(
                "UPDATE images SET journal = ?, n_edits = ?, n_particles = ?, n_counted = ?, updated_at = ? WHERE path = ?",
                (journal, history.n_edits, len(particles), counted, now(), key_of(path)),
            )

    def save_failure(self, path: Path, error: str, *, alongside: Sequence[Statement] = ()) -> None:
        """Keep why an image could not be analysed; an earlier result stays in the file."""
        with self._database.transaction() as connection:
            connection.execute(*_upsert(path, {"state": "failed", "error": error.encode("utf-8", "replace").decode("utf-8")}))
            for statement in alongside:
                connection.execute(*statement)

    def load(self, path: Path, *, even_if_changed: bool = False) -> StoredImage | None:
        """Return what is known of an image, or None.

        A file with another time but the same content counts as the same; one that cannot be reached now is believed to be unchanged.

        Parameters
        ----------
        even_if_changed : return the result whatever has become of the file, which is then not looked at.
        """
        rows = self._database.rows("SELECT * FROM images WHERE path = ?", (key_of(path),))
        record = self._record(path, rows[0]) if rows else ImageRecord(absolute(path), "new", pixel_size=self.folder_pixel_size(path.parent))
        if not rows and record.pixel_size is None:
            return None
        if not rows or rows[0]["result"] is None:
            return StoredImage(record)
        if not even_if_changed and is_other_file(record):
            return StoredImage(record, changed=True)
        result = self._result(rows[0], path)
        return StoredImage(record, result, self._history(rows[0], result, path))

    def images(self) -> tuple[ImageRecord, ...]:
        """List all images of the project, in the order of their paths, without their particles."""
        columns = (
            "path, state, error, size, mtime_ns, sha256, height, width, n_particles, n_counted, n_edits, params_digest, pixel_size,"
            " updated_at"
        )
        rows = self._database.rows(f"SELECT {columns} FROM images ORDER BY path")
        folders = {row["path"]: size_of(row["pixel_size"]) for row in self._database.rows("SELECT * FROM folders")}
        paths = [path_of(row["path"]) for row in rows]
        return tuple(record_of(path, row, folders.get(key_of(path.parent))) for path, row in zip(paths, rows, strict=True))

    def set_pixel_size(self, path: Path, size: PixelSize | None) -> None:
        """Keep what the user says about one image; None takes it back."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO images (path, state, pixel_size, updated_at) VALUES (?, 'new', ?, ?)"
                " ON CONFLICT (path) DO UPDATE SET pixel_size = excluded.pixel_size",
                (key_of(path), size_text(size), now()),
            )

    def set_folder_pixel_size(self, folder: Path, size: PixelSize | None) -> None:
        """Keep what the user says about all images in a folder, not in folders below it; None takes it back.

        It holds for images for which nothing is said by themselves.
        """
        with self._database.transaction() as connection:
            if size is None:
                connection.execute("DELETE FROM folders WHERE path = ?", (key_of(folder),))
            else:
                connection.execute("INSERT OR REPLACE INTO folders VALUES (?, ?)", (key_of(folder), size_text(size)))

    def folder_pixel_size(self, folder: Path) -> PixelSize | None:
        """Return what the user said about all images in a folder, or None."""
        rows = self._database.rows("SELECT pixel_size FROM folders WHERE path = ?", (key_of(folder),))
        return size_of(rows[0]["pixel_size"]) if rows else None

    def forget(self, path: Path) -> None:
        """Remove all that is known of an image; the image itself stays."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM images WHERE path = ?", (key_of(path),))

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def _record(self, path: Path, row: Row) -> ImageRecord:
        return record_of(path, row, self.folder_pixel_size(path.parent))

    def _result(self, row: Row, path: Path) -> AnalysisResult:
        documents = self._database.rows("SELECT document FROM params WHERE digest = ?", (row["params_digest"],))
        try:
            return decode_result(row["result"], params_from(json.loads(documents[0]["document"])))
        except (DamagedRecordError, ParameterError, IndexError, ValueError) as error:
            raise ProjectError(self.path, f"the result of {path.name} cannot be read back ({error})", hint="analyse it again") from error

    def _history(self, row: Row, result: AnalysisResult, path: Path) -> History:
        if row["journal"] is None:
            return History.of(result.particles)
        try:
            return History.replayed(result.particles, decode_document(row["journal"]))
        except (DamagedRecordError, EditError) as error:
            raise ProjectError(self.path, f"the corrections of {path.name} cannot be read back ({error})") from error


def _belongs(history: History, result: AnalysisResult) -> bool:
    return [particle.id for particle in history.analysed] == [particle.id for particle in result.particles]


def _is_of(row: Row, result: AnalysisResult) -> bool:
    """Tell whether a row keeps this analysis, by its parameters and the content of its file."""
    # A result read back has its parameters in today's form, which may have another digest than the one it was kept under.
    digests = (result.params.digest, result.provenance.params_digest)
    return row["params_digest"] in digests and (row["sha256"] or "") == result.micrograph.sha256


def is_other_file(record: ImageRecord) -> bool:
    """Compare a file with the one that was analysed: by size and time, and by content where only the time differs."""
    now = Fingerprint.of(record.path)
    if now is None or record.fingerprint is None or now == record.fingerprint:
        return False
    return now.size != record.fingerprint.size or (bool(record.sha256) and sha256_of(record.path) not in (record.sha256, None))


def _upsert(path: Path, values: dict[str, object]) -> tuple[str, tuple[object, ...]]:
    """Insert a row, or replace these columns of it and leave the others."""
    columns = {"path": key_of(path), "updated_at": now(), **values}
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name != "path")
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO images ({', '.join(columns)}) VALUES ({marks}) ON CONFLICT (path) DO UPDATE SET {changes}", (*columns.values(),)
