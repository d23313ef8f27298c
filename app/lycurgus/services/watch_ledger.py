"""What a watch has done with each file, beside the results in the project file: so that each is dealt with once, across restarts too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Row
from typing import Literal

from lycurgus.services.database import Database
from lycurgus.services.fingerprint import Fingerprint
from lycurgus.services.project_records import key_of, path_of
from lycurgus.services.settling import Sight

Fate = Literal["done", "failed", "duplicate"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS watch_files (
    path PRIMARY KEY, place INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    beside_size INTEGER, beside_mtime_ns INTEGER, fate TEXT NOT NULL, original
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of a version of a file.

    Attributes
    ----------
    original : of a duplicate, the file with the same content that is counted.
    """

    path: Path
    sight: Sight
    fate: Fate
    original: Path | None = None


class WatchLedger:
    """A table of the project file; methods raise ProjectError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.transaction() as connection:
            connection.execute(_SCHEMA)
        (row,) = database.rows("SELECT coalesce(max(place), 0) AS last FROM watch_files")
        self._last: int = row["last"]

    def note(self, entry: Entry) -> None:
        """Keep what became of a file; it stays at its place where it has one."""
        beside = entry.sight.beside
        self._last += 1
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO watch_files VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET size = excluded.size,"
                " mtime_ns = excluded.mtime_ns, beside_size = excluded.beside_size, beside_mtime_ns = excluded.beside_mtime_ns,"
                " fate = excluded.fate, original = excluded.original",
                (
                    key_of(entry.path),
                    self._last,
                    entry.sight.file.size,
                    entry.sight.file.mtime_ns,
                    beside and beside.size,
                    beside and beside.mtime_ns,
                    entry.fate,
                    entry.original and key_of(entry.original),
                ),
            )

    def forget(self, path: Path) -> None:
        """Remove what is kept of a file."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM watch_files WHERE path = ?", (key_of(path),))

    def entry(self, path: Path) -> Entry | None:
        """Return what became of one file."""
        rows = self._database.rows("SELECT * FROM watch_files WHERE path = ?", (key_of(path),))
        return _entry(rows[0]) if rows else None

    def entries(self) -> dict[Path, Entry]:
        """Return everything by path, in the order in which the files came."""
        return {entry.path: entry for entry in map(_entry, self._database.rows("SELECT * FROM watch_files ORDER BY place"))}


def _entry(row: Row) -> Entry:
    beside = None if row["beside_size"] is None else Fingerprint(row["beside_size"], row["beside_mtime_ns"])
    original = None if row["original"] is None else path_of(row["original"])
    return Entry(path_of(row["path"]), Sight(Fingerprint(row["size"], row["mtime_ns"]), beside), row["fate"], original)
