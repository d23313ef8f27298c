"""Projected bodies against geometry: volumes, chords, areas, and what turning and shifting must not change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lycurgus_train.synth.bodies import Blob, ConcaveCube, Cylinder, Ellipsoid, Spherocylinder
from lycurgus_train.synth.shapes import (
    SHAPES,
    cube,
    lying_rotation,
    octahedron,
    place,
    prism,
    project,
    random_rotation,
    random_shape,
    sphere,
)

NAMES = sorted(SHAPES)
SEEDS = st.integers(0, 2**32 - 1)
OFFSETS = st.floats(-0.5, 0.5)
few = settings(max_examples=8, derandomize=True, deadline=None)


@pytest.mark.parametrize("name", NAMES)
@few
@given(seed=SEEDS, dy=OFFSETS, dx=OFFSETS)
def test_thickness_adds_up_to_the_volume_of_the_body(name: str, seed: int, dy: float, dx: float) -> None:
    shape = random_shape(np.random.default_rng(seed), name=name, diameter_px=40.0, centre=(dy, dx))
    assert float(shape.thickness.sum(dtype=np.float64)) == pytest.approx(np.pi / 6 * 40**3, rel=0.015)


@pytest.mark.parametrize("name", NAMES)
@few
@given(seed=SEEDS)
def test_a_body_has_the_same_volume_from_every_side(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    body = SHAPES[name](rng, 36.0)
    volumes = [project(body, rotation=random_rotation(rng)).thickness.sum(dtype=np.float64) for _ in range(3)]
    assert volumes == pytest.approx([body.volume_px3] * 3, rel=0.02)


@pytest.mark.parametrize("name", NAMES)
@few
@given(seed=SEEDS, diameter=st.floats(4, 60))
def test_mask_and_thickness_tell_the_same_outline(name: str, seed: int, diameter: float) -> None:
    shape = random_shape(np.random.default_rng(seed), name=name, diameter_px=diameter, centre=(3.3, -2.1))
    assert shape.mask.shape == shape.thickness.shape
    assert np.all(shape.thickness >= 0)
    assert np.all(shape.thickness[shape.mask] > 0)
    # Only rim pixels can hold a little of the body without having their centre in it.
    assert float(shape.thickness[~shape.mask].sum()) <= 0.15 * float(shape.thickness.sum()) + 1


@pytest.mark.parametrize("diameter", [5.0, 12.0, 31.0, 90.0])
@few
@given(dy=OFFSETS, dx=OFFSETS)
def test_a_sphere_casts_a_disc(diameter: float, dy: float, dx: float) -> None:
    shape = project(sphere(diameter), centre=(dy, dx))
    y, x = np.mgrid[: shape.mask.shape[0], : shape.mask.shape[1]]
    distance = np.hypot(y + shape.y0 - dy, x + shape.x0 - dx)
    assert np.array_equal(shape.mask, distance < diameter / 2)
    assert np.count_nonzero(shape.mask) == pytest.approx(np.pi / 4 * diameter**2, rel=1.5 / diameter)
    if diameter >= 24:
        chord = 2 * np.sqrt(np.clip((diameter / 2) ** 2 - distance**2, 0, None))
        assert shape.thickness == pytest.approx(chord, abs=1e-3)


def test_a_cube_that_lies_on_a_face_is_a_square_as_thick_as_wide() -> None:
    shape = project(cube(30.0), centre=(0.25, 0.25))
    assert shape.mask.shape == (30, 30)
    assert shape.mask.all()
    assert shape.thickness == pytest.approx(np.full((30, 30), 30.0))


def test_a_cube_on_its_corner_casts_a_hexagon() -> None:
    face = np.array([1.0, 1.0, 1.0]) / np.sqrt(3)
    side = np.array([1.0, -1.0, 0.0]) / np.sqrt(2)
    shape = project(cube(40.0), rotation=np.stack([side, np.cross(face, side), face]))
    assert np.count_nonzero(shape.mask) == pytest.approx(np.sqrt(3) * 40**2, rel=0.01)
    assert shape.thickness.max() == pytest.approx(np.sqrt(3) * 40, rel=0.01)


def test_an_octahedron_along_its_axis_casts_a_square() -> None:
    shape = project(octahedron(40.0))
    assert np.count_nonzero(shape.mask) == pytest.approx(40.0**2, rel=0.02)
    assert octahedron(40.0).volume_px3 == pytest.approx(np.sqrt(2) / 3 * 40**3)


def test_a_hexagonal_prism_on_its_base_is_even_and_hexagonal() -> None:
    shape = project(prism(sides=6, across_px=50.0, height_px=8.0))
    assert np.count_nonzero(shape.mask) == pytest.approx(np.sqrt(3) / 2 * 50**2, rel=0.01)
    assert np.unique(np.round(shape.thickness[shape.mask], 4)).tolist() == [8.0]


def test_a_disc_is_a_disc_from_above_and_a_bar_from_the_side() -> None:
    plate = Cylinder(40.0, 6.0)
    on_edge = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    assert np.count_nonzero(project(plate).mask) == pytest.approx(np.pi / 4 * 40**2, rel=0.01)
    side = project(plate, centre=(0.5, 0.5), rotation=on_edge)
    assert side.mask.shape == (6, 40)
    assert side.thickness.max() == pytest.approx(40.0, abs=0.1)


def test_a_lying_rod_is_as_long_and_wide_as_it_says_and_a_standing_one_is_round() -> None:
    rod = Spherocylinder(65.0, 10.0)
    lying = project(rod, centre=(0.5, 0.0))
    assert lying.mask.shape == (10, 65)
    assert np.count_nonzero(lying.mask) == pytest.approx(55 * 10 + np.pi * 25, rel=0.01)
    standing = project(rod, rotation=np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]]))
    assert np.count_nonzero(standing.mask) == pytest.approx(np.pi * 25, rel=0.1)
    assert standing.thickness.max() == pytest.approx(65.0, rel=0.01)


def test_a_concave_cube_has_dents_in_faces_and_edges_and_keeps_its_corners() -> None:
    body = ConcaveCube(60.0, 0.2)
    shape = project(body, centre=(0.5, 0.5))
    middle = (0 - shape.y0, 0 - shape.x0)
    # On the axis both dents take their whole depth; half a pixel off it (the centre lies between pixels) a little less.
    assert shape.thickness[middle] == pytest.approx(60 * (1 - 0.4), abs=0.1)
    assert shape.mask.shape == (60, 60)
    # Where the balls of two neighbouring faces meet on the diagonal t of their plane: (c - t)² + t² = R².
    radius = body.ball_radius_px
    centre = 30 - 12 + radius
    ridge = (centre - np.sqrt(2 * radius**2 - centre**2)) / 2
    half_width = np.count_nonzero(shape.mask[middle[0]]) / 2
    assert half_width == pytest.approx(ridge, abs=0.6)
    assert half_width < 27
    half_turn = np.diag([-1.0, -1.0, 1.0])
    assert project(body, centre=(0.5, 0.5), rotation=half_turn).thickness == pytest.approx(shape.thickness, abs=1e-3)


def test_a_concave_cube_without_dents_is_a_cube() -> None:
    assert ConcaveCube(50.0, 1e-4).volume_px3 == pytest.approx(50.0**3, rel=2e-3)
    rotation = random_rotation(np.random.default_rng(0))
    dented, whole = project(ConcaveCube(50.0, 1e-4), rotation=rotation), project(cube(50.0), rotation=rotation)
    assert np.count_nonzero(dented.mask) == pytest.approx(np.count_nonzero(whole.mask), rel=0.01)


def test_an_ellipsoid_casts_the_ellipse_of_its_shadow() -> None:
    shape = project(Ellipsoid((30.0, 18.0, 12.0)), centre=(0.3, 0.2))
    assert np.count_nonzero(shape.mask) == pytest.approx(np.pi * 30 * 18, rel=0.01)
    assert shape.thickness.max() == pytest.approx(24.0, rel=0.01)


def test_a_blob_without_harmonics_is_a_sphere() -> None:
    blob = Blob(20.0, np.array([[0.0, 0.0, 1.0]]), np.array([2]), np.array([0.0]))
    assert blob.volume_px3 == pytest.approx(4 / 3 * np.pi * 20**3, rel=1e-6)
    assert project(blob).thickness.sum(dtype=np.float64) == pytest.approx(blob.volume_px3, rel=0.01)


def test_turning_in_the_plane_turns_the_picture_and_nothing_else() -> None:
    rotation = random_rotation(np.random.default_rng(4))
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    body = SHAPES["faceted"](np.random.default_rng(5), 50.0)
    straight, turned = project(body, rotation=rotation), project(body, rotation=quarter @ rotation)
    assert turned.thickness == pytest.approx(np.rot90(straight.thickness, -1), abs=1e-3)


@few
@given(seed=SEEDS)
def test_rotations_keep_lengths_and_hands(seed: int) -> None:
    rng = np.random.default_rng(seed)
    body = SHAPES["octahedron"](rng, 20.0)
    for rotation in (random_rotation(rng), lying_rotation(rng, body)):
        assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-9)
        assert np.linalg.det(rotation) == pytest.approx(1.0)


def test_a_plate_that_lies_is_seen_from_above() -> None:
    plate = Cylinder(40.0, 4.0)
    areas = [np.count_nonzero(project(plate, rotation=lying_rotation(np.random.default_rng(k), plate)).mask) for k in range(20)]
    assert np.median(areas) == pytest.approx(np.pi / 4 * 40**2, rel=0.03)


@few
@given(y=st.floats(-30, 90), x=st.floats(-30, 90))
def test_what_lies_beyond_the_picture_is_cut_and_the_rest_stays_whole(y: float, x: float) -> None:
    shape = project(sphere(25.0), centre=(y, x))
    rows, columns = np.mgrid[:64, :64]
    expected = np.hypot(rows - y, columns - x) < 12.5
    instance = place(shape, (64, 64))
    if instance is None:
        assert not expected.any()
        return
    painted = np.zeros((64, 64), dtype=bool)
    painted[instance.bbox.slices] = instance.mask
    assert np.array_equal(painted, expected)
    assert instance.mask[0].any()
    assert instance.mask[-1].any()
    assert instance.mask[:, 0].any()
    assert instance.mask[:, -1].any()


def test_what_lies_outside_adds_nothing() -> None:
    plane = np.zeros((20, 20), dtype=np.float32)
    project(sphere(10.0), centre=(-40.0, 5.0)).add_to(plane)
    assert not plane.any()
    project(sphere(10.0), centre=(10.0, 10.0)).add_to(plane, 2.0)
    assert plane.sum() == pytest.approx(2 * np.pi / 6 * 1000, rel=0.01)
