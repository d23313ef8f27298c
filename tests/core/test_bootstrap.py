"""Intervals that hold what they promise when particles of one image resemble each other."""

from __future__ import annotations

import numpy as np
import pytest

from lycurgus.core.bootstrap import bootstrap_intervals, draw_images, draw_particles, resamples


def mean_of(values):
    return lambda counts: {"mean": counts @ values / counts.sum(axis=1)}


def interval_of_mean(values, images, *, samples=400, confidence=0.9, seed=0):
    return bootstrap_intervals(mean_of(values), images, samples=samples, confidence=confidence, seed=seed)["mean"]


def coverage(between_images: float, *, n_images: int, per_image: int, trials: int = 250) -> float:
    """Share of simulated samples whose 90 % interval holds the true mean, 10."""
    rng = np.random.default_rng(7)
    hits = 0
    for trial in range(trials):
        images = np.repeat(np.arange(n_images), per_image)
        values = 10 + between_images * rng.standard_normal(n_images)[images] + rng.standard_normal(images.size)
        interval = interval_of_mean(values, images, seed=trial)
        hits += interval.low <= 10 <= interval.high
    return hits / trials


@pytest.mark.parametrize(("between_images", "n_images", "per_image"), [(1.0, 25, 10), (0.3, 25, 10), (0.0, 25, 10), (0.0, 1, 60)])
def test_nine_of_ten_intervals_hold_the_truth(between_images, n_images, per_image):
    assert coverage(between_images, n_images=n_images, per_image=per_image) == pytest.approx(0.9, abs=0.06)


def test_resampling_particles_alone_would_promise_too_much():
    rng = np.random.default_rng(0)
    images = np.repeat(np.arange(20), 50)
    values = rng.standard_normal(20)[images] + rng.standard_normal(1000)
    clustered, careless = interval_of_mean(values, images), interval_of_mean(values, np.zeros(1000, dtype=np.int64))
    assert clustered.high - clustered.low > 3 * (careless.high - careless.low)


@pytest.mark.parametrize(("n_images", "per_image"), [(1, 40), (2, 40), (10, 8)])
def test_the_spread_of_resampled_means_is_the_standard_error(n_images, per_image):
    """Without differences between images the resamples must spread by σ/√n, however many images there are."""
    rng = np.random.default_rng(3)
    images = np.repeat(np.arange(n_images), per_image)
    variances = []
    for _ in range(60):
        values = rng.standard_normal(images.size)
        means = np.concatenate([mean_of(values)(counts)["mean"] for counts in resamples(images, samples=200, rng=rng)])
        variances.append(means.var() * images.size)
    assert np.mean(variances) == pytest.approx(1, rel=0.2)


def test_equal_seeds_give_equal_intervals():
    rng = np.random.default_rng(0)
    values, images = rng.random(100), rng.integers(0, 5, 100)
    assert interval_of_mean(values, images, seed=4) == interval_of_mean(values, images, seed=4)
    assert interval_of_mean(values, images, seed=4) != interval_of_mean(values, images, seed=5)


def test_higher_confidence_takes_a_wider_interval():
    rng = np.random.default_rng(0)
    values, images = rng.random(100), rng.integers(0, 5, 100)
    wide, narrow = (interval_of_mean(values, images, confidence=c) for c in (0.99, 0.6))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_an_image_stays_whole_and_its_particles_are_redrawn_in_number():
    """Every drawn image contributes as many particles as it has."""
    rng = np.random.default_rng(0)
    image = np.array([2, 0, 0, 1, 0, 2])
    sizes = np.array([3, 1, 2])
    drawn = draw_images(3, samples=500, rng=rng)
    counts = draw_particles(image, sizes, drawn, rng=rng)
    assert np.all(drawn.sum(axis=1) == 3)
    for number in range(3):
        assert np.array_equal(counts[:, image == number].sum(axis=1), drawn[:, number] * sizes[number])
    assert counts.mean(axis=0) == pytest.approx(np.ones(6), abs=0.15)


def test_batches_are_seamless(monkeypatch):
    rng = np.random.default_rng(0)
    monkeypatch.setattr("lycurgus.core.bootstrap.BATCH_NUMBERS", 70)
    batches = list(resamples(rng.integers(0, 3, 10), samples=50, rng=rng))
    assert [len(batch) for batch in batches] == [7] * 7 + [1]


def test_without_a_second_particle_or_without_samples_there_is_no_interval():
    one = np.zeros(1, dtype=np.int64)
    assert bootstrap_intervals(mean_of(np.ones(1)), one, samples=100, confidence=0.9, seed=0) == {}
    assert bootstrap_intervals(mean_of(np.ones(2)), np.zeros(2, dtype=np.int64), samples=0, confidence=0.9, seed=0) == {}


def test_what_most_resamples_leave_undefined_has_no_interval():
    found = bootstrap_intervals(
        lambda counts: {"never": np.full(len(counts), np.nan)}, np.zeros(3, dtype=np.int64), samples=20, confidence=0.9, seed=0
    )
    assert found == {}
