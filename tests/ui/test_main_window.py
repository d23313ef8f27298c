"""The real window, driven as a user drives it."""

from __future__ import annotations

import gc
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QAccessible, QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QLineEdit,
    QSlider,
    QWidget,
)
from pytestqt.qtbot import QtBot

from lycurgus.readers.door import read
from lycurgus.services.settings import SettingsStore
from lycurgus.ui.app import catch_strays
from lycurgus.ui.main_window import MainWindow
from lycurgus.ui.store import Document, ImageState
from lycurgus.ui.theme import apply_theme
from lycurgus.ui.workbench import Workbench
from scenes import DISCS, scene, write


@pytest.fixture
def window(home: Path, qtbot: QtBot) -> Iterator[MainWindow]:
    made = MainWindow(Workbench(SettingsStore(), home / "session.lycurgus"))
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def loaded(window: MainWindow, scene_files: Path, qtbot: QtBot) -> MainWindow:
    """Three images opened and analysed."""
    window.open_paths([scene_files])
    qtbot.waitUntil(lambda: window.store.micrograph is not None, timeout=30_000)
    window.analyse_all()
    qtbot.waitUntil(lambda: all(document.analysed for document in window.store.documents), timeout=60_000)
    calm(window, qtbot)
    return window


def calm(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not window.bench.jobs.active, timeout=60_000)


def dialogs() -> list[QDialog]:
    return [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, QDialog) and widget.isVisible()]


def test_the_first_start_greets_with_something_to_do(window: MainWindow) -> None:
    assert window.windowTitle() == "Lycurgus"
    assert window.store.documents == []
    assert not window.actions_["analysis.this"].isEnabled()
    assert window.actions_["file.open"].isEnabled()


def test_the_samples_are_two_clicks_away_from_a_distribution(window: MainWindow, qtbot: QtBot) -> None:
    window.actions_["file.samples"].trigger()
    qtbot.waitUntil(lambda: len(window.store.documents) == 3 and window.store.micrograph is not None, timeout=30_000)
    window.actions_["analysis.this"].trigger()
    qtbot.waitUntil(lambda: bool(window.store.current and window.store.current.particles), timeout=60_000)
    calm(window, qtbot)


NEEDS_ANSWER = {"file.open", "file.open_folder"}
"""Actions that open the system's own file dialog, which no test can drive; what follows it is tested with paths."""

LAST = ("file.close_image", "file.quit")


def prepare(window: MainWindow, action_id: str, qtbot: QtBot) -> None:
    """Bring about what an action needs, and what lets its effect be seen."""
    store, editing = window.store, window.editing
    window.opening.show(store.documents[1 if action_id == "view.previous" else 0])
    qtbot.waitUntil(lambda: store.micrograph is not None, timeout=30_000)
    calm(window, qtbot)
    store.select([particle.id for particle in store.current.particles[:2]])
    match action_id:
        case "edit.undo" | "edit.redo":
            editing.draw_circle((170.0, 40.0), 12.0)
            if action_id == "edit.redo":
                editing.undo()
        case "edit.include":
            editing.exclude("blurred")
        case "edit.select_all":
            window.select_none()
        case "tool.select":
            window.actions_["tool.draw"].setChecked(True)
        case "view.fit" | "view.actual" | "view.zoom_out":
            window.viewer.zoom_in()
        case "view.auto_contrast":
            window.viewer.contrast.set_limits(1.0, 2.0)
        case "analysis.cancel":
            window.analysing.analyse(store.documents[1:])


