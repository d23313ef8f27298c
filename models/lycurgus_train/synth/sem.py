"""Scanning electron microscopy: surfaces bright at edges and steep flanks, shaded, shadowed, charged, with data bars."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy import ndimage

from lycurgus_train.labelled import LabelledImage
from lycurgus_train.synth.burnt_in import BurntInParams, burn_in
from lycurgus_train.synth.fields import gaussian_field, grains, power_law_field, shading
from lycurgus_train.synth.population import PopulationParams, Range, draw_population, log_uniform, uniform
from lycurgus_train.synth.recording import correlated_noise, detector_blur, jpeg, line_streaks, poisson_counts, scan_jitter, to_8bit
from lycurgus_train.synth.relief import NOBODY, Landscape, stack, upper_side
from lycurgus_train.synth.shapes import ProjectedShape
from lycurgus_train.synth.truth import cut_off, numbered_instances, without_hidden

Picture = NDArray[np.float32]

SHAPE_WEIGHTS = {
    "sphere": 4.0,
    "ellipsoid": 1.0,
    "rod": 1.5,
    "cube": 2.0,
    "bar": 1.0,
    "concave cube": 0.3,
    "octahedron": 1.5,
    "truncated octahedron": 1.2,
    "faceted": 1.5,
    "tetrahedron": 0.6,
    "triangular plate": 0.6,
    "hexagonal plate": 1.0,
    "disc": 0.5,
    "blob": 2.0,
}


class SemParams(BaseModel):
    """Ranges of pictures of a scanning electron microscope.

    Attributes
    ----------
    edge : weight of the yield 1/cosθ - 1 relative to that of a flat surface.
    cap : what 1/cosθ is limited to (electrons from grazing flanks do not all escape).
    side : weight of the detector's direction, 0 (in-lens detector) and more (detector at the side).
    rim : extra yield at outlines, and ``rim_px`` its depth.
    shadow : weight of the shadowing between neighbours.
    contrast : brightness of the particles' material relative to the substrate's (logarithmic).
    material_spread : standard deviation of the logarithm of single particles' brightness.
    roughness : standard deviation of the surface relief of particles, share of their diameter.
    rough : probability of rough particles.
    substrate_relief_px : standard deviation of the substrate's relief.
    substrate_texture : standard deviation of the substrate's brightness.
    charging : strength of halos and streaks where there are any; ``charged`` how often.
    blur_px : width of the beam.
    dose : electrons counted per pixel where the yield is that of a flat surface (logarithmic).
    least_visible : share of a particle that must be seen for it to count; less is ignored.
    """

    model_config = ConfigDict(frozen=True)

    population: PopulationParams = PopulationParams(
        shapes=SHAPE_WEIGHTS, coverage=(0.02, 1.2), overlap=(0.0, 0.6), lying=0.45, diameter_px=(7.0, 150.0)
    )
    burnt_in: BurntInParams = BurntInParams(data_bar=0.3, scale_bar=0.4)
    edge: Range = (0.1, 0.7)
    cap: Range = (2.5, 6.0)
    side: Range = (0.0, 0.6)
    rim: Range = (0.0, 0.8)
    rim_px: Range = (1.0, 5.0)
    shadow: Range = (0.2, 1.5)
    contrast: Range = (0.8, 4.0)
    material_spread: Range = (0.0, 0.2)
    roughness: Range = (0.004, 0.04)
    rough: float = 0.4
    substrate_relief_px: Range = (0.05, 2.5)
    substrate_texture: Range = (0.005, 0.15)
    charging: Range = (0.05, 0.5)
    charged: float = 0.3
    blur_px: Range = (0.4, 1.8)
    dose: Range = (8.0, 600.0)
    least_visible: float = 0.5


DEFAULT = SemParams()


def simulate(rng: np.random.Generator, *, shape: tuple[int, int] = (512, 512), params: SemParams = DEFAULT) -> LabelledImage:
    """Make one picture (H, W) uint8.

    The truth holds the whole outline of each particle of which enough is seen; what little is seen of others is to be ignored.
    The yield of secondary electrons follows 1/cosθ of the surface's slope (Reimer, Scanning Electron Microscopy, chapter 4).
    """
    particles = draw_population(rng, shape, params.population, see=upper_side)
    substrate = power_law_field(shape, rng, exponent=float(rng.uniform(2, 3.5)), outer_px=float(rng.uniform(20, 250)))
    substrate = substrate * np.float32(log_uniform(rng, params.substrate_relief_px))
    land = stack(particles, substrate, sink=float(rng.uniform(0.3, 1.0)))
    ideal = secondary_electrons(rng, land, particles, params)
    if rng.random() < params.charged:
        ideal = charge(rng, ideal, land.owner != NOBODY, strength=uniform(rng, params.charging))
    ideal = ideal * shading(shape, rng, strength=float(rng.uniform(0, 0.2)))
    numbered, ignore = numbered_instances(particles, shape)
    instances = list(numbered.values())
    hidden = [land.owner[instance.bbox.slices] != number for number, instance in numbered.items()]
    instances, ignore = without_hidden(instances, hidden, ignore, least=params.least_visible)
    picture, bar = burn_in(record(rng, ideal, params), rng, params=params.burnt_in)
    ignore &= ~bar
    return LabelledImage(
        name=f"sem-{int(rng.integers(2**31)):08x}",
        pixels=picture,
        instances=tuple(cut_off(instances, bar)),
        ignore=ignore if ignore.any() else None,
        kind="sem",
    )


def edge_yield(slope_y: Picture, slope_x: Picture, *, cap: float) -> Picture:
    """Yield of secondary electrons 1/cosθ = √(1 + slope²) of a surface, θ its angle to the plane of the picture, limited to ``cap``."""
    inverse_cosine = np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
    return np.asarray(np.minimum(inverse_cosine, np.float32(cap)), dtype=np.float32)


def secondary_electrons(rng: np.random.Generator, land: Landscape, particles: list[ProjectedShape], params: SemParams) -> Picture:
    """Signal of a landscape, 1 on a flat substrate."""
    seen = land.owner != NOBODY
    relief = _roughened(rng, land, particles, params)
    # Slopes are taken within each surface: a step between two of them is no flank that the beam meets.
    dy, dx = _slopes(relief, land.owner)
    signal = 1 + np.float32(uniform(rng, params.edge)) * (edge_yield(dy, dx, cap=uniform(rng, params.cap)) - 1)
    angle = rng.uniform(0, 2 * np.pi)
    signal += np.float32(uniform(rng, params.side)) * (
        -(dx * np.float32(np.cos(angle)) + dy * np.float32(np.sin(angle))) / np.sqrt(1 + dx * dx + dy * dy)
    )
    signal = np.clip(signal, 0.15, None) * _materials(rng, land, particles, params)
    signal += np.float32(uniform(rng, params.rim)) * _rims(land, depth_px=log_uniform(rng, params.rim_px)) * signal
    if not particles:
        return np.asarray(signal, dtype=np.float32)
    size = float(np.median([particle.diameter_px for particle in particles]))
    around = cv2.GaussianBlur(relief, (0, 0), max(1.5, float(rng.uniform(0.15, 0.5)) * size))
    sunk = np.clip((around - relief) / np.float32(0.5 * size), 0, 2)
    return np.asarray(signal * np.exp(-np.float32(uniform(rng, params.shadow)) * sunk * np.where(seen, 0.6, 1.0)), dtype=np.float32)


def charge(rng: np.random.Generator, ideal: Picture, seen: NDArray[np.bool_], *, strength: float) -> Picture:
    """Add what charging does: a dark or bright halo around particles, and streaks behind them along the scan."""
    mask = seen.astype(np.float32)
    halo = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(4, 30))) * (1 - mask)
    charged = ideal * (1 + np.float32(strength * rng.choice((-1.0, 0.7))) * halo)
    if rng.random() < 0.5:
        tail = float(rng.uniform(10, 80))
        decay = float(np.exp(-1 / tail))
        lag = ndimage.convolve1d(mask, decay ** np.arange(int(2 * tail)) / tail, axis=1, origin=-int(tail), mode="constant")
        charged = charged * (1 + np.float32(strength * rng.choice((-0.7, 0.5))) * lag)
    return np.asarray(np.maximum(charged, 0.02), dtype=np.float32)


def record(rng: np.random.Generator, ideal: Picture, params: SemParams) -> NDArray[np.uint8]:
    """Record a signal: beam width, dose, scan noise, contrast as an operator sets it, compression."""
    picture = detector_blur(ideal, sigma_px=uniform(rng, params.blur_px))
    dose = log_uniform(rng, params.dose)
    if rng.random() < 0.4:
        noise = correlated_noise(
            (picture.shape[0], picture.shape[1]), rng, along_px=float(rng.uniform(0.3, 2)), across_px=float(rng.uniform(0, 0.8))
        )
        counts = picture + noise * np.sqrt(np.clip(picture, 0, None) / np.float32(2 * dose))
    else:
        counts = poisson_counts(np.clip(picture, 0, None), rng, dose=dose) / np.float32(dose)
    if rng.random() < 0.3:
        counts = scan_jitter(counts, rng, amplitude_px=float(rng.uniform(0.1, 0.7)), correlation_lines=float(rng.uniform(0.3, 5)))
    if rng.random() < 0.3:
        counts = line_streaks(
            counts, rng, amplitude=float(rng.uniform(0.005, 0.05)) * float(counts.std()) * 3, correlation_lines=float(rng.uniform(0.3, 3))
        )
    saved = to_8bit(
        counts,
        low=0.3,
        high=float(rng.choice((97.0, 99.0, 99.8))),
        black=float(rng.uniform(0, 60)),
        white=float(rng.uniform(140, 255)),
        gamma=float(np.exp(rng.normal(0, 0.25))),
    )
    return jpeg(saved, quality=int(rng.integers(35, 95))) if rng.random() < 0.5 else saved


def _roughened(rng: np.random.Generator, land: Landscape, particles: list[ProjectedShape], params: SemParams) -> Picture:
    """The relief with the roughness of the particles' own surfaces."""
    if not particles or rng.random() > params.rough:
        return land.height
    shape = (land.height.shape[0], land.height.shape[1])
    size = float(np.median([particle.diameter_px for particle in particles]))
    grain_px = max(2.0, float(rng.uniform(0.03, 0.25)) * size)
    if rng.random() < 0.5:
        bumps = gaussian_field(shape, rng, correlation_px=grain_px)
    else:
        depth = grains(shape, rng, grain_px=max(3.0, grain_px))[1]
        bumps = np.sqrt(depth / max(float(depth.max()), 1e-6)) * 3
    seen = (land.owner != NOBODY).astype(np.float32)
    return np.asarray(land.height + bumps * seen * np.float32(log_uniform(rng, params.roughness) * size), dtype=np.float32)


