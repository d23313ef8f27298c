"""How noisy a picture is: the standard deviation of its noise, and the signal-to-noise ratio that follows."""

from __future__ import annotations

from math import inf, log10, nan, sqrt
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Mask, Plane

IMMERKAER = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
"""Difference of two Laplacians: blind to constants, ramps and straight edges along the axes; 6σ wide on white noise."""

TILES = 4
"""Large pictures are judged by this many tiles a side, spread evenly: a noise level needs no more pixels."""

NOISE_TILE_PX = 128
GRAIN_TILE_PX = 256


def estimate_noise(pixels: Plane, usable: Mask | None = None) -> float:
    """Estimate the standard deviation of white noise that lies on a picture.

    The picture is filtered with Immerkær's mask, whose answer to white noise of deviation σ has the deviation 6σ and to
    smooth structure nearly none; σ = median(|response|) / (6 · 0.6745). The median replaces Immerkær's mean because outlines
    of particles answer strongly but cover little. Where more than half of the responses are zero (coarsely quantised
    pictures), his mean is used: σ = √(π/2) · mean(|response|) / 6.

    Parameters
    ----------
    pixels : (H, W), any real dtype.
    usable : (H, W) bool, the pixels to look at; all finite ones where None.

    Returns
    -------
    σ in units of the stored values; nan where no 3 x 3 neighbourhood is usable.

    References
    ----------
    J. Immerkær, Fast noise variance estimation, Computer Vision and Image Understanding 64 (1996) 300-302.
    """
    responses = [_responses(pixels[tile], None if usable is None else usable[tile]) for tile in _tiles(pixels.shape, NOISE_TILE_PX)]
    response = np.concatenate(responses) if responses else np.empty(0, dtype=np.float32)
    if response.size == 0:
        return nan
    middle = float(np.median(response))
    if middle > 0:
        return middle / (6 * 0.674490)
    return sqrt(np.pi / 2) * float(response.mean(dtype=np.float64)) / 6


def estimate_snr(pixels: Plane, usable: Mask | None = None, *, noise: float | None = None) -> float:
    """Estimate the signal-to-noise ratio of a picture in dB.

    SNR = 10 log10((V − σ²) / σ²), with V the variance of all usable values (the outermost 0.1 % at both ends clipped, so that
    hot pixels count little) and σ from ``estimate_noise``: the power of everything that is not white noise, particles,
    support and shading alike, over the power of the noise. 0 dB means that picture and noise vary equally much.

    Parameters
    ----------
    pixels : (H, W), any real dtype.
    usable : (H, W) bool, the pixels to look at; all finite ones where None.
    noise : σ where it is known already.

    Returns
    -------
    dB; -inf for pure noise and for a constant picture, inf where there is no noise, nan where nothing is usable.
    """
    sigma = estimate_noise(pixels, usable) if noise is None else noise
    values = sample(pixels, usable)
    if values.size == 0 or np.isnan(sigma):
        return nan
    low, high = np.percentile(values, (0.1, 99.9))
    variance = float(np.clip(values, low, high).var(dtype=np.float64))
    signal = variance - sigma**2
    if signal <= 0:
        return -inf
    return 10 * log10(signal / sigma**2) if sigma > 0 else inf


def is_mostly_noise(plane: NDArray[np.float32], usable: Mask) -> bool:
    """Tell whether most of a picture's variation, shading aside, is finer than anything that could be measured.

    Shading is the mean under a Gaussian of 20 px. From the rest a Gaussian of 3 px takes 69 % off white noise that has been through
    one of 1 px, and 91 % off unfiltered noise, but little off particles or grain. The picture is mostly noise where the
    median absolute deviation loses more than half; the median makes a few particles on an empty noisy support no exception.

    Parameters
    ----------
    plane : (H, W) float32, finite.
    usable : (H, W) bool.
    """
    before, after = [], []
    for tile in _tiles(plane.shape, GRAIN_TILE_PX):
        seen, shading = usable[tile], cv2.GaussianBlur(plane[tile], (0, 0), 20)
        before.append((plane[tile] - shading)[seen])
        after.append((cv2.GaussianBlur(plane[tile], (0, 0), 3) - shading)[seen])
    if sum(values.size for values in before) == 0:
        return False
    return _median_deviation(np.concatenate(after)) < 0.5 * _median_deviation(np.concatenate(before))


def _median_deviation(values: NDArray[np.float32]) -> float:
    return float(np.median(np.abs(values - np.median(values))))


def sample(pixels: Plane, usable: Mask | None = None, *, limit: int = 1 << 18) -> NDArray[np.floating[Any]]:
    """Return the finite usable values of a regular grid of at most about ``limit`` pixels, as (n,) float32 or, if they need it, float64."""
    step = max(1, int(np.ceil(sqrt(pixels.size / limit)))) if pixels.size else 1
    grid = pixels[::step, ::step]
    with np.errstate(over="ignore", invalid="ignore"):
        values: NDArray[np.floating[Any]] = (grid.ravel() if usable is None else grid[usable[::step, ::step]]).astype(exact_enough(pixels))
    finite: NDArray[np.floating[Any]] = values[np.isfinite(values)]
    return finite


def exact_enough(pixels: Plane) -> type[np.float32] | type[np.float64]:
    """float32 merges small differences of large numbers, which 4 bytes and more can hold."""
    return np.float32 if pixels.dtype.itemsize <= 2 or pixels.dtype == np.float32 else np.float64


def _tiles(shape: tuple[int, ...], side: int) -> list[tuple[slice, slice]]:
    """Where to look: everywhere, or at evenly spread tiles of a large picture."""
    height, width = shape
    if min(height, width) < 3:
        return []
    if height * width <= (TILES * side) ** 2:
        return [(slice(0, height), slice(0, width))]
    ys, xs = _starts(height, side), _starts(width, side)
    return [(slice(y, y + side), slice(x, x + side)) for y in ys for x in xs]


def _starts(length: int, side: int) -> list[int]:
    count = min(TILES, max(1, length // side))
    return [round(start) for start in np.linspace(0, max(length - side, 0), count)]


def _responses(pixels: Plane, usable: Mask | None) -> NDArray[np.float32]:
    """Magnitudes of the mask's responses wherever all nine pixels are usable."""
    with np.errstate(over="ignore", invalid="ignore"):
        plane: NDArray[np.floating[Any]] = pixels.astype(exact_enough(pixels))
    good = np.isfinite(plane)
    if usable is not None:
        good &= usable
    plane[~good] = 0
    whole = cv2.erode(good.view(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    response = np.abs(cv2.filter2D(plane, -1, IMMERKAER))
    return np.asarray(response[whole.astype(bool)], dtype=np.float32)
