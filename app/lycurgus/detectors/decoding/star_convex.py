"""Particles as the polygons that the rays of their pixels agree on, after StarDist (Schmidt et al. 2018): overlaps are kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lycurgus.detectors.decoding.candidates import Candidate, crop, suppress
from lycurgus.detectors.decoding.distance import Regions, regions_from, worthy
from lycurgus.detectors.decoding.groups import Groups, group_pixels
from lycurgus.detectors.decoding.params import DecodingParams
from lycurgus.detectors.decoding.polygons import Floats, Rays, fillable


def decode_star_convex(fields: Floats, rays: Rays, params: DecodingParams) -> list[Candidate]:
    """Draw for each particle the polygon that its pixels agree on, and keep of polygons of one particle the best.

    Where StarDist compares the polygons of all pixels, here pixels that mean the same outline are brought together first: thousands of
    particles then cost a polygon each, and the mean of many is less noisy than the best one.

    Parameters
    ----------
    fields : (2, H, W), foreground logit and normalised distance.
    rays : (n, H/2, W/2), natural logarithms of the distance to the outline, px.
    """
    groups = group_pixels(fields, rays, params)
    regions = regions_from(groups.labels, len(groups), fields)
    return suppress(worthy(_polygons(groups, _scores(regions, groups)), params), overlap=params.overlap)


def _scores(regions: Regions, groups: Groups) -> NDArray[np.float64]:
    """Geometric mean of foreground probability, peak of the distance and agreement of the rays, (n,); 0 where no ray could be asked."""
    return np.cbrt(regions.probabilities * regions.peaks * groups.outlines.agreement)


def _polygons(groups: Groups, scores: NDArray[np.float64]) -> list[Candidate]:
    height, width = groups.labels.shape
    shapes = fillable(groups.outlines.polygons, (height, width))
    found = []
    for index in np.flatnonzero(groups.outlines.known).tolist():
        bbox = shapes.bbox(index)
        cropped = crop(shapes.fill(index), bbox.y0, bbox.x0)
        if cropped is not None:
            found.append(Candidate(*cropped, float(scores[index]), int(np.count_nonzero(cropped[1]))))
    return found
