"""Round particles seen through one another, told apart by outlines and by the steps of intensity inside.

Circles are searched for where particles lie together (``circle_search``). Whether intensities add is asked of the picture as a whole:
what lies over one another in it and is opaque is left to ``arcs``, as are pictures whose particles without dents
are not round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import pi, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.progress import CancelToken, never
from lycurgus.core.separate.regions import moved
from lycurgus.core.types import Mask
from lycurgus.detectors.decoding.candidates import Candidate, crop, shared_px, similar_pairs
from lycurgus.detectors.decoding.circle_search import Believed, Cluster, believed_circles
from lycurgus.detectors.decoding.circles import Circle, Disc, disc_of, shared_area
from lycurgus.detectors.decoding.outlines import dent_of, foreground_of, is_dented, is_large, usual_radius

LEAST_ROUND, MOSTLY_ROUND, ROUND_IOU = 3, 0.7, 0.87
"""Of the whole particles without dents, of which there are so many at least, so many must be round: the IoU with the disc of their area."""

SURELY_ROUND = 0.97
"""A particle with such an IoU with the disc of its area is one: alone it is not searched, and among others it stays what it is."""

UNDENTED = 0.4
"""A particle has no dents where they are no deeper than such a part of what counts as one."""

LEAST_TOLD, ADDING = 4, 0.2
"""Circles that tell of it at least, and the lower bound of the median of their steps inside others, as ratios to those where they are free,
from which on intensities add. The median is about 0.5 where they do (other borders cross) and near or below 0 where they do not."""

HIDDEN, MOSTLY_HIDDEN = 0.8, 0.2
"""Where more than such a part of the circles that lie together have so much of themselves within another one, they are the corners, shells
and ragged edges of single particles: those that overlap by chance seldom lie so, more often where sizes differ."""

CORE = 0.95
"""A circle with so much of itself within a larger one may be its core, and is no particle."""

EXPLAINED, ON_CIRCLES = 0.8, 0.6
"""Least part of a particle that circles cover, and least part of its free outline that is theirs, for circles to take its place."""

ON_CIRCLE = 0.9
"""Least part of the free outline of a particle without dents that is on circles, for it to be a part of one."""

DENTS = 0.05
"""So little of an outline, as a part of the circumference of the disc of its area, need be no circle's: beside a dent nothing is."""

FOUND = 0.5
"""A circle with this IoU with a particle that stays is that particle."""

SHARE = 0.5
"""Least part of a circle that lies in the particles whose place circles take."""

LARGEST = 1.2
"""Greatest radius of a circle as a ratio to that of the disc of the largest particle that lies there."""

MARGIN_PX = 8
"""What lies together is looked at with so much around it."""

PAD_PX = 2
"""Points of an outline lie up to so far outside of the pixels that they bound."""


def part_transparent(candidates: Sequence[Candidate], plane: NDArray[np.float32], *, cancel: CancelToken = never) -> list[Candidate] | None:
    """Take particles apart that are several round ones through which others are seen.

    Parameters
    ----------
    candidates : all particles of a picture, in its px.
    plane : (H, W), the picture.

    Returns
    -------
    The particles that stay as they are, and after them the round ones that take the place of others, with the score of the one of
    which they take most. None where the picture does not show that its particles are round and its intensities add.

    Raises
    ------
    Cancelled
    """
    height, width = plane.shape
    usual = usual_radius(candidates)
    if not (any(is_dented(one, usual) for one in candidates) and _are_round(candidates, (height, width), usual)):
        return None
    foreground = foreground_of(candidates, (height, width))
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(foreground.view(np.uint8), connectivity=8)
    together: dict[int, list[int]] = {}
    for index, one in enumerate(candidates):
        there = labels[one.bbox.slices][one.mask]
        # A particle in pieces that lie apart stays what it is.
        if (there == there[0]).all():
            together.setdefault(int(there[0]), []).append(index)
    smooth = cv2.GaussianBlur(plane, (0, 0), 1.0).astype(np.float32, copy=False)
    unknown = _clipped(plane)

    parted: list[_Parted] = []
    for label, members in sorted(together.items()):
        if not any(is_large(candidates[index]) for index in members):
            continue
        if len(members) == 1 and _roundness(candidates[members[0]]) >= SURELY_ROUND:
            continue
        cancel.check()
        left, top, wide, high = boxes[label, :4].tolist()
        y0, x0 = max(top - MARGIN_PX, 0), max(left - MARGIN_PX, 0)
        window = np.s_[y0 : top + high + MARGIN_PX, x0 : left + wide + MARGIN_PX]
        cluster = Cluster.of(labels[window] == label, smooth[window], unknown[window], y0, x0, (height, width))
        parted.append(_part(cluster, members, [candidates[index] for index in members], usual, cancel))
    if not _add([step for one in parted for step in one.inside]) or _are_hidden([part for one in parted for part in one.hidden]):
        return None
    gone = {index for one in parted for index in one.gone}
    return [*(one for index, one in enumerate(candidates) if index not in gone), *(disc for one in parted for disc in one.discs)]


