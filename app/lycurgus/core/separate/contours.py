"""The regions of a mask by their contours: several times faster than labelling where a mask is looked at again and again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import BBox, Mask

Chain = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Contours:
    """The 8-connected regions of a mask, each by the pixels along its outer border and along its holes.

    Attributes
    ----------
    outer : for each region the chain of its border pixels, (n, 1, 2) int32 (x, y).
    holes : for each region the chains of its own pixels around its holes.
    areas_px : pixels of each region, its holes left out.
    """

    outer: list[Chain]
    holes: list[list[Chain]]
    areas_px: list[float]

    def __len__(self) -> int:
        return len(self.outer)

    def bbox(self, index: int) -> BBox:
        x0, y0, width, height = cv2.boundingRect(self.outer[index])
        return BBox(y0, x0, y0 + height, x0 + width)

    def paint(self, plane: NDArray[Any], index: int, value: int) -> None:
        """Write a value into all pixels of one region."""
        cv2.fillPoly(plane, [self.outer[index], *self.holes[index]], value)

    def cut(self, index: int) -> tuple[BBox, Mask]:
        """Return the box of one region and its mask, cropped to the box."""
        bbox = self.bbox(index)
        mask = np.zeros((bbox.height, bbox.width), dtype=np.uint8)
        cv2.fillPoly(mask, [self.outer[index], *self.holes[index]], 1, offset=(-bbox.x0, -bbox.y0))
        return bbox, mask.view(np.bool_)

    def without(self, left_out: Collection[int]) -> Contours:
        kept = sorted(set(range(len(self.outer))).difference(left_out))
        return Contours([self.outer[i] for i in kept], [self.holes[i] for i in kept], [self.areas_px[i] for i in kept])


NO_CONTOURS = Contours([], [], [])


def contours_of(mask: Mask | NDArray[np.uint8]) -> Contours:
    """Follow the borders of all regions of a mask (H, W) of bool, or of uint8 that is 0 or 1."""
    if mask.size == 0:
        return NO_CONTOURS
    chains, hierarchy = cv2.findContours(np.ascontiguousarray(mask).view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not chains:
        return NO_CONTOURS
    outer: list[Chain] = []
    holes: list[list[Chain]] = []
    areas_px: list[float] = []
    number = [-1] * len(chains)
    parents = hierarchy[0, :, 3].tolist()
    for i, parent in enumerate(parents):
        if parent < 0:
            number[i] = len(outer)
            outer.append(cast("Chain", chains[i]))
            holes.append([])
            areas_px.append(_enclosed_px(outer[-1]))
    for i, parent in enumerate(parents):
        if parent >= 0:
            chain = cast("Chain", chains[i])
            holes[number[parent]].append(chain)
            areas_px[number[parent]] -= _enclosed_px(chain) - len(chain)
    return Contours(outer, holes, areas_px)


def _enclosed_px(chain: Chain) -> float:
    """Pixels on and within a chain, by Pick's theorem: every step leads from one lattice point to the next."""
    return cv2.contourArea(chain) + len(chain) / 2 + 1 if len(chain) > 1 else 1
