"""What operators stumbled over in the window, held for good."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QPushButton, QTableView, QTreeWidget
from pytestqt.qtbot import QtBot

from lycurgus.parameters import with_settings
from lycurgus.services.presets import Presets
from lycurgus.ui.dialogs.calibration import CalibrationDialog
from lycurgus.ui.dialogs.failures import FailuresDialog
from lycurgus.ui.dialogs.method_lines import parameter_lines
from lycurgus.ui.eliding import ElidingComboBox
from lycurgus.ui.main_window import MainWindow
from lycurgus.ui.panels.browser_names import shortened
from lycurgus.ui.panels.sample import warnings_text
from lycurgus.ui.theme import apply_theme, palette
from lycurgus.ui.viewer.banner import CalibrationBanner
from lycurgus.ui.workbench import Notice
from scenes import scene, write
from windows import calm

SMALL_SCREEN_PX = 700
"""Height that a laptop's screen of 768 lines has left between title bar and panel."""


@pytest.fixture
def window(window: MainWindow) -> MainWindow:
    window.resize(1280, 800)
    return window


@pytest.fixture
def loaded(window: MainWindow, scene_files: Path, qtbot: QtBot) -> MainWindow:
    """Three images open, the first one shown and analysed."""
    window.open_paths([scene_files])
    qtbot.waitUntil(lambda: window.store.micrograph is not None, timeout=30_000)
    calm(window, qtbot)
    window.analyse_current()
    qtbot.waitUntil(lambda: window.store.documents[0].analysed is not None, timeout=60_000)
    calm(window, qtbot)
    return window


def screen_point(window: MainWindow, y: float, x: float) -> QPoint:
    return window.viewer.canvas.view.to_screen(y, x).toPoint()


def test_headings_of_the_parameters_take_the_colours_of_the_theme_that_is_switched_to(window: MainWindow, qapp: QApplication) -> None:
    headings = [button for button in window.parameters.findChildren(QPushButton) if button.styleSheet() and button.text()]
    assert headings
    try:
        for dark in (True, False, True):
            apply_theme(qapp, "dark" if dark else "light")
            wanted = palette(dark=dark).buttonText().color()
            assert {button.palette().buttonText().color().name() for button in headings} == {wanted.name()}
    finally:
        apply_theme(qapp, "light")


def test_toasts_leave_the_contrast_panel_free(loaded: MainWindow) -> None:
    for number in range(4):
        loaded.bench.fail(f"file {number}.tif: holds no image")
    contrast = loaded.viewer.contrast
    assert contrast.isVisible()
    assert all(not toast.geometry().intersects(contrast.geometry()) for toast in loaded.toasts.shown)
    loaded.viewer.set_contrast_visible(False)
    lowest = max(toast.geometry().bottom() for toast in loaded.toasts.shown)
    assert lowest > loaded.viewer.height() - 40, "without the panel the toasts come down to the edge"


def test_moving_an_end_of_the_measured_scale_bar_corrects_the_open_question(loaded: MainWindow, qtbot: QtBot) -> None:
    loaded.resize(1280, 1000)
    canvas = loaded.viewer.canvas
    # A click lies on a whole pixel of the screen: one for each of the image, or several, makes it exact.
    loaded.viewer.actual_size()
    loaded.actions_["tool.scale_bar"].setChecked(True)
    for x in (20, 120):
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, screen_point(loaded, 150, x))
    (dialog,) = loaded.findChildren(CalibrationDialog)
    assert dialog.measured.text() == "100.0 px"
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, screen_point(loaded, 150, 120))
    QTest.mouseMove(canvas, screen_point(loaded, 150, 220))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, screen_point(loaded, 150, 220))
    assert loaded.findChildren(CalibrationDialog) == [dialog]
    assert dialog.measured.text() == "200.0 px"
    dialog.entry.setText("50 nm")
    dialog.apply()
    current = loaded.store.current
    assert current is not None
    assert current.pixel_size is not None
    assert current.pixel_size.x_nm == pytest.approx(0.25, rel=0.02)
    assert loaded.viewer.tool == "select"
    calm(loaded, qtbot)


