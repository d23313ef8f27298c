"""Several looks at one picture at different scales: which scales are worth a look, and one list of particles from all of them.

A network knows particles of the sizes that it was trained on. One that is much larger breaks up or is lost, one that is much smaller
melts into its neighbours or the background; at another scale each of them has the right size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, exp, floor, log, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.detectors.decoding.candidates import Candidate, boxes_of, crop, in_reading_order, meeting, shared_px, similar_pairs, survivors

WITHIN = 0.6
"""Of two candidates of different looks that share this part of the smaller one, only one side can be right."""

EXPLAINED = 0.7
"""Small particles that cover this part of a large candidate explain all of it: between them there is background that it blurs over."""

CARRIED = 2
"""Where particles lie on a support, what holds so many smaller candidates is a piece of it."""

FALL_OFF = 0.7
"""Standard deviation, in natural logarithms, of how trust falls off beyond the best diameters: at twice the largest it is 0.61."""

LARGEST_SCALE, SMALLEST_SCALE = 2.0, 1 / 16


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What was found in a picture after it was resized.

    Attributes
    ----------
    shape : (H, W) of the resized picture.
    candidates : in its pixels.
    """

    shape: tuple[int, int]
    candidates: Sequence[Candidate]

    def down_to(self, score: float) -> Look:
        """Leave out what has a lower score."""
        return Look(self.shape, [one for one in self.candidates if one.score >= score])


def trust(diameter_px: float, best_px: tuple[float, float]) -> float:
    """How far a network is to be trusted with a particle of a size, 0 ... 1: 1 within the best diameters, less and less beyond.

    Parameters
    ----------
    diameter_px : of the particle in the picture that the network saw.
    best_px : least and greatest of the diameters that the network is best at, px.
    """
    low, high = best_px
    beyond = max(log(low / max(diameter_px, 1e-3)), log(max(diameter_px, 1e-3) / high), 0.0)
    return exp(-((beyond / FALL_OFF) ** 2) / 2)


def _trust_in(candidate: Candidate, best_px: tuple[float, float]) -> float:
    """Trust in a candidate of its look's own pixels: its area may be too large, and its lesser extent too small, as of a thin rod."""
    return min(trust(candidate.diameter_px, best_px), trust(candidate.minor_axis_px, best_px))


def choose_scales(
    diameters_px: Sequence[float] | NDArray[np.float64], *, best_px: tuple[float, float], most: int = 3, unknown: tuple[float, ...] = (1.0,)
) -> tuple[float, ...]:
    """Choose the scales at which the particles of a picture have diameters that the network is best at.

    The first scale suits the median particle; others are added where the smallest or the largest tenth needs them. Scales are 1, or
    steps of √2 from it, from 1/16 to 2.

    Parameters
    ----------
    diameters_px : of what a coarse look found, in px of the picture at scale 1.
    best_px : least and greatest of the diameters that the network is best at, px.
    most : the most scales to choose.
    unknown : what to choose where nothing was found.
    """
    found = np.asarray(diameters_px, dtype=np.float64)
    if not found.size:
        return unknown[:most]
    small, typical, large = np.percentile(found, (10, 50, 90)).tolist()
    chosen = [_suiting(typical, best_px)]
    for diameter in (small, large):
        scale = _suiting(diameter, best_px)
        # Half a step of size beyond the best is no reason for another look.
        covered = any(trust(diameter * other, best_px) > trust(sqrt(2) * best_px[1], best_px) for other in chosen)
        if not covered and scale not in chosen:
            chosen.append(scale)
    return tuple(chosen[:most])


def _suiting(diameter_px: float, best_px: tuple[float, float]) -> float:
    """The scale nearest to 1 that brings a diameter among the best ones."""
    low, high = best_px
    if low <= diameter_px <= high:
        return 1.0
    # Not just across the border: half an octave within it, where the range is wide enough.
    wanted = min(low * sqrt(2), sqrt(low * high)) if diameter_px < low else max(high / sqrt(2), sqrt(low * high))
    return float(min(max(2.0 ** (round(2 * np.log2(wanted / diameter_px)) / 2), SMALLEST_SCALE), LARGEST_SCALE))


