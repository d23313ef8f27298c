"""Convex particles of any shape that lie over one another and were found as one, told apart by the dents of their outline.

Where the outlines of two particles meet, that of both is dented, and between dents it is made of arcs. Arcs belong to one convex particle
if nothing but foreground lies between them: their convex hull does not reach across a dent. So arcs are put together as far as that
allows, and what each group encloses is a particle, completed by an ellipse where one goes through its arcs. Whether particles are convex
is asked of the picture: dents are exceptions in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import pi

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.progress import CancelToken, never
from lycurgus.core.types import Mask
from lycurgus.detectors.decoding.arcs import arcs_of
from lycurgus.detectors.decoding.candidates import Candidate, beside, crop
from lycurgus.detectors.decoding.ellipses import Ellipse, ellipse_through
from lycurgus.detectors.decoding.outlines import Points, foreground_of, is_dented, is_large, surroundings, usual_radius

LEAST_WHOLE, MOSTLY_DENTED = 10, 0.4
"""Least number of particles without dents, and largest part of all that may have some: where more have, dents are their shape, as that of
the gold bones of a picture of EMPS, 46 % of which have some. Of simulated crowds, no more than 36 %."""

LARGER = 1.2
"""Least area of what is several particles, as a ratio to the median of those without dents: noise dents what is no larger."""

SPAN = 0.15
"""Which way an outline turns is told by its directions so far before and behind a point, as a part of the usual radius."""

MOST_ARCS = 30
"""An outline of more arcs is that of something rough, and would take long."""

OWN = 0.5
"""An arc is a particle's where more than such a part of it lies on its pixels: the outline of all that lies together is followed."""

ACROSS, ACROSS_PX = 0.06, 1.2
"""How far the hull of a particle's arcs may reach out of the foreground: the greater of a part of the usual radius and of px."""

BENT = 2.0
"""An arc whose own hull reaches so many times as far out of it is the inner side of something bent, and no particle's."""

CLOSE_ENOUGH, SEEN_DEG, WITHIN, LARGEST = 1.5, 70, 0.94, 1.15
"""An ellipse completes a particle up to this misfit, from so much of its outline seen on, with so much of it in the foreground, and up to
this radius as a ratio to that of all that was found as one."""

LEAST_PART, LEAST_OWN = 0.4, 0.1
"""Least area of a particle, and of what of it no other shares, as parts of that of the usual one's disc."""

LEAST_CONVEX = 0.93
"""Least part of its convex hull that a particle fills; where one does not, what was found stays whole."""

SWALLOWED = 0.8
"""Two of which so much of the smaller one lies in the other are not two."""

SAME = 0.5
"""What was found as several particles already stays so: a new one with a greater IoU with another is that one."""

UNLIKE = 3.0
"""Cost of putting arcs together that no ellipse goes through."""


def part_convex(candidates: Sequence[Candidate], shape: tuple[int, int], *, cancel: CancelToken = never) -> list[Candidate]:
    """Take particles apart that are several convex ones.

    Parameters
    ----------
    candidates : all particles of a picture of this shape (H, W), in its px.

    Returns
    -------
    The particles that stay as they are, and after them the parts of the others, with the scores of what they come from.

    Raises
    ------
    Cancelled
    """
    large = [one for one in candidates if is_large(one)]
    usual = usual_radius(large)
    dented = {one for one in large if is_dented(one, usual)}
    if not dented or len(large) - len(dented) < LEAST_WHOLE or len(dented) > MOSTLY_DENTED * len(large):
        return list(candidates)
    foreground = foreground_of(candidates, shape)
    undented = [one for one in large if one not in dented]
    usual, usual_px = usual_radius(undented), float(np.median([one.area_px for one in undented]))
    whole: list[Candidate] = []
    parted: list[list[Candidate]] = []
    for one in candidates:
        parts = _parts_of(one, foreground, usual, cancel) if one in dented and one.area_px >= LARGER * usual_px else []
        if parts:
            parted.append(parts)
        else:
            whole.append(one)
    return beside(whole, parted, same=SAME)


def _parts_of(one: Candidate, foreground: Mask, usual: float, cancel: CancelToken) -> list[Candidate]:
    """Find the convex particles that one is made of; none where they are fewer than two, or do not explain it.

    Parameters
    ----------
    foreground : (H, W) bool, all particles of the picture.
    usual : radius of particles without dents, px.
    """
    cancel.check()
    around, own, there = surroundings(one, foreground, int(one.diameter_px / 2) + 2)
    if not there[own].all():
        # A particle in pieces that lie apart stays what it is.
        return []
    scale = min(one.diameter_px / 2, usual)
    arcs = [arc for arc in arcs_of(there, scale, span=SPAN) if own[tuple(arc[:, ::-1].astype(np.intp).T)].mean() > OWN]
    if not 2 <= len(arcs) <= MOST_ARCS:
        return []
    outside = cv2.distanceTransform((~there).view(np.uint8), cv2.DIST_L2, 3).astype(np.float32, copy=False)
    groups = _grouped(arcs, outside, max(ACROSS_PX, ACROSS * scale), cancel)
    shapes = [_enclosed(group, there, one.diameter_px / 2) for group in groups]
    masks = _shared_out(own, shapes, pi * scale**2, cancel)
    if len(masks) < 2 or not all(_is_convex(mask) for mask in masks):
        return []
    areas = [int(np.count_nonzero(mask)) for mask in masks]
    if any(np.count_nonzero(masks[i] & masks[j]) >= SWALLOWED * min(areas[i], areas[j]) for i, j in combinations(range(len(masks)), 2)):
        return []
    pieces = [piece for mask in masks if (piece := crop(mask, around.y0, around.x0)) is not None]
    return [Candidate(*piece, one.score, area) for piece, area in zip(pieces, areas, strict=True)]


