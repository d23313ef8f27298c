"""Which of several looks at one picture is to be believed, and which of its finds.

At a scale that does not suit it a network may take the gaps between particles for particles, or grains of a large one for many small
ones. Putting both looks together keeps such finds; but the network is less sure of them, and that tells the looks apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lycurgus.detectors.decoding.scales import Look

COVERAGE_POWER = 0.03
"""How much it counts that a look explains less of the picture than another: a few sure specks must not outweigh a full layer."""


FEW, MANY = 20, 40
"""A find of up to the first rank is judged by itself, from the second on as one of many."""

LIKENESS = 0.16
"""One of many may have a score so far below their median: where a network is sure of most, a doubtful find is not like them."""

LIKELY = 0.08
"""Looks are compared, and sizes judged, by finds whose score is so far below that of a sure one: doubtful ones tell of them too."""


def score_threshold(scores: Sequence[float], *, sure: float, crowd: float) -> float:
    """Return the least score of what is to be believed in a picture.

    How many false finds of a certain score a picture has does not depend on how many particles it shows: where there are many, one that
    looks like them at a lower score is more likely to be one of them. So the find of rank n, the surest first, may have a score as low
    as a bound that falls from ``sure`` at ``FEW`` to ``crowd`` at ``MANY``, linearly in log n; believed is all down to the last that
    keeps to it, as in the procedure of Benjamini and Hochberg (J. R. Stat. Soc. B 57 (1995) 289). The bound ends higher, at ``LIKENESS``
    below the median of all finds from ``crowd`` on, where that is higher.

    Parameters
    ----------
    scores : of all finds, in any order.
    sure, crowd : 0 ... 1, ``crowd`` not above ``sure``.

    Returns
    -------
    Within ``crowd`` ... ``sure``; ``sure`` where nothing is below it that is believed.
    """
    falling = np.sort(np.asarray(scores, dtype=np.float64))[::-1]
    possible = falling[falling >= crowd]
    if possible.size:
        crowd = min(max(crowd, float(np.median(possible)) - LIKENESS), sure)
    ranks = np.arange(1, falling.size + 1)
    part = np.clip(np.log(ranks / FEW) / np.log(MANY / FEW), 0, 1)
    keeping = falling[falling >= sure - (sure - crowd) * part]
    return min(float(keeping[-1]), sure) if keeping.size else sure


def most_credible(looks: Sequence[Look]) -> int:
    """Return the number of the most credible look, the first of equal ones.

    Raises
    ------
    ValueError
        There are no looks.
    """
    if not looks:
        raise ValueError("there are no looks to choose from")
    worth = credibilities(looks)
    return worth.index(max(worth))


def credibilities(looks: Sequence[Look]) -> list[float]:
    """Return how credible each look is, by how sure it is of its finds, as a mean over their pixels.

    Credibility is Σ area · score / Σ area of a look's candidates, times the part of the picture that they cover as a ratio to the largest
    such part of all looks, to the power of ``COVERAGE_POWER``; 0 where nothing was found in any.
    """
    covered = [sum(one.area_px for one in look.candidates) / (look.shape[0] * look.shape[1]) for look in looks]
    most = max(covered, default=0)
    if most == 0:
        return [0.0] * len(looks)
    return [_sureness(look) * (part / most) ** COVERAGE_POWER for look, part in zip(looks, covered, strict=True)]


def _sureness(look: Look) -> float:
    area = sum(one.area_px for one in look.candidates)
    return sum(one.area_px * one.score for one in look.candidates) / area if area else 0.0
