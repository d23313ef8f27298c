"""Watershed cuts regions at their waists into pieces that share no pixels; regions can also stay whole."""

from __future__ import annotations

from math import pi, sqrt

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lycurgus.core.errors import Cancelled
from lycurgus.core.progress import CancelToken, never, silent
from lycurgus.core.separate import SEPARATORS, Separation
from lycurgus.core.separate.watershed import WatershedParams, split
from lycurgus.core.types import Detection, Instance
from shapes import Mask, disc, rectangle

SHAPE = (120, 200)
PAIR = disc(SHAPE, (60, 60), 60) | disc(SHAPE, (60, 116), 60)


def separate(foreground: Mask, name: str = "watershed", **params: object) -> Separation:
    separator = SEPARATORS[name]
    given = separator.params_model.model_validate({"name": name, **params})
    return separator.separate(Detection(foreground, "bright"), given, None, progress=silent, cancel=never)


def diameter(instance: Instance) -> float:
    return sqrt(4 * instance.area_px / pi)


@pytest.mark.parametrize("size", [16, 40, 90])
@pytest.mark.parametrize("apart", [0.9, 1.0])
def test_two_discs_are_cut_at_their_waist(size: int, apart: float) -> None:
    shape = (2 * size, 3 * size)
    foreground = disc(shape, (size, size), size) | disc(shape, (size, size * (1 + apart)), size)
    separation = separate(foreground)
    assert [diameter(one) for one in separation.instances] == pytest.approx([size, size], rel=0.03)
    assert {one.flags for one in separation.instances} == {frozenset({"separated"})}


@given(seed=st.integers(0, 10_000), sigma=st.floats(1, 5))
@settings(max_examples=15, derandomize=True, deadline=None)
def test_pieces_are_connected_share_no_pixel_and_make_up_the_region(seed: int, sigma: float) -> None:
    smooth = cv2.GaussianBlur(np.random.default_rng(seed).standard_normal((90, 110)), (0, 0), sigma)
    foreground = np.asarray(smooth > 0)
    covered = np.zeros(foreground.shape, dtype=int)
    for instance in separate(foreground, split="all").instances:
        covered[instance.bbox.slices] += instance.mask
        assert cv2.connectedComponents(instance.mask.astype(np.uint8))[0] == 2
    np.testing.assert_array_equal(covered, foreground)


@pytest.mark.parametrize("angle", [0, 17, 30, 45, 80])
def test_a_rod_is_not_cut_however_it_lies(angle: float) -> None:
    assert len(separate(rectangle(SHAPE, (60, 100), 100, 14, angle), split="all").instances) == 1


def test_only_non_convex_regions_are_split_unless_all_are_asked_for() -> None:
    close = disc(SHAPE, (60, 60), 60) | disc(SHAPE, (60, 100), 60)
    assert [one.flags for one in separate(close).instances] == [frozenset()]
    assert len(separate(close, split="all").instances) == 2


def test_a_waist_shallower_than_asked_for_is_left() -> None:
    # The half-width is 30 px in the discs and 11 px at the waist.
    assert len(split(PAIR, WatershedParams(h_px=18))) == 2
    assert len(split(PAIR, WatershedParams(h_px=20))) == 1


def test_centres_that_are_too_close_are_one() -> None:
    assert len(split(PAIR, WatershedParams(min_distance_px=50))) == 2
    assert len(split(PAIR, WatershedParams(min_distance_px=60))) == 1


def test_what_stays_whole_but_is_not_convex_is_flagged() -> None:
    cross = rectangle(SHAPE, (60, 100), 90, 9, 0) | rectangle(SHAPE, (60, 100), 90, 9, 90)
    (instance,) = separate(cross).instances
    assert instance.flags == {"non_convex"}


def test_without_a_separator_regions_stay_whole_and_are_flagged_where_not_convex() -> None:
    separation = separate(PAIR | disc(SHAPE, (60, 175), 30), "none")
    assert [one.flags for one in separation.instances] == [{"non_convex"}, frozenset()]
    assert [one.area_px for one in separation.instances] == [PAIR.sum(), disc(SHAPE, (60, 175), 30).sum()]
    assert all(one.flags == frozenset() for one in separate(PAIR, "none", convexity=0.5).instances)


@pytest.mark.parametrize("name", list(SEPARATORS))
def test_every_separator_stops_when_it_is_cancelled_and_finds_nothing_in_nothing(name: str) -> None:
    token = CancelToken()
    token.cancel()
    separator = SEPARATORS[name]
    with pytest.raises(Cancelled):
        separator.separate(Detection(PAIR, "bright"), separator.params_model(name=name), None, progress=silent, cancel=token)
    assert separate(np.zeros((9, 9), dtype=bool), name).instances == ()


@pytest.mark.parametrize("name", list(SEPARATORS))
def test_every_separator_scores_by_probability(name: str) -> None:
    separator = SEPARATORS[name]
    detection = Detection(disc(SHAPE, (60, 60), 40), "bright", np.full(SHAPE, 0.75, dtype=np.float32))
    (instance,) = separator.separate(detection, separator.params_model(name=name), None, progress=silent, cancel=never).instances
    assert instance.score == pytest.approx(0.75)
