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

    Where both percentiles are one value, as with a few particles on a background that is cut off at 0, the smallest and the largest
    value take their place.

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
    bottom, top = _ends(values, low, high)
    if not top > bottom:
        return np.zeros(plane.shape, dtype=np.float32)
    scaled = (plane.astype(np.float32) - np.float32(bottom)) * np.float32(2.0 / (top - bottom)) - np.float32(1.0)
    return np.clip(np.nan_to_num(scaled, copy=False, nan=0.0, posinf=CLIP, neginf=-CLIP), -CLIP, CLIP, out=scaled)


def _ends(values: Plane, low: float, high: float) -> tuple[float, float]:
    """The two percentiles of the finite values; their ends where the percentiles are the same, zeros where there are none."""
    some = _finite(values[:: max(1, values.size // SAMPLES)])
    if some.size == 0:
        return 0.0, 0.0
    bottom, top = np.percentile(some.astype(np.float64), (low, high))
    if top > bottom:
        return float(bottom), float(top)
    # All of them: an even sample may have missed the few that differ.
    every = _finite(values)
    return float(every.min()), float(every.max())


def _finite(values: Plane) -> Plane:
    return values if np.issubdtype(values.dtype, np.integer) or values.dtype == np.bool_ else values[np.isfinite(values)]
