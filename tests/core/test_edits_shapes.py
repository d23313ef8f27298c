"""Shapes that a hand draws cover the pixels whose centres lie inside them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import shapes
from hand_work import full_mask
from lycurgus.core.drawn_shapes import circle, ellipse, polygon
from lycurgus.core.errors import EditError

SHAPE = (80, 100)
few = settings(max_examples=30, derandomize=True, deadline=None)


@given(st.floats(-5, 85), st.floats(-5, 105), st.floats(3, 30), st.floats(0.3, 1), st.floats(0, 180))
@few
def test_an_ellipse_covers_the_centres_inside_it(y: float, x: float, major: float, ratio: float, angle: float) -> None:
    expected = shapes.ellipse(SHAPE, (y, x), major, ratio * major, angle)
    if not expected.any():
        with pytest.raises(EditError):
            ellipse((y, x), major_px=major, minor_px=ratio * major, angle_deg=angle, shape=SHAPE)
        return
    drawn = ellipse((y, x), major_px=major, minor_px=ratio * major, angle_deg=angle, shape=SHAPE)
    # Instances keep their largest piece; thin ellipses cut off by the image stay in one.
    assert np.array_equal(full_mask(drawn, SHAPE), expected)


@given(st.lists(st.floats(3, 35), min_size=5, max_size=40), st.floats(30, 50), st.floats(40, 60))
@few
def test_a_star_shaped_outline_covers_the_centres_inside_it(radii: list[float], y: float, x: float) -> None:
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    outline = np.column_stack([y + np.array(radii) * np.sin(angles), x + np.array(radii) * np.cos(angles)])
    drawn = full_mask(polygon(outline, shape=SHAPE), SHAPE)
    # Inside is what lies left of the nearest edge, in the sector between two corners.
    grid_y, grid_x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    sector = (np.floor(np.mod(np.arctan2(grid_y - y, grid_x - x), 2 * np.pi) / (2 * np.pi) * len(radii)).astype(int)) % len(radii)
    a, b = outline[sector], np.roll(outline, -1, axis=0)[sector]
    side = (b[..., 1] - a[..., 1]) * (grid_y - a[..., 0]) - (b[..., 0] - a[..., 0]) * (grid_x - a[..., 1])
    clear = np.abs(side) > 1e-6
    thin = drawn != (side > 0)
    # Spikes thinner than a pixel may come off the largest piece; they are few.
    assert np.count_nonzero(thin & clear & drawn) == 0
    assert np.count_nonzero(thin & clear) <= 0.02 * max(drawn.sum(), 50)


def test_a_square_of_whole_pixels_is_exact() -> None:
    mask = full_mask(polygon([(9.5, 19.5), (9.5, 29.5), (14.5, 29.5), (14.5, 19.5)], shape=SHAPE), SHAPE)
    expected = np.zeros(SHAPE, dtype=np.bool_)
    expected[10:15, 20:30] = True
    assert np.array_equal(mask, expected)


def test_the_direction_of_drawing_does_not_matter() -> None:
    outline = [(10.2, 20.1), (40.7, 25.3), (33.3, 60.9), (12.8, 55.5)]
    forwards, backwards = polygon(outline, shape=SHAPE), polygon(outline[::-1], shape=SHAPE)
    assert np.array_equal(full_mask(forwards, SHAPE), full_mask(backwards, SHAPE))


def test_a_hand_that_goes_round_twice_draws_one_solid_shape() -> None:
    turns = np.linspace(0, 4 * np.pi, 200, endpoint=False)
    radius = 20 + 1.5 * np.sin(0.5 * turns)
    mask = polygon(np.column_stack([40 + radius * np.sin(turns), 50 + radius * np.cos(turns)]), shape=SHAPE).mask
    assert mask[mask.shape[0] // 2, mask.shape[1] // 2]
    assert mask.sum() > np.pi * 20**2


def test_of_two_lobes_with_no_pixel_between_them_the_larger_counts() -> None:
    lobes = [(10.1, 10.1), (30.1, 10.1), (20.3, 30.1), (20.3, 60.1), (26.1, 70.1), (15.1, 70.1), (20.2, 60.1), (20.2, 30.1)]
    drawn = polygon(lobes, shape=SHAPE)
    assert drawn.bbox.x1 <= 31


def test_a_circle_is_cut_off_at_the_image() -> None:
    drawn = circle((0, 0), 10, shape=SHAPE)
    assert drawn.bbox == (0, 0, 11, 11)
    assert drawn.area_px == np.count_nonzero(shapes.disc(SHAPE, (0, 0), 20))


@pytest.mark.parametrize(
    "draw",
    [
        lambda: circle((200, 200), 10, shape=SHAPE),
        lambda: circle((40, 40), 0, shape=SHAPE),
        lambda: circle((40, 40), float("inf"), shape=SHAPE),
        lambda: circle((40.5, 40.5), 0.2, shape=SHAPE),
        lambda: circle((float("nan"), 40), 5, shape=SHAPE),
        lambda: ellipse((40, 40), major_px=5, minor_px=-1, shape=SHAPE),
        lambda: polygon([(1, 1), (5, 5)], shape=SHAPE),
        lambda: polygon([(1, 1), (5, 5), (9, 9)], shape=SHAPE),
        lambda: polygon([(-9, -9), (-5, -5), (-9, -1)], shape=SHAPE),
        lambda: polygon(np.zeros((4, 3)), shape=SHAPE),
    ],
)
def test_what_covers_no_pixel_is_refused_with_a_sentence(draw) -> None:
    with pytest.raises(EditError):
        draw()
