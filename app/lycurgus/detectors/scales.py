"""At which sizes a picture is shown to a network, and back from there to the picture's own pixels.

A network finds particles of a certain range of diameters best; what is much larger or smaller is brought into it by resizing the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import BBox, Mask
from lycurgus.detectors.decoding import Candidate
from lycurgus.inference.manifest import ModelManifest

LARGEST_ENLARGED_PX = 4096
"""A picture is not enlarged beyond the square of this many pixels: time and memory would go where nobody waits for them."""

LEAST_SIDE_PX = 96
"""A picture is not reduced below this: too little would be left to be seen."""

FACTOR = 2.0
COARSEST = 1 / 16
FINEST = 4.0
CONFIDENT = 0.6
"""Candidates of at least this score tell how large the particles are."""

MANY = 0.25
"""From this share of the particles on, those that are too large or too small for the network call for another scale."""


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
        reduces = self.scaled[0] < self.shape[0]
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

    def candidate_back(self, candidate: Candidate) -> Candidate | None:
        """Return a particle of the copy in the picture's own pixels, its outline interpolated; None where nothing is left of it."""
        if self.is_identity:
            return candidate
        fy, fx = self.factors
        box = candidate.bbox
        y0, x0 = max(int(box.y0 / fy) - 1, 0), max(int(box.x0 / fx) - 1, 0)
        y1, x1 = min(int(np.ceil(box.y1 / fy)) + 1, self.shape[0]), min(int(np.ceil(box.x1 / fx)) + 1, self.shape[1])
        # Pixel centres lie on whole numbers: the edges of both pictures coincide at -0.5.
        matrix = np.array(
            [[fx, 0, (x0 + 0.5) * fx - 0.5 - box.x0 + 1], [0, fy, (y0 + 0.5) * fy - 0.5 - box.y0 + 1]],
            dtype=np.float64,
        )
        source = _continued_at_edges(candidate, self.scaled)
        drawn = cv2.warpAffine(source, matrix, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        mask = drawn >= 128
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if not len(rows):
            return None
        tight = BBox(y0 + int(rows[0]), x0 + int(columns[0]), y0 + int(rows[-1]) + 1, x0 + int(columns[-1]) + 1)
        cropped = np.ascontiguousarray(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
        area = int(np.count_nonzero(cropped))
        hidden = round(candidate.hidden_px * area / max(candidate.area_px, 1))
        return Candidate(tight, cropped, candidate.score, area, hidden)


def first_scales(manifest: ModelManifest, shape: tuple[int, int], diameter_px: float | None) -> list[float]:
    """Choose the scales that a picture is looked at before anything is known about it.

    Parameters
    ----------
    shape : (H, W).
    diameter_px : of the particles, as far as the user expects one.

    Returns
    -------
    The one scale at which a particle as expected is as wide as the network likes it; otherwise the manifest's scales up to 1.
    """
    if diameter_px is not None:
        return [_possible(_fitting(manifest, diameter_px), shape)]
    scales = [scale for scale in manifest.scales if scale <= 1 and (scale == 1 or min(shape) * scale >= LEAST_SIDE_PX)]
    return sorted(scales, reverse=True) or [1.0]


def next_scale(manifest: ModelManifest, shape: tuple[int, int], looked: Sequence[float], found: Sequence[Candidate]) -> float | None:
    """Choose a further scale where what was found says that one is needed; None where none is.

    Parameters
    ----------
    looked : the scales up to now.
    found : the particles up to now, in the picture's own pixels.
    """
    diameters = [candidate.diameter_px for candidate in found if candidate.score >= CONFIDENT]
    finest, coarsest = max(looked), min(looked)
    largest = manifest.diameter_px.largest / coarsest
    if diameters and sum(diameter > largest for diameter in diameters) >= MANY * len(diameters):
        coarser = coarsest / FACTOR
        if coarser >= COARSEST and min(shape) * coarser >= LEAST_SIDE_PX:
            return coarser
    smallest = manifest.diameter_px.smallest / finest
    too_small = not diameters or median(diameters) < smallest
    finer = min((scale for scale in manifest.scales if scale > finest), default=None)
    if too_small and finer is not None and finer <= FINEST and _possible(finer, shape) == finer:
        return finer
    return None


def _fitting(manifest: ModelManifest, diameter_px: float) -> float:
    """1 where such particles are well within the network's range; otherwise what brings them to the middle of it."""
    low, high = manifest.diameter_px.smallest, manifest.diameter_px.largest
    return 1.0 if low <= diameter_px <= high else sqrt(low * high) / diameter_px


def _possible(scale: float, shape: tuple[int, int]) -> float:
    """Keep a scale within what makes sense for a picture."""
    most = max(1.0, LARGEST_ENLARGED_PX / sqrt(shape[0] * shape[1]))
    least = min(1.0, LEAST_SIDE_PX / min(shape))
    return min(max(scale, least, COARSEST), most, 8.0)


def _continued_at_edges(candidate: Candidate, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the mask as 0 and 255 with a rim of one pixel: empty, but a copy of the edge where the picture ends there."""
    box = candidate.bbox
    rim = np.zeros((box.height + 2, box.width + 2), dtype=np.uint8)
    rim[1:-1, 1:-1] = candidate.mask.view(np.uint8) * 255
    if box.y0 == 0:
        rim[0] = rim[1]
    if box.y1 == shape[0]:
        rim[-1] = rim[-2]
    if box.x0 == 0:
        rim[:, 0] = rim[:, 1]
    if box.x1 == shape[1]:
        rim[:, -1] = rim[:, -2]
    return rim
