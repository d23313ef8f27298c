"""The layer of outlines: where they lie, how they look, and which particle is under the mouse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from lycurgus.core.types import BBox, Particle
from lycurgus.exporters import palette
from lycurgus.services.settings import OverlaySettings
from lycurgus.ui.viewer.colouring import EXCLUDED, colouring, flag_of, matched_colouring, particle_text, shades
from lycurgus.ui.viewer.hits import HitIndex
from lycurgus.ui.viewer.overlay import Overlay, Tracing
from lycurgus.ui.viewer.raster import FloatPoints, LineStyle, OutlineSet, Window, dashes, draw
from lycurgus.ui.viewer.view import View
from particles import particles_of
from shapes import disc

SHAPE = (120, 160)
RED = (255, 0, 0)


def circle(y: float, x: float, radius: float, points: int = 90) -> FloatPoints:
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])


def measured(*discs: tuple[tuple[float, float], float]) -> list[Particle]:
    """Particles at these discs (centre, diameter), with their own centres and areas."""
    found = particles_of(*(disc(SHAPE, centre, diameter) for centre, diameter in discs))
    return [
        replace(
            one,
            measurement=replace(
                one.measurement,
                y_px=centre[0],
                x_px=centre[1],
                area_px=float(one.instance.area_px),
                equivalent_diameter_px=diameter,
                equivalent_diameter_nm=None,
            ),
        )
        for one, (centre, diameter) in zip(found, discs, strict=True)
    ]


def painted(overlay: Overlay, view: View) -> np.ndarray:
    """What the overlay paints on transparent ground, (h, w, 4), blue, green, red, alpha."""
    image = QImage(view.width, view.height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    overlay.paint(painter, view, 1.0)
    painter.end()
    return np.frombuffer(image.constBits(), np.uint8).reshape(view.height, view.width, 4).copy()


def reddish(ink: np.ndarray) -> np.ndarray:
    """Where the counted particles' orange was drawn."""
    return ink[..., 2] > 60


def shown(particles: list[Particle], settings: OverlaySettings | None = None) -> Overlay:
    overlay = Overlay()
    overlay.set_settings(settings or OverlaySettings())
    overlay.set_particles(particles, Tracing(particles))
    return overlay


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0, 8.0])
@pytest.mark.parametrize("width", [1.0, 2.0, 4.0])
def test_an_outline_is_drawn_where_it_lies(scale: float, width: float) -> None:
    radius = 20.0
    outlines = OutlineSet([circle(30, 40, radius)])
    canvas = np.zeros((round(60 * scale), round(80 * scale), 4), np.uint8)
    draw(canvas, outlines, Window(-0.5, -0.5, scale, canvas.shape[1], canvas.shape[0]), np.array([0]), LineStyle(RED), width=width)
    y, x = np.nonzero(canvas[..., 3] > 100)
    distance = np.hypot((y + 0.5) / scale - 0.5 - 30, (x + 0.5) / scale - 0.5 - 40)
    assert distance.mean() == pytest.approx(radius, abs=0.35 / scale + 0.1)
    assert np.abs(distance - radius).max() <= (width / 2 + 1.6) / scale + 0.3


@pytest.mark.parametrize("width", [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0])
def test_a_line_is_about_as_wide_as_it_is_set(width: float) -> None:
    canvas = np.zeros((200, 200, 4), np.uint8)
    draw(canvas, OutlineSet([circle(99.7, 100.2, 60)]), Window(-0.5, -0.5, 1, 200, 200), np.array([0]), LineStyle(RED), width=width)
    assert canvas[..., 3].sum() / 255 / (2 * np.pi * 60) == pytest.approx(width, abs=0.5)


@pytest.mark.parametrize("place", [(-20, 100), (100, 210), (2, 2), (100, 100)])
def test_thick_lines_at_the_edge_of_the_canvas_are_cut_off_there(place: tuple[float, float]) -> None:
    outlines = OutlineSet([circle(*place, 30)])
    small, large = np.zeros((200, 200, 4), np.uint8), np.zeros((400, 400, 4), np.uint8)
    draw(small, outlines, Window(0, 0, 1, 200, 200), np.array([0]), LineStyle(RED), width=4)
    draw(large, outlines, Window(-100, -100, 1, 400, 400), np.array([0]), LineStyle(RED), width=4)
    inner = slice(5, -5)  # OpenCV smooths a line's cut end a little differently
    np.testing.assert_array_equal(small[inner, inner], large[100:300, 100:300][inner, inner])


