"""Names for inputs: one unambiguous name for every table, one file stem that no other input's outputs overwrite."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lycurgus.readers.discover import natural_key
from lycurgus.services.reserved import is_reserved

MAX_STEM_BYTES = 180
"""File systems allow 255 bytes a name; this leaves room for suffixes and for a number that makes the stem unique."""


@dataclass(frozen=True, slots=True)
class NamedInput:
    """A file and how it is called.

    Attributes
    ----------
    image : in tables; the file name, with as many folders before it as make it unique.
    stem : of the files written for it.
    """

    path: Path
    image: str
    stem: str


def name_inputs(paths: Sequence[Path]) -> tuple[NamedInput, ...]:
    """Name files so that no two share a name or, on any file system, a stem; the same file given twice counts once."""
    unique = tuple({_absolute(path): path for path in paths}.values())
    images = _shortest_unique_names(unique)
    return tuple(NamedInput(path, image, stem) for path, image, stem in zip(unique, images, _unique_stems(unique, images), strict=True))


class GrowingNames:
    """Names for files of which more come; at any moment those that ``name_inputs`` gives all of them, in natural order."""

    def __init__(self) -> None:
        self._named: dict[Path, NamedInput] = {}
        self._taken: set[str] = set()

    @property
    def inputs(self) -> tuple[NamedInput, ...]:
        return tuple(self._named.values())

    def __getitem__(self, path: Path) -> NamedInput:
        return self._named[path]

    def __contains__(self, path: Path) -> bool:
        return path in self._named

    def add(self, path: Path) -> tuple[NamedInput, ...]:
        """Name one more file; returns the others that have another stem now, because of it."""
        if path in self._named:
            return ()
        words = {_folded(word) for word in (path.name, path.stem, _safe(path.stem))}
        if words & self._taken:
            return self._name_anew([*self._named, path])
        # Nobody has a name like it: the usual case, and thousands of others need not be looked at.
        self._named[path] = NamedInput(path, path.name, _safe(path.stem))
        self._taken |= words
        return ()

    def remove(self, path: Path) -> tuple[NamedInput, ...]:
        """Take a file out; returns the others that have another stem now."""
        if path not in self._named:
            return ()
        return self._name_anew([one for one in self._named if one != path])

    def _name_anew(self, paths: Sequence[Path]) -> tuple[NamedInput, ...]:
        before = self._named
        inputs = name_inputs(sorted(paths, key=natural_key))
        self._named = {one.path: one for one in inputs}
        self._taken = {_folded(word) for one in inputs for word in (one.path.name, one.path.stem, one.stem)}
        return tuple(one for one in inputs if one.path in before and before[one.path].stem != one.stem)


def _shortest_unique_names(paths: Sequence[Path]) -> list[str]:
    """Take the last part of each path, and one folder more for as long as names collide."""
    parts = [_absolute(path).parts for path in paths]
    depth = [1] * len(parts)
    while True:
        names = ["/".join(own[-count:]) for own, count in zip(parts, depth, strict=True)]
        seen = Counter(names)
        colliding = [index for index, name in enumerate(names) if seen[name] > 1]
        if not colliding:
            return names
        for index in colliding:
            depth[index] += 1


def _unique_stems(paths: Sequence[Path], images: Sequence[str]) -> list[str]:
    """Prefer the plain stem, then the stem with its suffix, then the whole short name; a number as the last resort."""
    plain = Counter(_folded(path.stem) for path in paths)
    suffixed = Counter(_folded(path.name) for path in paths)
    taken: set[str] = set()
    stems = []
    for path, image in zip(paths, images, strict=True):
        if plain[_folded(path.stem)] == 1:
            wanted = path.stem
        elif suffixed[_folded(path.name)] == 1:
            wanted = path.name.replace(".", "_")
        else:
            wanted = image.replace("/", "_").replace(".", "_")
        wanted = _safe(wanted)
        stem, number = wanted, 2
        while _folded(stem) in taken:
            stem, number = f"{wanted}_{number}", number + 1
        taken.add(_folded(stem))
        stems.append(stem)
    return stems


def _absolute(path: Path) -> Path:
    # Not Path.resolve: two links to one picture are two inputs, for whoever made them meant two.
    return Path(os.path.abspath(path))  # noqa: PTH100


def _folded(name: str) -> str:
    """Names that differ in case alone, or in how accents are encoded, are one file on Windows or macOS."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _safe(stem: str) -> str:
    """Replace what some file system refuses, and shorten what is too long, keeping it unique by a hash of the whole."""
    clean = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", stem).strip(" .") or "image"
    if is_reserved(clean):
        clean = f"image_{clean}"
    encoded = clean.encode("utf-8", "replace")
    if len(encoded) <= MAX_STEM_BYTES:
        return clean
    digest = hashlib.sha256(encoded).hexdigest()[:8]
    return f"{encoded[: MAX_STEM_BYTES - 9].decode('utf-8', 'ignore')}-{digest}"
