"""One SQLite file that survives being killed at any moment: opened with care, used from several threads, errors as sentences."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lycurgus.core.errors import ProjectError
from lycurgus.services.aside import moved_aside

APPLICATION_ID = 0x4C796375  # "Lycu", in the file's header: tells a project from anybody else's database
SUFFIX = ".lycurgus"

_WAIT_S = 15.0
_WAIT_TO_OPEN_S = 1.0
_CHECKED_BYTES = 64 << 20
_HEADER = b"SQLite format 3\x00"


class InUseError(ProjectError):
    """Another program uses the file just now."""


class Database:
    """A connection with a lock around it; every transaction is wholly in the file or not at all.

    The write-ahead log makes a commit one append, flushed to the disk. Where the file system cannot do that (some network shares),
    SQLite keeps its rollback journal, which is slower and as safe.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = threading.RLock()

    @classmethod
    def open(cls, path: Path, *, schema: str, version: int) -> Database:
        """Open or create a file.

        Parameters
        ----------
        schema : statements that create the tables of a new file.
        version : of the schema.

        Raises
        ------
        ProjectError
            The file is damaged (it is then moved aside), comes from a later version, is something else, or cannot be opened.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            foreign = path.exists() and path.stat().st_size > 0 and not _begins_like_sqlite(path)
        except OSError as error:
            raise ProjectError(path, f"the project file cannot be opened ({error.strerror})", hint="check the folder") from error
        if foreign:
            raise _damaged(path)
        connection = _connected(path)
        try:
            _prepare(connection, path, schema, version)
        except sqlite3.OperationalError as error:
            connection.close()
            if _is_busy(error):
                raise _locked(path) from error
            raise ProjectError(path, f"the project file cannot be opened ({error})", hint="check the folder") from error
        except sqlite3.DatabaseError as error:
            connection.close()
            raise _damaged(path) from error
        except ProjectError:
            connection.close()
            raise
        return cls(path, connection)

    @classmethod
    def in_memory(cls, *, schema: str, version: int) -> Database:
        """Return a database that ends with the program."""
        path = Path("unsaved project")
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        _prepare(connection, path, schema, version)
        return cls(path, connection)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write something as a whole or not at all.

        Raises
        ------
        ProjectError
            The disk is full, the file has become unreadable, or the database is closed.
        """
        with self._lock, self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, query: str, values: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        """Read rows; raises what ``transaction`` raises."""
        with self._lock, self._translated():
            return self._connection.execute(query, values).fetchall()

    def keep_others_out(self) -> None:
        """Let no other connection use the file until this one is closed, or its process is gone.

        Raises
        ------
        ProjectError
            Another one uses it.
        """
        with self._lock, self._translated():
            self._connection.execute(f"PRAGMA busy_timeout={int(1000 * _WAIT_TO_OPEN_S)}")
            self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            # Locks are taken with the first write.
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("COMMIT")
            self._connection.execute(f"PRAGMA busy_timeout={int(1000 * _WAIT_S)}")

    def close(self) -> None:
        """Fold the log into the file and let go of it; a second call does nothing."""
        with self._lock, suppress(sqlite3.Error):
            self._connection.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError as error:
            raise ProjectError(self.path, f"the project is closed ({error})") from error
        except sqlite3.OperationalError as error:
            if _is_busy(error):
                raise _locked(self.path) from error
            raise ProjectError(self.path, f"the project file cannot be used ({error})", hint="check the disk's space") from error
        except sqlite3.DatabaseError as error:
            raise ProjectError(
                self.path, f"the project file is damaged ({error})", hint="start again; it is then moved aside and a new one begun"
            ) from error


def _is_busy(error: sqlite3.OperationalError) -> bool:
    # The lower byte of an extended code is the plain one.
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _locked(path: Path) -> ProjectError:
    return InUseError(path, "the project file is in use by another program", hint="close the other Lycurgus window")


def _connected(path: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(path, timeout=_WAIT_TO_OPEN_S, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise ProjectError(path, f"the project file cannot be opened ({error})", hint="check the folder") from error


def _prepare(connection: sqlite3.Connection, path: Path, schema: str, version: int) -> None:
    connection.row_factory = sqlite3.Row
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if not empty and owner != APPLICATION_ID:
        raise ProjectError(path, "is a database of another program", hint="choose another file")
    if found > version:
        raise ProjectError(path, "was written by a later version of Lycurgus", hint="install that version or a newer one")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    if not empty and _is_small(path):
        # A file cut short is found now rather than in the middle of a night; larger ones would delay the start.
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
    connection.execute("BEGIN IMMEDIATE")
    for statement in schema.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={version}")
    connection.execute("COMMIT")
    connection.execute(f"PRAGMA busy_timeout={int(1000 * _WAIT_S)}")


def _is_small(path: Path) -> bool:
    return path.exists() and path.stat().st_size < _CHECKED_BYTES


def _begins_like_sqlite(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(_HEADER)) == _HEADER


def _damaged(path: Path) -> ProjectError:
    if path.suffix != SUFFIX:
        # Somebody's picture, chosen by mistake, stays where it is.
        return ProjectError(path, "is no project file of Lycurgus", hint=f"choose a file that ends in {SUFFIX}")
    return ProjectError(path, f"the project file is damaged.{moved_aside(path, '-wal', '-shm')}", hint="open it again to begin a new one")
