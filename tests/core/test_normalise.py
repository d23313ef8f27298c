"""What a network sees: the same whatever a picture's unit, polarity and type, and with contrast wherever there is one."""

from __future__ import annotations

import numpy as np
import pytest

from lycurgus.core.normalise import CLIP, normalise
from shapes import disc

SHAPE = (120, 160)
PICTURE = np.where(disc(SHAPE, (60, 80), 50), 180.0, 60.0) + np.random.default_rng(0).normal(0, 10, SHAPE)


def test_the_percentiles_come_to_minus_one_and_one() -> None:
    seen = normalise(PICTURE)
    assert seen.dtype == np.float32
    np.testing.assert_allclose(np.percentile(seen, (0.5, 99.5)), (-1, 1), atol=1e-5)


@pytest.mark.parametrize(("factor", "offset"), [(1000, 0), (1e-9, 0), (0.02, -7), (1e20, 1e21)])
def test_units_do_not_matter(factor: float, offset: float) -> None:
    np.testing.assert_allclose(normalise(PICTURE * factor + offset), normalise(PICTURE), atol=1e-3)


def test_an_inverted_picture_is_seen_inverted() -> None:
    np.testing.assert_allclose(normalise(255 - PICTURE), -normalise(PICTURE), atol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, np.float64])
def test_the_type_of_the_numbers_does_not_matter(dtype: type[np.generic]) -> None:
    whole = np.rint(PICTURE)
    np.testing.assert_allclose(normalise(whole.astype(dtype)), normalise(whole), atol=1e-5)


def test_hot_pixels_are_held_and_leave_the_others_alone() -> None:
    hot = PICTURE.copy()
    hot[3, 5], hot[100, 20] = 1e9, -1e9
    seen = normalise(hot)
    assert (seen[3, 5], seen[100, 20]) == (CLIP, -CLIP)
    np.testing.assert_allclose(np.median(seen), np.median(normalise(PICTURE)), atol=0.02)


def test_what_is_masked_does_not_set_the_scale() -> None:
    barred = PICTURE.copy()
    barred[100:] = 10_000
    usable = np.ones(SHAPE, dtype=bool)
    usable[100:] = False
    np.testing.assert_allclose(normalise(barred, usable)[:100], normalise(PICTURE[:100]), atol=1e-5)


def test_what_is_not_finite_sets_no_scale_and_stays_finite() -> None:
    broken = PICTURE.copy()
    broken[10:20], broken[30], broken[31] = np.nan, np.inf, -np.inf
    seen = normalise(broken)
    assert np.isfinite(seen).all()
    assert (seen[10:20] == 0).all()
    np.testing.assert_allclose(np.percentile(seen[40:], (1, 99)), np.percentile(normalise(PICTURE)[40:], (1, 99)), atol=0.1)


@pytest.mark.parametrize(("background", "particle"), [(0, 200), (200, 0)])
@pytest.mark.parametrize("side_px", [256, 2300])
def test_few_particles_on_a_background_that_is_cut_off_are_seen(side_px: int, background: int, particle: int) -> None:
    """They cover less than the outermost percentile, and of a large picture only some pixels are asked."""
    where = np.zeros((side_px, side_px), dtype=bool)
    where[101:110, 51:60] = True
    seen = normalise(np.where(where, particle, background).astype(np.uint8))
    assert (abs(seen[where]) == 1).all()
    assert (seen[~where] == -seen[where][0]).all()


@pytest.mark.parametrize("picture", [np.full((5, 7), 3, np.uint16), np.full((1, 1), 0.5), np.full((4, 4), np.nan), np.zeros((0, 3))])
def test_a_picture_without_contrast_is_zero(picture: np.ndarray) -> None:
    seen = normalise(picture)
    assert seen.shape == picture.shape
    assert not seen.any()