def test_every_action_can_be_triggered_and_does_something(loaded: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    for hooks in (sys, threading):
        monkeypatch.setattr(hooks, "excepthook", hooks.excepthook)
    catch_strays(loaded.bench)
    strays: list[str] = []
    loaded.bench.strayed.connect(strays.append)
    done: list[str] = []
    loaded.bench.noticed.connect(lambda notice: done.append(notice.text))
    monkeypatch.setattr("lycurgus.ui.main_window.QDesktopServices.openUrl", lambda url: done.append(url.toString()))
    submit = loaded.bench.jobs.submit

    def watched(lane: str, *arguments: Any, **options: Any) -> Any:
        if lane == "inference":
            done.append(options["title"])
        return submit(lane, *arguments, **options)

    monkeypatch.setattr(loaded.bench.jobs, "submit", watched)

    def traces() -> tuple[object, ...]:
        store, viewer = loaded.store, loaded.viewer
        current = store.current
        shown = (viewer.tool, viewer.canvas.view, viewer.contrast.limits, viewer.comparison.mode, loaded.bench.settings.overlay)
        work = (len(store.documents), current and current.path, current and current.particles, store.selection)
        return *shown, *work, loaded.analysing.progress.running, loaded.isVisible(), len(dialogs()), tuple(done)

    bad = loaded.store.documents[0].path.with_name("bad.tif")
    bad.write_bytes(b"no picture")
    loaded.open_paths([bad])
    qtbot.waitUntil(lambda: len(loaded.store.documents) == 4, timeout=30_000)
    loaded.analysing.analyse(loaded.store.documents[3:])
    qtbot.waitUntil(lambda: bool(loaded.store.documents[3].error), timeout=30_000)
    for action_id in [spec.id for spec in loaded.actions_.specs if spec.id not in NEEDS_ANSWER.union(LAST)] + list(LAST):
        prepare(loaded, action_id, qtbot)
        before = traces()
        action = loaded.actions_[action_id]
        assert action.isEnabled(), action_id
        action.trigger()
        qtbot.waitUntil(lambda before=before: traces() != before, timeout=10_000)
        if action_id != "file.quit":
            for dialog in dialogs():
                dialog.reject()
            calm(loaded, qtbot)
    assert not strays
    assert not loaded.isVisible()


def test_choosing_files_opens_them(window: MainWindow, scene_files: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    chosen = [str(scene_files / "scene 2.tif")]
    monkeypatch.setattr("lycurgus.ui.main_window.QFileDialog.getOpenFileNames", lambda *_: (chosen, ""))
    window.actions_["file.open"].trigger()
    qtbot.waitUntil(lambda: window.store.micrograph is not None, timeout=30_000)
    assert window.windowTitle() == "scene 2.tif — Lycurgus"
    monkeypatch.setattr("lycurgus.ui.main_window.QFileDialog.getExistingDirectory", lambda *_: str(scene_files))
    window.actions_["file.open_folder"].trigger()
    qtbot.waitUntil(lambda: len(window.store.documents) == 3, timeout=30_000)


def test_table_and_picture_share_one_selection(loaded: MainWindow) -> None:
    ids = [particle.id for particle in loaded.store.documents[0].particles]
    view = loaded.particles.view
    loaded.store.select(ids[:2])
    assert len(view.selected_rows()) == 2
    view.selectRow(3)
    assert len(loaded.store.selection) == 1


def test_return_commits_what_was_typed_and_leaves_the_contrast_alone(loaded: MainWindow, qtbot: QtBot) -> None:
    loaded.viewer.contrast.set_limits(10.0, 20.0)
    box = next(box for box in loaded.parameters.groups["separator"].findChildren(QDoubleSpinBox) if box.isVisible() and box.isEnabled())
    before = loaded.store.params
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "0.8")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert loaded.store.params != before
    assert loaded.viewer.contrast.limits == (10.0, 20.0)


def test_single_keys_act_on_the_image_and_nowhere_else(loaded: MainWindow, qtbot: QtBot) -> None:
    chosen: list[str] = []
    for spec in loaded.actions_.specs:
        loaded.actions_[spec.id].triggered.connect(lambda _=False, name=spec.id: chosen.append(name))
    keys = (Qt.Key.Key_S, Qt.Key.Key_V, Qt.Key.Key_N, Qt.Key.Key_N, Qt.Key.Key_0, Qt.Key.Key_Return, Qt.Key.Key_PageDown)
    for elsewhere in (loaded.particles.view, loaded.browser.view, loaded.parameters.search, loaded.viewer.contrast.low):
        elsewhere.setFocus()
        for key in keys:
            qtbot.keyClick(elsewhere, key)
        assert chosen == [], type(elsewhere).__name__
    loaded.viewer.canvas.setFocus()
    qtbot.waitUntil(lambda: loaded.store.micrograph is not None, timeout=30_000)
    for key in keys:
        qtbot.keyClick(loaded.viewer.canvas, key)
    expected = ["tool.split", "tool.select", "view.ids", "view.ids", "view.fit", "view.auto_contrast", "view.next"]
    assert chosen == expected
    calm(loaded, qtbot)


@pytest.mark.parametrize("place", ["picture", "table"])
def test_the_delete_key_deletes_particles_in_the_picture_and_in_the_table(loaded: MainWindow, place: str, qtbot: QtBot) -> None:
    widget = loaded.viewer.canvas if place == "picture" else loaded.particles.view
    loaded.store.select([loaded.store.current.particles[0].id])
    widget.setFocus()
    assert loaded.actions_["edit.delete"].isEnabled()
    qtbot.keyClick(widget, Qt.Key.Key_Delete)
    assert len(loaded.store.current.particles) == len(DISCS) - 1
    calm(loaded, qtbot)


def test_a_shortcut_of_the_whole_window_has_a_modifier_or_is_a_function_key(window: MainWindow) -> None:
    for spec in window.actions_.specs:
        for key in spec.shortcut.split():
            is_window_wide = "Ctrl+" in key or re.fullmatch(r"(Shift\+)?F\d+", key) is not None
            assert (spec.context == "window") == is_window_wide, spec.id


def test_fields_lists_and_pictures_say_what_they_are_when_read_aloud(window: MainWindow) -> None:
    kinds = (QLineEdit, QComboBox, QAbstractSpinBox, QSlider, QAbstractItemView)
    silent = []
    for widget in window.findChildren(QWidget):
        is_part = isinstance(widget.parent(), QAbstractSpinBox | QComboBox) or widget.window() is not window
        if isinstance(widget, kinds) and widget.focusPolicy() != Qt.FocusPolicy.NoFocus and not is_part:
            read = QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)
            silent += [] if read else [f"{type(widget).__name__} in {type(widget.parentWidget()).__name__}"]
    assert not silent


