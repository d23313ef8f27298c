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

REPORT_FILES = {"report.xlsx", "particles.csv", "summary.json", "annotations.coco.json", "comparison.json", "batch.lycurgus"}
REPORT_FOLDERS = {"labels", "rois", "overlays", "maps", "side-by-side", "training"}


def find_files(paths: Iterable[str | Path], *, recursive: bool = False) -> list[Path]:
    """List the files that a user means.

    Parameters
    ----------
    paths : files, folders or globs. A named file is listed whatever its extension, and even when it does not exist, so
        that reading it says what is wrong with it while the others are still read. A folder gives the files with a
        known extension; hidden files, .ser files whose .emi lies beside them, and text files are left out. A folder
        that may not be searched is listed itself, for the same reason.
    recursive : whether folders inside folders are searched.

    Returns
    -------
    Files without duplicates, in the order of ``paths``, within a folder or glob in natural order ("2.tif" before "10.tif").

    Raises
    ------
    LycurgusError
        Nothing was found: no paths, only empty folders, only patterns that fit no file.
    """
    named = [str(path) for path in paths]
    found: dict[Path, None] = {}
    for text in named:
        found.update(dict.fromkeys(_expand(text, recursive=recursive)))
    if not found:
        raise _nothing(named)
    # Beside other files, a pattern that fits nothing fails like a missing file: it is listed and the others are read.
    found.update((Path(text), None) for text in named if _is_pattern(text) and not _fitting(text))
    return list(found)


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Sort key under which numbers inside names count as numbers."""
    parts = re.split(r"(\d+)", str(path).casefold())
    return [(0, int(part[:18]), part) if part.isdecimal() else (1, 0, part) for part in parts]


def _nothing(named: list[str]) -> LycurgusError:
    if not named:
        return LycurgusError("no micrograph was found", hint="name a file, a folder with micrographs, or a pattern such as images/*.tif")
    if _is_pattern(named[0]):
        return LycurgusError(f"no file fits the pattern {named[0]}", hint="check the folder and the extension")
    return ReadError(named[0], "holds no micrograph", hint="search the folders inside it too, or choose another folder")


def _expand(named: str, *, recursive: bool) -> Iterator[Path]:
    path = Path(named).expanduser()
    if path.is_dir():
        yield from _in_folder(path, recursive=recursive)
    elif _is_pattern(named):
        yield from _without_companions(_fitting(named))
    else:
        yield path


def _is_pattern(named: str) -> bool:
    """Tell a pattern from a file whose name has brackets in it."""
    return glob.has_magic(named) and not os.path.lexists(Path(named).expanduser())


def _fitting(pattern: str) -> list[Path]:
    matches = glob.glob(str(Path(pattern).expanduser()), recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
    return sorted((match for match in map(Path, matches) if not match.is_dir()), key=natural_key)


def _in_folder(folder: Path, *, recursive: bool) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir(), key=natural_key)
    except OSError:
        yield folder
        return
    visible = [entry for entry in entries if not entry.name.startswith(".")]
    if is_report(entry.name for entry in entries):
        visible = [entry for entry in visible if entry.name not in REPORT_FOLDERS]
    readable = [entry for entry in visible if is_gathered(entry) and not entry.is_dir()]
    yield from _without_companions(readable)
    if recursive:
        for entry in visible:
            # A link to a folder may lead back to where the search began.
            if entry.is_dir() and not entry.is_symlink():
                yield from _in_folder(entry, recursive=True)


def is_report(names: Iterable[str]) -> bool:
    """Tell from the names in it a folder that a report was written to: its overlays and labels are pictures, but no micrographs."""
    there = set(names)
    return bool(there & REPORT_FILES) or there >= {"overlays", "maps"}


def is_gathered(path: Path) -> bool:
    """Tell whether a file is taken from a folder, by its extension."""
    extension = path.suffix.lower()
    return extension in EXTENSIONS and extension not in _ONLY_WHEN_NAMED


def owners(files: Iterable[Path]) -> dict[Path, Path]:
    """Return the ser files whose emi file is among the files, each with that emi file, which is what is read."""
    listed = list(files)
    experiments = {(path.parent, path.stem.casefold()): path for path in listed if path.suffix.lower() == ".emi"}
    series = [path for path in listed if path.suffix.lower() == ".ser"]
    stems = {path: (path.parent, emi_stem(path) or "") for path in series}
    return {path: experiments[stem] for path, stem in stems.items() if stem in experiments}


def _without_companions(files: list[Path]) -> Iterator[Path]:
    """Leave out what belongs to another file of the list: an emi's ser files, a Hitachi image's text file."""
    companions = owners(files)
    pictures = {path.with_suffix("") for path in files if path.suffix.lower() != ".txt"}
    for path in files:
        if path in companions:
            continue
        if path.suffix.lower() == ".txt" and path.with_suffix("") in pictures and hitachi.is_sidecar(path):
            continue
        yield path
