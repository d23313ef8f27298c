"""Where particles lie in a picture: alone, sparse, crowded, in touching clusters, in ordered or jammed layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus_train.synth.fields import gaussian_field
from lycurgus_train.synth.shapes import ProjectedShape

Arrangement = Literal["none", "single", "sparse", "crowd", "clusters", "layer", "jammed"]
Draw = Callable[[], ProjectedShape]

_TRIES = 12
_OVERLAP_IN_LAYERS = 0.15


def arrange(
    rng: np.random.Generator,
    shape: tuple[int, int],
    draw: Draw,
    *,
    arrangement: Arrangement,
    count: int,
    gap_px: float = 1.0,
    overlap: float = 0.0,
    turn: float | None = None,
) -> list[ProjectedShape]:
    """Put particles into a picture.

    Parameters
    ----------
    shape : (H, W) of the picture.
    draw : makes one particle anywhere; it is moved by whole pixels, so that its truth stays exact.
    arrangement : "none"; "single" (one to three); "sparse" (apart); "crowd" (at random, overlapping); "clusters" (touching,
        grown one by one); "layer" (square or hexagonal lattice, bent, with gaps); "jammed" (one cluster that fills much of the picture).
    count : most particles that are placed.
    gap_px : distance of neighbours in clusters and layers.
    overlap : largest share of a particle that others may cover already when it is put down (ignored by "sparse" and "layer").
    turn : angle of the lattice of a "layer" in rad, drawn where None.

    Returns
    -------
    particles in the order in which they were put down; none lies wholly outside the picture.
    """
    if arrangement == "none" or count < 1:
        return []
    plane = _Plane(shape)
    if arrangement in ("single", "sparse", "crowd"):
        _scatter(rng, plane, draw, count=int(rng.integers(1, 4)) if arrangement == "single" else count, overlap=overlap, kind=arrangement)
    elif arrangement == "layer":
        _lattice(rng, plane, draw, count=count, gap_px=gap_px, turn=turn)
    else:
        clusters = 1 if arrangement == "jammed" else int(rng.integers(1, 6))
        for _ in range(clusters):
            middle = (0.5 if arrangement == "jammed" else rng.uniform(0.05, 0.95, 2)) * np.array(shape)
            _grow(rng, plane, draw, middle=middle, count=max(2, count // clusters), gap_px=gap_px, overlap=overlap)
    return plane.placed


class _Plane:
    """What lies where so far."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self.taken: NDArray[np.bool_] = np.zeros(shape, dtype=bool)
        self.placed: list[ProjectedShape] = []

    def covered(self, particle: ProjectedShape) -> float:
        """Share of the particle that others cover; 1 where it lies outside the picture."""
        where = particle.slices(self.shape)
        if where is None:
            return 1.0
        part = particle.mask[where[1]]
        area = np.count_nonzero(part)
        return float(np.count_nonzero(self.taken[where[0]] & part) / area) if area else 1.0

    def put(self, particle: ProjectedShape) -> None:
        where = particle.slices(self.shape)
        if where is None or not particle.mask[where[1]].any():
            return
        self.taken[where[0]] |= particle.mask[where[1]]
        self.placed.append(particle)


def moved(particle: ProjectedShape, centre: NDArray[np.floating] | tuple[float, float]) -> ProjectedShape:
    """Move a particle by whole pixels so that the middle of its box comes to lie at (y, x)."""
    height, width = particle.mask.shape
    return replace(particle, y0=round(float(centre[0]) - height / 2), x0=round(float(centre[1]) - width / 2))


def _scatter(rng: np.random.Generator, plane: _Plane, draw: Draw, *, count: int, overlap: float, kind: Arrangement) -> None:
    for _ in range(count):
        particle = draw()
        reach = 0.35 if kind == "single" else 1.0
        for _ in range(_TRIES):
            centre = (0.5 + reach * (rng.random(2) - 0.5)) * np.array(plane.shape)
            trial = moved(particle, centre)
            if plane.covered(trial) <= (overlap if kind == "crowd" else 0.0):
                plane.put(trial)
                break