def _slopes(relief: Picture, owner: NDArray[np.int32]) -> tuple[Picture, Picture]:
    """Derivatives along y and x that never reach over the border of two surfaces: the smaller of both one-sided ones there."""
    slopes = []
    for axis in (0, 1):
        step = np.diff(relief, axis=axis)
        step[np.diff(owner, axis=axis) != 0] = 0
        pad = [(1, 1) if one == axis else (0, 0) for one in (0, 1)]
        both = np.pad(step, pad)
        first, second = (both[:-1], both[1:]) if axis == 0 else (both[:, :-1], both[:, 1:])
        known = (first != 0).astype(np.float32) + (second != 0)
        slopes.append((first + second) / np.maximum(known, 1))
    return slopes[0], slopes[1]


def _materials(rng: np.random.Generator, land: Landscape, particles: list[ProjectedShape], params: SemParams) -> Picture:
    """Brightness of flat surfaces: the substrate's texture is about 1, each particle has its own."""
    shape = (land.height.shape[0], land.height.shape[1])
    texture = gaussian_field(shape, rng, correlation_px=log_uniform(rng, (0.8, 40.0))) * np.float32(
        log_uniform(rng, params.substrate_texture)
    )
    flat: NDArray[np.floating] = np.exp(texture)
    if particles:
        spread = uniform(rng, params.material_spread)
        levels = log_uniform(rng, params.contrast) * np.exp(rng.normal(0, spread, len(particles) + 1))
        flat = np.where(land.owner == NOBODY, flat, levels[land.owner])
    return np.asarray(flat, dtype=np.float32)


def _rims(land: Landscape, *, depth_px: float) -> Picture:
    """1 at the outlines of particles, falling off inwards: electrons escape through two surfaces there."""
    edge = np.zeros(land.owner.shape, np.uint8)
    edge[:-1] |= (land.owner[:-1] != land.owner[1:]).astype(np.uint8)
    edge[:, :-1] |= (land.owner[:, :-1] != land.owner[:, 1:]).astype(np.uint8)
    away = cv2.distanceTransform(1 - edge, cv2.DIST_L2, 3)
    return np.asarray(np.exp(-away / np.float32(depth_px)) * (land.owner != NOBODY), dtype=np.float32)


class SemSimulator:
    """Row of the table of simulators; see `simulate`."""

    name: ClassVar[str] = "sem"
    label: ClassVar[str] = "Scanning electron microscope"
    params_model: ClassVar[type[BaseModel]] = SemParams

    def simulate(self, rng: np.random.Generator, *, shape: tuple[int, int] = (512, 512), params: SemParams = DEFAULT) -> LabelledImage:
        return simulate(rng, shape=shape, params=params)
