"""What belongs into a model folder: which files, under which names, how large; everything else is refused or left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Protocol

from lycurgus.inference.catalog import LARGEST_MODEL_BYTES
from lycurgus.inference.golden import LARGEST_GOLDEN_BYTES
from lycurgus.inference.manifest import GOLDEN_FILE, HALF_FILE, LARGEST_MANIFEST_BYTES, MANIFEST_FILE, MODEL_FILE
from lycurgus.services.reserved import is_reserved

LARGEST_FILES: Mapping[str, int] = {
    MANIFEST_FILE: LARGEST_MANIFEST_BYTES,
    MODEL_FILE: LARGEST_MODEL_BYTES,
    HALF_FILE: LARGEST_MODEL_BYTES,
    GOLDEN_FILE: LARGEST_GOLDEN_BYTES,
}
"""The files that the application reads, each with the most bytes it may have."""

DOCUMENT_SUFFIXES = frozenset({".md", ".txt", ".png", ".jpg", ".jpeg", ".csv", ".json"})
DOCUMENT_NAMES = frozenset({"LICENSE", "LICENCE", "COPYING", "NOTICE"})
"""What else may stand beside them: the card, its pictures, licences."""

LARGEST_DOCUMENT_BYTES = 16 << 20
LARGEST_DOCUMENTS_BYTES = 64 << 20
"""All of them together."""

MOST_ENTRIES = 1000
DEEPEST = 4
LONGEST_NAME = 120

_JUNK = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})
"""What desktops put into folders and archives."""

_NOT_ON_EVERY_SYSTEM = re.compile(r'[\x00-\x1f\x7f<>:"|?*]')


class RefusedError(ValueError):
    """Something is not taken; the message says what and why, a clause without a full stop."""


class Opened(Protocol):
    """Opens an entry for reading."""

    def __call__(self) -> AbstractContextManager[IO[bytes]]: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a source.

    Attributes
    ----------
    parts : its path as folders and name, checked.
    size_bytes : what the source says.
    """

    parts: tuple[str, ...]
    size_bytes: int
    open: Opened

    @property
    def name(self) -> str:
        return "/".join(self.parts)


def safe_parts(name: str) -> tuple[str, ...]:
    """Take a path from elsewhere apart into names that stay in the folder they are put into, under every system.

    Raises
    ------
    RefusedError
        It is absolute, leads upwards, or has a part that is no file name everywhere.
    """
    text = name.replace("\\", "/").removesuffix("/")
    if text.startswith("/") or re.match(r"[A-Za-z]:", text):
        raise RefusedError(f"{_shown(name)} is an absolute path")
    parts = tuple(part for part in text.split("/") if part != ".")
    if ".." in parts:
        raise RefusedError(f"{_shown(name)} leads out of the folder")
    if not parts or len(parts) > DEEPEST:
        raise RefusedError(f"{_shown(name)} is empty or lies deeper than {DEEPEST} folders")
    for part in parts:
        if not part or part[-1] in " ." or len(part) > LONGEST_NAME or is_reserved(part) or _NOT_ON_EVERY_SYSTEM.search(part):
            raise RefusedError(f"{_shown(name)} is no file name that every system can have")
        if not part.isprintable():
            # Half of a pair of surrogates, or marks that turn the direction of writing.
            raise RefusedError(f"{_shown(name)} cannot be shown")
    return parts


def chosen(entries: Sequence[Entry]) -> tuple[list[Entry], list[str]]:
    """Choose the files of a model among those of a source, and return them with paths from its folder, and what was left out.

    The model is the folder of the only ``manifest.json``; an archive may hold it at any depth.

    Raises
    ------
    RefusedError
        There is no model, or more than one; two files have one name; something is too large.
    """
    files = [entry for entry in entries if not _is_junk(entry)]
    _refuse_twins(files)
    manifests = [entry for entry in files if entry.parts[-1] == MANIFEST_FILE]
    if not manifests:
        raise RefusedError(f"there is no {MANIFEST_FILE} in it, so it holds no model")
    if len(manifests) > 1:
        raise RefusedError(f"there are {len(manifests)} models in it; add them one by one")
    base = manifests[0].parts[:-1]
    inside = [Entry(entry.parts[len(base) :], entry.size_bytes, entry.open) for entry in files if entry.parts[: len(base)] == base]
    taken = [entry for entry in inside if entry.name in LARGEST_FILES or _is_document(entry)]
    _refuse_large(taken)
    names = {(*base, *entry.parts) for entry in taken}
    return taken, [entry.name for entry in files if entry.parts not in names]


def _is_junk(entry: Entry) -> bool:
    return any(part.startswith(".") or part in _JUNK for part in entry.parts)


def _is_document(entry: Entry) -> bool:
    name = entry.parts[-1]
    return PurePosixPath(name).suffix.lower() in DOCUMENT_SUFFIXES or name in DOCUMENT_NAMES


def _refuse_twins(files: Iterable[Entry]) -> None:
    """Refuse names that differ in case alone: under Windows and macOS the later file would take the earlier one's place."""
    seen: set[str] = set()
    for entry in files:
        folded = entry.name.casefold()
        if folded in seen:
            raise RefusedError(f"{_shown(entry.name)} is in it twice")
        seen.add(folded)


def _refuse_large(taken: Iterable[Entry]) -> None:
    documents = 0
    for entry in taken:
        most = LARGEST_FILES.get(entry.name, LARGEST_DOCUMENT_BYTES)
        if entry.size_bytes > most:
            raise RefusedError(f"{entry.name} unpacks to {entry.size_bytes >> 20:,} MB, more than {most >> 20} MB")
        documents += entry.size_bytes if entry.name not in LARGEST_FILES else 0
    if documents > LARGEST_DOCUMENTS_BYTES:
        raise RefusedError(f"its documents have {documents >> 20:,} MB together, more than {LARGEST_DOCUMENTS_BYTES >> 20} MB")


def _shown(name: str) -> str:
    """Quote a name without what would disturb a terminal."""
    return ascii(name[:LONGEST_NAME])