def _grow(
    rng: np.random.Generator,
    plane: _Plane,
    draw: Draw,
    *,
    middle: NDArray[np.float64],
    count: int,
    gap_px: float,
    overlap: float,
) -> None:
    """Let particles come from chance directions towards one that lies already, until they touch whatever is in the way."""
    plane.put(moved(draw(), middle))
    if not plane.placed:
        return
    first = len(plane.placed) - 1
    for _ in range(count - 1):
        particle = draw()
        best: ProjectedShape | None = None
        best_distance = np.inf
        for _ in range(3):
            target = plane.placed[int(rng.integers(first, len(plane.placed)))]
            trial = _approach(rng, plane, particle, _centre(target), gap_px=gap_px, overlap=overlap)
            if trial is None:
                continue
            distance = float(np.linalg.norm(_centre(trial) - middle))
            if distance < best_distance:
                best, best_distance = trial, distance
        if best is not None:
            plane.put(best)


def _approach(
    rng: np.random.Generator, plane: _Plane, particle: ProjectedShape, target: NDArray[np.float64], *, gap_px: float, overlap: float
) -> ProjectedShape | None:
    """Move towards a point until more than the allowed share is covered, coarsely and then pixel by pixel; None where nothing is free."""
    angle = rng.uniform(0, 2 * np.pi)
    direction = np.array([np.sin(angle), np.cos(angle)])
    size = max(particle.mask.shape)
    coarse = max(1.0, size / 8)
    distance = 2.2 * size
    if plane.covered(moved(particle, target + direction * distance)) > overlap:
        return None
    while distance > 0 and plane.covered(moved(particle, target + direction * (distance - coarse))) <= overlap:
        distance -= coarse
    while distance > 0 and plane.covered(moved(particle, target + direction * (distance - 1))) <= overlap:
        distance -= 1
    return moved(particle, target + direction * (distance + gap_px))


def _centre(particle: ProjectedShape) -> NDArray[np.float64]:
    height, width = particle.mask.shape
    return np.array([particle.y0 + height / 2, particle.x0 + width / 2])


def _lattice(rng: np.random.Generator, plane: _Plane, draw: Draw, *, count: int, gap_px: float, turn: float | None) -> None:
    samples = [draw() for _ in range(5)]
    area = float(np.median([np.count_nonzero(sample.mask) for sample in samples]))
    square = rng.random() < (0.85 if np.median([_fills_its_box(sample) for sample in samples]) > 0.88 else 0.2)
    spacing = (np.sqrt(area) if square else np.sqrt(area * 4 / np.pi)) * rng.uniform(1.0, 1.1) + gap_px
    height, width = plane.shape
    reach = int(np.hypot(height, width) / spacing / 2) + 2
    i, j = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1), indexing="ij")
    grid = np.stack([i * (1.0 if square else np.sqrt(0.75)), j + (0.0 if square else 0.5) * (i % 2)], axis=-1).reshape(-1, 2) * spacing
    angle = rng.uniform(0, np.pi) if turn is None else turn
    about = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])  # of (y, x), as particles turn about z
    sites = grid @ about.T + np.array(plane.shape) / 2
    sites = sites[((sites > -spacing / 2) & (sites < np.array(plane.shape) + spacing / 2)).all(axis=1)]
    bend = float(rng.choice((0.0, 0.3, 0.8))) * spacing
    bends = [gaussian_field(plane.shape, rng, correlation_px=max(8.0, 4 * spacing)) for _ in range(2)]
    island = gaussian_field(plane.shape, rng, correlation_px=max(20.0, 5 * spacing))
    threshold = float(rng.choice((-9.0, -0.7, 0.0)))
    rows = np.clip(sites[:, 0].astype(int), 0, height - 1)
    columns = np.clip(sites[:, 1].astype(int), 0, width - 1)
    present = (island[rows, columns] > threshold) & (rng.random(len(sites)) > rng.choice((0.0, 0.05, 0.2)))
    sites = sites + np.stack([field[rows, columns] for field in bends], axis=-1) * bend + rng.normal(0, 0.02 * spacing, sites.shape)
    sites = sites[present]
    # Where there are more sites than wanted, those nearest to a point of chance remain: an island, not a thinned lattice.
    seed = rng.uniform(0.2, 0.8, 2) * np.array(plane.shape)
    for site in sites[np.argsort(((sites - seed) ** 2).sum(axis=1))][:count]:
        particle = moved(draw(), site)
        if plane.covered(particle) <= _OVERLAP_IN_LAYERS:
            plane.put(particle)


def _fills_its_box(particle: ProjectedShape) -> float:
    """Share of the smallest rectangle around the outline that it fills: 1 for rectangles, 0.79 for circles."""
    if not particle.mask.any():
        return 0.0
    outline = cv2.findNonZero(particle.mask.astype(np.uint8))
    _, (width, height), _ = cv2.minAreaRect(outline)
    return float(np.count_nonzero(particle.mask) / ((width + 1) * (height + 1)))
