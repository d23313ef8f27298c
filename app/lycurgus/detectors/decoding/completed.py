"""Whole particles: the pixels that show them, exact for ragged outlines too, and the part that others hide, as the rays know it.

Rays count no particles here: what no valley parts stays one, and noise in the rays splits nothing.
"""

from __future__ import annotations

from math import pi, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import BBox, Mask
from lycurgus.detectors.decoding.candidates import Candidate, crop, cut_out, suppress
from lycurgus.detectors.decoding.distance import visible_regions, worthy
from lycurgus.detectors.decoding.params import DecodingParams
from lycurgus.detectors.decoding.polygons import Floats, Rays, fillable
from lycurgus.detectors.decoding.votes import Outlines, agree, voters_of

LEAST_FIT = 0.85
"""Least IoU of polygon and visible pixels, others' pixels left out, for the polygon to be believed about what others hide."""

SLIVERS = 0.05
"""Hidden parts that make up less than this part of the particle, and what the polygon misfits by, are looked at for slivers."""

SLIVER = 0.04
"""Hidden parts thinner than this part of the particle's diameter are the polygon's inaccuracy along a border with a neighbour."""


def decode_completed(fields: Floats, rays: Rays, params: DecodingParams) -> list[Candidate]:
    """Find whole particles: visible pixels, and what the rays say lies beneath or in front of neighbours.

    The valleys of the distance alone part the particles, as for the head "distance": a trained network knows them better than where its
    rays end (``docs/decisions/decoding.md``). Rays can lower their number only: pieces that they complete to one and the same particle,
    by ``params.overlap``, are one.

    Parameters
    ----------
    fields : (2, H, W), foreground logit and normalised distance.
    rays : (n, H/2, W/2), natural logarithms of the distance to the outline, px.
    """
    regions = visible_regions(fields, params)
    count = len(regions)
    outlines = agree(voters_of(regions.labels, fields[1], rays, count), count)
    visible = cut_out(regions.labels, regions.scores, regions.areas_px)
    return suppress(worthy(_completed(visible, regions.labels, outlines, params), params), overlap=params.overlap)


def _completed(visible: list[Candidate], labels: NDArray[np.int32], outlines: Outlines, params: DecodingParams) -> list[Candidate]:
    """Give each region, in the order of its label, the hidden part that its outline claims; one below ``params.score`` claims none."""
    height, width = labels.shape
    shapes = fillable(outlines.polygons, (height, width))
    known = outlines.known.tolist()
    stays = [one.score >= params.score and one.area_px >= params.min_area_px for one in visible]
    claims = [shapes.fill(index) if known[index] and stays[index] else None for index in range(len(visible))]
    boxes = [shapes.bbox(index) for index in range(len(visible))]
    whole = list(visible)
    lent = np.zeros(labels.shape, dtype=np.bool_)
    for index, (candidate, claimed) in enumerate(zip(visible, claims, strict=True)):
        if claimed is not None:
            hidden = _hidden_part(candidate, index + 1, labels, claimed, boxes[index])
            if hidden is not None:
                whole[index] = _with(candidate, hidden, boxes[index])
                lent[boxes[index].slices] |= hidden
    return [
        one if claimed is None else _without_strangers(one, visible[index], lent, claimed, boxes[index])
        for index, (one, claimed) in enumerate(zip(whole, claims, strict=True))
    ]


def _hidden_part(candidate: Candidate, label: int, labels: NDArray[np.int32], claimed: Mask, around: BBox) -> Mask | None:
    """Pixels of other particles that the polygon claims, where the polygon fits what is seen.

    Parameters
    ----------
    claimed : (h, w) bool, the pixels of the polygon in the box ``around``.

    Returns
    -------
    (h, w) bool in the same box, or None where nothing is hidden.
    """
    there = labels[around.slices]
    own = there == label
    others = (there > 0) & claimed & ~own
    hidden_px = int(np.count_nonzero(others))
    if not hidden_px:
        return None
    claimed_px, seen_px = int(np.count_nonzero(claimed)), int(np.count_nonzero(claimed & own))
    fit = seen_px / (candidate.area_px + claimed_px - hidden_px - seen_px)
    if fit < LEAST_FIT:
        return None
    if hidden_px < (SLIVERS + 1 - fit) * claimed_px:
        others = _without_slivers(others, 2 * sqrt(claimed_px / pi))
    return others if others.any() else None


def _with(candidate: Candidate, hidden: Mask, around: BBox) -> Candidate:
    """Add hidden pixels, given in a box, to a candidate."""
    seen = candidate.bbox
    y0, x0 = min(around.y0, seen.y0), min(around.x0, seen.x0)
    whole = np.zeros((max(around.y1, seen.y1) - y0, max(around.x1, seen.x1) - x0), dtype=np.bool_)
    whole[around.y0 - y0 : around.y1 - y0, around.x0 - x0 : around.x1 - x0] = hidden
    whole[seen.y0 - y0 : seen.y1 - y0, seen.x0 - x0 : seen.x1 - x0] |= candidate.mask
    return _cropped(whole, y0, x0, candidate.score)


def _without_strangers(candidate: Candidate, visible: Candidate, lent: Mask, claimed: Mask, around: BBox) -> Candidate:
    """Give up visible pixels that another particle claims and that lie outside the own polygon: the valley ran beside the outline.

    Parameters
    ----------
    candidate, visible : the particle with and without its hidden part.
    lent : (H, W) bool, what is another's hidden part.
    """
    strange = lent[visible.bbox.slices] & visible.mask
    if not strange.any():
        return candidate
    own = np.zeros(strange.shape, dtype=np.uint8)
    box, seen = around, visible.bbox
    y0, x0, y1, x1 = max(box.y0, seen.y0), max(box.x0, seen.x0), min(box.y1, seen.y1), min(box.x1, seen.x1)
    if y0 < y1 and x0 < x1:
        own[y0 - seen.y0 : y1 - seen.y0, x0 - seen.x0 : x1 - seen.x0] = claimed[y0 - box.y0 : y1 - box.y0, x0 - box.x0 : x1 - box.x0]
    strange &= cv2.dilate(own, np.ones((3, 3), dtype=np.uint8)) == 0
    if not strange.any():
        return candidate
    mask = candidate.mask.copy()
    y0, x0 = seen.y0 - candidate.bbox.y0, seen.x0 - candidate.bbox.x0
    mask[y0 : y0 + seen.height, x0 : x0 + seen.width] &= ~strange
    return _cropped(mask, candidate.bbox.y0, candidate.bbox.x0, candidate.score)


def _cropped(mask: Mask, y0: int, x0: int, score: float) -> Candidate:
    cropped = crop(mask, y0, x0)
    if cropped is None:
        return Candidate(BBox(y0, x0, y0, x0), np.zeros((0, 0), dtype=np.bool_), 0.0, 0)
    return Candidate(*cropped, score, int(np.count_nonzero(cropped[1])))


def _without_slivers(hidden: Mask, diameter_px: float) -> Mask:
    """Drop parts of a hidden region that are thinner than a polygon is accurate; what is thick enough keeps its shape."""
    side = 2 * max(1, round(SLIVER * diameter_px / 2)) + 1
    core = cv2.erode(hidden.view(np.uint8), np.ones((side, side), dtype=np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    if not cv2.countNonZero(core):
        return np.zeros_like(hidden)
    grown = cv2.dilate(core, np.ones((side + 2, side + 2), dtype=np.uint8))
    return np.asarray(grown.view(np.bool_) & hidden, dtype=np.bool_)
