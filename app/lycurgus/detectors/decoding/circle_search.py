"""Circles that are seen in particles that lie together: by their free outline, and by the steps of intensity where they lie over others.

Where intensities add, as those of spheres in dark field do, the border of a particle shows also inside of others, by the same step as
where it is free. So circles are proposed by pieces of the outline, and believed where enough of their own outline is free, or where the
step goes on inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import cv2
import numpy as np
import scipy  # parts of it load when they are first used, so that starting need not wait for them
from numpy.typing import NDArray

from lycurgus.core.progress import CancelToken, never
from lycurgus.core.types import Mask
from lycurgus.detectors.decoding.circles import Circle, fit_circles, iou_of_discs
from lycurgus.detectors.decoding.outlines import EDGE_PX, Points, smoothed, traced

WINDOWS = (0.2, 0.4, 0.8)
"""Circles are proposed by pieces of an outline of such lengths, as parts of the median radius of the particles that lie together."""

NEAR, NEAR_PX = 0.03, 1.3
"""Points of an outline belong to a circle within the greater of a part of its radius and of px ..."""

ALONG_DEG = 25
"""... and where the outline turns no further from the circle's."""

LEAST_RADIUS_PX = 6.0
"""Smaller circles cannot be told from corners."""

INSIDE = 0.95
"""Least part of a circle that lies in the foreground."""

FREE_DEG, FREE_ALONE_DEG = 30, 80
"""Least part of a circle on the free outline that is no other's, where the step goes on inside, and where that is not asked."""

STEP = 0.6
"""Least median of the steps of one circle inside others, as a ratio to that where it is free."""

DEEP, DEEP_PX = 0.15, 3.0
"""Steps inside are looked at so deep in the foreground: the greater of a part of the circle's radius and of px ..."""

TOLD_DEG = 20
"""... and tell something where so much of a circle lies there."""

SAME = 0.65
"""Circles with a greater IoU are the same."""

LEAST_POINTS = 6
"""Fewer points of an outline tell nothing of a circle."""

THIN = 3
"""Circles are fitted to every third point, which tells as much as all."""

