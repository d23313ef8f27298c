"""Particles that no look is sure of, in noise above all, but that are there beyond doubt.

A network judges by what it sees from pixel to pixel. Whether a find is more than noise is told better by its mean: the same pixels, moved
aside, must have another one, by many times what these means vary. What varies is measured where the picture shows background, so that the
grain of a support counts as what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt, tau

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Mask
from lycurgus.detectors.decoding.candidates import Candidate
from lycurgus.detectors.decoding.outlines import foreground_of

PLACES = 16
"""A particle's pixels are moved to so many places around it, in turns ..."""

NEAR, FAR, BESIDE_PX = 1.2, 1.7, 3
"""... by the first and by the second multiple of the longer side of its box, and by px more."""

FREE = 0.9
"""So much of them must show background there, ..."""

LEAST_PLACES = 6
"""... at so many places at least."""

CLEAR = 8.0
"""By so many standard deviations of the means at these places the particle's own must differ from theirs ..."""

VISIBLE = 0.02
"""... and by this part of the picture's range: where values are cut off at black there is no noise, and one grey level is nothing."""


def clearly_there(candidates: Sequence[Candidate], plane: NDArray[np.float32], usable: Mask) -> list[Candidate]:
    """Return the candidates whose mean differs from that of the same pixels moved aside by many times what these vary.

    Of what is so large that there is no place beside it nothing is known.

    Parameters
    ----------
    candidates : in the plane's pixels.
    plane, usable : (H, W), float32 and bool.
    """
    background = usable & ~foreground_of(candidates, (plane.shape[0], plane.shape[1]))
    seen = [one for one in candidates if 2 * np.count_nonzero(usable[one.bbox.slices] & one.mask) >= one.area_px]
    known = [(one, means) for one in seen if len(means := _means_beside(one, plane, background)) >= LEAST_PLACES]
    if not known:
        return []
    darkest, brightest = np.percentile(plane[usable], (0.5, 99.5)).tolist()
    # Of few places a deviation is told badly: in noise without grain it falls with the root of the area, and less is no deviation's.
    common = float(np.median([means.var(ddof=1) * one.area_px for one, means in known]))
    there = []
    for one, means in known:
        mean = float(plane[one.bbox.slices].mean(where=one.mask & usable[one.bbox.slices], dtype=np.float64))
        deviation = max(sqrt(common / one.area_px), float(means.std(ddof=1)))
        if abs(mean - means.mean()) >= max(CLEAR * deviation, VISIBLE * (brightest - darkest)) > 0:
            there.append(one)
    return there


def _means_beside(one: Candidate, plane: NDArray[np.float32], background: Mask) -> NDArray[np.float64]:
    """Mean of a particle's pixels at each place around it where they show background."""
    box = one.bbox
    means = []
    for place in range(PLACES):
        away = (FAR if place % 2 else NEAR) * max(box.height, box.width) + BESIDE_PX
        y, x = box.y0 + round(away * np.sin(tau * place / PLACES)), box.x0 + round(away * np.cos(tau * place / PLACES))
        there = np.s_[y : y + box.height, x : x + box.width]
        if min(y, x) < 0 or plane[there].shape != one.mask.shape:
            continue
        free = background[there] & one.mask
        if np.count_nonzero(free) >= ceil(FREE * one.area_px):
            means.append(plane[there].mean(where=free, dtype=np.float64))
    return np.array(means)
