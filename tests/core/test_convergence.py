"""When to stop counting: sums of images answer as the particles themselves would."""

from __future__ import annotations

import numpy as np
import pytest

from lycurgus.core.bootstrap import bootstrap_intervals
from lycurgus.core.convergence import FEWEST_IMAGES, MOST_IMAGES, ImageSums, convergence, convergence_curve
from lycurgus.core.moments import characteristics
from lycurgus.core.precision import NUMBER_MEAN, masuda_iinoya_count


def sample(n_images: int, each: int, *, gsd: float = 1.6, between: float = 0.0, seed: int = 0) -> list[np.ndarray]:
    """Log-normal sizes around 10, and images that differ by a factor of their own."""
    rng = np.random.default_rng(seed)
    return [10 * np.exp(rng.normal(0, between) + rng.normal(0, np.log(gsd), each)) for _ in range(n_images)]


def sums(images: list[np.ndarray]) -> list[ImageSums]:
    return [ImageSums.of(values) for values in images]


def test_mean_and_spread_are_those_of_the_particles():
    images = sample(7, 40)
    rng = np.random.default_rng(1)
    weights = [rng.uniform(1, 3, values.size) for values in images]
    found = convergence([ImageSums.of(*pair) for pair in zip(images, weights, strict=True)])
    values, weight = np.concatenate(images), np.concatenate(weights)
    order = np.argsort(values)
    exact = characteristics(values[order], weight[order], np.ones((1, values.size)), spheres=True)
    assert found.n == 280
    assert found.mean == pytest.approx(exact["mean"][0], rel=1e-9)
    assert found.geometric_mean == pytest.approx(exact["geometric_mean"][0], rel=1e-9)
    assert found.gsd == pytest.approx(exact["geometric_sd"][0], rel=1e-9)


def test_the_formula_is_that_of_the_report():
    found = convergence(sums(sample(10, 100)))
    assert found.needed_by_formula == masuda_iinoya_count(found.gsd, relative_error=0.05, **NUMBER_MEAN._asdict())
    assert found.needed_by_formula == pytest.approx(377, rel=0.15)


@pytest.mark.parametrize(("n_images", "each", "between"), [(1, 300, 0.0), (3, 100, 0.1), (25, 40, 0.0), (25, 40, 0.3), (200, 5, 0.2)])
@pytest.mark.parametrize("weighted", [False, True])
def test_intervals_from_sums_are_as_wide_as_those_from_particles(n_images: int, each: int, between: float, weighted: bool):
    images = sample(n_images, each, between=between, seed=3)
    rng = np.random.default_rng(4)
    weights = [rng.uniform(1, 2, values.size) if weighted else np.ones(values.size) for values in images]
    found = convergence([ImageSums.of(*pair) for pair in zip(images, weights, strict=True)], samples=2000)
    values, weight = np.concatenate(images), np.concatenate(weights)
    order = np.argsort(values)
    of_image = np.repeat(np.arange(n_images), each)[order]
    exact = bootstrap_intervals(
        lambda counts: {"mean": (counts * weight[order] @ values[order]) / (counts @ weight[order])},
        of_image,
        samples=2000,
        confidence=0.95,
        seed=5,
    )["mean"]
    assert found.interval is not None
    assert found.interval[1] - found.interval[0] == pytest.approx(exact.high - exact.low, rel=0.15)


def test_images_that_differ_ask_for_more_than_the_formula_says():
    found = convergence(sums(sample(30, 100, between=0.3)))
    assert found.needed_by_bootstrap is not None
    assert found.needed_by_formula is not None
    assert found.needed == found.needed_by_bootstrap > 2 * found.needed_by_formula
    assert found.remaining_particles == found.needed - 3000
    assert found.remaining_images == pytest.approx(found.remaining_particles / 100, abs=1)


def test_as_many_as_it_asks_for_are_enough():
    few = convergence(sums(sample(20, 10)))
    assert few.remaining_images
    assert not few.enough
    more = convergence(sums(sample(20 + 2 * few.remaining_images, 10)))
    assert more.enough
    assert more.remaining_particles == more.remaining_images == 0
    assert more.error_by_bootstrap < 0.05


def test_few_images_are_never_called_enough():
    found = convergence(sums(sample(FEWEST_IMAGES - 1, 5000, gsd=1.1)))
    assert found.remaining_particles == 0
    assert not found.reliable
    assert not found.enough


def test_nothing_one_and_equal_particles():
    assert convergence([]).needed is None
    assert convergence([ImageSums.of(np.array([]))]).remaining_images is None
    one = convergence([ImageSums.of(np.array([5.0]))])
    assert (one.n, one.mean, one.interval, one.needed) == (1, pytest.approx(5), None, None)
    equal = convergence(sums([np.full(10, 5.0)] * 6))
    assert equal.error_by_bootstrap == pytest.approx(0, abs=1e-6)
    assert equal.enough


def test_what_is_no_size_is_left_out():
    assert ImageSums.of(np.array([4.0, np.nan, 0.0, -1.0, np.inf])) == ImageSums.of(np.array([4.0]))


def test_the_curve_ends_at_the_sample_and_narrows():
    images = sample(300, 20, between=0.1, seed=2)
    curve = convergence_curve(sums(images))
    assert curve.n_images[0] == 1
    assert curve.n_images[-1] == 300
    assert curve.n[-1] == 6000
    assert len(curve.n) <= 24
    assert curve.geometric_mean[-1] == pytest.approx(np.exp(np.log(np.concatenate(images)).mean()), rel=1e-9)
    width = curve.high - curve.low
    assert np.all(curve.low <= curve.geometric_mean)
    assert np.all(curve.geometric_mean <= curve.high)
    assert width[-1] < 0.5 * width[len(width) // 2]
    assert curve.low[-1] < 10 < curve.high[-1]


def test_a_curve_of_nothing_is_empty():
    assert convergence_curve([]).n.size == 0
    assert convergence_curve([ImageSums.of(np.array([]))]).n.size == 0


def test_thousands_of_images_are_packed_without_changing_the_interval():
    """More images than are resampled one by one: the interval is that of the plain theory of a mean."""
    images = sample(3 * MOST_IMAGES, 30, gsd=1.3, seed=6)
    found = convergence(sums(images), samples=2000)
    values = np.concatenate(images)
    assert found.n == values.size
    assert found.error_by_bootstrap * found.mean == pytest.approx(1.96 * values.std() / np.sqrt(values.size), rel=0.15)
