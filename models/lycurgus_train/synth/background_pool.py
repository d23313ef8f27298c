"""Backgrounds without particles: real ones with the particles painted over, and synthetic ones of the same level and texture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Mask
from lycurgus_train.synth.source import ENOUGH_OPEN, Source, typical_radius_px

Float = NDArray[np.float32]

COARSE = 4
"""Inpainting works on a grid this much coarser: what is finer than that is texture, and texture is copied, not smeared."""

STRUCTURE_PX = 4.0
"""What a Gaussian of this width keeps is structure, the rest texture."""

SHIFTS = 24
"""Tries to cover a hole with texture from elsewhere in the image; what is left is covered by shuffled texture."""

GLOW = 0.4
"""Shadows and glows reach about this share of a particle's radius beyond its outline."""

LIKE_A_PARTICLE = 0.5
"""Free pixels that stand out by this share of the particles' median contrast are taken for particles nobody has outlined."""


def inpainted(source: Source, rng: np.random.Generator, *, clean: bool = True) -> Float:
    """Return the image with its particles, and everything else that is no specimen, painted over.

    The structure under a hole comes from OpenCV's inpainting (A. Telea, J. Graphics Tools 9 (2004) 23-34) on a coarse grid; the
    texture on top is the image's own, taken from elsewhere in it by random shifts.

    Parameters
    ----------
    clean : also paint over what looks like an outlined particle without being one.

    Returns
    -------
    (H, W) float32 on the scale of ``source.plane``.
    """
    free = _away_from_glow(source)
    if clean and (cleaner := free & ~_unlabelled(source)).any():
        free = cleaner
    known = free.astype(np.float32)
    weight = cv2.GaussianBlur(known, (0, 0), STRUCTURE_PX)
    near = np.asarray(cv2.GaussianBlur(source.plane * known, (0, 0), STRUCTURE_PX)) / np.maximum(weight, np.float32(1e-3))
    structure = _bridged(near.astype(np.float32), weight > 0.05)
    texture = _texture_everywhere(source.plane - structure, free, rng)
    # A soft seam: the mask's edge must not show as an edge.
    seam = cv2.GaussianBlur(known, (0, 0), 1.5) * known
    return (seam * source.plane + (1 - seam) * (structure + texture)).astype(np.float32)


def synthetic(source: Source, shape: tuple[int, int], rng: np.random.Generator) -> Float:
    """Return a background of the source's mean level with noise of the spectrum that its free area has.

    The spectrum is that of a free part of the image, the phases are random (B. Galerne, Y. Gousseau, J.-M. Morel, IEEE Trans. Image
    Process. 20 (2011) 257-267).

    Parameters
    ----------
    shape : (H, W) wanted.

    Returns
    -------
    (H, W) float32 on the scale of ``source.plane``.
    """
    patch, known = _freest_part(source, shape)
    residual = np.where(known, patch - source.level[source.free].mean(), 0).astype(np.float32)
    residual -= known * (residual.sum() / max(np.count_nonzero(known), 1))
    # What stands out are grains of dirt or particles; as a spectrum they would turn into clouds.
    spread = 1.4826 * float(np.median(np.abs(residual[known]))) if known.any() else 0.0
    limit = 4 * max(spread, source.noise)
    np.clip(residual, -limit, limit, out=residual)
    window = np.outer(np.hanning(patch.shape[0] + 2)[1:-1], np.hanning(patch.shape[1] + 2)[1:-1]).astype(np.float32)
    power = float((window[known] ** 2).sum()) or 1.0
    size = cv2.getOptimalDFTSize(shape[0]), cv2.getOptimalDFTSize(shape[1])
    spectrum = np.fft.rfft2(residual * window / np.sqrt(power), s=size)
    noise = rng.standard_normal(size, dtype=np.float32)
    texture = np.fft.irfft2(spectrum * np.fft.rfft2(noise), s=size)[: shape[0], : shape[1]]
    return (np.float32(source.level[source.free].mean()) + texture).astype(np.float32)


