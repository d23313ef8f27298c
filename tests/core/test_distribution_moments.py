"""Means, moments and percentiles of known populations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from lycurgus.core.moments import CHARACTERISTICS, characteristics, weighted_quantiles

LENGTHS = {"mean", "sd", "geometric_mean", "median", "d10", "d50", "d90", "d10_volume", "d50_volume", "d90_volume", "d32", "d43"}
FEW = settings(max_examples=60, deadline=None, derandomize=True)


def sizes(minimum: int = 2, maximum: int = 40) -> st.SearchStrategy[np.ndarray]:
    """Populations such as an image gives: sizes between 1 and 1000 with ties."""
    return hnp.arrays(np.float64, st.integers(minimum, maximum), elements=st.integers(10, 10_000).map(lambda n: n / 10)).map(np.sort)


def of(values, weights=None):
    values = np.asarray(values, dtype=float)
    weights = np.ones(values.size) if weights is None else np.asarray(weights, dtype=float)
    return {name: column[0] for name, column in characteristics(values, weights, np.ones((1, values.size)), spheres=True).items()}


@given(values=sizes(minimum=3))
@FEW
def test_without_weights_the_textbook_numbers_appear(values):
    found = of(values)
    assert found["n_effective"] == pytest.approx(values.size)
    assert found["mean"] == pytest.approx(values.mean())
    assert found["sd"] == pytest.approx(values.std(ddof=1), rel=1e-6, abs=1e-9)
    assert found["median"] == pytest.approx(np.median(values))
    assert found["geometric_mean"] == pytest.approx(stats.gmean(values))
    assert np.log(found["geometric_sd"]) == pytest.approx(np.log(values).std(ddof=1), rel=1e-6, abs=1e-7)
    assert found["d32"] == pytest.approx(np.sum(values**3) / np.sum(values**2))
    assert found["d43"] == pytest.approx(np.sum(values**4) / np.sum(values**3))
    if values.std() > 1e-3 * values.mean():
        assert found["skewness"] == pytest.approx(stats.skew(values), abs=1e-6)
        assert found["kurtosis"] == pytest.approx(stats.kurtosis(values), abs=1e-6)


@given(values=sizes(), data=st.data())
@FEW
def test_a_weight_is_as_good_as_a_repetition(values, data):
    times = data.draw(hnp.arrays(np.int64, values.size, elements=st.integers(1, 4)))
    weighted, repeated = of(values, times), of(np.repeat(values, times))
    # The corrections for few particles differ: three equal particles say more than one with the weight three.
    for found in (weighted, repeated):
        shrink = np.sqrt((found["n_effective"] - 1) / found["n_effective"])
        found["sd"], found["geometric_sd"] = found["sd"] * shrink, np.log(found["geometric_sd"]) * shrink
    for name in set(CHARACTERISTICS) - {"n_effective"}:
        assert weighted[name] == pytest.approx(repeated[name], rel=1e-6, abs=1e-6, nan_ok=True), name


@given(values=sizes(), scale=st.sampled_from([1e-3, 0.25, 3.0, 1e4]))
@FEW
def test_lengths_scale_and_shapes_do_not(values, scale):
    once, scaled = of(values), of(values * scale)
    for name in CHARACTERISTICS:
        factor = scale if name in LENGTHS else 1.0
        assert scaled[name] == pytest.approx(once[name] * factor, rel=1e-6, abs=1e-7 * factor, nan_ok=True), name


@given(values=sizes(), data=st.data())
@FEW
def test_percentiles_rise_with_their_share_and_stay_inside(values, data):
    weights = data.draw(hnp.arrays(np.float64, values.size, elements=st.floats(0.1, 10)))
    quantiles = weighted_quantiles(values, weights, np.linspace(0, 1, 23))
    assert np.all(np.diff(quantiles) >= 0)
    assert quantiles[0] == values[0]
    assert quantiles[-1] == values[-1]


@given(values=sizes())
@FEW
def test_weights_that_are_all_equal_change_nothing(values):
    for name, number in of(values, np.full(values.size, 7.3)).items():
        assert number == pytest.approx(of(values)[name], rel=1e-7, abs=1e-7, nan_ok=True), name


def test_a_particle_without_weight_is_not_there():
    assert weighted_quantiles(np.array([1.0, 2, 3, 4]), np.array([0.0, 1, 1, 0]), [0, 0.5, 1]).tolist() == [2, 2.5, 3]


def test_large_particles_rule_the_volume():
    found = of([1.0] * 999 + [10.0])
    assert (found["d50"], found["d50_volume"]) == (1, 10)


@pytest.mark.parametrize("sigma", [0.1, 0.3, 0.6])
def test_a_log_normal_population_obeys_hatch_and_choate(sigma):
    """Hatch and Choate 1929: the means of a log-normal population are exp(μ + kσ²)."""
    # Quantiles instead of random draws: the population is exact up to the far tail.
    values = np.exp(np.log(8.0) + sigma * stats.norm.ppf((np.arange(400_000) + 0.5) / 400_000))
    found = of(values)
    for name, factor in {"geometric_mean": 0, "median": 0, "mean": 0.5, "d32": 2.5, "d43": 3.5, "d50_volume": 3}.items():
        assert found[name] == pytest.approx(8 * np.exp(factor * sigma**2), rel=5e-3), name
    assert found["geometric_sd"] == pytest.approx(np.exp(sigma), rel=1e-3)
    assert found["d90_volume"] / found["d50_volume"] == pytest.approx(found["d90"] / found["d50"], rel=5e-3)
    assert found["skewness"] == pytest.approx((np.exp(sigma**2) + 2) * np.sqrt(np.expm1(sigma**2)), rel=5e-2)


def test_one_particle_has_a_size_but_no_spread():
    found = of([5.0])
    assert [found[name] for name in sorted(LENGTHS - {"sd"})] == pytest.approx([5.0] * (len(LENGTHS) - 1))
    assert all(np.isnan(found[name]) for name in ("sd", "geometric_sd", "skewness", "kurtosis"))


def test_equal_particles_have_no_spread_and_no_shape_of_a_distribution():
    found = of([0.1 + 0.2] * 3)
    assert found["sd"] == 0
    assert found["geometric_sd"] == pytest.approx(1)
    assert np.isnan(found["skewness"])


def test_logarithms_are_left_undefined_where_a_value_is_not_positive():
    found = of([0.0, 0.5, 0.7])
    assert np.isnan(found["geometric_mean"])
    assert np.isnan(found["d32"])
    assert found["mean"] == pytest.approx(0.4)
