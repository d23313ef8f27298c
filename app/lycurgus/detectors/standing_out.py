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
from lycurgus.detectors.decoding.candidates import Candidate
from lycurgus.detectors.decoding.outlines import foreground_of

APART = 0.1
"""No more than this part of a particle may lie within ``BESIDE_PX`` of what is believed."""

BESIDE_PX = 2
"""The outline of a particle may lie so far aside: what is as near to one says nothing of its surroundings."""

AROUND, AROUND_PX = 0.5, 3
"""What surrounds a particle is looked at so far from it, the greater of a part of its diameter and of px ..."""

LEAST_AROUND_PX = 10
"""... and tells something where so many pixels are left of it."""

ALMOST_ALL = 95
"""Percentage of the surroundings that must differ from the particle."""

CLEAR = 0.8
"""By so much of what their median differs from the particle's: of normally distributed noise its contrast is eight standard deviations."""


def standing_out(candidates: Sequence[Candidate], found: Sequence[Candidate], plane: NDArray[np.float32], usable: Mask) -> list[Candidate]:
    """Return the candidates that lie apart from what is found and clearly differ from what surrounds them.

    Parameters
    ----------
    candidates, found : in the plane's pixels.
    plane : (H, W).
    usable : (H, W) bool, False where the plane does not show the specimen.
    """
    height, width = plane.shape
    near = _grown(foreground_of(found, (height, width)), BESIDE_PX)
    apart = [one for one in candidates if np.count_nonzero(near[one.bbox.slices] & one.mask) <= APART * one.area_px]
    if not apart:
        return []
    background = usable & ~near & ~_grown(foreground_of(apart, (height, width)), BESIDE_PX)
    return [one for one in apart if _is_clear(one, plane, background)]


def _is_clear(one: Candidate, plane: NDArray[np.float32], background: Mask) -> bool:
    reach = BESIDE_PX + max(AROUND_PX, int(AROUND * one.diameter_px))
    height, width = plane.shape
    box = one.bbox
    y0, x0, y1, x1 = max(box.y0 - reach, 0), max(box.x0 - reach, 0), min(box.y1 + reach, height), min(box.x1 + reach, width)
    own = np.zeros((y1 - y0, x1 - x0), dtype=np.bool_)
    own[box.y0 - y0 : box.y1 - y0, box.x0 - x0 : box.x1 - x0] = one.mask
    around = plane[y0:y1, x0:x1][_grown(own, reach) & background[y0:y1, x0:x1]]
    if around.size < LEAST_AROUND_PX:
        return False
    inside = float(np.median(plane[box.slices][one.mask]))
    darkest, middle, brightest = np.percentile(around, (100 - ALMOST_ALL, 50, ALMOST_ALL)).tolist()
    contrast = inside - middle
    nearest = brightest if contrast > 0 else darkest
    return bool(contrast) and bool((inside - nearest) / contrast >= CLEAR)


def _grown(mask: Mask, by_px: int) -> Mask:
    return cv2.dilate(mask.view(np.uint8), np.ones((2 * by_px + 1, 2 * by_px + 1), dtype=np.uint8)).view(np.bool_)
