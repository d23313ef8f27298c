"""The user guide as it is shipped: its chapters and sections, what they say, and where their links lead."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from lycurgus.core.errors import LycurgusError
from lycurgus.resources import bundled_models, documentation

START = "user-guide.md"
"""The first chapter; its section ``CONTENTS`` names the others in their order."""
CONTENTS = "Chapters"

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*")
_FENCE = re.compile(r"\s*(```|~~~)")
_LINK = re.compile(r"!?\[([^\]]*)\]\(([^)\s]+)[^)]*\)")
_PICTURE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)[^)]*\)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_MARKUP = re.compile(r"[*`|]+|:?-{2,}:?")
_NOT_IN_ANCHOR = re.compile(r"[^\w\- ]")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it, up to the next heading.

    Attributes
    ----------
    level : 1 for the title of a chapter.
    anchor : as GitHub makes it of the title, so that a link works there and here.
    text : without markup, for searching.
    """

    title: str
    level: int
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """One file of the guide; the first of its sections is the title."""

    path: Path
    sections: tuple[Section, ...]

    @property
    def title(self) -> str:
        return self.sections[0].title

    def matching(self, words: str) -> list[Section]:
        """Return the sections in which every word occurs, the title of the chapter counting as part of each."""
        wanted = words.casefold().split()
        return [one for one in self.sections if all(word in f"{self.title} {one.title} {one.text}".casefold() for word in wanted)]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a link leads: a file, and the anchor of a heading in it or ""."""

    path: Path
    anchor: str = ""


def chapters() -> tuple[Chapter, ...]:
    """Return the chapters of the guide in their order.

    Raises
    ------
    LycurgusError
        The documentation was not shipped, or a file of it cannot be read.
    """
    folder = documentation()
    if folder is None:
        raise LycurgusError("the user guide is missing", hint="the installation is incomplete; install Lycurgus again")
    start = folder / START
    listed = [start]
    try:
        for line in _lines_of_contents(page_text(start)):
            for _, target in _LINK.findall(line):
                place = place_of(start, target)
                if place is not None and place.path not in listed and place.path.is_file():
                    listed.append(place.path)
        return tuple(Chapter(path, sections_of(page_text(path))) for path in listed)
    except OSError as error:
        raise LycurgusError(f"the user guide cannot be read: {error}", hint="install Lycurgus again") from error


def page_text(path: Path) -> str:
    """Return the Markdown of a page without its comments, which are for those who write it."""
    return _COMMENT.sub("", path.read_text(encoding="utf-8"))


def place_of(page: Path, target: str) -> Place | None:
    """Return where a link of a page leads; None for an address in the network.

    The bundled networks lie elsewhere in an installation than in the source: links to ``../models/exported`` are followed there.
    """
    if re.match(r"[a-z][a-z0-9+.-]+:", target, re.IGNORECASE):
        return None
    name, _, anchor = unquote(target).partition("#")
    if not name:
        return Place(page, anchor)
    path = (page.parent / name).resolve()
    in_models = name.partition("models/exported/")[2]
    models = bundled_models()
    if in_models and models is not None and not path.exists():
        path = models / in_models
    return Place(path, anchor)


def pictures_of(chapter: Chapter) -> list[Path]:
    """Return the files of the pictures that a chapter shows.

    Raises
    ------
    OSError
        The chapter cannot be read.
    """
    places = (place_of(chapter.path, target) for target in _PICTURE.findall(page_text(chapter.path)))
    return [place.path for place in places if place is not None]


def sections_of(text: str) -> tuple[Section, ...]:
    """Take a page apart at its headings; what stands above the first belongs to none."""
    found: list[tuple[str, int, list[str]]] = []
    for line, is_code in _lines(text):
        heading = None if is_code else _HEADING.fullmatch(line)
        if heading is not None:
            found.append((plain(heading[2]), len(heading[1]), []))
        elif found:
            found[-1][2].append(line)
    anchors = anchors_of([title for title, _, _ in found])
    return tuple(
        Section(title, level, anchor, plain(" ".join(lines))) for (title, level, lines), anchor in zip(found, anchors, strict=True)
    )


def anchors_of(titles: list[str]) -> list[str]:
    """Return the anchors of the headings of one page: lower case, hyphens for blanks, a number for the second of the same name."""
    seen: Counter[str] = Counter()
    anchors = []
    for title in titles:
        anchor = _NOT_IN_ANCHOR.sub("", title.strip().lower()).replace(" ", "-")
        anchors.append(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return anchors


def plain(markdown: str) -> str:
    """Take the markup out of a text."""
    return " ".join(_MARKUP.sub(" ", _LINK.sub(r"\1", markdown)).split())


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Every line, and whether it is part of a block of code, in which "#" begins a comment."""
    inside = False
    for line in text.splitlines():
        is_fence = _FENCE.match(line) is not None
        yield line, inside or is_fence
        inside ^= is_fence


def _lines_of_contents(text: str) -> Iterator[str]:
    """The lines of the section that lists the chapters."""
    inside = False
    for line, is_code in _lines(text):
        heading = None if is_code else _HEADING.fullmatch(line)
        if heading is not None:
            inside = heading[2] == CONTENTS
        elif inside:
            yield line
