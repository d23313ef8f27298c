"""The log keeps what was told, with its details, and can be copied and cleared."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from lycurgus.ui.app import log_notices
from lycurgus.ui.panels.log import LEVEL, LogPanel
from lycurgus.ui.workbench import Workbench


@pytest.fixture
def panel(workbench: Workbench, qtbot: QtBot) -> LogPanel:
    made = LogPanel(workbench)
    qtbot.addWidget(made)
    return made


def test_notices_are_listed_in_their_order_each_level_with_its_sign(workbench: Workbench, panel: LogPanel) -> None:
    assert panel.pages.sentence
    workbench.tell("3 images opened")
    workbench.succeed("3 images analysed")
    workbench.warn("2 images failed", "a.tif: cannot be read\nb.tif: is empty")
    workbench.fail("The disk is full")
    items = [panel.list.topLevelItem(row) for row in range(4)]
    assert [item.text(2) for item in items] == ["3 images opened", "3 images analysed", "2 images failed", "The disk is full"]
    assert [item.text(LEVEL) for item in items] == ["ℹ", "✓", "⚠", "✕"]
    assert [item.childCount() for item in items] == [0, 0, 1, 0]
    assert "b.tif: is empty" in items[2].child(0).text(2)
    assert panel.pages.sentence == ""
    assert panel.count.text() == "4 notices"


def test_what_is_told_outlives_the_window_in_the_log_file(workbench: Workbench, caplog: pytest.LogCaptureFixture) -> None:
    log_notices(workbench)
    with caplog.at_level("INFO", logger="lycurgus"):
        workbench.tell("3 images opened")
        workbench.warn("2 images failed", "a.tif: cannot be read")
    assert [(one.levelname, one.getMessage()) for one in caplog.records] == [
        ("INFO", "3 images opened"),
        ("WARNING", "2 images failed\na.tif: cannot be read"),
    ]


def test_all_or_the_selected_notices_are_copied(workbench: Workbench, panel: LogPanel, qtbot: QtBot) -> None:
    workbench.tell("first")
    workbench.fail("second", "because")
    panel.copy_button.click()
    text = QGuiApplication.clipboard().text()
    assert "first" in text
    assert "error\tsecond\n    because" in text
    panel.list.topLevelItem(0).setSelected(True)
    qtbot.keyClick(panel.list, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    # Otherwise Qt believes that Ctrl is still held.
    qtbot.keyRelease(panel.list, Qt.Key.Key_Control)
    assert "second" not in QGuiApplication.clipboard().text()


def test_clearing_leaves_the_sentence_for_nothing(workbench: Workbench, panel: LogPanel) -> None:
    workbench.tell("something")
    panel.clear_button.click()
    assert panel.list.topLevelItemCount() == 0
    assert panel.pages.sentence
    assert not panel.copy_button.isEnabled()


def test_the_oldest_notices_go_when_there_are_too_many(workbench: Workbench, panel: LogPanel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lycurgus.ui.panels.log.MOST", 5)
    for number in range(8):
        workbench.tell(f"notice {number}")
    assert [panel.list.topLevelItem(row).text(2) for row in range(panel.list.topLevelItemCount())] == [
        f"notice {number}" for number in range(3, 8)
    ]
