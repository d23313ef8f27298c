"""When small particles on a support are looked for, and when what is then found is believed.

A support that is rough, thick here and thin there, varies more than the particles on it stand out: the network finds many things of which
few are sure, its lumps among them. Less its surroundings a picture shows at each scale what is about as wide as the network knows particles
best, and little else. So looks of this kind complete each other, where others rival, and all of them are believed or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from lycurgus.detectors.decoding.candidates import Candidate, similar_pairs
from lycurgus.detectors.scales import FACTOR, SMALL_PX

DOUBT = 0.05
"""No further above its lowest, a score threshold says that there are many finds and few that are sure."""

MOST_ENLARGED = 1
"""At no more enlarged scales small particles are looked for."""

SURER = 1.2
"""Looks less the surroundings are believed where they make this many times as many finds sure, show no fewer ..."""

AGAIN, AGAIN_IOU = 0.6, 0.4
"""... show so many of those again, by their IoU, that were sure before: what is wide and sure is no lump of a support ..."""

SURE_PART = 0.2
"""... and are sure of such a part of what they show. They find grain everywhere, and are sure of little of it."""


def is_doubtful(threshold: float, *, crowd: float, sure: float) -> bool:
    """Tell whether many finds had to be believed of which few are sure.

    Parameters
    ----------
    threshold : the score from which finds are believed, as ``credibility.score_threshold`` chose it between the other two.
    """
    return threshold < sure and threshold <= crowd + DOUBT


def support_scales(scales: Sequence[float], believed: Sequence[float], shape: tuple[int, int]) -> tuple[float, ...]:
    """Choose the scales at which small particles are looked for.

    Parameters
    ----------
    scales : at which the picture is looked at before anything is known.
    believed : those of the looks that are believed.
    shape : (H, W).

    Returns
    -------
    The finest first: all of these, and an enlarged picture where one is believed, or where it is small and was looked at as it is.
    """
    enlarged = [scale for scale in believed if scale > max(*scales, 1.0)]
    if not enlarged and prod(shape) <= SMALL_PX and 1.0 in scales:
        enlarged = [FACTOR]
    return (*sorted(enlarged, reverse=True)[:MOST_ENLARGED], *sorted(scales, reverse=True))


def are_borne_out(found: Sequence[Candidate], before: Sequence[Candidate], *, sure: float) -> bool:
    """Tell whether looks less the surroundings are to be believed instead of those before."""
    if not makes_surer(found, before, sure=sure) or _sure(found, sure) < SURE_PART * len(found):
        return False
    known = [one for one in before if one.score >= sure]
    again = {first for first, second, _ in similar_pairs([*known, *found], least_iou=AGAIN_IOU) if first < len(known) <= second}
    return len(again) >= AGAIN * len(known)


def makes_surer(found: Sequence[Candidate], before: Sequence[Candidate], *, sure: float) -> bool:
    """Tell whether no less is found now than before, and enough more of it is sure."""
    return len(found) >= len(before) and _sure(found, sure) > SURER * _sure(before, sure)


def _sure(found: Sequence[Candidate], sure: float) -> int:
    return sum(one.score >= sure for one in found)
