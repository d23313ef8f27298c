"""Solid bodies of which a microscope sees the projection: how much of each lies on a ray along the beam.

Lengths are in px. A body is centred at the origin; the beam runs along z, and a rotation is a (3, 3) matrix that
turns the body's own axes (x, y, z) into those of the picture (x to the right, y down, z along the beam).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, HalfspaceIntersection

Vector = NDArray[np.float64]
Floats = NDArray[np.floating]

_PARALLEL = 1e-9
_UP: Vector = np.array([[0.0, 0.0, 1.0]])


class Body(Protocol):
    """What can be projected.

    Attributes
    ----------
    volume_px3 : volume.
    radius_px : radius of a sphere around the origin that holds the body.
    resting : (k, 3) unit vectors, in the body's own axes, that may point along the beam when the body lies on a flat film.
    """

    @property
    def volume_px3(self) -> float: ...
    @property
    def radius_px(self) -> float: ...
    @property
    def resting(self) -> Vector: ...
    def thickness(self, x: Vector, y: Vector, rotation: Vector) -> Floats:
        """Return the length of the body, in px, on the rays through (x, y), arrays that broadcast against each other."""


def _length(lower: Vector, upper: Vector) -> Vector:
    return np.maximum(upper - lower, 0.0)


@dataclass(frozen=True)
class Polyhedron:
    """The convex body normal · p <= offset for each of k planes; made by ``Polyhedron.of``.

    Attributes
    ----------
    normals : (k, 3) outward unit vectors.
    offsets : (k,) px from the origin, > 0.
    """

    normals: Vector
    offsets: Vector
    volume_px3: float
    radius_px: float

    @classmethod
    def of(cls, normals: Vector, offsets: Vector) -> Polyhedron:
        """Make the body between planes, which must close around the origin."""
        corners = HalfspaceIntersection(np.column_stack([normals, -offsets]), np.zeros(3)).intersections
        return cls(normals, offsets, float(ConvexHull(corners).volume), float(np.linalg.norm(corners, axis=1).max()))

    def scaled(self, factor: float) -> Polyhedron:
        return Polyhedron(self.normals, self.offsets * factor, self.volume_px3 * factor**3, self.radius_px * factor)

    @property
    def resting(self) -> Vector:
        return self.normals

    def span(self, x: Vector, y: Vector, rotation: Vector) -> tuple[Vector, Vector]:
        """Return where each ray enters and leaves the body; a ray that misses it leaves before it enters."""
        lower = np.full(np.broadcast(x, y).shape, -np.inf)
        upper = np.full(lower.shape, np.inf)
        for (nx, ny, nz), offset in zip(self.normals @ rotation.T, self.offsets, strict=True):
            room = offset - nx * x - ny * y
            if nz > _PARALLEL:
                np.minimum(upper, room / nz, out=upper)
            elif nz < -_PARALLEL:
                np.maximum(lower, room / nz, out=lower)
            else:
                upper[room < 0] = -np.inf
        return np.maximum(lower, -1e9), np.minimum(upper, 1e9)

    def thickness(self, x: Vector, y: Vector, rotation: Vector) -> Floats:
        return _length(*self.span(x, y, rotation))


@dataclass(frozen=True)
class ConcaveCube:
    """A cube with a round dent in each face: a ball through the four corners of the face takes matter away, so that the edges are
    concave too and the corners stand out, as in high-index nanocrystals.

    Attributes
    ----------
    edge_px : distance of neighbouring corners.
    depth : of the dents in the middle of the faces, as a fraction of the edge, > 0 and < 0.4.
    """

    edge_px: float
    depth: float

    @cached_property
    def _cube(self) -> Polyhedron:
        return Polyhedron.of(np.concatenate([np.eye(3), -np.eye(3)]), np.full(6, self.edge_px / 2))

    @property
    def ball_radius_px(self) -> float:
        """Radius of the balls, which reach ``depth`` below the face's middle and 0 below its corners: R = (2 h² + d²) / (2 d)."""
        half, deep = self.edge_px / 2, self.edge_px * self.depth
        return (2 * half * half + deep * deep) / (2 * deep)

    @cached_property
    def volume_px3(self) -> float:
        # Midpoint rule over one of four equal quarters of the face.
        step = self.edge_px / 2 / 40
        middle: Vector = (np.arange(40, dtype=np.float64) + 0.5) * step
        return float(4 * step * step * self.thickness(middle[None, :], middle[:, None], np.eye(3)).sum())

    @property
    def radius_px(self) -> float:
        return float(self.edge_px * np.sqrt(3.0) / 2)

    @property
    def resting(self) -> Vector:
        return np.concatenate([np.eye(3), -np.eye(3)])

    def thickness(self, x: Vector, y: Vector, rotation: Vector) -> Floats:
        first, last = self._cube.span(x, y, rotation)
        hit = first < last
        x, y = (np.broadcast_to(axis, hit.shape)[hit] for axis in (x, y))
        lower, upper = first[hit], last[hit]
        radius = self.ball_radius_px
        distance = self.edge_px / 2 - self.edge_px * self.depth + radius
        balls = distance * np.concatenate([rotation.T, -rotation.T])[:, :, None]
        half_chords = np.sqrt(np.maximum(radius**2 - (x - balls[:, 0]) ** 2 - (y - balls[:, 1]) ** 2, 0.0))
        enter, leave = np.clip(balls[:, 2] - half_chords, lower, upper), np.clip(balls[:, 2] + half_chords, lower, upper)
        order = np.argsort(enter, axis=0)
        enter, leave = np.take_along_axis(enter, order, axis=0), np.take_along_axis(leave, order, axis=0)
        # Balls overlap along the edges, where what they take away counts once.
        missing, reached = np.zeros_like(lower), lower
        for start, end in zip(enter, leave, strict=True):
            missing += np.maximum(end - np.maximum(start, reached), 0.0)
            reached = np.maximum(reached, end)
        thickness = np.zeros(hit.shape)
        thickness[hit] = np.where(upper - lower - missing > 1e-9 * self.edge_px, upper - lower - missing, 0.0)
        return thickness


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid; a sphere is one with three equal semi-axes."""

    semi_axes_px: tuple[float, float, float]
    resting: Vector = field(default_factory=lambda: _UP)

    @property
    def volume_px3(self) -> float:
        a, b, c = self.semi_axes_px
        return 4 / 3 * np.pi * a * b * c

    @property
    def radius_px(self) -> float:
        return max(self.semi_axes_px)

    def thickness(self, x: Vector, y: Vector, rotation: Vector) -> Floats:
        form = (rotation / np.square(self.semi_axes_px)) @ rotation.T
        half_b = form[0, 2] * x + form[1, 2] * y
        rest = form[0, 0] * x * x + 2 * form[0, 1] * x * y + form[1, 1] * y * y - 1
        chord: Floats = 2 * np.sqrt(np.maximum(half_b * half_b - form[2, 2] * rest, 0.0)) / form[2, 2]
        return chord


def _cylinder_span(x: Vector, y: Vector, axis: Vector, radius: float, half_length: float) -> tuple[Vector, Vector]:
    """Where rays enter and leave a flat-ended cylinder around a unit vector."""
    ax, ay, az = axis
    along = ax * x + ay * y
    lower = np.full(np.broadcast(x, y).shape, -np.inf)
    upper = np.full(lower.shape, np.inf)
    a = 1 - az * az
    off_axis = x * x + y * y - along * along
    if a > _PARALLEL:
        half_b = -along * az
        root = half_b * half_b - a * (off_axis - radius * radius)
        hit = np.sqrt(np.maximum(root, 0.0))
        lower, upper = np.where(root > 0, (-half_b - hit) / a, np.inf), np.where(root > 0, (-half_b + hit) / a, -np.inf)
    else:
        upper[off_axis > radius * radius] = -np.inf
    if abs(az) > _PARALLEL:
        ends = np.stack([(-half_length - along) / az, (half_length - along) / az])
        return np.maximum(lower, ends.min(axis=0)), np.minimum(upper, ends.max(axis=0))
    beyond = np.abs(along) > half_length
    return np.where(beyond, np.inf, lower), np.where(beyond, -np.inf, upper)


@dataclass(frozen=True)
class Cylinder:
    """A flat-ended cylinder around z: a disc plate, or a wire."""

    diameter_px: float
    height_px: float

    @property
    def volume_px3(self) -> float:
        return np.pi / 4 * self.diameter_px**2 * self.height_px

    @property
    def radius_px(self) -> float:
        return float(np.hypot(self.diameter_px, self.height_px) / 2)

    @property
    def resting(self) -> Vector:
        return _UP

    def thickness(self, x: Vector, y: Vector, rotation: Vector) -> Floats:
        return _length(*_cylinder_span(x, y, rotation[:, 2], self.diameter_px / 2, self.height_px / 2))


@dataclass(frozen=True)
class Spherocylinder:
    """A rod along x with half-spheres at its ends.

    Attributes
    ----------
    length_px : over all, not less than the width.
    """

    length_px: float
    width_px: float

    @property
    def volume_px3(self) -> float:
        return np.pi * self.width_px**2 * (self.length_px / 4 - self.width_px / 12)

    @property
    def radius_px(self) -> float:
        return self.length_px / 2

    @property
    def resting(self) -> Vector:
        return _UP

    def thickness(self, x: Vector, y: Vector, rotation: Vector) -> Floats:
        axis, radius = rotation[:, 0], self.width_px / 2
        half = (self.length_px - self.width_px) / 2
        lower, upper = _cylinder_span(x, y, axis, radius, half)
        missed = upper <= lower
        lower[missed], upper[missed] = np.inf, -np.inf
        for end in (-half, half):
            cx, cy, cz = end * axis
            root = radius**2 - (x - cx) ** 2 - (y - cy) ** 2
            hit = np.sqrt(np.maximum(root, 0.0))
            # The body is convex: on a ray, its parts make one piece from the first entry to the last exit.
            lower = np.where(root > 0, np.minimum(lower, cz - hit), lower)
            upper = np.where(root > 0, np.maximum(upper, cz + hit), upper)
        return _length(np.minimum(lower, 1e9), np.maximum(upper, -1e9))


@dataclass(frozen=True)
class Blob:
    """A body without a name: r(u) = radius (1 + Σ amplitude P_order(u · direction)), P the Legendre polynomials.

    Attributes
    ----------
    mean_radius_px : px.
    directions : (k, 3) unit vectors.
    orders : (k,) 2 ... 5.
    amplitudes : (k,), their absolute sum < 0.8 so that the body keeps its middle.
    """

    mean_radius_px: float
    directions: Vector
    orders: NDArray[np.intp]
    amplitudes: Vector

    def _relative_radius(self, cosines: Floats) -> Floats:
        """r(u) / mean radius from the cosines (k, ...) between u and the directions."""
        relative = np.ones(cosines.shape[1:], dtype=cosines.dtype)
        for cosine, order, amplitude in zip(cosines, self.orders, self.amplitudes, strict=True):
            relative += cosines.dtype.type(amplitude) * _legendre(cosine, int(order))
        return relative

    @cached_property
    def _radii(self) -> Floats:
        """Relative radii in 1,000 directions spread evenly over the sphere (Fibonacci lattice)."""
        k = np.arange(1000) + 0.5
        z = 1 - k / 500
        turn = np.pi * (1 + np.sqrt(5)) * k
        around = np.stack([np.sqrt(1 - z * z) * np.cos(turn), np.sqrt(1 - z * z) * np.sin(turn), z])
        return self._relative_radius(self.directions @ around)

    @property
    def volume_px3(self) -> float:
        return float(4 / 3 * np.pi * self.mean_radius_px**3 * np.mean(self._radii**3))

    @property
    def radius_px(self) -> float:
        return float(self.mean_radius_px * self._radii.max() * 1.01)

    @property
    def resting(self) -> Vector:
        return _UP

    def thickness(self, x: Vector, y: Vector, rotation: Vector) -> Floats:
        reach = self.radius_px
        steps = int(np.clip(reach, 16, 32))
        dz = np.float32(2 * reach / steps)
        z = ((np.arange(steps, dtype=np.float32) + np.float32(0.5)) * dz - np.float32(reach))[:, None, None]
        xs, ys = np.float32(1) * np.asarray(x, np.float32), np.asarray(y, np.float32)
        distance = np.sqrt(xs * xs + ys * ys + z * z) + np.float32(1e-6)
        turned = (self.directions @ rotation.T).astype(np.float32)
        cosines = np.stack([(d[0] * xs + d[1] * ys + d[2] * z) / distance for d in turned])
        inside = np.float32(self.mean_radius_px) * self._relative_radius(cosines) - distance
        summed: Floats = np.clip(inside / dz + np.float32(0.5), 0, 1).sum(axis=0, dtype=np.float32) * dz
        return summed


def _legendre(c: Floats, order: int) -> Floats:
    match order:
        case 2:
            return 1.5 * c * c - 0.5
        case 3:
            return c * (2.5 * c * c - 1.5)
        case 4:
            return (c * c) * (4.375 * c * c - 3.75) + 0.375
        case 5:
            return c * ((c * c) * (7.875 * c * c - 8.75) + 1.875)
    raise ValueError(f"harmonics of order {order} are not used")
