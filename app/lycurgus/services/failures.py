"""What went wrong with one file as a row of the report; a defect of ours, or of a library, is a row too."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from lycurgus.core.errors import Cancelled, FileError, LycurgusError
from lycurgus.exporters.base import FailedFile


def failed(path: Path, error: Exception) -> FailedFile:
    """Say why a file failed; one image of thousands must not cost the night's other results, whatever its error is.

    Raises
    ------
    Cancelled
        The error is that the user stopped the work, which is no failure of the file.
    """
    if isinstance(error, Cancelled):
        raise error
    if isinstance(error, FileError) and error.path == path:
        # The message without the file's name: the report has a column for that.
        return FailedFile(path, LycurgusError.__str__(error))
    if isinstance(error, LycurgusError):
        return FailedFile(path, str(error))
    if isinstance(error, MemoryError):
        return FailedFile(path, "not enough memory for this image: close other programs, or use fewer jobs")
    # Below what a terminal shows, and within what the window's log file keeps.
    logging.getLogger(__name__).info("work on %s failed", path, exc_info=error)
    return FailedFile(path, f"an unexpected error, please report it with this file: {type(error).__name__}: {error}")


def unwritten(files: Mapping[str, Callable[[Path], object]], out: Path) -> list[FailedFile]:
    """Write every file that can be written, and say which could not: one that is open elsewhere must not cost the others.

    Parameters
    ----------
    files : name in the folder ``out`` -> what writes it, given its path.
    """
    failures = []
    for name, write in files.items():
        try:
            write(out / name)
        except Exception as error:
            failures.append(failed(out / name, error))
    return failures