def _grouped(arcs: Sequence[Points], outside: NDArray[np.float32], most: float, cancel: CancelToken) -> list[Points]:
    """Put arcs together that are one convex particle's, those that fit best first; each is the points (n, 2) of its arcs.

    Parameters
    ----------
    outside : (h, w), distance from the foreground, px.
    most : that a hull may reach out of it, px.
    """

    def cost(points: Points) -> float | None:
        across = _reach(points, outside)
        if across > most:
            return None
        ellipse = ellipse_through(points)
        return across / most + (UNLIKE if ellipse is None else min(ellipse.misfit, UNLIKE))

    groups = {number: arc for number, arc in enumerate(arcs) if _reach(arc, outside) <= BENT * most}
    both = {(one, other): cost(np.concatenate([groups[one], groups[other]])) for one, other in combinations(groups, 2)}
    costs = {pair: value for pair, value in both.items() if value is not None}
    while costs:
        cancel.check()
        best = min(costs, key=lambda pair: (costs[pair], pair))
        new, joined = max(groups) + 1, np.concatenate([groups[number] for number in best])
        groups = {number: points for number, points in groups.items() if number not in best}
        costs = {pair: value for pair, value in costs.items() if not set(pair) & set(best)}
        costs |= {
            (number, new): value for number, points in groups.items() if (value := cost(np.concatenate([points, joined]))) is not None
        }
        groups[new] = joined
    return list(groups.values())


def _reach(points: Points, outside: NDArray[np.float32]) -> float:
    """Return how far the convex hull of points (n, 2) reaches out of the foreground, px."""
    corner = points.min(axis=0).astype(np.int64)
    wide, high = (points.max(axis=0).astype(np.int64) - corner + 1).tolist()
    hull = _hull(points - corner, (high, wide))
    there = outside[corner[1] : corner[1] + high, corner[0] : corner[0] + wide]
    return float(there[hull].max())


def _hull(points: Points, shape: tuple[int, int]) -> Mask:
    """Draw the convex hull of pixels (n, 2), x and y, into an array of this shape."""
    drawn = np.zeros(shape, dtype=np.uint8)
    cv2.fillConvexPoly(drawn, cv2.convexHull(np.rint(points).astype(np.int32)[:, None]), 1)
    return drawn.view(np.bool_)


def _enclosed(points: Points, there: Mask, radius: float) -> Mask:
    """Return the foreground that arcs enclose, and what of an ellipse through them completes it; radius is that of all found as one, px."""
    shape = _hull(points, there.shape) & there
    ellipse = ellipse_through(points)
    return shape | (ellipse.drawn(there.shape) & there) if ellipse is not None and _completes(ellipse, there, radius) else shape


def _completes(ellipse: Ellipse, there: Mask, radius: float) -> bool:
    """Tell whether an ellipse is seen well enough to say what lies over others, or beneath them."""
    is_seen = ellipse.misfit < CLOSE_ENOUGH and ellipse.seen_deg >= SEEN_DEG
    return is_seen and ellipse.radius <= LARGEST * radius and ellipse.part_in(there) >= WITHIN


def _shared_out(own: Mask, shapes: Sequence[Mask], usual_px: float, cancel: CancelToken) -> list[Mask]:
    """Give each shape the pixels of the particle that are nearest to it and no other's, and of what it then is the largest piece.

    Parameters
    ----------
    usual_px : area of the disc of the usual particle. Shapes that remain too small for one fall out, the smallest first.
    """
    left = [(shape, cv2.distanceTransform((~shape).view(np.uint8), cv2.DIST_L2, 3)) for shape in shapes if shape.any()]
    while len(left) > 1:
        cancel.check()
        nearest, least = np.zeros(own.shape, dtype=np.int32), left[0][1].copy()
        for number, (_, away) in enumerate(left):
            nearest[away < least] = number
            np.minimum(least, away, out=least)
        nobodys = own & (least > 0)
        masks = [shape | (nobodys & (nearest == number)) for number, (shape, _) in enumerate(left)]
        times = np.zeros(own.shape, dtype=np.int32)
        for mask in masks:
            times += mask
        small = [
            (area, number)
            for number, mask in enumerate(masks)
            if (area := int(np.count_nonzero(mask))) < LEAST_PART * usual_px
            or np.count_nonzero(mask & own & (times == 1)) < LEAST_OWN * usual_px
        ]
        if not small:
            return [_largest_piece(mask) for mask in masks]
        left.pop(min(small)[1])
    return []


def _largest_piece(mask: Mask) -> Mask:
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    return np.asarray(labels == 1 + boxes[1:, cv2.CC_STAT_AREA].argmax())


def _is_convex(mask: Mask) -> bool:
    (outline, *_), _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return bool(cv2.contourArea(outline) >= LEAST_CONVEX * cv2.contourArea(cv2.convexHull(outline)))
