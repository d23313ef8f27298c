"""The outlines of many particles at once, in image coordinates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.outline import trace_all
from lycurgus.core.types import Instance, Particle


def outlines_xy(particles: Sequence[Particle]) -> list[NDArray[np.float64]]:
    """Return the sub-pixel outline of each particle, see ``instance_outlines_xy``."""
    return instance_outlines_xy([particle.instance for particle in particles])


def instance_outlines_xy(instances: Sequence[Instance]) -> list[NDArray[np.float64]]:
    """Return the sub-pixel outline of each instance, as OpenCV and ImageJ order coordinates.

    Returns
    -------
    For each instance (n, 2) float64 (x, y); pixel centres lie on whole numbers; the first point is not repeated at the end.
    """
    if not instances:
        return []
    traced = trace_all([instance.mask for instance in instances])
    corners = np.array([complex(instance.bbox.x0, instance.bbox.y0) for instance in instances])
    points = (traced.points + np.repeat(corners, traced.counts)).view(np.float64).reshape(-1, 2)
    return np.split(points, np.cumsum(traced.counts)[:-1])