def test_failures_of_a_run_name_each_file_once(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    for name in ("one.tif", "two.tif"):
        (tmp_path / name).write_bytes(b"")
    told: list[Notice] = []
    window.bench.noticed.connect(told.append)
    window.open_paths([tmp_path / "one.tif", tmp_path / "two.tif"])
    qtbot.waitUntil(lambda: len(window.store.documents) == 2, timeout=30_000)
    window.analyse_all()
    qtbot.waitUntil(lambda: any("2 failed" in notice.text for notice in told), timeout=30_000)
    (summary,) = (notice for notice in told if "2 failed" in notice.text)
    assert [summary.details.count(name) for name in ("one.tif", "two.tif")] == [1, 1]
    calm(window, qtbot)


def test_the_number_of_particles_is_never_cut(loaded: MainWindow, qtbot: QtBot) -> None:
    loaded.resize(900, 760)
    loaded.particles.set_filter("#1")
    status = loaded.particles.status
    qtbot.waitUntil(lambda: status.text() == "1 of 5 particles", timeout=10_000)
    qtbot.waitUntil(lambda: status.width() >= status.sizeHint().width(), timeout=5_000)


def test_the_place_under_the_mouse_is_shortened_rather_than_cut(loaded: MainWindow) -> None:
    loaded.status.show_hover("y 1,000, x 1,000 px  ·  " * 40)
    label = loaded.status._hover
    assert label.text().endswith("…")
    assert label.fontMetrics().horizontalAdvance(label.text()) <= label.width()


def test_switching_the_live_preview_off_takes_the_preview_away(loaded: MainWindow, qtbot: QtBot) -> None:
    overlay = loaded.viewer.canvas.sheet.overlay
    loaded.parameters.live.click()
    qtbot.waitUntil(lambda: overlay.provisional_region is not None, timeout=30_000)
    loaded.parameters.live.click()
    assert overlay.provisional_region is None


def test_a_preview_still_in_work_does_not_come_after_the_live_preview_is_off(loaded: MainWindow, qtbot: QtBot) -> None:
    overlay = loaded.viewer.canvas.sheet.overlay
    loaded.parameters.live.click()
    qtbot.waitUntil(lambda: any(job.title == "Preview" for job in loaded.bench.jobs.active), timeout=30_000)
    loaded.parameters.live.click()
    calm(loaded, qtbot)
    assert overlay.provisional_region is None


def test_next_and_previous_stay_among_the_images_that_the_filter_leaves(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    for name in ("gold 1", "silver 1", "gold 2", "silver 2"):
        write(tmp_path / "mixed" / f"{name}.tif", scene(), pixel_size_nm=0.5)
    window.open_paths([tmp_path / "mixed"])
    qtbot.waitUntil(lambda: window.store.micrograph is not None, timeout=30_000)
    window.browser.name_filter.setText("silver")
    assert window.browser.header.text().startswith("2 of 4 images")
    seen = []
    for action in ("view.next", "view.next", "view.next", "view.previous"):
        window.actions_[action].trigger()
        assert window.store.current is not None
        seen.append(window.store.current.path.stem)
    assert seen == ["silver 1", "silver 2", "silver 2", "silver 1"]
    calm(window, qtbot)


@pytest.mark.parametrize("width", [120, 150, 200, 260])
def test_names_of_a_series_are_told_apart_however_little_room_there_is(qapp: QApplication, width: int) -> None:
    metrics = QFontMetrics(qapp.font())
    names = [f"sample 17 annealed at 450 C, grid 3, position {number:04d}, magnification 50000.tif" for number in range(8, 14)]
    beside = [names[max(0, at - 1) : at] + names[at + 1 : at + 2] for at in range(len(names))]
    shown = [shortened(name, near, metrics, width) for name, near in zip(names, beside, strict=True)]
    assert all(f"{number:04d}" in text for number, text in zip(range(8, 14), shown, strict=True))
    assert all(metrics.horizontalAdvance(text) <= width for text in shown)


def test_names_that_fit_or_differ_at_their_ends_are_shortened_in_the_middle(qapp: QApplication) -> None:
    metrics = QFontMetrics(qapp.font())
    name = "a very long name of a picture 7.tif"
    assert shortened(name, ["another.tif"], metrics, 10_000) == name
    beside = "a very long name of a picture 8.tif"
    assert shortened(name, [beside], metrics, 160) == metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, 160)


def test_one_particle_is_one_particle(loaded: MainWindow, qtbot: QtBot) -> None:
    loaded.store.select(particle.id for particle in loaded.store.current.particles[1:])  # type: ignore[union-attr]
    loaded.actions_["edit.delete"].trigger()
    qtbot.waitUntil(lambda: loaded.particles.status.text() == "1 particle", timeout=10_000)
    calm(loaded, qtbot)


def test_the_sample_table_leaves_room_for_names(loaded: MainWindow) -> None:
    loaded.resize(1000, 760)
    table = loaded.sample.findChild(QTableView)
    assert table is not None
    assert table.columnWidth(0) >= table.fontMetrics().horizontalAdvance("Whole sample, scene 1.tif")


def test_the_batch_dialog_names_the_preset_that_the_parameter_panel_shows(window: MainWindow) -> None:
    assert window.bench.settings.preset == ""
    shown = window.parameters.findChildren(QComboBox)[0].currentText()
    assert dict(parameter_lines(window.store.params, Presets(), ""))["Preset"] == shown
    changed = with_settings(window.store.params, ["cleaning.border=keep"])
    assert dict(parameter_lines(changed, Presets(), ""))["Preset"] == f"{shown}, changed since"


def test_closing_an_image_shows_the_one_that_moves_up(loaded: MainWindow, qtbot: QtBot) -> None:
    shown = []
    for _ in range(3):
        loaded.actions_["file.close_image"].trigger()
        shown.append(loaded.store.current.path.stem if loaded.store.current else None)
    assert shown == ["scene 2", "scene 3", None]
    calm(loaded, qtbot)


def test_the_window_fits_on_a_small_screen(window: MainWindow, scene_files: Path, qtbot: QtBot) -> None:
    assert window.minimumSizeHint().height() <= SMALL_SCREEN_PX
    write(scene_files / "nobody knows.tif", scene())
    window.open_paths([scene_files / "nobody knows.tif"])
    qtbot.waitUntil(window.viewer.banner.isVisible, timeout=30_000)
    calm(window, qtbot)
    assert window.minimumSizeHint().height() <= SMALL_SCREEN_PX


@pytest.mark.parametrize("width", [500, 640, 1400])
def test_the_banner_says_its_sentence_to_the_end(qtbot: QtBot, width: int) -> None:
    banner = CalibrationBanner()
    qtbot.addWidget(banner)
    banner.offer("Read 5 nm = 59.0 px: 0.08481 nm a pixel, used unless corrected.")
    banner.resize(width, banner.heightForWidth(width))
    banner.show()
    sentence = banner.findChild(QLabel)
    assert sentence is not None
    letters = sentence.fontMetrics().horizontalAdvance(sentence.text())
    lines = sentence.height() // sentence.fontMetrics().lineSpacing()
    assert letters <= lines * sentence.width()
    assert sentence.height() >= sentence.heightForWidth(sentence.width())


def test_there_is_something_to_cancel_while_something_runs(loaded: MainWindow, qtbot: QtBot) -> None:
    cancel = loaded.actions_["analysis.cancel"]
    assert not cancel.isEnabled()
    loaded.analyse(loaded.store.documents)
    qtbot.waitUntil(cancel.isEnabled, timeout=10_000)
    cancel.trigger()
    qtbot.waitUntil(lambda: not cancel.isEnabled(), timeout=10_000)
    calm(loaded, qtbot)


def test_a_box_too_narrow_for_its_text_shows_that_there_is_more(qtbot: QtBot) -> None:
    box = ElidingComboBox(letters=3)
    qtbot.addWidget(box)
    box.addItem("Ultimate erosion of convex shapes (UECS)")
    box.resize(120, box.sizeHint().height())
    assert box.shown_text.startswith("Ultimate")
    assert box.shown_text.endswith("…")
    box.resize(600, box.sizeHint().height())
    assert box.shown_text == box.currentText()


def test_the_status_bar_speaks_of_the_method_as_the_panel_does(loaded: MainWindow) -> None:
    loaded.store.set_params(with_settings(loaded.store.params, ["detector.name=otsu"]))
    loaded.store.set_current(None)
    method = loaded.status._method
    assert method.text() == loaded.parameters.groups["detector"].rows["name"].editor.box.currentText() == "Otsu threshold"  # type: ignore[attr-defined]
    assert "UECS" in method.toolTip()


def test_failures_name_the_file_once_and_then_say_why(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    bad = tmp_path / "bad.tif"
    bad.write_bytes(b"no picture")
    window.open_paths([bad])
    qtbot.waitUntil(lambda: bool(window.store.documents and window.store.documents[0].error), timeout=30_000)
    (document,) = window.store.documents
    assert document.error == f"bad.tif: {document.reason}"
    assert warnings_text(document).count("bad.tif") == 1
    assert "bad.tif" not in window.particles.pages.sentence
    window.status.run_panel.show_failures()
    (failures,) = window.findChildren(FailuresDialog)
    line = failures.findChildren(QTreeWidget)[0].topLevelItem(0)
    assert line is not None
    assert [line.text(column).count("bad.tif") for column in (0, 1)] == [1, 0]
    calm(window, qtbot)


def test_what_cannot_be_corrected_is_said_in_a_sentence(loaded: MainWindow, qtbot: QtBot) -> None:
    told: list[Notice] = []
    loaded.bench.noticed.connect(told.append)
    loaded.select_all()
    loaded.actions_["edit.merge"].trigger()
    assert told[-1].level == "warning"
    assert told[-1].text[0].isupper()
    calm(loaded, qtbot)
