"""Particles as a microscope sees them: random bodies in random orientations, projected along the beam with exact truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import BBox, Instance, Mask
from lycurgus_train.synth.bodies import Blob, Body, ConcaveCube, Cylinder, Ellipsoid, Polyhedron, Spherocylinder, Vector

Orientation = Literal["any", "lying"]

_FINE_BELOW_PX = 24.0
"""Bodies smaller than this are sampled three times a pixel in y and x: their rims are a large part of them."""


@dataclass(frozen=True, slots=True, eq=False)
class ProjectedShape:
    """One body projected onto pixels.

    Attributes
    ----------
    mask : (h, w) bool, True where the pixel's centre lies inside the outline.
    thickness : (h, w) float32, mean length in px of the body along the beam over each pixel.
    y0, x0 : row and column of the picture at which the first pixel lies; may be negative.
    name : of the shape.
    diameter_px : diameter of the sphere of the same volume.
    """

    mask: Mask
    thickness: NDArray[np.float32]
    y0: int
    x0: int
    name: str
    diameter_px: float

    def slices(self, image_shape: tuple[int, int]) -> tuple[tuple[slice, slice], tuple[slice, slice]] | None:
        """Return where the shape lies in a picture (H, W) and which part of it that is, or None where it lies outside."""
        height, width = self.mask.shape
        y0, x0 = max(self.y0, 0), max(self.x0, 0)
        y1, x1 = min(self.y0 + height, image_shape[0]), min(self.x0 + width, image_shape[1])
        if y1 <= y0 or x1 <= x0:
            return None
        return (slice(y0, y1), slice(x0, x1)), (slice(y0 - self.y0, y1 - self.y0), slice(x0 - self.x0, x1 - self.x0))

    def add_to(self, plane: NDArray[np.float32], weight: float = 1.0) -> None:
        """Add thickness x weight to a picture (H, W) in place; what lies outside is dropped."""
        where = self.slices((plane.shape[0], plane.shape[1]))
        if where is not None:
            plane[where[0]] += self.thickness[where[1]] * np.float32(weight)


def place(shape: ProjectedShape, image_shape: tuple[int, int]) -> Instance | None:
    """Return the part of a shape that lies in a picture (H, W), with a tight box, or None where nothing of it does."""
    where = shape.slices(image_shape)
    if where is None:
        return None
    (rows, columns), part = where
    mask = shape.mask[part]
    ys, xs = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if ys.size == 0:
        return None
    tight = mask[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1].copy()
    y0, x0 = rows.start + int(ys[0]), columns.start + int(xs[0])
    return Instance(BBox(y0, x0, y0 + tight.shape[0], x0 + tight.shape[1]), tight)


def project(body: Body, *, centre: tuple[float, float] = (0.0, 0.0), rotation: Vector | None = None, name: str = "") -> ProjectedShape:
    """Project a body along the beam.

    Parameters
    ----------
    centre : y, x in px, pixel centres on whole numbers.
    rotation : (3, 3), from the body's axes to the picture's; None leaves the body as it is.
    """
    turn = np.eye(3) if rotation is None else rotation
    cy, cx = centre
    reach = body.radius_px + 1
    y0, x0 = int(np.floor(cy - reach)), int(np.floor(cx - reach))
    y1, x1 = int(np.ceil(cy + reach)) + 1, int(np.ceil(cx + reach)) + 1
    diameter = float(np.cbrt(6 / np.pi * body.volume_px3))
    fine = 3 if diameter < _FINE_BELOW_PX else 1
    # An odd number of samples a pixel: the middle one is the pixel's centre, which alone decides the mask.
    y = y0 - cy + (np.arange((y1 - y0) * fine) - fine // 2) / fine
    x = x0 - cx + (np.arange((x1 - x0) * fine) - fine // 2) / fine
    rays = body.thickness(x[None, :], y[:, None], turn)
    middle = slice(fine // 2, None, fine)
    mask = rays[middle, middle] > 0
    thickness = rays.reshape(y1 - y0, fine, x1 - x0, fine).mean(axis=(1, 3)).astype(np.float32)
    rows, columns = np.flatnonzero(thickness.any(axis=1)), np.flatnonzero(thickness.any(axis=0))
    if rows.size:
        tight = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        mask, thickness, y0, x0 = mask[tight], thickness[tight], y0 + int(rows[0]), x0 + int(columns[0])
    return ProjectedShape(mask, thickness, y0, x0, name, diameter)


def random_rotation(rng: np.random.Generator) -> Vector:
    """Return a rotation (3, 3), all equally likely (Shoemake 1992: four normal numbers are a random quaternion)."""
    w, x, y, z = _unit(rng.normal(size=4))
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def lying_rotation(rng: np.random.Generator, body: Body, *, tilt_deg: float = 5.0) -> Vector:
    """Return a rotation that lays the body on one of its faces, turned anyhow in the plane of the picture.

    Parameters
    ----------
    tilt_deg : standard deviation of the angle between the face's normal and the beam.
    """
    face = body.resting[rng.integers(len(body.resting))]
    other = _unit(np.cross(face, [0.0, 0.0, 1.0] if abs(face[2]) < 0.9 else [1.0, 0.0, 0.0]))
    upright = np.stack([other, np.cross(face, other), face])
    tilt, turn = np.deg2rad(rng.normal(0, tilt_deg)), rng.uniform(0, 2 * np.pi)
    direction = rng.uniform(0, 2 * np.pi)
    turned: Vector = _about_z(turn) @ _about_z(direction) @ _about_x(tilt) @ _about_z(-direction) @ upright
    return turned


def random_shape(
    rng: np.random.Generator,
    *,
    name: str,
    diameter_px: float,
    centre: tuple[float, float],
    orientation: Orientation = "any",
    tilt_deg: float = 5.0,
) -> ProjectedShape:
    """Return a random body of a kind, projected.

    Parameters
    ----------
    name : one of ``SHAPES``; proportions that a kind leaves open are drawn.
    diameter_px : diameter of the sphere of the same volume.
    centre : y, x in px.
    orientation : "any" direction in space, or "lying" on a face with a tilt of about ``tilt_deg``.
    """
    body = SHAPES[name](rng, diameter_px)
    rotation = random_rotation(rng) if orientation == "any" else lying_rotation(rng, body, tilt_deg=tilt_deg)
    return project(body, centre=centre, rotation=rotation, name=name)


def sphere(diameter_px: float) -> Ellipsoid:
    return Ellipsoid((diameter_px / 2, diameter_px / 2, diameter_px / 2))


def cube(edge_px: float) -> Polyhedron:
    return Polyhedron.of(_cube_normals(), np.full(6, edge_px / 2))


def octahedron(edge_px: float) -> Polyhedron:
    return Polyhedron.of(_octahedron_normals(), np.full(8, edge_px / np.sqrt(6.0)))


def prism(*, sides: int, across_px: float, height_px: float) -> Polyhedron:
    """Return a regular prism around z, ``across_px`` / 2 from its axis to each side face."""
    angles = 2 * np.pi * np.arange(sides) / sides
    around = np.column_stack([np.cos(angles), np.sin(angles), np.zeros(sides)])
    normals = np.concatenate([around, [[0, 0, 1.0], [0, 0, -1.0]]])
    return Polyhedron.of(normals, np.array([across_px / 2] * sides + [height_px / 2] * 2))


def _unit(vector: Vector) -> Vector:
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float64)


def _about_z(angle: float) -> Vector:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def _about_x(angle: float) -> Vector:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1.0, 0, 0], [0, c, -s], [0, s, c]])


def _cube_normals() -> Vector:
    return np.concatenate([np.eye(3), -np.eye(3)])


def _octahedron_normals() -> Vector:
    normals: Vector = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) / np.sqrt(3.0)
    return normals


def _of_volume(body: Polyhedron, diameter_px: float) -> Polyhedron:
    return body.scaled(float(np.cbrt(np.pi / 6 * diameter_px**3 / body.volume_px3)))


def _sphere(_rng: np.random.Generator, diameter_px: float) -> Body:
    return sphere(diameter_px)


def _ellipsoid(rng: np.random.Generator, diameter_px: float) -> Body:
    axes = np.exp(rng.normal(0, 0.25, 3))
    axes *= diameter_px / 2 / np.cbrt(axes.prod())
    return Ellipsoid((float(axes[0]), float(axes[1]), float(axes[2])))


def _rod(rng: np.random.Generator, diameter_px: float) -> Body:
    aspect = float(np.exp(rng.uniform(np.log(2), np.log(10))))
    width = float(np.cbrt(diameter_px**3 / (1.5 * aspect - 0.5)))
    return Spherocylinder(aspect * width, width)


def _cube(rng: np.random.Generator, diameter_px: float) -> Body:
    # Real cubes have lost some of their corners.
    cut = rng.uniform(0.72, 1.0) * np.sqrt(3.0)
    normals = np.concatenate([_cube_normals(), _octahedron_normals()])
    return _of_volume(Polyhedron.of(normals, np.array([1.0] * 6 + [cut] * 8)), diameter_px)


def _concave_cube(rng: np.random.Generator, diameter_px: float) -> Body:
    depth = float(rng.uniform(0.05, 0.28))
    return ConcaveCube(float(np.cbrt(np.pi / 6 / ConcaveCube(1.0, depth).volume_px3)) * diameter_px, depth)


def _octahedron(_rng: np.random.Generator, diameter_px: float) -> Body:
    return _of_volume(octahedron(1.0), diameter_px)


def _truncated_octahedron(rng: np.random.Generator, diameter_px: float) -> Body:
    normals = np.concatenate([_octahedron_normals(), _cube_normals()])
    # 1 / √3 of the octahedron's reach cuts nothing off a cuboctahedron's triangles; 0.95 hardly blunts the corners.
    offsets = np.array([1.0] * 8 + [float(rng.uniform(0.62, 0.95)) * np.sqrt(3.0)] * 6)
    return _of_volume(Polyhedron.of(normals, offsets), diameter_px)


def _tetrahedron(rng: np.random.Generator, diameter_px: float) -> Body:
    faces = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3.0)
    normals = np.concatenate([faces, -faces])
    return _of_volume(Polyhedron.of(normals, np.array([1.0] * 4 + [float(rng.uniform(1.8, 2.9))] * 4)), diameter_px)


def _triangular_plate(rng: np.random.Generator, diameter_px: float) -> Body:
    plate = prism(sides=3, across_px=1.0, height_px=float(rng.uniform(0.15, 0.6)))
    corners = -plate.normals[:3]
    blunt = np.full(3, float(rng.uniform(0.7, 0.97)))
    return _of_volume(Polyhedron.of(np.concatenate([plate.normals, corners]), np.concatenate([plate.offsets, blunt])), diameter_px)


def _hexagonal_plate(rng: np.random.Generator, diameter_px: float) -> Body:
    return _of_volume(prism(sides=6, across_px=1.0, height_px=float(np.exp(rng.uniform(np.log(0.1), np.log(1.5))))), diameter_px)


def _disc(rng: np.random.Generator, diameter_px: float) -> Body:
    flatness = float(rng.uniform(0.1, 0.5))
    across = float(np.cbrt(2 / 3 / flatness)) * diameter_px
    return Cylinder(across, flatness * across)


def _bar(rng: np.random.Generator, diameter_px: float) -> Body:
    sides = np.exp(rng.uniform(0, np.log(2.5), 3))
    return _of_volume(Polyhedron.of(_cube_normals(), np.concatenate([sides, sides])), diameter_px)


def _faceted(rng: np.random.Generator, diameter_px: float) -> Body:
    normals = np.concatenate([_octahedron_normals(), _cube_normals()])
    offsets = np.concatenate([rng.uniform(0.8, 1.2, 8), rng.uniform(0.85, 1.35, 6)])
    return _of_volume(Polyhedron.of(normals, offsets), diameter_px)


def _blob(rng: np.random.Generator, diameter_px: float) -> Body:
    count = 6
    directions = rng.normal(size=(count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    orders = rng.integers(2, 6, count)
    amplitudes = rng.normal(0, 1, count) / orders
    amplitudes *= rng.uniform(0.15, 0.6) / np.abs(amplitudes).sum()
    body = Blob(1.0, directions, orders, amplitudes)
    return Blob(float(np.cbrt(np.pi / 6 * diameter_px**3 / body.volume_px3)), directions, orders, amplitudes)


SHAPES: Mapping[str, Callable[[np.random.Generator, float], Body]] = {
    "sphere": _sphere,
    "ellipsoid": _ellipsoid,
    "rod": _rod,
    "cube": _cube,
    "concave cube": _concave_cube,
    "bar": _bar,
    "octahedron": _octahedron,
    "truncated octahedron": _truncated_octahedron,
    "faceted": _faceted,
    "tetrahedron": _tetrahedron,
    "triangular plate": _triangular_plate,
    "hexagonal plate": _hexagonal_plate,
    "disc": _disc,
    "blob": _blob,
}
"""Kind -> body of the volume of a sphere of the given diameter (px), open proportions drawn."""
