"""The erosion tree behind UECS: one region eroded until its parts are convex, and each part grown back.

The structuring element alternates between the 3 x 3 cross and the 3 x 3 square, so that erosion proceeds as an octagon, nearly
as fast in every direction. Depth counts steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import pi, sqrt
from typing import cast

import cv2
import numpy as np

from lycurgus.core.outline import along, convexities
from lycurgus.core.progress import CancelToken, never
from lycurgus.core.separate.contours import Chain
from lycurgus.core.separate.front import Contour, Front, dilate, erode
from lycurgus.core.separate.regions import regions_of
from lycurgus.core.separate.tree import Place, Tree
from lycurgus.core.sheet import sheet_of
from lycurgus.core.types import BBox, Mask

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
    erosions, trees = [Erosion() for _ in regions], [Tree() for _ in regions]
    front, depth = Front(regions), 0
    while front.pieces:
        cancel.check()
        start, depth = depth, depth + max(1, depth // _EVERY_STEP_PX)
        least_radius_px = max(sqrt(smallest_px / pi) - depth, 0)
        found, small = front.erode(start, depth, smallest_px)
        for contour in small:
            erosions[contour.piece.region].too_small += contour.area_px >= pi * least_radius_px**2
        siblings = Counter(contour.place for contour in found)
        values = convexities_of([contour.chain for contour in found], enough=threshold) if found else []
        remaining: list[tuple[Contour, int]] = []
        for contour, value in zip(found, values, strict=True):
            piece, tree = contour.piece, trees[contour.piece.region]
            if value >= threshold:
                tree.mark_fruitful(piece.branch)
                bbox, mask = front.cut(contour)
                erosions[piece.region].markers.append(Part(bbox, mask.astype(np.bool_), depth))
            elif siblings[contour.place] > 1:
                x, y = contour.chain[0, 0].tolist()
                remaining.append((contour, tree.add(piece.branch, Place(depth, y + piece.y0, x + piece.x0))))
            else:
                remaining.append((contour, piece.branch))
        front.go_on_with(remaining)
    for erosion, tree in zip(erosions, trees, strict=True):
        erosion.lost = tree.fruitless()
        if not erosion.markers:
            erosion.too_small = 0
    return tuple(erosions)


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


def regrow(part: Part) -> Part:
    """Dilate a part by as many steps as its region was eroded."""
    return regrow_all([part])[0][0]


def regrow_all(parts: Sequence[Part]) -> list[tuple[Part, Chain]]:
    """Dilate each part by as many steps as its region was eroded, all parts of one depth in one go.

    The results lie within their regions by themselves: eroding and dilating by the same elements is an opening, and an opening never
    leaves the set it began with. So dilating step by step under the region's mask gives the same pixels.

    Returns
    -------
    Each part, grown, in its region's coordinates, and the chain of its border pixels, (n, 1, 2) int32 (x, y) from anywhere.
    """
    grown: dict[int, tuple[Part, Chain]] = {}
    by_depth: dict[int, list[int]] = {}
    for i, part in enumerate(parts):
        by_depth.setdefault(part.depth, []).append(i)
    for depth, members in by_depth.items():
        sheet, layout = sheet_of([parts[i].mask for i in members], margin=depth)
        dilate(sheet, depth)
        chains = cast("Sequence[Chain]", cv2.findContours(sheet, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0])
        x, y = np.array([chain[0, 0] for chain in chains]).T
        masks = list(layout.crops(sheet))
        for place, chain in zip(layout.owners(y, x).tolist(), chains, strict=True):
            y0, x0, y1, x1 = parts[members[place]].bbox
            bbox = BBox(y0 - depth, x0 - depth, y1 + depth, x1 + depth)
            grown[members[place]] = Part(bbox, masks[place].astype(np.bool_), 0), chain
    return [grown[i] for i in range(len(parts))]


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
