"""Whole particles: the pixels that show them, exact for ragged outlines too, and the part that others hide, as the rays know it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import BBox, Mask
from lycurgus.detectors.decoding.candidates import Candidate, crop, cut_out, suppress
from lycurgus.detectors.decoding.distance import regions_from, worthy
from lycurgus.detectors.decoding.groups import Groups, group_pixels
from lycurgus.detectors.decoding.params import DecodingParams
from lycurgus.detectors.decoding.polygons import Floats, boxes_around, fill, for_filling
from lycurgus.detectors.decoding.star_convex import scores_of

LEAST_FIT = 0.5
"""Least IoU of polygon and visible pixels, others' pixels left out, for the polygon to be believed where nothing is seen."""

SLIVER = 0.04
"""Hidden parts thinner than this part of the particle's diameter are the polygon's inaccuracy along a border with a neighbour."""


def decode_completed(fields: Floats, rays: Floats, params: DecodingParams) -> list[Candidate]:
    """Find whole particles: visible pixels, and what the rays say lies beneath or in front of neighbours.

    Parameters
    ----------
    fields : (2, H, W), foreground logit and normalised distance.
    rays : (n, H/2, W/2), natural logarithms of the distance to the outline, px.
    """
    groups = group_pixels(fields, rays, params)
    regions = regions_from(groups.labels, len(groups), fields)
    scores = np.where(groups.outlines.known, scores_of(regions, groups), regions.scores)
    visible = cut_out(groups.labels, scores, regions.areas_px)
    return suppress(worthy(_completed(visible, groups), params), overlap=params.overlap)


def _completed(visible: list[Candidate], groups: Groups) -> list[Candidate]:
    polygons = groups.outlines.polygons
    height, width = groups.labels.shape
    boxes, fixed = boxes_around(polygons, (height, width)), for_filling(polygons)
    known = groups.outlines.known.tolist()
    return [
        _with_hidden_part(candidate, index, groups.labels, fixed[index], BBox(*boxes[index].tolist())) if known[index] else candidate
        for index, candidate in enumerate(visible)
    ]


def _with_hidden_part(candidate: Candidate, index: int, labels: NDArray[np.int32], fixed: NDArray[np.int32], around: BBox) -> Candidate:
    """Add to the visible pixels those of other particles that the polygon claims, where the polygon fits what is seen."""
    there = labels[around.slices]
    claimed = fill(fixed, around)
    others = (there > 0) & (there != index + 1) & claimed
    hidden_px = int(np.count_nonzero(others))
    if not hidden_px:
        return candidate
    claimed_px = int(np.count_nonzero(claimed))
    seen_px = int(np.count_nonzero(claimed & (there == index + 1)))
    if seen_px < LEAST_FIT * (candidate.area_px + claimed_px - hidden_px - seen_px):
        return candidate
    hidden = _without_slivers(others, 2 * np.sqrt(claimed_px / np.pi))
    hidden_px = int(np.count_nonzero(hidden))
    if not hidden_px:
        return candidate
    own = candidate.bbox
    corner_y, corner_x = min(around.y0, own.y0), min(around.x0, own.x0)
    whole = np.zeros((max(around.y1, own.y1) - corner_y, max(around.x1, own.x1) - corner_x), dtype=np.bool_)
    whole[around.y0 - corner_y : around.y1 - corner_y, around.x0 - corner_x : around.x1 - corner_x] = hidden
    whole[own.y0 - corner_y : own.y1 - corner_y, own.x0 - corner_x : own.x1 - corner_x] |= candidate.mask
    cropped = crop(whole, corner_y, corner_x)
    assert cropped is not None
    return Candidate(*cropped, candidate.score, candidate.area_px + hidden_px, hidden_px)


def _without_slivers(hidden: Mask, diameter_px: float) -> Mask:
    """Drop parts of a hidden region that are thinner than a polygon is accurate; what is thick enough keeps its shape."""
    side = 2 * max(1, round(SLIVER * diameter_px / 2)) + 1
    padded = np.pad(hidden.view(np.uint8), side)
    core = cv2.erode(padded, np.ones((side, side), dtype=np.uint8))
    grown = cv2.dilate(core, np.ones((side + 2, side + 2), dtype=np.uint8))
    return np.asarray((grown[side:-side, side:-side] > 0) & hidden, dtype=np.bool_)