@given(radii=st.lists(st.floats(4, 60), min_size=1, max_size=6), width=st.floats(0.5, 4))
def test_dashes_lie_on_their_outline_and_cover_their_share(radii: list[float], width: float) -> None:
    outlines = [circle(200, 200 + 500 * index, radius) for index, radius in enumerate(radii)]
    counts = np.array([len(outline) for outline in outlines])
    pieces = dashes(np.concatenate(outlines), counts, (5.0, 4.0), width)
    owner = np.rint((pieces[..., 0] - 200) / 500).astype(int)
    assert (owner == owner[:, :1]).all(), "no dash leads from one outline to another"
    distance = np.hypot(pieces[..., 0] - 200 - 500 * owner, pieces[..., 1] - 200)
    radius = np.array(radii)[owner]
    assert (np.abs(distance - radius) < 0.01 * radius).all()
    drawn = np.hypot(*np.diff(pieces, axis=1).T).sum(axis=0)
    for index, one in enumerate(radii):
        assert drawn[owner[:, 0] == index].sum() == pytest.approx(2 * np.pi * one * 5 / 9, rel=0.08)


def test_outlines_out_of_sight_cost_nothing_and_draw_nothing() -> None:
    outlines = OutlineSet([circle(500, 500, 20)])
    canvas = np.zeros((50, 50, 4), np.uint8)
    window = Window(0, 0, 1, 50, 50)
    assert not outlines.visible(window).any()
    draw(canvas, outlines, window, np.array([0]), LineStyle(RED), width=2)
    assert not canvas.any()


@pytest.mark.usefixtures("qapp")
def test_panning_moves_what_is_drawn_with_the_image() -> None:
    overlay = shown(measured(((60, 80), 40)))
    view = View(60, 80, 2, 200, 200)
    before = painted(overlay, view)
    after = painted(overlay, replace(view, x=85))
    np.testing.assert_array_equal(before[:, 10:], after[:, :-10])


@pytest.mark.usefixtures("qapp")
def test_what_is_drawn_after_a_pan_equals_what_is_drawn_at_once() -> None:
    """Beyond its margin the layer must draw anew."""
    particles = measured(((60, 80), 40), ((20, 20), 10))
    far = View(10, 10, 3, 150, 150)
    panned = shown(particles)
    painted(panned, View(110, 150, 3, 150, 150))
    np.testing.assert_array_equal(painted(panned, far) > 0, painted(shown(particles), far) > 0)


@pytest.mark.usefixtures("qapp")
def test_hidden_or_switched_off_nothing_is_drawn() -> None:
    view = View(60, 80, 2, 200, 200)
    overlay = shown(measured(((60, 80), 40)))
    assert painted(overlay, view).any()
    overlay.set_hidden(True)
    assert not painted(overlay, view).any()
    overlay.set_hidden(False)
    overlay.set_settings(OverlaySettings(visible=False))
    assert not painted(overlay, view).any()


@pytest.mark.usefixtures("qapp")
def test_excluded_particles_are_grey_broken_lines_and_can_be_left_out() -> None:
    excluded = [replace(one, excluded="by hand") for one in measured(((60, 80), 60))]
    view = View(60, 80, 2, 240, 240)
    ink = painted(shown(excluded, OverlaySettings(opacity=1)), view)
    light = (ink[..., 0] > 150) & (np.abs(ink[..., 0].astype(int) - ink[..., 2]) < 8)
    y, x = np.nonzero(light)
    angles = np.unique(np.rint(np.degrees(np.arctan2(y - 119.5, x - 119.5))))
    assert 100 < angles.size < 300, "some of the round is drawn and some is not"
    assert not painted(shown(excluded, OverlaySettings(excluded=False)), view).any()


@pytest.mark.usefixtures("qapp")
def test_a_selected_particle_is_drawn_thicker_and_brighter() -> None:
    overlay = shown(measured(((60, 40), 40), ((60, 120), 40)), OverlaySettings(opacity=1))
    view = View(60, 80, 2, 320, 200)
    overlay.set_selected(frozenset({1}))
    ink = painted(overlay, view)[..., :3].min(axis=2) > 200
    assert ink[:, :160].sum() > 250
    assert ink[:, 160:].sum() == 0


