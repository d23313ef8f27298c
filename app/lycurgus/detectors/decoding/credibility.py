"""Which of several looks at one picture is to be believed.

At a scale that does not suit it a network may take the gaps between particles for particles, or grains of a large one for many small
ones. Putting both looks together keeps such finds; but the network is less sure of them, and that tells the looks apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from lycurgus.detectors.decoding.scales import Look

COVERAGE_POWER = 0.03
"""How much it counts that a look explains less of the picture than another: a few sure specks must not outweigh a full layer."""


def most_credible(looks: Sequence[Look]) -> int:
    """Return the number of the look whose finds are surest, as a mean over their pixels.

    Credibility is Σ area · score / Σ area of a look's candidates, times the part of the picture that they cover as a ratio to the largest
    such part of all looks, to the power of ``COVERAGE_POWER``. Of equal looks the first is taken; where nothing was found in any, the
    first too.

    Parameters
    ----------
    looks : at least one.

    Raises
    ------
    ValueError
        There are no looks.
    """
    if not looks:
        raise ValueError("there are no looks to choose from")
    covered = [sum(one.area_px for one in look.candidates) / (look.shape[0] * look.shape[1]) for look in looks]
    most = max(covered)
    if most == 0:
        return 0
    worth = [_sureness(look) * (part / most) ** COVERAGE_POWER for look, part in zip(looks, covered, strict=True)]
    return worth.index(max(worth))


def _sureness(look: Look) -> float:
    area = sum(one.area_px for one in look.candidates)
    return sum(one.area_px * one.score for one in look.candidates) / area if area else 0.0