@dataclass(frozen=True, slots=True)
class _Parted:
    """What circles make of particles that lie together.

    ``gone`` are the places of those that go, ``discs`` the round ones that come; ``inside`` are the steps of circles inside others, and
    ``hidden`` tells of each circle how much of it at most lies within another one.
    """

    gone: Sequence[int] = ()
    discs: Sequence[Candidate] = ()
    inside: Sequence[float] = ()
    hidden: Sequence[float] = ()


def _part(cluster: Cluster, places: Sequence[int], members: Sequence[Candidate], usual: float, cancel: CancelToken) -> _Parted:
    radii = [one.diameter_px / 2 for one in members]
    believed = believed_circles(cluster, float(np.median(radii)), LARGEST * max(radii), cancel=cancel)
    circles = [(one.circle.x, one.circle.y, one.circle.radius) for one in believed]
    most = [max((_part_within(one, other) for other in circles if other[2] > one[2]), default=0.0) for one in circles]
    kept = [one for one, part in zip(believed, most, strict=True) if part <= CORE]
    gone, discs = _taking_the_place(cluster, kept, members, usual)
    if not gone:
        return _Parted(hidden=most if len(circles) > 1 else ())
    inside = [one.inside for one in kept if one.is_free and one.inside is not None]
    return _Parted([places[place] for place in gone], discs, inside, most)


def _part_within(one: Disc, other: Disc) -> float:
    return shared_area(one, other) / (pi * one[2] ** 2)


def _are_hidden(parts: Sequence[float]) -> bool:
    """Tell from how much of each circle lies within another whether they are parts of particles rather than particles."""
    return bool(parts) and float(np.mean(np.asarray(parts) > HIDDEN)) > MOSTLY_HIDDEN


def _add(inside: Sequence[float]) -> bool:
    """Tell from the steps of circles inside others whether intensities add: a standard error below the median they still say so."""
    if len(inside) < LEAST_TOLD:
        return False
    low, middle, high = np.percentile(inside, (25, 50, 75)).tolist()
    # Of normally distributed values, whose quartiles lie 1.349 sigma apart, the median has an error of 1.253 sigma / sqrt(n).
    return bool(middle - 1.253 * (high - low) / 1.349 / sqrt(len(inside)) >= ADDING)


def _are_round(candidates: Sequence[Candidate], shape: tuple[int, int], usual: float) -> bool:
    """Tell whether most of the particles without dents that are large enough to tell, and not cut by the frame, are discs."""
    height, width = shape
    verdicts = []
    for one in candidates:
        box = one.bbox
        is_cut = box.y0 == 0 or box.x0 == 0 or box.y1 == height or box.x1 == width
        if not is_cut and is_large(one) and dent_of(one, usual) <= UNDENTED:
            verdicts.append(_roundness(one) >= ROUND_IOU)
    return len(verdicts) >= LEAST_ROUND and bool(np.mean(verdicts) >= MOSTLY_ROUND)


def _roundness(one: Candidate) -> float:
    """IoU of a particle with the disc of its area."""
    y, x = np.nonzero(one.mask)
    shared = np.count_nonzero(np.hypot(y - y.mean(), x - x.mean()) <= one.diameter_px / 2)
    return shared / (2 * one.area_px - shared)


def _clipped(plane: NDArray[np.float32]) -> Mask:
    """Find the pixels whose values lie at the end of the picture's range: where they are cut off, no step is left to see."""
    # Not the ends themselves: a spike of a detector must not make all else look like one end.
    low, high = np.percentile(plane[::4, ::4], (0.1, 99.9)).tolist()
    return np.asarray((plane <= low + 0.02 * (high - low)) | (plane >= high - 0.02 * (high - low)))


