"""A running size distribution is that of all particles, in memory that does not grow."""

from __future__ import annotations

import numpy as np
import pytest

from lycurgus.core.outliers import ImageFacts, Outliers
from lycurgus.core.running import MOST_PACKETS, RunningSizes

LOG_NORMAL = np.random.default_rng(1).lognormal(np.log(12), 0.3, (400, 25))
ONES = np.ones(25)


def filled(images: np.ndarray) -> RunningSizes:
    sizes = RunningSizes()
    for values in images:
        sizes.add(values, ONES)
    return sizes


@pytest.mark.parametrize("n_images", [3, MOST_PACKETS, 400])
def test_percentiles_are_those_of_all_particles_within_a_bin(n_images: int):
    found = filled(LOG_NORMAL[:n_images]).percentiles(confidence=0.95, samples=50)
    assert found is not None
    assert found.values == pytest.approx(np.quantile(LOG_NORMAL[:n_images], [0.1, 0.5, 0.9], method="median_unbiased"), rel=0.025)
    for value, interval in zip(found.values, found.intervals, strict=True):
        assert interval is not None
        assert interval.low <= value <= interval.high


def test_intervals_narrow_with_the_root_of_the_number_of_images():
    few, many = (filled(LOG_NORMAL[:n]).percentiles(confidence=0.95, samples=300) for n in (25, 400))
    assert few is not None
    assert many is not None
    few_width, many_width = (np.log(one.intervals[1].high / one.intervals[1].low) for one in (few, many))
    assert few_width / many_width == pytest.approx(4, rel=0.4)


def test_weights_count():
    sizes = RunningSizes()
    sizes.add(np.array([1.0, 10.0]), np.array([9.0, 1.0]))
    found = sizes.percentiles(confidence=0.95, samples=0)
    assert found is not None
    assert found.values[1] == pytest.approx(1, rel=0.02)


def test_memory_does_not_grow_with_images_and_no_particle_is_lost():
    few, many = filled(LOG_NORMAL[:5]), filled(LOG_NORMAL)
    assert few.nbytes == many.nbytes
    bars = many.histogram()
    assert bars is not None
    assert bars.counts.sum() == LOG_NORMAL.size
    assert bars.edges[0] <= LOG_NORMAL.min()
    assert bars.edges[-1] >= LOG_NORMAL.max()


def test_an_image_that_is_counted_anew_leaves_nothing_of_before():
    sizes = filled(LOG_NORMAL[:200])
    sizes.replace(7, (LOG_NORMAL[7], ONES), (np.full(25, 500.0), ONES))
    sizes.replace(7, (np.full(25, 500.0), ONES), (LOG_NORMAL[7], ONES))
    again, before = sizes.histogram(), filled(LOG_NORMAL[:200]).histogram()
    assert again is not None
    assert before is not None
    assert np.array_equal(again.counts, before.counts)


def test_nothing_is_known_of_nothing():
    sizes = RunningSizes()
    sizes.add(np.zeros(0), np.zeros(0))
    assert sizes.percentiles(confidence=0.95, samples=10) is None
    assert sizes.histogram() is None


def facts(n: int = 40, median: float | None = 12.0, foreground: float = 0.1) -> ImageFacts:
    return ImageFacts(n, median, "nm", foreground)


@pytest.mark.parametrize(
    ("strange", "reason"),
    [
        (facts(n=4), "4 particles where the others have about 4"),
        (facts(n=0, median=None), "no particles"),
        (facts(median=25.0), "median 25 nm where the others have about 1"),
        (facts(foreground=0.4), "cover 40 % of the area where they usually cover about"),
    ],
)
def test_an_image_unlike_the_others_is_flagged_with_the_reason(strange: ImageFacts, reason: str):
    rng, outliers = np.random.default_rng(0), Outliers()
    for _ in range(40):
        n = int(rng.poisson(40))
        assert outliers.look_at(facts(n, 12 * np.exp(rng.normal(0, 0.02)), n / 400)) == ()
    assert any(reason in sentence for sentence in outliers.look_at(strange))


def test_the_first_images_are_never_flagged():
    outliers = Outliers()
    assert [outliers.look_at(facts(n)) for n in (1, 100, 3, 50, 0, 20, 300, 2)] == [()] * 8
