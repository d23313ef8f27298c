"""Bright-field TEM: dark particles by absorption and diffraction on a bright, granular film, with Fresnel fringes."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from lycurgus_train.labelled import LabelledImage
from lycurgus_train.synth.burnt_in import BurntInParams, burn_in
from lycurgus_train.synth.fields import amorphous_carbon, gaussian_field, holey_film, lacey_web, power_law_field, shading
from lycurgus_train.synth.population import PopulationParams, Range, choose, draw_population, log_uniform, uniform
from lycurgus_train.synth.recording import detector_blur, jpeg, poisson_counts, salt_and_pepper, to_8bit, with_snr_or_nearly
from lycurgus_train.synth.shapes import ProjectedShape
from lycurgus_train.synth.shells import add_shell, hollow
from lycurgus_train.synth.truth import cut_off, instances_of, without_faint

Picture = NDArray[np.float32]

SHAPE_WEIGHTS = {
    "sphere": 4.0,
    "ellipsoid": 1.5,
    "rod": 2.0,
    "cube": 2.5,
    "bar": 1.0,
    "concave cube": 0.5,
    "octahedron": 1.5,
    "truncated octahedron": 1.2,
    "faceted": 2.0,
    "tetrahedron": 0.5,
    "triangular plate": 0.8,
    "hexagonal plate": 0.8,
    "disc": 0.4,
    "blob": 1.5,
}

LEAST_DEPTH = 0.03
"""Mean optical depth below which nobody could tell a particle from the film: there the truth says nothing."""


class BrightFieldParams(BaseModel):
    """Ranges of bright-field pictures.

    Attributes
    ----------
    transmission : share of the beam that passes the thickest part of a typical particle by absorption alone (logarithmic).
    crystalline : probability that particles diffract, each differently.
    diffraction : standard deviation of the logarithm of each particle's extra darkening where they diffract.
    film_contrast : standard deviation of the film's granularity, share of the background.
    film_grain_px : its period.
    web : probability of a lacey or holey film with visible edges.
    shading : unevenness of the illumination, half the span over the mean.
    fringe : strength of the Fresnel fringe; positive is a bright rim around a dark particle, negative a dark one.
    fringe_px : its width.
    shell : probability that all particles have a shell (silica, polymer) that counts as part of them.
    halo : probability of a thin faint layer (ligands) that does not count.
    hollow : probability of hollow spheres.
    dirt : probability of dust and stains that are no particles.
    blur_px : standard deviation of the point spread.
    dose : electrons per pixel (logarithmic).
    snr_db : where a wanted ratio of signal to noise is set instead of the dose.
    wanted_snr : how often that is so.
    faint : probability of particles that differ little from an uneven background.
    """

    model_config = ConfigDict(frozen=True)

    population: PopulationParams = PopulationParams(shapes=SHAPE_WEIGHTS)
    burnt_in: BurntInParams = BurntInParams()
    transmission: Range = (0.02, 0.85)
    crystalline: float = 0.65
    diffraction: Range = (0.1, 0.9)
    film_contrast: Range = (0.003, 0.07)
    film_grain_px: Range = (2.0, 9.0)
    web: float = 0.15
    shading: Range = (0.0, 0.25)
    fringe: Range = (-0.25, 0.7)
    fringe_px: Range = (0.8, 4.0)
    shell: float = 0.08
    halo: float = 0.2
    hollow: float = 0.04
    dirt: float = 0.3
    blur_px: Range = (0.3, 1.6)
    dose: Range = (15.0, 4000.0)
    snr_db: Range = (5.0, 20.0)
    wanted_snr: float = 0.15
    faint: float = 0.15


DEFAULT = BrightFieldParams()


def simulate(rng: np.random.Generator, *, shape: tuple[int, int] = (512, 512), params: BrightFieldParams = DEFAULT) -> LabelledImage:
    """Make one picture (H, W) uint8 with the whole outline of every particle.

    The beam that passes is exp(-Σ µ t): particles that lie on each other multiply (Beer-Lambert); µ differs from particle to
    particle where they diffract (Williams and Carter, Transmission Electron Microscopy, chapter 22-24).
    """
    particles = draw_population(rng, shape, params.population)
    cores = particles
    faint = rng.random() < params.faint
    if rng.random() < params.shell:
        particles = [add_shell(core, width_px=_shell_width(rng, core)) for core in particles]
    elif rng.random() < params.hollow:
        particles = [hollow(particle, inner=float(rng.uniform(0.5, 0.85))) for particle in particles]
    depth = optical_depth(rng, particles, cores, shape, params=params, transmission=_transmission(rng, params, faint=faint))
    haze = _halo(rng, particles, shape) if particles and rng.random() < params.halo else np.float32(0)
    background = _background(rng, shape, params, uneven=faint)
    ideal = fresnel_fringe(
        background * np.exp(-depth - haze), strength=uniform(rng, params.fringe), width_px=uniform(rng, params.fringe_px)
    )
    if rng.random() < params.dirt:
        ideal = ideal * _dirt(rng, shape)
    picture = record(rng, np.clip(detector_blur(ideal, sigma_px=uniform(rng, params.blur_px)), 0, None), params)
    instances, ignore = instances_of(particles, shape)
    instances, ignore = without_faint(instances, depth, ignore, least=LEAST_DEPTH)
    picture, bar = burn_in(picture, rng, params=params.burnt_in)
    return LabelledImage(
        name=f"bright-field-{int(rng.integers(2**31)):08x}",
        pixels=picture,
        instances=tuple(cut_off(instances, bar)),
        ignore=ignore if ignore.any() else None,
        kind="bright field",
    )


def optical_depth(
    rng: np.random.Generator,
    particles: list[ProjectedShape],
    cores: list[ProjectedShape],
    shape: tuple[int, int],
    *,
    params: BrightFieldParams,
    transmission: float,
) -> Picture:
    """Add up µ t of all particles, (H, W).

    Parameters
    ----------
    cores : the same particles without their shells (the very same list where they have none).
    transmission : of the thickest part of a typical particle, before diffraction.
    """
    depth = np.zeros(shape, dtype=np.float32)
    if not particles:
        return depth
    thickest = float(np.median([particle.thickness.max() for particle in cores]))
    mu = -np.log(transmission) / max(thickest, 1e-6)
    crystalline = rng.random() < params.crystalline
    spread = uniform(rng, params.diffraction) if crystalline else float(rng.uniform(0, 0.12))
    light = float(rng.uniform(0.1, 0.5))
    mottle = gaussian_field(shape, rng, correlation_px=float(rng.uniform(2, 25)))
    patterned = rng.random() < 0.7
    for particle, core in zip(particles, cores, strict=True):
        factor = float(np.clip(np.exp(rng.normal() * spread), 0.12, 6.0))
        local = core.thickness * np.float32(mu * factor)
        if crystalline and patterned:
            local = local * _pattern(rng, core, mottle)
        _add(depth, core, local)
        if particle is not core:
            _add(depth, particle, np.clip(particle.thickness - _framed(core, particle), 0, None) * np.float32(mu * light))
    return depth


def fresnel_fringe(ideal: Picture, *, strength: float, width_px: float) -> Picture:
    """Add the fringe of a defocused edge: a rim of one sign outside, of the other inside, then a weaker pair.

    To first order in the defocus the wave's phase curvature adds a multiple of the Laplacian; beyond that it oscillates.
    """
    if abs(strength) < 1e-3:
        return ideal
    near = cv2.GaussianBlur(ideal, (0, 0), width_px)
    far = cv2.GaussianBlur(near, (0, 0), 1.5 * width_px)
    fringed = ideal + np.float32(strength) * (ideal - near) - np.float32(0.5 * strength) * (near - far)
    return np.asarray(np.clip(fringed, 0, None), dtype=np.float32)


def record(rng: np.random.Generator, ideal: Picture, params: BrightFieldParams) -> NDArray[np.uint8]:
    """Record an ideal picture: dose or a wanted ratio of signal to noise, contrast as an operator sets it, compression."""
    black, white = rng.uniform(0, 60), rng.uniform(150, 255)
    gamma = float(np.exp(rng.normal(0, 0.2)))
    if rng.random() < params.wanted_snr:
        reference = to_8bit(ideal, black=black, white=min(white, 230), gamma=gamma)
        picture = with_snr_or_nearly(reference, rng, wanted_db=uniform(rng, params.snr_db))
    else:
        counts = poisson_counts(ideal, rng, dose=log_uniform(rng, params.dose))
        if rng.random() < 0.3:
            counts = detector_blur(counts, sigma_px=float(rng.uniform(0.4, 1.2)))
        picture = to_8bit(counts, low=0.1, high=float(rng.choice((95.0, 99.0, 99.8))), black=black, white=white, gamma=gamma)
    if rng.random() < 0.05:
        picture = salt_and_pepper(picture, rng, fraction=float(rng.uniform(0.0005, 0.01)))
    if rng.random() < 0.4:
        picture = jpeg(picture, quality=int(rng.integers(35, 95)))
    return picture


def _transmission(rng: np.random.Generator, params: BrightFieldParams, *, faint: bool) -> float:
    return float(rng.uniform(0.75, 0.92)) if faint else log_uniform(rng, params.transmission)


def _shell_width(rng: np.random.Generator, core: ProjectedShape) -> float:
    return float(max(1.5, rng.uniform(0.08, 0.5) * core.diameter_px))


def _add(plane: Picture, particle: ProjectedShape, values: Picture) -> None:
    where = particle.slices((plane.shape[0], plane.shape[1]))
    if where is not None:
        plane[where[0]] += values[where[1]]


def _framed(core: ProjectedShape, outer: ProjectedShape) -> Picture:
    """The core's thickness on the pixels of the particle with its shell."""
    framed = np.zeros_like(outer.thickness)
    y, x = core.y0 - outer.y0, core.x0 - outer.x0
    height, width = core.thickness.shape
    framed[y : y + height, x : x + width] = core.thickness
    return framed


