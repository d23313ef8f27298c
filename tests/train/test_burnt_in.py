"""What is burnt in is there, and the truth knows where the picture of the specimen ends."""

import numpy as np
import pytest

from lycurgus_train.synth.burnt_in import BurntInParams, burn_in, text

NOTHING = BurntInParams(data_bar=0, scale_bar=0, letter=0, caption=0)
GREY = np.full((200, 300), 120, np.uint8)


@pytest.mark.parametrize("font", range(5))
def test_letters_are_about_as_high_as_asked(font):
    drawn = text("HE", height_px=40, font=font)
    rows = np.flatnonzero(drawn.any(axis=1))
    assert 24 <= rows[-1] - rows[0] + 1 <= 56


def test_a_micrometre_is_written_with_a_tail_that_u_lacks():
    with_tail, without = text("µ", height_px=40), text("u", height_px=40)
    assert with_tail.sum() > without.sum()
    assert np.flatnonzero(with_tail.any(axis=1))[-1] > np.flatnonzero(without.any(axis=1))[-1]


@pytest.mark.parametrize("words", ["1µm", "3µm", "0.2µm", "100 µm"])
def test_a_tail_can_be_drawn_at_any_height_and_place(words):
    for height_px in range(6, 60):
        assert text(words, height_px=height_px).any()


def test_nothing_is_burnt_in_where_nothing_is_wanted():
    picture, bar = burn_in(GREY, np.random.default_rng(0), params=NOTHING)
    assert np.array_equal(picture, GREY)
    assert not bar.any()


@pytest.mark.parametrize("seed", range(8))
def test_a_data_bar_is_a_strip_of_whole_rows_at_an_edge_and_all_that_changes(seed):
    picture, bar = burn_in(GREY, np.random.default_rng(seed), params=NOTHING.model_copy(update={"data_bar": 1.0}))
    rows = np.flatnonzero(bar[:, 0])
    assert np.array_equal(bar, np.broadcast_to(bar[:, :1], bar.shape))
    assert rows[0] == 0 or rows[-1] == 199
    assert 8 <= rows.size <= 25
    assert np.array_equal(picture[~bar], GREY[~bar])
    assert np.unique(picture[bar]).size >= 2


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("what", ["scale_bar", "letter", "caption"])
def test_marks_lie_on_the_specimen_and_stand_out(seed, what):
    picture, bar = burn_in(GREY, np.random.default_rng(seed), params=NOTHING.model_copy(update={what: 1.0}))
    assert not bar.any()
    changed = picture != GREY
    assert 0 < changed.mean() < 0.35
    assert set(np.unique(picture[changed])) <= {0, 255}
