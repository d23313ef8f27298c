"""Particles that only looks show which are not believed, and that nobody would overlook.

One look is believed, or those that go with it (``decoding.credibility``): a look that is led astray must not add its errors to another's.
So a few small dark spots are lost in a picture of large pale ones. But what another look is sure of, where nothing is believed, and what
differs from its surroundings by many times what these vary, is no error of a look.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Mask
from lycurgus.detectors.decoding.candidates import Candidate, boxes_of, meeting
from lycurgus.detectors.decoding.outlines import foreground_of
from lycurgus.detectors.decoding.scales import lies_within

APART = 0.1
"""No more than this part of a particle may lie within ``BESIDE_PX`` of what is believed."""

BESIDE_PX = 2
"""The outline of a particle may lie so far aside: what is as near to one says nothing of its surroundings."""

AROUND, AROUND_PX = 0.5, 5
"""What surrounds a particle is looked at so far beyond its box, the greater of a part of its diameter and of px ..."""

LEAST_AROUND_PX = 10
"""... and tells something where so many pixels are left of it."""

ALMOST_ALL = 95
"""Percentage of the surroundings that must differ from the particle."""

CLEAR = 0.8
"""By so much of what their median differs from the particle's: of normally distributed noise its contrast is eight standard deviations."""

VISIBLE = 0.05
"""Least contrast, as a part of the picture's range: where values are cut off at black there is no noise, and one grey level is nothing."""


def standing_out(candidates: Sequence[Candidate], found: Sequence[Candidate], plane: NDArray[np.float32], usable: Mask) -> list[Candidate]:
    """Return the candidates that lie apart from what is found, hold nothing of it, and clearly differ from what surrounds them.

    Parameters
    ----------
    candidates, found : in the plane's pixels.
    plane : (H, W).
    usable : (H, W) bool, False where the plane does not show the specimen.
    """
    height, width = plane.shape
    near = _grown(foreground_of(found, (height, width)))
    holding = _holding(candidates, found)
    apart = [
        one
        for index, one in enumerate(candidates)
        if index not in holding and np.count_nonzero(near[one.bbox.slices] & one.mask) <= APART * one.area_px
    ]
    if not apart or not usable.any():
        return []
    background = usable & ~near & ~_grown(foreground_of(apart, (height, width)))
    darkest, brightest = np.percentile(plane[usable], (0.5, 99.5)).tolist()
    return [one for one in apart if _is_clear(one, plane, usable, background, VISIBLE * (brightest - darkest))]


def _holding(candidates: Sequence[Candidate], found: Sequence[Candidate]) -> set[int]:
    """Return which candidates hold most of something that is found: what carries particles is none, however small a part they take."""
    pairs = meeting(boxes_of([*candidates, *found])).tolist()
    known = ((min(pair), max(pair) - len(candidates)) for pair in pairs if min(pair) < len(candidates) <= max(pair))
    return {one for one, other in known if lies_within(found[other], candidates[one])}


def _is_clear(one: Candidate, plane: NDArray[np.float32], usable: Mask, background: Mask, least: float) -> bool:
    """Tell whether a particle differs from its surroundings by this contrast at least, and by many times what these vary."""
    reach = max(AROUND_PX, int(AROUND * one.diameter_px))
    box = one.bbox
    window = np.s_[max(box.y0 - reach, 0) : box.y1 + reach, max(box.x0 - reach, 0) : box.x1 + reach]
    around = plane[window][background[window]]
    known = one.mask & usable[box.slices]
    if around.size < LEAST_AROUND_PX or 2 * np.count_nonzero(known) < one.area_px:
        return False
    inside = float(np.median(plane[box.slices][known]))
    darkest, middle, brightest = np.percentile(around, (100 - ALMOST_ALL, 50, ALMOST_ALL)).tolist()
    contrast = inside - middle
    nearest = brightest if contrast > 0 else darkest
    return bool(contrast) and abs(contrast) >= least and bool((inside - nearest) / contrast >= CLEAR)


def _grown(mask: Mask) -> Mask:
    side = 2 * BESIDE_PX + 1
    return cv2.dilate(mask.view(np.uint8), np.ones((side, side), dtype=np.uint8)).view(np.bool_)
