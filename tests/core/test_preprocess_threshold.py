"""Thresholds stand where theory puts them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.filters import threshold_otsu

from lycurgus.core.threshold import Histogram, class_means, clear_of_noise, histogram, multi_otsu, otsu


def hist_of(values: np.ndarray) -> Histogram:
    plane = values.astype(np.float32).reshape(100, -1)
    hist = histogram(plane, np.ones(plane.shape, dtype=bool))
    assert hist is not None
    return hist


def mixture(seed: int, centres: tuple[float, ...], sigma: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.permutation(np.concatenate([rng.normal(centre, sigma, 12_000 // len(centres)) for centre in centres]))


@settings(derandomize=True, max_examples=15, deadline=None)
@given(seed=st.integers(0, 99), distance=st.floats(30, 500), level=st.floats(-1000, 1000))
def test_the_threshold_of_two_equal_classes_lies_midway(seed: int, distance: float, level: float) -> None:
    values = mixture(seed, (level, level + distance), 5)
    threshold = otsu(hist_of(values))
    assert threshold == pytest.approx(level + distance / 2, abs=0.15 * distance)
    between = (values < threshold) == (values < level + distance / 2)
    assert between.mean() > 0.995


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_threshold_of_another_implementation(seed: int) -> None:
    values = mixture(seed, (0, 60), 20)
    hist = hist_of(values)
    assert otsu(hist) == pytest.approx(threshold_otsu(values, nbins=1024), abs=0.5)


@settings(derandomize=True, max_examples=10, deadline=None)
@given(counts=st.lists(st.integers(0, 50), min_size=8, max_size=12), classes=st.integers(2, 4))
def test_no_other_cuts_leave_less_variance_within_classes(counts: list[int], classes: int) -> None:
    if np.count_nonzero(counts) < classes:
        counts = [count + 1 for count in counts]
    hist = Histogram(np.array(counts, dtype=float), 0.0, 1.0)

    def within(cuts: tuple[float, ...]) -> float:
        total = 0.0
        for low, high in zip((0, *cuts), (*cuts, len(counts)), strict=True):
            weights, values = hist.counts[int(low) : int(high)], np.arange(int(low), int(high))
            if weights.sum():
                total += float((weights * (values - np.average(values, weights=weights)) ** 2).sum())
        return total

    best = min(within(cuts) for cuts in combinations(range(1, len(counts)), classes - 1))
    assert within(multi_otsu(hist, classes=classes)) == pytest.approx(best, abs=1e-6)


def test_three_populations_are_parted_between_their_means() -> None:
    lower, upper = multi_otsu(hist_of(mixture(0, (100, 200, 400), 10)), classes=3)
    assert 130 < lower < 170
    assert 230 < upper < 370


def test_levels_of_a_quantised_picture_have_a_bin_each() -> None:
    values = np.random.default_rng(0).integers(3, 40, 10_000)
    hist = hist_of(values)
    assert hist.counts.size == 37
    np.testing.assert_allclose(hist.centres, np.arange(3, 40))
    np.testing.assert_array_equal(hist.counts, np.bincount(values)[3:])


def test_equal_values_have_no_histogram() -> None:
    plane = np.full((20, 20), 5.5, dtype=np.float32)
    assert histogram(plane, np.ones(plane.shape, dtype=bool)) is None
    assert histogram(plane, np.zeros(plane.shape, dtype=bool)) is None


def test_class_means_are_those_of_the_classes() -> None:
    below, above = class_means(hist_of(mixture(1, (10, 90), 3)), 50)
    assert (below, above) == (pytest.approx(10, abs=0.3), pytest.approx(90, abs=0.3))


def test_a_single_peak_is_left_by_the_margin_and_two_peaks_are_not_touched() -> None:
    noise = hist_of(np.random.default_rng(2).normal(50, 10, 200_000))
    low, high = clear_of_noise(noise, otsu(noise), margin=4)
    assert low == pytest.approx(10, abs=5)
    assert high == pytest.approx(90, abs=5)
    peaks = hist_of(mixture(3, (0, 100), 10))
    assert clear_of_noise(peaks, otsu(peaks), margin=4) == (otsu(peaks), otsu(peaks))
