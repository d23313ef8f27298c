"""UECS finds what was drawn: touching, overlapping and chained shapes, and does with the rest what its parameters say."""

from __future__ import annotations

from math import pi, sqrt

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lycurgus.core.errors import Cancelled
from lycurgus.core.outline import convexity
from lycurgus.core.progress import CancelToken, never, silent
from lycurgus.core.separate import Separation
from lycurgus.core.separate.uecs import NO_CORE, TOO_SMALL, UecsParams, UecsSeparator
from lycurgus.core.types import Detection, Instance, PixelSize
from shapes import Mask, disc, instance_of, rectangle

SHAPE = (120, 200)


def separate(foreground: Mask, pixel_size: PixelSize | None = None, **params: object) -> Separation:
    return UecsSeparator().separate(
        Detection(foreground, "bright"), UecsParams.model_validate(params), pixel_size, progress=silent, cancel=never
    )


def diameter(instance: Instance) -> float:
    return sqrt(4 * instance.area_px / pi)


def full(instance: Instance, shape: tuple[int, ...]) -> Mask:
    plane = np.zeros(shape, dtype=bool)
    plane[instance.bbox.slices] = instance.mask
    return plane


def iou(instance: Instance, truth: Mask) -> float:
    found = full(instance, truth.shape)
    return float((found & truth).sum() / (found | truth).sum())


def noise(seed: int, shape: tuple[int, int] = (90, 110), sigma: float = 2.0, level: float = 0.5) -> Mask:
    """Ragged blobs, with holes, at random."""
    smooth = cv2.GaussianBlur(np.random.default_rng(seed).standard_normal(shape), (0, 0), sigma)
    return np.asarray(smooth > np.quantile(smooth, level))


@pytest.mark.parametrize("size", [20, 30, 40, 80, 160])
@pytest.mark.parametrize("apart", [0.9, 0.95, 1.0])
def test_two_discs_that_overlap_are_found_as_two_of_their_own_size(size: int, apart: float) -> None:
    shape = (2 * size, 3 * size)
    discs = [disc(shape, (size, size), size), disc(shape, (size + 0.3, size * (1 + apart)), size)]

    separation = separate(discs[0] | discs[1])

    assert len(separation.instances) == 2
    assert separation.removed == {}
    for instance, truth in zip(sorted(separation.instances, key=lambda one: one.bbox.x0), discs, strict=True):
        assert diameter(instance) == pytest.approx(size, rel=0.02)
        assert iou(instance, truth) > min(0.95, 1 - 1.7 / size)  # less than half a pixel along the outline
        assert instance.flags == {"separated"}


def test_particles_keep_their_overlap() -> None:
    discs = [disc(SHAPE, (60, 60), 80), disc(SHAPE, (60, 128), 80)]
    first, second = separate(discs[0] | discs[1]).instances

    shared, truth = full(first, SHAPE) & full(second, SHAPE), discs[0] & discs[1]
    assert (shared & truth).sum() > 0.9 * truth.sum()
    assert iou(first, discs[0]) > 0.94
    assert iou(second, discs[1]) > 0.94


def test_a_big_and_a_small_disc_that_touch_keep_their_sizes() -> None:
    separation = separate(disc(SHAPE, (60, 60), 90) | disc(SHAPE, (60, 119), 30))
    assert sorted(diameter(one) for one in separation.instances) == pytest.approx([30, 90], rel=0.03)


@pytest.mark.parametrize("centres", [[(60, 40), (60, 78), (60, 116)], [(40, 60), (40, 99), (73.8, 79.5)]], ids=["chain", "triangle"])
def test_three_discs_that_touch_are_found_as_three(centres: list[tuple[float, float]]) -> None:
    separation = separate(np.logical_or.reduce([disc(SHAPE, centre, 40) for centre in centres]))
    assert [diameter(one) for one in separation.instances] == pytest.approx([40] * 3, rel=0.025)


@given(size=st.floats(8, 90), dy=st.floats(0, 1), dx=st.floats(0, 1))
@settings(max_examples=30, derandomize=True, deadline=None)
def test_a_disc_stays_itself(size: float, dy: float, dx: float) -> None:
    drawn = disc(SHAPE, (60 + dy, 60 + dx), size)
    (instance,) = separate(drawn).instances
    np.testing.assert_array_equal(full(instance, SHAPE), drawn)
    assert instance.flags == frozenset()


def test_a_ring_is_one_particle_and_keeps_its_hole() -> None:
    ring = disc(SHAPE, (60, 60), 60) & ~disc(SHAPE, (60, 60), 30)
    (instance,) = separate(ring).instances
    np.testing.assert_array_equal(full(instance, SHAPE), ring)


