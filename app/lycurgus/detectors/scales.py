"""At which sizes a picture is shown to a network, and the resized copies.

A network finds particles of a certain range of diameters best; what is much larger or smaller is brought into it by resizing the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Mask
from lycurgus.detectors.decoding.candidates import Candidate
from lycurgus.detectors.decoding.scales import choose_scales
from lycurgus.inference.manifest import ModelManifest

LARGEST_ENLARGED_PX = 3072
"""A picture is not enlarged beyond the square of this many pixels: time and memory would go where nobody waits for them."""

LEAST_SIDE_PX = 96
"""A picture is not reduced below this: too little would be left to be seen."""

FACTOR = 2.0
"""By how much a picture is enlarged in which nothing was found, or a small one of particles that are nearly too small."""

SMALL_PX = 800**2
"""A picture of no more pixels is enlarged sooner: it takes about a second."""

NEARLY_TOO_SMALL = 1.2
"""Where a tenth is thinner than this multiple of the smallest diameter that the network is best at, there may be smaller ones beside."""

SMALLEST_TENTH = 10
"""Percentile of the widths that tells how small the smallest are; lesser ones are chance."""

MOST_FURTHER = 3
"""At no more scales than these a picture is looked at again."""

LEAST_STEP = 1.3
"""A scale nearer than this factor to another shows nothing new."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """A picture's own pixels and those of its resized copy.

    Attributes
    ----------
    shape : (H, W) of the picture.
    scaled : (h, w) of the copy.
    """

    shape: tuple[int, int]
    scaled: tuple[int, int]

    @classmethod
    def by(cls, factor: float, shape: tuple[int, int]) -> Scaling:
        """Resize by a factor, each side to the nearest whole pixel."""
        height, width = (max(1, round(side * factor)) for side in shape)
        return cls(shape, (height, width))

    @property
    def factors(self) -> tuple[float, float]:
        """Copy over picture, (y, x): not quite the same on both axes, as sides are whole numbers."""
        return self.scaled[0] / self.shape[0], self.scaled[1] / self.shape[1]

    @property
    def is_identity(self) -> bool:
        return self.shape == self.scaled

    def resize(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the copy of a picture: means where it is reduced, cubic interpolation where it is enlarged."""
        if self.is_identity:
            return plane
        reduces = self.scaled[0] * self.scaled[1] < self.shape[0] * self.shape[1]
        how = cv2.INTER_AREA if reduces else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(plane, self.scaled[::-1], interpolation=how), dtype=np.float32)

    def resize_mask(self, mask: Mask) -> Mask:
        """Return the copy of a mask."""
        if self.is_identity:
            return mask
        return cv2.resize(mask.view(np.uint8), self.scaled[::-1], interpolation=cv2.INTER_NEAREST).astype(np.bool_)

    def back(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a plane of the copy in the picture's own pixels, linearly interpolated."""
        if self.is_identity:
            return plane
        return np.asarray(cv2.resize(plane, self.shape[::-1], interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def first_scales(manifest: ModelManifest, shape: tuple[int, int], diameter_px: float | None) -> tuple[float, ...]:
    """Choose the scales at which a picture is looked at before anything is known about it.

    Parameters
    ----------
    shape : (H, W).
    diameter_px : of the particles, as far as the user expects one.

    Returns
    -------
    The one scale at which a particle as expected is as wide as the network likes it; otherwise the manifest's scales.
    """
    if diameter_px is not None:
        (scale,) = choose_scales([diameter_px], best_px=best_px(manifest), most=1)
        return (_possible(scale, shape),)
    possible = [scale for scale in manifest.scales if _possible(scale, shape) == scale]
    return tuple(sorted(possible, reverse=True)) or (1.0,)


def further_scales(manifest: ModelManifest, shape: tuple[int, int], believed: float, found: Sequence[Candidate]) -> tuple[float, ...]:
    """Choose the scales that what was found at one scale calls for beside it.

    Parameters
    ----------
    believed : the scale of the look that is believed.
    found : its particles, in the picture's own pixels. Where there are none they may be too small to be seen. Their minor axes count: a
        rod breaks up where it is too thin, however long it is.

    Returns
    -------
    No more than ``MOST_FURTHER``, without ``believed``; none where nothing is called for.
    """
    widths = [candidate.minor_axis_px for candidate in found]
    best = best_px(manifest)
    wanted = choose_scales(widths, best_px=best, most=MOST_FURTHER, unknown=(FACTOR,))
    if shape[0] * shape[1] <= SMALL_PX and widths and np.percentile(widths, SMALLEST_TENTH) < NEARLY_TOO_SMALL * best[0]:
        wanted = wanted if max(wanted) > 1 else (FACTOR, *wanted)
    possible = dict.fromkeys(_possible(scale, shape) for scale in wanted)
    return tuple(scale for scale in possible if not same_scale(scale, believed))[:MOST_FURTHER]


def same_scale(scale: float, other: float) -> bool:
    """Tell whether a look at one scale shows nothing new beside one at another."""
    return abs(log(scale / other)) <= log(LEAST_STEP)


def best_px(manifest: ModelManifest) -> tuple[float, float]:
    """The diameters that the network is best at, at the scale of its input."""
    return manifest.diameter_px.smallest, manifest.diameter_px.largest


def _possible(scale: float, shape: tuple[int, int]) -> float:
    """Keep a scale within what makes sense for a picture."""
    most = max(1.0, LARGEST_ENLARGED_PX / sqrt(shape[0] * shape[1]))
    least = min(1.0, LEAST_SIDE_PX / min(shape))
    return min(max(scale, least), most)
