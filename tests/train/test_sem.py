"""Scanning pictures: yield by slope, upper particles hide lower ones, and truth only where enough is seen."""

import numpy as np
import pytest

from lycurgus_train.synth.population import PopulationParams
from lycurgus_train.synth.relief import NOBODY, stack, upper_side
from lycurgus_train.synth.sem import SemParams, edge_yield, simulate
from lycurgus_train.synth.shapes import cube, sphere
from shapes import disc
from simulated import assert_sound, same

SHAPE = (192, 256)
FLAT = np.zeros(SHAPE, np.float32)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def ball(diameter, centre):
    return upper_side(sphere(diameter), centre=centre, rotation=np.eye(3), name="sphere")


@pytest.mark.parametrize("seed", range(6))
def test_a_picture_is_sound_and_comes_again_for_its_seed(seed):
    image = simulate(rng(seed), shape=SHAPE)
    assert_sound(image, SHAPE)
    assert image.kind == "sem"
    assert same(image, simulate(rng(seed), shape=SHAPE))


@pytest.mark.parametrize("angle_deg", [0, 30, 60])
def test_a_tilted_plane_yields_one_over_the_cosine_of_its_angle(angle_deg):
    slope = np.full((8, 8), np.tan(np.deg2rad(angle_deg)), np.float32)
    assert edge_yield(slope, np.zeros_like(slope), cap=10) == pytest.approx(1 / np.cos(np.deg2rad(angle_deg)), rel=1e-5)


def test_the_yield_of_a_wall_is_limited():
    assert np.all(edge_yield(np.full((4, 4), 1e6, np.float32), np.zeros((4, 4), np.float32), cap=4) == 4)


def test_the_upper_side_of_a_sphere_and_a_tilted_cube_are_where_geometry_puts_them():
    top = ball(40.0, (0.0, 0.0))
    y, x = np.mgrid[: top.mask.shape[0], : top.mask.shape[1]] + np.array([top.y0, top.x0])[:, None, None]
    inner = np.hypot(y, x) < 17
    assert np.allclose(top.thickness[inner], (20 + np.sqrt(np.clip(400 - y**2 - x**2, 0, None)))[inner], atol=0.05)
    angle = np.deg2rad(30)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    roof = upper_side(cube(40.0), centre=(0.0, 0.0), rotation=turn, name="cube")
    slopes = np.abs(np.diff(roof.thickness[roof.mask.shape[0] // 2]))[3:-3]
    flat, steep = np.tan(angle), 1 / np.tan(angle)
    assert np.all(np.isclose(slopes, flat, atol=1e-3) | np.isclose(slopes, steep, atol=1e-3) | (slopes < steep))
    assert np.isclose(slopes, flat, atol=1e-3).sum() > 15
    assert np.isclose(slopes, steep, atol=1e-3).sum() > 10


def test_what_is_put_down_later_hides_what_is_below():
    land = stack([ball(60.0, (96, 100)), ball(60.0, (96, 130))], FLAT, sink=0.0)
    assert land.owner[96, 75] == 0
    assert land.owner[96, 150] == 1
    assert land.owner[10, 10] == NOBODY
    # The second one rests on the highest point of the first: wherever both are, it is seen.
    assert np.all(land.owner[disc(SHAPE, (96, 130), 58)] == 1)


def test_a_particle_lies_on_the_substrate_when_nothing_is_below():
    land = stack([ball(50.0, (96, 128))], FLAT + 3, sink=1.0)
    assert land.height[96, 128] == pytest.approx(53, abs=0.1)
    assert land.height[5, 5] == 3


def test_truth_is_whole_for_particles_that_are_half_seen_and_ignored_for_the_rest():
    population = PopulationParams(
        diameter_px=(30, 30), spread=(1, 1), shapes={"sphere": 1}, arrangements={"crowd": 1}, coverage=(1.5, 1.5), overlap=(0.95, 0.95)
    )
    ignored = 0
    for seed in range(3):
        image = simulate(
            rng(seed),
            shape=SHAPE,
            params=SemParams(population=population).model_copy(
                update={"burnt_in": SemParams().burnt_in.model_copy(update={"data_bar": 0.0})}
            ),
        )
        for instance in image.instances:
            if not instance.bbox.touches_border(SHAPE):
                assert instance.area_px == pytest.approx(np.pi * 15**2, rel=0.01)
        ignored += 0 if image.ignore is None else int(image.ignore.sum())
    assert ignored > 0
