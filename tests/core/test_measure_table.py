"""Measured numbers against shapes of known size, at every angle and place on the grid of pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ellipe

from lycurgus.core.measure_table import Table, measure_mask, measure_table
from lycurgus.core.types import BBox, Instance
from shapes import Mask, disc, ellipse, instance_of, rectangle

few = settings(max_examples=40, derandomize=True, deadline=None)
SIZES = [20, 32, 64, 150]
DRAWS = 60


def drawn(make: Callable[[tuple[int, int], tuple[float, float], float], Mask], size: float) -> Table:
    """Measure a shape at many places between pixels and many angles."""
    rng = np.random.default_rng(round(size))
    side = int(1.5 * size) + 8
    masks = [make((side, side), tuple(side / 2 + rng.uniform(-0.5, 0.5, 2)), rng.uniform(0, 180)) for _ in range(DRAWS)]
    return measure_table([instance_of(mask) for mask in masks])


@pytest.mark.parametrize("diameter", [5, 6, 8, 10, 14, *SIZES, 400])
def test_a_disc_is_as_wide_as_it_is_and_round(diameter: int) -> None:
    table = drawn(lambda shape, centre, _: disc(shape, centre, diameter), diameter)
    for name in ("equivalent_diameter", "fitted_circle_diameter", "major_axis", "minor_axis"):
        limit = 0.01 if "axis" not in name or diameter >= 20 else 0.06
        assert table[name].mean() == pytest.approx(diameter, rel=limit), name
    assert table["perimeter"].mean() == pytest.approx(np.pi * diameter, rel=0.01)
    assert table["circularity"].mean() == pytest.approx(1, abs=0.025)
    assert np.all(table["solidity"] == 1)
    assert np.all(table["convexity"] > 0.99)
    if diameter >= 20:
        for name in ("feret_max", "feret_min", "feret_90"):
            assert table[name].mean() == pytest.approx(diameter, rel=0.02), name
        assert table["aspect_ratio"].mean() > 0.95


@pytest.mark.parametrize("major", SIZES)
def test_an_ellipse_has_the_axes_it_was_drawn_with(major: int) -> None:
    minor = 0.6 * major
    table = drawn(lambda shape, centre, angle: ellipse(shape, centre, major, minor, angle), major)
    assert table["equivalent_diameter"].mean() == pytest.approx(np.sqrt(major * minor), rel=0.01)
    for name, truth in {"major_axis": major, "feret_max": major, "minor_axis": minor, "feret_min": minor, "feret_90": minor}.items():
        assert table[name].mean() == pytest.approx(truth, rel=0.02), name
    assert table["perimeter"].mean() == pytest.approx(2 * major * ellipe(1 - 0.6**2), rel=0.02)
    assert table["ellipse_ratio"].mean() == pytest.approx(0.6, rel=0.02)
    assert table["eccentricity"].mean() == pytest.approx(0.8, rel=0.02)
    assert np.all(table["solidity"] == 1)


@pytest.mark.parametrize("side", SIZES)
def test_a_square_has_its_side_its_diagonal_and_four_sides(side: int) -> None:
    table = drawn(lambda shape, centre, angle: rectangle(shape, centre, side, side, angle), side)
    assert table["area"].mean() == pytest.approx(side**2, rel=0.01)
    assert table["feret_max"].mean() == pytest.approx(np.sqrt(2) * side, rel=0.02)
    # The smallest of all diameters comes out of four noisy ones, and a straight side at a slant shows its last pixels only.
    assert table["feret_min"].mean() == pytest.approx(side, abs=0.5)
    assert table["perimeter"].mean() == pytest.approx(4 * side, rel=0.02)
    assert np.all(table["solidity"] == 1)
    assert np.all(table["convexity"] > 0.985)


@pytest.mark.parametrize("side", [2, 3, 7, 20, 100])
def test_a_square_along_the_axes_is_exact_but_for_the_smallest_corners(side: int) -> None:
    measured = measure_mask(np.ones((side, side), dtype=np.bool_))
    assert measured["feret_min"] == pytest.approx(side, rel=1e-6)
    assert measured["feret_max"] == pytest.approx(np.sqrt(2) * side, abs=0.45)
    assert measured["perimeter"] == pytest.approx(4 * side, abs=1.3)
    assert measured["area"] == measured["convex_area"] == side**2
    assert measured["major_axis"] == pytest.approx(measured["minor_axis"])


@pytest.mark.parametrize("length", SIZES)
def test_a_rectangle_has_its_width_and_its_diagonal(length: int) -> None:
    width = length / 2
    table = drawn(lambda shape, centre, angle: rectangle(shape, centre, length, width, angle), length)
    assert table["feret_max"].mean() == pytest.approx(np.hypot(length, width), rel=0.02)
    assert table["feret_min"].mean() == pytest.approx(width, abs=0.5)
    assert table["perimeter"].mean() == pytest.approx(2 * (length + width), rel=0.02)
    assert np.all(table["solidity"] == 1)


@few
@given(angle=st.floats(0, 180), dy=st.floats(-0.5, 0.5), dx=st.floats(-0.5, 0.5))
def test_aspect_ratio_and_orientation_follow_the_particle_when_it_turns(angle: float, dy: float, dx: float) -> None:
    measured = measure_mask(ellipse((180, 180), (90 + dy, 90 + dx), 120, 48, angle))
    assert measured["aspect_ratio"] == pytest.approx(0.4, rel=0.03)
    assert measured["ellipse_ratio"] == pytest.approx(0.4, rel=0.02)
    assert measured["extent"] == pytest.approx(np.pi / 4, rel=0.03)
    for name in ("orientation", "feret_angle"):
        assert 0 <= measured[name] < 180
        assert abs((measured[name] - angle + 90) % 180 - 90) < (0.5 if name == "orientation" else 6), name


def test_angles_are_counted_counter_clockwise_from_the_x_axis_with_y_upwards() -> None:
    rising = np.eye(20, dtype=np.bool_)[::-1]  # from bottom left to top right on the screen
    measured = measure_mask(rising)
    assert measured["orientation"] == pytest.approx(45)
    assert measured["feret_angle"] == pytest.approx(45)
    assert measure_mask(np.ones((20, 3), dtype=np.bool_))["orientation"] == pytest.approx(90)


@pytest.mark.parametrize("diameter", [30, 100])
def test_a_particle_with_a_notch_has_the_solidity_and_perimeter_of_its_shape(diameter: int) -> None:
    """Three quarters of a disc: the hull closes the missing quarter with its chord."""
    table = drawn(lambda shape, centre, _: disc(shape, centre, diameter) & ~_quarter(shape, centre), diameter)
    radius = diameter / 2
    area, hull = 3 * np.pi / 4 * radius**2, (3 * np.pi / 4 + 0.5) * radius**2
    perimeter, convex_perimeter = (3 * np.pi / 2 + 2) * radius, (3 * np.pi / 2 + np.sqrt(2)) * radius
    assert table["area"].mean() == pytest.approx(area, rel=0.02)
    assert table["solidity"].mean() == pytest.approx(area / hull, rel=0.02)
    assert table["perimeter"].mean() == pytest.approx(perimeter, rel=0.03)
    assert table["convex_perimeter"].mean() == pytest.approx(convex_perimeter, rel=0.02)
    assert table["convexity"].mean() == pytest.approx(convex_perimeter / perimeter, rel=0.02)


def _quarter(shape: tuple[int, int], centre: tuple[float, float]) -> Mask:
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.asarray((y > centre[0]) & (x > centre[1]))


def test_a_hole_lowers_the_area_and_leaves_the_outline() -> None:
    whole = disc((60, 60), (30, 30), 50)
    ring = whole & ~disc((60, 60), (30, 30), 20)
    full, hollow = measure_mask(whole), measure_mask(ring)
    assert hollow["area"] < full["area"]
    for name in ("perimeter", "feret_max", "feret_min", "convex_area", "convexity", "fitted_circle_diameter"):
        assert hollow[name] == full[name], name


@pytest.mark.parametrize("scale", [(1.0, 1.0), (0.5, 0.3)])
def test_no_circle_is_given_for_what_is_hardly_bent(scale: tuple[float, float]) -> None:
    crescent = disc((90, 420), (600, 210), 1140) & ~disc((90, 420), (608, 210), 1140)
    strip = rectangle((60, 200), (30, 100), 150, 4, 20)
    row = np.ones((1, 40), dtype=np.bool_)
    round_ones = (disc((60, 60), (30, 30), 40), ellipse((60, 90), (30, 45), 60, 40, 30), np.ones((1, 1), dtype=np.bool_))
    table = measure_table([instance_of(mask) for mask in (crescent, strip, row, *round_ones)], scale=scale)
    assert np.isnan(table["fitted_circle_diameter"][:3]).all()
    assert np.all(table["fitted_circle_diameter"][3:] <= 1.5 * table["feret_max"][3:])
    assert np.isfinite(table["feret_max"]).all()


@st.composite
def any_masks(draw: st.DrawFn) -> Mask:
    """Masks of every kind: specks, lines, pieces, holes."""
    height, width = draw(st.integers(1, 14)), draw(st.integers(1, 14))
    mask = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).random((height, width)) < draw(st.floats(0.05, 1))
    mask[draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))] = True
    return mask


@few
@given(mask=any_masks())
def test_every_mask_has_finite_numbers_that_fit_together(mask: Mask) -> None:
    plane = np.arange(mask.size, dtype=np.float64).reshape(mask.shape)
    measured = measure_mask(mask, plane)
    circle = measured.pop("fitted_circle_diameter")
    assert np.isnan(circle) or 0 < circle <= 1.5 * measured["feret_max"]
    assert all(np.isfinite(value) for value in measured.values())
    assert 0 < measured["solidity"] <= 1
    assert 0 < measured["convexity"] < 1.0001
    assert measured["feret_min"] <= measured["feret_90"] + 1e-5
    assert measured["feret_90"] <= measured["feret_max"] + 1e-5
    assert 0 <= measured["feret_angle"] < 180
    assert 0 <= measured["orientation"] < 180


@few
@given(mask=any_masks())
def test_numbers_do_not_depend_on_quarter_turns(mask: Mask) -> None:
    before, after = measure_mask(mask), measure_mask(np.rot90(mask))
    # Of several pairs of corners equally far apart, either may be taken, and with it the direction of the 90° diameter.
    for name in ("area", "convex_area", "feret_max", "feret_min", "major_axis", "minor_axis", "solidity"):
        assert after[name] == pytest.approx(before[name], rel=1e-4, abs=1e-4), name


@few
@given(mask=any_masks(), sy=st.floats(0.1, 3), sx=st.floats(0.1, 3))
def test_lengths_in_other_units_are_those_of_the_stretched_shape(mask: Mask, sy: float, sx: float) -> None:
    plain, scaled = measure_mask(mask, scale=(sy, sy)), measure_mask(mask)
    for name in ("feret_max", "feret_min", "perimeter", "convex_perimeter", "major_axis", "fitted_circle_diameter"):
        assert plain[name] == pytest.approx(sy * scaled[name], rel=1e-4, nan_ok=True), name
    turned, stretched = measure_mask(np.rot90(mask), scale=(sx, sy)), measure_mask(mask, scale=(sy, sx))
    for name in ("area", "feret_max", "feret_min", "minor_axis", "convex_area"):
        assert turned[name] == pytest.approx(stretched[name], rel=1e-3, abs=1e-4), name


def test_a_single_pixel_is_a_square_of_one_pixel() -> None:
    measured = measure_mask(np.ones((1, 1), dtype=np.bool_), np.full((1, 1), 7))
    assert measured["area"] == measured["convex_area"] == measured["feret_min"] == 1
    assert measured["perimeter"] == pytest.approx(4)
    assert (measured["intensity_mean"], measured["intensity_sd"]) == (7, 0)


def test_a_row_of_pixels_is_as_long_as_the_row() -> None:
    measured = measure_mask(np.ones((1, 9), dtype=np.bool_))
    assert measured["feret_max"] == pytest.approx(9, abs=0.01)
    assert measured["feret_min"] == pytest.approx(1, abs=0.01)
    assert measured["feret_angle"] == pytest.approx(0)
    assert measured["convex_area"] == 9


def test_pieces_are_measured_as_one_particle() -> None:
    mask = np.zeros((10, 40), dtype=np.bool_)
    mask[:, :10] = mask[:, 30:] = True
    measured = measure_mask(mask)
    assert measured["area"] == 200
    assert measured["convex_area"] == 400
    assert measured["feret_max"] == pytest.approx(np.hypot(10, 40), rel=0.01)
    assert 0 < measured["convexity"] < 1


def test_values_that_are_not_finite_do_not_count_as_intensity() -> None:
    plane = np.array([[1.0, np.nan, 3.0], [np.inf, 5.0, -np.inf]])
    measured = measure_mask(np.ones((2, 3), dtype=np.bool_), plane)
    assert (measured["intensity_mean"], measured["intensity_sd"]) == (3, 2)
    assert (measured["intensity_min"], measured["intensity_max"]) == (1, 5)


def test_a_particle_without_a_finite_value_has_no_intensity_and_disturbs_no_other() -> None:
    plane = np.full((4, 8), np.nan)
    plane[:, 4:] = 2.0
    left, right = Instance(BBox(0, 0, 4, 4), np.ones((4, 4), dtype=np.bool_)), Instance(BBox(0, 4, 4, 8), np.ones((4, 4), dtype=np.bool_))
    table = measure_table([left, right], plane)
    assert np.array_equal(table["intensity_mean"], [np.nan, 2], equal_nan=True)
    assert np.array_equal(table["intensity_max"], [np.nan, 2], equal_nan=True)


def test_many_particles_at_once_are_the_same_as_one_by_one() -> None:
    rng = np.random.default_rng(5)
    plane = rng.random((200, 200))
    instances = []
    for size in (1, 2, 3, 5, 9, 14, 33, 80, 150):
        crop = np.pad(rng.random((size, size)) < 0.7, ((0, 1), (0, 1)))
        crop[0, 0] = True
        y, x = rng.integers(0, 49, 2).tolist()
        instances.append(Instance(BBox(y, x, y + size + 1, x + size + 1), crop))
    together = measure_table(instances, plane)
    for i, instance in enumerate(instances):
        alone = measure_table([instance], plane)
        for name, column in together.items():
            # Where two diameters are equally large, rounding decides which of them gives the angle.
            if name not in {"feret_angle", "feret_90"}:
                assert column[i] == pytest.approx(alone[name][0], rel=1e-5, abs=1e-9), name


def test_a_list_of_more_pixels_than_are_held_at_once_is_measured_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    instances = [instance_of(disc((40, 40), (20, 20), diameter)) for diameter in (6, 12, 20, 30)]
    whole = measure_table(instances)
    monkeypatch.setattr("lycurgus.core.measure_table._PIXELS_AT_ONCE", 200)
    parts = measure_table(instances)
    for name, column in whole.items():
        assert np.allclose(parts[name], column, equal_nan=True), name


def test_an_empty_mask_cannot_be_measured() -> None:
    with pytest.raises(ValueError, match="empty"):
        measure_mask(np.zeros((3, 3), dtype=np.bool_))
