"""What operators stumbled over in the window, held for good."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from lycurgus.services.settings import SettingsStore
from lycurgus.ui.dialogs.calibration import CalibrationDialog
from lycurgus.ui.main_window import MainWindow
from lycurgus.ui.theme import apply_theme, palette
from lycurgus.ui.workbench import Notice, Workbench


@pytest.fixture
def window(home: Path, qtbot: QtBot) -> Iterator[MainWindow]:
    made = MainWindow(Workbench(SettingsStore(), home / "session.lycurgus"))
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    made.deleteLater()


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


def calm(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not window.bench.jobs.active, timeout=60_000)


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
    canvas = loaded.viewer.canvas
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
