"""Whether particles are brighter or darker than what surrounds them, told from the particles themselves."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Instance, Mask, Polarity
from lycurgus.detectors.decoding import Candidate

MOST = 500
"""Of more particles, as many are asked, evenly picked."""

MOSTLY = 0.7
"""Where so many particles have the same contrast, the others are none."""

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


def of_one_polarity(found: Sequence[Candidate], plane: NDArray[np.float32], usable: Mask) -> list[Candidate]:
    """Leave out the few that are darker than what surrounds them where most are brighter, or the reverse.

    Particles on one support have one contrast. Beside what is bright, a picture less its surroundings shows a dark shadow that is in no
    specimen.

    Parameters
    ----------
    plane, usable : (H, W), float32 and bool.

    Returns
    -------
    All of them where both kinds are frequent; what nothing can be told of stays.
    """
    background = usable.copy()
    for one in found:
        background[one.bbox.slices] &= ~one.mask
    brighter = [_is_brighter(one, plane, background) for one in found]
    votes = [vote for vote in brighter if vote is not None]
    share = sum(votes) / len(votes) if votes else 0.5
    if max(share, 1 - share) < MOSTLY:
        return list(found)
    return [one for one, vote in zip(found, brighter, strict=True) if vote is None or vote == (share > 0.5)]


def _is_brighter(instance: Instance | Candidate, plane: NDArray[np.float32], background: Mask) -> bool | None:
    """Compare one particle with the background around it; None where it has none."""
    box = instance.bbox
    reach = max(2, ceil(REACH * max(box.height, box.width)))
    around = np.s_[max(box.y0 - reach, 0) : box.y1 + reach, max(box.x0 - reach, 0) : box.x1 + reach]
    outside = background[around]
    if not outside.any():
        return None
    inner = plane[box.slices].mean(where=instance.mask, dtype=np.float64)
    return bool(inner > plane[around].mean(where=outside, dtype=np.float64))
