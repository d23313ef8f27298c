"""Otsu's detector finds what is there, whatever its polarity, scale and surroundings, and nothing where nothing is."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lycurgus.core.params import PreprocessParams
from lycurgus.core.preprocess import preprocess
from lycurgus.core.progress import CancelToken, never, silent
from lycurgus.core.types import Detection
from lycurgus.detectors import DETECTORS, Scene
from lycurgus.detectors.otsu import OtsuDetector, OtsuParams
from shapes import disc

SHAPE = (256, 320)
DISCS = np.logical_or.reduce([disc(SHAPE, (y, x), 24) for y, x in product(range(32, 256, 64), range(32, 320, 64))])
Y, X = np.mgrid[: SHAPE[0], : SHAPE[1]]


def detect(
    pixels: NDArray[np.generic], usable: NDArray[np.bool_] | None = None, *, prepare: PreprocessParams | None = None, **settings: object
) -> Detection:
    usable = np.ones(pixels.shape, dtype=bool) if usable is None else usable
    plane = preprocess(pixels, usable, prepare or PreprocessParams())
    params = OtsuParams.model_validate(settings)
    return OtsuDetector().detect(Scene(plane, usable, None), params, device="cpu", progress=silent, cancel=never)


def overlap(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(found & truth) / np.count_nonzero(found | truth))


def noise(sigma: float, seed: int = 0, shape: tuple[int, int] = SHAPE) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, sigma, shape)


def test_the_table_of_detectors_offers_it() -> None:
    assert isinstance(DETECTORS["otsu"], OtsuDetector)
    assert OtsuParams().name == OtsuDetector.name


@pytest.mark.parametrize("method", ["global", "local"])
@pytest.mark.parametrize(("contrast", "polarity"), [(1000.0, "bright"), (-1000.0, "dark")])
def test_discs_in_noise_are_found_and_their_polarity_is_seen(contrast: float, polarity: str, method: str) -> None:
    detection = detect(5000 + contrast * DISCS + noise(200), method=method)
    assert detection.polarity == polarity
    assert detection.details["polarity_source"] == "image"
    assert detection.details["polarity_certainty"] > 0.9
    assert overlap(detection.foreground, DISCS) > 0.95


@pytest.mark.parametrize(("contrast", "polarity"), [(1000.0, "bright"), (-1000.0, "dark")])
def test_densely_packed_discs_that_cover_most_of_the_image_are_not_taken_for_the_background(contrast: float, polarity: str) -> None:
    packed = np.logical_or.reduce([disc(SHAPE, (y, x), 29) for y, x in product(range(24, 240, 30), range(24, 300, 30))])
    assert packed.mean() > 0.5
    assert detect(5000 + contrast * packed + noise(100)).polarity == polarity


@pytest.mark.parametrize("contrast", [1000.0, -1000.0])
def test_a_local_threshold_and_flattening_see_through_shading(contrast: float) -> None:
    shaded = 10.0 * X + 8.0 * Y + contrast * DISCS + noise(50)
    assert overlap(detect(shaded).foreground, DISCS) < 0.5
    assert overlap(detect(shaded, method="local", window_px=40).foreground, DISCS) > 0.9
    for flatten in ("gaussian", "rolling ball", "polynomial"):
        prepare = PreprocessParams(flatten=flatten, flatten_radius_px=40)
        assert overlap(detect(shaded, prepare=prepare).foreground, DISCS) > 0.9, flatten


def test_several_levels_part_known_populations() -> None:
    support = (X > 100) & (Y > 60)
    pixels = 1000 + 1500 * support + 2500 * (DISCS & support) + noise(100)
    levels = detect(pixels, method="multi-level", levels=3, polarity="bright")
    assert overlap(levels.foreground, DISCS & support) > 0.95
    lower, upper = levels.details["thresholds"]
    assert 1200 < lower < 2300
    assert 2700 < upper < 4800
    both = detect(pixels, method="multi-level", levels=3, particle_levels=2, polarity="bright")
    assert overlap(both.foreground, support) > 0.95
    empty = detect(pixels, method="multi-level", levels=3, polarity="dark")
    assert overlap(empty.foreground, ~support) > 0.95


def test_the_user_has_the_last_word_on_polarity_and_threshold() -> None:
    pixels = 5000 + 1000 * DISCS + noise(50)
    wrong_side = detect(pixels, polarity="dark")
    assert (wrong_side.polarity, wrong_side.details["polarity_source"]) == ("dark", "user")
    assert overlap(wrong_side.foreground, ~DISCS) > 0.95
    fixed = detect(pixels, threshold=5900.0, polarity="bright", prepare=PreprocessParams(denoise="none"))
    assert fixed.details["threshold"] == 5900.0
    np.testing.assert_array_equal(fixed.foreground, pixels.astype(np.float32) > 5900)


@pytest.mark.parametrize("contrast", [1000.0, -1000.0])
def test_an_offset_towards_the_particles_leaves_fewer_pixels(contrast: float) -> None:
    areas = [np.count_nonzero(detect(5000 + contrast * DISCS + noise(100), offset=offset).foreground) for offset in (-0.2, 0.0, 0.2)]
    assert areas[0] > areas[1] > areas[2] > 0


@pytest.mark.parametrize("method", ["global", "local", "multi-level"])
@pytest.mark.parametrize("value", [0, 7, 65535, -3.5])
@pytest.mark.parametrize("shape", [(1, 1), (2, 40), (64, 64)])
def test_a_constant_image_holds_nothing(value: float, method: str, shape: tuple[int, int]) -> None:
    for flatten in ("none", "gaussian", "rolling ball", "polynomial"):
        detection = detect(np.full(shape, value), method=method, prepare=PreprocessParams(flatten=flatten))
        assert not detection.foreground.any()
        assert detection.details["threshold"] is None


def test_where_nothing_is_usable_nothing_is_found() -> None:
    assert not detect(np.arange(100.0).reshape(10, 10), np.zeros((10, 10), dtype=bool)).foreground.any()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("denoise", ["none", "gaussian"])
def test_pure_noise_holds_hardly_anything(seed: int, denoise: str) -> None:
    detection = detect(1000 + noise(100, seed), prepare=PreprocessParams(denoise=denoise))
    assert detection.foreground.mean() < 1e-3
    poisson = np.random.default_rng(seed).poisson(400, SHAPE)
    assert detect(poisson, prepare=PreprocessParams(denoise=denoise)).foreground.mean() < 1e-3


@pytest.mark.parametrize("contrast", [400.0, -400.0])
def test_a_single_particle_in_noise_is_found_and_the_noise_is_not(contrast: float) -> None:
    one = disc(SHAPE, (120, 150), 14)
    detection = detect(1000 + contrast * one + noise(100))
    assert detection.polarity == ("bright" if contrast > 0 else "dark")
    assert overlap(detection.foreground, one) > 0.8


@pytest.mark.parametrize("denoise", ["none", "median"])
def test_hot_pixels_do_not_move_the_threshold(denoise: str) -> None:
    prepare = PreprocessParams(denoise=denoise)
    pixels = 1000 + 500 * DISCS + noise(30)
    before = detect(pixels, prepare=prepare).details["threshold"]
    pixels[7, 5] = pixels[100, 200] = 65_535
    assert detect(pixels, prepare=prepare).details["threshold"] == pytest.approx(before, abs=10)


def test_masked_pixels_neither_count_nor_are_found() -> None:
    pixels = 1000 + 500 * DISCS + noise(30)
    usable = np.ones(SHAPE, dtype=bool)
    usable[-40:] = False
    pixels[-40:] = 60_000
    detection = detect(pixels, usable)
    assert detection.details["threshold"] == pytest.approx(1250, abs=100)
    assert not detection.foreground[~usable].any()
    assert overlap(detection.foreground, DISCS & usable) > 0.95


@pytest.mark.parametrize("dtype", [bool, np.uint8])
def test_a_picture_of_two_values_is_parted_between_them(dtype: type) -> None:
    detection = detect(DISCS.astype(dtype), prepare=PreprocessParams(denoise="none"))
    np.testing.assert_array_equal(detection.foreground, DISCS)


@pytest.mark.parametrize("contrast", [1000.0, -1000.0])
def test_confidence_grows_with_the_distance_to_the_threshold(contrast: float) -> None:
    pixels = 5000 + contrast * DISCS + noise(100)
    detection = detect(pixels)
    assert detection.probability is not None
    assert detection.probability.dtype == np.float32
    assert 0 <= detection.probability.min() <= detection.probability.max() <= 1
    np.testing.assert_array_equal(detection.probability > 0.5, detection.foreground)
    assert detection.probability[DISCS].mean() == pytest.approx(0.9, abs=0.05)
    assert detection.probability[~DISCS].mean() < 0.2


def test_a_cancelled_detection_stops() -> None:
    cancel = CancelToken()
    cancel.cancel()
    scene = Scene(np.zeros((8, 8), dtype=np.float32), np.ones((8, 8), dtype=bool), None)
    with pytest.raises(Exception, match="cancelled"):
        OtsuDetector().detect(scene, OtsuParams(), device="cpu", progress=silent, cancel=cancel)


METHODS = st.sampled_from(["global", "local", "multi-level"])


@settings(derandomize=True, max_examples=12, deadline=None)
@given(method=METHODS, seed=st.integers(0, 99), gain=st.sampled_from([0.01, 0.3, 3.0, 57.0]), offset=st.floats(-1000, 1000))
def test_gain_and_offset_of_the_detector_do_not_matter(method: str, seed: int, gain: float, offset: float) -> None:
    pixels = 1000 + 500 * DISCS + noise(80, seed)
    first, second = detect(pixels, method=method), detect(gain * pixels + offset, method=method)
    assert first.polarity == second.polarity
    assert overlap(first.foreground, second.foreground) > 0.99


@settings(derandomize=True, max_examples=12, deadline=None)
@given(method=METHODS, seed=st.integers(0, 99), sigma=st.floats(20, 150))
def test_an_inverted_picture_has_the_other_polarity_and_the_same_particles(method: str, seed: int, sigma: float) -> None:
    pixels = 1000 + 500 * DISCS + noise(sigma, seed)
    first, second = detect(pixels, method=method), detect(5000 - pixels, method=method)
    assert {first.polarity, second.polarity} == {"bright", "dark"}
    assert overlap(first.foreground, second.foreground) > 0.99


@settings(derandomize=True, max_examples=12, deadline=None)
@given(method=METHODS, seed=st.integers(0, 99), quarter_turns=st.integers(1, 3))
def test_a_turned_picture_has_the_turned_particles(method: str, seed: int, quarter_turns: int) -> None:
    pixels = 1000 + 500 * DISCS + noise(80, seed)
    first, second = detect(pixels, method=method), detect(np.rot90(pixels, quarter_turns), method=method)
    assert first.polarity == second.polarity
    assert overlap(np.rot90(first.foreground, quarter_turns), second.foreground) > 0.99