def test_parameters_make_results_stale_and_analysing_again_freshens_them(loaded: MainWindow, qtbot: QtBot) -> None:
    from lycurgus.parameters import with_settings

    loaded.store.set_params(with_settings(loaded.store.params, ["cleaning.border=keep"]))
    assert {document.state(loaded.store.params) for document in loaded.store.documents} == {ImageState.STALE}
    loaded.actions_["analysis.all"].trigger()
    qtbot.waitUntil(lambda: not loaded.analysing.progress.running, timeout=60_000)
    calm(loaded, qtbot)
    assert {document.state(loaded.store.params) for document in loaded.store.documents} == {ImageState.DONE}


def test_hand_work_is_not_replaced_without_asking(loaded: MainWindow) -> None:
    loaded.editing.draw_circle((170.0, 40.0), 12.0)
    loaded.actions_["analysis.this"].trigger()
    (question,) = dialogs()
    question.reject()
    assert not loaded.analysing.progress.running
    assert len(loaded.store.current.particles) == len(DISCS) + 1


def test_closing_during_a_run_ends_every_thread(window: MainWindow, scene_files: Path, qtbot: QtBot) -> None:
    window.open_paths([scene_files])
    qtbot.waitUntil(lambda: len(window.store.documents) == 3, timeout=30_000)
    window.analyse_all()
    window.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lycurgus-")]


def test_nothing_is_left_of_a_closed_window(home: Path, scene_files: Path, qtbot: QtBot) -> None:
    before = {id(widget) for widget in QApplication.topLevelWidgets()}
    window = MainWindow(Workbench(SettingsStore(), home / "session.lycurgus"))
    window.show()
    window.open_paths([scene_files])
    qtbot.waitUntil(lambda: window.store.micrograph is not None, timeout=30_000)
    window.show_shortcuts()
    window.close()
    window.deleteLater()
    with qtbot.waitSignal(window.destroyed, timeout=10_000):
        pass
    gc.collect()
    assert not [widget for widget in QApplication.topLevelWidgets() if id(widget) not in before and widget.isVisible()]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lycurgus-")]


