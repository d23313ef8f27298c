"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lycurgus.core.errors import ExportError

HINT = "check the space, the permissions and the path of the output folder"
LONGEST_SUFFIX = 16
TEMPORARY_PREFIX = ".lycurgus-"
"""How the names of files begin that are being written."""


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a temporary path beside ``target`` to write to, and move it into place when the block ends well.

    When the block fails, whatever stood at ``target`` before is still there and the temporary file is gone. The temporary
    name keeps the suffix, which some libraries decide by, and is short whatever the target's length.

    Raises
    ------
    ExportError
        Anything the file system refuses: no space, no permission, a folder in the way, a name that is too long.
    """
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Found out now rather than after the work is done; the move would be refused.
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder of that name is in the way")
        temporary = _create_beside(target)
        yield temporary
        _flush(temporary)
        temporary.replace(target)
    except OSError as error:
        raise ExportError(target, _reason(error), hint=HINT) from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def _create_beside(target: Path) -> Path:
    """Create an empty file with ordinary permissions: tempfile would make it private to the user."""
    suffix = target.suffix if len(target.suffix) <= LONGEST_SUFFIX else ""
    path = target.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}{suffix}")
    path.touch(exist_ok=False)
    return path


def _flush(path: Path) -> None:
    """Force the data to the disk, so that a power cut after the move cannot leave an empty file."""
    with path.open("r+b") as stream:  # Windows flushes only what is open for writing
        os.fsync(stream.fileno())


def _reason(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return reason[:1].lower() + reason[1:]
