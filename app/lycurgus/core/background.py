"""Backgrounds that vary slowly across a picture: smoothed, rolled or fitted, on a coarse grid where that is enough."""

from __future__ import annotations

from math import ceil

import cv2
import numpy as np
import skimage  # parts of it load when they are first used, so that starting need not wait for them
from numpy.typing import NDArray

from lycurgus.core.noise import sample
from lycurgus.core.polarity import tail_polarity
from lycurgus.core.types import Mask

Float = NDArray[np.float32]

COARSE_SIGMA = 4.0
"""A Gaussian of this many coarse pixels can be brought back to the full grid by interpolation."""

COARSE_RADIUS = 12.0
"""A ball of this many coarse pixels is round enough."""

BALL_LEVELS = 256.0
"""The ball rolls over a picture whose values span this many units, as in 8 bit pictures, for which the method was made."""


def smooth_background(plane: Float, usable: Mask, *, sigma_px: float) -> Float:
    """Local mean of the usable pixels under a Gaussian window.

    A normalised convolution (Knutsson and Westin 1993): unusable pixels have no weight, and neither has what lies outside.

    Parameters
    ----------
    plane : (H, W) float32, finite.
    usable : (H, W) bool.
    sigma_px : of the window.

    Returns
    -------
    (H, W) float32; the median of the usable values where the window holds none.
    """
    coarse, weight = _shrink(plane, usable, factor=max(1, int(sigma_px / COARSE_SIGMA)))
    sigma = (sigma_px * coarse.shape[1] / plane.shape[1], sigma_px * coarse.shape[0] / plane.shape[0])
    coarse *= weight
    for grid in (coarse, weight):
        cv2.GaussianBlur(grid, (0, 0), sigma[0], dst=grid, sigmaY=sigma[1], borderType=cv2.BORDER_CONSTANT)
    empty = weight < 1e-4
    np.divide(coarse, weight, out=coarse, where=~empty)
    if empty.any():
        coarse[empty] = _median(plane, usable)
    return _enlarge(coarse, plane.shape)


def ball_background(plane: Float, usable: Mask, *, radius_px: float) -> Float:
    """Height of a ball that rolls under the picture (over it, where particles are dark).

    The values are first spread over 256 units, so that the ball is equally flat in a picture of any depth; the ball
    rolls on a coarse grid of cell means, which also keeps single noisy pixels from lifting it.

    Parameters
    ----------
    plane : (H, W) float32, finite.
    usable : (H, W) bool.
    radius_px : wider than the largest particle.

    References
    ----------
    S. R. Sternberg, Biomedical image processing, IEEE Computer 16 (1983) 22-34.
    """
    factor = max(1, int(radius_px / COARSE_RADIUS))
    coarse, weight = _shrink(plane, usable, factor=factor)
    values = coarse[weight > 0]
    if values.size == 0:
        return np.zeros_like(plane)
    low, high = (float(v) for v in np.percentile(values, (1, 99)))
    if high <= low:
        return np.full_like(plane, low)
    coarse[weight == 0] = np.median(values)
    scale = BALL_LEVELS / (high - low)
    if tail_polarity(plane, usable, sigma_px=radius_px) == "dark":
        scale = -scale
    coarse *= scale
    width = 2 * radius_px / factor
    kernel: Float = skimage.restoration.ellipsoid_kernel((width, width), 2 * radius_px)  # type: ignore[no-untyped-call]
    background = skimage.restoration.rolling_ball(coarse, kernel=kernel)
    return _enlarge(np.asarray(background / scale, dtype=np.float32), plane.shape)


def polynomial_background(plane: Float, usable: Mask, *, grid_px: int = 128, rounds: int = 5) -> Float:
    """Least-squares surface of second order through the background.

    b(y, x) = c0 + c1 y + c2 x + c3 y² + c4 y x + c5 x², fitted to the usable pixels of a grid of about ``grid_px`` points a
    side; points further than 2.5 robust deviations from the surface (particles) are left out of the next round.

    Parameters
    ----------
    plane : (H, W) float32, finite.
    usable : (H, W) bool.
    """
    height, width = plane.shape
    step_y, step_x = max(1, height // grid_px), max(1, width // grid_px)
    y, x = np.mgrid[0:height:step_y, 0:width:step_x]
    seen = usable[::step_y, ::step_x]
    values = plane[::step_y, ::step_x][seen].astype(np.float64)
    if values.size < 12:
        return np.full_like(plane, _median(plane, usable))
    terms = _terms(y[seen] / height, x[seen] / width)
    kept = np.ones(values.shape, dtype=bool)
    for _ in range(rounds):
        coefficients = np.linalg.lstsq(terms[kept], values[kept], rcond=None)[0]
        residual = values - terms @ coefficients
        centre = np.median(residual[kept])
        spread = 1.4826 * np.median(np.abs(residual[kept] - centre))
        closer = np.abs(residual - centre) <= max(2.5 * spread, 1e-6 * float(np.ptp(values)))
        if np.count_nonzero(closer) < 12 or np.array_equal(closer, kept):
            break
        kept = closer
    c0, cy, cx, cyy, cyx, cxx = (np.float32(c) for c in coefficients)
    v = (np.arange(height, dtype=np.float32) / np.float32(height))[:, None]
    u = (np.arange(width, dtype=np.float32) / np.float32(width))[None, :]
    surface = np.multiply(cyx * v, u)
    surface += c0 + cy * v + cyy * v**2
    surface += cx * u + cxx * u**2
    return np.asarray(surface, dtype=np.float32)


def _terms(y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack((np.ones_like(y), y, x, y * y, y * x, x * x), axis=1)


def _shrink(plane: Float, usable: Mask, *, factor: int) -> tuple[Float, Float]:
    """Means of the usable pixels in cells of about factor x factor, and the usable share of each cell."""
    if factor == 1:
        return plane.copy(), usable.astype(np.float32, order="C")
    size = (ceil(plane.shape[1] / factor), ceil(plane.shape[0] / factor))
    if usable.all():
        return _cell_means(plane, size), np.ones(size[::-1], dtype=np.float32)
    coarse = _cell_means(np.where(usable, plane, np.float32(0)), size)
    weight = _cell_means(usable.astype(np.float32), size)
    weight[weight < 1e-3] = 0
    np.divide(coarse, weight, out=coarse, where=weight > 0)
    return coarse, weight


def _cell_means(plane: Float, size: tuple[int, int]) -> Float:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _enlarge(coarse: Float, shape: tuple[int, ...]) -> Float:
    if coarse.shape == shape:
        return coarse
    return np.asarray(cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def _median(plane: Float, usable: Mask) -> float:
    values = sample(plane, usable)
    return float(np.median(values)) if values.size else 0.0
