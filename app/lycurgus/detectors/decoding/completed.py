"""Whole particles: the pixels that show them, exact for ragged outlines too, and the part that others hide, as the rays know it."""

from __future__ import annotations

from math import pi, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import BBox, Mask
from lycurgus.detectors.decoding.candidates import Candidate, crop, cut_out, suppress
from lycurgus.detectors.decoding.distance import regions_from, worthy
from lycurgus.detectors.decoding.groups import Groups, group_pixels
from lycurgus.detectors.decoding.params import DecodingParams
from lycurgus.detectors.decoding.polygons import Floats, fillable
from lycurgus.detectors.decoding.star_convex import scores_of

LEAST_FIT = 0.5
"""Least IoU of polygon and visible pixels, others' pixels left out, for the polygon to be believed where nothing is seen."""

SLIVERS = 0.05
"""Hidden parts that make up less than this part of the particle, and what the polygon misfits by, are looked at for slivers."""

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
    height, width = groups.labels.shape
    shapes = fillable(groups.outlines.polygons, (height, width))
    known = groups.outlines.known.tolist()
    return [
        _with_hidden_part(one, index + 1, groups.labels, shapes.fill(index), shapes.bbox(index)) if known[index] else one
        for index, one in enumerate(visible)
    ]


def _with_hidden_part(candidate: Candidate, label: int, labels: NDArray[np.int32], claimed: Mask, around: BBox) -> Candidate:
    """Add to the visible pixels those of other particles that the polygon claims, where the polygon fits what is seen.

    Parameters
    ----------
    claimed : (h, w) bool, the pixels of the polygon in the box ``around``.
    """
    there = labels[around.slices]
    own = there == label
    others = (there > 0) & claimed & ~own
    hidden_px = int(np.count_nonzero(others))
    if not hidden_px:
        return candidate
    claimed_px, seen_px = int(np.count_nonzero(claimed)), int(np.count_nonzero(claimed & own))
    fit = seen_px / (candidate.area_px + claimed_px - hidden_px - seen_px)
    if fit < LEAST_FIT:
        return candidate
    if hidden_px < (SLIVERS + 1 - fit) * claimed_px:
        others = _without_slivers(others, 2 * sqrt(claimed_px / pi))
        hidden_px = int(np.count_nonzero(others))
        if not hidden_px:
            return candidate
    seen = candidate.bbox
    y0, x0 = min(around.y0, seen.y0), min(around.x0, seen.x0)
    whole = np.zeros((max(around.y1, seen.y1) - y0, max(around.x1, seen.x1) - x0), dtype=np.bool_)
    whole[around.y0 - y0 : around.y1 - y0, around.x0 - x0 : around.x1 - x0] = others
    whole[seen.y0 - y0 : seen.y1 - y0, seen.x0 - x0 : seen.x1 - x0] |= candidate.mask
    cropped = crop(whole, y0, x0)
    assert cropped is not None
    return Candidate(*cropped, candidate.score, candidate.area_px + hidden_px, hidden_px)


def _without_slivers(hidden: Mask, diameter_px: float) -> Mask:
    """Drop parts of a hidden region that are thinner than a polygon is accurate; what is thick enough keeps its shape."""
    side = 2 * max(1, round(SLIVER * diameter_px / 2)) + 1
    core = cv2.erode(hidden.view(np.uint8), np.ones((side, side), dtype=np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    if not cv2.countNonZero(core):
        return np.zeros_like(hidden)
    grown = cv2.dilate(core, np.ones((side + 2, side + 2), dtype=np.uint8))
    return np.asarray(grown.view(np.bool_) & hidden, dtype=np.bool_)
