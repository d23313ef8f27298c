"""The outlines of many particles at once, in image coordinates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.outline import trace_all
from lycurgus.core.types import Particle


def outlines_xy(particles: Sequence[Particle]) -> list[NDArray[np.float64]]:
    """Return the sub-pixel outline of each particle, as OpenCV and ImageJ order coordinates.

    Returns
    -------
    For each particle (n, 2) float64 (x, y); pixel centres lie on whole numbers; the first point is not repeated at the end.
    """
    if not particles:
        return []
    traced = trace_all([particle.instance.mask for particle in particles])
    corners = np.array([complex(particle.instance.bbox.x0, particle.instance.bbox.y0) for particle in particles])
    points = (traced.points + np.repeat(corners, traced.counts)).view(np.float64).reshape(-1, 2)
    return np.split(points, np.cumsum(traced.counts)[:-1])
