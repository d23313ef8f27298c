"""The finished parts of a study, kept on the disk: a study that was stopped goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from lycurgus.core.errors import ReadError
from lycurgus.exporters.json import write_json

Figures = dict[str, Any]


class Cells:
    """One JSON file for each combination that was studied, named by everything that decides its figures.

    Attributes
    ----------
    seconds : spent on the cells that were asked for, whenever they were made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.seconds = 0.0

    def get(self, name: str, key: Mapping[str, Any], make: Callable[[], Figures]) -> Figures:
        """Return the figures of a cell, made now if they are not there.

        Parameters
        ----------
        name : for people.
        key : plain data; other data are another cell.

        Raises
        ------
        ReadError
            The file of the cell is damaged.
        """
        path = self._folder / f"{identifier(name, key)}.json"
        if path.exists():
            try:
                document = json.loads(path.read_text(encoding="utf-8"))
                figures: Figures = document["figures"]
                self.seconds += document["seconds"]
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise ReadError(path, "is no finished part of a study", hint="delete it, and it is made again") from error
            return figures
        started = perf_counter()
        figures = make()
        seconds = round(perf_counter() - started, 2)
        self.seconds += seconds
        write_json(path, {"name": name, "key": dict(key), "figures": figures, "seconds": seconds})
        return figures


def identifier(name: str, key: Mapping[str, Any]) -> str:
    """Return a file name that says for people what it is, and for programs exactly what."""
    digest = hashlib.sha256(json.dumps({"name": name, **key}, sort_keys=True).encode()).hexdigest()[:12]
    return f"{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')[:60]}-{digest}"
