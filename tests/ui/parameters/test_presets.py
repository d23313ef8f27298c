"""Presets and the memory of the parameter panel: chosen, saved, renamed, deleted, and there again at the next start."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from lycurgus.parameters import default_params
from lycurgus.services.presets import Presets
from lycurgus.services.settings import SettingsStore
from lycurgus.ui.panels.parameter_preset_dialogs import ManagePresetsDialog, SavePresetDialog
from lycurgus.ui.panels.parameters import ParametersPanel
from lycurgus.ui.workbench import Notice, Workbench
from parameter_panels import MakePanel, box_of, choose


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
    index = bar.box.findText("Otsu, SEM")
    bar.box.setCurrentIndex(index)
    bar.box.activated.emit(index)
    sem = Presets().named("Otsu, SEM")
    assert sem is not None
    assert workbench.store.params == sem.params
    assert workbench.settings.preset == "Otsu, SEM"
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
    dialog.entry.setText("otsu, sem")
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
    dialog.list.setCurrentRow(listed.index("Otsu, SEM"))
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
