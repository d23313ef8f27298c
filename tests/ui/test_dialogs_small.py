"""Reasons, classes, confirmations, the shortcut sheet, the about box, and times in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialogButtonBox, QPushButton

from lycurgus.core import edits
from lycurgus.ui.actions import ActionSpec
from lycurgus.ui.dialogs.about import WORKS, AboutDialog
from lycurgus.ui.dialogs.reasons import REASONS, ClassDialog, ConfirmReplaceEdits, ReasonDialog
from lycurgus.ui.dialogs.shortcuts import ShortcutsDialog
from lycurgus.ui.durations import clock, remaining
from lycurgus.ui.store import Document


def button(dialog, text: str) -> QPushButton:
    return next(one for one in dialog.findChildren(QPushButton) if one.text().replace("&", "") == text)


def opened_dialog(qtbot, dialog):
    dialog.open()
    qtbot.waitExposed(dialog)
    return dialog


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (-3, "0:00"), (42.4, "0:42"), (59.6, "1:00"), (220, "3:40"), (3600, "1:00:00"), (3725, "1:02:05")]
)
def test_times_are_written_as_on_a_clock(seconds, text):
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (2, "a few seconds left"), (42, "0:42 left"), (218, "3:40 left"), (217.9, "3:40 left"), (7204, "2:00:00 left")],
)
def test_long_estimates_are_rounded_to_ten_seconds(seconds, text):
    assert remaining(seconds) == text


def test_a_reason_is_asked_with_the_latest_ones_first(qtbot):
    dialog = opened_dialog(qtbot, ReasonDialog(["charging", "artefact"]))
    assert dialog.reason == "charging"
    with qtbot.waitSignal(dialog.reason_chosen) as chosen:
        qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert chosen.args == ["charging"]


def test_usual_reasons_are_offered_without_any_known():
    assert ReasonDialog().reason == REASONS[0]


def test_a_reason_of_blanks_is_none(qtbot):
    dialog = opened_dialog(qtbot, ReasonDialog())
    dialog.set_reason("   ")
    assert not button(dialog, "Exclude").isEnabled()
    dialog.set_reason("  two \n words ")
    assert dialog.reason == "two words"
    assert button(dialog, "Exclude").isEnabled()
    dialog.reject()


def test_escape_gives_no_reason(qtbot):
    dialog = opened_dialog(qtbot, ReasonDialog())
    with qtbot.assertNotEmitted(dialog.reason_chosen), qtbot.waitSignal(dialog.rejected):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)


def test_a_class_needs_a_name(qtbot):
    dialog = opened_dialog(qtbot, ClassDialog({"shape": ["sphere", "rod"], "order": ["ordered"]}))
    assert not button(dialog, "Classify").isEnabled()
    dialog.set_class("shape", "rod")
    with qtbot.waitSignal(dialog.class_chosen) as chosen:
        button(dialog, "Classify").click()
    assert chosen.args == ["shape", "rod"]


def test_another_classification_does_not_keep_the_class_of_the_first(qtbot):
    dialog = opened_dialog(qtbot, ClassDialog({"shape": ["sphere", "rod"], "order": ["ordered"]}))
    dialog.set_class("shape", "rod")
    dialog.set_class("order", "")
    assert dialog.name == ""
    dialog.set_class("order", "amorphous")
    assert (dialog.task, dialog.name) == ("order", "amorphous")
    dialog.reject()


def corrected(document: Document) -> Document:
    history = document.history
    for number in [particle.id for particle in history.particles[:2]]:
        history = history.do(edits.delete(history.particles, [number]))
    document.history = history
    document.touch()
    return document


@pytest.mark.parametrize(("text", "choice"), [("Analyse again", "all"), ("Only the others", "others"), ("Cancel", "cancel")])
def test_replacing_corrections_is_a_choice_of_three(qtbot, opened, text, choice):
    dialog = opened_dialog(qtbot, ConfirmReplaceEdits([corrected(opened.store.documents[0])]))
    with qtbot.waitSignal(dialog.chosen) as chosen:
        button(dialog, text).click()
    assert chosen.args == [choice]
    assert dialog.choice == choice


def test_enter_and_escape_keep_corrections(qtbot, opened):
    documents = [corrected(document) for document in opened.store.documents]
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape):
        dialog = opened_dialog(qtbot, ConfirmReplaceEdits(documents))
        with qtbot.waitSignal(dialog.chosen) as chosen:
            qtbot.keyClick(dialog, key)
        assert chosen.args == ["cancel"]


def test_there_are_no_others_to_analyse_where_all_are_corrected(qtbot, opened):
    dialog = ConfirmReplaceEdits([corrected(opened.store.documents[0])], others=False)
    qtbot.addWidget(dialog)
    assert not button(dialog, "Only the others").isEnabled()


SPECS = (
    ActionSpec("file.open", "&Open images…", "Ctrl+O", print, "Open micrographs"),
    ActionSpec("edit.redo", "&Redo", "Ctrl+Shift+Z Ctrl+Y", print, "Do the correction again"),
    ActionSpec("view.fit", "Save && <fit>", "0", print, "Save && <fit>"),
    ActionSpec("help.about", "About", "", print),
)
GESTURES = (("Mouse wheel", "Zoom at the cursor"), ("Hold H", "Hide the overlay"))


def test_the_sheet_lists_every_shortcut_and_gesture_once(qtbot):
    dialog = ShortcutsDialog(SPECS, GESTURES)
    qtbot.addWidget(dialog)
    for words in ("File", "Open images", "Ctrl+O", "Ctrl+Shift+Z or Ctrl+Y", "Save & <fit>", "Mouse wheel", "Hide the overlay"):
        assert dialog.text.count(words) == 1, words
    assert "About" not in dialog.text


def test_searching_the_sheet_keeps_rows_with_every_word(qtbot):
    dialog = ShortcutsDialog(SPECS, GESTURES)
    qtbot.addWidget(dialog)
    dialog.search("correction again")
    assert "Redo" in dialog.text
    assert "Open images" not in dialog.text
    dialog.search("no such thing")
    assert "No shortcut fits" in dialog.text


def test_the_sheet_follows_the_palette(qtbot):
    dialog = ShortcutsDialog(SPECS, GESTURES)
    qtbot.addWidget(dialog)
    dialog.search("no such thing")
    palette = dialog.palette()
    palette.setColor(palette.ColorRole.PlaceholderText, Qt.GlobalColor.magenta)
    dialog.setPalette(palette)
    assert "#ff00ff" in dialog._page.toHtml()


def test_enter_in_the_search_line_leaves_the_sheet_open(qtbot):
    dialog = opened_dialog(qtbot, ShortcutsDialog(SPECS, GESTURES))
    qtbot.keyClick(dialog._search, Qt.Key.Key_Return)
    assert dialog.isVisible()
    qtbot.keyClick(dialog._search, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_the_about_box_copies_versions_folders_and_providers(qtbot, workbench, home: Path):
    dialog = opened_dialog(qtbot, AboutDialog(workbench))
    qtbot.waitUntil(lambda: bool(dialog.system_information), timeout=20_000)
    qtbot.waitUntil(lambda: dialog._licences._list.topLevelItemCount() > 10, timeout=20_000)
    button(dialog, "Copy system information").click()
    copied = QGuiApplication.clipboard().text()
    for words in ("Lycurgus: ", "Python: ", "NumPy: ", "OpenCV: ", "Qt: ", "Providers offered: ", "Screen: ", str(home)):
        assert words in copied, words
    dialog.reject()


def test_the_about_box_shows_the_licence_of_the_chosen_component(qtbot, workbench):
    dialog = opened_dialog(qtbot, AboutDialog(workbench))
    licences = dialog._licences
    qtbot.waitUntil(lambda: licences._list.topLevelItemCount() > 10, timeout=20_000)
    item = licences._list.findItems("numpy", Qt.MatchFlag.MatchExactly)[0]
    licences._list.setCurrentItem(item)
    assert "NumPy Developers" in licences._text.toPlainText()
    dialog.reject()


def test_closing_the_about_box_early_leaves_no_job_behind(qtbot, workbench):
    dialog = opened_dialog(qtbot, AboutDialog(workbench))
    dialog.reject()
    qtbot.waitUntil(lambda: not workbench.jobs.active, timeout=20_000)


def test_methods_are_named_with_their_source():
    assert all(name and source.endswith(".") for name, source in WORKS)


def test_every_small_dialog_has_one_default_button_at_most(qtbot, opened):
    dialogs = [ReasonDialog(), ClassDialog(), ConfirmReplaceEdits([corrected(opened.store.documents[0])]), ShortcutsDialog(SPECS, ())]
    for dialog, defaults in zip(dialogs, (1, 1, 1, 0), strict=True):
        qtbot.addWidget(dialog)
        box = dialog.findChild(QDialogButtonBox)
        assert sum(one.isDefault() for one in box.findChildren(QPushButton)) == defaults
