"""Bright-field pictures obey Beer-Lambert, and their truth is what was put into them."""

import numpy as np
import pytest

from lycurgus_train.synth.bright_field import BrightFieldParams, fresnel_fringe, optical_depth, simulate
from lycurgus_train.synth.burnt_in import BurntInParams
from lycurgus_train.synth.population import PopulationParams
from lycurgus_train.synth.shapes import cube, project, sphere
from shapes import disc
from simulated import assert_sound, same

SHAPE = (192, 256)
AMORPHOUS = BrightFieldParams(crystalline=0)
CLEAN = BurntInParams(data_bar=0, scale_bar=0, letter=0, caption=0)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("seed", range(6))
def test_a_picture_is_sound_and_comes_again_for_its_seed(seed):
    image = simulate(rng(seed), shape=SHAPE)
    assert_sound(image, SHAPE)
    assert image.kind == "bright field"
    assert same(image, simulate(rng(seed), shape=SHAPE))
    assert not np.array_equal(image.pixels, simulate(rng(seed + 100), shape=SHAPE).pixels)


@pytest.mark.parametrize("transmission", [0.05, 0.5, 0.9])
def test_the_beam_falls_exponentially_with_thickness(transmission):
    ball = project(sphere(60.0), centre=(96, 128))
    depth = optical_depth(rng(), [ball], [ball], SHAPE, params=AMORPHOUS, transmission=transmission)
    passed = np.exp(-depth)
    centre, half = depth[96, 128], depth[96, 128 + 26]
    # Along the beam the sphere is 60 px thick in its middle and 2 √(30² - 26²) = 29.9 px where it is 26 px off.
    assert half / centre == pytest.approx(2 * np.sqrt(30**2 - 26**2) / 60, rel=0.02)
    assert centre == pytest.approx(-np.log(transmission), rel=0.4)
    assert np.all(passed[~disc(SHAPE, (96, 128), 62)] == 1)


def test_particles_that_lie_on_each_other_multiply():
    one, other = project(cube(40.0), centre=(90, 100)), project(cube(40.0), centre=(100, 120))
    both = optical_depth(rng(1), [one, other], [one, other], SHAPE, params=AMORPHOUS, transmission=0.5)
    first, second = both[75, 90], both[115, 135]
    assert np.exp(-both[95, 110]) == pytest.approx(np.exp(-first) * np.exp(-second), rel=1e-5)
    assert np.exp(-first) < 1 > np.exp(-second)


def test_the_fringe_is_a_bright_rim_outside_and_a_dark_one_inside_of_what_is_dark():
    ideal = np.where(disc(SHAPE, (96, 128), 80), 0.4, 1.0).astype(np.float32)
    fringed = fresnel_fringe(ideal, strength=0.5, width_px=2.0)
    row = fringed[96]
    assert row[128 + 41 : 128 + 44].max() > 1.05
    assert row[128 + 36 : 128 + 40].min() < 0.38
    assert row[128] == pytest.approx(0.4, abs=1e-3)
    assert np.array_equal(fresnel_fringe(ideal, strength=0.0, width_px=2.0), ideal)


def test_masks_are_as_large_as_the_spheres_that_were_put_down():
    population = PopulationParams(diameter_px=(30, 30), spread=(1, 1), shapes={"sphere": 1}, arrangements={"crowd": 1}, coverage=(0.5, 0.5))
    image = simulate(
        rng(7),
        shape=SHAPE,
        params=AMORPHOUS.model_copy(update={"population": population, "burnt_in": CLEAN, "shell": 0.0, "hollow": 0.0, "faint": 0.0}),
    )
    whole = [instance for instance in image.instances if not instance.bbox.touches_border(SHAPE)]
    assert len(whole) > 3
    assert all(instance.area_px == pytest.approx(np.pi * 15**2, rel=0.01) for instance in whole)


def test_particles_are_darker_than_their_surroundings():
    population = PopulationParams(diameter_px=(30, 40), shapes={"sphere": 1, "cube": 1}, arrangements={"sparse": 1})
    params = AMORPHOUS.model_copy(
        update={"population": population, "burnt_in": CLEAN, "transmission": (0.2, 0.4), "faint": 0.0, "web": 0.0}
    )
    for seed in range(4):
        image = simulate(rng(seed), shape=SHAPE, params=params)
        inside = np.zeros(SHAPE, bool)
        for instance in image.instances:
            inside[instance.bbox.slices] |= instance.mask
        assert image.pixels[inside].mean() < image.pixels[~inside].mean() - 10


def test_an_empty_picture_has_no_particles():
    image = simulate(rng(), shape=SHAPE, params=BrightFieldParams(population=PopulationParams(arrangements={"none": 1})))
    assert image.instances == ()
    assert image.ignore is None
