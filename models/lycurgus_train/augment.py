"""Random crops: where, how large, how turned, and what the instrument does to the intensities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.background import smooth_background
from lycurgus.core.normalise import normalise
from lycurgus.core.types import Mask
from lycurgus_train.config import CropConfig
from lycurgus_train.store import Prepared
from lycurgus_train.targets import Targets, compute_targets

Picture = NDArray[np.float32]
Changes = tuple[tuple[float, Callable[[Picture, np.random.Generator], Picture]], ...]
NEAR = (0.3, 1.4)
"""Scales near that of the picture, as the application looks at it first."""

LEAST_PX = 4.0
"""Diameter of the particle that a crop near its picture's scale is chosen by, at least, unless it is smaller in the picture: fewer pixels
can't be told from grains."""

ANYWHERE = 0.3
"""Part of the crops near the picture's scale that lie anywhere, not at a particle: vacuum, bare support and film must be known too."""

CUT_OFF = 0.1
"""Part of the crops whose background is cut off at black (or white), with its noise, as by an amplifier set too low."""


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """One training example; ``known`` and ``depth_known`` are bool (crop, crop)."""

    picture: Picture
    targets: Targets
    known: NDArray[np.bool_]
    depth_known: NDArray[np.bool_]


def draw_crop(image: Prepared, params: CropConfig, rng: np.random.Generator, *, with_rays: bool = True) -> Crop:
    """Draw one crop of an image, turned, scaled and disturbed, with its targets."""
    side = params.crop_px
    matrix, scale = _placement(image, params, rng)
    level = int(np.clip(np.floor(np.log2(1 / scale) + 0.3), 0, len(image.pyramid) - 1))
    picture = _warp(image.pyramid[level].astype(np.float32), _at_level(matrix, level), side, cv2.INTER_LINEAR, cv2.BORDER_REFLECT_101)
    inside = _warp(np.ones(image.shape, np.uint8), matrix, side, cv2.INTER_NEAREST, cv2.BORDER_CONSTANT) > 0
    layers = [_warp_labels(layer, matrix, side) for layer in image.layers]
    layers = [layer for layer in layers if layer.any()] or [np.zeros((side, side), np.int32)]
    targets = compute_targets(layers, with_rays=with_rays, every_other=True)
    known, depth_known = inside.copy(), inside
    if image.unknown is not None:
        known &= _warp(image.unknown.astype(np.uint8), matrix, side, cv2.INTER_NEAREST, cv2.BORDER_CONSTANT) == 0
    if image.depth_unknown is not None:
        depth_known = inside & (_warp(image.depth_unknown.astype(np.uint8), matrix, side, cv2.INTER_NEAREST, cv2.BORDER_CONSTANT) == 0)
    return Crop(disturb(picture, targets.foreground, rng, strength=params.disturbance), targets, known, depth_known)


def disturb(picture: Picture, foreground: Mask, rng: np.random.Generator, *, strength: float = 1.0) -> Picture:
    """Change the intensities as other instruments, doses and operators would; the result is normalised anew.

    Parameters
    ----------
    foreground : (H, W) bool, the particles.
    strength : part of the usual chance of each change.
    """
    picture = _changed(picture, _RECORDING, rng, strength)
    if rng.random() < strength * CUT_OFF:
        picture = cut_off(picture, foreground, rng)
    picture = _changed(picture, _STORING, rng, strength)
    if rng.random() >= strength:
        return normalise(picture)
    return normalise(picture, low=float(rng.uniform(0.05, 1.0)), high=float(rng.uniform(99.0, 99.95)))


def cut_off(picture: Picture, foreground: Mask, rng: np.random.Generator) -> Picture:
    """Make a background flat, as black or white as it gets; nine tenths of the pixels of ``foreground``, (H, W), keep what they have."""
    if not foreground.any() or foreground.all():
        return picture
    background, particles = picture[~foreground], picture[foreground]
    bright = np.median(particles) > np.median(background)
    sign = np.float32(1 if bright else -1)
    floor = min(np.quantile(sign * background, rng.uniform(0.4, 0.99)), np.quantile(sign * particles, 0.1))
    cut: Picture = sign * np.maximum(sign * picture, np.float32(floor))
    return cut


def _changed(picture: Picture, changes: Changes, rng: np.random.Generator, strength: float) -> Picture:
    for chance, change in changes:
        if rng.random() < strength * chance:
            picture = change(picture, rng)
    return picture


def _placement(image: Prepared, params: CropConfig, rng: np.random.Generator) -> tuple[NDArray[np.float64], float]:
    """Return the 2 × 3 matrix from picture (x, y) to crop, and its mean scale."""
    height, width = image.shape
    side = params.crop_px
    scale, fill = float(np.exp(rng.uniform(*np.log(NEAR)))), 0.5
    centre = rng.uniform((0, 0), (height, width))
    if len(image.diameters):
        chosen = int(rng.integers(len(image.diameters)))
        diameter = max(float(image.diameters[chosen]), 3.0)
        scale = max(scale, min(1.0, LEAST_PX / diameter))
        resized = rng.random() >= params.as_recorded
        if resized:
            wanted = np.exp(rng.uniform(np.log(params.smallest_px), np.log(params.largest_px)))
            # Enlarging shows blur, not particles: beyond threefold there is nothing to learn.
            scale = float(np.clip(wanted / diameter, params.smallest_scale, params.largest_scale))
            fill = 0.5 if rng.random() < 0.2 else 0.8
        if resized or rng.random() >= ANYWHERE:
            centre = image.centres[chosen] + rng.uniform(-0.45, 0.45, 2) * side / scale
    # A crop that is mostly beyond the picture's edge teaches little.
    scale = max(scale, fill * side / min(height, width))
    reach = 0.35 * side / scale
    centre = np.array([_within(centre[0], reach, height), _within(centre[1], reach, width)])
    angle = rng.uniform(0, 2 * np.pi)
    stretch = np.exp(rng.uniform(-0.12, 0.12))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    mirror = np.diag([1.0 if rng.random() < 0.5 else -1.0, 1.0])
    linear = turn @ np.diag([scale * stretch, scale / stretch]) @ mirror
    shift = np.array([(side - 1) / 2] * 2) - linear @ centre[::-1]
    return np.column_stack([linear, shift]), scale