def test_settings_that_are_damaged_are_set_aside_with_a_word(home: Path, qtbot: QtBot) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.json").write_text("{ this is not JSON", encoding="utf-8")
    settings = SettingsStore()
    assert settings.warning
    window = MainWindow(Workbench(settings, home / "session.lycurgus"))
    qtbot.addWidget(window)
    window.show()
    window.close()
    assert SettingsStore().warning == ""


def test_an_exception_that_nobody_caught_is_a_toast_and_the_window_lives(
    loaded: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    catch_strays(loaded.bench)
    sys.excepthook(ZeroDivisionError, ZeroDivisionError("in the window"), None)
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len([toast for toast in loaded.toasts.shown if toast.notice.level == "error"]) == 2)
    assert loaded.isVisible()


def test_no_call_blocks_the_window_for_long(loaded: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    """A timer that ticks in every turn of the event loop tells how long the window's thread ever worked between two turns.

    It counts the thread's own processor time, of which a busy machine only ever adds: the best of a few tries is the truth.
    """
    longest = []
    for attempt in range(4):
        for number in range(3):
            name = f"scene {attempt} {number}.tif"
            write(tmp_path / f"more {attempt}" / name, scene(seed=10 * attempt + number), pixel_size_nm=0.5)
        expected = len(loaded.store.documents) + 3
        ticks: list[float] = []
        watchdog = QTimer()
        watchdog.timeout.connect(lambda ticks=ticks: ticks.append(time.thread_time()))
        watchdog.start(0)
        loaded.open_paths([tmp_path / f"more {attempt}"])
        qtbot.waitUntil(
            lambda expected=expected: len(loaded.store.documents) == expected and loaded.store.micrograph is not None, timeout=30_000
        )
        loaded.analyse_all()
        qtbot.waitUntil(lambda: all(document.analysed for document in loaded.store.documents), timeout=60_000)
        loaded.editing.draw_circle((170.0, 40.0), 12.0)
        loaded.actions_["view.next"].trigger()
        calm(loaded, qtbot)
        watchdog.stop()
        longest.append(max(np.diff(ticks)))
        if longest[-1] < 0.05:
            return
    pytest.fail(f"the window's thread was away for {min(longest) * 1000:.0f} ms")


def test_thousands_of_particles_and_images_do_not_block_the_window(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    """5,000 particles in the image that is shown and 2,000 images in the list: each act in a turn of its own, by processor time.

    The limit leaves room for slow machines: what once asked for each cell or each image took five to twenty times as long here.
    """
    step, side = 28, 72
    rows, columns = (axis % step - step // 2 for axis in np.indices((side * step, side * step)))
    noise = np.random.default_rng(0).normal(0, 6, rows.shape)
    crowd = np.where(rows**2 + columns**2 < 64, 150, 60) + noise
    window.open_paths([write(tmp_path / "crowd.tif", np.clip(crowd, 0, 255).astype(np.uint8), pixel_size_nm=0.5)])
    store, editing = window.store, window.editing
    qtbot.waitUntil(lambda: store.micrograph is not None, timeout=30_000)
    window.analyse_all()
    qtbot.waitUntil(lambda: store.current.analysed is not None, timeout=120_000)
    assert len(store.current.particles) > 5_000
    calm(window, qtbot)
    store.add_documents([Document(tmp_path / "more" / f"image {number:04}.tif") for number in range(2_000)])

    acts: dict[str, Callable[[], object]] = {
        "select all": window.select_all,
        "select none": window.select_none,
        "draw": lambda: editing.draw_circle((14.0, 28.0), 4.0),
        "undo": editing.undo,
        "queue 2,000 images": lambda: (window.analysing.pause(), window.analysing.analyse(store.documents)),
        "cancel 2,000 images": window.analysing.cancel,
    }
    shortest = dict.fromkeys(acts, float("inf"))
    for _ in range(3):
        for name, act in acts.items():
            qtbot.wait(200)
            ticks = [time.thread_time()]
            watchdog = QTimer()
            watchdog.timeout.connect(lambda ticks=ticks: ticks.append(time.thread_time()))
            watchdog.start(0)
            act()
            qtbot.wait(250)
            watchdog.stop()
            shortest[name] = min(shortest[name], max(np.diff(ticks)))
        if max(shortest.values()) < 0.12:
            return
    pytest.fail(f"the window's thread was away for so many ms: { {name: round(1000 * away) for name, away in shortest.items()} }")


def test_every_theme_paints_the_window_in_its_own_brightness(loaded: MainWindow, qapp: QApplication, qtbot: QtBot) -> None:
    brightness = {}
    for theme in ("light", "dark"):
        apply_theme(qapp, theme)
        qtbot.wait(50)
        image = loaded.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
        strip = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())[:30, : image.width()]
        brightness[theme] = float(np.median(strip))
    apply_theme(qapp, "light")
    assert brightness["light"] > 200
    assert brightness["dark"] < 80


def test_the_viewer_paints_what_an_independent_rendering_of_pixels_and_masks_expects(loaded: MainWindow) -> None:
    viewer, micrograph = loaded.viewer, loaded.store.micrograph
    assert micrograph is not None
    viewer.actual_size()
    viewer.contrast.set_limits(20.0, 220.0)
    loaded.actions_["view.overlay"].setChecked(False)
    plain = _pixels(viewer.canvas.grab().toImage()).astype(int)
    loaded.actions_["view.overlay"].setChecked(True)
    outlined = _pixels(viewer.canvas.grab().toImage()).astype(int)

    first_y, first_x = (round(float(at)) for at in viewer.canvas.view.to_image(QPointF(0.5, 0.5)))
    rows, columns = np.indices(plain.shape)
    rows, columns = rows + first_y, columns + first_x
    height, width = micrograph.shape
    inside = (rows >= 0) & (columns >= 0) & (rows < height) & (columns < width)
    assert np.count_nonzero(inside) > 0.9 * height * width
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    expected = np.clip((micrograph.pixels.astype(float) - 20.0) / 200.0, 0, 1) * 255
    # The scale bar and the labels in the corners may cover some of it.
    assert np.mean(np.abs(plain - expected[rows, columns])[inside] <= 2) > 0.9

    covered = np.zeros(micrograph.shape, np.uint8)
    for particle in loaded.store.current.particles:
        box = particle.instance.bbox
        covered[box.y0 : box.y1, box.x0 : box.x1] |= particle.instance.mask
    edge = cv2.morphologyEx(covered, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    near_edge = cv2.dilate(edge.astype(np.uint8), np.ones((9, 9), np.uint8))[rows, columns] > 0
    drawn = (np.abs(outlined - plain) > 8) & inside
    reached = cv2.dilate(drawn.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert np.count_nonzero(drawn) > 300
    assert np.mean(near_edge[drawn]) > 0.98
    assert np.mean(reached[edge[rows, columns] & inside]) > 0.95


def test_the_picture_on_screen_is_the_file(loaded: MainWindow) -> None:
    current, micrograph = loaded.store.current, loaded.store.micrograph
    assert current is not None
    assert micrograph is not None
    assert np.array_equal(micrograph.pixels, read(current.path).pixels)


def _pixels(image: QImage) -> np.ndarray:
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    return np.frombuffer(grey.constBits(), np.uint8).reshape(grey.height(), grey.bytesPerLine())[:, : grey.width()].copy()


def test_files_may_be_dropped_anywhere_on_the_window(window: MainWindow, scene_files: Path, qtbot: QtBot) -> None:
    dragged = QMimeData()
    dragged.setUrls([QUrl.fromLocalFile(str(scene_files))])
    place = QPointF(5, window.height() - 5)
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place.toPoint(), copy, dragged, left, none)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(place, copy, dragged, left, none))
    qtbot.waitUntil(lambda: len(window.store.documents) == 3, timeout=30_000)
    calm(window, qtbot)


def test_the_last_session_survives_a_start_in_which_nothing_was_opened(home: Path, scene_files: Path, qtbot: QtBot) -> None:
    def start() -> MainWindow:
        made = MainWindow(Workbench(SettingsStore(), home / "session.lycurgus"))
        qtbot.addWidget(made)
        made.show()
        return made

    first = start()
    first.open_paths([scene_files])
    qtbot.waitUntil(lambda: first.store.micrograph is not None, timeout=30_000)
    first.actions_["view.next"].trigger()
    qtbot.waitUntil(lambda: first.store.micrograph is not None, timeout=30_000)
    first.close()
    start().close()
    (scene_files / "scene 3.tif").unlink()

    again = start()
    again.actions_["file.restore"].trigger()
    qtbot.waitUntil(lambda: again.store.micrograph is not None, timeout=30_000)
    assert [document.path.name for document in again.store.documents] == ["scene 1.tif", "scene 2.tif"]
    assert again.store.current is again.store.documents[1]
    assert any("1 file of the last session" in toast.notice.text for toast in again.toasts.shown)
    again.close()
