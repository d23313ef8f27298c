"""The parameter panel: made from the models, edits reach the store, bad input is said in place, presets and memory hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QDoubleSpinBox, QSpinBox
from pytestqt.qtbot import QtBot

from lycurgus.core.separate import SEPARATORS
from lycurgus.parameters import default_params, params_from, with_settings
from lycurgus.services.presets import Presets
from lycurgus.services.settings import SettingsStore
from lycurgus.ui.analysing import Analysing
from lycurgus.ui.panels.parameter_editors import ChoiceEditor, FlagEditor, NumberEditor, TextEditor
from lycurgus.ui.panels.parameter_preset_dialogs import ManagePresetsDialog, SavePresetDialog
from lycurgus.ui.panels.parameter_rows import ParameterRow
from lycurgus.ui.panels.parameters import ParametersPanel
from lycurgus.ui.workbench import Notice, Workbench

MakePanel = Callable[[Workbench], ParametersPanel]


@pytest.fixture
def make_panel(qtbot: QtBot) -> MakePanel:
    def make(bench: Workbench) -> ParametersPanel:
        panel = ParametersPanel(bench, Analysing(bench))
        qtbot.addWidget(panel)
        panel.resize(340, 700)
        panel.show()
        for group in panel.groups.values():
            group.expand(animate=False)
        return panel

    return make


@pytest.fixture
def panel(workbench: Workbench, make_panel: MakePanel) -> ParametersPanel:
    return make_panel(workbench)


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


def test_resetting_one_parameter_leaves_the_others(panel: ParametersPanel, workbench: Workbench) -> None:
    workbench.store.set_params(with_settings(default_params(), ["separator.convexity=0.8", "cleaning.border=keep"]))
    row_of(panel, "separator.convexity").reset.click()
    assert workbench.store.params == with_settings(default_params(), ["cleaning.border=keep"])
    assert not row_of(panel, "separator.convexity").reset.isVisible()
    assert row_of(panel, "cleaning.border").reset.isVisible()


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


def test_parameters_are_kept_for_the_next_start(workbench: Workbench, panel: ParametersPanel, make_panel: MakePanel, home: Path) -> None:
    box_of(panel, "separator.convexity").setValue(0.85)
    choose(panel, "cleaning.border", "Keep")
    wanted = workbench.store.params
    panel.keep_now()
    next_start = Workbench(SettingsStore(), home / "other.lycurgus")
    try:
        make_panel(next_start)
        assert next_start.store.params == wanted
    finally:
        next_start.close()


def test_parameters_are_kept_by_themselves_a_moment_later(workbench: Workbench, panel: ParametersPanel, qtbot: QtBot) -> None:
    box_of(panel, "separator.convexity").setValue(0.85)
    qtbot.waitUntil(lambda: workbench.settings.params == workbench.store.params.document(), timeout=5000)


def test_parameters_of_a_strange_version_give_the_defaults_and_a_warning(workbench: Workbench, make_panel: MakePanel, qtbot: QtBot) -> None:
    notices: list[Notice] = []
    workbench.noticed.connect(notices.append)
    workbench.change_settings(params={"separator": {"name": "uecs", "convexity": 7}, "magic": {}})
    make_panel(workbench)
    assert workbench.store.params == default_params()
    qtbot.waitUntil(lambda: [notice.level for notice in notices] == ["warning"])


def test_a_preset_is_chosen_and_marked_once_it_is_modified(workbench: Workbench, panel: ParametersPanel) -> None:
    bar = panel.presets
    assert not bar.modified.isVisible()
    index = bar.box.findText("SEM")
    bar.box.setCurrentIndex(index)
    bar.box.activated.emit(index)
    sem = Presets().named("SEM")
    assert sem is not None
    assert workbench.store.params == sem.params
    assert workbench.settings.preset == "SEM"
    assert not bar.modified.isVisible()
    choose(panel, "cleaning.border", "Keep")
    assert bar.modified.isVisible()
    bar.revert_action.trigger()
    assert workbench.store.params == sem.params
    assert not bar.modified.isVisible()


def test_a_preset_is_saved_under_a_name_and_chosen_then(workbench: Workbench, panel: ParametersPanel, qtbot: QtBot) -> None:
    box_of(panel, "separator.convexity").setValue(0.85)
    dialog = panel.presets.ask_to_save()
    qtbot.addWidget(dialog)
    dialog.entry.setText("sem")
    assert not dialog.save_button.isEnabled()
    assert "comes with Lycurgus" in dialog.sentence.text()
    dialog.entry.setText("Gold: on C")
    assert dialog.sentence.text() == "Will be called 'Gold- on C'."
    dialog.save_button.click()
    assert panel.presets.box.currentText() == "Gold- on C"
    assert not panel.presets.modified.isVisible()
    kept = Presets().named("Gold- on C")
    assert kept is not None
    assert kept.params == workbench.store.params


def test_saving_over_a_preset_is_said_before(workbench: Workbench, qtbot: QtBot) -> None:
    presets = Presets()
    presets.save("Gold", workbench.store.params)
    dialog = SavePresetDialog(presets, "gold")
    qtbot.addWidget(dialog)
    assert dialog.sentence.text() == "Replaces your preset 'Gold'."


def test_a_disk_that_refuses_a_preset_is_told(workbench: Workbench, panel: ParametersPanel, home: Path) -> None:
    notices: list[Notice] = []
    workbench.noticed.connect(notices.append)
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config" / "presets").write_text("in the way")
    panel.presets.save("Gold")
    assert [notice.level for notice in notices] == ["error"]


def test_presets_are_renamed_and_deleted_and_bad_files_explained(workbench: Workbench, panel: ParametersPanel, qtbot: QtBot) -> None:
    panel.presets.save("Gold")
    presets = Presets()
    (presets.folder / "Broken.json").write_text("{")
    dialog = panel.presets.manage()
    qtbot.addWidget(dialog)
    listed = [dialog.list.item(row).text() for row in range(dialog.list.count())]
    dialog.list.setCurrentRow(listed.index("✕  Broken"))
    assert "not valid JSON" in dialog.sentence.text()
    assert not dialog.rename_button.isEnabled()
    dialog.list.setCurrentRow(listed.index("SEM"))
    assert not dialog.delete_button.isEnabled()
    dialog.list.setCurrentRow(listed.index("Gold"))
    dialog.list.currentItem().setText("Default")
    assert "comes with Lycurgus" in dialog.sentence.text()
    dialog.list.currentItem().setText("Silver")
    assert presets.named("Silver") is not None
    assert workbench.settings.preset == panel.presets.box.currentText() == "Silver"
    delete(dialog)
    assert presets.named("Silver") is None
    assert panel.presets.box.findText("Silver") == -1


def delete(dialog: ManagePresetsDialog) -> None:
    dialog.delete_button.click()
    dialog.delete_button.click()


def test_a_single_click_deletes_nothing(panel: ParametersPanel, qtbot: QtBot) -> None:
    panel.presets.save("Gold")
    dialog = panel.presets.manage()
    qtbot.addWidget(dialog)
    dialog.list.setCurrentRow(dialog.list.count() - 1)
    dialog.delete_button.click()
    assert Presets().named("Gold") is not None
    dialog.list.setCurrentRow(0)
    dialog.list.setCurrentRow(dialog.list.count() - 1)
    dialog.delete_button.click()
    assert Presets().named("Gold") is not None


def test_a_negative_data_bar_is_no_data_bar() -> None:
    with pytest.raises(Exception, match="data_bar"):
        params_from({"annotations": {"data_bar": -5}})


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


def test_values_that_the_model_sets_can_be_set_and_given_back(panel: ParametersPanel, workbench: Workbench) -> None:
    choose(panel, "detector.name", "Neural network")
    workbench.store.set_params(with_settings(workbench.store.params, ["detector.score=0.75", "detector.diameter_px=40"]))
    assert row_of(panel, "detector.score").editor.value() == 0.75
    row_of(panel, "detector.score").reset.click()
    row_of(panel, "detector.diameter_px").reset.click()
    assert workbench.store.params == default_params(detector="network")