def _pattern(rng: np.random.Generator, core: ProjectedShape, mottle: Picture) -> Picture:
    """How much more or less each part of a crystal diffracts: bend contours, twins, a dark half, mottles, lattice fringes; mean about 1."""
    height, width = core.thickness.shape
    size = max(height, width)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    y, x = (y - height / 2) / size, (x - width / 2) / size
    angle = rng.uniform(0, 2 * np.pi)
    along = np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y
    across = np.float32(np.cos(angle)) * y - np.float32(np.sin(angle)) * x
    strength = np.float32(rng.uniform(0.2, 1.2))
    kind = choose(rng, {"plain": 0.4, "bend": 0.15, "twin": 0.12, "half": 0.1, "mottle": 0.15, "lattice": 0.08})
    if kind == "bend":
        centre = np.float32(rng.uniform(-0.3, 0.3)) + np.float32(rng.uniform(-1.5, 1.5)) * across**2
        pattern = 1 + strength * np.exp(-(((along - centre) / np.float32(rng.uniform(0.05, 0.2))) ** 2))
    elif kind == "twin":
        edges = np.sort(rng.uniform(-0.5, 0.5, int(rng.integers(1, 5))))
        pattern = np.where(np.searchsorted(edges, along) % 2 == 0, 1 + strength, 1 / (1 + strength))
    elif kind == "half":
        pattern = 1 + strength * np.tanh((along - rng.uniform(-0.2, 0.2)) / rng.uniform(0.02, 0.3)) * 0.7
    elif kind == "mottle":
        top, left = (int(rng.integers(0, max(1, full - part))) for full, part in zip(mottle.shape, (height, width), strict=True))
        tile = mottle[top : top + height, left : left + width]
        pattern = np.ones_like(along) if tile.shape != along.shape else np.exp(0.5 * strength * tile)
    elif kind == "lattice":
        period = rng.uniform(2.2, 6.0) / size
        pattern = 1 + 0.35 * strength * np.cos(2 * np.pi * along / period + rng.uniform(0, 2 * np.pi))
    else:
        pattern = np.ones_like(along)
    return np.asarray(np.clip(pattern, 0.05, None), dtype=np.float32)


