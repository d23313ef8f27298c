"""The intensities that a network gets to see: the same function in training as in use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Mask, Plane

CLIP = 2.0
"""Hot pixels beyond the percentiles keep their order up to here and no further: in half precision nothing overflows."""

SAMPLES = 1_000_000
"""Percentiles of more pixels than this are taken from an even sample; they agree to better than 0.1 % of the range."""


def normalise(plane: Plane, usable: Mask | None = None, *, low: float = 0.5, high: float = 99.5) -> NDArray[np.float32]:
    """Map two percentiles of the usable pixels to -1 and 1, linearly, clipped to ±2.

    Parameters
    ----------
    plane : (H, W), any real dtype.
    usable : (H, W) bool, the pixels that the percentiles are taken of; all where None.
    low, high : percentiles in 0 ... 100.

    Returns
    -------
    (H, W) float32; zeros where the picture is flat, and where it is not finite.
    """
    values = plane[usable] if usable is not None and usable.any() else plane.ravel()
    values = values[:: max(1, values.size // SAMPLES)]
    if not np.issubdtype(values.dtype, np.integer):
        values = values[np.isfinite(values)]
    if values.size == 0:
        return np.zeros(plane.shape, dtype=np.float32)
    bottom, top = np.percentile(values.astype(np.float64), (low, high))
    if not top > bottom:
        return np.zeros(plane.shape, dtype=np.float32)
    scaled = (plane.astype(np.float32) - np.float32(bottom)) * np.float32(2.0 / (top - bottom)) - np.float32(1.0)
    return np.clip(np.nan_to_num(scaled, copy=False, nan=0.0, posinf=CLIP, neginf=-CLIP), -CLIP, CLIP, out=scaled)
