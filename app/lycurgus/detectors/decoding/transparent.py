"""Round particles seen through one another, told apart by outlines and by the steps of intensity inside.

Where intensities add, as those of spheres in dark field do, the border of a particle shows also where it lies over others, by the same
step as where it is free. So circles are proposed by pieces of the outline of particles that lie together, and believed where enough of
their own outline is free, or where the step goes on inside. Whether intensities add is asked of the picture as a whole: what lies over
one another in it and is opaque is left to ``arcs``, as are pictures whose single particles are not round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import acos, hypot, pi, sin

import cv2
import numpy as np
import scipy  # parts of it load when they are first used, so that starting need not wait for them
from numpy.typing import NDArray

from lycurgus.core.progress import CancelToken, never
from lycurgus.core.types import Mask
from lycurgus.detectors.decoding.candidates import Candidate, crop, iou, shared_px
from lycurgus.detectors.decoding.circles import EDGE_PX, Circle, Points, disc_of, fit_circles

LEAST_AREA_PX = 400
"""Smaller particles have too few pixels on their outline to tell one circle from two."""

DENT, DENT_PX = 0.05, 1.5
"""How deep an outline is dented at least where several particles are one: the greater of a part of the radius and of px."""

LEAST_ROUND, MOSTLY_ROUND, ROUND_IOU = 3, 0.7, 0.87
"""Of the whole particles without dents, of which there are so many at least, so many must be round: the IoU with the disc of their area."""

LEAST_TOLD, ADDING = 3, 0.4
"""Circles that tell of it at least, and the median of their steps inside others, as ratios to those where they are free, from which on
intensities add: about 0.6 where they do (other borders cross), 0.1 and less where they do not."""

WINDOWS = (0.3, 0.6)
"""Circles are proposed by pieces of an outline of such lengths, as parts of the median radius of the particles that lie together."""

NEAR, NEAR_PX = 0.03, 1.3
"""Points of an outline belong to a circle within the greater of a part of its radius and of px ..."""

ALONG_DEG = 25
"""... and where the outline turns no further from the circle's."""

LARGEST, LEAST_RADIUS_PX = 1.2, 6.0
"""Greatest radius of a circle as a ratio to that of the disc of the largest particle that lies there, and the least one."""

INSIDE = 0.95
"""Least part of a circle that lies in the foreground."""

FREE_DEG, FREE_ALONE_DEG = 30, 80
"""Least part of a circle on the free outline that is no other's, where the step goes on inside, and where that is not asked."""

STEP = 0.6
"""Least mean of the steps of one circle inside others, as a ratio to that where it is free."""

DEEP, DEEP_PX = 0.15, 3.0
"""Steps inside are looked at so deep in the foreground: the greater of a part of the circle's radius and of px ..."""

TOLD_DEG = 20
"""... and tell something where so much of a circle lies there."""

SAME = 0.65
"""Circles with a greater IoU are the same."""

EXPLAINED, ON_CIRCLES = 0.8, 0.6
"""Least part of a particle that circles cover, and least part of its free outline that is theirs, for circles to take its place."""

FOUND = 0.5
"""A circle with this IoU with a particle that stays is that particle."""

SHARE = 0.5
"""Least part of a circle that lies in the particles whose place circles take."""

LEAST_POINTS = 6
"""Fewer points of an outline tell nothing of a circle."""

THIN = 3
"""Circles are fitted to every third point, which tells as much as all."""

APART_PX = 1.5
"""Circles proposed whose x, y and radius differ by less are looked at once."""

