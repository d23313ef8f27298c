"""What lies in a watched folder at this moment: one look, by the rules by which folders are opened elsewhere."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lycurgus.readers.discover import REPORT_FOLDERS, is_gathered, is_report, natural_key, owners
from lycurgus.services.fingerprint import Fingerprint
from lycurgus.services.settling import Sight

_TEMPORARY_STARTS = (".", "~", "$")
_TEMPORARY_ENDS = (".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".download")
_SIDECAR = ".txt"


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen.

    Attributes
    ----------
    sights : images in natural order of their names.
    companions : files that belong to an image, each with that image.
    closed : subfolders that may not be searched.
    """

    sights: dict[Path, Sight]
    companions: dict[Path, Path] = field(default_factory=dict)
    closed: tuple[Path, ...] = ()


def look_into(folder: Path, *, recursive: bool = False, leave_out: Path | None = None) -> Look:
    """Look at all images of a folder.

    Hidden files, temporary names of programs that copy or save, files of reports, and links to folders are left out.

    Parameters
    ----------
    leave_out : a folder that is not searched: that of the results.

    Raises
    ------
    OSError
        The folder itself cannot be reached.
    """
    seen: dict[Path, Fingerprint] = {}
    closed: list[Path] = []
    waiting = [folder]
    while waiting:
        at = waiting.pop()
        try:
            waiting += _in_one(at, seen, recursive=recursive, leave_out=leave_out)
        except OSError:
            if at == folder:
                raise
            closed.append(at)
    images = [path for path in seen if path.suffix.lower() != _SIDECAR]
    companions = owners(images)
    belonging: dict[Path, list[Path]] = {}
    for companion, owner in companions.items():
        belonging.setdefault(owner, []).append(companion)
    sidecars = {path.with_suffix(""): path for path in seen if path.suffix.lower() == _SIDECAR}
    sights = {}
    for path in sorted((path for path in images if path not in companions), key=natural_key):
        beside = belonging.get(path, [])
        if (sidecar := sidecars.get(path.with_suffix(""))) is not None:
            beside = [*beside, sidecar]
        sights[path] = Sight(seen[path], _together([seen[one] for one in beside]))
    return Look(sights, companions, tuple(closed))


def _in_one(folder: Path, seen: dict[Path, Fingerprint], *, recursive: bool, leave_out: Path | None) -> Iterator[Path]:
    """Note the files of one folder, and return the folders in it that are to be searched."""
    with os.scandir(folder) as found:
        entries = list(found)
    reports = is_report(entry.name for entry in entries)
    below = []
    for entry in entries:
        path = folder / entry.name
        if entry.name.startswith(_TEMPORARY_STARTS) or path == leave_out or (reports and entry.name in REPORT_FOLDERS):
            continue
        if is_gathered(path) or path.suffix.lower() == _SIDECAR:
            if path.stem.lower().endswith(_TEMPORARY_ENDS):
                continue
            try:
                # Asked by name: what Windows tells with the list of a folder may be old while a file grows.
                facts = path.stat()
            except (OSError, ValueError):
                # Gone between the list and the question.
                continue
            if stat.S_ISREG(facts.st_mode):
                seen[path] = Fingerprint(facts.st_size, facts.st_mtime_ns)
                continue
        if recursive and entry.is_dir(follow_symlinks=False):
            below.append(path)
    return iter(below)


def _together(parts: list[Fingerprint]) -> Fingerprint | None:
    """One fingerprint that changes when any part does, or when one is added."""
    if not parts:
        return None
    return Fingerprint(sum(part.size for part in parts), sum(part.mtime_ns for part in parts) % (1 << 62))
