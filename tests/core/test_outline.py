"""Outlines lie on the edge of the shape that was digitised, and convexity tells shapes apart, not sizes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes

from lycurgus.core.outline import convexities, convexity, polygon, trace, trace_all
from lycurgus.core.types import BBox
from shapes import Mask, disc, ellipse, rectangle

offsets = st.floats(-0.5, 0.5)
angles = st.floats(0, 180)
diameters = st.sampled_from([5, 6, 8, 12, 20, 50, 120])
few = settings(max_examples=40, derandomize=True, deadline=None)


def canvas(size: float) -> tuple[tuple[int, int], float]:
    """An array with room for a shape of this size at every angle, and its middle."""
    side = int(1.5 * size) + 8
    return (side, side), side / 2


def random_blob(seed: int) -> Mask:
    """One 8-connected region of no particular shape, with holes."""
    noise = np.random.default_rng(seed).random((24, 24)) < 0.45
    _, labels = cv2.connectedComponents(noise.view(np.uint8), connectivity=8)
    return np.asarray(labels == np.bincount(labels[labels > 0]).argmax())


def outer_sides(mask: Mask) -> set[tuple[float, float]]:
    """Midpoints of the sides between a mask and the background outside it, found by looking at every pair of pixels."""
    filled = np.pad(binary_fill_holes(mask), 1)
    down, right = np.argwhere(filled[1:] != filled[:-1]), np.argwhere(filled[:, 1:] != filled[:, :-1])
    return {(y - 0.5, x - 1.0) for y, x in down} | {(y - 1.0, x - 0.5) for y, x in right}


@few
@given(seed=st.integers(0, 10_000))
def test_the_outline_visits_every_outer_pixel_side_once(seed: int) -> None:
    mask = random_blob(seed)
    sides = [tuple(side) for side in trace(mask).sides.tolist()]
    assert len(sides) == len(set(sides))
    assert set(sides) == outer_sides(mask)


@few
@given(seed=st.integers(0, 10_000))
def test_neighbours_along_the_outline_are_at_most_one_pixel_apart(seed: int) -> None:
    sides = trace(random_blob(seed)).sides
    assert np.hypot(*(np.roll(sides, -1, axis=0) - sides).T).max() <= 1


def test_a_mask_that_fills_its_array_is_traced_like_one_with_room_around_it() -> None:
    mask = disc((21, 21), (10, 10), 21)
    assert mask[0].any()
    assert mask[:, -1].any()
    assert np.array_equal(np.sort(trace(np.pad(mask, 3)).points - 3, axis=0), np.sort(trace(mask).points, axis=0))


@few
@given(diameter=st.sampled_from([12, 20, 50, 120]), dy=offsets, dx=offsets)
def test_the_outline_of_a_disc_runs_along_its_edge(diameter: int, dy: float, dx: float) -> None:
    shape, middle = canvas(diameter)
    outline = polygon(disc(shape, (middle + dy, middle + dx), diameter), BBox(7, -3, 7 + shape[0], shape[1] - 3))
    radius = np.hypot(outline[:, 0] - (middle + dy + 7), outline[:, 1] - (middle + dx - 3))
    assert np.abs(radius - diameter / 2).max() < 0.75
    assert abs(radius.mean() - diameter / 2) < 0.2


@few
@given(diameter=diameters, dy=offsets, dx=offsets)
def test_a_disc_is_convex_at_every_size(diameter: int, dy: float, dx: float) -> None:
    shape, middle = canvas(diameter)
    assert 0.99 < convexity(disc(shape, (middle + dy, middle + dx), diameter)) < 1.0001


@few
@given(length=diameters, ratio=st.floats(0.4, 1), dy=offsets, dx=offsets, angle=angles)
def test_an_ellipse_is_convex_at_every_size_and_angle(length: int, ratio: float, dy: float, dx: float, angle: float) -> None:
    shape, middle = canvas(length)
    assert 0.985 < convexity(ellipse(shape, (middle + dy, middle + dx), length, max(ratio * length, 3), angle)) < 1.0001


@few
@given(side=diameters, ratio=st.floats(0.4, 1), dy=offsets, dx=offsets, angle=angles)
def test_a_rectangle_is_convex_at_every_size_and_angle(side: int, ratio: float, dy: float, dx: float, angle: float) -> None:
    shape, middle = canvas(side)
    assert 0.985 < convexity(rectangle(shape, (middle + dy, middle + dx), side, max(ratio * side, 3), angle)) < 1.0001


def overlapping_discs(diameter: float, overlap: float, angle: float) -> tuple[Mask, float]:
    """Two equal discs that share a lens this high, and the exact convexity of their union."""
    side = int(2 * diameter) + 8
    middle, apart = side / 2, diameter - overlap
    dy, dx = -apart / 2 * np.sin(np.deg2rad(angle)), apart / 2 * np.cos(np.deg2rad(angle))
    mask = disc((side, side), (middle + dy, middle + dx), diameter) | disc((side, side), (middle - dy, middle - dx), diameter)
    hidden = np.arccos(apart / diameter)
    return mask, float((np.pi * diameter + 2 * apart) / (2 * diameter * (np.pi - hidden)))


@pytest.mark.parametrize("angle", [0, 17, 45, 80])
@pytest.mark.parametrize("diameter", [12, 16, 30, 80])
def test_two_discs_that_touch_fall_below_the_usual_threshold(diameter: int, angle: float) -> None:
    mask, exact = overlapping_discs(diameter, 0.5, angle)
    assert exact - 0.02 < convexity(mask) < 0.945


@pytest.mark.parametrize("angle", [0, 30, 45])
def test_two_large_discs_have_the_exact_ratio_of_hull_to_perimeter(angle: float) -> None:
    mask, exact = overlapping_discs(200, 10, angle)
    assert convexity(mask) == pytest.approx(exact, abs=0.006)


@few
@given(seed=st.integers(0, 10_000))
def test_convexity_does_not_depend_on_being_turned_by_a_quarter_or_mirrored(seed: int) -> None:
    mask = random_blob(seed)
    expected = convexity(mask)
    for other in (np.rot90(mask), mask[::-1], mask.T):
        assert convexity(other) == pytest.approx(expected, abs=1e-5)


def test_many_outlines_at_once_are_the_same_as_one_by_one() -> None:
    masks = [random_blob(seed) for seed in range(12)] + [np.ones((1, 1), dtype=np.bool_), np.ones((1, 7), dtype=np.bool_)]
    together = trace_all(masks)
    parts: list[NDArray[np.complex128]] = np.split(together.points, np.cumsum(together.counts)[:-1])
    for mask, points, value in zip(masks, parts, convexities(together), strict=True):
        assert np.allclose(np.column_stack([points.imag, points.real]), trace(mask).points)
        assert value == pytest.approx(convexity(mask), abs=1e-5)


def test_a_single_pixel_has_four_sides() -> None:
    assert sorted(trace(np.ones((1, 1), dtype=np.bool_)).sides.tolist()) == [[-0.5, 0], [0, -0.5], [0, 0.5], [0.5, 0]]


def test_pieces_of_a_mask_are_joined_into_one_outline() -> None:
    mask = np.zeros((12, 40), dtype=np.bool_)
    mask[2:10, 2:10] = mask[2:10, 30:38] = mask[4:8, 18:22] = True
    sides = {tuple(side) for side in trace(mask).sides.tolist()}
    assert sides == outer_sides(mask)
    assert 0 < convexity(mask) < 1


def test_an_empty_mask_has_no_outline() -> None:
    with pytest.raises(ValueError, match="empty"):
        trace(np.zeros((4, 4), dtype=np.bool_))