def _within(value: float, reach: float, size: int) -> float:
    return size / 2 if 2 * reach >= size else float(np.clip(value, reach, size - reach))


def _at_level(matrix: NDArray[np.float64], level: int) -> NDArray[np.float64]:
    """Return the matrix for a picture halved ``level`` times (pixel centres on whole numbers)."""
    factor = 2.0**level
    linear = matrix[:, :2] * factor
    shift = matrix[:, 2] + matrix[:, :2] @ np.full(2, (factor - 1) / 2)
    return np.column_stack([linear, shift])


def _warp(picture: NDArray, matrix: NDArray[np.float64], side: int, how: int, border: int) -> NDArray:  # type: ignore[type-arg]
    return cv2.warpAffine(picture, matrix, (side, side), flags=how, borderMode=border)


def _warp_labels(layer: NDArray[np.int32], matrix: NDArray[np.float64], side: int) -> NDArray[np.int32]:
    # float32 holds whole numbers to 2^24: more particles than any picture has.
    return _warp(layer.astype(np.float32), matrix, side, cv2.INTER_NEAREST, cv2.BORDER_CONSTANT).astype(np.int32)


def _blurred(picture: Picture, sigma_px: float) -> Picture:
    blurred: Picture = cv2.GaussianBlur(picture, (0, 0), sigma_px).astype(np.float32, copy=False)
    return blurred


def _inverted(picture: Picture, _rng: np.random.Generator) -> Picture:
    return -picture


def _gamma(picture: Picture, rng: np.random.Generator) -> Picture:
    gamma = np.exp(rng.uniform(np.log(0.45), np.log(2.2)))
    unit = np.clip((picture + 1) / 2, 0, 1)
    changed: Picture = (2 * unit**gamma - 1).astype(np.float32)
    return changed


def _shaded(picture: Picture, rng: np.random.Generator) -> Picture:
    """Add or multiply a smooth field: a bicubic enlargement of a few random values.

    Now and then it spans more than the particles' own contrast: a hill of the background is no particle.
    """
    knots = rng.normal(size=(int(rng.integers(2, 6)),) * 2).astype(np.float32)
    field = cv2.resize(knots, picture.shape[::-1], interpolation=cv2.INTER_CUBIC)
    strength = float(np.exp(rng.uniform(np.log(0.08), np.log(1.5))))
    return picture + strength * field if rng.random() < 0.6 else picture * np.clip(1 + 0.6 * strength * field, 0.2, 2)


def _flattened(picture: Picture, rng: np.random.Generator) -> Picture:
    """Take slow shading away, as the application does for one of its looks; large particles keep their rims."""
    sigma_px = float(np.exp(rng.uniform(np.log(10), np.log(60))))
    return picture - smooth_background(picture, np.ones(picture.shape, np.bool_), sigma_px=sigma_px)


def _defocused(picture: Picture, rng: np.random.Generator) -> Picture:
    return _blurred(picture, float(rng.uniform(0.4, 2.2)))


def _saturated(picture: Picture, rng: np.random.Generator) -> Picture:
    saturated: Picture = np.clip(picture, rng.uniform(-1.2, -0.5), rng.uniform(0.5, 1.2))
    return saturated


def _noisy(picture: Picture, rng: np.random.Generator) -> Picture:
    sigma = np.exp(rng.uniform(np.log(0.02), np.log(0.7)))
    noise = rng.standard_normal(picture.shape, dtype=np.float32)
    if rng.random() < 0.35:
        noise = _blurred(noise, float(rng.uniform(0.5, 1.8)))
        noise /= noise.std()
    if rng.random() < 0.3:
        noise *= np.sqrt(np.clip((picture + 1) / 2, 0.05, 1.5))
    return picture + np.float32(sigma) * noise


def _line_noise(picture: Picture, rng: np.random.Generator) -> Picture:
    lines = rng.standard_normal((picture.shape[0], 1), dtype=np.float32) * rng.uniform(0.02, 0.15)
    return picture + (lines if rng.random() < 0.5 else lines.T)


def _salted(picture: Picture, rng: np.random.Generator) -> Picture:
    chance = rng.uniform(0.0005, 0.02)
    draw = rng.random(picture.shape, dtype=np.float32)
    return np.where(draw < chance / 2, np.float32(-1.2), np.where(draw < chance, np.float32(1.2), picture))


def _recompressed(picture: Picture, rng: np.random.Generator) -> Picture:
    grey = np.clip((picture + 1) * 127.5, 0, 255).astype(np.uint8)
    encoded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))])[1]
    decoded = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)
    assert decoded is not None, "OpenCV reads what it wrote"
    return decoded.astype(np.float32) / 127.5 - 1


_RECORDING: Changes = (
    (0.5, _inverted),
    (0.5, _gamma),
    (0.4, _shaded),
    (0.08, _flattened),
    (0.35, _defocused),
    (0.6, _noisy),
    (0.15, _line_noise),
    (0.08, _salted),
)
"""Chance and change, in the order of the instrument, from the specimen's contrast to the detector's noise."""

_STORING: Changes = ((0.15, _recompressed), (0.1, _saturated))
"""The same for what becomes of it afterwards."""
