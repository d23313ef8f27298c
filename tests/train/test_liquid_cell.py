"""Liquid-cell pictures: absorption, dark-field signal, beam width, wanted ratios, and grids of known particles."""

import numpy as np
import pytest

from lycurgus_train.synth.liquid_cell import (
    NITRIDE,
    PARTICLES,
    WATER,
    Cell,
    LiquidCellParams,
    beam_width_nm,
    scattering_per_nm,
    simulate,
    transmitted,
)
from lycurgus_train.synth.noise_grid import simulate_grid
from simulated import assert_sound, same

SHAPE = (192, 256)
NOTHING = np.zeros(SHAPE, np.float32)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def cell(liquid_nm: float = 300, windows_nm: float = 60, pixel_nm: float = 1.0) -> Cell:
    return Cell(np.full(SHAPE, liquid_nm, np.float32), windows_nm, pixel_nm)


@pytest.mark.parametrize("seed", range(8))
def test_a_picture_is_sound_and_comes_again_for_its_seed(seed):
    image = simulate(rng(seed), shape=SHAPE)
    assert_sound(image, SHAPE)
    assert image.kind == "liquid cell"
    assert same(image, simulate(rng(seed), shape=SHAPE))


def test_the_bright_field_falls_exponentially_with_liquid_and_windows():
    gold = PARTICLES["Au"]
    passed = [float(transmitted(cell(liquid), NOTHING, gold, "BF")[0, 0]) for liquid in (0, 300, 600)]
    assert passed[0] == pytest.approx(np.exp(-60 * scattering_per_nm(NITRIDE, "BF")), rel=1e-5)
    assert passed[1] / passed[0] == pytest.approx(np.exp(-300 * scattering_per_nm(WATER, "BF")), rel=1e-5)
    assert passed[2] / passed[1] == pytest.approx(passed[1] / passed[0], rel=1e-4)


def test_gold_is_dark_in_bright_field_and_bright_in_dark_field_and_the_more_so_the_thicker():
    gold = PARTICLES["Au"]
    for signal, sign in (("BF", -1), ("HAADF", 1)):
        levels = [float(transmitted(cell(), NOTHING + thick, gold, signal)[0, 0]) for thick in (0, 10, 20, 40)]
        assert np.all(np.diff(levels) * sign > 0)


def test_heavy_particles_scatter_more_than_light_ones_and_all_more_than_water():
    order = [scattering_per_nm(PARTICLES[name], "HAADF") for name in ("Pt", "Ag", "Fe3O4", "SiO2")] + [scattering_per_nm(WATER, "HAADF")]
    assert order == sorted(order, reverse=True)


def test_the_beam_widens_with_the_power_of_one_and_a_half_of_the_liquid():
    assert beam_width_nm(800, energy_kev=200) / beam_width_nm(200, energy_kev=200) == pytest.approx(8)
    assert beam_width_nm(0, energy_kev=200) == 0
    assert beam_width_nm(500, energy_kev=100) == pytest.approx(2 * beam_width_nm(500, energy_kev=200))


@pytest.mark.parametrize("name", ["sphere", "rod", "concave cube"])
@pytest.mark.parametrize("snr_db", [14.55, 7.49, 3.0, 0.0])
def test_a_grid_has_the_wanted_particles_apart_and_the_wanted_ratio(name, snr_db):
    clean = simulate_grid(name, 50, None, 24, rng(3))
    noisy = simulate_grid(name, 50, snr_db, 24, rng(3))
    assert_sound(noisy, clean.shape)
    assert len(noisy.instances) == 24
    assert not any(instance.bbox.touches_border(noisy.shape) for instance in noisy.instances)
    layers = np.zeros(noisy.shape, int)
    for instance in noisy.instances:
        layers[instance.bbox.slices] += instance.mask
    assert layers.max() == 1
    reference = clean.pixels.astype(float)
    ratio = 10 * np.log10(np.mean(reference**2) / np.mean((noisy.pixels - reference) ** 2))
    # The clean picture is rounded, the reference of the noise is not.
    assert ratio == pytest.approx(snr_db, abs=0.03)


def dented_square_px(edge, depth):
    """Area that a cube shows from which balls through the corners of its faces are cut: counted voxel by voxel."""
    half = edge / 2
    radius = (2 * half**2 + (depth * edge) ** 2) / (2 * depth * edge)
    at = np.arange(-half + 0.25, half, 0.5)
    x, y, z = np.meshgrid(at, at, at, indexing="ij", sparse=True)
    solid = np.ones((at.size,) * 3, bool)
    for axis, (a, b) in ((x, (y, z)), (y, (x, z)), (z, (x, y))):
        for sign in (-1, 1):
            centre = sign * (half - depth * edge + radius)
            solid &= (axis - centre) ** 2 + a**2 + b**2 > radius**2
    return solid.any(axis=2).sum() * 0.25


@pytest.mark.parametrize(
    ("name", "size_px", "area_px"),
    [("sphere", 40, np.pi * 400), ("rod", 65, 55 * 10 + np.pi * 25), ("concave cube", 50, dented_square_px(50, 0.15))],
)
def test_the_particles_of_a_grid_are_of_the_known_area(name, size_px, area_px):
    image = simulate_grid(name, size_px, None, 24, rng(1))
    areas = np.array([instance.area_px for instance in image.instances])
    assert np.allclose(areas, area_px, rtol=0.03)


def test_dark_particles_are_dark_and_bright_ones_bright():
    for polarity, sign in (("bright", 1), ("dark", -1)):
        image = simulate_grid("sphere", 40, 7.49, 6, rng(), polarity=polarity)
        inside = np.zeros(image.shape, bool)
        for instance in image.instances:
            inside[instance.bbox.slices] |= instance.mask
        assert sign * (float(image.pixels[inside].mean()) - float(image.pixels[~inside].mean())) > 20


def test_an_uneven_background_varies_by_what_is_asked():
    image = simulate_grid("rod", 65, None, 6, rng(2), contrast=30, unevenness=80)
    assert np.ptp(image.pixels.astype(int)) == pytest.approx(80, abs=32)


def test_impossible_grids_are_refused():
    with pytest.raises(ValueError, match="cannot be drawn"):
        simulate_grid("sphere", 50, None, 0, rng())
    with pytest.raises(ValueError, match="leaves 0"):
        simulate_grid("sphere", 50, None, 4, rng(), contrast=250)
    with pytest.raises(ValueError, match="no shape called"):
        simulate_grid("banana", 50, None, 4, rng())


def test_pictures_without_noise_are_drawn_where_only_they_are_wanted():
    params = LiquidCellParams(snr_db=(None,), wanted_snr=1.0)
    image = simulate(rng(4), shape=SHAPE, params=params)
    smooth = np.abs(np.diff(image.pixels.astype(int), axis=1))
    assert np.mean(smooth <= 2) > 0.8
