"""Zooming, panning and fitting as arithmetic, and the scale bar that follows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF

from lycurgus.core.types import BBox, PixelSize
from lycurgus.ui.viewer.furniture import bar_for
from lycurgus.ui.viewer.view import LARGEST_SCALE, View, bounding

SHAPE = (300, 500)
positions = st.floats(0, 299)
scales = st.floats(0.2, 40)
on_screen = st.builds(QPointF, st.floats(0, 800), st.floats(0, 600))


@given(y=positions, x=positions, scale=scales, at=on_screen)
def test_a_point_on_screen_is_the_same_point_of_the_image_and_back(y: float, x: float, scale: float, at: QPointF) -> None:
    view = View(y, x, scale, 800, 600)
    back = view.to_screen(*view.to_image(at))
    assert (back.x(), back.y()) == pytest.approx((at.x(), at.y()), abs=1e-6)


@given(scale=scales, factor=st.floats(0.5, 2), at=on_screen)
def test_zooming_keeps_the_place_under_the_cursor(scale: float, factor: float, at: QPointF) -> None:
    large = (10_000, 10_000)  # far from the edges, which hold the view back
    view = View(5000, 5000, scale, 800, 600)
    zoomed = view.zoomed(factor, at, large)
    assert zoomed.to_image(at) == pytest.approx(view.to_image(at), abs=1e-6)


@given(width=st.integers(60, 3000), height=st.integers(60, 3000))
def test_a_fitted_image_is_seen_whole_and_touches_the_margin(width: int, height: int) -> None:
    view = View(width=width, height=height).fitted(SHAPE, margin=8)
    rect = view.screen_rect(0, 0, *SHAPE)
    assert min(rect.left(), width - rect.right(), rect.top(), height - rect.bottom()) == pytest.approx(8, abs=1e-6)
    assert rect.center().x() == pytest.approx(width / 2)
    assert rect.width() / rect.height() == pytest.approx(SHAPE[1] / SHAPE[0])


def test_pixel_centres_lie_on_whole_numbers() -> None:
    view = View(0, 0, 10, 100, 100)
    centre = view.to_screen(0, 0)
    rect = view.screen_rect(0, 0, 1, 1)
    assert (rect.center().x(), rect.center().y()) == (centre.x(), centre.y()) == (50, 50)
    assert rect.width() == 10


@given(moves=st.lists(st.builds(QPointF, st.floats(-900, 900), st.floats(-900, 900)), max_size=5))
def test_the_middle_of_the_widget_never_leaves_the_image(moves: list[QPointF]) -> None:
    view = View(100, 100, 2, 800, 600)
    for move in moves:
        view = view.panned(move, SHAPE)
    assert 0 <= view.y <= SHAPE[0] - 1
    assert 0 <= view.x <= SHAPE[1] - 1


def test_zoom_has_ends() -> None:
    view = View(width=800, height=600).fitted(SHAPE)
    for _ in range(60):
        view = view.zoomed(2, QPointF(400, 300), SHAPE)
    assert view.scale == LARGEST_SCALE
    for _ in range(60):
        view = view.zoomed(0.5, QPointF(400, 300), SHAPE)
    assert view.scale * max(SHAPE) == pytest.approx(48)


def test_the_visible_box_holds_every_pixel_that_is_partly_seen() -> None:
    view = View(y=49.5, x=49.5, scale=10, width=100, height=60)  # edges at x 44.5 and 54.5, y 46.5 and 52.5
    assert view.visible_box((100, 100)) == BBox(47, 45, 53, 55)
    assert view.visible_box((40, 40)) is None


def test_a_view_is_filled_with_image_where_it_can_be() -> None:
    view = View(y=5, x=250, scale=4, width=400, height=300).filled(SHAPE)
    y0, x0, y1, x1 = view.bounds
    assert (y0, y1) == (-0.5, 74.5)
    assert (x0, x1) == (200, 300)
    assert View(y=5, x=5, scale=0.5, width=400, height=300).filled(SHAPE).x == (SHAPE[1] - 1) / 2


def test_a_box_around_boxes_holds_them_all() -> None:
    assert bounding([BBox(3, 8, 5, 9), BBox(1, 10, 4, 12)]) == BBox(1, 8, 5, 12)


@given(scale=st.floats(0.3, 60), size_nm=st.floats(0.01, 50))
def test_the_scale_bar_is_a_round_length_that_follows_the_zoom(scale: float, size_nm: float) -> None:
    view = View(500, 500, scale, 800, 600)
    bar = bar_for(view, (1000, 1000), PixelSize(size_nm, size_nm, "user"))
    seen = view.visible_box((1000, 1000))
    assert seen is not None
    assert bar.length_px <= 0.3 * seen.width
    assert bar.length_px >= 0.1 * seen.width
    number, unit = bar.label.split()
    assert f"{float(number):e}"[0] in "125"
    in_nm = {"pm": 1e-3, "nm": 1, "µm": 1e3, "mm": 1e6}[unit]
    assert float(number) * in_nm == pytest.approx(bar.length_px * size_nm)


def test_without_calibration_the_scale_bar_is_in_px() -> None:
    assert bar_for(View(50, 50, 8, 800, 600), (100, 100), None).label == "20 px"
