"""How a microscope records a picture: dose, detector noise, scanning, saturation, storage in 8 bit and lossy compression."""

from __future__ import annotations

from math import log10, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Picture = NDArray[np.float32]

_SNR_TOLERANCE_DB = 0.002
_BISECTIONS = 40


def poisson_counts(signal: NDArray[np.floating], rng: np.random.Generator, *, dose: float) -> Picture:
    """Count electrons: each pixel is Poisson distributed with mean ``signal × dose``.

    Parameters
    ----------
    signal : (H, W), the share of the dose that reaches the detector, >= 0.
    dose : electrons per pixel where the signal is 1.

    Returns
    -------
    (H, W) float32, whole numbers.

    Raises
    ------
    ValueError
        The signal is negative somewhere or the dose is not positive.
    """
    if dose <= 0:
        raise ValueError(f"a dose of {dose} electrons per pixel is impossible")
    return rng.poisson(signal.astype(np.float64) * dose).astype(np.float32)


def snr_db(picture: NDArray[np.generic], reference: NDArray[np.generic]) -> float:
    """Signal-to-noise ratio 10 log10(mean(reference²) / mean((picture - reference)²)), both on 0..255; inf where they are equal."""
    ideal = reference.astype(np.float64)
    error = float(np.mean((picture.astype(np.float64) - ideal) ** 2))
    return 10 * log10(float(np.mean(ideal**2)) / error) if error > 0 else float("inf")


def with_snr(reference: NDArray[np.generic], rng: np.random.Generator, *, wanted_db: float) -> NDArray[np.uint8]:
    """Add Gaussian noise so that the picture *as saved*, rounded and clipped to 0..255, has the wanted ratio to the reference.

    Clipping eats a part of the noise, so that its amplitude is found by bisection on the one noise field that was drawn.

    Parameters
    ----------
    reference : (H, W) of values on 0..255; taken as it is, not rounded.
    wanted_db : as defined by `snr_db`.

    Returns
    -------
    (H, W) uint8 whose ratio is the wanted one to 0.01 dB for pictures of at least some thousand pixels.

    Raises
    ------
    ValueError
        The reference is dark all over or leaves 0..255, or no noise in 0..255 reaches so low a ratio.
    """
    ideal = reference.astype(np.float64)
    if ideal.min() < 0 or ideal.max() > 255:
        raise ValueError("the reference of a noisy picture must lie on 0..255")
    power = float(np.mean(ideal**2))
    if power == 0:
        raise ValueError("a picture that is 0 everywhere has no signal-to-noise ratio")
    noise = rng.standard_normal(ideal.shape)
    wanted_error = power / 10 ** (wanted_db / 10)
    low, high = 0.0, sqrt(wanted_error)
    while _error(ideal, noise, high) < wanted_error:
        low, high = high, 2 * high
        if high > 1e5:
            raise ValueError(f"a ratio of {wanted_db} dB cannot be reached within 0..255")
    for _ in range(_BISECTIONS):
        sigma = (low + high) / 2
        error = _error(ideal, noise, sigma)
        if error > 0 and abs(10 * log10(error / wanted_error)) < _SNR_TOLERANCE_DB:
            break
        low, high = (sigma, high) if error < wanted_error else (low, sigma)
    return _saved(ideal + sigma * noise)


def lowest_snr_db(reference: NDArray[np.generic]) -> float:
    """Return what `with_snr` cannot go below: endless noise leaves pixels of 0 and 255 by chance, which is a finite error."""
    ideal = reference.astype(np.float64)
    return 10 * log10(max(float(np.mean(ideal**2)), 1e-12) / float(np.mean((ideal**2 + (255 - ideal) ** 2) / 2)))


def with_snr_or_nearly(reference: NDArray[np.generic], rng: np.random.Generator, *, wanted_db: float) -> NDArray[np.uint8]:
    """Add noise of the wanted ratio as `with_snr` does where 0..255 has room for it, else as `with_snr_before_saving`."""
    within_reach = wanted_db > lowest_snr_db(reference) + 1
    return (with_snr if within_reach else with_snr_before_saving)(reference, rng, wanted_db=wanted_db)


def with_snr_before_saving(reference: NDArray[np.generic], rng: np.random.Generator, *, wanted_db: float) -> NDArray[np.uint8]:
    """Add Gaussian noise of the wanted ratio, then round and clip, which eats a part of the noise: the saved ratio is higher.

    This is how many studies do it; it has no lower limit. Units and shapes are those of `with_snr`.
    """
    ideal = reference.astype(np.float64)
    sigma = sqrt(float(np.mean(ideal**2)) / 10 ** (wanted_db / 10))
    return _saved(ideal + rng.normal(0, sigma, ideal.shape))


