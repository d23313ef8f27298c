"""Which particles a picture shows: how large, how alike, of which shapes and in which arrangement, all drawn from wide ranges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from lycurgus_train.synth.arrangement import Arrangement, arrange
from lycurgus_train.synth.bodies import Body
from lycurgus_train.synth.shapes import SHAPES, ProjectedShape, project, random_rotation

Range = tuple[float, float]
Name = TypeVar("Name", bound=str)

ARRANGEMENTS: dict[Arrangement, float] = {
    "none": 0.03,
    "single": 0.07,
    "sparse": 0.24,
    "crowd": 0.16,
    "clusters": 0.22,
    "layer": 0.18,
    "jammed": 0.10,
}
"""Arrangement -> how often."""

_ODD_ONES = 0.08
"""Share of particles of other proportions among those that are alike."""


class See(Protocol):
    """Makes pixels of a body at a place (y, x) in px, turned by a matrix (3, 3)."""

    def __call__(self, body: Body, *, centre: tuple[float, float], rotation: NDArray[np.float64], name: str) -> ProjectedShape: ...


class PopulationParams(BaseModel):
    """Ranges of what a picture holds.

    Attributes
    ----------
    diameter_px : median diameter of the sphere of the same volume, drawn evenly on a logarithmic scale.
    spread : geometric standard deviation of diameters, 1 = all alike.
    coverage : share of the picture that particles would cover without overlap.
    most : particles in a picture.
    overlap : largest share of a particle that others may lie over when it is added to a crowd or cluster.
    lying : probability that all particles of a picture lie on a face rather than being turned anyhow.
    mixed : probability that a picture holds two or three kinds of shapes.
    """

    model_config = ConfigDict(frozen=True)

    diameter_px: Range = (5.0, 150.0)
    spread: Range = (1.0, 1.6)
    coverage: Range = (0.01, 0.7)
    most: int = 260
    overlap: Range = (0.0, 0.4)
    lying: float = 0.75
    mixed: float = 0.25
    shapes: dict[str, float] = {}
    arrangements: dict[Arrangement, float] = ARRANGEMENTS


@dataclass(slots=True)
class Draw:
    """Draws particles of one population; sizes, shapes and directions differ, a common direction ``turn`` is kept where they are aligned.

    Attributes
    ----------
    names : shapes that occur, one of them is drawn each time.
    median_px, spread : of the log-normal diameters.
    lying : whether particles lie on a face.
    aligned : whether they are turned alike in the plane, as in ordered layers.
    turn : that common angle in rad.
    alike : seed of the proportions (aspect ratio, truncation) that all particles of a shape share, or None where each has its own.
    see : how a body becomes pixels.
    distinct : so many projections are made; after that they are drawn again, mirrored unless aligned.
    """

    rng: np.random.Generator
    names: tuple[str, ...]
    median_px: float
    spread: float
    lying: bool
    aligned: bool
    turn: float
    alike: int | None = None
    see: See = project
    distinct: int = 70
    made: list[ProjectedShape] | None = None

    def __call__(self) -> ProjectedShape:
        if self.made is None:
            self.made = []
        if len(self.made) < self.distinct:
            self.made.append(self._new())
            return self.made[-1]
        again = self.made[int(self.rng.integers(len(self.made)))]
        return again if self.aligned else _mirrored(again, int(self.rng.integers(4)))

    def _new(self) -> ProjectedShape:
        rng = self.rng
        name = self.names[int(rng.integers(len(self.names)))]
        factor = float(np.clip(np.exp(rng.normal() * np.log(self.spread)), 0.35, 2.8))
        proportions = rng if self.alike is None or rng.random() < _ODD_ONES else np.random.default_rng(self.alike)
        body = SHAPES[name](proportions, self.median_px * factor)
        angle = self.turn + rng.normal(0, 0.04) if self.aligned else rng.uniform(0, 2 * np.pi)
        rotation = laid(body, rng, turn=angle) if self.lying else random_rotation(rng)
        dy, dx = rng.uniform(-0.5, 0.5, 2)
        return self.see(body, centre=(float(dy), float(dx)), rotation=rotation, name=name)


def draw_population(
    rng: np.random.Generator, shape: tuple[int, int], params: PopulationParams, *, see: See = project
) -> list[ProjectedShape]:
    """Draw the particles of a picture (H, W) and put them into it, in the order in which they lie on each other.

    Parameters
    ----------
    see : how a body becomes pixels: `project` for microscopes that look through it.
    """
    arrangement = choose(rng, params.arrangements)
    median_px = log_uniform(rng, params.diameter_px)
    weights = params.shapes or dict.fromkeys(SHAPES, 1.0)
    kinds = int(rng.integers(2, 4)) if rng.random() < params.mixed else 1
    names = tuple(choose(rng, weights) for _ in range(kinds))
    spread = params.spread[0] + (params.spread[1] - params.spread[0]) * float(rng.beta(1, 2.5))
    ordered = arrangement in ("layer", "jammed") or (arrangement == "clusters" and rng.random() < 0.5)
    if ordered:
        spread = 1 + (spread - 1) * 0.35
    draw = Draw(
        rng,
        names,
        median_px,
        spread,
        lying=ordered or rng.random() < params.lying,
        aligned=ordered and rng.random() < 0.8,
        turn=float(rng.uniform(0, np.pi)),
        alike=int(rng.integers(2**32)) if rng.random() < 0.6 else None,
        see=see,
    )
    dense = arrangement in ("layer", "jammed")
    coverage = rng.uniform(0.4, 1.0) if dense else log_uniform(rng, params.coverage)
    count = int(np.clip(coverage * shape[0] * shape[1] / (np.pi / 4 * median_px**2), 2, params.most))
    return arrange(
        rng,
        shape,
        draw,
        arrangement=arrangement,
        count=count,
        gap_px=float(rng.choice((0.0, 0.0, 1.0, rng.uniform(0, 0.15) * median_px))),
        overlap=0.0 if rng.random() < 0.4 else uniform(rng, params.overlap),
        turn=draw.turn,
    )


def laid(body: Body, rng: np.random.Generator, *, turn: float, tilt_deg: float = 3.0) -> NDArray[np.float64]:
    """Return a rotation (3, 3) that lays a body on one of its faces and turns it by an angle (rad) that is the same for equal bodies."""
    face = body.resting[int(rng.integers(len(body.resting)))]
    helper = np.array([1.0, 0.0, 0.0]) if abs(face[0]) < 0.9 else np.array([0.0, 1.0, 0.0])
    side = np.cross(face, helper)
    side /= np.linalg.norm(side)
    upright = np.stack([side, np.cross(face, side), face])
    a, b = np.deg2rad(rng.normal(0, tilt_deg, 2))
    tilt = np.array([[1, 0, b], [0, 1, -a], [-b, a, 1.0]])
    tilt = np.linalg.qr(tilt)[0] * np.sign(np.diag(np.linalg.qr(tilt)[1]))
    about = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1.0]])
    return np.asarray(about @ tilt @ upright)


def uniform(rng: np.random.Generator, span: Range) -> float:
    return float(rng.uniform(*span))


def log_uniform(rng: np.random.Generator, span: Range) -> float:
    """Draw evenly on a logarithmic scale; both ends must be positive."""
    return float(np.exp(rng.uniform(np.log(span[0]), np.log(span[1]))))


def choose(rng: np.random.Generator, weights: dict[Name, float]) -> Name:
    """Draw a key by its weight."""
    keys, values = list(weights), np.array(list(weights.values()), dtype=np.float64)
    return keys[int(rng.choice(len(keys), p=values / values.sum()))]


def _mirrored(particle: ProjectedShape, way: int) -> ProjectedShape:
    step = (slice(None, None, -1 if way & 1 else 1), slice(None, None, -1 if way & 2 else 1))
    return replace(particle, mask=particle.mask[step], thickness=particle.thickness[step])