MARGIN_PX = 8
"""What lies together is looked at with so much around it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Proposed:
    """A believed circle, and how its step goes on inside others: as a ratio to where it is free, None where that cannot be told."""

    circle: Circle
    inside: float | None


@dataclass(frozen=True, slots=True, eq=False)
class _Cluster:
    """Particles that lie together: their foreground and picture in a window at y0, x0, and the points of their free outline.

    normals : (n, 2), outwards. The points do not lie on the picture's frame.
    """

    y0: int
    x0: int
    foreground: Mask
    plane: NDArray[np.float32]
    points: Points
    normals: Points
    contours: NDArray[np.int64]
    unknown: Mask
    depth: NDArray[np.float32]

    @classmethod
    def of(cls, foreground: Mask, plane: NDArray[np.float32], unknown: Mask, y0: int, x0: int, shape: tuple[int, int]) -> _Cluster:
        points, normals, contours = _outline(foreground)
        y, x = points[:, 1] + y0, points[:, 0] + x0
        within = (x > 1) & (y > 1) & (x < shape[1] - 2) & (y < shape[0] - 2)
        depth = cv2.distanceTransform(foreground.view(np.uint8), cv2.DIST_L2, 3)
        return cls(y0, x0, foreground, plane, points[within], normals[within], contours[within], unknown, depth)


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
    dented = [_is_dented(one) for one in candidates]
    height, width = plane.shape
    if not any(dented) or not _are_round(
        [one for one, is_dented in zip(candidates, dented, strict=True) if not is_dented], (height, width)
    ):
        return None
    foreground = np.zeros(plane.shape, dtype=np.uint8)
    for candidate in candidates:
        foreground[candidate.bbox.slices] |= candidate.mask
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(foreground, connectivity=8)
    at = [int(labels[one.bbox.slices][one.mask][0]) for one in candidates]
    smooth = cv2.GaussianBlur(plane, (0, 0), 1.0)
    unknown = _clipped(plane)

    replaced: set[int] = set()
    discs: list[Candidate] = []
    inside: list[float] = []
    for label in sorted({label for label, is_dented in zip(at, dented, strict=True) if is_dented}):
        cancel.check()
        left, top, wide, high = boxes[label, :4].tolist()
        y0, x0 = max(top - MARGIN_PX, 0), max(left - MARGIN_PX, 0)
        window = np.s_[y0 : top + high + MARGIN_PX, x0 : left + wide + MARGIN_PX]
        cluster = _Cluster.of(labels[window] == label, smooth[window], unknown[window], y0, x0, (height, width))
        members = [index for index, other in enumerate(at) if other == label]
        radii = [candidates[index].diameter_px / 2 for index in members]
        believed, is_explained = _believed(cluster, float(np.median(radii)), LARGEST * max(radii))
        gone, new = _taking_the_place(cluster, believed, is_explained, candidates, members, dented)
        if gone:
            replaced.update(gone)
            discs.extend(new)
            inside.extend(one.inside for one in believed if one.inside is not None)
    if len(inside) < LEAST_TOLD or np.median(inside) < ADDING:
        return None
    return [*(one for index, one in enumerate(candidates) if index not in replaced), *discs]


def _is_dented(candidate: Candidate) -> bool:
    if candidate.area_px < LEAST_AREA_PX:
        return False
    contours, _ = cv2.findContours(np.pad(candidate.mask, 1).view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(contours, key=cv2.contourArea)
    corners = cv2.convexHull(outline)[:, 0].astype(np.float64)
    sides = np.roll(corners, -1, axis=0) - corners
    normals = np.column_stack([sides[:, 1], -sides[:, 0]]) / np.hypot(*sides.T)[:, None]
    depths = np.abs(outline[:, 0] @ normals.T - (corners * normals).sum(axis=1)).min(axis=1)
    return bool(depths.max() >= max(DENT_PX, DENT * candidate.diameter_px / 2))


def _are_round(candidates: Sequence[Candidate], shape: tuple[int, int]) -> bool:
    """Tell whether most of the particles that are large enough to tell, and not cut by the frame, are discs."""
    height, width = shape
    verdicts = []
    for one in candidates:
        box = one.bbox
        if one.area_px < LEAST_AREA_PX or box.y0 == 0 or box.x0 == 0 or box.y1 == height or box.x1 == width:
            continue
        y, x = np.nonzero(one.mask)
        shared = np.count_nonzero(np.hypot(y - y.mean(), x - x.mean()) <= one.diameter_px / 2)
        verdicts.append(shared / (2 * one.area_px - shared) >= ROUND_IOU)
    return len(verdicts) >= LEAST_ROUND and sum(verdicts) >= MOSTLY_ROUND * len(verdicts)


def _clipped(plane: NDArray[np.float32]) -> Mask:
    """Find the pixels whose values lie at the end of the picture's range: where they are cut off, no step is left to see."""
    low, high = float(plane.min()), float(plane.max())
    return np.asarray((plane <= low + 0.02 * (high - low)) | (plane >= high - 0.02 * (high - low)))


