"""Bars of every style are as long as they were drawn."""

from __future__ import annotations

import numpy as np
import pytest

from calibration_bars import data_bar, ground, with_bar, with_end_marks, with_ruler, written
from lycurgus.calibration.scale_bar import FoundBar, find_bars
from lycurgus.core.annotations import find_annotations
from lycurgus.core.params import AnnotationParams


def best_bar(picture: np.ndarray) -> FoundBar:
    return find_bars(picture, find_annotations(picture, AnnotationParams()))[0]


@pytest.mark.parametrize("ink", [0, 255, 40, 215])
@pytest.mark.parametrize(("left", "right"), [(60.0, 180.0), (401.5, 600.25), (300.75, 331.0)])
def test_a_bar_is_measured_finer_than_a_pixel(ink: int, left: float, right: float) -> None:
    found = best_bar(with_bar(ground(noise=5), left, right, ink=ink))
    assert found.length_px == pytest.approx(right - left, abs=0.6)
    assert found.left_px == pytest.approx(left, abs=0.6)


def test_an_outline_and_a_particle_that_touches_do_not_prolong_a_bar() -> None:
    picture = ground()
    picture[440:500, 150:210] = 0
    picture[465:483, 99:301] = 255
    picture[466:482, 100:300] = 0
    assert best_bar(picture).length_px == pytest.approx(200, abs=1.5)


def test_the_outer_edges_of_end_marks_are_the_ends() -> None:
    found = best_bar(with_end_marks(ground(), 380, 560, ink=255))
    assert found.style == "line with end marks"
    assert found.length_px == pytest.approx(180, abs=2)
    assert found.uncertainty_px >= 1


def test_a_line_around_its_label_is_one_bar() -> None:
    picture = data_bar(ground())
    picture[530:532, 400:460] = picture[530:532, 540:600] = 255
    picture[522:540, 400:402] = picture[522:540, 598:600] = 255
    found = best_bar(written(picture, "5 µm", (518, 470), ink=255, size=20))
    assert found.style == "line around its label"
    assert found.length_px == pytest.approx(200, abs=2)


@pytest.mark.parametrize("spacing", [12.0, 20.3, 40.0])
def test_a_ruler_is_as_long_as_ten_of_its_intervals(spacing: float) -> None:
    found = best_bar(with_ruler(data_bar(ground()), 130, spacing, row=520))
    assert found.style == "ruler"
    assert found.length_px == pytest.approx(10 * spacing, abs=0.6)
    assert found.in_data_bar


def test_a_ruler_that_lacks_ticks_is_not_trusted() -> None:
    bars = find_bars(picture := with_ruler(data_bar(ground()), 130, 30, row=520, ticks=8), find_annotations(picture, AnnotationParams()))
    assert all(bar.sureness < 0.5 for bar in bars if bar.style == "ruler")


def test_a_bar_cut_by_the_border_is_not_trusted() -> None:
    picture = ground()
    whole, cut = best_bar(with_bar(picture, 440, 620, ink=255)), best_bar(with_bar(picture, 460, 640, ink=255))
    assert cut.sureness < 0.5 * whole.sureness


def test_particles_and_noise_are_no_bars() -> None:
    picture = ground(noise=14)
    assert all(bar.sureness < 0.5 for bar in find_bars(picture, find_annotations(picture, AnnotationParams())))
