"""Convex hulls of digitised shapes that are as large as the shapes were, and the Feret diameters taken from them.

The hull of the pixel centres is too small, for the edge of a shape lies beyond the last centre inside it; the hull of the pixels'
corners is too large by about one pixel. How far the edge lies beyond depends on what is there, and three rules follow it:

- Along a hull edge the next row of the lattice, in the direction of that edge, lies outside. The edge of the shape is put midway between
  the two rows: gcd(dx, dy) / (2 √(dx² + dy²)) further out, half a pixel for an edge along an axis, next to nothing for most angles.
  Towards the ends of a hull edge the edge of a curved shape falls back; so the quarter at either end is left out.
- At a corner of the hull no centre lies in the cap beyond it. The cap of a shape whose chord one pixel further in is w is expected to be
  1.5 / w high, for corners as for arcs; 1 / w for shapes up to 7 px in diameter, whose hulls consist of corners only (both by experiment;
  see docs/measurement-accuracy.md).
- Nothing lies further out than the pixel itself reaches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.ragged import Counts, batches, following, starts_of

Vertices = NDArray[np.complex128]

CAP_AREA = 1.5
SMALL_CAP_AREA = 1.0
SMALL_DIAMETER_PX = 7.0
LEFT_OUT = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Hulls:
    """Convex polygons end to end.

    Attributes
    ----------
    vertices : complex128 (x + iy), in order around each polygon.
    counts : vertices of each polygon.
    lattice_points : (n,) pixels whose centre lies in the hull of the mask's pixel centres, the mask's own among them.
    """

    vertices: Vertices
    counts: Counts
    lattice_points: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Feret:
    """Feret diameters; the angle is that of the largest, in degrees counter-clockwise from +x, 0 <= angle < 180."""

    maximum: NDArray[np.float64]
    minimum: NDArray[np.float64]
    across: NDArray[np.float64]
    angle_deg: NDArray[np.float64]


def unbiased_hulls(pixels: Sequence[NDArray[np.int32]]) -> Hulls:
    """Convex hulls of the shapes that were digitised.

    Parameters
    ----------
    pixels : for each mask the pixels at its border, (n, 1, 2) int32 (x, y).
    """
    corners = [cv2.convexHull(border).reshape(-1, 2) for border in pixels]
    counts = np.array([len(hull) for hull in corners], dtype=np.intp)
    lattice = np.concatenate(corners)
    hull = lattice.astype(np.float64).view(np.complex128)[:, 0]

    after = following(counts)
    step = lattice[after] - lattice
    steps = np.gcd(step[:, 0], step[:, 1])
    edge = hull[after] - hull
    length = np.abs(edge)
    twice_area = np.add.reduceat((hull.conjugate() * hull[after]).imag, starts_of(counts))
    # Pick's theorem: a polygon with corners on the lattice holds A + B / 2 + 1 points, B of them on its border. It also gives 1 for a
    # single pixel, and n for a row of n, whose "polygon" goes there and back.
    lattice_points = np.abs(twice_area) / 2 + np.add.reduceat(steps, starts_of(counts)) / 2 + 1

    along = np.divide(edge, length, out=np.zeros_like(edge), where=length > 0)
    turn = np.where(twice_area < 0, 1j, -1j)  # to the outer side, whichever way round OpenCV goes
    outward = along * np.repeat(turn, counts)
    beyond = outward * np.divide(steps, 2 * length, out=np.zeros_like(length), where=length > 0)
    small = np.minimum(SMALL_DIAMETER_PX**2 / (4 * lattice_points / np.pi), 1)
    cap_area = CAP_AREA + (SMALL_CAP_AREA - CAP_AREA) * small
    caps = _caps(hull, along, counts, np.repeat(cap_area, counts))

    candidates = np.column_stack([hull + LEFT_OUT * edge + beyond, hull + (1 - LEFT_OUT) * edge + beyond, hull + caps])
    return _hulls_of(candidates, counts, lattice_points)


def feret_diameters(hulls: Hulls, scale: tuple[float, float] = (1.0, 1.0)) -> Feret:
    """Largest and smallest distance between parallel tangents, and that between the tangents parallel to the largest.

    Parameters
    ----------
    scale : size of a pixel in y and in x; the result has its unit.
    """
    vertices = hulls.vertices.real * scale[1] + 1j * hulls.vertices.imag * scale[0]
    maximum, minimum, across, angle = np.empty((4, len(hulls.counts)))
    for rows, index in batches(hulls.counts):
        hull = vertices[index]
        edge = np.roll(hull, -1, axis=1) - hull
        length = np.abs(edge)
        normal = np.divide(edge * 1j, length, out=np.zeros_like(edge), where=length > 0)
        height = _projections(hull, normal)
        width = height.max(axis=1) - height.min(axis=1)
        minimum[rows] = np.where(length > 0, width, np.inf).min(axis=1)

        # By differences rather than a matrix product: equal diagonals of a symmetrical shape stay equal, so that the first one is taken.
        distance = np.square(hull.real[:, :, None] - hull.real[:, None, :])
        distance += np.square(hull.imag[:, :, None] - hull.imag[:, None, :])
        one, other = np.divmod(distance.reshape(len(rows), -1).argmax(axis=1), hull.shape[1])
        row = np.arange(len(rows))
        axis = hull[row, other] - hull[row, one]
        maximum[rows] = np.abs(axis)
        sideways = (hull * (axis * 1j / np.abs(axis)).conjugate()[:, None]).real
        across[rows] = np.ptp(sideways, axis=1)
        angle[rows] = np.degrees(np.arctan2(-axis.imag, axis.real)) % 180
    return Feret(maximum, minimum, across, np.where(angle >= 180, 0.0, angle))


def hull_perimeters(hulls: Hulls, scale: tuple[float, float] = (1.0, 1.0)) -> NDArray[np.float64]:
    """Length of each hull's outline, in the unit of the pixel size (y, x)."""
    edge = hulls.vertices[following(hulls.counts)] - hulls.vertices
    return np.add.reduceat(np.hypot(edge.real * scale[1], edge.imag * scale[0]), starts_of(hulls.counts))