@pytest.mark.usefixtures("qapp")
def test_fill_tints_the_inside() -> None:
    view = View(60, 80, 2, 200, 200)
    particles = measured(((60, 80), 40))
    assert painted(shown(particles, OverlaySettings(style="fill")), view)[100, 100, 3] > 50
    assert painted(shown(particles), view)[100, 100, 3] == 0


@pytest.mark.usefixtures("qapp")
def test_numbers_are_written_only_where_there_is_room() -> None:
    particles = measured(((60, 80), 40))
    settings = OverlaySettings(ids=True, opacity=1)
    near, far = View(60, 80, 3, 200, 200), View(60, 80, 0.2, 200, 200)
    assert painted(shown(particles, settings), near)[85:115, 85:115, :3].max() > 200
    assert not painted(shown(particles), near)[85:115, 85:115].any()
    np.testing.assert_array_equal(painted(shown(particles, settings), far), painted(shown(particles, OverlaySettings(opacity=1)), far))


@pytest.mark.usefixtures("qapp")
def test_a_preview_is_dotted_over_the_dimmed_result_and_goes_again() -> None:
    particles = measured(((60, 40), 40), ((60, 120), 40))
    overlay = shown(particles, OverlaySettings(opacity=1))
    view = View(60, 80, 2, 320, 240)
    before = painted(overlay, view)
    overlay.show_provisional(measured(((60, 40), 20)), BBox(0, 0, 120, 80))
    during = painted(overlay, view)
    assert during[:, :150, 2].astype(int).sum() < before[:, :150, 2].astype(int).sum()
    np.testing.assert_array_equal(during[:, 170:], before[:, 170:])
    assert during[80:160, 40:120].any(), "the provisional particle is there"
    overlay.clear_provisional()
    np.testing.assert_array_equal(painted(overlay, view), before)


@pytest.mark.usefixtures("qapp")
def test_corrections_trace_only_what_is_new() -> None:
    first = measured(((60, 40), 40), ((60, 120), 40))
    tracing = Tracing(first)
    second = [first[0], *measured(((60, 120), 20))]
    assert tracing.missing(first) == 0
    assert tracing.missing(second) == 1
    np.testing.assert_array_equal(Tracing(second, tracing).outlines.points, Tracing(second).outlines.points)