def framed(background: Float, shape: tuple[int, int], rng: np.random.Generator, *, scale: float) -> Float:
    """Return a random part of a background in the wanted size, turned by quarters and mirrored at random; too small ones go on mirrored."""
    turned = np.rot90(background, int(rng.integers(4)))
    if rng.random() < 0.5:
        turned = turned[:, ::-1]
    size = max(8, round(turned.shape[1] * scale)), max(8, round(turned.shape[0] * scale))
    scaled = cv2.resize(np.ascontiguousarray(turned), size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    rows, columns = _mirrored(scaled.shape[0], shape[0], rng), _mirrored(scaled.shape[1], shape[1], rng)
    return np.ascontiguousarray(scaled[rows][:, columns])


def shading(shape: tuple[int, int], rng: np.random.Generator) -> Float:
    """Return a smooth change of brightness across an image: (H, W) float32 with mean 0 and extremes about ±0.5."""
    coarse = rng.standard_normal((3, 3)).astype(np.float32)
    plane = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    plane -= plane.mean()
    return (plane / np.float32(max(float(np.ptp(plane)), 1e-6))).astype(np.float32)


def _away_from_glow(source: Source) -> Mask:
    """Return the free area without the surroundings of particles, as wide as part of a particle: shadows and glows lie there."""
    distance = cv2.distanceTransform(source.free.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    far: Mask = np.asarray(distance) > GLOW * typical_radius_px(source.image)
    return far if far.mean() > ENOUGH_OPEN else source.free


def _unlabelled(source: Source) -> Mask:
    """Find free pixels that stand out from the level as the outlined particles do, and their surroundings."""
    contrasts = [
        float(np.median((source.plane - source.level)[instance.bbox.slices][instance.mask])) for instance in source.image.instances[:100]
    ]
    contrast = float(np.median(contrasts)) if contrasts else 0.0
    if abs(contrast) < max(4 * source.noise, 0.1):
        return np.zeros(source.plane.shape, dtype=np.bool_)
    smooth = cv2.GaussianBlur(source.plane, (0, 0), 1.0)
    high = (smooth - source.level) * np.sign(contrast) > LIKE_A_PARTICLE * abs(contrast)
    found = (high & source.usable).view(np.uint8)
    return cv2.dilate(found, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))).view(np.bool_)


def _bridged(structure: Float, known: Mask) -> Float:
    """Inpaint what is unknown of a smooth plane."""
    if known.all():
        return structure
    size = max(1, structure.shape[1] // COARSE), max(1, structure.shape[0] // COARSE)
    small_known = cv2.resize(known.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.99
    if not small_known.any():
        return np.where(known, structure, np.float32(structure[known].mean() if known.any() else structure.mean()))
    small = cv2.resize(structure, size, interpolation=cv2.INTER_AREA)
    low, high = float(small[small_known].min()), float(small[small_known].max())
    span = max(high - low, 1e-6)
    grey = np.where(small_known, (small - low) / span * 65535, 0).round().astype(np.uint16)
    painted = cv2.inpaint(grey, (~small_known).view(np.uint8), 5, cv2.INPAINT_TELEA).astype(np.float32) / 65535 * span + low
    painted = np.where(small_known, painted, cv2.GaussianBlur(painted, (0, 0), 2.0))
    full = cv2.resize(painted, (structure.shape[1], structure.shape[0]), interpolation=cv2.INTER_LINEAR)
    share = cv2.GaussianBlur(known.astype(np.float32), (0, 0), 2.0) * known
    return (share * structure + (1 - share) * full).astype(np.float32)


def _texture_everywhere(texture: Float, known: Mask, rng: np.random.Generator) -> Float:
    filled, holes = np.where(known, texture, 0).astype(np.float32), ~known
    # Lines, dirt and the rims of graphics are no texture: copied about, they would show as what they are.
    limit = np.float32(4 * 1.4826 * np.median(np.abs(texture[known])))
    texture = np.clip(texture, -limit, limit)
    height, width = texture.shape
    for _ in range(SHIFTS):
        if not holes.any():
            return filled
        shift = int(rng.integers(height)), int(rng.integers(width))
        there = holes & np.roll(known, shift, axis=(0, 1))
        filled[there] = np.roll(texture, shift, axis=(0, 1))[there]
        holes &= ~there
    filled[holes] = rng.choice(texture[known], np.count_nonzero(holes))
    return filled


def _freest_part(source: Source, shape: tuple[int, int]) -> tuple[Float, Mask]:
    """Return the window of up to 256 px with the most free pixels: a texture needs no more."""
    height, width = (min(256, have, want) for have, want in zip(source.plane.shape, shape, strict=True))
    sums = cv2.integral(source.free.view(np.uint8))
    counts = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    y, x = np.unravel_index(int(counts.argmax()), counts.shape)
    window = slice(int(y), int(y) + height), slice(int(x), int(x) + width)
    return source.plane[window], source.free[window]


def _mirrored(have: int, want: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return ``want`` indices into ``have`` rows that run to and fro, from a random start where all of them fit."""
    start = int(rng.integers(have - want + 1)) if have >= want else int(rng.integers(2 * have - 2))
    index = (np.arange(want) + start) % (2 * have - 2)
    return np.where(index < have, index, 2 * have - 2 - index)
