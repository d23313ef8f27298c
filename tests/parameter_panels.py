"""Rows and editors of a parameter panel, and how a user sets them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox
from pytestqt.qtbot import QtBot

from lycurgus.ui.panels.parameter_editors import ChoiceEditor, NumberEditor
from lycurgus.ui.panels.parameter_rows import ParameterRow
from lycurgus.ui.panels.parameters import ParametersPanel
from lycurgus.ui.workbench import Workbench

MakePanel = Callable[[Workbench], ParametersPanel]


def row_of(panel: ParametersPanel, name: str) -> ParameterRow:
    stage, _, field = name.partition(".")
    return panel.groups[stage].rows[field]


def value_of(bench: Workbench, name: str) -> Any:
    stage, _, field = name.partition(".")
    return getattr(getattr(bench.store.params, stage), field)


def box_of(panel: ParametersPanel, name: str) -> QSpinBox | QDoubleSpinBox:
    editor = row_of(panel, name).editor
    assert isinstance(editor, NumberEditor)
    return editor.box


def choose(panel: ParametersPanel, name: str, text: str) -> None:
    editor = row_of(panel, name).editor
    box = editor.box if isinstance(editor, ChoiceEditor) else editor.words  # type: ignore[attr-defined]
    box.setCurrentIndex(box.findText(text))


def type_into(panel: ParametersPanel, name: str, text: str, qtbot: QtBot) -> None:
    box = box_of(panel, name)
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, text)
