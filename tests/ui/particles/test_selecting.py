"""Selection travels between table, picture and other images, and corrections of what is selected reach the table."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lycurgus.core.history import History
from lycurgus.ui.dialogs.reasons import ask_class, ask_reason
from lycurgus.ui.editing import Editing
from lycurgus.ui.panels.particles import THIS_IMAGE, WHOLE_SAMPLE, ParticlesPanel
from lycurgus.ui.workbench import Workbench
from particle_panels import column, documents, ids, select_rows, show, texts


def test_rows_select_particles_and_particles_select_rows(workbench: Workbench, panel: ParticlesPanel, qtbot: QtBot) -> None:
    show(workbench, documents())
    panel.view.horizontalHeader().setSortIndicator(column(panel, "area"), Qt.SortOrder.DescendingOrder)
    wanted = {panel.model.particle(row).id for row in (2, 3, 7)}
    with qtbot.waitSignal(workbench.store.selection_changed):
        select_rows(panel, [2, 3, 7])
    assert workbench.store.selection == wanted

    workbench.store.select({1, 5})
    assert {panel.model.particle(row).id for row in panel.view.selected_rows()} == {1, 5}


def test_selecting_rows_is_announced_once(workbench: Workbench, panel: ParticlesPanel) -> None:
    show(workbench, documents())
    heard: list[frozenset[int]] = []
    workbench.store.selection_changed.connect(heard.append)
    select_rows(panel, [0, 1, 2])
    assert heard == [frozenset({1, 2, 3})]
    assert panel.status.text() == "30 particles, 1 excluded, 3 selected"
    workbench.store.selection_changed.disconnect(heard.append)


def test_selection_survives_sorting_and_filtering(workbench: Workbench, panel: ParticlesPanel) -> None:
    show(workbench, documents())
    workbench.store.select({4, 9})
    panel.view.horizontalHeader().setSortIndicator(column(panel, "circularity"), Qt.SortOrder.DescendingOrder)
    panel.set_filter("#4")
    assert workbench.store.selection == {4, 9}
    assert [panel.model.particle(row).id for row in panel.view.selected_rows()] == [4]
    panel.set_filter("")
    assert {panel.model.particle(row).id for row in panel.view.selected_rows()} == {4, 9}


def test_a_row_of_another_image_asks_for_that_image(workbench: Workbench, panel: ParticlesPanel, qtbot: QtBot) -> None:
    made = documents(2, 5)
    show(workbench, made)
    panel.scope.setCurrentIndex(WHOLE_SAMPLE)
    assert panel.model.rowCount() == 10
    assert texts(panel, "image") == [one.path.name for one in made for _ in range(5)]
    with qtbot.waitSignal(panel.document_requested) as asked:
        select_rows(panel, [7])
    assert asked.args == [made[1], 3]
    panel.scope.setCurrentIndex(THIS_IMAGE)
    assert panel.model.rowCount() == 5


def test_double_click_reveals_the_selected_particles(workbench: Workbench, panel: ParticlesPanel, qtbot: QtBot) -> None:
    show(workbench, documents())
    select_rows(panel, [1])
    with qtbot.waitSignal(panel.reveal_requested) as revealed:
        panel.view.doubleClicked.emit(panel.model.index(1, 1))
    assert revealed.args == [frozenset({2})]


def test_a_long_table_follows_a_correction_in_the_next_turn_and_shows_what_was_selected(
    workbench: Workbench, panel: ParticlesPanel, qtbot: QtBot
) -> None:
    (made,) = documents(n=1_500)
    whole = made.history.particles
    made.history = History.of(whole[:-1])
    show(workbench, [made])
    assert panel.model.rowCount() == 1_499
    made.history = History.of(whole)
    workbench.store.changed(made)
    workbench.store.select([whole[-1].id])
    qtbot.waitUntil(lambda: panel.model.rowCount() == 1_500)
    assert panel.view.selected_rows() == [1_499]
    assert panel.view.visualRect(panel.model.index(1_499, 0)).intersects(panel.view.viewport().rect())


def test_an_edit_changes_the_table_and_undo_brings_the_row_back(opened: Workbench, qtbot: QtBot) -> None:
    editing = Editing(opened)
    panel = ParticlesPanel(opened, editing)
    qtbot.addWidget(panel)
    before = ids(panel)
    opened.store.select({before[1]})
    delete = next(action for action in panel.context_menu().actions() if action.text() == "&Delete")
    delete.trigger()
    assert ids(panel) == [before[0], *before[2:]]
    editing.undo()
    assert ids(panel) == before


def test_excluding_asks_for_a_reason_and_including_takes_it_back(opened: Workbench, qtbot: QtBot) -> None:
    editing = Editing(opened)
    panel = ParticlesPanel(opened, editing)
    qtbot.addWidget(panel)
    opened.store.select({ids(panel)[0]})
    dialog = ask_reason(editing, [], panel)
    dialog.set_reason("dust")
    dialog.accept()
    assert texts(panel, "excluded")[0] == "by hand: dust"
    include = next(action for action in panel.context_menu().actions() if action.text() == "&Include")
    assert include.isEnabled()
    include.trigger()
    assert texts(panel, "excluded")[0] == ""


def test_reclassifying_offers_what_was_typed_before(opened: Workbench, qtbot: QtBot) -> None:
    editing = Editing(opened)
    panel = ParticlesPanel(opened, editing)
    qtbot.addWidget(panel)
    opened.store.select({ids(panel)[0]})
    dialog = ask_class(editing, {}, panel)
    dialog.set_class("class", "cube")
    dialog.accept()
    assert texts(panel, "class:class")[0] == "cube"
    assert panel.model.table.classes == {"class": ["cube"]}


def test_merging_needs_two(workbench: Workbench, panel: ParticlesPanel) -> None:
    show(workbench, documents())

    def merge_enabled() -> bool:
        return next(action.isEnabled() for action in panel.context_menu().actions() if action.text() == "&Merge")

    workbench.store.select({1})
    assert not merge_enabled()
    workbench.store.select({1, 2})
    assert merge_enabled()
