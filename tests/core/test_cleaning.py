"""Specks and small holes go, gaps between particles stay, and what touches the border goes where that is wanted."""

from __future__ import annotations

from math import pi

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from lycurgus.core.cleaning import AT_BORDER, SPECK, analysed_field, clean, clean_foreground
from lycurgus.core.params import CleaningParams
from lycurgus.core.progress import never, silent
from lycurgus.core.separate.uecs import UecsParams, UecsSeparator
from lycurgus.core.types import BBox, Detection, PixelSize
from shapes import Mask, disc, instance_of, rectangle

SHAPE = (120, 160)
ALL = np.ones(SHAPE, dtype=bool)
SQUARE = np.ones((3, 3), dtype=bool)


def cleaned(*masks: Mask, usable: Mask = ALL, pixel_size: PixelSize | None = None, **params: object) -> tuple[list[int], dict[str, int]]:
    """Areas of what stays, and what went."""
    result = clean([instance_of(mask) for mask in masks], usable, CleaningParams.model_validate(params), pixel_size)
    return [instance.area_px for instance in result.kept], result.removed


def square(side: int, y0: int = 50, x0: int = 50) -> Mask:
    return rectangle(SHAPE, (y0 + (side - 1) / 2, x0 + (side - 1) / 2), side, side)


def test_specks_go_by_area_where_the_pixel_size_is_unknown() -> None:
    assert cleaned(square(5), square(6), speck_px=30) == ([36], {SPECK: 1})


def test_specks_go_by_diameter_where_the_pixel_size_is_known() -> None:
    size = PixelSize(0.1, 0.1, "user")  # 0.5 nm are 5 px, a disc of 19.6 px
    assert cleaned(square(4), square(5), pixel_size=size, speck_nm=0.5, speck_px=1000) == ([25], {SPECK: 1})


def test_the_diameter_of_a_speck_is_taken_from_both_sides_of_a_pixel() -> None:
    size = PixelSize(0.05, 0.2, "user")  # of the same area as 0.1 nm squared
    assert cleaned(square(4), square(5), pixel_size=size) == ([25], {SPECK: 1})


def test_fewer_than_four_pixels_are_a_speck_at_any_pixel_size() -> None:
    three = np.zeros(SHAPE, dtype=bool)
    three[40, 40:43] = True
    assert cleaned(three, square(2), pixel_size=PixelSize(5, 5, "user")) == ([4], {SPECK: 1})


@pytest.mark.parametrize(("side", "filled"), [(3, True), (4, False)])
def test_holes_are_filled_by_area_where_the_pixel_size_is_unknown(side: int, filled: bool) -> None:
    areas, _ = cleaned(square(30) & ~square(side, 60, 60), hole_px=16)
    assert areas == [900 if filled else 900 - side**2]


@pytest.mark.parametrize(("side", "filled"), [(4, True), (5, False)])
def test_holes_are_filled_by_diameter_where_the_pixel_size_is_known(side: int, filled: bool) -> None:
    areas, _ = cleaned(square(30) & ~square(side, 60, 60), pixel_size=PixelSize(0.1, 0.1, "user"))
    assert areas == [900 if filled else 900 - side**2]


def test_no_hole_is_filled_when_the_limit_is_none() -> None:
    assert cleaned(square(30) & ~square(1, 60, 60), hole_px=0) == ([899], {})


def test_a_notch_in_the_edge_is_no_hole() -> None:
    assert cleaned(square(30) & ~square(3, 50, 60)) == ([891], {})


def test_a_hole_is_filled_even_where_another_particle_lies_in_it() -> None:
    assert cleaned(square(30) & ~square(5, 60, 60), square(5, 60, 60), speck_px=10) == ([900, 25], {})


@pytest.mark.parametrize(("border", "left"), [("remove", 1), ("exclude", 5), ("keep", 5)])
def test_particles_at_the_border_go_only_where_that_is_wanted(border: str, left: int) -> None:
    at_border = [square(10, 0, 50), square(10, 50, 0), square(10, 110, 50), square(10, 50, 150)]
    areas, removed = cleaned(square(10, 1, 1), *at_border, border=border)
    assert len(areas) == left
    assert removed == ({AT_BORDER: 4} if left == 1 else {})


