"""Which found instance is which true one, for instances that may overlap."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lycurgus.core.overlap import MOST_DIRECT_LABELS, instances_from_labels, match, overlaps_of
from lycurgus.core.types import BBox, Instance
from shapes import disc, instance_of

FEW = settings(max_examples=40, deadline=None, derandomize=True)
SHAPE = (24, 30)


@st.composite
def instance_lists(draw, max_size=6):
    """Rectangles with a random hole pattern, anywhere, on top of each other too."""
    found = []
    for _ in range(draw(st.integers(0, max_size))):
        y, x = draw(st.integers(0, SHAPE[0] - 1)), draw(st.integers(0, SHAPE[1] - 1))
        height, width = draw(st.integers(1, min(8, SHAPE[0] - y))), draw(st.integers(1, min(8, SHAPE[1] - x)))
        mask = draw(hnp.arrays(np.bool_, (height, width), elements=st.booleans(), fill=st.just(True)))
        if mask.any():
            found.append(Instance(BBox(y, x, y + height, x + width), mask))
    return found


def full(instance: Instance) -> np.ndarray:
    canvas = np.zeros(SHAPE, dtype=bool)
    canvas[instance.bbox.slices] = instance.mask
    return canvas


def row(start: int, length: int) -> Instance:
    return Instance(BBox(0, start, 1, start + length), np.ones((1, length), dtype=bool))


@given(predicted=instance_lists(), truth=instance_lists())
@FEW
def test_iou_is_what_counting_pixels_gives(predicted, truth):
    found = overlaps_of(predicted, truth)
    sparse = {(i, j): iou for i, j, iou in zip(found.predicted, found.truth, found.iou, strict=True)}
    for i, a in enumerate(predicted):
        for j, b in enumerate(truth):
            expected = np.count_nonzero(full(a) & full(b)) / np.count_nonzero(full(a) | full(b))
            assert sparse.get((i, j), 0) == pytest.approx(expected)
    assert 0 not in sparse.values()


@given(predicted=instance_lists(max_size=4), truth=instance_lists(max_size=4), threshold=st.sampled_from([0.05, 0.2, 0.5, 0.7]))
@FEW
def test_no_other_choice_matches_more_or_better(predicted, truth, threshold):
    found = match(predicted, truth, threshold=threshold)
    assert len({pair.predicted for pair in found}) == len({pair.truth for pair in found}) == len(found)
    overlaps = overlaps_of(predicted, truth)
    gain = {(i, j): iou for i, j, iou in zip(overlaps.predicted, overlaps.truth, overlaps.iou, strict=True) if iou >= threshold}
    # With as many nothings as there are true instances, every choice is a permutation.
    places = [*range(len(predicted)), *[None] * len(truth)]
    choices = ([gain.get((i, j), 0) for j, i in enumerate(chosen)] for chosen in set(permutations(places, len(truth))))
    best = max((sum(iou > 0 for iou in ious), sum(ious)) for ious in choices)
    assert (len(found), sum(pair.iou for pair in found)) == pytest.approx(best)


@given(predicted=instance_lists(), truth=instance_lists())
@FEW
def test_found_and_true_can_change_places(predicted, truth):
    there, back = match(predicted, truth, threshold=0.3), match(truth, predicted, threshold=0.3)
    assert len(there) == len(back)
    assert sum(pair.iou for pair in there) == pytest.approx(sum(pair.iou for pair in back))


def test_a_greedy_choice_would_lose_a_pair():
    """The best single pair (a, x) leaves b and y alone; the best assignment uses both."""
    a, b = row(0, 10), row(6, 4)
    x, y = row(2, 8), row(0, 4)
    assert [(pair.predicted, pair.truth) for pair in match([a, b], [x, y], threshold=0.3)] == [(0, 1), (1, 0)]


def test_two_detections_of_one_particle_are_one_hit():
    particle = instance_of(disc((40, 40), (20, 20), 20))
    assert len(match([particle, particle], [particle], threshold=0.5)) == 1


def test_the_threshold_itself_counts():
    assert match([row(0, 10)], [row(0, 5)], threshold=0.5)[0].iou == 0.5
    assert not match([row(0, 10)], [row(0, 5)], threshold=0.51)


def test_a_threshold_of_nothing_is_refused():
    with pytest.raises(ValueError, match="share nothing"):
        match([], [], threshold=0)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint32, np.int64])
def test_labels_become_instances_in_rising_order(dtype):
    labels = np.array([[0, 7, 7], [3, 0, 7], [3, 3, 0]], dtype=dtype)
    three, seven = instances_from_labels(labels)
    assert (three.bbox, three.area_px) == (BBox(1, 0, 3, 2), 3)
    assert (seven.bbox, seven.area_px) == (BBox(0, 1, 2, 3), 3)
    assert seven.mask.tolist() == [[True, True], [False, True]]
    assert np.isnan(seven.score)


def test_a_label_may_have_several_parts():
    assert instances_from_labels(np.array([[1, 0, 1]]))[0].area_px == 2


def test_labels_that_encode_colours_are_no_burden():
    huge = np.array([[2**40, 0, MOST_DIRECT_LABELS + 5], [0, 0, 0]])
    assert [instance.bbox.x0 for instance in instances_from_labels(huge)] == [2, 0]
    assert [instance.bbox.x0 for instance in instances_from_labels(np.array([[2**40, 9]]))] == [1, 0]


def test_negative_labels_are_background():
    assert len(instances_from_labels(np.array([[-1, 0, 2]]))) == 1
    assert instances_from_labels(np.zeros((0, 0), dtype=np.int32)) == ()


def test_a_stack_is_no_label_image():
    with pytest.raises(ValueError, match="two dimensions"):
        instances_from_labels(np.zeros((2, 3, 4), dtype=np.int32))
