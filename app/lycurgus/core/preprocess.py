"""From the numbers as stored to the plane that a detector sees: finite, flattened, denoised, in the same units."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.background import ball_background, polynomial_background, smooth_background
from lycurgus.core.noise import estimate_noise, sample
from lycurgus.core.params import PreprocessParams
from lycurgus.core.types import Mask, Plane

FILL_SIGMA_PX = 8.0
"""Unusable pixels take the mean of what lies about this far away: near enough to follow shading."""


LEAST_STEPS = 1 << 12
"""float32 must tell at least this many levels apart between a picture's smallest and largest value."""


def level_of(pixels: Plane) -> float:
    """Return the value to take off a picture before it becomes float32, so that its differences survive; 0 for nearly all pictures.

    Counts of 2,000,000,080 on 2,000,000,000 are one value in float32.
    """
    if pixels.dtype.itemsize <= 2 or pixels.dtype == np.float32 or pixels.size == 0:
        return 0.0
    finite = pixels if pixels.dtype.kind in "iu" else pixels[np.isfinite(pixels)]
    if finite.size == 0:
        return 0.0
    low, high = float(finite.min()), float(finite.max())
    step = max(abs(low), abs(high)) * float(np.finfo(np.float32).eps)
    return low if 0 < high - low < LEAST_STEPS * step else 0.0


def preprocess(pixels: Plane, usable: Mask, params: PreprocessParams, *, level: float = 0.0) -> NDArray[np.float32]:
    """Prepare a picture for detection.

    Parameters
    ----------
    pixels : (H, W), any real dtype; not altered.
    usable : (H, W) bool; what is False (burnt in, not finite) is replaced by its surroundings before any filter, so that
        nothing bleeds out of it.
    params : which background to take off and which filter to apply, in this order.
    level : of ``level_of``, taken off the values first.

    Returns
    -------
    (H, W) float32 in units of the stored values, less ``level``: flattening keeps the mean level of the background.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        # OpenCV writes in place only where rows are contiguous.
        plane: NDArray[np.float32] = (pixels - level if level else pixels).astype(np.float32, order="C")
    good = np.isfinite(plane)
    good &= usable
    if not good.any():
        return np.zeros(plane.shape, dtype=np.float32)
    _fill(plane, good)
    _flatten(plane, good, params)
    return _denoise(plane, good, params)


def _fill(plane: NDArray[np.float32], good: Mask) -> None:
    """Replace what is not good by the mean of its surroundings, in place."""
    if good.all():
        return
    bad = ~good
    plane[bad] = 0
    around = smooth_background(plane, good, sigma_px=FILL_SIGMA_PX)
    np.copyto(plane, around, where=bad)


def _flatten(plane: NDArray[np.float32], good: Mask, params: PreprocessParams) -> None:
    """Take the background's variation off, in place."""
    match params.flatten:
        case "none":
            return
        case "gaussian":
            background = smooth_background(plane, good, sigma_px=params.flatten_radius_px)
        case "rolling ball":
            background = ball_background(plane, good, radius_px=params.flatten_radius_px)
        case "polynomial":
            background = polynomial_background(plane, good)
    background -= background.mean(dtype=np.float64)
    plane -= background


def _denoise(plane: NDArray[np.float32], good: Mask, params: PreprocessParams) -> NDArray[np.float32]:
    match params.denoise:
        case "none":
            return plane
        case "gaussian":
            return np.asarray(cv2.GaussianBlur(plane, (0, 0), params.sigma_px, dst=plane, borderType=cv2.BORDER_REFLECT), dtype=np.float32)
        case "median":
            return _median(plane, good, radius_px=max(1, round(params.sigma_px)))
        case "non-local means":
            return _non_local_means(plane, good, strength=params.nlm_strength)


def _median(plane: NDArray[np.float32], good: Mask, *, radius_px: int) -> NDArray[np.float32]:
    """Median over a square; above 5 x 5 with a resolution of 1/255 of the range that 99.98 % of the values span."""
    if radius_px <= 2:
        return np.asarray(cv2.medianBlur(plane, 2 * radius_px + 1), dtype=np.float32)
    low, high = _range(plane, good)
    if high <= low:
        return plane
    codes = _encode(plane, low, high, np.uint8)
    return _decode(cv2.medianBlur(codes, 2 * radius_px + 1), low, high)


def _non_local_means(plane: NDArray[np.float32], good: Mask, *, strength: float) -> NDArray[np.float32]:
    """Non-local means with patches of 7 x 7 in windows of 21 x 21 px (Buades, Coll and Morel 2005).

    OpenCV's filter takes whole numbers: values are spread over 16 bit between the outermost 0.01 %, and
    ``h = strength · σ`` with σ from ``estimate_noise`` in those units. Distances are absolute differences, the
    only ones it offers at 16 bit.
    """
    sigma = estimate_noise(plane, good)
    low, high = _range(plane, good)
    if high <= low or not sigma > 0:
        return plane
    codes = _encode(plane, low, high, np.uint16)
    strength_codes = strength * sigma * np.iinfo(np.uint16).max / (high - low)
    smooth = cv2.fastNlMeansDenoising(codes, h=[float(strength_codes)], templateWindowSize=7, searchWindowSize=21, normType=cv2.NORM_L1)
    return _decode(smooth, low, high)


def _range(plane: NDArray[np.float32], good: Mask) -> tuple[float, float]:
    low, high = np.percentile(sample(plane, good), (0.01, 99.99))
    return float(low), float(high)


def _encode(plane: NDArray[np.float32], low: float, high: float, dtype: type[np.uint8] | type[np.uint16]) -> Plane:
    """Spread low ... high over the whole range of an unsigned type; what lies outside is clipped. Overwrites the plane."""
    plane -= np.float32(low)
    plane *= np.float32(np.iinfo(dtype).max / (high - low))
    np.rint(plane, out=plane)
    np.clip(plane, 0, np.iinfo(dtype).max, out=plane)
    return plane.astype(dtype)


def _decode(codes: Plane, low: float, high: float) -> NDArray[np.float32]:
    plane: NDArray[np.float32] = codes.astype(np.float32)
    plane *= np.float32((high - low) / np.iinfo(codes.dtype).max)
    plane += np.float32(low)
    return plane
