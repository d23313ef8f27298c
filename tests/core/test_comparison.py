"""Two populations that are equal, shifted or empty."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from lycurgus.core.comparison import compare_populations
from lycurgus.core.distribution import SUMMARISABLE, statistics_of

DIAMETER = SUMMARISABLE["equivalent_diameter"]


def population(values, images=None, *, calibrated=True):
    values = np.asarray(values, dtype=float)
    images = np.zeros(values.size, dtype=np.int64) if images is None else images
    return statistics_of(DIAMETER, values, np.ones(values.size), images, calibrated=calibrated)


def test_a_population_equals_itself():
    a = population(np.random.default_rng(0).lognormal(2, 0.3, 200))
    found = compare_populations(a, a, samples=200)
    assert (found.ks_statistic, found.ks_p) == (0, 1)
    assert found.probability_larger == pytest.approx(0.5)
    assert (found.median_shift, found.geometric_mean_ratio) == (0, 1)
    assert found.median_shift_interval.low < 0 < found.median_shift_interval.high


def test_a_shift_is_found_with_its_size_and_sign():
    rng = np.random.default_rng(1)
    a, b = population(rng.lognormal(2, 0.3, 800)), population(1.25 * rng.lognormal(2, 0.3, 700))
    found = compare_populations(a, b, samples=300)
    assert found.ks_p < 1e-6
    assert found.mann_whitney_p < 1e-6
    assert found.probability_larger == pytest.approx(stats.norm.cdf(np.log(1.25) / (0.3 * np.sqrt(2))), abs=0.03)
    assert found.geometric_mean_ratio_interval.low < 1.25 < found.geometric_mean_ratio_interval.high
    assert found.median_shift_interval.low < 0.25 * np.exp(2) < found.median_shift_interval.high


def test_exchanging_the_populations_turns_the_signs():
    rng = np.random.default_rng(2)
    a, b = population(rng.lognormal(2, 0.3, 90)), population(rng.lognormal(2.1, 0.3, 70))
    there, back = compare_populations(a, b, samples=0), compare_populations(b, a, samples=0)
    assert there.ks_p == pytest.approx(back.ks_p)
    assert there.mann_whitney_p == pytest.approx(back.mann_whitney_p)
    assert there.probability_larger == pytest.approx(1 - back.probability_larger)
    assert there.median_shift == pytest.approx(-back.median_shift)
    assert there.geometric_mean_ratio == pytest.approx(1 / back.geometric_mean_ratio)


def test_equal_samples_are_called_different_one_time_in_twenty():
    rng = np.random.default_rng(3)
    pairs = [(population(rng.normal(20, 3, 60)), population(rng.normal(20, 3, 50))) for _ in range(300)]
    found = [compare_populations(a, b, samples=0) for a, b in pairs]
    assert np.mean([one.mann_whitney_p < 0.05 for one in found]) == pytest.approx(0.05, abs=0.035)
    assert np.mean([one.ks_p < 0.05 for one in found]) == pytest.approx(0.05, abs=0.035)


def test_the_same_images_give_a_sharper_shift_than_separate_ones():
    """Images differ much, two detectors on one image little."""
    rng = np.random.default_rng(4)
    images = np.repeat(np.arange(30), 20)
    level = rng.normal(30, 6, 30)[images]
    a, b = (population(level + shift + rng.normal(0, 1, 600), images) for shift in (0, 1))
    joint = compare_populations(a, b, same_images=True, samples=300).geometric_mean_ratio_interval
    separate = compare_populations(a, b, samples=300).geometric_mean_ratio_interval
    assert 1 < joint.low < joint.high
    assert joint.high - joint.low < (separate.high - separate.low) / 3


def test_images_in_which_one_detector_finds_nothing_are_borne():
    a = population([10, 11, 12, 13], np.array([0, 0, 1, 1]))
    b = population([10, 11, 12], np.array([5, 5, 5]))
    assert compare_populations(a, b, same_images=True, samples=100).n_b == 3


@pytest.mark.parametrize(("values_a", "values_b"), [([], []), ([], [3.0, 4.0]), ([3.0], [4.0]), ([5.0, 5.0], [5.0, 5.0])])
def test_hardly_any_particles_are_no_reason_to_fail(values_a, values_b):
    document = compare_populations(population(values_a), population(values_b), samples=50).document()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert (document["n_a"], document["n_b"]) == (len(values_a), len(values_b))


def test_px_are_not_compared_with_nm():
    with pytest.raises(ValueError, match="px"):
        compare_populations(population([1, 2]), population([1, 2], calibrated=False))