def _halo(rng: np.random.Generator, particles: list[ProjectedShape], shape: tuple[int, int]) -> Picture:
    """A thin faint layer of organic matter around all particles."""
    inside = np.zeros(shape, np.uint8)
    for particle in particles:
        where = particle.slices(shape)
        if where is not None:
            inside[where[0]] |= particle.mask[where[1]].astype(np.uint8)
    away = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    width = rng.uniform(1.5, 6)
    outside = np.exp(np.minimum((away - np.float32(width)) * 2, 30))
    return np.asarray(rng.uniform(0.02, 0.15) / (1 + outside), dtype=np.float32)


def _background(rng: np.random.Generator, shape: tuple[int, int], params: BrightFieldParams, *, uneven: bool) -> Picture:
    """The film without particles; 1 is its mean brightness."""
    light = shading(shape, rng, strength=uniform(rng, params.shading) + (float(rng.uniform(0.1, 0.4)) if uneven else 0.0))
    contrast = log_uniform(rng, params.film_contrast)
    film = amorphous_carbon(shape, rng, grain_px=log_uniform(rng, params.film_grain_px), sharpness=float(rng.uniform(1, 4)))
    depth = np.float32(contrast) * film
    if rng.random() < 0.4:
        roughness = np.float32(rng.uniform(0.005, 0.06))
        depth = depth + roughness * power_law_field(shape, rng, exponent=float(rng.uniform(2, 3.5)), outer_px=float(rng.uniform(40, 300)))
    if rng.random() < params.web:
        size = float(rng.uniform(0.2, 0.9) * min(shape))
        if rng.random() < 0.5:
            web = lacey_web(shape, rng, hole_px=size, strand_px=float(rng.uniform(0.1, 0.4)) * size)
        else:
            web = holey_film(shape, rng, hole_px=size, spacing_px=float(rng.uniform(1.1, 2.0)) * size)
        depth = depth * (web > 0) + np.float32(rng.uniform(0.05, 0.5)) * web
    return np.asarray(light * np.exp(-depth), dtype=np.float32)


