"""Whether particles are brighter or darker than what surrounds them, told from the particles themselves."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Instance, Mask, Polarity

MOST = 500
"""Of more particles, as many are asked, evenly picked."""

REACH = 0.25
"""How far around a particle its surroundings reach, in diameters."""


def polarity_of(instances: Sequence[Instance], plane: NDArray[np.float32], background: Mask) -> tuple[Polarity, float]:
    """Compare each particle with the background nearby.

    Parameters
    ----------
    plane : (H, W) float32.
    background : (H, W) bool, usable and in no particle.

    Returns
    -------
    The polarity of most particles, and their share, 0.5 ... 1; "bright" and 0.5 where none can be told.
    """
    asked = instances[:: max(1, ceil(len(instances) / MOST))]
    votes = [vote for instance in asked if (vote := _is_brighter(instance, plane, background)) is not None]
    if not votes:
        return "bright", 0.5
    brighter = sum(votes) / len(votes)
    return ("bright", brighter) if brighter >= 0.5 else ("dark", 1 - brighter)


def _is_brighter(instance: Instance, plane: NDArray[np.float32], background: Mask) -> bool | None:
    """Compare one particle with the background around it; None where it has none."""
    box = instance.bbox
    reach = max(2, ceil(REACH * max(box.height, box.width)))
    around = np.s_[max(box.y0 - reach, 0) : box.y1 + reach, max(box.x0 - reach, 0) : box.x1 + reach]
    outside = background[around]
    if not outside.any():
        return None
    inner = plane[box.slices].mean(where=instance.mask, dtype=np.float64)
    return bool(inner > plane[around].mean(where=outside, dtype=np.float64))
