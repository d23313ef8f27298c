"""Whether particles are brighter or darker than what surrounds them, decided from the picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Mask, Polarity


def tail_polarity(plane: NDArray[np.float32], usable: Mask, *, sigma_px: float) -> Polarity:
    """Tell on which side of a local mean the longer tail of values lies.

    Made for pictures with strong shading, where no one threshold parts anything: particles cover the smaller part of their
    surroundings and so deviate further from the local mean than the background does.

    Parameters
    ----------
    plane : (H, W) float32, finite.
    usable : (H, W) bool.
    sigma_px : of the local mean's Gaussian window, wider than the particles.
    """
    factor = max(1.0, min(plane.shape) / 256)
    size = (max(1, round(plane.shape[1] / factor)), max(1, round(plane.shape[0] / factor)))
    small = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    seen = cv2.resize(usable.view(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool)
    residual = (small - cv2.GaussianBlur(small, (0, 0), max(1.0, sigma_px / factor)))[seen]
    if residual.size == 0:
        return "bright"
    low, middle, high = np.percentile(residual, (1, 50, 99))
    return "bright" if high - middle >= middle - low else "dark"


def decide_polarity(bright: Mask, dark: Mask, usable: Mask) -> Polarity:
    """Choose between two candidate foregrounds: what is brighter than a threshold, and what is darker.

    Parameters
    ----------
    bright, dark : (H, W) bool.
    usable : (H, W) bool.
    """
    return "bright" if np.count_nonzero(bright & usable) <= np.count_nonzero(dark & usable) else "dark"
