"""How many particles are enough."""

from __future__ import annotations

import numpy as np
import pytest

from lycurgus.core.precision import MASS_MEDIAN, MEAN_VOLUME, NUMBER_MEAN, MeanOrder, masuda_iinoya_count, masuda_iinoya_error


@pytest.mark.parametrize(("mean", "count"), [(NUMBER_MEAN, 377), (MASS_MEDIAN, 1689), (MEAN_VOLUME, 6092)])
def test_a_gsd_of_1_6_takes_as_many_particles_as_published(mean: MeanOrder, count: int):
    assert masuda_iinoya_count(1.6, relative_error=0.05, confidence=0.95, **mean._asdict()) == count


def test_the_promise_is_kept_by_simulated_populations():
    """The mean estimated from that many particles (through the fitted log-normal) is off by more than 5 % one time in 20."""
    rng, sigma = np.random.default_rng(0), np.log(1.6)
    logs = rng.normal(0, sigma, (4000, masuda_iinoya_count(1.6, relative_error=0.05, **NUMBER_MEAN._asdict())))
    estimated = np.exp(logs.mean(axis=1) + logs.var(axis=1, ddof=1) / 2)
    missed = np.abs(estimated / np.exp(sigma**2 / 2) - 1) > 0.05
    assert missed.mean() == pytest.approx(0.05, abs=0.012)


def test_error_is_the_inverse_of_count():
    assert masuda_iinoya_error(1.6, 377, **NUMBER_MEAN._asdict()) == pytest.approx(0.05, rel=1e-3)


def test_wider_populations_and_stricter_wishes_take_more():
    def count(gsd=1.5, error=0.05, confidence=0.95):
        return masuda_iinoya_count(gsd, relative_error=error, confidence=confidence, **NUMBER_MEAN._asdict())

    assert count(gsd=2) > count() > count(gsd=1.1)
    assert count(error=0.01) > count() > count(error=0.2)
    assert count(confidence=0.99) > count() > count(confidence=0.8)
    assert count(gsd=1) == 1


def test_impossible_wishes_are_refused():
    with pytest.raises(ValueError, match="impossible"):
        masuda_iinoya_count(0.9, relative_error=0.05, **NUMBER_MEAN._asdict())
    with pytest.raises(ValueError, match="impossible"):
        masuda_iinoya_count(1.5, relative_error=0, **NUMBER_MEAN._asdict())
    with pytest.raises(ValueError, match="no particle"):
        masuda_iinoya_error(1.5, 0, **NUMBER_MEAN._asdict())