def _error(ideal: NDArray[np.float64], noise: NDArray[np.float64], sigma: float) -> float:
    return float(np.mean((np.clip(np.rint(ideal + sigma * noise), 0, 255) - ideal) ** 2))


def _saved(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)


def scan_jitter(picture: Picture, rng: np.random.Generator, *, amplitude_px: float, correlation_lines: float = 1.0) -> Picture:
    """Shift each scanned line sideways by a random amount, as stray fields and vibration do.

    Parameters
    ----------
    amplitude_px : standard deviation of the shift; below about 1 px outlines stay true.
    correlation_lines : over how many lines the shift is alike.
    """
    if amplitude_px <= 0:
        return picture
    height, width = picture.shape
    shift = _line_noise(height, rng, correlation_lines=correlation_lines) * np.float32(amplitude_px)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return np.asarray(cv2.remap(picture, x + shift[:, None], y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), dtype=np.float32)


def line_streaks(picture: Picture, rng: np.random.Generator, *, amplitude: float, correlation_lines: float = 1.0) -> Picture:
    """Add an offset to each scanned line (beam current and charge fluctuate), of this standard deviation in units of the picture."""
    if amplitude <= 0:
        return picture
    streaks = _line_noise(picture.shape[0], rng, correlation_lines=correlation_lines) * np.float32(amplitude)
    return np.asarray(picture + streaks[:, None], dtype=np.float32)


def correlated_noise(shape: tuple[int, int], rng: np.random.Generator, *, along_px: float, across_px: float = 0.0) -> Picture:
    """Make unit noise that is smeared along the scan (slow detector, ``along_px``) and across it (interpolated pictures).

    Returns
    -------
    (H, W) float32, mean 0 and standard deviation 1.
    """
    noise: NDArray[np.floating] = rng.standard_normal(shape, dtype=np.float32)
    if along_px > 0 or across_px > 0:
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), sigmaX=max(along_px, 1e-3), sigmaY=max(across_px, 1e-3)), dtype=np.float32)
    noise = noise - noise.mean()
    return np.asarray(noise / max(float(noise.std()), 1e-9), dtype=np.float32)


def detector_blur(picture: Picture, *, sigma_px: float) -> Picture:
    """Blur by the point spread of beam and detector, a Gaussian of this standard deviation."""
    return picture if sigma_px < 0.15 else np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), dtype=np.float32)


def to_8bit(
    picture: NDArray[np.floating], *, low: float = 0.0, high: float = 100.0, black: float = 0.0, white: float = 255.0, gamma: float = 1.0
) -> NDArray[np.uint8]:
    """Store a picture in 8 bit as an operator sets contrast and brightness.

    Parameters
    ----------
    low, high : percentiles of the picture that become ``black`` and ``white``; what lies beyond is extrapolated, then clipped.
    black, white : grey values on 0..255; with 0 and 255 and inner percentiles the picture saturates.
    gamma : output = input^gamma on 0..1; below 1 brightens the middle.

    Returns
    -------
    (H, W) uint8; a flat picture becomes the middle of black and white.
    """
    bottom, top = np.percentile(picture[::2, ::2], (low, high))
    if not top > bottom:
        return np.full(picture.shape, round((black + white) / 2), dtype=np.uint8)
    share = (picture - np.float32(bottom)) / np.float32(top - bottom)
    grey = np.clip((black + share * (white - black)) / 255, 0, 1)
    return _saved(255 * grey ** np.float32(gamma))


def jpeg(picture: NDArray[np.uint8], *, quality: int) -> NDArray[np.uint8]:
    """Pass a picture through lossy compression of this quality (1..100), which leaves its blocks and ringing in it."""
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    if not done:
        raise ValueError(f"a picture of shape {picture.shape} cannot be compressed")
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def salt_and_pepper(picture: NDArray[np.uint8], rng: np.random.Generator, *, fraction: float) -> NDArray[np.uint8]:
    """Set a share of the pixels to black or white, half each on average (hot and dead pixels, X-ray hits)."""
    hit = rng.random(picture.shape, dtype=np.float32)
    spoiled = picture.copy()
    spoiled[hit < fraction / 2] = 0
    spoiled[hit > 1 - fraction / 2] = 255
    return spoiled


def _line_noise(count: int, rng: np.random.Generator, *, correlation_lines: float) -> NDArray[np.float32]:
    values: NDArray[np.floating] = rng.standard_normal(count, dtype=np.float32)
    if correlation_lines > 0.3:
        values = ndimage.gaussian_filter1d(values, correlation_lines, mode="reflect")
    values = values - values.mean()
    return np.asarray(values / max(float(values.std()), 1e-9), dtype=np.float32)
