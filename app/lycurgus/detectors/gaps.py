"""Gaps between particles that a look at the wrong scale takes for particles.

Background between particles that lie in rows has an outline, too, as far as they border on it. What tells it apart is where none does:
there nothing changes from its inside to the background outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.progress import CancelToken, never
from lycurgus.core.types import BBox, Mask
from lycurgus.detectors.decoding.candidates import Candidate

BLURRED_PX = 2.0
"""Outlines may lie so far aside, and edges are so wide: what is nearer to one says nothing of either side."""

STRIP_PX, STRIP = 5.0, 0.1
"""Both sides of an outline are compared as far from it: the greater of px and of a part of the particle's diameter."""

LEAST_PX = 100
"""A side tells something where so many pixels of it are left."""

SAME = 0.15
"""A gap differs from the background by no more than this part of what finds usually do, at its outline and in its middle ..."""

NOISE = 1.0
"""... nor by more than this part of the standard deviation of the background's pixels: weak particles beside strong ones differ more."""

ALIKE = 1.3
"""Its pixels vary as the background's do, but for this factor: what has fringes or grains may be as bright as it in the mean."""

USUAL = 75
"""Percentile of what finds differ by that is usual: what a picture's particles differ by, where most finds are gaps, too."""

OTHER, BORDERED = 0.5, 0.1
"""A gap borders with at least this second part of its outline on finds that differ from it by at least the first part of what is usual:
what is as dark as all around it may lie beside particles that were not found."""

MOST = 50
"""Of more finds, as many tell what is usual, evenly picked."""


def without_gaps(found: Sequence[Candidate], plane: NDArray[np.float32], usable: Mask, *, cancel: CancelToken = never) -> list[Candidate]:
    """Leave out finds that border on particles and do not differ from the background on which they border beside.

    What borders on gaps alone is looked at again when these have become background.

    Parameters
    ----------
    found : in the plane's pixels.
    plane, usable : (H, W), float32 and bool.

    Raises
    ------
    Cancelled
    """
    cover = np.zeros(plane.shape, dtype=np.uint16)
    for one in found:
        cover[one.bbox.slices] += one.mask
    suspects = [one for one in found if _is_bordered(one, cover, usable)]
    if not suspects:
        return list(found)
    smooth = cv2.GaussianBlur(plane, (0, 0), BLURRED_PX).astype(np.float32, copy=False)
    asked = (_sides(one, cover, plane, smooth, usable) for one in found[:: -(-len(found) // MOST)])
    known = [abs(seen.middle - seen.background) for seen in asked if seen is not None]
    usual = float(np.percentile(known, USUAL)) if known else 0.0
    left_out: set[int] = set()
    while True:
        cancel.check()
        sides = ((one, _sides(one, cover, plane, smooth, usable)) for one in suspects)
        gaps = [one for one, seen in sides if seen is not None and _is_gap(seen, usual)]
        if not gaps:
            return [one for one in found if id(one) not in left_out]
        for one in gaps:
            cover[one.bbox.slices] -= one.mask
        left_out |= {id(one) for one in gaps}
        suspects = [one for one in suspects if id(one) not in left_out]


@dataclass(frozen=True, slots=True, eq=False)
class _Sides:
    """What lies on both sides of a find's outline.

    Attributes
    ----------
    middle, rim : mean of its pixels, and of those near the background.
    background : mean of the background near it.
    spread, noise : standard deviations of the find's pixels and of the background's.
    others : values of others' pixels near it.
    around_px : pixels near it, whatever they show.
    """

    middle: float
    rim: float
    background: float
    spread: float
    noise: float
    others: NDArray[np.float32]
    around_px: int


def _is_gap(seen: _Sides, usual: float) -> bool:
    """Tell a gap from a particle; ``usual`` is what particles differ from the background by."""
    least = min(SAME * usual, NOISE * seen.noise)
    if max(abs(seen.middle - seen.background), abs(seen.rim - seen.background)) >= least:
        return False
    if not seen.noise / ALIKE <= seen.spread <= seen.noise * ALIKE:
        return False
    differing = int(np.count_nonzero(np.abs(seen.others - seen.middle) >= OTHER * usual))
    return differing >= BORDERED * seen.around_px


def _window(one: Candidate, margin: int, shape: tuple[int, ...]) -> tuple[BBox, NDArray[np.uint8]]:
    """Return a window around a particle and its pixels there."""
    box = one.bbox
    around = BBox(max(box.y0 - margin, 0), max(box.x0 - margin, 0), min(box.y1 + margin, shape[0]), min(box.x1 + margin, shape[1]))
    own = np.zeros((around.height, around.width), dtype=np.uint8)
    own[box.y0 - around.y0 : box.y1 - around.y0, box.x0 - around.x0 : box.x1 - around.x0] = one.mask
    return around, own


def _is_bordered(one: Candidate, cover: NDArray[np.uint16], usable: Mask) -> bool:
    """Tell whether a find borders on others with enough of its outline; ``cover`` counts the finds of each pixel."""
    margin = round(BLURRED_PX) + 1
    around, own = _window(one, margin, cover.shape)
    beside = cv2.dilate(own, np.ones((2 * margin + 1, 2 * margin + 1), dtype=np.uint8)).view(np.bool_) & (own == 0) & usable[around.slices]
    taken = cover[around.slices][beside] > 0
    return bool(taken.size) and float(taken.mean()) >= BORDERED


def _sides(
    one: Candidate, cover: NDArray[np.uint16], plane: NDArray[np.float32], smooth: NDArray[np.float32], usable: Mask
) -> _Sides | None:
    """Look at both sides of a find's outline; None where too little is seen of one of them."""
    reach = max(STRIP_PX, STRIP * one.diameter_px)
    around, own = _window(one, int(np.ceil(reach + BLURRED_PX)) + 1, plane.shape)
    known = usable[around.slices]
    others = cover[around.slices] > own
    clear = known & (_distance(others) > BLURRED_PX)
    outside = _distance(own.view(np.bool_))
    beside = (outside > BLURRED_PX) & (outside <= BLURRED_PX + reach) & known
    ring = beside & clear
    middle = (_distance(own == 0) > BLURRED_PX) & clear
    # Beside the background alone: where it borders on another particle its rim is that particle's, too.
    rim = middle & (_distance(ring) <= 2 * BLURRED_PX + reach)
    if min(np.count_nonzero(side) for side in (ring, middle, rim)) < LEAST_PX:
        return None
    pixels = plane[around.slices]
    in_middle, at_rim, background = (float(pixels[side].mean(dtype=np.float64)) for side in (middle, rim, ring))
    spread, noise = (float(pixels[side].std(dtype=np.float64)) for side in (middle, ring))
    return _Sides(in_middle, at_rim, background, spread, noise, smooth[around.slices][beside & others], int(np.count_nonzero(beside)))


def _distance(mask: Mask) -> NDArray[np.float32]:
    """Distance of each pixel to the nearest of a mask, px; large where there is none."""
    return np.asarray(cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 5), dtype=np.float32)
