"""Editors of parameters: what is typed, slid or chosen reaches the store, and bad input is said in place."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lycurgus.parameters import default_params, params_from, with_settings
from lycurgus.ui.panels.parameter_editors import FlagEditor, NumberEditor, TextEditor
from lycurgus.ui.panels.parameters import ParametersPanel
from lycurgus.ui.workbench import Workbench
from parameter_panels import box_of, choose, row_of, type_into, value_of


def test_a_number_is_set_with_return(panel: ParametersPanel, workbench: Workbench, qtbot: QtBot) -> None:
    type_into(panel, "separator.min_marker_px", "12", qtbot)
    assert value_of(workbench, "separator.min_marker_px") == 30
    qtbot.keyClick(box_of(panel, "separator.min_marker_px"), Qt.Key.Key_Return)
    assert value_of(workbench, "separator.min_marker_px") == 12


@pytest.mark.parametrize("typed", ["0.75", "0,75"])
def test_decimal_comma_and_point_are_understood(panel: ParametersPanel, workbench: Workbench, qtbot: QtBot, typed: str) -> None:
    type_into(panel, "separator.convexity", typed, qtbot)
    qtbot.keyClick(box_of(panel, "separator.convexity"), Qt.Key.Key_Return)
    assert value_of(workbench, "separator.convexity") == 0.75


def test_a_value_that_is_not_allowed_is_said_and_not_set(panel: ParametersPanel, workbench: Workbench, qtbot: QtBot) -> None:
    type_into(panel, "separator.convexity", "1.7", qtbot)
    row = row_of(panel, "separator.convexity")
    assert row.problem.isVisible()
    assert row.problem.text() == "Allowed: a number ≥ 0.5 and ≤ 1"
    qtbot.keyClick(box_of(panel, "separator.convexity"), Qt.Key.Key_Return)
    assert value_of(workbench, "separator.convexity") == 0.95
    type_into(panel, "separator.convexity", "0.8", qtbot)
    assert not row.problem.isVisible()


def test_a_value_that_the_model_refuses_is_said_in_place(panel: ParametersPanel, workbench: Workbench) -> None:
    row = row_of(panel, "separator.convexity")
    row.edited.emit(row.spec, 3.0)
    assert row.problem.isVisible()
    assert value_of(workbench, "separator.convexity") == 0.95
    row.edited.emit(row.spec, 0.9)
    assert not row.problem.isVisible()
    assert value_of(workbench, "separator.convexity") == 0.9


def test_words_and_numbers_share_a_row(panel: ParametersPanel, workbench: Workbench) -> None:
    assert not box_of(panel, "annotations.data_bar").isVisible()
    choose(panel, "annotations.data_bar", "Value")
    assert box_of(panel, "annotations.data_bar").isVisible()
    box_of(panel, "annotations.data_bar").setValue(80)
    assert value_of(workbench, "annotations.data_bar") == 80
    choose(panel, "annotations.data_bar", "None")
    assert value_of(workbench, "annotations.data_bar") == "none"
    choose(panel, "separator.max_holes", "Value")
    assert value_of(workbench, "separator.max_holes") == 0
    choose(panel, "separator.max_holes", "None")
    assert value_of(workbench, "separator.max_holes") is None


def test_texts_and_flags_are_set(panel: ParametersPanel, workbench: Workbench, qtbot: QtBot) -> None:
    plane, weights = row_of(panel, "input.plane").editor, row_of(panel, "statistics.border_weights").editor
    assert isinstance(plane, TextEditor)
    assert isinstance(weights, FlagEditor)
    plane.line.clear()
    qtbot.keyClicks(plane.line, "HAADF")
    qtbot.keyClick(plane.line, Qt.Key.Key_Return)
    weights.box.click()
    assert (value_of(workbench, "input.plane"), value_of(workbench, "statistics.border_weights")) == ("HAADF", False)


@pytest.mark.parametrize(
    ("name", "position", "expected"), [("separator.convexity", 500, 0.75), ("detector.levels", 1000, 6), ("preprocess.sigma_px", 0, 0.1)]
)
def test_a_slider_moves_between_the_ends_of_the_range(
    panel: ParametersPanel, workbench: Workbench, name: str, position: int, expected: float
) -> None:
    editor = row_of(panel, name).editor
    assert isinstance(editor, NumberEditor)
    assert editor.slider is not None
    editor.slider.setValue(position)
    assert value_of(workbench, name) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["preprocess.sigma_px", "preprocess.flatten_radius_px"])
def test_a_wide_range_is_slid_over_by_factors(panel: ParametersPanel, workbench: Workbench, name: str) -> None:
    row = row_of(panel, name)
    assert isinstance(row.editor, NumberEditor)
    assert row.editor.slider is not None
    row.editor.slider.setValue(500)
    assert value_of(workbench, name) == pytest.approx((row.spec.low * row.spec.high) ** 0.5, rel=0.05)


def test_resetting_one_parameter_leaves_the_others(panel: ParametersPanel, workbench: Workbench) -> None:
    workbench.store.set_params(with_settings(default_params(), ["separator.convexity=0.8", "cleaning.border=keep"]))
    row_of(panel, "separator.convexity").reset.click()
    assert workbench.store.params == with_settings(default_params(), ["cleaning.border=keep"])
    assert not row_of(panel, "separator.convexity").reset.isVisible()
    assert row_of(panel, "cleaning.border").reset.isVisible()


def test_the_wheel_scrolls_the_panel_and_changes_no_value(panel: ParametersPanel, workbench: Workbench) -> None:
    box = box_of(panel, "separator.convexity")
    panel.search.setFocus()
    event = QWheelEvent(
        QPointF(5, 5),
        box.mapToGlobal(QPointF(5, 5)),
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(box, event)
    assert workbench.store.params == default_params()


def test_a_negative_data_bar_is_no_data_bar() -> None:
    with pytest.raises(Exception, match="data_bar"):
        params_from({"annotations": {"data_bar": -5}})


def test_values_that_the_model_sets_can_be_set_and_given_back(panel: ParametersPanel, workbench: Workbench) -> None:
    choose(panel, "detector.name", "Neural network")
    workbench.store.set_params(with_settings(workbench.store.params, ["detector.score=0.75", "detector.diameter_px=40"]))
    assert row_of(panel, "detector.score").editor.value() == 0.75
    row_of(panel, "detector.score").reset.click()
    row_of(panel, "detector.diameter_px").reset.click()
    assert workbench.store.params == default_params(detector="network")