def _taking_the_place(
    cluster: Cluster, believed: Sequence[Believed], members: Sequence[Candidate], usual: float
) -> tuple[list[int], list[Candidate]]:
    """Decide which particles circles explain: the places of those that go, and the round ones that come.

    Parameters
    ----------
    members : the cluster's particles.
    usual : radius of most particles of the picture, px.
    """
    large = [is_large(one) for one in members]
    is_explained = np.zeros(len(cluster.points), dtype=np.bool_)
    is_explained[[place for one in believed for place in one.own]] = True
    drawn = [(disc, one.inside) for one in believed if (disc := _drawn(cluster, one.circle)) is not None]
    discs = [disc for disc, _ in drawn]
    if len(discs) < 2:
        return [], []
    covering = np.zeros(cluster.foreground.shape, dtype=np.int32)
    for disc in discs:
        covering[_slices(disc, cluster)] += disc.mask
    found = [pair[:2] for pair in similar_pairs([*members, *discs], least_iou=FOUND) if pair[0] < len(members) <= pair[1]]
    known = {member for member, _ in found}
    outline, unexplained = (_drawn_points(cluster, which) for which in (np.ones_like(is_explained), ~is_explained))
    gone = []
    owner = np.zeros(cluster.foreground.shape, dtype=np.int32)
    for place, one in enumerate(members):
        if place in known and (not large[place] or _roundness(one) >= SURELY_ROUND):
            continue
        # Its outline, and a pixel around it, since the points lie between pixels.
        around = cv2.dilate(np.pad(one.mask, PAD_PX).view(np.uint8), np.ones((3, 3), dtype=np.uint8)).view(np.bool_)
        rows, columns = _slices(one, cluster)
        beside = np.s_[rows.start : rows.stop + 2 * PAD_PX, columns.start : columns.stop + 2 * PAD_PX]
        free, strange = int(outline[beside][around].sum()), int(unexplained[beside][around].sum())
        over = covering[rows, columns][one.mask]
        lies_inside, least = free <= DENTS * pi * one.diameter_px, 1
        is_on_circles = strange <= max((1 - ON_CIRCLES) * free, DENTS * pi * one.diameter_px)
        if large[place] and dent_of(one, usual) > UNDENTED:
            is_outlined = is_on_circles
        elif lies_inside:
            # A lens that two share, but for what lies on one of them and is a particle of its own.
            is_outlined, least = True, 2
        elif large[place]:
            # A rod has round ends, but no step goes on inside of it.
            steps = [step for disc, step in drawn if shared_px(disc, one) >= SHARE * disc.area_px]
            is_outlined = is_on_circles and bool(steps) and all(step is not None and step >= ADDING for step in steps)
        else:
            # A cap of a circle. A small rod is not: only its ends are round.
            is_outlined = strange <= (1 - ON_CIRCLE) * free
        if is_outlined and np.count_nonzero(over >= least) >= EXPLAINED * one.area_px:
            gone.append(place)
            owner[rows, columns][one.mask] = place + 1
    already = {disc - len(members) for member, disc in found if member not in gone}
    new = []
    for number, disc in enumerate(discs):
        shares = np.bincount(owner[_slices(disc, cluster)][disc.mask], minlength=2)
        if number not in already and shares[1:].sum() >= SHARE * disc.area_px:
            new.append(replace(disc, score=members[int(shares[1:].argmax())].score))
    return (gone, new) if len(new) >= sum(large[place] for place in gone) else ([], [])


def _drawn(cluster: Cluster, circle: Circle) -> Candidate | None:
    """Return the pixels of a circle that are foreground, in the picture's px."""
    y0, x0, disc = disc_of(circle.x, circle.y, circle.radius, cluster.foreground.shape)
    mask = disc & cluster.foreground[y0 : y0 + disc.shape[0], x0 : x0 + disc.shape[1]]
    cropped = crop(mask, y0 + cluster.y0, x0 + cluster.x0)
    return None if cropped is None else Candidate(*cropped, 0.0, int(np.count_nonzero(mask)))


def _drawn_points(cluster: Cluster, which: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count the outline's points in each pixel of the cluster's window, and of ``PAD_PX`` around it."""
    height, width = cluster.foreground.shape
    columns, rows = np.rint(cluster.points[which]).astype(np.int64).T + PAD_PX
    return np.bincount(rows * (width + 2 * PAD_PX) + columns, minlength=(height + 2 * PAD_PX) * (width + 2 * PAD_PX)).reshape(
        height + 2 * PAD_PX, width + 2 * PAD_PX
    )


def _slices(one: Candidate, cluster: Cluster) -> tuple[slice, slice]:
    """Return where a particle lies in the cluster's window."""
    return moved(one.bbox, -cluster.y0, -cluster.x0).slices
