"""Dividing a sample: images belong together by their folder, or by a part of their name."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from lycurgus.core.distribution import summarize_samples
from lycurgus.core.errors import ParameterError
from lycurgus.core.params import StatisticsParams
from lycurgus.core.sample import ImageSample
from lycurgus.exporters.base import Group
from lycurgus.readers.discover import natural_key

Image = TypeVar("Image", bound=Hashable)

NO_GROUP = "(no group)"
HINT = (
    "give 'folder', a regular expression such as 'dose_[0-9]+' or '^([A-Z]+)_' (its first bracket names the group), "
    "or patterns with * parted by commas such as 'blank*,dose*'"
)


@dataclass(frozen=True, slots=True)
class Grouping:
    """How images are told apart; reads "folder", wildcard patterns, or a regular expression."""

    text: str

    def __post_init__(self) -> None:
        if self.text != "folder" and not _wildcards(self.text):
            self._expression()

    def names(self, paths: Sequence[Path]) -> dict[Path, str]:
        """Name the group of each file.

        Folders are named from the first part on in which they differ. Of a regular expression the first bracket that takes part names
        the group, or all that it finds; files in which it finds nothing are a group of their own.

        Raises
        ------
        ParameterError
            The pattern is no regular expression.
        """
        if self.text == "folder":
            return _folders(paths)
        group_of = self._by_wildcards() if _wildcards(self.text) else self._by_expression()
        return {path: group_of(path.name) for path in paths}

    def _by_wildcards(self) -> Callable[[str], str]:
        patterns = _wildcards(self.text)
        return lambda name: next((one for one in patterns if fnmatchcase(name.casefold(), one.casefold())), NO_GROUP)

    def _by_expression(self) -> Callable[[str], str]:
        expression = self._expression()

        def group_of(name: str) -> str:
            found = expression.search(name)
            if found is None:
                return NO_GROUP
            return next((part for part in found.groups() if part), "") or found.group() or NO_GROUP

        return group_of

    def _expression(self) -> re.Pattern[str]:
        try:
            return re.compile(self.text)
        except re.error as error:
            raise ParameterError(f"'{self.text}' cannot be used to group images ({error})", hint=HINT) from error


def summarise_groups(samples: Mapping[str, ImageSample], groups: Mapping[str, str], statistics: StatisticsParams) -> tuple[Group, ...]:
    """Summarise each group by itself, in the natural order of their names.

    Parameters
    ----------
    samples : image -> its numbers, in the order of the report.
    groups : image -> its group.
    """
    return tuple(
        Group(name, tuple(images), summarize_samples([samples[image] for image in images], statistics))
        for name, images in members_of(samples, groups).items()
    )


def members_of(images: Iterable[Image], groups: Mapping[Image, str]) -> dict[str, list[Image]]:
    """List the images of each group, groups in the natural order of their names, what belongs to none at last."""
    members: dict[str, list[Image]] = {}
    for image in images:
        members.setdefault(groups[image], []).append(image)
    return {name: members[name] for name in sorted(members, key=lambda name: (name == NO_GROUP, natural_key(Path(name))))}


def _wildcards(text: str) -> tuple[str, ...]:
    """Take "blank*, dose*" apart; nothing where the text has what only regular expressions have."""
    if "*" not in text or re.search(r"[\\^$+(){}|]|\.\*|\]\*", text):
        return ()
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _folders(paths: Sequence[Path]) -> dict[Path, str]:
    parents = {path: Path(path).absolute().parent.parts for path in paths}
    common = 0
    for parts in zip(*parents.values(), strict=False):
        if len(set(parts)) > 1:
            break
        common += 1
    # Images that lie above all others' folders are named by their own folder.
    return {path: "/".join(parts[common:]) or (parts[-1] if parts else NO_GROUP) for path, parts in parents.items()}