def test_a_ring_that_touches_a_disc_keeps_its_hole() -> None:
    hole = disc(SHAPE, (60, 50), 16)
    separation = separate((disc(SHAPE, (60, 50), 60) & ~hole) | disc(SHAPE, (60, 108), 60))
    assert len(separation.instances) == 2
    ring = full(separation.instances[0], SHAPE)
    assert not (ring & hole).any()
    assert ring.sum() == pytest.approx(pi / 4 * (60**2 - 16**2), rel=0.03)


def test_a_particle_within_the_hole_of_another_is_a_particle_of_its_own() -> None:
    inner, ring = disc(SHAPE, (60, 60), 20), disc(SHAPE, (60, 60), 80) & ~disc(SHAPE, (60, 60), 50)
    assert sorted(one.area_px for one in separate(inner | ring).instances) == [inner.sum(), ring.sum()]


def test_particles_at_the_edge_of_the_image_are_separated_too() -> None:
    separation = separate(disc(SHAPE, (-5, 40), 60) | disc(SHAPE, (-5, 97), 60))
    assert [one.bbox.y0 for one in separation.instances] == [0, 0]


def test_discs_packed_at_random_are_counted() -> None:
    rng = np.random.default_rng(5)
    discs: list[tuple[float, float, float]] = []
    while len(discs) < 60:
        size, (y, x) = rng.uniform(24, 44), rng.uniform(30, 370, 2)
        if all(np.hypot(y - v, x - u) > 0.46 * (size + other) for v, u, other in discs):
            discs.append((y, x, size))
    separation = separate(np.logical_or.reduce([disc((400, 400), (y, x), size) for y, x, size in discs]))
    assert len(separation.instances) == 60
    assert sorted(diameter(one) for one in separation.instances) == pytest.approx(sorted(size for *_, size in discs), rel=0.05)


@given(seed=st.integers(0, 10_000), sigma=st.floats(1, 5), level=st.floats(0.3, 0.8))
@settings(max_examples=25, derandomize=True, deadline=None)
def test_whatever_the_foreground_instances_are_connected_convex_parts_of_it(seed: int, sigma: float, level: float) -> None:
    foreground = noise(seed, sigma=sigma, level=level)
    for instance in separate(foreground).instances:
        assert (foreground[instance.bbox.slices] | ~instance.mask).all()
        assert instance_of(full(instance, foreground.shape)).bbox == instance.bbox
        assert cv2.connectedComponents(instance.mask.astype(np.uint8))[0] == 2
        assert convexity(instance.mask) >= 0.95 - 1e-4


@given(seed=st.integers(0, 10_000), sigma=st.floats(1, 5), level=st.floats(0.3, 0.8))
@settings(max_examples=10, derandomize=True, deadline=None)
def test_no_region_vanishes_uncounted(seed: int, sigma: float, level: float) -> None:
    foreground = noise(seed, sigma=sigma, level=level)
    regions, labels = cv2.connectedComponents(foreground.astype(np.uint8))
    separation = separate(foreground)
    found = {int(labels[one.bbox.slices][one.mask][0]) for one in separation.instances}
    assert regions - 1 - len(found) <= separation.removed.get(NO_CORE, 0)
    kept = separate(foreground, unresolved="keep")
    assert {int(labels[one.bbox.slices][one.mask][0]) for one in kept.instances} == set(range(1, regions))
    assert NO_CORE not in kept.removed


CROSS = rectangle(SHAPE, (60, 100), 90, 9, 45) | rectangle(SHAPE, (60, 100), 90, 9, -45)


def test_thin_crossed_rods_have_no_convex_core_and_are_dropped_and_counted() -> None:
    separation = separate(CROSS)
    assert separation.instances == ()
    assert separation.removed == {NO_CORE: 1}


def test_unresolved_regions_can_be_kept_whole() -> None:
    (instance,) = separate(CROSS, unresolved="keep").instances
    np.testing.assert_array_equal(full(instance, SHAPE), CROSS)
    assert instance.flags == {"non_convex"}


def test_unresolved_regions_can_be_split_by_watershed() -> None:
    pair = disc(SHAPE, (60, 60), 40) | disc(SHAPE, (60, 98), 40)
    assert separate(pair, min_marker_px=1200).instances == ()
    separation = separate(pair, min_marker_px=1200, unresolved="watershed")
    assert [instance.flags for instance in separation.instances] == [{"separated"}] * 2
    np.testing.assert_array_equal(np.sum([full(one, SHAPE) for one in separation.instances], axis=0), pair)


def test_what_watershed_cannot_split_either_is_left_whole_and_flagged() -> None:
    (instance,) = separate(CROSS, unresolved="watershed").instances
    assert instance.flags == {"non_convex"}