def _outline(foreground: Mask) -> tuple[Points, Points, NDArray[np.int64]]:
    """Return the outlines of a foreground: points (n, 2), the directions in which they face outwards, and the contour that each is of."""
    contours, hierarchy = cv2.findContours(foreground.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    points, normals, numbers = [], [], []
    for number, (contour, (_, _, _, parent)) in enumerate(zip(contours, hierarchy[0], strict=True)):
        if len(contour) < LEAST_POINTS:
            continue
        # Around a hole the foreground lies on the other side.
        sign = np.sign(cv2.contourArea(contour, oriented=True)) * (-1 if parent >= 0 else 1)
        smooth = scipy.ndimage.gaussian_filter1d(contour[:, 0].astype(np.float64), 1.2, axis=0, mode="wrap")
        along = np.roll(smooth, -2, axis=0) - np.roll(smooth, 2, axis=0)
        outwards = sign * np.column_stack([along[:, 1], -along[:, 0]]) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
        points.append(smooth + EDGE_PX * outwards)
        normals.append(outwards)
        numbers.append(np.full(len(contour), number))
    if not points:
        return np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0, dtype=np.int64)
    return np.concatenate(points), np.concatenate(normals), np.concatenate(numbers)


def _near(circles: NDArray[np.float64], points: Points, normals: Points) -> NDArray[np.bool_]:
    """Tell which points (n, 2) belong to which circles (m, 3) by distance and direction: (m, n)."""
    x, y, radius = circles.T.astype(np.float32)[:, :, None]
    across, down = points[:, 0].astype(np.float32) - x, points[:, 1].astype(np.float32) - y
    squared = across * across + down * down
    tolerance = np.maximum(NEAR * radius, NEAR_PX)
    # Compared as squares: half of the time of finding circles goes by here.
    facing = np.maximum(across * normals[:, 0].astype(np.float32) + down * normals[:, 1].astype(np.float32), 0)
    is_along = facing * facing > np.float32(np.cos(np.deg2rad(ALONG_DEG)) ** 2) * squared
    return np.asarray(is_along & (squared < (radius + tolerance) ** 2) & (squared > (radius - tolerance) ** 2))


