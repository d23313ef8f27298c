"""Surfaces as a scanning beam meets them: the upper side of each particle, stacked on what lies below."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lycurgus_train.synth.bodies import Body, Polyhedron
from lycurgus_train.synth.shapes import ProjectedShape, project

Picture = NDArray[np.float32]

NOBODY = -1
"""Owner of pixels where the substrate is seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Landscape:
    """What the beam meets.

    Attributes
    ----------
    height : (H, W) float32, px above the substrate's mean level.
    owner : (H, W) int32, number of the particle that is seen, or ``NOBODY``.
    """

    height: Picture
    owner: NDArray[np.int32]


def upper_side(body: Body, *, centre: tuple[float, float], rotation: NDArray[np.float64], name: str) -> ProjectedShape:
    """Return a particle whose ``thickness`` holds the height of its upper side above its lowest point, in px.

    For bodies other than polyhedra the upper side is taken as half the thickness above the middle, which is exact for
    those that are symmetric about the plane of the picture.
    """
    seen = project(body, centre=centre, rotation=rotation, name=name)
    if not isinstance(body, Polyhedron) or not seen.mask.any():
        return replace(seen, thickness=(seen.thickness + seen.thickness.max(initial=0)) / 2 * seen.mask)
    height, width = seen.mask.shape
    y = (seen.y0 - centre[0] + np.arange(height, dtype=np.float64))[:, None]
    x = (seen.x0 - centre[1] + np.arange(width, dtype=np.float64))[None, :]
    lower, upper = body.span(x, y, rotation)
    # The beam comes from -z: what it meets first is where a ray enters.
    top = np.where(seen.mask, upper[seen.mask].max() - lower, 0)
    return replace(seen, thickness=top.astype(np.float32))


def stack(particles: list[ProjectedShape], substrate: Picture, *, sink: float) -> Landscape:
    """Put particles down one after the other; each rests on what lies below it and hides what is lower.

    Parameters
    ----------
    particles : from `upper_side`, the lowest first.
    substrate : (H, W) float32, height in px.
    sink : how far a particle settles between those below it, 0 (lies on the highest point) ... 1 (on the substrate).
    """
    height = substrate.copy()
    owner = np.full(substrate.shape, NOBODY, dtype=np.int32)
    for number, particle in enumerate(particles):
        where = particle.slices((substrate.shape[0], substrate.shape[1]))
        if where is None:
            continue
        mask = particle.mask[where[1]]
        if not mask.any():
            continue
        below = height[where[0]]
        floor = np.float32((1 - sink) * max(0.0, float(below[mask].max())) + sink * float(substrate[where[0]][mask].mean()))
        top = particle.thickness[where[1]] + floor
        seen = mask & (top > below)
        below[seen] = top[seen]
        owner[where[0]][seen] = number
    return Landscape(height, owner)