def test_the_border_is_that_of_the_analysed_field() -> None:
    usable = ALL.copy()
    usable[100:] = False  # a data bar
    usable[10:20, 10:20] = False  # a letter
    assert analysed_field(usable) == BBox(0, 0, 100, 160)
    assert cleaned(square(10, 90, 50), square(10, 89, 50), square(6, 21, 12), usable=usable, border="remove") == ([100, 36], {AT_BORDER: 1})


def test_nothing_usable_is_no_field() -> None:
    assert analysed_field(~ALL) == BBox(0, 0, 0, 0)


def test_specks_of_a_foreground_go_at_once_and_are_counted() -> None:
    foreground = square(29)
    foreground[::4, ::4] = True
    result = clean_foreground(foreground, CleaningParams(), None)
    np.testing.assert_array_equal(result.foreground, square(29))
    assert result.removed == {SPECK: 30 * 40 - 7 * 7}


def test_the_foreground_that_is_given_is_left_as_it_is() -> None:
    foreground = square(30) & ~square(1, 60, 60)
    before = foreground.copy()
    clean_foreground(foreground, CleaningParams(), None)
    np.testing.assert_array_equal(foreground, before)


def test_a_pinhole_within_a_particle_is_filled() -> None:
    whole = disc(SHAPE, (60, 60), 90)
    pinholes = disc(SHAPE, (60, 60), 3) | disc(SHAPE, (45, 72), 4)
    np.testing.assert_array_equal(clean_foreground(whole & ~pinholes, CleaningParams(), None).foreground, whole)


def test_a_pinhole_does_not_make_uecs_split_a_particle() -> None:
    particle = (disc(SHAPE, (60, 50), 60) | disc(SHAPE, (60, 108), 60)) & ~disc(SHAPE, (60, 50), 4)
    foreground = clean_foreground(particle, CleaningParams(), None).foreground
    found = UecsSeparator().separate(Detection(foreground, "bright"), UecsParams(), None, progress=silent, cancel=never)
    assert [one.area_px for one in found.instances] == pytest.approx([pi * 900] * 2, rel=0.03)


def test_the_gap_between_particles_that_touch_stays_open() -> None:
    triangle = disc(SHAPE, (40, 60), 24) | disc(SHAPE, (40, 83), 24) | disc(SHAPE, (60, 71.5), 24)
    gaps = ndimage.binary_fill_holes(triangle) & ~triangle
    assert 0 < gaps.sum() < CleaningParams().hole_px
    np.testing.assert_array_equal(clean_foreground(triangle, CleaningParams(), None).foreground, triangle)


def test_large_holes_stay_open() -> None:
    ring = disc(SHAPE, (60, 60), 60) & ~disc(SHAPE, (60, 60), 10)
    np.testing.assert_array_equal(clean_foreground(ring, CleaningParams(), None).foreground, ring)


@given(seed=st.integers(0, 10_000), sigma=st.floats(0.5, 4), level=st.floats(0.2, 0.8))
@settings(max_examples=20, derandomize=True, deadline=None)
def test_cleaning_a_foreground_keeps_large_regions_and_adds_only_holes(seed: int, sigma: float, level: float) -> None:
    smooth = cv2.GaussianBlur(np.random.default_rng(seed).standard_normal((80, 90)), (0, 0), sigma)
    foreground = np.asarray(smooth > np.quantile(smooth, level))
    labels, count = ndimage.label(foreground, SQUARE)
    large = (np.bincount(labels.ravel()) >= 30) & (np.arange(count + 1) > 0)
    result = clean_foreground(foreground, CleaningParams(), None)
    assert (result.foreground | ~large[labels]).all()
    assert (ndimage.binary_fill_holes(large[labels]) | ~result.foreground).all()
    assert result.removed.get(SPECK, 0) == count - large.sum()


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (1, 50)])
def test_foregrounds_of_any_shape_are_cleaned(shape: tuple[int, int]) -> None:
    assert clean_foreground(np.zeros(shape, dtype=bool), CleaningParams(), None).foreground.shape == shape
    assert clean_foreground(np.ones(shape, dtype=bool), CleaningParams(speck_px=1), None).foreground.all()


def test_a_full_foreground_stays_full() -> None:
    assert clean_foreground(ALL, CleaningParams(), None).foreground.all()
