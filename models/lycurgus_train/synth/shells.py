"""Shells around projected particles and hollows within them."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from lycurgus_train.synth.shapes import ProjectedShape


def add_shell(core: ProjectedShape, *, width_px: float) -> ProjectedShape:
    """Wrap a particle in a conformal shell.

    The outline is that of the core moved outwards by ``width_px``; the thickness at a depth d below the outline is the chord
    2 √(d (2 R - d)) of a sphere of the same area, which is exact for spheres, and never less than the core's own.

    Returns
    -------
    the particle with its shell; its thickness is that of core and shell together.
    """
    pad = int(np.ceil(width_px)) + 2
    mask = np.pad(core.mask, pad)
    inner = np.pad(core.thickness, pad)
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    grown = away <= width_px
    thickness = np.maximum(_chord(grown), inner)
    diameter = core.diameter_px + 2 * width_px
    return replace(core, mask=grown, thickness=thickness.astype(np.float32), y0=core.y0 - pad, x0=core.x0 - pad, diameter_px=diameter)


def hollow(particle: ProjectedShape, *, inner: float) -> ProjectedShape:
    """Take out a cavity that leaves the outline untouched; ``inner`` is its diameter relative to the particle's, 0 ... 1."""
    depth = cv2.distanceTransform(np.pad(particle.mask, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    cavity = depth > (1 - inner) * float(depth.max())
    return replace(particle, thickness=np.clip(particle.thickness - _chord(cavity), 0, None).astype(np.float32))


def _chord(mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Thickness of a body of revolution that has this outline: a sphere's where the outline is a circle."""
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    radius = max(float(depth.max()), 0.5)
    depth = np.clip(depth - 0.5, 0, None) * mask
    return np.asarray(2 * np.sqrt(np.clip(depth * (2 * radius - depth), 0, None)), dtype=np.float32)
