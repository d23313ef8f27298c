"""The tree into which erosion divides a region: which of its branches yielded a marker."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """Where a branch of the tree begins: one pixel of a part at a depth."""

    depth: int
    y: int
    x: int


class Tree:
    """Which branches of a region yielded a marker."""

    ROOT = 0

    def __init__(self) -> None:
        self._parents = [-1]
        self._places = [Place(0, 0, 0)]
        self._fruitful = [False]

    def add(self, parent: int, place: Place) -> int:
        self._parents.append(parent)
        self._places.append(place)
        self._fruitful.append(False)
        return len(self._parents) - 1

    def mark_fruitful(self, node: int) -> None:
        while node >= 0 and not self._fruitful[node]:
            self._fruitful[node] = True
            node = self._parents[node]

    def fruitless(self) -> list[Place]:
        """Where the topmost branches without a marker begin."""
        if not self._fruitful[self.ROOT]:
            return [self._places[self.ROOT]]
        nodes = zip(self._places, self._parents, self._fruitful, strict=True)
        return [place for place, parent, fruitful in nodes if not fruitful and self._fruitful[parent]]
