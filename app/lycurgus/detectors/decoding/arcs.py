"""Round particles that lie so far over one another that no valley parts them, told apart by the arcs of their common outline.

Where the outlines of two particles meet, the outline of both is dented. Between dents it consists of arcs, one or several of each particle;
arcs of one circle belong together (after S. Zafari et al., IEEE Trans. Image Process. 24 (2015) 5942, who fit ellipses). A particle is
taken apart only where circles explain nearly all of it and of its outline, and a good part of each of them is seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from math import hypot

import cv2
import numpy as np
import scipy  # parts of it load when they are first used, so that starting need not wait for them
from numpy.typing import NDArray

from lycurgus.core.progress import CancelToken, never
from lycurgus.core.separate.regions import moved
from lycurgus.core.types import Mask
from lycurgus.detectors.decoding.candidates import Candidate, beside, crop, shared_px, similar_pairs
from lycurgus.detectors.decoding.circles import Circle, circle_through, disc_of
from lycurgus.detectors.decoding.outlines import (
    EDGE_PX,
    Points,
    foreground_of,
    is_large,
    outer_outline,
    surroundings,
    traced,
)

CONVEX = 0.97
"""Particles that fill this part of their convex hull are not several: a single dent, or steps of an enlarged outline, is no arc's end."""

MARGIN = 0.6
"""Outlines are followed so far around a particle, as a part of its diameter."""

SPAN = 0.08
"""Which way an outline turns is told by its directions so far before and behind a point, as a part of the particle's radius."""

DENT = np.deg2rad(15)
"""By how much an outline turns inwards in a dent."""

BESIDE = 0.1
"""So much of an outline beside a dent belongs to no arc, as a part of the particle's radius."""

LEAST_ARC = 0.3
"""Shorter arcs, as a part of the particle's radius, tell nothing of a circle."""

MOST_ARCS = 60
"""An outline of more arcs is that of something rough, and would take long."""

SEEN_DEG = 90
"""Least part of a circle's outline that is seen."""

WITHIN = 0.7
"""Least part of a circle that lies in the particle that it is a part of."""

INSIDE = 0.95
"""Least part of a circle that lies in the foreground."""

EXPLAINED, ON_CIRCLES = 0.95, 0.95
"""Least part of a particle that its circles cover, and least part of the arcs on its outline that are theirs: rods have straight ones."""

HIDDEN = 0.9
"""A circle of which this part lies in another one is no particle: nothing of it would be seen."""

LARGEST = 1.2
"""Greatest radius of a circle as a ratio to that of the disc of the particle's area: what is larger is no part of it."""

SAME = 0.3
"""Circles with a greater IoU with one another, or with a particle, are the same."""


def part_round(candidates: Sequence[Candidate], shape: tuple[int, int], *, cancel: CancelToken = never) -> list[Candidate]:
    """Take particles apart that are several round ones.

    Parameters
    ----------
    candidates : all particles of a picture of this shape (H, W), in its px.

    Returns
    -------
    The particles that stay as they are, and after them the round ones of which the others consist, with the scores of what they come
    from. A round one that several particles share, or that is a particle already, stays once.

    Raises
    ------
    Cancelled
    """
    foreground = foreground_of(candidates, shape)
    whole: list[Candidate] = []
    parted: list[list[Candidate]] = []
    for candidate in candidates:
        circles = []
        if _is_concave(candidate):
            cancel.check()
            circles = _circles_of(candidate, foreground)
        if circles:
            parted.append(circles)
        else:
            whole.append(candidate)
    return beside(whole, parted, same=SAME)


def _is_concave(candidate: Candidate) -> bool:
    if not is_large(candidate):
        return False
    outline = outer_outline(candidate)
    return bool(cv2.contourArea(outline) < CONVEX * cv2.contourArea(cv2.convexHull(outline)))


def _circles_of(candidate: Candidate, foreground: Mask) -> list[Candidate]:
    """Find the circles that a particle is made of: none where they do not explain it, are alike, or are fewer than two."""
    radius = candidate.diameter_px / 2
    around, own, there = surroundings(candidate, foreground, int(2 * MARGIN * radius) + 2)
    arcs = [arc for arc in arcs_of(there, radius) if own[tuple(arc[:, ::-1].astype(np.intp).T)].any()]
    if len(arcs) > MOST_ARCS:
        return []
    circles, drawn = [], []
    for circle in _grouped(arcs):
        if circle.misfit < 1 and circle.radius <= LARGEST * radius and circle.seen_deg >= SEEN_DEG:
            one = _drawn(circle, own, there, candidate.score)
            if one is not None:
                circles.append(circle)
                drawn.append(one)
    if len(drawn) < 2 or sum(len(circle.points) for circle in circles) < ON_CIRCLES * sum(map(len, arcs)):
        return []
    # A circle that lies in another one is made of steps of the outline.
    if any(shared_px(one, other) >= HIDDEN * min(one.area_px, other.area_px) for one, other in combinations(drawn, 2)):
        return []
    unexplained = own.copy()
    for one in drawn:
        unexplained[one.bbox.slices] &= ~one.mask
    if np.count_nonzero(unexplained) > (1 - EXPLAINED) * candidate.area_px or similar_pairs(drawn, least_iou=SAME):
        return []
    return [replace(one, bbox=moved(one.bbox, around.y0, around.x0)) for one in drawn]