@pytest.mark.usefixtures("qapp")
def test_a_moving_view_of_very_many_outlines_is_drawn_when_it_rests(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lycurgus.ui.viewer.overlay.PATIENCE_S", -1.0)  # as if any drawing took too long
    overlay = shown(measured(((60, 80), 40)))
    painted(overlay, View(60, 80, 2, 200, 200))
    with qtbot.waitSignal(overlay.changed, timeout=5000):
        stretched = painted(overlay, View(60, 80, 3, 200, 200))
    rested = painted(overlay, View(60, 80, 3, 200, 200))
    assert stretched.any()
    np.testing.assert_array_equal(rested, painted(shown(measured(((60, 80), 40))), View(60, 80, 3, 200, 200)))


@pytest.mark.usefixtures("qapp")
def test_no_particles_at_all_draw_nothing() -> None:
    assert not painted(shown([]), View(60, 80, 2, 200, 200)).any()


def test_of_overlapping_particles_the_smallest_is_hit() -> None:
    hits = HitIndex(measured(((60, 80), 60), ((60, 80), 20), ((60, 110), 30)))
    for place, expected in (((60, 80), 2), ((60, 65), 1), ((60, 98), 3), ((60, 120), 3), ((5, 5), None), ((-9, 900), None)):
        found = hits.at(*place)
        assert (found.id if found else None) == expected
    assert HitIndex().at(3, 3) is None


@given(y=st.floats(0, 119), x=st.floats(0, 159))
def test_a_hit_is_a_particle_whose_mask_has_that_pixel(y: float, x: float) -> None:
    discs = (((40.0, 40.0), 30.0), ((60.0, 60.0), 44.0), ((70.0, 120.0), 50.0))
    found = HitIndex(measured(*discs)).at(y, x)
    covering = [number for number, (centre, size) in enumerate(discs, start=1) if disc(SHAPE, centre, size)[round(y), round(x)]]
    assert (found is None) == (not covering)
    if found is not None:
        assert found.id == min(covering, key=lambda number: discs[number - 1][1])


def test_a_box_selects_particles_by_their_centres() -> None:
    hits = HitIndex(measured(((30, 30), 20), ((60, 80), 20), ((90, 130), 20)))
    assert hits.within(20, 20, 70, 90) == [1, 2]
    assert hits.within(70, 90, 20, 20) == [1, 2], "drawn from the other corner"
    assert hits.within(0, 0, 5, 5) == []


def test_every_particle_is_drawn_once_whatever_it_is_coloured_by() -> None:
    particles = measured(((30, 30), 20), ((60, 80), 30), ((90, 130), 16), ((90, 40), 24))
    particles[1] = replace(particles[1], excluded="at the border")
    particles[2] = replace(particles[2], flags=frozenset({"drawn"}), classes={"shape": ("cube", {})})
    for colour_by in ("state", "class", "size", "score", "flags", "something of a later version"):
        groups = colouring(particles, colour_by)
        assert sorted(np.concatenate([members for _, members in groups.groups]).tolist()) == [0, 1, 2, 3]
        assert len(groups.names) == len(groups.groups)
        style = next(style for style, members in groups.groups if 1 in members)
        assert style == EXCLUDED


def test_sizes_get_lighter_colours_as_they_grow_and_the_scale_names_its_ends() -> None:
    groups = colouring(measured(((30, 30), 10), ((60, 80), 30)), "size")
    colours = {int(index): style.colour for style, members in groups.groups for index in members}
    assert colours == {0: shades()[0], 1: shades()[-1]}
    assert groups.scale is not None
    assert (groups.scale.title, groups.scale.low, groups.scale.high) == ("Diameter, px", "10", "30")


def test_equal_sizes_have_one_colour() -> None:
    assert len(colouring(measured(((30, 30), 10), ((60, 80), 10)), "size").groups) == 1


def test_the_ramp_never_gets_darker() -> None:
    light = [0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in shades()]
    assert light == sorted(light)


def test_classes_differ_by_colour_and_names_explain_them() -> None:
    particles = measured(((30, 30), 20), ((60, 80), 30), ((90, 130), 16))
    for index, name in enumerate(("cube", "sphere", "rod")):
        particles[index] = replace(particles[index], classes={"shape": (name, {})})
    groups = colouring(particles, "class")
    assert set(groups.names) == {"cube", "sphere", "rod"}
    assert len({(style.colour, style.dash) for style, _ in groups.groups}) == 3
    assert len({style.dash for style, _ in groups.groups}) > 1


def test_what_only_one_side_found_has_another_colour_and_another_line() -> None:
    marks = matched_colouring(measured(((30, 30), 20), ((60, 80), 30)), frozenset({0}))
    (both, _), (alone, members) = marks.groups
    assert members.tolist() == [1]
    assert both.colour != alone.colour
    assert both.dash != alone.dash


def test_the_flag_that_matters_most_is_named() -> None:
    particle = measured(((30, 30), 20))[0]
    assert flag_of(particle) == "no flag"
    assert flag_of(replace(particle, flags=frozenset({"separated", "drawn"}))) == "by hand"


def test_a_particle_is_described_in_a_line() -> None:
    particle = measured(((30, 30), 20))[0]
    particle = replace(
        particle,
        instance=replace(particle.instance, score=0.91),
        classes={"shape": ("cube", {})},
        excluded="by hand: charging",
        measurement=replace(particle.measurement, equivalent_diameter_nm=12.347),
    )
    assert particle_text(particle) == "particle 1, 12.35 nm, cube, score 0.91, excluded: by hand: charging"


def test_colours_are_those_for_every_kind_of_sight() -> None:
    assert {style.colour for style, _ in colouring(measured(((30, 30), 20)), "state").groups} == {palette.ORANGE}


def test_every_flag_that_has_words_has_a_line_style() -> None:
    from lycurgus.ui.viewer import colouring

    assert set(colouring._FLAG_WORDS.values()) <= set(colouring._FLAGS)
