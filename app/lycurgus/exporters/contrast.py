"""Grey values for the eye: a micrograph of any type stretched to 8 bits. For display only, nothing is measured on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Annotation, Plane

PERCENTILES = (0.2, 99.8)
SAMPLES = 1_000_000
ROWS_AT_ONCE = 256


def display_range(pixels: Plane, annotations: Sequence[Annotation] = ()) -> tuple[float, float]:
    """Return the values to show as black and white: percentiles of what is finite and no annotation; (0, 1) without any.

    Parameters
    ----------
    pixels : (H, W) of any real type.
    """
    step = max(1, int(np.sqrt(pixels.size / SAMPLES)))
    usable = np.ones(pixels[::step, ::step].shape, bool)
    for annotation in annotations:
        box = annotation.bbox
        usable[-(-box.y0 // step) : -(-box.y1 // step), -(-box.x0 // step) : -(-box.x1 // step)] = False
    sample = pixels[::step, ::step][usable] if usable.any() else pixels[::step, ::step].ravel()
    if sample.dtype.kind == "f":
        sample = sample[np.isfinite(sample)]
    if not sample.size:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(sample.astype(np.float64), PERCENTILES))
    return low, high


def stretched(pixels: Plane, limits: tuple[float, float]) -> NDArray[np.uint8]:
    """Map ``limits`` to 0 ... 255, a few rows at a time so that no second large array is made; nan becomes black.

    Returns
    -------
    (H, W) uint8; mid grey where the limits coincide.
    """
    low, high = limits
    if not high > low:
        return np.full(pixels.shape, 128, np.uint8)
    if pixels.dtype in (np.uint8, np.uint16):
        return np.asarray(_rows_stretched(np.arange(np.iinfo(pixels.dtype).max + 1)[None], limits)[0][pixels])
    return _rows_stretched(pixels, limits)


def _rows_stretched(pixels: Plane, limits: tuple[float, float]) -> NDArray[np.uint8]:
    low, high = limits
    grey = np.empty(pixels.shape, np.uint8)
    # In double precision: values of 1e38 would overflow, and neighbouring 32-bit counts would fall together.
    for start in range(0, len(pixels), ROWS_AT_ONCE):
        rows = np.nan_to_num(pixels[start : start + ROWS_AT_ONCE].astype(np.float64), nan=low, posinf=high, neginf=low)
        np.clip(rows, low, high, out=rows)
        rows -= low
        rows *= 255 / (high - low)
        grey[start : start + ROWS_AT_ONCE] = np.rint(rows).astype(np.uint8)
    return grey
