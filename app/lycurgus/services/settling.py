"""Is this file complete? A state machine that is told what a folder looks like, and knows neither clock nor disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lycurgus.services.fingerprint import Fingerprint

STILL_LOOKS = 2
"""Looks in a row at which a file was as at the look before, until it is taken for complete."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a look at a file tells.

    Attributes
    ----------
    file : its size and time; sizes and times are only ever compared for being equal, so that clocks may jump.
    beside : size and time of what belongs to it (the ser files of an emi, the text file of an SEM image), summed; None without any.
    """

    file: Fingerprint
    beside: Fingerprint | None = None


class Settling:
    """Follows files from their first sight to completeness, once for each version of each.

    A version that was handed out is not handed out again; a file that changes, or goes and comes back changed, is.
    """

    def __init__(self, handled: Mapping[Path, Sight] | None = None) -> None:
        self._handled: dict[Path, Sight] = dict(handled or {})
        self._waiting: dict[Path, tuple[Sight, int]] = {}

    @property
    def n_waiting(self) -> int:
        """Files that are there and not yet complete."""
        return len(self._waiting)

    @property
    def is_settling(self) -> bool:
        """Whether looks will show more: a file of 0 bytes may stay one for ever."""
        return any(sight.file.size > 0 for sight, _ in self._waiting.values())

    def look(self, sights: Mapping[Path, Sight]) -> list[Path]:
        """Take in what is there now and return what is complete since this look, in the order given.

        Files of 0 bytes are announcements: they are never complete.
        """
        for path in [path for path in self._waiting if path not in sights]:
            del self._waiting[path]
        complete = []
        for path, sight in sights.items():
            if self._handled.get(path) == sight:
                # Back to what is known already, after a copy onto itself for instance.
                self._waiting.pop(path, None)
                continue
            before, still = self._waiting.get(path, (None, 0))
            still = still + 1 if sight == before else 0
            if still >= STILL_LOOKS and sight.file.size > 0:
                self._handled[path] = sight
                self._waiting.pop(path, None)
                complete.append(path)
            else:
                self._waiting[path] = (sight, min(still, STILL_LOOKS))
        return complete

    def handled(self, path: Path) -> Sight | None:
        """Return the version of a file that was handed out last."""
        return self._handled.get(path)

    def again(self, path: Path) -> None:
        """Forget that a file was handed out, so that it is as soon as it is still again."""
        self._handled.pop(path, None)
