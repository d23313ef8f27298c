"""What a decoder finds: particles that may overlap, and the greedy choice among those that are one and the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, pi, sqrt

import cv2
import numpy as np
import scipy  # parts of it load when they are first used, so that starting need not wait for them
from numpy.typing import NDArray

from lycurgus.core.types import BBox, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A particle as one look at the picture shows it.

    Attributes
    ----------
    bbox : tight box around the mask.
    mask : (h, w) bool, cropped to the box: the whole particle, what others hide included.
    score : confidence in 0 ... 1.
    area_px : pixels of the mask.
    """

    bbox: BBox
    mask: Mask
    score: float
    area_px: int

    @property
    def diameter_px(self) -> float:
        """Diameter of the disc of the same area, px."""
        return 2 * sqrt(self.area_px / pi)

    @property
    def minor_axis_px(self) -> float:
        """Minor axis of the ellipse of the same second moments, px: the diameter of a disc, and somewhat more than the width of a rod."""
        sums = cv2.moments(self.mask.view(np.uint8), binaryImage=True)
        # A pixel has an extent too: 1/12 px² about its middle.
        yy, xx, yx = (sums[name] / sums["m00"] for name in ("mu02", "mu20", "mu11"))
        return 4 * sqrt(max((yy + xx) / 2 - hypot((yy - xx) / 2, yx), 0.0) + 1 / 12)


def cut_out(labels: NDArray[np.int32], scores: NDArray[np.float64], areas_px: NDArray[np.int64]) -> list[Candidate]:
    """Cut each region out of a label image.

    Parameters
    ----------
    labels : (H, W); region i has the value i + 1.
    scores, areas_px : (n,), of each region; regions without pixels are left out.
    """
    boxes = scipy.ndimage.find_objects(labels, max_label=len(scores))
    found = []
    for number, (box, score, area) in enumerate(zip(boxes, scores.tolist(), areas_px.tolist(), strict=True), start=1):
        if box is not None:
            rows, columns = box
            found.append(Candidate(BBox(rows.start, columns.start, rows.stop, columns.stop), labels[box] == number, score, area))
    return found


def crop(mask: Mask | NDArray[np.uint8], y0: int, x0: int) -> tuple[BBox, Mask] | None:
    """Crop a mask, whose corner lies at (y0, x0), to what it holds; None where it is empty."""
    rows, columns = np.asarray(mask.any(axis=1)), np.asarray(mask.any(axis=0))
    if not rows.any():
        return None
    top, left = int(rows.argmax()), int(columns.argmax())
    bottom, right = len(rows) - int(rows[::-1].argmax()), len(columns) - int(columns[::-1].argmax())
    return BBox(y0 + top, x0 + left, y0 + bottom, x0 + right), mask[top:bottom, left:right].astype(np.bool_)


def shared_px(a: Candidate, b: Candidate) -> int:
    """Count the pixels that two candidates share."""
    y0, x0 = max(a.bbox.y0, b.bbox.y0), max(a.bbox.x0, b.bbox.x0)
    y1, x1 = min(a.bbox.y1, b.bbox.y1), min(a.bbox.x1, b.bbox.x1)
    if y0 >= y1 or x0 >= x1:
        return 0
    in_a, in_b = (one.mask[y0 - one.bbox.y0 : y1 - one.bbox.y0, x0 - one.bbox.x0 : x1 - one.bbox.x0] for one in (a, b))
    return int(np.count_nonzero(in_a & in_b))


def iou(a: Candidate, b: Candidate) -> float:
    """Pixels in both / pixels in either."""
    both = shared_px(a, b)
    return both / (a.area_px + b.area_px - both)


