"""The viewer as a whole: what it shows when, and what it tells the window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFocusEvent
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from lycurgus.core.history import History
from lycurgus.core.types import BBox, PixelSize
from lycurgus.ui.analysing import Analysing
from lycurgus.ui.editing import Editing
from lycurgus.ui.opening import Opening
from lycurgus.ui.viewer.contrast import PROMISE
from lycurgus.ui.viewer.viewer import ImageViewer
from lycurgus.ui.workbench import Workbench
from scenes import DISCS, scene, write


def made(bench: Workbench, qtbot: QtBot) -> ImageViewer:
    viewer = ImageViewer(bench, Opening(bench), Editing(bench))
    qtbot.addWidget(viewer)
    viewer.resize(800, 640)
    viewer.show()
    qtbot.waitUntil(viewer.isVisible)
    return viewer


@pytest.fixture
def viewer(opened: Workbench, qtbot: QtBot) -> ImageViewer:
    shown = made(opened, qtbot)
    qtbot.waitUntil(lambda: shown.canvas.width() > 700 and shown.canvas.view.width == shown.canvas.width())
    return shown


def hover(viewer: ImageViewer, qtbot: QtBot, y: float, x: float) -> str:
    with qtbot.waitSignal(viewer.hovered) as told:
        viewer.canvas.hovered.emit(viewer.canvas.view.to_screen(y, x))
    return str(told.args[0])


def settled(bench: Workbench, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not bench.jobs.active, timeout=30_000)


def test_without_an_image_it_welcomes_and_offers_the_first_steps(workbench: Workbench, qtbot: QtBot, tmp_path: Path) -> None:
    workbench.change_settings(recent_folders=(str(tmp_path / "<b>gold</b>"),))
    viewer = made(workbench, qtbot)
    assert viewer.welcome.isVisible()
    assert not viewer.contrast.isVisible()
    assert not viewer.banner.isVisible()
    with qtbot.waitSignal(viewer.open_folder_requested):
        viewer.welcome.open_button.click()
    with qtbot.waitSignal(viewer.samples_requested):
        viewer.welcome.samples_button.click()
    with qtbot.waitSignal(viewer.folder_requested) as told:
        viewer.welcome._recent.linkActivated.emit("0")
    assert told.args == [tmp_path / "<b>gold</b>"]
    assert "&lt;b&gt;" in viewer.welcome._recent.text(), "a folder's name is no markup"


def test_with_images_but_none_chosen_it_says_how_to_choose(opened: Workbench, viewer: ImageViewer) -> None:
    opened.store.set_current(None)
    assert viewer.message.isVisible()
    assert "Choose one" in viewer.message.text
    opened.store.remove_documents(list(opened.store.documents))
    assert viewer.welcome.isVisible()


def test_an_opened_image_is_fitted_with_its_particles(opened: Workbench, viewer: ImageViewer) -> None:
    assert viewer.canvas.isVisible()
    assert viewer.visible_region() == BBox(0, 0, 200, 240)
    assert opened.store.current is not None
    assert viewer.canvas.sheet.overlay.particles is opened.store.current.particles
    assert viewer.contrast.isVisible()
    assert not viewer.banner.isVisible(), "the file states its pixel size"


def test_a_file_that_cannot_be_read_is_explained_and_can_be_tried_again(workbench: Workbench, qtbot: QtBot, tmp_path: Path) -> None:
    viewer = made(workbench, qtbot)
    path = tmp_path / "broken.tif"
    path.write_bytes(b"II*\0 no image at all")
    Opening(workbench).open_paths([path])
    qtbot.waitUntil(lambda: viewer.message.isVisible() and viewer.message.retry_button.isVisible(), timeout=20_000)
    assert viewer.message.text
    assert not viewer.message.text.startswith("broken.tif"), "the name stands in the heading"
    write(path, scene())
    qtbot.mouseClick(viewer.message.retry_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(viewer.canvas.isVisible, timeout=20_000)
    assert viewer.canvas.shape == (200, 240)


def test_a_slow_file_is_said_to_be_read(opened: Workbench, viewer: ImageViewer, qtbot: QtBot) -> None:
    opened.store.set_current(opened.store.documents[1])  # nobody reads its pixels
    assert viewer.canvas.isVisible(), "no notice flickers by"
    qtbot.waitUntil(viewer.message.isVisible, timeout=5000)
    assert not viewer.message.retry_button.isVisible()


def test_the_view_stays_when_the_image_is_analysed_again_and_fits_when_another_comes(
    opened: Workbench, viewer: ImageViewer, qtbot: QtBot
) -> None:
    current = opened.store.current
    assert current is not None
    viewer.canvas.zoom(3, QPointF(200, 200))
    zoomed = viewer.canvas.view
    Analysing(opened).analyse([current])
    settled(opened, qtbot)
    assert viewer.canvas.view == zoomed
    Opening(opened).show(current)
    settled(opened, qtbot)
    assert viewer.canvas.view == zoomed, "reading the same image again is no other image"
    Opening(opened).show(opened.store.documents[1])
    qtbot.waitUntil(lambda: opened.store.micrograph is not None, timeout=20_000)
    assert viewer.visible_region() == BBox(0, 0, 200, 240)


def test_hovering_tells_place_length_value_and_particle(opened: Workbench, viewer: ImageViewer, qtbot: QtBot) -> None:
    micrograph = opened.store.micrograph
    assert micrograph is not None
    text = hover(viewer, qtbot, *DISCS[0][0])
    assert "y 50, x 50 px" in text
    assert "y 25.0, x 25.0 nm" in text
    assert f"value {micrograph.pixels[50, 50]}" in text
    assert "particle" in text
    assert "particle" not in hover(viewer, qtbot, 5, 200)
    assert hover(viewer, qtbot, -20, 10) == ""


def test_the_image_is_not_redrawn_by_analysis_of_others(opened: Workbench, viewer: ImageViewer) -> None:
    before = viewer.canvas.sheet.overlay.tracing
    opened.store.document_changed.emit(opened.store.documents[2])
    assert viewer.canvas.sheet.overlay.tracing is before


def test_without_pixel_size_the_banner_offers_both_ways(workbench: Workbench, qtbot: QtBot, tmp_path: Path) -> None:
    viewer = made(workbench, qtbot)
    Opening(workbench).open_paths([write(tmp_path / "plain.tif", scene())])
    qtbot.waitUntil(viewer.banner.isVisible, timeout=20_000)
    accept, measure, type_in = viewer.banner.findChildren(QPushButton)
    assert not accept.isVisible()
    with qtbot.waitSignal(viewer.measure_scale_bar_requested):
        measure.click()
    with qtbot.waitSignal(viewer.type_pixel_size_requested):
        type_in.click()
    assert "nm" not in hover(viewer, qtbot, 50, 50)
    document = workbench.store.current
    assert document is not None
    document.pixel_size = PixelSize(0.5, 0.5, "user")
    workbench.store.changed(document)
    assert not viewer.banner.isVisible()
    assert "nm" in hover(viewer, qtbot, 50, 50)


def test_h_hides_while_it_is_held_and_losing_the_focus_lets_go(viewer: ImageViewer, qtbot: QtBot) -> None:
    overlay = viewer.canvas.sheet.overlay
    qtbot.keyPress(viewer.canvas, Qt.Key.Key_H)
    assert not overlay.is_shown
    qtbot.keyRelease(viewer.canvas, Qt.Key.Key_H)
    assert overlay.is_shown
    qtbot.keyPress(viewer.canvas, Qt.Key.Key_H)
    QApplication.sendEvent(viewer.canvas, QFocusEvent(QEvent.Type.FocusOut))
    assert overlay.is_shown


def test_a_selection_made_elsewhere_is_brought_into_sight(opened: Workbench, viewer: ImageViewer) -> None:
    particle = max(opened.store.current.particles, key=lambda one: one.measurement.x_px)  # type: ignore[union-attr]
    viewer.canvas.zoom(6, viewer.canvas.view.to_screen(50, 50))
    assert not viewer.canvas.view.shows(particle.instance.bbox)
    opened.store.select([particle.id])
    assert viewer.canvas.view.shows(particle.instance.bbox)
    before = viewer.canvas.view
    viewer.reveal([particle.id])
    assert viewer.canvas.view == before, "what is in sight stays where it is"
    viewer.reveal([987])
    assert viewer.canvas.view == before


def test_settings_of_the_overlay_are_shown_and_changed_in_one_place(opened: Workbench, viewer: ImageViewer) -> None:
    options = viewer.overlay_options
    options.colour_by.setCurrentIndex(options.colour_by.findData("size"))
    options.style_.setCurrentIndex(1)
    options.opacity.setValue(50)
    options.line_width.setValue(3.0)
    options.ids.setChecked(True)
    options.excluded.setChecked(False)
    overlay = opened.settings.overlay
    assert (overlay.colour_by, overlay.style, overlay.opacity, overlay.line_width, overlay.ids, overlay.excluded) == (
        "size", "fill", 0.5, 3.0, True, False,
    )  # fmt: skip
    assert viewer.canvas.sheet.overlay.legend.scale is not None
    opened.change_settings(overlay={**overlay.model_dump(), "colour_by": "flags", "opacity": 0.7})
    assert options.colour_by.currentData() == "flags"
    assert options.opacity.value() == 70
    opened.change_settings(overlay={**opened.settings.overlay.model_dump(), "visible": False})
    assert not viewer.canvas.sheet.overlay.is_shown


def test_contrast_changes_what_is_seen_and_no_value(opened: Workbench, viewer: ImageViewer) -> None:
    micrograph = opened.store.micrograph
    assert micrograph is not None
    stored = micrograph.pixels.copy()
    viewer.contrast.set_limits(100, 110)
    dark = viewer.canvas.grab().toImage()
    viewer.contrast.set_limits(0, 255)
    assert viewer.canvas.grab().toImage() != dark
    np.testing.assert_array_equal(micrograph.pixels, stored)
    assert PROMISE in viewer.contrast.auto_button.toolTip()
    viewer.auto_contrast()
    low, high = viewer.contrast.limits
    expected = np.percentile(stored, (0.35, 99.65))
    assert (low, high) == pytest.approx(tuple(expected), abs=2)


def test_percentiles_set_the_limits(viewer: ImageViewer) -> None:
    before = viewer.contrast.limits
    viewer.contrast.high.setValue(70)
    assert viewer.contrast.limits[1] < before[1]


def test_the_limits_of_the_histogram_can_be_dragged_but_never_cross(viewer: ImageViewer, qtbot: QtBot) -> None:
    histogram = viewer.contrast.histogram
    low, high = histogram.limits
    start = QPointF(histogram._x(low), 20).toPoint()
    qtbot.mousePress(histogram, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(histogram, QPointF(histogram.width() - 1, 20).toPoint())
    qtbot.mouseRelease(histogram, Qt.MouseButton.LeftButton)
    assert histogram.limits == (high, high)
    qtbot.keyClick(histogram, Qt.Key.Key_Left)
    assert histogram.limits[0] < high


def test_contrast_stays_when_the_same_image_is_read_again(opened: Workbench, viewer: ImageViewer, qtbot: QtBot) -> None:
    viewer.contrast.set_limits(90, 120)
    Opening(opened).show(opened.store.current)
    settled(opened, qtbot)
    assert viewer.contrast.limits == (90, 120)


def test_beside_stands_otsus_baseline_with_counts_and_a_linked_view(opened: Workbench, viewer: ImageViewer, qtbot: QtBot) -> None:
    viewer.set_comparison("beside")
    settled(opened, qtbot)
    assert viewer.beside.isVisible()
    assert viewer.comparison_bar.isVisible()
    assert "5 particles, 0 only here" in viewer.comparison.sheet.title
    assert "5 particles, 0 only here" in viewer.canvas.sheet.title
    viewer.canvas.zoom(3, QPointF(50, 50))
    left, right = viewer.canvas.view, viewer.beside.view
    assert (right.y, right.x, right.scale) == (left.y, left.x, left.scale)
    viewer.beside.set_view(right.centred(80, 90))
    assert (viewer.canvas.view.y, viewer.canvas.view.x) == (80, 90)


def test_what_only_one_side_has_is_marked_after_each_edit(opened: Workbench, viewer: ImageViewer, qtbot: QtBot) -> None:
    viewer.set_comparison("beside")
    settled(opened, qtbot)
    editing = Editing(opened)
    opened.store.select([opened.store.current.particles[0].id])  # type: ignore[union-attr]
    editing.delete()
    editing.draw_circle((25.0, 215.0), 9.0)
    settled(opened, qtbot)
    assert "5 particles, 1 only here" in viewer.canvas.sheet.title
    assert "5 particles, 1 only here" in viewer.comparison.sheet.title
    names = {name: members.size for (_, members), name in zip(*_legend(viewer), strict=True)}
    assert names == {"found by both": 4, "only here": 1}
    viewer.set_comparison("off")
    assert "found by both" not in viewer.canvas.sheet.overlay.legend.names
    assert not viewer.canvas.sheet.title


def _legend(viewer: ImageViewer):
    legend = viewer.canvas.sheet.overlay.legend
    return legend.groups, legend.names


@pytest.mark.parametrize(("content", "title"), [("denoised", "What the detector sees"), ("probability", "Foreground probability")])
def test_what_the_detector_sees_can_stand_beside(opened: Workbench, viewer: ImageViewer, qtbot: QtBot, content: str, title: str) -> None:
    viewer.set_comparison("beside", content)  # type: ignore[arg-type]
    settled(opened, qtbot)
    assert viewer.comparison.sheet.title.startswith(title)
    picture = viewer.comparison.sheet.picture
    assert picture is not None
    assert picture.pixels.dtype == np.float32
    assert viewer.comparison.sheet.overlay.particles == viewer.canvas.sheet.overlay.particles
    if content == "probability":
        inside, outside = picture.pixels[50, 50], picture.pixels[5, 200]
        assert inside > 0.5 > outside


def test_the_swipe_line_can_be_dragged(opened: Workbench, viewer: ImageViewer, qtbot: QtBot) -> None:
    viewer.set_comparison("swipe")
    settled(opened, qtbot)
    canvas = viewer.canvas
    assert not viewer.beside.isVisible()
    line = QPointF(canvas.width() / 2, 100)
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=line.toPoint())
    qtbot.mouseMove(canvas, QPointF(100, 100).toPoint())
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPointF(100, 100).toPoint())
    assert canvas.swipe_at == pytest.approx(100 / canvas.width(), abs=0.01)
    assert not opened.store.selection


def test_the_comparison_bar_changes_content_and_ends_it(opened: Workbench, viewer: ImageViewer, qtbot: QtBot) -> None:
    viewer.set_comparison("beside")
    bar = viewer.comparison_bar
    with qtbot.waitSignal(viewer.comparison_changed) as told:
        bar.content.setCurrentIndex(bar.content.findData("denoised"))
    assert told.args == ["beside", "denoised"]
    settled(opened, qtbot)
    with qtbot.waitSignal(viewer.comparison_changed) as told:
        bar.findChildren(QPushButton)[0].click()
    assert told.args[0] == "off"
    assert not bar.isVisible()
    settled(opened, qtbot)


def test_another_image_gets_its_own_comparison(opened: Workbench, viewer: ImageViewer, qtbot: QtBot) -> None:
    viewer.set_comparison("beside")
    settled(opened, qtbot)
    Opening(opened).show(opened.store.documents[1])
    qtbot.waitUntil(lambda: opened.store.micrograph is not None, timeout=20_000)
    settled(opened, qtbot)
    picture = viewer.comparison.sheet.picture
    assert picture is not None
    assert opened.store.micrograph is not None
    assert picture.pixels is opened.store.micrograph.pixels


def test_many_new_outlines_are_traced_beside_the_window(
    opened: Workbench, viewer: ImageViewer, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lycurgus.ui.viewer.shown_particles.TRACED_AT_ONCE", 2)
    current = opened.store.current
    assert current is not None
    assert current.analysed is not None
    again = tuple(replace(one, instance=replace(one.instance)) for one in current.analysed.particles)
    current.analysed, current.history = replace(current.analysed, particles=again), History.of(again)
    opened.store.changed(current)
    assert not viewer.canvas.sheet.overlay.particles
    assert viewer.particles.at(*DISCS[0][0]) is not None, "what is not drawn yet can be selected"
    settled(opened, qtbot)
    assert len(viewer.canvas.sheet.overlay.particles) == len(again)


def test_a_preview_can_be_shown_and_goes_with_the_image(opened: Workbench, viewer: ImageViewer) -> None:
    assert opened.store.current is not None
    viewer.show_preview(opened.store.current.particles[:2], BBox(0, 0, 100, 100))
    assert viewer.canvas.sheet.overlay.provisional_region == BBox(0, 0, 100, 100)
    opened.store.set_current(opened.store.documents[1])
    assert viewer.canvas.sheet.overlay.provisional_region is None


def test_dropped_files_and_folders_are_handed_on(workbench: Workbench, qtbot: QtBot, tmp_path: Path) -> None:
    viewer = made(workbench, qtbot)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path)), QUrl("https://example.org/a.tif")])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, data, left, none)
    enter.ignore()
    viewer.dragEnterEvent(enter)
    assert enter.isAccepted()
    with qtbot.waitSignal(viewer.paths_dropped) as told:
        viewer.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, left, none))
    assert told.args == [[tmp_path]]


def test_a_large_image_is_reduced_beside_the_window(
    workbench: Workbench, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lycurgus.ui.viewer.picture.QUICK_PIXELS", 1000)
    viewer = made(workbench, qtbot)
    viewer.set_comparison("beside")
    pixels = np.tile(np.indices((4, 4)).sum(axis=0) % 2 * 200, (150, 150)).astype(np.uint8)
    Opening(workbench).open_paths([write(tmp_path / "chequer.tif", pixels)])
    qtbot.waitUntil(lambda: workbench.store.micrograph is not None, timeout=20_000)
    settled(workbench, qtbot)
    picture = viewer.canvas.sheet.picture
    assert picture is not None
    assert not picture.needs_levels
    assert viewer.comparison.sheet.picture is not None
    assert not viewer.comparison.sheet.picture.needs_levels


def test_a_viewer_that_is_deleted_leaves_no_work_behind(opened: Workbench, qtbot: QtBot) -> None:
    viewer = ImageViewer(opened, Opening(opened), Editing(opened))
    viewer.set_comparison("beside")
    assert opened.jobs.active
    job = opened.jobs.active[-1]
    viewer.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert job.cancel_token.is_cancelled
    settled(opened, qtbot)
