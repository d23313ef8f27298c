"""Mouse and keys over the image become selections, edits and lengths."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lycurgus.ui.editing import Editing
from lycurgus.ui.opening import Opening
from lycurgus.ui.viewer.viewer import ImageViewer
from lycurgus.ui.workbench import Workbench
from scenes import DISCS

NONE, SHIFT, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton


class Mouse:
    """Points at places of the image, given as (y, x)."""

    def __init__(self, viewer: ImageViewer, qtbot: QtBot) -> None:
        self.viewer = viewer
        self.qtbot = qtbot

    def at(self, y: float, x: float) -> QPoint:
        return self.viewer.canvas.view.to_screen(y, x).toPoint()

    def click(self, y: float, x: float, modifiers: Qt.KeyboardModifier = NONE) -> None:
        self.qtbot.mouseClick(self.viewer.canvas, LEFT, modifiers, self.at(y, x))

    def drag(self, *places: tuple[float, float], button: Qt.MouseButton = LEFT, modifiers: Qt.KeyboardModifier = NONE) -> None:
        points = [self.at(*place) for place in places]
        self.qtbot.mousePress(self.viewer.canvas, button, modifiers, points[0])
        for point in points[1:]:
            self.qtbot.mouseMove(self.viewer.canvas, point)
        self.qtbot.mouseRelease(self.viewer.canvas, button, modifiers, points[-1])

    def move(self, y: float, x: float) -> None:
        self.qtbot.mouseMove(self.viewer.canvas, self.at(y, x))

    def key(self, key: Qt.Key) -> None:
        self.qtbot.keyClick(self.viewer.canvas, key)


@pytest.fixture
def viewer(opened: Workbench, qtbot: QtBot) -> ImageViewer:
    made = ImageViewer(opened, Opening(opened), Editing(opened))
    qtbot.addWidget(made)
    made.resize(800, 640)
    made.show()
    qtbot.waitUntil(lambda: made.canvas.isVisible() and made.canvas.width() > 700)
    qtbot.waitUntil(lambda: made.canvas.view.width == made.canvas.width())
    return made


@pytest.fixture
def mouse(viewer: ImageViewer, qtbot: QtBot) -> Mouse:
    return Mouse(viewer, qtbot)


def id_at(bench: Workbench, centre: tuple[float, float]) -> int:
    assert bench.store.current is not None
    distances = {
        particle.id: np.hypot(particle.measurement.y_px - centre[0], particle.measurement.x_px - centre[1])
        for particle in bench.store.current.particles
    }
    return min(distances, key=lambda number: distances[number])


def count(bench: Workbench) -> int:
    assert bench.store.current is not None
    return len(bench.store.current.particles)


def test_a_click_selects_what_lies_under_it_and_one_on_nothing_clears(opened: Workbench, mouse: Mouse) -> None:
    first, second = DISCS[0][0], DISCS[1][0]
    mouse.click(*first)
    assert opened.store.selection == {id_at(opened, first)}
    mouse.click(*second)
    assert opened.store.selection == {id_at(opened, second)}
    mouse.click(5, 200)
    assert not opened.store.selection


def test_ctrl_adds_and_takes_away_again(opened: Workbench, mouse: Mouse) -> None:
    first, second = DISCS[0][0], DISCS[1][0]
    mouse.click(*first)
    mouse.click(*second, CTRL)
    assert opened.store.selection == {id_at(opened, first), id_at(opened, second)}
    mouse.click(5, 200, CTRL)
    assert len(opened.store.selection) == 2, "a click on nothing with Ctrl loses nothing"
    mouse.click(*first, CTRL)
    assert opened.store.selection == {id_at(opened, second)}


def test_a_box_selects_what_lies_in_it(opened: Workbench, mouse: Mouse) -> None:
    mouse.drag((10, 10), (90, 40), (150, 90))
    assert opened.store.selection == {id_at(opened, DISCS[0][0]), id_at(opened, DISCS[1][0])}
    mouse.drag((40, 130), (60, 140), (80, 170), modifiers=SHIFT)
    assert len(opened.store.selection) == 3


def test_escape_clears_the_selection(opened: Workbench, mouse: Mouse) -> None:
    mouse.click(*DISCS[0][0])
    mouse.key(Qt.Key.Key_Escape)
    assert not opened.store.selection


@pytest.mark.parametrize("steps", [12, 60])
def test_a_freehand_outline_becomes_a_particle(opened: Workbench, viewer: ImageViewer, mouse: Mouse, steps: int) -> None:
    before = count(opened)
    viewer.set_tool("draw")
    angle = np.linspace(0, 2 * np.pi, steps)
    mouse.drag(*zip(25 + 12 * np.sin(angle), 210 + 12 * np.cos(angle), strict=True))
    assert count(opened) == before + 1
    (drawn,) = opened.store.selected_particles
    assert "drawn" in drawn.flags
    assert (drawn.measurement.y_px, drawn.measurement.x_px) == pytest.approx((25, 210), abs=1)
    assert drawn.measurement.area_px == pytest.approx(np.pi * 144, rel=0.08)


def test_a_circle_is_drawn_from_the_middle_to_the_rim(opened: Workbench, viewer: ImageViewer, mouse: Mouse) -> None:
    viewer.set_tool("circle")
    mouse.drag((25, 210), (25, 215), (25, 222))
    (drawn,) = opened.store.selected_particles
    assert drawn.measurement.equivalent_diameter_px == pytest.approx(24, abs=1)


def test_a_circle_without_a_size_is_a_click_and_draws_nothing(opened: Workbench, viewer: ImageViewer, mouse: Mouse) -> None:
    before = count(opened)
    viewer.set_tool("circle")
    mouse.click(25, 210)
    assert count(opened) == before


def test_an_ellipse_takes_its_length_by_drag_and_its_width_by_click(opened: Workbench, viewer: ImageViewer, mouse: Mouse) -> None:
    """The long axis runs from lower left to upper right: 45° counter-clockwise from +x."""
    viewer.set_tool("ellipse")
    mouse.drag((45, 195), (35, 205), (15, 225))
    assert "width" in viewer.canvas.hand.hint
    mouse.move(24, 204)
    mouse.click(26, 206)  # the middle is (30, 210): √32 px aside
    (drawn,) = opened.store.selected_particles
    assert drawn.measurement.major_axis_px == pytest.approx(30 * np.sqrt(2), abs=1.5)
    assert drawn.measurement.minor_axis_px == pytest.approx(2 * np.sqrt(32), abs=1.5)
    assert drawn.measurement.orientation_deg == pytest.approx(45, abs=4)


@pytest.mark.parametrize("close", ["enter", "double click", "first corner"])
def test_a_polygon_is_closed_in_three_ways(opened: Workbench, viewer: ImageViewer, mouse: Mouse, qtbot: QtBot, close: str) -> None:
    viewer.set_tool("polygon")
    for corner in ((15, 200), (15, 224), (35, 224)):
        mouse.click(*corner)
    if close == "double click":
        mouse.click(35, 200)
        qtbot.mouseDClick(viewer.canvas, LEFT, NONE, mouse.at(35, 200))
    else:
        mouse.click(35, 200)
        if close == "enter":
            mouse.key(Qt.Key.Key_Return)
        else:
            mouse.click(15, 200)
    (drawn,) = opened.store.selected_particles
    assert drawn.measurement.area_px == pytest.approx(24 * 20, rel=0.12)


def test_backspace_takes_the_last_corner_back(opened: Workbench, viewer: ImageViewer, mouse: Mouse) -> None:
    viewer.set_tool("polygon")
    for corner in ((15, 200), (15, 224), (35, 224), (100, 100)):
        mouse.click(*corner)
    mouse.key(Qt.Key.Key_Backspace)
    mouse.key(Qt.Key.Key_Enter)
    (drawn,) = opened.store.selected_particles
    assert drawn.measurement.area_px == pytest.approx(24 * 20 / 2, rel=0.15)


def test_keys_of_the_menus_go_to_the_tool_only_while_it_needs_them(viewer: ImageViewer, mouse: Mouse) -> None:
    def is_claimed(key: Qt.Key) -> bool:
        event = QKeyEvent(QEvent.Type.ShortcutOverride, key, NONE)
        event.ignore()
        QApplication.sendEvent(viewer.canvas, event)
        return event.isAccepted()

    viewer.set_tool("polygon")
    assert not is_claimed(Qt.Key.Key_Return)
    mouse.click(15, 200)
    assert is_claimed(Qt.Key.Key_Return)
    assert is_claimed(Qt.Key.Key_Backspace)
    assert not is_claimed(Qt.Key.Key_Delete)
    viewer.set_tool("select")
    assert not is_claimed(Qt.Key.Key_Return)
    assert is_claimed(Qt.Key.Key_H)


def test_a_line_splits_the_particle_it_crosses(opened: Workbench, viewer: ImageViewer, mouse: Mouse) -> None:
    before = count(opened)
    viewer.set_tool("split")
    mouse.drag((20, 50), (40, 50), (80, 50))
    assert count(opened) == before + 1
    assert len(opened.store.selected_particles) == 2


def test_a_line_across_nothing_is_explained(opened: Workbench, viewer: ImageViewer, mouse: Mouse, qtbot: QtBot) -> None:
    viewer.set_tool("split")
    with qtbot.waitSignal(opened.noticed) as told:
        mouse.drag((5, 190), (6, 200), (8, 220))
    assert "crosses no particle" in told.args[0].text


@pytest.mark.parametrize("name", ["draw", "circle", "ellipse", "polygon", "split"])
def test_escape_throws_away_what_was_begun_then_lays_the_tool_down(
    opened: Workbench, viewer: ImageViewer, mouse: Mouse, qtbot: QtBot, name: str
) -> None:
    before = count(opened)
    viewer.set_tool(name)
    qtbot.mousePress(viewer.canvas, LEFT, NONE, mouse.at(20, 200))
    mouse.move(30, 215)
    assert viewer.canvas.hand.is_busy
    mouse.key(Qt.Key.Key_Escape)
    assert not viewer.canvas.hand.is_busy
    assert viewer.tool == name
    qtbot.mouseRelease(viewer.canvas, LEFT, NONE, mouse.at(30, 215))
    assert count(opened) == before
    with qtbot.waitSignal(viewer.tool_changed) as changed:
        mouse.key(Qt.Key.Key_Escape)
    assert changed.args == ["select"]


def test_another_tool_throws_away_what_was_begun(viewer: ImageViewer, mouse: Mouse) -> None:
    viewer.set_tool("polygon")
    mouse.click(15, 200)
    polygon = viewer.canvas.hand
    viewer.set_tool("circle")
    assert not polygon.is_busy
    assert viewer.tool == "circle"


@pytest.mark.parametrize("name", ["draw", "circle", "ellipse", "polygon", "split", "scale bar"])
def test_every_tool_says_what_to_do(viewer: ImageViewer, name: str) -> None:
    viewer.set_tool(name)
    assert viewer.canvas.hand.hint.endswith(".")


def measured_by(viewer: ImageViewer, qtbot: QtBot, act: Callable[[], None]) -> float:
    with qtbot.waitSignal(viewer.scale_bar_measured) as told:
        act()
    return float(told.args[0])


def test_two_clicks_measure_a_scale_bar_and_its_ends_can_be_moved(viewer: ImageViewer, mouse: Mouse, qtbot: QtBot) -> None:
    viewer.set_tool("scale bar")
    mouse.click(180, 30)
    length = measured_by(viewer, qtbot, lambda: mouse.click(180, 130))
    assert length == pytest.approx(100, abs=0.6)
    longer = measured_by(viewer, qtbot, lambda: mouse.drag((180, 130), (182, 140), (180, 150)))
    assert longer == pytest.approx(120, abs=0.6)
    assert viewer.tool == "scale bar", "it is laid down when the length is known"


def test_shift_keeps_the_scale_bar_level(viewer: ImageViewer, mouse: Mouse, qtbot: QtBot) -> None:
    viewer.set_tool("scale bar")
    mouse.click(180, 30)
    assert measured_by(viewer, qtbot, lambda: mouse.click(150, 130, SHIFT)) == pytest.approx(100, abs=0.6)


def test_the_wheel_zooms_at_the_cursor(viewer: ImageViewer, mouse: Mouse) -> None:
    place = QPointF(mouse.at(60, 150))
    before = viewer.canvas.view
    angle = QPoint(0, 120)
    wheel = QWheelEvent(place, place, QPoint(), angle, Qt.MouseButton.NoButton, NONE, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(viewer.canvas, wheel)
    after = viewer.canvas.view
    assert after.scale > before.scale
    assert after.to_image(place) == pytest.approx(before.to_image(place), abs=0.5)


@pytest.mark.parametrize("way", ["middle", "space"])
def test_dragging_with_the_middle_button_or_space_pans_and_selects_nothing(
    opened: Workbench, viewer: ImageViewer, mouse: Mouse, qtbot: QtBot, way: str
) -> None:
    viewer.canvas.zoom(4)
    before = viewer.canvas.view
    places = (100.0, 120.0), (105.0, 125.0), (110.0, 130.0)
    if way == "space":
        qtbot.keyPress(viewer.canvas, Qt.Key.Key_Space)
        mouse.drag(*places)
        qtbot.keyRelease(viewer.canvas, Qt.Key.Key_Space)
    else:
        mouse.drag(*places, button=MIDDLE)
    after = viewer.canvas.view
    assert (before.y - after.y, before.x - after.x) == pytest.approx((10, 10), abs=1)
    assert not opened.store.selection


def test_keys_zoom_fit_and_move(viewer: ImageViewer, mouse: Mouse) -> None:
    fitted = viewer.canvas.view
    mouse.key(Qt.Key.Key_Plus)
    assert viewer.canvas.view.scale > fitted.scale
    mouse.key(Qt.Key.Key_1)
    assert viewer.canvas.view.scale == pytest.approx(1 / viewer.devicePixelRatioF())
    mouse.key(Qt.Key.Key_0)
    assert viewer.canvas.view == fitted
    mouse.key(Qt.Key.Key_Minus)
    assert viewer.canvas.view.scale < fitted.scale
    viewer.canvas.zoom(20)
    before = viewer.canvas.view.x
    mouse.key(Qt.Key.Key_Right)
    assert viewer.canvas.view.x > before
