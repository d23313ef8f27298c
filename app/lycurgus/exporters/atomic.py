"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lycurgus.core.errors import ExportError


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a temporary path beside ``target`` to write to, and move it into place when the block ends well.

    The temporary name keeps the suffix, which some libraries decide by, and is short whatever the target's length.

    Raises
    ------
    ExportError
        Anything the file system refuses: no space, no permission, a folder in the way.
    """
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".lycurgus-", suffix=target.suffix, dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        _flush(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    except OSError as error:
        raise ExportError(
            target, error.strerror or str(error), hint="check the space, the permissions and the path of the output folder"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Force the data to the disk, so that a power cut after the move cannot leave an empty file."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _umask() -> int:
    # The process mask can only be read by setting it; mkstemp makes files private, exports should be ordinary ones.
    mask = os.umask(0)
    os.umask(mask)
    return mask
