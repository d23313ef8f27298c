"""Doses, noise and storage are what they are said to be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lycurgus_train.synth.recording import (
    correlated_noise,
    detector_blur,
    jpeg,
    line_streaks,
    lowest_snr_db,
    poisson_counts,
    salt_and_pepper,
    scan_jitter,
    snr_db,
    to_8bit,
    with_snr,
    with_snr_before_saving,
    with_snr_or_nearly,
)

SHAPE = (256, 256)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def reference(low: float = 20, high: float = 150):
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return np.where((y - 128) ** 2 + (x - 128) ** 2 < 60**2, high, low).astype(np.float64)


@pytest.mark.parametrize("mean", [0.5, 4.0, 80.0])
def test_the_variance_of_counted_electrons_is_their_mean(mean):
    counts = poisson_counts(np.full((400, 400), 0.5), rng(), dose=2 * mean)
    assert counts.mean() == pytest.approx(mean, rel=0.02)
    assert counts.var() == pytest.approx(mean, rel=0.03)


@pytest.mark.parametrize("wanted", [14.55, 7.49, 3.0, 0.0])
@pytest.mark.parametrize("levels", [(20, 150), (5, 40), (100, 120)])
def test_the_saved_picture_has_exactly_the_wanted_ratio(wanted, levels):
    ideal = reference(*levels)
    picture = with_snr(ideal, rng(1), wanted_db=wanted)
    assert picture.dtype == np.uint8
    measured = 10 * np.log10(np.mean(ideal**2) / np.mean((picture.astype(float) - ideal) ** 2))
    assert measured == pytest.approx(wanted, abs=0.01)
    assert snr_db(picture, ideal) == pytest.approx(measured, abs=1e-9)


def test_noise_added_before_saving_loses_a_part_to_clipping_and_never_wins():
    dark = with_snr_before_saving(reference(5, 40), rng(), wanted_db=0)
    assert snr_db(dark, reference(5, 40)) > 0.5
    middle = with_snr_before_saving(np.full(SHAPE, 128.0), rng(), wanted_db=20)
    assert snr_db(middle, np.full(SHAPE, 128.0)) == pytest.approx(20, abs=0.1)


def test_a_ratio_that_no_noise_within_8_bit_reaches_is_refused():
    bright = np.full(SHAPE, 230.0)
    assert lowest_snr_db(bright) == pytest.approx(10 * np.log10(230**2 / ((230**2 + 25**2) / 2)))
    with pytest.raises(ValueError, match="cannot be reached"):
        with_snr(bright, rng(), wanted_db=0)


@pytest.mark.parametrize(("grey", "exactly"), [(40, True), (250, False)])
def test_a_ratio_is_met_where_8_bit_has_room_for_it(grey, exactly):
    ideal = np.full(SHAPE, float(grey))
    picture = with_snr_or_nearly(ideal, rng(), wanted_db=0)
    assert (abs(snr_db(picture, ideal)) < 0.02) == exactly
    assert picture.std() > 20


def test_references_that_are_no_pictures_are_refused():
    with pytest.raises(ValueError, match=r"0\.\.255"):
        with_snr(np.full(SHAPE, 300.0), rng(), wanted_db=3)
    with pytest.raises(ValueError, match="0 everywhere"):
        with_snr(np.zeros(SHAPE), rng(), wanted_db=3)
    with pytest.raises(ValueError, match="dose"):
        poisson_counts(np.ones(SHAPE), rng(), dose=0)


def test_equal_pictures_have_endless_ratio():
    assert snr_db(reference(), reference()) == float("inf")


@given(black=st.floats(0, 80), span=st.floats(60, 170), gamma=st.floats(0.5, 2))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_storing_in_8_bit_keeps_order_and_ends(black, span, gamma):
    ramp = np.tile(np.linspace(-3, 7, 256, dtype=np.float32), (4, 1))
    grey = to_8bit(ramp, black=black, white=black + span, gamma=gamma)
    assert np.all(np.diff(grey[0].astype(int)) >= 0)
    assert grey.min() == pytest.approx(255 * (black / 255) ** gamma, abs=1)
    assert grey.max() == pytest.approx(255 * ((black + span) / 255) ** gamma, abs=2)


def test_inner_percentiles_saturate_both_ends():
    grey = to_8bit(rng().normal(size=SHAPE), low=10, high=90)
    assert np.mean(grey == 0) == pytest.approx(0.1, abs=0.02)
    assert np.mean(grey == 255) == pytest.approx(0.1, abs=0.02)


def test_a_flat_picture_is_stored_flat():
    assert np.all(to_8bit(np.full(SHAPE, 4.2), black=40, white=60) == 50)


def test_scan_jitter_moves_lines_but_not_their_grey_and_little_in_the_mean():
    ramp = np.tile(np.arange(SHAPE[1], dtype=np.float32), (SHAPE[0], 1))
    moved = scan_jitter(ramp, rng(), amplitude_px=0.8)
    shift = (moved - ramp)[:, 20:-20]
    # OpenCV interpolates between 1/32 px.
    assert np.allclose(shift, shift[:, :1], atol=1 / 16)
    assert shift[:, 0].std() == pytest.approx(0.8, rel=0.05)
    assert shift.mean() == pytest.approx(0, abs=0.02)


def test_streaks_are_one_offset_a_line_of_the_wanted_spread():
    streaks = line_streaks(np.zeros(SHAPE, np.float32), rng(), amplitude=2.5, correlation_lines=3)
    assert np.all(streaks == streaks[:, :1])
    assert streaks[:, 0].std() == pytest.approx(2.5, rel=1e-3)


@pytest.mark.parametrize("along", [0.0, 1.5])
def test_noise_along_the_scan_has_unit_spread_and_is_alike_where_it_should(along):
    noise = correlated_noise((400, 400), rng(), along_px=along)
    assert noise.std() == pytest.approx(1, abs=1e-3)
    assert np.mean(noise[:, 1:] * noise[:, :-1]) == pytest.approx(np.exp(-1 / (4 * along**2)) if along else 0, abs=0.05)
    assert np.mean(noise[1:] * noise[:-1]) == pytest.approx(0, abs=0.05)


def test_blur_keeps_the_sum_of_a_point_and_spreads_it_as_told():
    point = np.zeros((65, 65), np.float32)
    point[32, 32] = 1
    spread = detector_blur(point, sigma_px=3.0)
    x = np.arange(65) - 32
    assert spread.sum() == pytest.approx(1, abs=1e-4)
    assert np.sqrt((spread.sum(axis=0) * x**2).sum()) == pytest.approx(3, rel=0.02)


def test_compression_changes_little_and_more_where_quality_is_low():
    picture = with_snr(reference(), rng(), wanted_db=15)
    good, bad = (np.abs(jpeg(picture, quality=quality).astype(float) - picture).mean() for quality in (95, 30))
    assert 0 < good < bad < 30


def test_salt_and_pepper_hit_the_wanted_share():
    spoiled = salt_and_pepper(np.full((500, 500), 100, np.uint8), rng(), fraction=0.02)
    assert np.mean(spoiled == 0) == pytest.approx(0.01, rel=0.2)
    assert np.mean(spoiled == 255) == pytest.approx(0.01, rel=0.2)
