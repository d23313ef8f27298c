"""Supported catalysts: small bright particles on supports that are as bright and as busy as the particles themselves."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from lycurgus_train.labelled import LabelledImage
from lycurgus_train.synth.arrangement import moved
from lycurgus_train.synth.burnt_in import BurntInParams, burn_in
from lycurgus_train.synth.fields import amorphous_carbon
from lycurgus_train.synth.population import Range, choose, log_uniform, uniform
from lycurgus_train.synth.shapes import ProjectedShape, random_shape
from lycurgus_train.synth.stem import StemParams, draw_exposure, expose, store
from lycurgus_train.synth.structure import Structure, signal_of
from lycurgus_train.synth.supports import draw_support, turned
from lycurgus_train.synth.visibility import Contribution, above_bar, clutter_of, grey_step, judge, summed

Plane = NDArray[np.float32]

SHAPE_WEIGHTS = {"sphere": 4.0, "ellipsoid": 3.0, "faceted": 2.0, "truncated octahedron": 1.5, "blob": 2.5, "disc": 0.3, "cube": 0.3}


_DISTINCT = 90
"""So many bodies are projected for a picture; after that they are used again, turned and mirrored."""


class CatalystParams(BaseModel):
    """Ranges of pictures of supported catalysts; probabilities where a single number stands.

    Attributes
    ----------
    diameter_px : median diameter of the sphere of the same volume (logarithmic).
    large, large_px : probability of larger particles, and their range.
    spread : geometric standard deviation of diameters.
    outliers : share of particles that are two to four times as large, in some pictures.
    per_megapixel : how many particles lie on 1000 x 1000 px (logarithmic).
    none : probability that there is no particle at all.
    contrast : mean signal of a median particle relative to the support's mean (logarithmic).
    flatness : 0, a particle's signal follows its own thickness; 1, all particles are equally bright (rafts).
    clustered : share of particles that lie beside another one.
    rims : how much more often particles lie where the support ends or is thin than where it is thick.
    off_focus_px : standard deviation of the blur of particles that lie above or below the focus.
    base : what vacuum or the film below the support adds, relative to the support.
    bright_field : probability of a picture with dark particles, where the beam that passes is recorded.
    recording : of the microscope.
    """

    model_config = ConfigDict(frozen=True)

    diameter_px: Range = (4.0, 25.0)
    large: float = 0.12
    large_px: Range = (25.0, 60.0)
    spread: Range = (1.05, 1.7)
    outliers: Range = (0.0, 0.04)
    per_megapixel: Range = (60.0, 1800.0)
    most: int = 450
    none: float = 0.06
    contrast: Range = (0.18, 3.0)
    flatness: Range = (0.0, 0.8)
    clustered: Range = (0.0, 0.6)
    rims: Range = (0.0, 3.0)
    off_focus_px: Range = (0.0, 1.5)
    base: Range = (0.0, 0.3)
    bright_field: float = 0.18
    recording: StemParams = StemParams(dose=(8.0, 2500.0), probe_px=(0.3, 2.0), shaded=0.3)
    burnt_in: BurntInParams = BurntInParams(data_bar=0.02, scale_bar=0.15, letter=0.08, caption=0.02)


DEFAULT = CatalystParams()


def simulate(rng: np.random.Generator, *, shape: tuple[int, int] = (512, 512), params: CatalystParams = DEFAULT) -> LabelledImage:
    """Make one picture (H, W) with the outlines of the particles that it shows; what drowns in noise or support is ignored."""
    size = log_uniform(rng, params.large_px if rng.random() < params.large else params.diameter_px)
    support = draw_support(rng, shape, particle_px=size)
    particles = [] if rng.random() < params.none else _particles(rng, shape, support, size, params)
    contributions = _contribute(rng, particles, size, params)
    total = support + np.float32(uniform(rng, params.base)) + summed(contributions, shape)
    if rng.random() < params.bright_field:
        picture, noise = _bright_field(rng, total, size, params)
    else:
        exposure = draw_exposure(rng, params.recording, largest_probe_px=max(0.4, 0.18 * size))
        picture = expose(rng, total, exposure, params.recording)
        noise = exposure.noise(total)
    stored = store(rng, picture, params.recording)
    instances, ignore = judge(
        contributions,
        total=total,
        noise=noise,
        clutter=clutter_of(support, diameter_px=size),
        least_share=0.06,
        least_contrast=1.25,
        least_step=grey_step(total),
        resolution_px=max(2.5, 0.25 * size),
    )
    if stored.dtype == np.uint8:
        stored, bar = burn_in(stored.astype(np.uint8), rng, params=params.burnt_in)
        instances, ignore = above_bar(instances, ignore, bar)
    return LabelledImage(
        name=f"catalyst-{int(rng.integers(2**31)):08x}", pixels=stored, instances=instances, ignore=ignore, kind="catalyst"
    )


class CatalystSimulator:
    name = "catalyst"
    label = "supported catalysts, mostly dark-field STEM"
    params_model = CatalystParams
    simulate = staticmethod(simulate)


def _particles(
    rng: np.random.Generator, shape: tuple[int, int], support: Plane, size_px: float, params: CatalystParams
) -> list[ProjectedShape]:
    """Draw particles and put them on the support and at its rims."""
    wanted = log_uniform(rng, params.per_megapixel) * shape[0] * shape[1] / 1e6
    room = 0.4 * np.count_nonzero(support > 0.2) / (size_px * size_px)
    count = int(np.clip(min(wanted, room), 1, params.most))
    spread = np.log(uniform(rng, params.spread))
    outliers = uniform(rng, params.outliers) if rng.random() < 0.5 else 0.0
    names = tuple(choose(rng, SHAPE_WEIGHTS) for _ in range(int(rng.integers(1, 4))))
    made: list[ProjectedShape] = []
    placed = []
    for y, x in _places(rng, support, count, size_px, params):
        if len(made) < _DISTINCT:
            diameter = size_px * float(np.clip(np.exp(rng.normal(0, spread)), 0.4, 3))
            if rng.random() < outliers:
                diameter = min(diameter * float(rng.uniform(2, 4)), 90.0)
            name = names[int(rng.integers(len(names)))]
            middle = (float(rng.uniform(-0.5, 0.5)), float(rng.uniform(-0.5, 0.5)))
            made.append(random_shape(rng, name=name, diameter_px=max(diameter, 3.0), centre=middle))
            particle = made[-1]
        else:
            particle = turned(made[int(rng.integers(len(made)))], int(rng.integers(8)))
        placed.append(moved(particle, (float(y), float(x))))
    return placed


def _places(rng: np.random.Generator, support: Plane, count: int, size_px: float, params: CatalystParams) -> NDArray[np.float64]:
    """Draw where particles lie, (count, 2) of y and x: on the support, more often at its rims, some beside others."""
    step = 4
    coarse = cv2.GaussianBlur(support, (0, 0), max(1.0, 0.5 * size_px))[::step, ::step]
    there = np.clip(coarse / 0.4, 0, 1)
    thin = there * np.exp(-coarse)
    chance = (there + np.float32(uniform(rng, params.rims)) * thin).astype(np.float64) + 1e-4
    chosen = rng.choice(chance.size, size=count, p=(chance / chance.sum()).ravel())
    places = np.stack(np.unravel_index(chosen, chance.shape), axis=-1) * float(step) + rng.uniform(0, step, (count, 2))
    beside = np.flatnonzero(rng.random(count) < uniform(rng, params.clustered))
    for index in beside[beside > 0]:
        angle, distance = rng.uniform(0, 2 * np.pi), size_px * rng.uniform(0.6, 1.8)
        places[index] = places[int(rng.integers(index))] + distance * np.array([np.sin(angle), np.cos(angle)])
    return np.asarray(places, dtype=np.float64)


def _contribute(rng: np.random.Generator, particles: list[ProjectedShape], size_px: float, params: CatalystParams) -> list[Contribution]:
    """Give particles their brightness; the mean signal of one of median size is the contrast that was drawn."""
    contrast = log_uniform(rng, params.contrast)
    flatness = uniform(rng, params.flatness)
    varied = float(rng.uniform(0, 0.35))
    blur = uniform(rng, params.off_focus_px) if rng.random() < 0.5 else 0.0
    lattice = rng.random() < 0.25 and size_px > 12
    structure = Structure((1.0,), fringe=float(rng.uniform(0.03, 0.25)) if lattice else 0.0, fringe_px=float(rng.uniform(2.3, 7)))
    mean_chord = 2 / 3 * size_px
    made = []
    for particle in particles:
        signal = signal_of(rng, particle, structure) / np.float32(mean_chord)
        # Thickness to the power 0 would leave steps at the outline; a part of it keeps the rim soft.
        shaped = np.power(signal, np.float32(1 - 0.6 * flatness)) * np.float32((size_px / particle.diameter_px) ** (0.4 * flatness))
        shaped = shaped * np.float32(contrast * np.exp(rng.normal(0, varied)))
        made.append(_defocused(particle, shaped, blur * abs(float(rng.normal()))))
    return made


def _defocused(particle: ProjectedShape, signal: Plane, sigma_px: float) -> Contribution:
    """Blur what a particle adds; its true outline stays."""
    if sigma_px < 0.3:
        return Contribution(particle, signal)
    pad = int(np.ceil(3 * sigma_px))
    wide = replace(
        particle,
        mask=np.pad(particle.mask, pad),
        thickness=np.pad(particle.thickness, pad),
        y0=particle.y0 - pad,
        x0=particle.x0 - pad,
    )
    return Contribution(wide, np.asarray(cv2.GaussianBlur(np.pad(signal, pad), (0, 0), sigma_px), dtype=np.float32))


def _bright_field(rng: np.random.Generator, total: Plane, size_px: float, params: CatalystParams) -> tuple[Plane, Plane]:
    """Record the beam that passes: exp(-total) with the granularity of defocused matter; noise is given in units of ``total``."""
    shape = (total.shape[0], total.shape[1])
    scale = np.float32(log_uniform(rng, (0.08, 0.8)))
    grain_px = log_uniform(rng, (2.5, 8))
    grain = amorphous_carbon(shape, rng, grain_px=grain_px, sharpness=float(rng.uniform(1, 4)))
    granular = np.float32(log_uniform(rng, (0.01, 0.12)))
    passed = np.asarray(np.exp(-scale * total) * np.clip(1 + granular * grain, 0.05, None), dtype=np.float32)
    drawn = draw_exposure(rng, params.recording, largest_probe_px=max(0.4, 0.18 * size_px))
    exposure = replace(drawn, dose=max(drawn.dose, 60.0), offset=0.0)
    picture = expose(rng, passed, exposure, params.recording)
    # A grain of the film darkens about a third of its period as one.
    spoiled = np.hypot(exposure.noise(passed), max(1.0, 0.35 * grain_px) * granular * passed)
    return picture, np.asarray(spoiled / np.maximum(scale * passed, 1e-6), dtype=np.float32)