def meeting(boxes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find the pairs of boxes that share a pixel.

    Parameters
    ----------
    boxes : (n, 4), y0, x0, y1, x1, half-open.

    Returns
    -------
    (m, 2), places in ``boxes``, the first less than the second.
    """
    if len(boxes) < 2:
        return np.zeros((0, 2), dtype=np.int64)
    # A grid of cells as wide as a typical box: a box is entered in each cell that it reaches, and only those of one cell can meet.
    cell = max(8, int(2 * np.median(boxes[:, 2:] - boxes[:, :2])))
    first, last = boxes[:, :2] // cell, (boxes[:, 2:] - 1) // cell
    spans = last - first + 1
    copies = spans[:, 0] * spans[:, 1]
    owner = np.repeat(np.arange(len(boxes)), copies)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(copies) - copies, copies)
    row, column = first[owner, 0] + place // spans[owner, 1], first[owner, 1] + place % spans[owner, 1]
    code = (row - row.min()) * (int(column.max() - column.min()) + 1) + column - column.min()
    order = np.argsort(code, kind="stable")
    owner, code = owner[order], code[order]
    pairs = []
    # In order of cells, partners of one cell stand side by side: compare each entry with the next, the one after it, and so on.
    step, here = 1, np.arange(len(owner))
    while True:
        here = here[here + step < len(owner)]
        here = here[code[here] == code[here + step]]
        if not here.size:
            break
        a, b = owner[here], owner[here + step]
        meets = (boxes[a, :2] < boxes[b, 2:]).all(axis=1) & (boxes[b, :2] < boxes[a, 2:]).all(axis=1)
        pairs.append(np.sort(np.stack([a[meets], b[meets]], axis=1), axis=1))
        step += 1
    return np.unique(np.concatenate(pairs), axis=0) if pairs else np.zeros((0, 2), dtype=np.int64)


def boxes_of(candidates: Sequence[Candidate]) -> NDArray[np.int64]:
    """Boxes of candidates, (n, 4) y0, x0, y1, x1."""
    return np.array([candidate.bbox for candidate in candidates], dtype=np.int64).reshape(-1, 4)


def similar_pairs(candidates: Sequence[Candidate], *, least_iou: float) -> list[tuple[int, int, float]]:
    """Return the places and the IoU of all pairs with an IoU above ``least_iou``."""
    boxes = boxes_of(candidates)
    pairs = meeting(boxes)
    if not len(pairs):
        return []
    a, b = boxes[pairs[:, 0]], boxes[pairs[:, 1]]
    areas = np.array([candidate.area_px for candidate in candidates], dtype=np.float64)[pairs]
    sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    # Two masks share no more than their boxes do, and no more than the smaller one has.
    most = np.minimum(sides.prod(axis=1), areas.min(axis=1))
    possible = pairs[most > least_iou * (areas.sum(axis=1) - most)]
    measured = [(i, j, iou(candidates[i], candidates[j])) for i, j in possible.tolist()]
    return [pair for pair in measured if pair[2] > least_iou]


def suppress(candidates: Sequence[Candidate], *, overlap: float) -> list[Candidate]:
    """Keep of candidates that are one particle the one with the best score: those with an IoU above ``overlap`` are one.

    The outcome does not depend on the order of the candidates; candidates that merely overlap all stay.
    """
    kept = survivors(candidates, [one.score for one in candidates], similar_pairs(candidates, least_iou=overlap))
    return [candidates[index] for index in kept]


def survivors(candidates: Sequence[Candidate], ranks: Sequence[float], pairs: Sequence[tuple[int, int, float]]) -> list[int]:
    """Choose greedily, by falling rank, so that of each pair at most one is left.

    Parameters
    ----------
    pairs : places of candidates that are one particle, as ``similar_pairs`` gives them.

    Returns
    -------
    Places in ``candidates``, rising.
    """
    partners: dict[int, list[int]] = {}
    for i, j, _ in pairs:
        partners.setdefault(i, []).append(j)
        partners.setdefault(j, []).append(i)
    gone: set[int] = set()
    for i in sorted(partners, key=lambda i: (-ranks[i], -candidates[i].area_px, candidates[i].bbox)):
        if i not in gone:
            gone.update(partners[i])
    return [i for i in range(len(candidates)) if i not in gone]


def beside(whole: Sequence[Candidate], parted: Sequence[Sequence[Candidate]], *, same: float) -> list[Candidate]:
    """Put what particles were taken apart into beside those that stay whole; a part with an IoU above ``same`` with another is that one.

    Parameters
    ----------
    parted : the parts of each particle, which are told apart from one another already.

    Returns
    -------
    The whole ones, and after them the parts.
    """
    if not parted:
        return list(whole)
    together = [*whole, *(one for parts in parted for one in parts)]
    origins = [*range(-len(whole), 0), *(origin for origin, parts in enumerate(parted) for _ in parts)]
    # What was told apart before stays so: only pairs with a part.
    pairs = [pair for pair in similar_pairs(together, least_iou=same) if pair[1] >= len(whole) and origins[pair[0]] != origins[pair[1]]]
    ranks = [one.score + (index < len(whole)) for index, one in enumerate(together)]
    return [together[index] for index in survivors(together, ranks, pairs)]


def in_reading_order(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Sort from top to bottom and left to right, so that nothing depends on how candidates were found."""
    return sorted(candidates, key=lambda candidate: (candidate.bbox, candidate.area_px, candidate.score))
