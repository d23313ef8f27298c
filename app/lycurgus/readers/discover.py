"""From what a user names (files, folders, globs) to the list of files to read."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from lycurgus.core.errors import LycurgusError, ReadError
from lycurgus.readers import hitachi
from lycurgus.readers.door import EXTENSIONS
from lycurgus.readers.tia import emi_stem

# Extensions that other programs use for something else too: such files are read when named, not gathered from folders.
_ONLY_WHEN_NAMED = {".map", ".st", ".h5", ".hdf5"}


def find_files(paths: Iterable[str | Path], *, recursive: bool = False) -> list[Path]:
    """List the files that a user means.

    Parameters
    ----------
    paths : files, folders or globs. A named file is listed whatever its extension, so that reading it says what is
        wrong with it. A folder gives the files with a known extension; hidden files, .ser files whose .emi lies
        beside them, and text files are left out.
    recursive : whether folders inside folders are searched.

    Returns
    -------
    Files without duplicates, in the order of ``paths``, within a folder or glob in natural order ("2.tif" before "10.tif").

    Raises
    ------
    LycurgusError
        Nothing was found, or a named file does not exist.
    """
    found: dict[Path, None] = {}
    for named in paths:
        found.update(dict.fromkeys(_expand(str(named), recursive=recursive)))
    if not found:
        raise LycurgusError("no micrograph was found", hint="name a file, a folder with micrographs, or a pattern such as images/*.tif")
    return list(found)


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Sort key under which numbers inside names count as numbers."""
    parts = re.split(r"(\d+)", str(path).casefold())
    return [(0, int(part[:18]), part) if part.isdecimal() else (1, 0, part) for part in parts]


def _expand(named: str, *, recursive: bool) -> Iterator[Path]:
    path = Path(named).expanduser()
    if path.is_dir():
        files = list(_in_folder(path, recursive=recursive))
        if not files:
            raise ReadError(path, "holds no micrograph", hint="search the folders inside it too, or choose another folder")
        yield from files
    elif os.path.lexists(path):
        yield path
    elif glob.has_magic(named):
        matches = sorted((Path(match) for match in glob.glob(str(path), recursive=True)), key=natural_key)  # noqa: PTH207 - Path.glob takes no absolute pattern
        files = [match for match in matches if not match.is_dir()]
        if not files:
            raise LycurgusError(f"no file fits the pattern {named}", hint="check the folder and the extension")
        yield from _without_companions(files)
    else:
        raise ReadError(path, "does not exist", hint="check the name and the folder")


def _in_folder(folder: Path, *, recursive: bool) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir(), key=natural_key)
    except PermissionError as error:
        raise ReadError(folder, "may not be read", hint="ask its owner for permission to read it") from error
    visible = [entry for entry in entries if not entry.name.startswith(".")]
    readable = [entry for entry in visible if _gathered(entry) and not entry.is_dir()]
    yield from _without_companions(readable)
    if recursive:
        for entry in visible:
            # A link to a folder may lead back to where the search began.
            if entry.is_dir() and not entry.is_symlink():
                yield from _in_folder(entry, recursive=True)


def _gathered(path: Path) -> bool:
    extension = path.suffix.lower()
    return extension in EXTENSIONS and extension not in _ONLY_WHEN_NAMED


def _without_companions(files: list[Path]) -> Iterator[Path]:
    """Leave out what belongs to another file of the list: an emi's ser files, a Hitachi image's text file."""
    experiments = {(path.parent, path.stem.casefold()) for path in files if path.suffix.lower() == ".emi"}
    pictures = {path.with_suffix("") for path in files if path.suffix.lower() != ".txt"}
    for path in files:
        extension = path.suffix.lower()
        if extension == ".ser" and (path.parent, emi_stem(path)) in experiments:
            continue
        if extension == ".txt" and path.with_suffix("") in pictures and hitachi.is_sidecar(path):
            continue
        yield path
