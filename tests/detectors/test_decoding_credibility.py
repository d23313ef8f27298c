"""Of several looks at a picture the one that is believed is the one that is sure of most."""

from __future__ import annotations

import numpy as np
import pytest

from lycurgus.core.types import BBox
from lycurgus.detectors.decoding.candidates import Candidate
from lycurgus.detectors.decoding.credibility import FEW, LIKENESS, MANY, most_credible, score_threshold
from lycurgus.detectors.decoding.scales import Look

SHAPE = (100, 100)


def square(side: int, score: float) -> Candidate:
    return Candidate(BBox(0, 0, side, side), np.ones((side, side), np.bool_), score, side * side)


def look(*candidates: Candidate, shape: tuple[int, int] = SHAPE) -> Look:
    return Look(shape, candidates)


def test_the_surer_of_two_looks_at_the_same_particles_is_believed() -> None:
    assert most_credible([look(square(30, 0.7)), look(square(30, 0.9))]) == 1
    assert most_credible([look(square(30, 0.9)), look(square(30, 0.7))]) == 0


def test_large_doubtful_finds_discredit_a_look_more_than_small_ones() -> None:
    gaps_taken_for_particles = look(square(60, 0.6), square(10, 0.95))
    a_doubtful_speck = look(square(40, 0.9), square(5, 0.6))

    assert most_credible([gaps_taken_for_particles, a_doubtful_speck]) == 1


def test_a_few_sure_specks_do_not_outweigh_a_full_layer() -> None:
    layer = look(*(square(20, 0.8) for _ in range(20)))
    speck = look(square(3, 0.9))

    assert most_credible([speck, layer]) == 1


def test_parts_of_the_picture_count_not_pixels_of_the_copy() -> None:
    half = look(square(15, 0.8), shape=(50, 50))
    whole = look(square(30, 0.8))

    assert most_credible([half, whole]) == 0
    assert most_credible([whole, half]) == 0


def test_where_nothing_was_found_the_first_look_stands() -> None:
    assert most_credible([look(), look()]) == 0
    assert most_credible([look(), look(square(5, 0.5))]) == 1
    with pytest.raises(ValueError, match="no looks"):
        most_credible([])


def test_a_few_finds_must_be_sure_each_by_itself() -> None:
    scores = [0.9] * (FEW - 3) + [0.65, 0.62]
    assert score_threshold(scores, sure=0.7, crowd=0.6) == 0.7
    assert score_threshold([], sure=0.7, crowd=0.6) == 0.7
    assert score_threshold([0.69], sure=0.7, crowd=0.6) == 0.7


def test_one_of_many_is_believed_at_a_lower_score() -> None:
    assert score_threshold([0.75] * (MANY - 1) + [0.61, 0.59], sure=0.7, crowd=0.6) == 0.61
    assert score_threshold([0.61] * MANY, sure=0.7, crowd=0.6) == 0.61
    assert score_threshold([0.61] * FEW, sure=0.7, crowd=0.6) == 0.7


@pytest.mark.parametrize(("typical", "least"), [(0.7, 0.6), (0.8, 0.64), (0.85, 0.69), (0.95, 0.75)])
def test_a_doubtful_find_is_not_one_of_many_that_are_certain(typical: float, least: float) -> None:
    assert LIKENESS == 0.16
    scores = [typical] * MANY + [least + 0.003, least - 0.003]
    assert score_threshold(scores, sure=0.75, crowd=0.6) == pytest.approx(min(least + 0.003, 0.75), abs=1e-9)


def test_a_few_certain_finds_take_nothing_from_the_many() -> None:
    assert score_threshold([0.65] * 100 + [0.95] * 3, sure=0.75, crowd=0.6) == 0.65


@pytest.mark.parametrize("seed", range(20))
def test_the_threshold_lies_within_its_bounds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0.5, 1, rng.integers(1, 120)).tolist()
    threshold = score_threshold(scores, sure=0.72, crowd=0.6)
    assert 0.6 <= threshold <= 0.72
    assert score_threshold(rng.permutation(scores).tolist(), sure=0.72, crowd=0.6) == threshold
    assert score_threshold(scores, sure=0.72, crowd=0.72) == 0.72
