"""The prepared plane: known backgrounds go, means stay, and nothing bleeds out of what is masked."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lycurgus.core.params import PreprocessParams
from lycurgus.core.preprocess import preprocess
from lycurgus.core.types import Micrograph
from lycurgus.parameters import params_from
from lycurgus.pipeline import analyze
from shapes import disc

SHAPE = (200, 240)
PLAIN = PreprocessParams(denoise="none")
DENOISERS = ("none", "gaussian", "median", "non-local means")
DISCS = np.logical_or.reduce([disc(SHAPE, (y, x), 16) for y, x in product(range(25, 200, 50), range(30, 240, 60))])
Y, X = np.mgrid[: SHAPE[0], : SHAPE[1]]
RAMP = 3.0 * Y + 1.5 * X
PARABOLA = 0.02 * (Y - 90.0) ** 2 - 0.01 * (X - 100.0) ** 2 + 0.008 * Y * X


def everything(shape: tuple[int, ...] = SHAPE) -> NDArray[np.bool_]:
    return np.ones(shape, dtype=bool)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64, ">u2", ">f4"])
def test_without_filters_values_are_as_stored(dtype: str) -> None:
    pixels = np.arange(48).reshape(6, 8).astype(dtype)
    plane = preprocess(pixels, everything((6, 8)), PLAIN)
    assert plane.dtype == np.float32
    np.testing.assert_array_equal(plane, np.arange(48).reshape(6, 8))


@pytest.mark.parametrize("denoise", DENOISERS)
def test_the_picture_itself_is_not_altered(denoise: str) -> None:
    pixels = np.random.default_rng(1).normal(100, 5, (40, 50)).astype(np.float32)
    before = pixels.copy()
    preprocess(pixels, everything((40, 50)), PreprocessParams(flatten="gaussian", denoise=denoise))
    np.testing.assert_array_equal(pixels, before)


@pytest.mark.parametrize("contrast", [400.0, -400.0])
@pytest.mark.parametrize("background", [RAMP, PARABOLA], ids=["ramp", "parabola"])
def test_a_polynomial_takes_exactly_a_ramp_or_parabola_off_under_particles(background: NDArray[np.float64], contrast: float) -> None:
    plane = preprocess(background + contrast * DISCS, everything(), PLAIN.model_copy(update={"flatten": "polynomial"}))
    flat = plane - plane[~DISCS].mean()
    assert np.abs(flat[~DISCS]).max() < 0.5
    np.testing.assert_allclose(flat[DISCS], contrast, atol=0.5)


@pytest.mark.parametrize("contrast", [400.0, -400.0])
@pytest.mark.parametrize(("flatten", "allowed"), [("gaussian", 0.3), ("rolling ball", 0.35), ("polynomial", 0.05)])
def test_flattening_takes_most_of_any_shading_off_and_leaves_the_particles(flatten: str, allowed: float, contrast: float) -> None:
    shaded = RAMP + contrast * DISCS
    params = PreprocessParams(flatten=flatten, flatten_radius_px=30, denoise="none")
    plane = preprocess(shaded, everything(), params)
    inner = np.s_[30:-30, 30:-30]
    background, particles = ~DISCS[inner], DISCS[inner]
    assert plane[inner][background].std() < allowed * shaded[inner][background].std()
    assert plane[inner][particles].mean() - plane[inner][background].mean() == pytest.approx(contrast, rel=0.2)


@pytest.mark.parametrize("flatten", ["gaussian", "rolling ball", "polynomial"])
def test_a_flat_picture_stays_as_it_is(flatten: str) -> None:
    plane = preprocess(np.full(SHAPE, 700, dtype=np.uint16), everything(), PreprocessParams(flatten=flatten, flatten_radius_px=40))
    np.testing.assert_allclose(plane, 700, rtol=1e-5)


@pytest.mark.parametrize("flatten", ["none", "gaussian", "rolling ball", "polynomial"])
def test_flattening_keeps_the_mean_level(flatten: str) -> None:
    pixels = 1000 + RAMP + 300 * DISCS
    plane = preprocess(pixels, everything(), PreprocessParams(flatten=flatten, denoise="none"))
    assert plane.mean() == pytest.approx(pixels.mean(), rel=1e-4)


@pytest.mark.parametrize(
    ("denoise", "sigma_px"), [("gaussian", 1.0), ("median", 1.0), ("median", 2.0), ("median", 4.0), ("non-local means", 1.0)]
)
def test_denoising_keeps_the_mean_and_lowers_the_noise(denoise: str, sigma_px: float) -> None:
    pixels = np.random.default_rng(2).normal(5000, 200, SHAPE)
    plane = preprocess(pixels, everything(), PreprocessParams(denoise=denoise, sigma_px=sigma_px))
    assert plane.mean() == pytest.approx(5000, abs=20)
    assert plane.std() < 0.5 * 200


def test_a_gaussian_lowers_white_noise_as_theory_says() -> None:
    pixels = np.random.default_rng(3).normal(0, 100, (512, 512))
    plane = preprocess(pixels, everything((512, 512)), PreprocessParams(sigma_px=2))
    assert plane.std() == pytest.approx(100 / (2 * 2 * np.sqrt(np.pi)), rel=0.05)


@pytest.mark.parametrize("denoise", ["median", "non-local means"])
def test_edges_survive_filters_that_are_made_to_keep_them(denoise: str) -> None:
    step = np.where(X < 120, 1000.0, 2000.0) + np.random.default_rng(4).normal(0, 20, SHAPE)
    plane = preprocess(step, everything(), PreprocessParams(denoise=denoise))
    assert plane[:, 118].mean() == pytest.approx(1000, abs=25)
    assert plane[:, 121].mean() == pytest.approx(2000, abs=25)


@pytest.mark.parametrize("flatten", ["none", "gaussian", "rolling ball", "polynomial"])
@pytest.mark.parametrize("denoise", DENOISERS)
def test_what_is_masked_or_not_finite_does_not_bleed(flatten: str, denoise: str) -> None:
    clean = np.full(SHAPE, 100.0) + np.random.default_rng(5).normal(0, 1, SHAPE)
    spoilt, usable = clean.copy(), everything()
    spoilt[-30:] = 60_000
    spoilt[50:60, 50:60] = np.nan
    spoilt[100, 100] = np.inf
    usable[-30:] = False
    params = PreprocessParams(flatten=flatten, denoise=denoise, sigma_px=2, flatten_radius_px=40)
    plane = preprocess(spoilt, usable, params)
    assert np.isfinite(plane).all()
    seen = usable & np.isfinite(spoilt)
    assert np.abs(plane[seen] - plane[seen].mean()).max() < 8


def test_a_masked_corner_of_a_shaded_picture_is_filled_from_its_surroundings() -> None:
    usable = everything()
    usable[150:170, 200:220] = False
    plane = preprocess(np.where(usable, RAMP, 1e6), usable, PLAIN)
    np.testing.assert_allclose(plane[~usable], RAMP[~usable], atol=60)


@pytest.mark.parametrize("flatten", ["none", "gaussian", "rolling ball", "polynomial"])
@pytest.mark.parametrize("denoise", DENOISERS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (3, 2), (7, 7)])
def test_tiny_constant_and_empty_pictures_pass(shape: tuple[int, int], denoise: str, flatten: str) -> None:
    params = PreprocessParams(flatten=flatten, denoise=denoise)
    constant = np.full(shape, 7, dtype=np.uint8)
    np.testing.assert_allclose(preprocess(constant, everything(shape), params), 7, rtol=1e-5)
    nothing = preprocess(np.full(shape, np.nan), np.zeros(shape, dtype=bool), params)
    assert nothing.shape == shape
    assert np.isfinite(nothing).all()


@settings(derandomize=True, max_examples=12, deadline=None)
@given(
    flatten=st.sampled_from(["none", "gaussian", "polynomial", "rolling ball"]),
    denoise=st.sampled_from(["none", "gaussian", "median"]),
    seed=st.integers(0, 99),
)
def test_a_turned_picture_gives_the_turned_plane(flatten: str, denoise: str, seed: int) -> None:
    pixels = np.random.default_rng(seed).normal(1000, 50, (120, 150)) + 500 * disc((120, 150), (50, 60), 30)
    params = PreprocessParams(flatten=flatten, denoise=denoise, flatten_radius_px=20)
    plane = preprocess(pixels, everything(pixels.shape), params)
    turned = preprocess(np.rot90(pixels), everything((150, 120)), params)
    np.testing.assert_allclose(turned, np.rot90(plane), atol=0.5)


@pytest.mark.parametrize("dtype", [np.uint32, np.int32, np.uint64, np.float64])
@pytest.mark.parametrize("method", ["global", "local", "multi-level"])
def test_small_differences_on_a_large_offset_are_seen(dtype: type[np.generic], method: str) -> None:
    """80 counts on 2,000,000,000, where float32 knows every 128th number."""
    pixels = (2_000_000_000 + np.random.default_rng(1).normal(40, 6, SHAPE) + 80 * DISCS).astype(dtype)
    params = params_from({"detector": {"method": method}})
    result, expected = (analyze(Micrograph(Path("made.tif"), one), params) for one in (pixels, pixels - dtype(2_000_000_000)))
    assert len(result.particles) == len(expected.particles) > 3
    found, known = (sum(one.instance.area_px for one in each.particles) for each in (result, expected))
    assert found == pytest.approx(known, rel=0.01)
    offset = 0 if method == "local" else 2_000_000_000
    assert result.detection["threshold"] - offset == pytest.approx(expected.detection["threshold"], abs=1)
    assert not any("constant" in warning for warning in result.warnings)


def test_a_fixed_threshold_is_one_of_the_stored_values_on_a_large_offset_too() -> None:
    pixels = (2_000_000_000 + 80 * DISCS).astype(np.uint32)
    result = analyze(Micrograph(Path("made.tif"), pixels), params_from({"detector": {"threshold": 2_000_000_040, "polarity": "bright"}}))
    assert len(result.particles) > 3
    assert result.detection["threshold"] == 2_000_000_040
