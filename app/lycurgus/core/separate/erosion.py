"""The erosion tree behind UECS: one region eroded until its parts are convex, and each part grown back.

The structuring element alternates between the 3 x 3 cross and the 3 x 3 square, so that erosion proceeds as an octagon, nearly
as fast in every direction. Depth counts steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import pi, sqrt
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.outline import along, convexities
from lycurgus.core.progress import CancelToken, never
from lycurgus.core.separate.contours import NO_CONTOURS, Chain, Contours, contours_of
from lycurgus.core.separate.regions import moved, regions_of
from lycurgus.core.types import BBox, Mask

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_SQUARE = cv2.getStructuringElement(cv2.MORPH_RECT, (3, 3))
_EVERY_STEP_PX = 64
_SHORT_CHAIN, _SURELY_BELOW = 100, 0.1


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


def erode_until_convex(
    regions: Sequence[Mask], *, threshold: float, smallest_px: float, cancel: CancelToken = never
) -> tuple[Erosion, ...]:
    """Erode regions that are not convex enough until each of their parts is.

    Each region is eroded by itself, all of them in step, so that the convexity of all parts of one depth is found in one pass.
    Every step is looked at down to a depth of 64, and beyond it every (depth / 64)th: a part as thick as that changes by less than 2 %
    between looks, and the number of looks stays in the hundreds for a region that fills the largest image.

    Parameters
    ----------
    regions : (h, w) bool each, one 8-connected region, known to be below the threshold.
    threshold : the least convexity of a marker.
    smallest_px : the least area of a marker.

    Returns
    -------
    One for each region.

    Raises
    ------
    Cancelled
    """
    windows = [_Window(region) for region in regions]
    alive, depth = windows, 0
    while alive:
        start, depth = depth, depth + max(1, depth // _EVERY_STEP_PX)
        chains: list[Chain] = []
        for window in alive:
            cancel.check()
            window.erode(start, depth, smallest_px)
            chains += window.contours.outer
        values = iter(convexities_of(chains, enough=threshold))
        for window in alive:
            window.settle([value >= threshold for value in islice(values, len(window.contours.outer))], depth)
        alive = [window for window in alive if window.live.size]
    return tuple(window.result() for window in windows)


def convexities_of(chains: Sequence[Chain], *, enough: float) -> list[float]:
    """Convexity of the regions that these chains of border pixels enclose, or a bound or estimate on the same side of enough.

    Most of what is eroded is far from convex, and a polygon through every eighth border pixel shows it at a twentieth of the cost. It
    decides only where it is lower by 0.1: the smoothed outline would have to be more than a tenth shorter than that polygon.
    """
    values = [_rough_convexity(chain) for chain in chains]
    unsure = [i for i, value in enumerate(values) if value >= enough - _SURELY_BELOW]
    if unsure:
        for i, value in zip(unsure, convexities(along([chains[i] for i in unsure]), enough=enough).tolist(), strict=True):
            values[i] = value
    return values


def _rough_convexity(chain: Chain) -> float:
    """Convexity of the polygon through every eighth border pixel; 1, unmeasured, for short borders."""
    if len(chain) < _SHORT_CHAIN:
        return 1.0
    polygon = np.ascontiguousarray(chain[::8])
    return cv2.arcLength(cv2.convexHull(polygon), True) / cv2.arcLength(polygon, True)


def erode(mask: Mask | NDArray[np.uint8], start: int, stop: int) -> NDArray[np.uint8]:
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
    reach, (height, width) = part.depth, part.mask.shape
    grown = np.zeros((height + 2 * reach, width + 2 * reach), dtype=np.uint8)
    grown[reach : reach + height, reach : reach + width] = part.mask
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


class _Window:
    """One region on the way: the part of it that erosion still works on, and the branch of the tree that each pixel belongs to.

    Attributes
    ----------
    live : (h, w) uint8, 0 or 1; empty once nothing is left to do.
    contours : of its regions at the present depth, those that are large enough.
    """

    def __init__(self, region: Mask) -> None:
        self.live = np.ascontiguousarray(region).view(np.uint8)
        self.contours = NO_CONTOURS
        self._branches: NDArray[np.int32] | None = None
        self._y0 = self._x0 = 0
        self._tree = _Tree()
        self._erosion = Erosion()

    def erode(self, start: int, stop: int, smallest_px: float) -> None:
        """Erode from one depth to the next, and drop what is too small."""
        self.live = erode(self.live, start, stop)
        found = contours_of(self.live)
        small = [i for i, area_px in enumerate(found.areas_px) if area_px < smallest_px]
        if small:
            least_radius_px = max(sqrt(smallest_px / pi) - stop, 0)
            self._erosion.too_small += sum(found.areas_px[i] >= pi * least_radius_px**2 for i in small)
            for i in small:
                found.paint(self.live, i, 0)
            found = found.without(small)
        self.contours = found

    def settle(self, convex: Sequence[bool], depth: int) -> None:
        """Take out the parts that are convex as markers, and go on with the rest."""
        contours, self.contours = self.contours, NO_CONTOURS
        if len(convex) == 1 and not convex[0]:
            self._shrink_to(contours.outer)
            return
        branches = [self._branch_of(chain) for chain in contours.outer]
        siblings = Counter(branches)
        for i, branch in enumerate(branches):
            if convex[i]:
                self._tree.mark_fruitful(branch)
                bbox, mask = contours.cut(i, self.live)
                self._erosion.markers.append(Part(moved(bbox, self._y0, self._x0), mask, depth))
                self.live[bbox.slices] -= mask.view(np.uint8)
            elif siblings[branch] > 1:
                self._begin_branch(contours, i, branch, depth)
        self._shrink_to([chain for chain, is_convex in zip(contours.outer, convex, strict=True) if not is_convex])

    def result(self) -> Erosion:
        self._erosion.lost = self._tree.fruitless()
        if not self._erosion.markers:
            self._erosion.too_small = 0
        return self._erosion

    def _branch_of(self, chain: Chain) -> int:
        if self._branches is None:
            return _Tree.ROOT
        x, y = chain[0, 0]
        return int(self._branches[y, x])

    def _begin_branch(self, contours: Contours, index: int, parent: int, depth: int) -> None:
        if self._branches is None:
            self._branches = np.zeros(self.live.shape, dtype=np.int32)
        x, y = contours.outer[index][0, 0].tolist()
        contours.paint(self._branches, index, self._tree.add(parent, Place(depth, y + self._y0, x + self._x0)))

    def _shrink_to(self, chains: Sequence[Chain]) -> None:
        if not chains:
            self.live, self._branches = self.live[:0], None
            return
        boxes = [cv2.boundingRect(chain) for chain in chains]
        x0, y0 = min(box[0] for box in boxes), min(box[1] for box in boxes)
        x1, y1 = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
        if 3 * (x1 - x0) * (y1 - y0) > 2 * self.live.size:
            return
        self.live = np.ascontiguousarray(self.live[y0:y1, x0:x1])
        if self._branches is not None:
            self._branches = np.ascontiguousarray(self._branches[y0:y1, x0:x1])
        self._y0, self._x0 = self._y0 + y0, self._x0 + x0


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
