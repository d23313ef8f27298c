"""The erosion tree behind UECS: one region eroded until its parts are convex, and each part grown back.

The structuring element alternates between the 3 x 3 cross and the 3 x 3 square, so that erosion proceeds as an octagon, nearly
as fast in every direction. Depth counts steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import pi, sqrt
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.outline import convexity
from lycurgus.core.progress import CancelToken, never
from lycurgus.core.separate.regions import Regions, regions_of
from lycurgus.core.types import BBox, Mask

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_SQUARE = cv2.getStructuringElement(cv2.MORPH_RECT, (3, 3))
_EVERY_STEP_PX = 64


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A connected part of an eroded region.

    Attributes
    ----------
    bbox : in the region's coordinates.
    mask : (h, w) bool, cropped to the box.
    depth : by how many steps the region was eroded.
    """

    bbox: BBox
    mask: Mask
    depth: int


class Place(NamedTuple):
    """Where a branch of the tree begins: one pixel of a part at a depth."""

    depth: int
    y: int
    x: int


@dataclass(slots=True, eq=False)
class Erosion:
    """What ultimate erosion leaves of a region.

    Attributes
    ----------
    markers : convex enough and large enough, never within each other.
    lost : branches that split off and yielded no marker; where the whole region yielded none, it is the only one (depth 0).
    too_small : parts under the smallest marker that would have grown back to more than it; lesser crumbs are ragged edge.
    """

    markers: list[Part] = field(default_factory=list)
    lost: list[Place] = field(default_factory=list)
    too_small: int = 0


def erode_until_convex(region: Mask, *, threshold: float, smallest_px: float, cancel: CancelToken = never) -> Erosion:
    """Erode a region that is not convex enough until each of its parts is.

    Every step is looked at down to a depth of 64, and beyond it every (depth / 64)th: a part as thick as that changes by less than 2 %
    between looks, and the number of looks stays in the hundreds for a region that fills the largest image.

    Parameters
    ----------
    region : (h, w) bool, one 8-connected region, known to be below the threshold.
    threshold : the least convexity of a marker.
    smallest_px : the least area of a marker.

    Raises
    ------
    Cancelled
    """
    erosion, tree = Erosion(), _Tree()
    pending = [_Pending(regions_of(region), 0, 0, 0, 0, _Tree.ROOT)]
    while pending:
        cancel.check()
        part, node = pending.pop().cut()
        if part.depth and convexity(part.mask) >= threshold:
            erosion.markers.append(part)
            tree.mark_fruitful(node)
            continue
        depth = part.depth + max(1, part.depth // _EVERY_STEP_PX)
        eroded = regions_of(erode(part.mask, part.depth, depth))
        kept = np.flatnonzero(eroded.areas_px >= smallest_px)
        erosion.too_small += _count_worth_mentioning(np.delete(eroded.areas_px, kept), depth, smallest_px)
        # The largest is taken last: by then nothing else needs its parent's labels, and memory stays at a few planes.
        for index in kept[np.argsort(-eroded.areas_px[kept], kind="stable")].tolist():
            child = _Pending(eroded, index, part.bbox.y0, part.bbox.x0, depth, node)
            pending.append(child if len(kept) == 1 else child.as_branch(tree))
    erosion.lost = tree.fruitless()
    if not erosion.markers:
        erosion.too_small = 0
    return erosion


def erode(mask: Mask, start: int, stop: int) -> NDArray[np.uint8]:
    """Erode from one depth to another; what lies outside the array is background."""
    crosses, squares = _elements(start, stop)
    eroded = np.ascontiguousarray(mask).view(np.uint8)
    out = np.empty_like(eroded)
    for element, times in ((_CROSS, crosses), (_SQUARE, squares)):
        if times:
            cv2.erode(eroded, element, out, iterations=times, borderType=cv2.BORDER_CONSTANT, borderValue=0)
            eroded = out
    return eroded


def regrow(part: Part) -> Part:
    """Dilate a part by as many steps as its region was eroded.

    The result lies within the region by itself: eroding and dilating by the same elements is an opening, and an opening never leaves
    the set it began with. So dilating step by step under the region's mask gives the same pixels.
    """
    crosses, squares = _elements(0, part.depth)
    grown = np.pad(part.mask, part.depth).view(np.uint8)
    for element, times in ((_CROSS, crosses), (_SQUARE, squares)):
        if times:
            cv2.dilate(grown, element, grown, iterations=times)
    y0, x0, y1, x1 = part.bbox
    return Part(BBox(y0 - part.depth, x0 - part.depth, y1 + part.depth, x1 + part.depth), grown.view(np.bool_), 0)


def parts_at(region: Mask, places: Sequence[Place]) -> Iterator[Part]:
    """Erode a region again, all of it, and cut out the parts that hold the given pixels."""
    eroded, depth = region, 0
    for wanted in sorted({place.depth for place in places}):
        eroded = erode(eroded, depth, wanted).view(np.bool_)
        depth = wanted
        found = regions_of(eroded)
        for place in places:
            if place.depth == depth:
                index = int(found.labels[place.y, place.x]) - 1
                yield Part(found.bbox(index), found.crop(index), depth)


def _elements(start: int, stop: int) -> tuple[int, int]:
    """How many crosses and squares lead from one depth to another: even depths are left by a cross, odd ones by a square."""
    return (stop + 1) // 2 - (start + 1) // 2, stop // 2 - start // 2


def _count_worth_mentioning(areas_px: NDArray[np.int32], depth: int, smallest_px: float) -> int:
    least_radius_px = sqrt(smallest_px / pi) - depth
    return int(np.count_nonzero(areas_px >= pi * max(least_radius_px, 0) ** 2))


@dataclass(frozen=True, slots=True, eq=False)
class _Pending:
    """A part that waits: its labels, its number among them, where their array lies in the region, and its branch."""

    siblings: Regions
    index: int
    y0: int
    x0: int
    depth: int
    node: int

    def cut(self) -> tuple[Part, int]:
        y0, x0, y1, x1 = self.siblings.bbox(self.index)
        box = BBox(y0 + self.y0, x0 + self.x0, y1 + self.y0, x1 + self.x0)
        return Part(box, self.siblings.crop(self.index), self.depth), self.node

    def as_branch(self, tree: _Tree) -> _Pending:
        box = self.siblings.bbox(self.index)
        column = int(np.argmax(self.siblings.labels[box.y0, box.x0 : box.x1] == self.index + 1))
        node = tree.add(self.node, Place(self.depth, box.y0 + self.y0, box.x0 + self.x0 + column))
        return _Pending(self.siblings, self.index, self.y0, self.x0, self.depth, node)


class _Tree:
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