def _projections(points: Vertices, directions: Vertices) -> NDArray[np.float64]:
    """(m, n, k): of each polygon's n points on its k directions."""
    xy = np.stack([points.real, points.imag], axis=2)
    return np.asarray(xy @ np.stack([directions.real, directions.imag], axis=1))


def _caps(hull: Vertices, along: Vertices, counts: Counts, area: NDArray[np.float64]) -> Vertices:
    """From each hull corner to the expected top of the shape beyond it, where ``area`` is expected without a pixel's centre."""
    before = np.empty_like(along)
    before[following(counts)] = along
    bisector = before - along
    size = np.abs(bisector)
    outward = np.divide(bisector, size, out=np.zeros_like(bisector), where=size > 0)

    chord = np.empty(len(hull))
    for _, index in batches(counts):
        u = outward[index]
        points = hull[index]
        depth = (points * u.conjugate()).real[:, None, :] - _projections(points, u)
        across = _projections(points, u * 1j)
        chord[index] = _chords(depth, across)
    height = area / np.maximum(chord, 1)
    pixel_reach = (np.abs(outward.real) + np.abs(outward.imag)) / 2
    return np.asarray(outward * np.minimum(height, pixel_reach))


def _chords(depth: NDArray[np.float64], across: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m, k): width of m polygons of n corners one pixel below each of k corners; all of it where the polygon is not so deep."""
    depth_after, across_after = np.roll(depth, -1, axis=1), np.roll(across, -1, axis=1)
    crosses = (depth < 1) != (depth_after < 1)
    share = np.divide(1 - depth, depth_after - depth, out=np.zeros_like(depth), where=crosses)
    at = across + share * (across_after - across)
    width = np.where(crosses, at, -np.inf).max(axis=1) - np.where(crosses, at, np.inf).min(axis=1)
    return np.asarray(np.where(crosses.any(axis=1), width, np.ptp(across, axis=1) + 1))


def _hulls_of(candidates: Vertices, counts: Counts, lattice_points: NDArray[np.float64]) -> Hulls:
    """Convex hulls of each polygon's candidate points."""
    points = np.stack([candidates.real, candidates.imag], axis=2).astype(np.float32).reshape(-1, 2)
    ends = 3 * np.cumsum(counts)
    single = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]], dtype=np.float32)
    hulls = [
        cv2.convexHull(points[end - 3 * count : end]).reshape(-1, 2) if count > 1 else points[end - 1] + single
        for end, count in zip(ends.tolist(), counts.tolist(), strict=True)
    ]
    vertices = np.concatenate(hulls).astype(np.float64).view(np.complex128)[:, 0]
    return Hulls(vertices, np.array([len(hull) for hull in hulls], dtype=np.intp), lattice_points)
