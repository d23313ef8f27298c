"""Bins that a person would have chosen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lycurgus.core.histogram import FEWEST_BINS, MOST_BINS, histogram

populations = hnp.arrays(np.float64, st.integers(1, 200), elements=st.floats(1e-3, 1e6)).map(np.sort)


def of(values, weights=None):
    values = np.sort(np.asarray(values, dtype=float))
    return histogram(values, np.ones(values.size) if weights is None else np.asarray(weights, dtype=float))


@given(values=populations, data=st.data())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_every_particle_falls_into_one_bin(values, data):
    weights = data.draw(hnp.arrays(np.float64, values.size, elements=st.floats(0.1, 10)))
    bins = of(values, weights)
    assert bins.counts.sum() == values.size
    assert bins.weighted.sum() == pytest.approx(weights.sum())
    assert np.all(np.diff(bins.edges) > 0)
    assert np.all(np.diff(bins.cumulative) >= 0)
    assert bins.cumulative[-1] == pytest.approx(1)
    assert bins.counts.size <= 2 * MOST_BINS


def test_edges_are_round_numbers():
    edges = of(np.random.default_rng(0).normal(20, 3, 1000)).edges
    assert edges == pytest.approx(np.arange(edges[0], edges[-1] + 0.5), abs=0)
    assert np.all(edges == edges.round())


def test_edges_carry_no_dust_of_binary_fractions():
    edges = of(np.random.default_rng(0).normal(2, 0.3, 1000)).edges
    assert [str(edge) for edge in edges] == [f"{edge:.1f}" for edge in edges]


def test_bins_grow_with_the_population_as_freedman_and_diaconis_say():
    rng = np.random.default_rng(1)
    few, many = (np.diff(of(rng.normal(20, 3, n)).edges)[0] for n in (64, 4096))
    iqr = 2 * 0.6745 * 3
    assert few == pytest.approx(2 * iqr / 4, rel=0.45)
    assert many == pytest.approx(2 * iqr / 16, rel=0.45)


def test_one_far_outlier_does_not_make_a_thousand_bins():
    bins = of([*np.random.default_rng(2).normal(20, 1, 5000), 5000.0])
    assert bins.counts.size <= 2 * MOST_BINS


def test_a_population_with_one_common_size_is_still_shown():
    assert of([7.0] * 5).counts.tolist() == [5]
    mostly = of([7.0] * 90 + list(np.linspace(1, 20, 10)))
    assert FEWEST_BINS <= mostly.counts.size <= 2 * MOST_BINS


def test_the_cumulative_share_is_weighted():
    bins = of([1.0, 9.0], [3.0, 1.0])
    assert bins.cumulative[0] == pytest.approx(0.75)


def test_no_particles_make_one_empty_bin():
    bins = of([])
    assert bins.counts.tolist() == [0]
    assert bins.cumulative.tolist() == [0]