APART_PX = 1.5
"""Of circles proposed whose x, y and radius round to the same multiples of this, one is looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class Believed:
    """A circle that is believed.

    Attributes
    ----------
    inside : how its step goes on inside others, as a ratio to where it is free; None where that cannot be told.
    is_free : whether it is believed for its free outline alone, so that what is inside says something of other circles too.
    own : places of the points of the cluster's outline that it explains and no circle before it does.
    """

    circle: Circle
    inside: float | None
    is_free: bool
    own: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Cluster:
    """Particles that lie together, in a window of the picture.

    Attributes
    ----------
    y0, x0 : the window's corner in the picture.
    foreground : (h, w) bool, what they cover, of what lies in the window.
    plane : (h, w) float32, the picture, slightly smoothed.
    unknown : (h, w) bool, where its values say nothing.
    points, normals : (n, 2), x and y: their free outline, but for what lies on the picture's frame, and its directions outwards.
    contours : (n,), which of the closed outlines a point is of.
    depth : (h, w) float32, distance to what is no foreground, px.
    """

    y0: int
    x0: int
    foreground: Mask
    plane: NDArray[np.float32]
    unknown: Mask
    points: Points
    normals: Points
    contours: NDArray[np.int64]
    depth: NDArray[np.float32]

    @classmethod
    def of(cls, foreground: Mask, plane: NDArray[np.float32], unknown: Mask, y0: int, x0: int, shape: tuple[int, int]) -> Cluster:
        """Trace the outline of a foreground; shape : (H, W) of the picture, whose frame is no outline."""
        points, normals, contours = _outline(foreground)
        y, x = points[:, 1] + y0, points[:, 0] + x0
        within = (x > 1) & (y > 1) & (x < shape[1] - 2) & (y < shape[0] - 2)
        depth = cv2.distanceTransform(foreground.view(np.uint8), cv2.DIST_L2, 3).astype(np.float32, copy=False)
        return cls(y0, x0, foreground, plane, unknown, points[within], normals[within], contours[within], depth)


def believed_circles(cluster: Cluster, radius: float, largest: float, *, cancel: CancelToken = never) -> list[Believed]:
    """Choose circles, those that explain most of the outline first.

    Parameters
    ----------
    radius : of the particles that lie there, about, px.
    largest : that a circle may have, px.

    Raises
    ------
    Cancelled
    """
    if len(cluster.points) < LEAST_POINTS:
        return []
    circles = _proposed(cluster, radius, largest, cancel)
    near = _near(circles, cluster.points, cluster.normals)
    by_point = near.tocsc()
    is_explained = np.zeros(len(cluster.points), dtype=np.bool_)
    gains = near.sum(axis=1)
    chosen = np.zeros((0, 3))
    believed: list[Believed] = []
    while len(gains) and gains[best := int(gains.argmax())] >= LEAST_POINTS:
        cancel.check()
        x, y, r = circles[best].tolist()
        near_it = near.indices[near.indptr[best] : near.indptr[best + 1]]
        own = near_it[~is_explained[near_it]]
        gains[best] = 0
        free_deg = Circle(cluster.points[own], x, y, r).seen_deg
        if free_deg < FREE_DEG or _is_one_of(chosen, x, y, r):
            continue
        inside = _step_inside(cluster, x, y, r)
        is_free = free_deg >= FREE_ALONE_DEG
        if is_free or (inside is not None and inside >= STEP):
            believed.append(Believed(Circle(cluster.points[near_it], x, y, r), inside, is_free, own))
            chosen = np.vstack([chosen, circles[best]])
            is_explained[own] = True
            np.subtract.at(gains, by_point[:, own].indices, 1)
    return believed


def _is_one_of(circles: NDArray[np.float64], x: float, y: float, radius: float) -> bool:
    # Circles whose centres lie further apart share too little.
    near = circles[np.hypot(circles[:, 0] - x, circles[:, 1] - y) < radius]
    return any(iou_of_discs((x, y, radius), (u, v, r)) > SAME for u, v, r in near.tolist())


def _outline(foreground: Mask) -> tuple[Points, Points, NDArray[np.int64]]:
    """Return the outlines of a foreground: points (n, 2), the directions in which they face outwards, and the contour that each is of."""
    points, normals, numbers = [], [], []
    for number, (outline, sign) in enumerate(traced(foreground)):
        if len(outline) < LEAST_POINTS:
            continue
        smooth = smoothed(outline, 1.2)
        along = np.roll(smooth, -2, axis=0) - np.roll(smooth, 2, axis=0)
        outwards = sign * np.column_stack([along[:, 1], -along[:, 0]]) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
        points.append(smooth + EDGE_PX * outwards)
        normals.append(outwards)
        numbers.append(np.full(len(outline), number))
    if not points:
        return np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0, dtype=np.int64)
    return np.concatenate(points), np.concatenate(normals), np.concatenate(numbers)


def _near(circles: NDArray[np.float64], points: Points, normals: Points) -> scipy.sparse.csr_array:
    """Tell which points (n, 2) belong to which circles (m, 3) by distance and direction: (m, n), 1 where they do."""
    tolerance = np.maximum(NEAR * circles[:, 2], NEAR_PX)
    within = scipy.spatial.cKDTree(points).query_ball_point(circles[:, :2], circles[:, 2] + tolerance)
    rows = np.repeat(np.arange(len(circles)), [len(some) for some in within])
    columns = np.array([place for some in within for place in some], dtype=np.int64)
    x, y, radius = circles[rows].T
    across, down = points[columns, 0] - x, points[columns, 1] - y
    away = np.hypot(across, down)
    outwards = across * normals[columns, 0] + down * normals[columns, 1]
    belongs = (away > radius - tolerance[rows]) & (outwards > np.cos(np.deg2rad(ALONG_DEG)) * away)
    rows, columns = rows[belongs], columns[belongs]
    return scipy.sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(circles), len(points)))


def _proposed(cluster: Cluster, radius: float, largest: float, cancel: CancelToken) -> NDArray[np.float64]:
    """Fit circles (m, 3) to pieces of the outline, and again to all points that are near them; what is not in the foreground falls out.

    Parameters
    ----------
    radius : of the particles that lie there, about, px.
    largest : that a circle may have, px.
    """

    def possible(circles: NDArray[np.float64]) -> NDArray[np.float64]:
        circles = circles[(circles[:, 2] >= LEAST_RADIUS_PX) & (circles[:, 2] <= largest)]
        return circles[np.unique(np.round(circles / APART_PX), axis=0, return_index=True)[1]]

    pieces = [np.zeros((0, 3))]
    for outline in np.split(cluster.points, np.flatnonzero(np.diff(cluster.contours)) + 1):
        cancel.check()
        for window in WINDOWS:
            length = round(max(LEAST_POINTS, window * radius))
            if length <= len(outline):
                pieces.append(_fitted_to_pieces(outline, length))
    circles = possible(np.concatenate(pieces))
    points, normals = cluster.points[::THIN], cluster.normals[::THIN]
    for _ in range(2):
        cancel.check()
        members = _near(circles, points, normals)
        enough = np.flatnonzero(members.sum(axis=1) >= LEAST_POINTS / THIN)
        circles = possible(fit_circles(points, members[enough]))
    return circles[_part_inside(circles, cluster.foreground) >= INSIDE]


def _fitted_to_pieces(outline: Points, length: int) -> NDArray[np.float64]:
    """Fit circles (m, 3) to pieces of so many points of an outline, each begun a third of a piece behind the one before.

    Outlines are closed. A piece that leads across what is missing at the picture's frame fits nothing, and falls out later.
    """
    starts = np.arange(0, len(outline), max(2, length // 3))
    columns = (starts[:, None] + np.arange(length)) % len(outline)
    ends = np.arange(0, columns.size + 1, length)
    return fit_circles(outline, scipy.sparse.csr_array((np.ones(columns.size), columns.ravel(), ends), shape=(len(starts), len(outline))))


def _part_inside(circles: NDArray[np.float64], foreground: Mask) -> NDArray[np.float64]:
    """Return how much of circles (m, 3) is foreground, by points of equal areas."""
    grown = cv2.dilate(foreground.view(np.uint8), np.ones((3, 3), dtype=np.uint8))
    rings, spokes = 6, 32
    away = np.sqrt((np.arange(rings) + 0.5) / rings)[:, None]
    angles = 2 * pi * np.arange(spokes) / spokes
    x = np.rint(circles[:, 0, None, None] + circles[:, 2, None, None] * away * np.cos(angles)).astype(np.int64)
    y = np.rint(circles[:, 1, None, None] + circles[:, 2, None, None] * away * np.sin(angles)).astype(np.int64)
    height, width = foreground.shape
    # A window ends beyond its particles, but at the picture's frame; what lies behind that may be a particle's.
    return np.asarray(grown[y.clip(0, height - 1), x.clip(0, width - 1)].mean(axis=(1, 2)))


def _step_inside(cluster: Cluster, x: float, y: float, radius: float) -> float | None:
    """Return the median step of intensity across a circle deep in the foreground, as a ratio to that where it is free."""
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
    if np.count_nonzero(free) < 4 or 360 * np.count_nonzero(told) < TOLD_DEG * len(angles):
        return None
    usual = float(np.median(steps[free]))
    # No single place says much: other borders cross there.
    return float(np.median(steps[told])) / usual if np.isfinite(usual) and usual else None
