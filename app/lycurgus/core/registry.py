"""Plug-in tables: a name and where its object lives, imported when it is first used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Generic, TypeVar

from lycurgus.core.errors import UnknownNameError

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """A read-only table of plug-ins, in the order in which they are offered.

    Parameters
    ----------
    kind : what is listed, in the singular, for messages ("detector").
    entries : name -> "module:class"; the class is called without arguments on first use.
    """

    def __init__(self, kind: str, entries: Mapping[str, str]) -> None:
        self.kind = kind
        self._entries = dict(entries)
        self._made: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._made:
            if name not in self._entries:
                raise UnknownNameError(f"there is no {self.kind} called '{name}'", hint=f"choose one of {', '.join(self)}")
            module, attribute = self._entries[name].split(":")
            self._made[name] = getattr(import_module(module), attribute)()
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def modules(self) -> tuple[str, ...]:
        """Return the modules that the table may import: what a frozen application has to carry."""
        return tuple(dict.fromkeys(target.split(":")[0] for target in self._entries.values()))
