"""The parameter panel: made from the models, shows what is set and what matters, asks for analyses and previews."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lycurgus.core.separate import SEPARATORS
from lycurgus.parameters import default_params, with_settings
from lycurgus.ui.panels.parameter_editors import ChoiceEditor, NumberEditor
from lycurgus.ui.panels.parameters import ParametersPanel
from lycurgus.ui.workbench import Workbench
from parameter_panels import MakePanel, box_of, choose, row_of, value_of


def test_every_parameter_of_every_stage_has_a_row(panel: ParametersPanel, workbench: Workbench) -> None:
    for stage, group in panel.groups.items():
        assert set(group.rows) == set(type(getattr(workbench.store.params, stage)).model_fields)
        for row in group.rows.values():
            assert row.spec.tooltip.startswith(row.spec.description)


def test_no_two_parameters_of_a_stage_are_called_the_same(panel: ParametersPanel) -> None:
    for stage, group in panel.groups.items():
        titles = [row.title.text() for row in group.rows.values()]
        assert len(set(titles)) == len(titles), stage
    assert row_of(panel, "cleaning.speck_px").title.text() == "Smallest particle, px"


def test_the_panel_shows_what_is_set(panel: ParametersPanel, workbench: Workbench) -> None:
    for stage, group in panel.groups.items():
        for name, row in group.rows.items():
            assert row.editor.value() == value_of(workbench, f"{stage}.{name}"), f"{stage}.{name}"


@pytest.mark.parametrize(
    "setting",
    [
        "annotations.data_bar=64",
        "annotations.data_bar=none",
        "separator.max_holes=3",
        "separator.max_holes=0",
        "detector.threshold=-17.25",
        "detector.offset=-0.5",
        "cleaning.border=remove",
        "statistics.border_weights=false",
        "statistics.descriptor=area",
        "statistics.bootstrap=100000",
        "preprocess.sigma_px=0.123456",
        "input.plane=HAADF",
    ],
)
def test_what_is_set_elsewhere_is_shown(panel: ParametersPanel, workbench: Workbench, setting: str) -> None:
    workbench.store.set_params(with_settings(default_params(), [setting]))
    name = setting.partition("=")[0]
    row = row_of(panel, name)
    assert row.editor.value() == value_of(workbench, name) != row.spec.default
    assert row.title.font().bold()
    assert row.reset.isVisible()


def test_showing_parameters_does_not_change_them(panel: ParametersPanel, workbench: Workbench, qtbot: QtBot) -> None:
    wanted = with_settings(default_params(), ["preprocess.flatten_radius_px=123.456", "separator.name=watershed"])
    with qtbot.waitSignal(workbench.store.params_changed):
        workbench.store.set_params(wanted)
    assert row_of(panel, "preprocess.flatten_radius_px").editor.value() == 123.456
    assert workbench.store.params == wanted


def test_another_plug_in_brings_its_own_rows_and_defaults(panel: ParametersPanel, workbench: Workbench) -> None:
    box_of(panel, "separator.convexity").setValue(0.8)
    choose(panel, "separator.name", SEPARATORS["watershed"].label[:1].upper() + SEPARATORS["watershed"].label[1:])
    assert workbench.store.params.separator == default_params(separator="watershed").separator
    assert set(panel.groups["separator"].rows) == {"name", "split", "convexity", "h_px", "min_distance_px"}
    row_of(panel, "separator.name").reset.click()
    assert workbench.store.params == default_params()
    assert "max_holes" in panel.groups["separator"].rows


def test_every_plug_in_can_be_chosen(panel: ParametersPanel, workbench: Workbench) -> None:
    editor = row_of(panel, "separator.name").editor
    assert isinstance(editor, ChoiceEditor)
    for index, name in enumerate(SEPARATORS):
        editor.box.setCurrentIndex(index)
        assert workbench.store.params.separator.name == name


def test_what_has_no_effect_is_greyed(panel: ParametersPanel) -> None:
    assert not row_of(panel, "preprocess.flatten_radius_px").editor.isEnabled()
    assert row_of(panel, "preprocess.sigma_px").editor.isEnabled()
    choose(panel, "preprocess.flatten", "Rolling ball")
    choose(panel, "preprocess.denoise", "Non-local means")
    assert row_of(panel, "preprocess.flatten_radius_px").editor.isEnabled()
    assert not row_of(panel, "preprocess.sigma_px").editor.isEnabled()
    assert row_of(panel, "preprocess.nlm_strength").editor.isEnabled()


def test_every_condition_names_a_field_and_values_that_exist(panel: ParametersPanel) -> None:
    conditions = 0
    for group in panel.groups.values():
        for row in group.rows.values():
            for other, values in row.spec.only_if.items():
                conditions += 1
                assert set(values) < set(group.rows[other].spec.words)
    assert conditions >= 6


def test_a_folded_stage_tells_that_something_in_it_is_changed(panel: ParametersPanel, workbench: Workbench) -> None:
    assert panel.groups["cleaning"].text() == "Cleaning"
    workbench.store.set_params(with_settings(default_params(), ["cleaning.border=keep"]))
    assert panel.groups["cleaning"].text() == "Cleaning  •"


def test_a_search_leaves_what_it_is_about_and_folds_back(panel: ParametersPanel) -> None:
    panel.groups["cleaning"].collapse(animate=False)
    panel.search.setText("border")
    shown = {name for group in panel.groups.values() for name, row in group.rows.items() if row.isVisible()}
    assert shown == {"border", "border_weights"}
    panel.search.setText("no such thing")
    assert panel.nothing_found.isVisible()
    panel.search.clear()
    assert not panel.groups["cleaning"].isExpanded()
    assert panel.groups["separator"].isExpanded()
    assert not panel.nothing_found.isVisible()


def test_nothing_is_wider_than_the_panel(panel: ParametersPanel, workbench: Workbench) -> None:
    workbench.store.set_params(with_settings(default_params(), ["separator.max_holes=3", "annotations.data_bar=64"]))
    QApplication.sendPostedEvents()
    row = row_of(panel, "separator.max_holes")
    right = row.reset.mapTo(panel, QPoint(row.reset.width(), 0)).x()
    assert right <= panel.width()


def test_stale_results_are_counted(opened: Workbench, make_panel: MakePanel, qtbot: QtBot) -> None:
    panel = make_panel(opened)
    assert not panel.stale.isVisible()
    box_of(panel, "separator.convexity").setValue(0.9)
    qtbot.waitUntil(panel.stale.isVisible)
    assert "Results of 3 images were made" in panel.stale.text()
    opened.store.remove_documents(opened.store.documents[1:])
    qtbot.waitUntil(lambda: "The result of 1 image was made" in panel.stale.text())
    row_of(panel, "separator.convexity").reset.click()
    qtbot.waitUntil(lambda: not panel.stale.isVisible())


@pytest.mark.parametrize(("button", "scope"), [("analyse_this", "current"), ("analyse_selection", "selection"), ("analyse_all", "all")])
def test_buttons_ask_for_an_analysis(opened: Workbench, make_panel: MakePanel, qtbot: QtBot, button: str, scope: str) -> None:
    panel = make_panel(opened)
    with qtbot.waitSignal(panel.analyse_requested) as asked:
        getattr(panel, button).click()
    assert asked.args == [scope]


def test_nothing_can_be_analysed_without_images(panel: ParametersPanel) -> None:
    assert not any(button.isEnabled() for button in (panel.analyse_this, panel.analyse_selection, panel.analyse_all))


def test_a_preview_is_asked_for_once_for_many_moves(opened: Workbench, make_panel: MakePanel, qtbot: QtBot) -> None:
    panel = make_panel(opened)
    panel.live.setChecked(True)
    qtbot.waitUntil(lambda: not panel._preview.isActive())
    editor = row_of(panel, "separator.convexity").editor
    assert isinstance(editor, NumberEditor)
    assert editor.slider is not None
    asked: list[Any] = []
    panel.preview_requested.connect(asked.append)
    for position in range(100, 900, 20):
        editor.slider.setValue(position)
    qtbot.waitUntil(lambda: bool(asked))
    assert asked == [opened.store.params]


def test_no_preview_is_asked_for_unless_it_is_wanted(opened: Workbench, make_panel: MakePanel) -> None:
    panel = make_panel(opened)
    box_of(panel, "separator.convexity").setValue(0.9)
    assert not panel._preview.isActive()


def test_another_detector_brings_what_it_prefers_of_other_stages(panel: ParametersPanel, workbench: Workbench) -> None:
    choose(panel, "detector.name", "Neural network")
    assert workbench.store.params == default_params(detector="network")
    for name in ("preprocess.denoise", "separator.name", "cleaning.speck_px"):
        row = row_of(panel, name)
        assert row.editor.value() == row.spec.default == value_of(workbench, name)
        assert not row.title.font().bold()
    choose(panel, "detector.name", "Otsu threshold")
    assert workbench.store.params == default_params(detector="otsu")


def test_another_detector_leaves_what_has_been_set(panel: ParametersPanel, workbench: Workbench) -> None:
    workbench.store.set_params(with_settings(default_params(detector="otsu"), ["preprocess.denoise=median", "separator.name=watershed"]))
    choose(panel, "detector.name", "Neural network")
    assert value_of(workbench, "preprocess.denoise") == "median"
    assert value_of(workbench, "separator.name") == "watershed"
    row_of(panel, "preprocess.denoise").reset.click()
    assert value_of(workbench, "preprocess.denoise") == "none"
