"""Catalyst supports as busy as real ones: aggregates of grains, carbon black, porous oxides, needles, sheets, crystals."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus_train.synth.arrangement import moved
from lycurgus_train.synth.fields import amorphous_carbon, gaussian_field, grains, power_law_field
from lycurgus_train.synth.population import choose, log_uniform
from lycurgus_train.synth.shapes import ProjectedShape, random_shape
from lycurgus_train.synth.structure import core_thickness

Plane = NDArray[np.float32]
Shape = tuple[int, int]
Make = Callable[[np.random.Generator, Shape, float], Plane]


def draw_support(rng: np.random.Generator, shape: Shape, *, particle_px: float) -> Plane:
    """Draw a support of one to three components that thins out or ends somewhere.

    Parameters
    ----------
    particle_px : diameter of the particles that it is to carry. Bodies of the support are larger and lie over each other: a lone
        round grain of a particle's size could not be told from a particle by anybody. Pores, folds and mottles may be as small.

    Returns
    -------
    (H, W) float32, projected thickness x density, 0 in vacuum; its mean where it lies is 1.
    """
    plane = np.zeros(shape, dtype=np.float32)
    for _ in range(int(rng.choice((1, 2, 3), p=(0.5, 0.35, 0.15)))):
        part = SUPPORTS[choose(rng, WEIGHTS)](rng, shape, particle_px)
        plane += part * np.float32(rng.uniform(0.3, 1.0) / max(float(part.mean()), 1e-6))
    if rng.random() < 0.6:
        plane = plane * _extent(rng, shape)
    if rng.random() < 0.5:
        mottle = amorphous_carbon(shape, rng, grain_px=log_uniform(rng, (2.5, 25)), sharpness=float(rng.uniform(0.7, 2.5)))
        plane = plane * np.clip(1 + np.float32(rng.uniform(0.01, 0.15)) * mottle, 0, None)
    soft = cv2.GaussianBlur(plane, (0, 0), log_uniform(rng, (0.5, max(0.6, 0.5 * particle_px))))
    there = soft > 0.05 * float(soft.max())
    return np.asarray(soft / np.float32(max(float(soft[there].mean()), 1e-6)), dtype=np.float32)


def _extent(rng: np.random.Generator, shape: Shape) -> Plane:
    """Where the support lies: 1 on it, 0 beyond a soft or sharp, ragged rim."""
    wide = gaussian_field(shape, rng, correlation_px=float(rng.uniform(0.3, 1.0) * min(shape)))
    lumps = gaussian_field(shape, rng, correlation_px=float(rng.uniform(15, 90)))
    ragged = power_law_field(shape, rng, exponent=float(rng.uniform(3.2, 4.5)), outer_px=float(rng.uniform(30, 200)))
    level = wide + np.float32(rng.uniform(0, 0.3)) * lumps + np.float32(rng.uniform(0, 0.25)) * ragged - np.float32(rng.uniform(-1.2, 0.6))
    return np.asarray(np.clip(level / np.float32(log_uniform(rng, (0.08, 1.2))), 0, 1), dtype=np.float32)


def _sites(rng: np.random.Generator, shape: Shape, count: int) -> NDArray[np.float64]:
    """Places (y, x) of an aggregate: everywhere, or along wandering chains."""
    height, width = shape
    if rng.random() < 0.4:
        return np.asarray(rng.uniform(-0.05, 1.05, (count, 2)) * np.array([height, width]))
    chains = int(rng.integers(1, 7))
    steps = rng.normal(0, 1, (chains, -(-count // chains), 2)) * rng.uniform(0.03, 0.1) * min(shape)
    places = rng.uniform(0, 1, (chains, 1, 2)) * np.array([height, width]) + np.cumsum(steps, axis=1)
    # What wanders out comes back in from the other side.
    return np.asarray(places.reshape(-1, 2)[:count] % np.array([height, width]))


def _scattered(
    rng: np.random.Generator, shape: Shape, *, names: tuple[str, ...], diameter_px: float, spread: float, count: int, distinct: int = 10
) -> Plane:
    """Add up bodies of a kind strewn over the picture; a few projections are drawn and used again, turned and mirrored."""
    made = [
        random_shape(
            rng,
            name=names[int(rng.integers(len(names)))],
            diameter_px=float(diameter_px * np.clip(np.exp(rng.normal(0, spread)), 0.3, 3)),
            centre=(0.0, 0.0),
        )
        for _ in range(min(distinct, count))
    ]
    plane = np.zeros(shape, dtype=np.float32)
    for site in _sites(rng, shape, count):
        particle = turned(made[int(rng.integers(len(made)))], int(rng.integers(8)))
        moved(particle, site).add_to(plane, float(rng.uniform(0.4, 1.0)))
    return plane


def turned(particle: ProjectedShape, way: int) -> ProjectedShape:
    """Turn and mirror a particle in one of the eight ways (0 ... 7) that map pixels onto pixels; its truth stays exact."""
    thickness, mask = particle.thickness, particle.mask
    if way & 4:
        thickness, mask = thickness.T, mask.T
    step = (slice(None, None, -1 if way & 1 else 1), slice(None, None, -1 if way & 2 else 1))
    return ProjectedShape(mask[step], thickness[step], particle.y0, particle.x0, particle.name, particle.diameter_px)


def _count(shape: Shape, diameter_px: float, layers: float, most: int = 700) -> int:
    return int(np.clip(layers * shape[0] * shape[1] / (0.8 * diameter_px**2), 3, most))


def _aggregate(rng: np.random.Generator, shape: Shape, particle_px: float) -> Plane:
    diameter = float(np.clip(particle_px * log_uniform(rng, (2.8, 14)), 24, 0.5 * min(shape)))
    names = (("blob",), ("faceted", "truncated octahedron"), ("ellipsoid", "sphere"), ("blob", "faceted", "bar"))[int(rng.integers(4))]
    count = _count(shape, diameter, log_uniform(rng, (1.5, 8)))
    return _scattered(rng, shape, names=names, diameter_px=diameter, spread=float(rng.uniform(0.1, 0.5)), count=count)


def _carbon_black(rng: np.random.Generator, shape: Shape, particle_px: float) -> Plane:
    diameter = float(np.clip(particle_px * log_uniform(rng, (3.5, 12)), 30, 0.4 * min(shape)))
    inner = float(rng.uniform(0.4, 0.85))
    density = float(rng.uniform(0.3, 0.9))
    plane = np.zeros(shape, dtype=np.float32)
    balls = [
        random_shape(rng, name="sphere", diameter_px=float(diameter * np.exp(rng.normal(0, 0.2))), centre=(0.0, 0.0)) for _ in range(8)
    ]
    shells = [ball.thickness - core_thickness(ball, fraction=inner) * np.float32(1 - density) for ball in balls]
    for site in _sites(rng, shape, _count(shape, diameter, log_uniform(rng, (1.2, 5)))):
        index = int(rng.integers(len(balls)))
        ball = balls[index]
        moved(ProjectedShape(ball.mask, shells[index], 0, 0, ball.name, ball.diameter_px), site).add_to(plane)
    return plane


def _porous(rng: np.random.Generator, shape: Shape, particle_px: float) -> Plane:
    outer = float(rng.uniform(5, 40) * particle_px)
    field = power_law_field(shape, rng, exponent=float(rng.uniform(2.5, 3.8)), outer_px=outer)
    # Thickness can't be negative: a soft threshold leaves pores and keeps the hills.
    return np.asarray(np.log1p(np.exp(np.float32(rng.uniform(0.6, 2.5)) * (field + np.float32(rng.uniform(-0.5, 2))))), dtype=np.float32)


def _needles(rng: np.random.Generator, shape: Shape, particle_px: float) -> Plane:
    diameter = float(np.clip(particle_px * log_uniform(rng, (3, 9)), 20, 0.3 * min(shape)))
    names = (("rod",), ("rod", "bar"), ("hexagonal plate", "bar"), ("disc",))[int(rng.integers(4))]
    count = _count(shape, diameter, log_uniform(rng, (0.6, 4)), most=400)
    return _scattered(rng, shape, names=names, diameter_px=diameter, spread=0.4, count=count, distinct=40)


def _sheets(rng: np.random.Generator, shape: Shape, particle_px: float) -> Plane:
    plane = np.zeros(shape, dtype=np.float32)
    for _ in range(int(rng.integers(2, 7))):
        edge = gaussian_field(shape, rng, correlation_px=float(rng.uniform(0.15, 0.8) * min(shape)))
        sheet = np.clip((edge - np.float32(rng.uniform(-1, 0.6))) / np.float32(rng.uniform(0.01, 0.15)), 0, 1)
        plane += np.float32(rng.uniform(0.2, 1)) * sheet
    for _ in range(int(rng.choice((0, 1, 2), p=(0.6, 0.25, 0.15)))):
        # Folds are seen where a smooth field crosses a level: thin bright lines.
        bend = gaussian_field(shape, rng, correlation_px=float(rng.uniform(0.1, 0.5) * min(shape)))
        dy, dx = np.gradient(bend)
        away = np.abs(bend) / np.maximum(np.hypot(dy, dx), 1e-4)
        width = np.float32(rng.uniform(0.15, 0.8) * particle_px)
        plane += np.float32(rng.uniform(0.3, 2)) * np.exp(-((away / width) ** 2))
    return plane


def _crystals(rng: np.random.Generator, shape: Shape, particle_px: float) -> Plane:
    labels, depth = grains(shape, rng, grain_px=float(max(20, particle_px * log_uniform(rng, (3, 14)))), bend=float(rng.uniform(0, 0.4)))
    heights = np.exp(rng.normal(0, rng.uniform(0.1, 0.7), int(labels.max()) + 1)).astype(np.float32)
    dome = 1 - np.exp(-depth / np.float32(rng.uniform(0.2, 2) * particle_px))
    plane = heights[labels] * dome
    if rng.random() < 0.5:
        angles = rng.uniform(0, np.pi, heights.size).astype(np.float32)[labels]
        y, x = np.ogrid[: shape[0], : shape[1]]
        wave = np.cos(2 * np.pi / np.float32(rng.uniform(2.3, 8)) * (np.cos(angles) * x + np.sin(angles) * y))
        shown = (rng.random(heights.size) < 0.5)[labels]
        plane = plane * (1 + np.float32(rng.uniform(0.01, 0.12)) * wave * shown)
    return np.asarray(plane, dtype=np.float32)


def _mesoporous(rng: np.random.Generator, shape: Shape, particle_px: float) -> Plane:
    body = _porous(rng, shape, 6 * particle_px)
    pores = _scattered(
        rng,
        shape,
        names=("sphere", "ellipsoid") if rng.random() < 0.6 else ("rod",),
        diameter_px=float(particle_px * rng.uniform(0.6, 2.5)),
        spread=0.25,
        count=_count(shape, 1.5 * particle_px, float(rng.uniform(0.2, 0.8)), most=1200),
    )
    depth = np.float32(rng.uniform(0.1, 0.5) / max(float(pores.max()), 1e-6))
    return np.asarray(body * np.clip(1 - depth * pores, 0.1, None), dtype=np.float32)


def _smooth(rng: np.random.Generator, shape: Shape, particle_px: float) -> Plane:
    field = gaussian_field(shape, rng, correlation_px=float(max(4 * particle_px, rng.uniform(0.15, 1.2) * min(shape))))
    return np.asarray(np.clip(1 + np.float32(rng.uniform(0.1, 0.6)) * field, 0.02, None), dtype=np.float32)


SUPPORTS: Mapping[str, Make] = {
    "aggregate": _aggregate,
    "carbon black": _carbon_black,
    "porous": _porous,
    "needles": _needles,
    "sheets": _sheets,
    "crystals": _crystals,
    "mesoporous": _mesoporous,
    "smooth": _smooth,
}
"""Kind -> maker of its projected thickness, (H, W) in units of its own."""

WEIGHTS: dict[str, float] = {
    "aggregate": 3.0,
    "carbon black": 1.5,
    "porous": 2.5,
    "needles": 1.0,
    "sheets": 0.8,
    "crystals": 0.7,
    "mesoporous": 1.0,
    "smooth": 1.0,
}
"""Kind -> how often."""
