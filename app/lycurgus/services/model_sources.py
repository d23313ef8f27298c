"""Copies a model from a folder or a zip archive to where it is looked at; nothing leaves that place, whatever the source says."""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from lycurgus.core.errors import ModelError
from lycurgus.core.progress import CancelToken, never
from lycurgus.inference.catalog import LARGEST_MODEL_BYTES
from lycurgus.inference.manifest import MANIFEST_FILE, MODEL_FILE
from lycurgus.inference.zip_safety import check_directory
from lycurgus.services.model_files import LARGEST_DOCUMENTS_BYTES, MOST_ENTRIES, Entry, RefusedError, chosen, safe_parts

ARCHIVE_SUFFIX = ".zip"
LARGEST_ARCHIVE_BYTES = 2 * LARGEST_MODEL_BYTES + LARGEST_DOCUMENTS_BYTES

_CHUNK_BYTES = 1 << 20
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""What zipfile raises at archives that are damaged or made to harm."""


def looks_like_model(path: Path) -> bool:
    """Tell whether a dropped file or folder is meant as a model rather than as images; what is in it is not judged yet."""
    if path.suffix.lower() == ARCHIVE_SUFFIX:
        return True
    return (path / MANIFEST_FILE).is_file() and (path / MODEL_FILE).is_file()


def copy_model(source: Path, target: Path, *, cancel: CancelToken = never) -> tuple[str, ...]:
    """Copy the files of a model into an empty folder, and return the names of what was left out.

    Parameters
    ----------
    source : a model folder, or a zip archive that holds one.

    Raises
    ------
    ModelError
        There is no model in it, something in it leads elsewhere or is too large, it is damaged, or the disk refuses.
    Cancelled
    """
    try:
        with _entries(source) as entries:
            taken, left_out = chosen(entries)
            for entry in taken:
                _copy(entry, target.joinpath(*entry.parts), cancel)
    except RefusedError as error:
        raise ModelError(source, str(error), hint=_REFUSED) from error
    except OSError as error:
        raise ModelError(source, f"the model cannot be copied: {error.strerror or error}", hint="check the disk and the file") from error
    except _DAMAGE as error:
        raise ModelError(source, f"the archive is damaged: {error}", hint="copy or download it again") from error
    return tuple(left_out)


_REFUSED = "nothing was added"


@contextmanager
def _entries(source: Path) -> Iterator[list[Entry]]:
    if source.is_dir():
        if not (source / MANIFEST_FILE).is_file():
            raise RefusedError(f"there is no {MANIFEST_FILE} in this folder, so it is no model")
        yield list(_of_folder(source))
        return
    if not source.exists():
        raise RefusedError("there is no such file or folder")
    if source.stat().st_size > LARGEST_ARCHIVE_BYTES:
        raise RefusedError(f"it has more than {LARGEST_ARCHIVE_BYTES >> 20:,} MB")
    if not source.is_file() or source.suffix.lower() != ARCHIVE_SUFFIX:
        raise RefusedError("it is neither a model folder nor a zip archive")
    check_directory(source)
    with zipfile.ZipFile(source) as archive:
        yield list(_of_archive(archive))


def _of_folder(folder: Path) -> Iterator[Entry]:
    """Yield the files of a folder, those of hidden folders left out."""
    count = 0
    waiting = [folder]
    while waiting:
        for path in sorted(waiting.pop().iterdir()):
            count += 1
            if count > MOST_ENTRIES:
                raise RefusedError(f"it holds more than {MOST_ENTRIES} files")
            if path.name.startswith("."):
                continue
            parts = safe_parts(path.relative_to(folder).as_posix())
            found = path.lstat()
            if stat.S_ISDIR(found.st_mode):
                waiting.append(path)
                continue
            if not stat.S_ISREG(found.st_mode):
                raise RefusedError(f"{'/'.join(parts)} is a link or no ordinary file")
            yield Entry(parts, found.st_size, partial(path.open, "rb"))


def _of_archive(archive: zipfile.ZipFile) -> Iterator[Entry]:
    """Yield the files of an archive; every name is looked at, also of what will not be taken."""
    infos = archive.infolist()
    if len(infos) > MOST_ENTRIES:
        raise RefusedError(f"it holds {len(infos):,} files, more than {MOST_ENTRIES}")
    for info in infos:
        # zipfile cuts names at a zero byte, and another program may not.
        parts = safe_parts(info.orig_filename)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise RefusedError(f"{'/'.join(parts)} is a link or no ordinary file")
        if info.flag_bits & _ENCRYPTED:
            raise RefusedError(f"{'/'.join(parts)} is encrypted")
        if info.orig_filename.endswith(("/", "\\")) or kind == stat.S_IFDIR:
            continue
        if info.compress_type not in _METHODS:
            raise RefusedError(f"{'/'.join(parts)} is packed in an unusual way")
        yield Entry(parts, info.file_size, partial(archive.open, info))


def _copy(entry: Entry, target: Path, cancel: CancelToken) -> None:
    """Write an entry to a new file: exactly as many bytes as its source has said."""
    target.parent.mkdir(parents=True, exist_ok=True)
    left = entry.size_bytes
    with entry.open() as source, target.open("xb") as copy:
        while chunk := source.read(min(_CHUNK_BYTES, left + 1)):
            cancel.check()
            left -= len(chunk)
            if left < 0:
                raise RefusedError(f"{entry.name} is larger than it says")
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    if left:
        raise RefusedError(f"{entry.name} is cut off")