def merge_scales(
    looks: Sequence[Look], shape: tuple[int, int], *, best_px: tuple[float, float], overlap: float, carried: bool = False
) -> list[Candidate]:
    """Make one list of particles from several looks at one picture.

    What was found twice is kept as it looks where its size suits the network best. Where a large candidate of one look holds smaller
    ones of others, either the smaller ones are its fragments or it is a blur of them; the side with more evidence stays, evidence being
    score × trust, for the smaller ones in so far as they explain the large one's pixels.

    Parameters
    ----------
    shape : (H, W) of the picture at scale 1.
    best_px : least and greatest of the diameters that the network is best at, px.
    overlap : candidates of a higher IoU are one particle.
    carried : the particles lie on a support: a large candidate that holds several small ones is what carries them.

    Returns
    -------
    In px of the picture at scale 1, with their scores as they were; from top to bottom and left to right.
    """
    seen = [
        _Seen(mapped, candidate.score * _trust_in(candidate, best_px), number)
        for number, look in enumerate(looks)
        for candidate in look.candidates
        if (mapped := at_full_size(candidate, look.shape, shape)) is not None
    ]
    if len(looks) > 1:
        candidates = [one.candidate for one in seen]
        pairs = similar_pairs(candidates, least_iou=overlap)
        witnesses = [{one.look} for one in seen]
        for i, j, _ in pairs:
            witnesses[i].add(seen[j].look)
            witnesses[j].add(seen[i].look)
        kept = survivors(candidates, [one.worth for one in seen], pairs)
        seen, witnesses = [seen[index] for index in kept], [witnesses[index] for index in kept]
        if not carried:
            seen = _without_contradictions(seen, witnesses)
    if carried:
        seen = _without_carriers(seen)
    return in_reading_order([one.candidate for one in seen])


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A candidate at full size, what its score is worth at the scale of its look, and the number of that look."""

    candidate: Candidate
    worth: float
    look: int


def _without_contradictions(seen: list[_Seen], witnesses: list[set[int]]) -> list[_Seen]:
    """Decide between large candidates and the small ones of other looks within them, from the largest on.

    Parameters
    ----------
    witnesses : the looks that saw each candidate. What one look saw both of is no contradiction but a small particle on a large one.
    """
    within = _holding(seen, of=lambda small, large: witnesses[small].isdisjoint(witnesses[large]))
    gone: set[int] = set()
    for large in sorted(within, key=lambda index: (-seen[index].candidate.area_px, seen[index].candidate.bbox)):
        rivals = [seen[small] for small in within[large] if small not in gone]
        if large in gone or not rivals:
            continue
        if _evidence(rivals, seen[large].candidate) > seen[large].worth:
            gone.add(large)
        else:
            gone.update(within[large])
    return [one for index, one in enumerate(seen) if index not in gone]


def _without_carriers(seen: list[_Seen]) -> list[_Seen]:
    """Leave out what holds several smaller candidates, however sure: networks are sure of many a lump, and less of what lies on it."""
    holding = _holding(seen)
    return [one for index, one in enumerate(seen) if len(holding.get(index, ())) < CARRIED]


def _holding(seen: list[_Seen], *, of: Callable[[int, int], bool] | None = None) -> dict[int, list[int]]:
    """Candidate -> the smaller ones most of which lies in it, of pairs (small, large) for which ``of`` holds."""
    holding: dict[int, list[int]] = {}
    for i, j in meeting(boxes_of([one.candidate for one in seen])).tolist():
        small, large = sorted((i, j), key=lambda index: (seen[index].candidate.area_px, seen[index].worth, seen[index].candidate.bbox))
        if (of is None or of(small, large)) and lies_within(seen[small].candidate, seen[large].candidate):
            holding.setdefault(large, []).append(small)
    return holding


def lies_within(small: Candidate, large: Candidate) -> bool:
    """Tell whether most of a candidate lies in another."""
    return shared_px(small, large) >= WITHIN * small.area_px


def _evidence(rivals: list[_Seen], large: Candidate) -> float:
    """What small candidates in the place of a large one are worth: their mean, less where they leave too much of it unexplained."""
    best = np.zeros(large.mask.shape, dtype=np.float32)
    for rival in rivals:
        box = rival.candidate.bbox
        y0, x0, y1, x1 = max(box.y0, large.bbox.y0), max(box.x0, large.bbox.x0), min(box.y1, large.bbox.y1), min(box.x1, large.bbox.x1)
        there = best[y0 - large.bbox.y0 : y1 - large.bbox.y0, x0 - large.bbox.x0 : x1 - large.bbox.x0]
        mask = rival.candidate.mask[y0 - box.y0 : y1 - box.y0, x0 - box.x0 : x1 - box.x0]
        np.maximum(there, mask * np.float32(rival.worth), out=there)
    explained = best[large.mask]
    part = np.count_nonzero(explained) / explained.size
    return float(explained.sum() / max(np.count_nonzero(explained), 1)) * min(part / EXPLAINED, 1.0)


def at_full_size(candidate: Candidate, resized: tuple[int, int], shape: tuple[int, int]) -> Candidate | None:
    """Bring a candidate from a resized picture back to the picture of this shape; None where it vanishes."""
    if resized == shape:
        return candidate
    sy, sx = resized[0] / shape[0], resized[1] / shape[1]
    box = candidate.bbox
    # Pixel centres lie on whole numbers, so both pictures begin at -0.5.
    y0, x0 = max(floor(box.y0 / sy) - 1, 0), max(floor(box.x0 / sx) - 1, 0)
    y1, x1 = min(ceil(box.y1 / sy) + 1, shape[0]), min(ceil(box.x1 / sx) + 1, shape[1])
    if y0 >= y1 or x0 >= x1:
        return None
    # A picture's border must not round the mask off: what lies beyond it continues as it ends.
    framed = np.pad(candidate.mask, 1).astype(np.float32)
    if box.y0 == 0:
        framed[0] = framed[1]
    if box.y1 == resized[0]:
        framed[-1] = framed[-2]
    if box.x0 == 0:
        framed[:, 0] = framed[:, 1]
    if box.x1 == resized[1]:
        framed[:, -1] = framed[:, -2]
    back = np.array(
        [[sx, 0, (x0 + 0.5) * sx - 0.5 - box.x0 + 1], [0, sy, (y0 + 0.5) * sy - 0.5 - box.y0 + 1]],
        dtype=np.float64,
    )
    if max(sx, sy) > 1:
        # A pixel of the smaller picture stands for several, and their mean decides.
        blurred = cv2.GaussianBlur(framed, (0, 0), max(sx, sy) / 2, borderType=cv2.BORDER_REPLICATE)
        framed = np.asarray(blurred, dtype=np.float32)
    full = cv2.warpAffine(framed, back, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_CONSTANT)
    cropped = crop(full > 0.5, y0, x0)
    if cropped is None:
        return None
    return Candidate(*cropped, candidate.score, int(np.count_nonzero(cropped[1])))