def test_only_the_unresolved_part_of_a_region_is_kept_whole() -> None:
    whole = CROSS | disc(SHAPE, (60, 30), 60) | rectangle(SHAPE, (60, 62), 20, 3) | rectangle(SHAPE, (60, 75), 40, 3)
    dropped, kept = separate(whole), separate(whole, unresolved="keep")
    assert [one.flags for one in dropped.instances] == [{"separated"}]
    assert dropped.removed[NO_CORE] == 1
    part = next(one for one in kept.instances if "non_convex" in one.flags)
    assert part.flags == {"separated", "non_convex"}
    assert iou(part, CROSS) > 0.7


def test_regions_below_the_lower_bound_are_left_whole_and_flagged() -> None:
    pair = disc(SHAPE, (60, 60), 60) | disc(SHAPE, (60, 118), 60)
    value = convexity(pair)
    (whole,) = separate(pair, lower_convexity=value + 0.01).instances
    assert whole.flags == {"non_convex"}
    assert whole.area_px == pair.sum()
    assert len(separate(pair, lower_convexity=value - 0.01).instances) == 2


def test_convex_regions_stay_unflagged_under_a_lower_bound() -> None:
    (instance,) = separate(disc(SHAPE, (60, 60), 12), lower_convexity=0.9).instances
    assert instance.flags == frozenset()


@pytest.mark.parametrize(("max_holes", "expected"), [(None, 2), (2, 2), (1, 1)])
def test_regions_with_too_many_holes_are_left_whole(max_holes: int | None, expected: int) -> None:
    holes = disc(SHAPE, (60, 60), 9) | disc(SHAPE, (60, 118), 9)
    separation = separate((disc(SHAPE, (60, 60), 60) | disc(SHAPE, (60, 118), 60)) & ~holes, max_holes=max_holes)
    assert len(separation.instances) == expected
    assert {"non_convex"} == separation.instances[0].flags or expected == 2


def test_the_convexity_threshold_decides_what_is_one_particle() -> None:
    pair = disc(SHAPE, (60, 60), 60) | disc(SHAPE, (60, 106), 60)
    value = convexity(pair)
    assert len(separate(pair, convexity=value - 0.005).instances) == 1
    assert len(separate(pair, convexity=value + 0.005).instances) == 2


def test_markers_under_the_pixel_limit_are_dropped_and_counted() -> None:
    touching = disc(SHAPE, (60, 60), 90) | disc(SHAPE, (60, 118), 26)
    assert len(separate(touching).instances) == 2
    separation = separate(touching, min_marker_px=500)
    assert [diameter(one) for one in separation.instances] == pytest.approx([90], rel=0.02)
    assert separation.removed == {TOO_SMALL: 1}


def test_markers_under_the_limit_in_nm_are_dropped_where_the_pixel_size_is_known() -> None:
    touching = disc(SHAPE, (60, 60), 90) | disc(SHAPE, (60, 118), 26)
    fine = PixelSize(0.01, 0.01, "user")  # the small disc is 0.26 nm wide
    assert len(separate(touching, fine).instances) == 1
    assert len(separate(touching, fine, min_marker_nm=0.1).instances) == 2
    assert len(separate(touching, PixelSize(0.1, 0.1, "user")).instances) == 2


@pytest.mark.parametrize(("pixel_nm", "least_px"), [(1.0, 30), (0.02, pi / 4 * 25**2)])
def test_both_limits_of_markers_hold(pixel_nm: float, least_px: float) -> None:
    assert UecsParams().smallest_marker_px(PixelSize(pixel_nm, pixel_nm, "user")) == pytest.approx(least_px)


def test_the_score_is_the_mean_probability_over_the_particle() -> None:
    pair = disc(SHAPE, (60, 60), 60) | disc(SHAPE, (60, 118), 60)
    probability = np.full(SHAPE, 0.5, dtype=np.float32)
    probability[:, 89:] = 0.9
    found = UecsSeparator().separate(Detection(pair, "bright", probability), UecsParams(), None, progress=silent, cancel=never)
    assert [one.score for one in found.instances] == pytest.approx([0.5, 0.9], abs=0.01)
    assert np.isnan(separate(pair).instances[0].score)


@pytest.mark.parametrize("foreground", [np.zeros((20, 20), bool), np.zeros((0, 0), bool), np.zeros((1, 1), bool)])
def test_nothing_is_found_in_nothing(foreground: Mask) -> None:
    assert separate(foreground).instances == ()


def test_a_foreground_of_one_pixel_or_of_all_pixels_is_one_region() -> None:
    assert [one.area_px for one in separate(np.ones((1, 1), bool)).instances] == [1]
    assert [one.area_px for one in separate(np.ones((30, 40), bool)).instances] == [1200]


def test_separation_stops_when_it_is_cancelled() -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        UecsSeparator().separate(Detection(CROSS, "bright"), UecsParams(), None, progress=silent, cancel=token)