def _proposed(cluster: _Cluster, radius: float, largest: float) -> NDArray[np.float64]:
    """Fit circles (m, 3) to pieces of the outline, and again to all points that are near them; what is not in the foreground falls out."""

    def possible(circles: NDArray[np.float64]) -> NDArray[np.float64]:
        circles = circles[(circles[:, 2] >= LEAST_RADIUS_PX) & (circles[:, 2] <= largest)]
        return circles[np.unique(np.round(circles / APART_PX), axis=0, return_index=True)[1]]

    pieces = []
    for number in np.unique(cluster.contours):
        of_it = np.flatnonzero(cluster.contours == number)
        for window in WINDOWS:
            length = round(max(LEAST_POINTS, window * radius))
            if length <= len(of_it):
                starts = np.arange(0, len(of_it), max(2, length // 3))
                pieces.append(np.zeros((len(starts), len(cluster.points))))
                pieces[-1][np.arange(len(starts))[:, None], of_it[(starts[:, None] + np.arange(length)) % len(of_it)]] = 1
    if not pieces:
        return np.zeros((0, 3))
    circles = possible(fit_circles(cluster.points, np.concatenate(pieces)))
    points, normals = cluster.points[::THIN], cluster.normals[::THIN]
    for _ in range(2):
        weights = _near(circles, points, normals).astype(np.float64)
        enough = weights.sum(axis=1) >= LEAST_POINTS / THIN
        circles = possible(fit_circles(points, weights[enough]))
    return circles[_part_inside(circles, cluster.foreground) >= INSIDE]


def _part_inside(circles: NDArray[np.float64], foreground: Mask) -> NDArray[np.float64]:
    """Return how much of circles (m, 3) is foreground, by points of equal areas."""
    grown = cv2.dilate(foreground.view(np.uint8), np.ones((3, 3), dtype=np.uint8))
    rings, spokes = 6, 32
    away = np.sqrt((np.arange(rings) + 0.5) / rings)[:, None]
    angles = 2 * pi * np.arange(spokes) / spokes
    x = np.rint(circles[:, 0, None, None] + circles[:, 2, None, None] * away * np.cos(angles)).astype(np.int64)
    y = np.rint(circles[:, 1, None, None] + circles[:, 2, None, None] * away * np.sin(angles)).astype(np.int64)
    height, width = foreground.shape
    # What lies beyond the picture may be a particle's.
    return np.asarray(grown[y.clip(0, height - 1), x.clip(0, width - 1)].mean(axis=(1, 2)))


def _believed(cluster: _Cluster, radius: float, largest: float) -> tuple[list[_Proposed], NDArray[np.bool_]]:
    """Choose circles, those that explain most of the outline first; return them, and which points of the outline they explain."""
    circles = _proposed(cluster, radius, largest)
    near = _near(circles, cluster.points, cluster.normals)
    is_explained = np.zeros(len(cluster.points), dtype=np.bool_)
    gains = near.sum(axis=1)
    believed: list[_Proposed] = []
    while len(gains) and gains[best := int(gains.argmax())] >= LEAST_POINTS:
        x, y, r = circles[best].tolist()
        own = near[best] & ~is_explained
        gains[best] = 0
        free_deg = Circle(cluster.points[own], x, y, r).seen_deg
        if free_deg < FREE_DEG or any(_circles_iou((x, y, r), (one.circle.x, one.circle.y, one.circle.radius)) > SAME for one in believed):
            continue
        inside = _step_inside(cluster, x, y, r)
        if free_deg >= FREE_ALONE_DEG or (inside is not None and inside >= STEP):
            believed.append(_Proposed(Circle(cluster.points[near[best]], x, y, r), inside))
            is_explained |= own
            gains -= near[:, own].sum(axis=1)
    return believed, is_explained


def _step_inside(cluster: _Cluster, x: float, y: float, radius: float) -> float | None:
    """Return the mean step of intensity across a circle where it lies in the foreground, as a ratio to the median where it is free."""
    angles = 2 * pi * np.arange(max(24, round(2 * pi * radius))) / max(24, round(2 * pi * radius))
    away = np.array([-3.0, -2, -1, 1, 2, 3])[:, None] + radius
    xs, ys = (x + away * np.cos(angles)).astype(np.float32), (y + away * np.sin(angles)).astype(np.float32)
    values = cv2.remap(cluster.plane, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    steps = values[:3].mean(axis=0) - values[3:].mean(axis=0)
    height, width = cluster.foreground.shape
    columns, rows = np.rint(xs).astype(np.int64), np.rint(ys).astype(np.int64)
    within = ((columns >= 0) & (rows >= 0) & (columns < width) & (rows < height)).all(axis=0)
    columns, rows = columns.clip(0, width - 1), rows.clip(0, height - 1)
    # The outline may lie a pixel aside; two px further out is sure to be another's.
    free = within & ~cluster.foreground[rows[4], columns[4]]
    # Where particles merely touch there may be a gap, and a step that says nothing of how intensities add.
    deep = cluster.depth[rows[3], columns[3]] >= max(DEEP_PX, DEEP * radius)
    told = within & deep & ~cluster.unknown[rows[:3], columns[:3]].any(axis=0)
    usual = float(np.median(steps[free])) if np.count_nonzero(free) >= 4 else 0.0
    if usual == 0 or 360 * np.count_nonzero(told) < TOLD_DEG * len(angles):
        return None
    # No single place says much: other borders cross there.
    return float(np.clip(steps[told] / usual, -1, 2).mean())


def _circles_iou(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """IoU of two discs given by x, y and radius."""
    (x, y, a), (u, v, b) = one, other
    apart, small, large = hypot(x - u, y - v), min(a, b), max(a, b)
    if apart >= a + b:
        return 0.0
    if apart <= large - small:
        return (small / large) ** 2
    # Two segments less the kite of both centres and the points where the circles meet.
    angle_a = acos((apart**2 + a**2 - b**2) / (2 * apart * a))
    angle_b = acos((apart**2 + b**2 - a**2) / (2 * apart * b))
    shared = a * a * angle_a + b * b * angle_b - a * apart * sin(angle_a)
    return shared / (pi * (a * a + b * b) - shared)


def _taking_the_place(
    cluster: _Cluster,
    believed: Sequence[_Proposed],
    is_explained: NDArray[np.bool_],
    candidates: Sequence[Candidate],
    members: Sequence[int],
    dented: Sequence[bool],
) -> tuple[list[int], list[Candidate]]:
    """Decide which particles circles explain: the places of those that go, and the round ones that come."""
    discs = [disc for one in believed if (disc := _drawn(cluster, one.circle)) is not None]
    if len(discs) < 2:
        return [], []
    shape = (cluster.y0 + cluster.foreground.shape[0], cluster.x0 + cluster.foreground.shape[1])
    covered, lost = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
    for disc in discs:
        covered[disc.bbox.slices] |= disc.mask
    columns, rows = np.rint(cluster.points + np.array([cluster.x0, cluster.y0])).astype(np.int64).T
    gone = []
    for place in members:
        one = candidates[place]
        if not dented[place] and any(iou(one, disc) >= FOUND for disc in discs):
            continue
        own = np.zeros(shape, dtype=np.uint8)
        own[one.bbox.slices] = one.mask
        on_it = cv2.dilate(own, np.ones((3, 3), dtype=np.uint8))[rows.clip(0, shape[0] - 1), columns.clip(0, shape[1] - 1)] > 0
        is_outlined = np.count_nonzero(on_it & is_explained) >= ON_CIRCLES * np.count_nonzero(on_it)
        if is_outlined and np.count_nonzero(covered[one.bbox.slices] & one.mask) >= EXPLAINED * one.area_px:
            gone.append(place)
            lost[one.bbox.slices] |= one.mask
    staying = [candidates[place] for place in members if place not in gone]
    new = [
        replace(disc, score=_score_of(disc, [candidates[place] for place in gone]))
        for disc in discs
        if np.count_nonzero(lost[disc.bbox.slices] & disc.mask) >= SHARE * disc.area_px
        and not any(iou(disc, one) >= FOUND for one in staying)
    ]
    return (gone, new) if len(new) >= len(gone) else ([], [])


def _drawn(cluster: _Cluster, circle: Circle) -> Candidate | None:
    """Return the pixels of a circle that are foreground, in the picture's px."""
    y0, x0, disc = disc_of(circle.x, circle.y, circle.radius, cluster.foreground.shape)
    mask = disc & cluster.foreground[y0 : y0 + disc.shape[0], x0 : x0 + disc.shape[1]]
    cropped = crop(mask, y0 + cluster.y0, x0 + cluster.x0)
    return None if cropped is None else Candidate(*cropped, 0.0, int(np.count_nonzero(mask)))


def _score_of(disc: Candidate, gone: Sequence[Candidate]) -> float:
    """Return the score of the particle of which a round one takes most."""
    return max((shared_px(disc, one), one.score) for one in gone)[1]
