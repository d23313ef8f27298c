"""The real window, driven as a user drives it."""

from __future__ import annotations

import re
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QAccessible, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QSlider,
    QWidget,
)
from pytestqt.qtbot import QtBot

from lycurgus.ui.app import catch_strays
from lycurgus.ui.main_window import MainWindow
from lycurgus.ui.store import ImageState
from scenes import DISCS
from windows import calm, dialogs


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