def _dirt(rng: np.random.Generator, shape: tuple[int, int]) -> Picture:
    """Stains and specks that are no particles: faint, without a sharp outline; 1 where there is none."""
    stains = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(1, 8))):
        y, x = rng.uniform(0, shape[0]), rng.uniform(0, shape[1])
        axes = (int(rng.uniform(2, 40)), int(rng.uniform(2, 40)))
        cv2.ellipse(stains, (int(x), int(y)), axes, float(rng.uniform(0, 180)), 0, 360, float(rng.uniform(0.02, 0.2)), -1)
    ragged = gaussian_field(shape, rng, correlation_px=float(rng.uniform(3, 15)))
    blurred = cv2.GaussianBlur(stains, (0, 0), float(rng.uniform(3, 10)))
    return np.asarray(np.exp(-np.clip(blurred * (1 + 0.5 * ragged), 0, None)), dtype=np.float32)


class BrightFieldSimulator:
    """Row of the table of simulators; see `simulate`."""

    name: ClassVar[str] = "bright-field"
    label: ClassVar[str] = "Bright-field TEM"
    params_model: ClassVar[type[BaseModel]] = BrightFieldParams

    def simulate(
        self, rng: np.random.Generator, *, shape: tuple[int, int] = (512, 512), params: BrightFieldParams = DEFAULT
    ) -> LabelledImage:
        return simulate(rng, shape=shape, params=params)
