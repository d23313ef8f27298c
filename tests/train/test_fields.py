"""Random fields have the mean, spread, correlation length and spectrum that were asked for."""

import numpy as np
import pytest

from lycurgus_train.synth.fields import (
    amorphous_carbon,
    gaussian_field,
    grains,
    holey_film,
    lacey_web,
    power_law_field,
    shading,
    spectral_field,
)

SHAPE = (256, 320)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def radial_power(field):
    """Mean power against spatial frequency in cycles/px."""
    power = np.abs(np.fft.fft2(field)) ** 2
    k = np.hypot(np.fft.fftfreq(field.shape[0])[:, None], np.fft.fftfreq(field.shape[1])[None, :])
    bins = np.linspace(0, 0.5, 41)
    number = np.digitize(k.ravel(), bins)
    return (bins[1:] + bins[:-1]) / 2, np.array([power.ravel()[number == i].mean() for i in range(1, 41)])


FIELDS = {
    "gaussian": lambda r: gaussian_field(SHAPE, r, correlation_px=4),
    "smooth gaussian": lambda r: gaussian_field(SHAPE, r, correlation_px=60),
    "power law": lambda r: power_law_field(SHAPE, r, exponent=3),
    "carbon": lambda r: amorphous_carbon(SHAPE, r, grain_px=5),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_has_mean_zero_and_unit_spread_and_comes_again_for_a_seed(name):
    field = FIELDS[name](rng(3))
    assert field.shape == SHAPE
    assert field.dtype == np.float32
    assert field.mean() == pytest.approx(0, abs=1e-4)
    assert field.std() == pytest.approx(1, abs=1e-4)
    assert np.array_equal(field, FIELDS[name](rng(3)))
    assert not np.array_equal(field, FIELDS[name](rng(4)))


@pytest.mark.parametrize("length_px", [3, 5, 8, 20])
def test_the_correlation_of_a_gaussian_field_falls_to_one_over_e_at_its_length(length_px):
    field = gaussian_field((768, 768), rng(), correlation_px=length_px)
    along = np.mean(field[:, length_px:] * field[:, :-length_px])
    across = np.mean(field[length_px:] * field[:-length_px])
    assert (along + across) / 2 == pytest.approx(np.exp(-1), abs=0.06)


@pytest.mark.parametrize("exponent", [2.0, 3.0])
def test_the_power_of_a_rough_field_falls_with_its_exponent(exponent):
    field = power_law_field((512, 512), rng(), exponent=exponent, outer_px=1e6)
    # A window keeps the jump between opposite borders out of the spectrum.
    k, power = radial_power(field * np.outer(np.hanning(512), np.hanning(512)))
    middle = (k > 0.04) & (k < 0.4)
    slope = np.polyfit(np.log(k[middle]), np.log(power[middle]), 1)[0]
    assert slope == pytest.approx(-exponent, abs=0.2)


@pytest.mark.parametrize("grain_px", [4.0, 8.0])
def test_carbon_speckles_most_at_its_grain_size(grain_px):
    k, power = radial_power(amorphous_carbon((512, 512), rng(), grain_px=grain_px, sharpness=4, white=0))
    assert 1 / k[np.argmax(power)] == pytest.approx(grain_px, rel=0.15)


@pytest.mark.parametrize("strength", [0.05, 0.4])
def test_shading_spans_what_it_is_told_around_one(strength):
    light = shading(SHAPE, rng(2), strength=strength)
    assert np.ptp(light) / 2 == pytest.approx(strength, rel=1e-3)
    assert light.mean() == pytest.approx(1, abs=1e-4)


def test_no_shading_leaves_the_light_even():
    assert np.all(shading(SHAPE, rng(), strength=0) == 1)


def test_a_lacey_web_has_strands_and_holes_and_thicker_strands_cover_more():
    thin = lacey_web((512, 512), rng(1), hole_px=100, strand_px=8)
    thick = lacey_web((512, 512), rng(1), hole_px=100, strand_px=30)
    assert thin.min() == 0
    assert thick.max() <= 1.5
    assert 0.03 < np.mean(thin > 0) < np.mean(thick > 0) < 0.95


def test_the_holes_of_a_film_are_as_large_as_they_should_be():
    film = holey_film((1024, 1024), rng(5), hole_px=60, spacing_px=130)
    share = np.mean(film < 0.5)
    assert film.min() == 0
    assert film.max() == 1
    # Jittered holes overlap and their sizes spread: the share is that of the lattice within a third.
    assert share == pytest.approx(np.pi / 4 * 60**2 / 130**2, rel=0.35)


def test_grains_fill_the_plane_at_their_mean_size():
    labels, depth = grains((512, 512), rng(), grain_px=32)
    assert np.unique(labels).size == pytest.approx((512 / 32) ** 2, rel=0.3)
    assert depth.min() == 0
    assert 8 < depth.max() < 64


def test_impossible_fields_are_refused():
    with pytest.raises(ValueError, match="correlation length"):
        gaussian_field(SHAPE, rng(), correlation_px=0)
    with pytest.raises(ValueError, match="positive somewhere"):
        spectral_field(SHAPE, rng(), lambda k: np.zeros_like(k))
