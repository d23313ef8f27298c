"""How elements are distributed within a particle: one material, solid solutions, cores within shells, hollows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus_train.synth.fields import gaussian_field
from lycurgus_train.synth.population import log_uniform, uniform
from lycurgus_train.synth.shapes import ProjectedShape

Kind = Literal["pure", "solid solution", "core-shell", "nested", "hollow", "lattice"]
Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Structure:
    """What the particles of one kind are like inside.

    Attributes
    ----------
    scattering : per px of thickness, from the outermost layer inwards; 0 is a hollow.
    cores : diameter of each inner layer's outer limit relative to the particle; one fewer than ``scattering``.
    mottle : standard deviation of the relative scattering of a solid solution.
    mottle_px : correlation length of that.
    fringe : amplitude of lattice fringes relative to the scattering.
    fringe_px : their period.
    """

    scattering: tuple[float, ...]
    cores: tuple[float, ...] = ()
    mottle: float = 0.0
    mottle_px: float = 3.0
    fringe: float = 0.0
    fringe_px: float = 4.0


def core_thickness(particle: ProjectedShape, *, fraction: float, offset: tuple[float, float] = (0.0, 0.0)) -> Plane:
    """Return the thickness of a similar body within a particle, on the particle's pixels.

    A body shrunk by f about a point c casts the thickness f T(c + (p - c) / f), T being the particle's: exact for every body, and
    the core stays within a convex particle for each c within it.

    Parameters
    ----------
    fraction : of the particle's diameter, 0 < f <= 1.
    offset : of c from the thickness' centroid, in units of the distance to the box, y and x.
    """
    t = particle.thickness
    total = max(float(t.sum()), 1e-9)
    height, width = t.shape
    cy = float((t.sum(axis=1) @ np.arange(height)) / total) + offset[0] * height / 2
    cx = float((t.sum(axis=0) @ np.arange(width)) / total) + offset[1] * width / 2
    back = np.array([[1 / fraction, 0, cx - cx / fraction], [0, 1 / fraction, cy - cy / fraction]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    shrunk = cv2.warpAffine(t, back, (width, height), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=0.0)
    return np.asarray(shrunk * np.float32(fraction), dtype=np.float32)


def signal_of(rng: np.random.Generator, particle: ProjectedShape, structure: Structure, *, eccentricity: float = 0.0) -> Plane:
    """Return what a particle adds to the high-angle signal, on its own pixels.

    Parameters
    ----------
    eccentricity : standard deviation of where cores lie off the centre.
    """
    signal = particle.thickness * np.float32(structure.scattering[0])
    for outer, inner, fraction in zip(structure.scattering[:-1], structure.scattering[1:], structure.cores, strict=True):
        offset = (float(rng.normal(0, eccentricity)), float(rng.normal(0, eccentricity))) if eccentricity else (0.0, 0.0)
        signal = signal + core_thickness(particle, fraction=fraction, offset=offset) * np.float32(inner - outer)
    signal = np.maximum(signal, 0.0)
    if structure.mottle > 0 and min(signal.shape) > 6:
        mottle = gaussian_field(signal.shape, rng, correlation_px=structure.mottle_px)
        signal = signal * np.clip(1 + np.float32(structure.mottle) * mottle, 0.2, 3)
    if structure.fringe > 0:
        angle, phase = rng.uniform(0, np.pi), rng.uniform(0, 2 * np.pi)
        y, x = np.ogrid[: signal.shape[0], : signal.shape[1]]
        wave = np.cos(2 * np.pi / structure.fringe_px * (np.cos(angle) * x + np.sin(angle) * y) + phase)
        signal = signal * (1 + np.float32(structure.fringe) * wave.astype(np.float32))
    return np.asarray(signal, dtype=np.float32)


def draw_structure(rng: np.random.Generator, *, kind: Kind, scattering: tuple[float, float, float], diameter_px: float) -> Structure:
    """Draw what particles of a kind are like inside, of up to three materials."""
    first, second, third = scattering
    match kind:
        case "solid solution":
            share = float(rng.uniform(0.1, 0.9))
            mixed = share * first + (1 - share) * second
            length = log_uniform(rng, (max(1.5, 0.05 * diameter_px), max(2.5, 0.3 * diameter_px)))
            return Structure((mixed,), mottle=uniform(rng, (0.02, 0.25)), mottle_px=length)
        case "core-shell":
            return Structure((first, second), (float(rng.uniform(0.35, 0.92)),))
        case "nested":
            outer = float(rng.uniform(0.6, 0.92))
            return Structure((first, second, third), (outer, outer * float(rng.uniform(0.35, 0.85))))
        case "hollow":
            return Structure((first, 0.0), (float(rng.uniform(0.4, 0.85)),))
        case "lattice":
            return Structure((first,), fringe=uniform(rng, (0.03, 0.35)), fringe_px=log_uniform(rng, (2.3, 9.0)))
        case _:
            return Structure((first,))