def arcs_of(foreground: Mask, radius: float, *, span: float = SPAN) -> Iterator[Points]:
    """Cut the outlines of a foreground into arcs: at its dents, and where it leaves the array.

    Parameters
    ----------
    foreground : (H, W) bool.
    radius : of what arcs are looked for, about, px.
    span : which way the outline turns is told so far before and behind a point, as a part of that.

    Yields
    ------
    (n, 2) float64, x and y, px.
    """
    height, width = foreground.shape
    step = max(3, round(span * radius))
    for outline, sign in traced(foreground):
        if len(outline) < 6 * step:
            continue
        turning = sign * _turning(outline, step)
        lowest = scipy.ndimage.minimum_filter1d(turning, 2 * step + 1, mode="wrap")
        dents = np.flatnonzero((turning == lowest) & (turning < -DENT))
        cut = max(1, round(BESIDE * radius))
        left_out = np.asarray((outline <= 0).any(axis=1) | (outline >= (width - 1, height - 1)).any(axis=1))
        left_out[(dents[:, None] + np.arange(-cut, cut + 1)).ravel() % len(outline)] = True
        if left_out.any():
            # From a point that no arc holds, so that none is cut by where the outline happens to begin.
            first = int(left_out.argmax())
            outline, left_out = np.roll(outline, -first, axis=0), np.roll(left_out, -first)
        ends = np.flatnonzero(np.diff(left_out)) + 1
        for arc, out in zip(np.split(outline, ends), left_out[np.append(0, ends)], strict=True):
            if not out and len(arc) >= max(6, LEAST_ARC * radius):
                yield arc


def _turning(outline: Points, step: int) -> NDArray[np.float64]:
    """Return by how much a closed outline turns at each point, rad, between its directions a step before and a step behind."""
    smooth = scipy.ndimage.gaussian_filter1d(outline, step / 2.5, axis=0, mode="wrap", truncate=2.5)
    before, behind = smooth - np.roll(smooth, step, axis=0), np.roll(smooth, -step, axis=0) - smooth
    across = before[:, 0] * behind[:, 1] - before[:, 1] * behind[:, 0]
    return np.asarray(np.arctan2(across, (before * behind).sum(axis=1)))


def _grouped(arcs: Sequence[Points]) -> list[Circle]:
    """Fit circles to arcs; arcs that one circle fits are one's, the best pair first."""
    circles = dict(enumerate(circle for arc in arcs if (circle := circle_through(arc)) is not None))
    joined = {pair: both for pair in combinations(circles, 2) if (both := _joined(*(circles[one] for one in pair))) is not None}
    while joined:
        best = min(joined, key=lambda pair: (joined[pair].misfit, pair))
        new, circle = max(circles) + 1, joined[best]
        circles = {number: one for number, one in circles.items() if number not in best}
        joined = {pair: both for pair, both in joined.items() if not set(pair) & set(best)}
        joined |= {(number, new): both for number, one in circles.items() if (both := _joined(one, circle)) is not None}
        circles[new] = circle
    return list(circles.values())


def _joined(one: Circle, other: Circle) -> Circle | None:
    """Return the circle that fits the points of both, None where none does."""
    if hypot(one.x - other.x, one.y - other.y) >= 2 * min(one.radius, other.radius):
        return None
    both = circle_through(np.concatenate([one.points, other.points]))
    return both if both is not None and both.misfit < 1 else None


def _drawn(circle: Circle, own: Mask, foreground: Mask, score: float) -> Candidate | None:
    """Return the pixels of a circle that are foreground; None where too little of it is, or too little the particle's own."""
    y0, x0, disc = disc_of(circle.x, circle.y, circle.radius + EDGE_PX, own.shape)
    window = np.s_[y0 : y0 + disc.shape[0], x0 : x0 + disc.shape[1]]
    mask = disc & foreground[window]
    area, all_of_it = np.count_nonzero(mask), np.count_nonzero(disc)
    if not area or area < INSIDE * all_of_it or np.count_nonzero(mask & own[window]) < WITHIN * area:
        return None
    cropped = crop(mask, y0, x0)
    return None if cropped is None else Candidate(*cropped, score, int(area))
