"""Which particle lies under a point or in a box, at once even with thousands of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lycurgus.core.types import Particle


class HitIndex:
    """Looks particles up by place. Boxes are tested for all of them at once, masks only where a box is hit."""

    def __init__(self, particles: Sequence[Particle] = ()) -> None:
        self._particles = tuple(particles)
        self._boxes = np.array([particle.instance.bbox for particle in particles], dtype=np.int64).reshape(-1, 4)
        self._areas = np.array([particle.measurement.area_px for particle in particles])
        self._centres = np.array([(particle.measurement.y_px, particle.measurement.x_px) for particle in particles]).reshape(-1, 2)

    def at(self, y: float, x: float) -> Particle | None:
        """Return the particle that the pixel around (y, x) belongs to; where particles overlap the smallest, which is hardest to hit."""
        row, column = round(y), round(x)
        y0, x0, y1, x1 = self._boxes.T
        near = np.flatnonzero((y0 <= row) & (row < y1) & (x0 <= column) & (column < x1))
        order: list[int] = near[np.argsort(self._areas[near], kind="stable")].tolist()
        for particle in (self._particles[index] for index in order):
            if particle.instance.mask[row - particle.instance.bbox.y0, column - particle.instance.bbox.x0]:
                return particle
        return None

    def within(self, y0: float, x0: float, y1: float, x1: float) -> list[int]:
        """Return the ids of the particles whose centre lies in a box."""
        y, x = self._centres.T
        inside = np.flatnonzero((min(y0, y1) <= y) & (y <= max(y0, y1)) & (min(x0, x1) <= x) & (x <= max(x0, x1)))
        return [self._particles[index].id for index in inside.tolist()]
