"""Fits recover what made a population, and say when they do not fit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from lycurgus.core.fits import best_of, cumulative, density, fit_all

MADE_BY = {
    "normal": stats.norm(20, 3),
    "log-normal": stats.lognorm(s=np.log(1.4), scale=12),
    "weibull": stats.weibull_min(c=2.2, scale=15),
}
PARAMETERS = {
    "normal": {"mean": 20, "sd": 3},
    "log-normal": {"geometric_mean": 12, "gsd": 1.4},
    "weibull": {"scale": 15, "shape": 2.2},
}


def drawn(family: str, n: int, seed: int = 0) -> np.ndarray:
    return np.sort(MADE_BY[family].rvs(n, random_state=np.random.default_rng(seed)))


def fitted(values, weights=None, **options):
    return {fit.name: fit for fit in fit_all(values, np.ones(values.size) if weights is None else weights, **options)}


@pytest.mark.parametrize("family", MADE_BY)
def test_the_family_that_made_the_population_wins_and_its_parameters_return(family):
    values = drawn(family, 4000)
    fits = fitted(values)
    assert best_of(tuple(fits.values())) == family
    assert fits[family].parameters == pytest.approx(PARAMETERS[family], rel=0.05)
    assert fits[family].ks_p > 0.05
    assert all(fits[other].ks_p < 0.01 for other in MADE_BY if other != family)


@pytest.mark.parametrize(("family", "theirs"), [("normal", stats.norm), ("log-normal", stats.lognorm), ("weibull", stats.weibull_min)])
def test_likelihood_and_distance_are_those_of_scipy(family, theirs):
    values = drawn(family, 200)
    fit = fitted(values)[family]
    arguments = theirs.fit(values) if family == "normal" else theirs.fit(values, floc=0)
    assert fit.aic == pytest.approx(4 - 2 * theirs(*arguments).logpdf(values).sum(), abs=1e-3)
    assert fit.ks_statistic == pytest.approx(stats.kstest(values, theirs(*arguments).cdf).statistic, abs=1e-4)


def test_a_weight_is_as_good_as_a_repetition():
    values = drawn("weibull", 60)
    times = np.random.default_rng(1).integers(1, 4, values.size)
    weighted, repeated = fitted(values, times.astype(float)), fitted(np.repeat(values, times))
    for family in MADE_BY:
        assert weighted[family].parameters == pytest.approx(repeated[family].parameters, rel=1e-6)
        assert weighted[family].ks_statistic == pytest.approx(repeated[family].ks_statistic, rel=1e-6)


def test_a_larger_unit_changes_lengths_alone():
    values = drawn("log-normal", 300)
    small, large = fitted(values), fitted(values * 1000)
    assert large["log-normal"].parameters["geometric_mean"] == pytest.approx(1000 * small["log-normal"].parameters["geometric_mean"])
    assert large["log-normal"].parameters["gsd"] == pytest.approx(small["log-normal"].parameters["gsd"])
    assert large["kde"].parameters["bandwidth"] == pytest.approx(1000 * small["kde"].parameters["bandwidth"])
    for name, fit in small.items():
        assert large[name].ks_statistic == pytest.approx(fit.ks_statistic, abs=1e-9)
        assert large[name].ks_p == fit.ks_p


@pytest.mark.parametrize("family", MADE_BY)
def test_p_values_of_the_right_family_are_evenly_spread(family):
    """The reason for simulating them: with Kolmogorov's own table hardly any would be below 0.5."""
    p_values = [fitted(drawn(family, 40, seed))[family].ks_p for seed in range(300)]
    assert stats.kstest(p_values, "uniform").pvalue > 0.001


def test_the_lilliefors_table_is_met():
    """5 % point of D for 20 particles with estimated mean and SD: 0.192 (Dallal and Wilkinson 1986)."""
    rng = np.random.default_rng(5)
    p_at = [
        fit.ks_p
        for fit in (fitted(np.sort(rng.standard_normal(20)) + 10)["normal"] for _ in range(400))
        if 0.182 < fit.ks_statistic < 0.202
    ]
    assert np.mean(p_at) == pytest.approx(0.05, abs=0.02)


@pytest.mark.parametrize("n", [30, 3000])
def test_a_density_integrates_to_its_cumulative_share(n):
    values, weights = drawn("log-normal", n), np.random.default_rng(2).uniform(1, 2, n)
    x = np.linspace(1e-3, 60, 6001)
    for fit in fit_all(values, weights):
        shares = cumulative(fit, x, values, weights)
        by_density = integrate.cumulative_trapezoid(density(fit, x, values, weights), x, initial=0)
        assert by_density == pytest.approx(shares - shares[0], abs=2e-3), fit.name
        assert shares[-1] == pytest.approx(1, abs=1e-3)


def test_no_density_lies_below_zero_size():
    values = drawn("log-normal", 50)
    for fit in fit_all(values, np.ones(50)):
        if fit.name in ("log-normal", "weibull"):
            x = np.array([-5.0, 0.0])
            assert not density(fit, x, values, np.ones(50)).any()
            assert not cumulative(fit, x, values, np.ones(50)).any()


def test_two_hills_are_fitted_by_nothing_but_kernels():
    rng = np.random.default_rng(3)
    values = np.sort(np.concatenate([rng.normal(8, 0.5, 400), rng.normal(20, 1, 400)]))
    fits = fitted(values)
    assert all(fits[name].ks_p < 0.01 for name in MADE_BY)
    valley, hill = density(fits["kde"], np.array([14.0, 20.0]), values, np.ones(800))
    assert valley < hill / 2


def test_nothing_is_fitted_to_too_little():
    assert fit_all(np.zeros(0), np.zeros(0)) == ()
    assert fit_all(np.array([3.0, 4.0]), np.ones(2)) == ()
    assert fit_all(np.full(50, 3.0), np.ones(50)) == ()
    assert best_of(()) is None


def test_families_of_positive_sizes_are_not_forced_on_zeros():
    assert set(fitted(np.array([0.0, 0.2, 0.3, 0.5]))) == {"normal", "kde"}


@pytest.mark.parametrize("spread", [1e-7, 1e-3, 3.0])
def test_narrow_and_wide_populations_are_fitted_without_trouble(spread):
    values = np.sort(np.exp(np.random.default_rng(4).normal(2, spread, 100)))
    assert fitted(values)["log-normal"].parameters["gsd"] == pytest.approx(np.exp(spread), rel=0.5 * spread)
