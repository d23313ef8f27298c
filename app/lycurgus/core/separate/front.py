"""The front of an erosion: every part that is still eroded, each by itself on one sheet, so that few calls serve them all."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.separate.contours import Chain, enclosed_px
from lycurgus.core.separate.tree import Tree
from lycurgus.core.sheet import sheet_of
from lycurgus.core.types import BBox, Mask

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_SQUARE = cv2.getStructuringElement(cv2.MORPH_RECT, (3, 3))


class Piece(NamedTuple):
    """A part of a region on the sheet.

    Attributes
    ----------
    region : which region it is a part of.
    branch : of that region's tree.
    y0, x0 : what has to be added to coordinates on the sheet to get those of the region.
    """

    region: int
    branch: int
    y0: int
    x0: int


class Contour(NamedTuple):
    """A connected part of what erosion left of a piece.

    Attributes
    ----------
    place : of the piece among all pieces.
    chain : (n, 1, 2) int32 (x, y), its border pixels on the sheet.
    area_px : nan where it need not be known: of a large part that may have holes.
    """

    place: int
    piece: Piece
    chain: Chain
    area_px: float


class Front:
    """All parts of some regions that erosion still works on.

    Regions that are not connected erode as if each were alone, so they may share a plane; none is ever within the box of another.

    Attributes
    ----------
    pieces : connected each; empty once nothing is left to do.
    """

    def __init__(self, regions: Sequence[Mask]) -> None:
        self.pieces: list[Piece] = []
        self._sheet = np.zeros((0, 0), dtype=np.uint8)
        self._crowd: Sequence[int] = ()
        if regions:
            self._lay_out([Piece(i, Tree.ROOT, 0, 0) for i in range(len(regions))], regions)

    def erode(self, start: int, stop: int, smallest_px: float) -> tuple[list[Contour], list[Contour]]:
        """Erode from one depth to the next.

        Returns
        -------
        What is left of the pieces: connected parts that are large enough, and those that are not.
        """
        self._sheet = erode(self._sheet, start, stop)
        # Asked for the hierarchy, OpenCV's time grows with the square of the number of holes, and noise has them by the ten thousand.
        found = cv2.findContours(self._sheet, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]
        if not found:
            return [], []
        chains = cast("list[Chain]", list(found))
        x, y = np.array([chain[0, 0] for chain in chains]).T
        places = self._layout.owners(y, x).tolist()
        turns = [cv2.contourArea(chain, oriented=True) for chain in chains]
        crowd, pierced = [0] * len(self.pieces), set()
        for place, turn in zip(places, turns, strict=True):
            if turn > 0:
                pierced.add(place)
            else:
                crowd[place] += 1
        self._crowd = crowd

        large: list[Contour] = []
        small: list[Contour] = []
        for place, chain, turn in zip(places, chains, turns, strict=True):
            if turn > 0:
                continue
            contour = Contour(place, self.pieces[place], chain, nan if place in pierced else enclosed_px(-turn, len(chain)))
            # A chain passes a pixel four times at most, so a long one alone is border enough, whatever the holes.
            if place in pierced and len(chain) < 4 * smallest_px:
                contour = contour._replace(area_px=float(np.count_nonzero(self.cut(contour)[1])))
            (small if contour.area_px < smallest_px else large).append(contour)
        return large, small

    def cut(self, contour: Contour) -> tuple[BBox, NDArray[np.uint8]]:
        """Return the box of a part in its region's coordinates, and its mask, cropped to the box; it may be a view."""
        x0, y0, width, height = cv2.boundingRect(contour.chain)
        mask = self._sheet[y0 : y0 + height, x0 : x0 + width]
        if self._crowd[contour.place] > 1 and cv2.countNonZero(mask) != contour.area_px:
            x, y = contour.chain[0, 0].tolist()
            cv2.floodFill(mask, None, (x - x0, y - y0), (2,), flags=8)
            mask = np.right_shift(mask, 1)
            self._sheet[y0 : y0 + height, x0 : x0 + width] -= mask
        y0, x0 = y0 + contour.piece.y0, x0 + contour.piece.x0
        return BBox(y0, x0, y0 + height, x0 + width), mask

    def go_on_with(self, contours: Sequence[tuple[Contour, int]]) -> None:
        """Keep these parts, each in the branch that stands beside it, and no others."""
        if [contour.place for contour, _ in contours] == list(range(len(self.pieces))) and max(self._crowd) == 1:
            boxes = [cv2.boundingRect(contour.chain) for contour, _ in contours]
            if 3 * sum((width + 1) * (height + 1) for _, _, width, height in boxes) > 2 * self._sheet.size:
                return
        cuts = [self.cut(contour) for contour, _ in contours]
        pieces = [
            Piece(contour.piece.region, branch, bbox.y0, bbox.x0) for (contour, branch), (bbox, _) in zip(contours, cuts, strict=True)
        ]
        self._lay_out(pieces, [mask for _, mask in cuts])

    def _lay_out(self, pieces: Sequence[Piece], masks: Sequence[Mask | NDArray[np.uint8]]) -> None:
        """Put pieces on a new sheet, whose corners are given in their regions' coordinates."""
        self.pieces = []
        if not pieces:
            return
        self._sheet, self._layout = sheet_of(masks)
        corners = zip(self._layout.y0.tolist(), self._layout.x0.tolist(), strict=True)
        self.pieces = [
            Piece(piece.region, piece.branch, piece.y0 - y0, piece.x0 - x0) for piece, (y0, x0) in zip(pieces, corners, strict=True)
        ]


def erode(mask: Mask | NDArray[np.uint8], start: int, stop: int) -> NDArray[np.uint8]:
    """Erode from one depth to another; what lies outside the array is background."""
    crosses, squares = steps_between(start, stop)
    eroded = np.ascontiguousarray(mask).view(np.uint8)
    out = np.empty_like(eroded)
    for element, times in ((_CROSS, crosses), (_SQUARE, squares)):
        if times:
            cv2.erode(eroded, element, out, iterations=times, borderType=cv2.BORDER_CONSTANT, borderValue=0)
            eroded = out
    return eroded


def dilate(sheet: NDArray[np.uint8], depth: int) -> None:
    """Dilate, in place, by the elements that eroded to this depth."""
    crosses, squares = steps_between(0, depth)
    for element, times in ((_CROSS, crosses), (_SQUARE, squares)):
        if times:
            cv2.dilate(sheet, element, sheet, iterations=times)


def steps_between(start: int, stop: int) -> tuple[int, int]:
    """How many crosses and squares lead from one depth to another: even depths are left by a cross, odd ones by a square."""
    return (stop + 1) // 2 - (start + 1) // 2, stop // 2 - start // 2
