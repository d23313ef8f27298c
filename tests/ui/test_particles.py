"""The particle table: what it shows, how it sorts, filters and copies, and that selection travels both ways."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from lycurgus.core.history import History
from lycurgus.core.measurement import DESCRIPTORS
from lycurgus.core.types import Particle, PixelSize
from lycurgus.ui.dialogs.reasons import ask_class, ask_reason
from lycurgus.ui.editing import Editing
from lycurgus.ui.panels.particles import THIS_IMAGE, WHOLE_SAMPLE, ParticlesPanel
from lycurgus.ui.panels.particles_model import Index, ParticleModel
from lycurgus.ui.panels.particles_table import ParticleTable
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench
from reports import make_report

ALL_COLUMNS = ("image", "class", *(descriptor.name for descriptor in DESCRIPTORS), "score", "flags", "excluded")


def documents(n_images: int = 1, n: int = 30, *, calibrated: bool = True, classified: bool = False) -> list[Document]:
    """Analysed images of invented ellipses; the third particle of each is excluded."""
    entries = make_report(n_images, n, calibrated, classified=classified, thumbnails=False).entries
    return [Document(Path("/made") / one.image, analysed=one.result, history=History.of(one.result.particles)) for one in entries]


def replace_particles(made: Document, particles: list[Particle]) -> None:
    assert made.analysed is not None
    made.analysed = replace(made.analysed, particles=tuple(particles))
    made.history = History.of(tuple(particles))
    made.touch()


def show(workbench: Workbench, made: list[Document]) -> None:
    workbench.store.add_documents(made)
    workbench.store.set_current(made[0] if made else None)


@pytest.fixture
def editing(workbench: Workbench) -> Editing:
    return Editing(workbench)


@pytest.fixture
def panel(workbench: Workbench, editing: Editing, qtbot: QtBot) -> ParticlesPanel:
    made = ParticlesPanel(workbench, editing)
    qtbot.addWidget(made)
    made.resize(1200, 280)
    made.show()
    return made


def column(panel: ParticlesPanel, name: str) -> int:
    return [one.name for one in panel.model.columns].index(name)


def texts(panel: ParticlesPanel, name: str) -> list[str]:
    section = column(panel, name)
    return [str(panel.model.index(row, section).data()) for row in range(panel.model.rowCount())]


def ids(panel: ParticlesPanel) -> list[int]:
    return [panel.model.particle(row).id for row in range(panel.model.rowCount())]


def select_rows(panel: ParticlesPanel, rows: list[int]) -> None:
    flag = QItemSelectionModel.SelectionFlag
    if rows:
        panel.view.selectionModel().setCurrentIndex(panel.model.index(rows[0], 0), flag.NoUpdate)
    panel.view.selectionModel().select(panel.model.selection_of(sorted(rows)), flag.ClearAndSelect | flag.Rows)


def test_what_the_table_says_is_what_was_measured(workbench: Workbench, panel: ParticlesPanel) -> None:
    (made,) = documents()
    show(workbench, [made])
    assert ids(panel) == [particle.id for particle in made.particles]
    for text, particle in zip(texts(panel, "equivalent_diameter"), made.particles, strict=True):
        assert float(text) == pytest.approx(particle.measurement.equivalent_diameter_nm, abs=0.005)
    assert "30 particles, 1 excluded" in panel.status.text()


@pytest.mark.parametrize(("calibrated", "unit"), [(True, "nm"), (False, "px")])
def test_headings_carry_the_unit_that_the_image_allows(workbench: Workbench, panel: ParticlesPanel, calibrated: bool, unit: str) -> None:
    show(workbench, documents(calibrated=calibrated))
    heading = panel.model.headerData(column(panel, "feret_max"), Qt.Orientation.Horizontal)
    assert heading == f"Feret max ({unit})"
    measurement = panel.model.particle(0).measurement
    assert float(texts(panel, "feret_max")[0]) == pytest.approx(getattr(measurement, f"feret_max_{unit}"), abs=0.05)


def test_numbers_of_a_column_have_the_same_decimals_and_stand_right(workbench: Workbench, panel: ParticlesPanel) -> None:
    workbench.change_settings(columns=ALL_COLUMNS)
    show(workbench, documents())
    for section, one in enumerate(panel.model.columns):
        cells = texts(panel, one.name)
        if one.is_text:
            continue
        assert len({len(cell.partition(".")[2]) for cell in cells if cell != "–"}) == 1, one.name
        assert panel.model.index(0, section).data(Qt.ItemDataRole.TextAlignmentRole) & Qt.AlignmentFlag.AlignRight


@pytest.mark.parametrize("descending", [False, True])
def test_sorting_is_by_number_not_by_letter(workbench: Workbench, panel: ParticlesPanel, descending: bool) -> None:
    show(workbench, documents(n=40))
    order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
    panel.view.horizontalHeader().setSortIndicator(column(panel, "area"), order)
    areas = [panel.model.particle(row).measurement.area_nm2 for row in range(40)]
    assert areas == sorted(areas, reverse=descending)


def test_what_has_no_value_comes_last_in_either_direction() -> None:
    (made,) = documents(n=6)
    particles = list(made.particles)
    particles[1] = replace(particles[1], instance=replace(particles[1].instance, score=float("nan")))
    replace_particles(made, particles)
    table = ParticleTable([made], images=False)
    for descending in (False, True):
        assert table.order(by="score", descending=descending)[-1] == 1
        assert np.isfinite(table.numbers("score")[table.order(by="score", descending=descending)[:-1]]).all()


def test_the_filter_shows_what_passes_and_says_how_many(workbench: Workbench, panel: ParticlesPanel) -> None:
    (made,) = documents()
    show(workbench, [made])
    panel.set_filter("d > 4.2")
    wanted = [one.id for one in made.particles if (one.measurement.equivalent_diameter_nm or 0) > 4.2]
    assert ids(panel) == wanted
    assert panel.status.text().startswith(f"{len(wanted)} of 30 particles")
    panel.set_filter("")
    assert len(ids(panel)) == 30


def test_a_filter_that_cannot_be_understood_is_a_sentence_and_hides_nothing(workbench: Workbench, panel: ParticlesPanel) -> None:
    show(workbench, documents())
    panel.set_filter("colour > 5")
    assert "no column called 'colour'" in panel.complaint.text()
    assert panel.complaint.isVisible()
    assert panel.complaint.height() >= panel.complaint.heightForWidth(panel.complaint.width()), "said to its end"
    assert panel.status.text().startswith("30 particles")
    assert len(ids(panel)) == 30
    panel.set_filter("#3")
    assert not panel.complaint.isVisible()
    assert ids(panel) == [3]


def test_a_filter_that_nothing_passes_says_what_to_do(workbench: Workbench, panel: ParticlesPanel) -> None:
    show(workbench, documents())
    panel.set_filter("d > 1000")
    assert "filter" in panel.pages.sentence


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


def test_copied_rows_are_tab_separated_with_headings_and_full_precision(workbench: Workbench, panel: ParticlesPanel, qtbot: QtBot) -> None:
    show(workbench, documents())
    select_rows(panel, [0, 4])
    qtbot.keyClick(panel.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    # Otherwise Qt believes that Ctrl is still held.
    qtbot.keyRelease(panel.view, Qt.Key.Key_Control)
    lines = QGuiApplication.clipboard().text().splitlines()
    header = lines[0].split("\t")
    assert len(lines) == 3
    assert header[0] == "No."
    row = dict(zip(header, lines[2].split("\t"), strict=True))
    assert row["No."] == "5"
    assert float(row["Area (nm²)"]) == pytest.approx(panel.model.particle(4).measurement.area_nm2, rel=1e-6)


def test_chosen_columns_are_remembered_and_can_be_taken_back(workbench: Workbench, panel: ParticlesPanel) -> None:
    show(workbench, documents())
    menu = panel.view.column_menu()
    solidity = next(action for action in menu.actions() if action.text() == "Solidity")
    assert not solidity.isChecked()
    solidity.trigger()
    assert "solidity" in workbench.settings.columns
    assert "solidity" in [one.name for one in panel.model.columns]
    workbench.change_settings(columns=("area",))
    assert [one.name for one in panel.model.columns] == ["state", "id", "area"]
    menu.actions()[-1].trigger()
    assert workbench.settings.columns == ()


def test_a_column_keeps_its_width_where_others_come_and_go(workbench: Workbench, panel: ParticlesPanel) -> None:
    workbench.change_settings(columns=("area", "feret_max", "circularity"))
    show(workbench, documents())
    panel.view.setColumnWidth(column(panel, "feret_max"), 177)
    workbench.change_settings(columns=("feret_max", "circularity"))
    assert panel.view.columnWidth(column(panel, "feret_max")) == 177
    workbench.change_settings(columns=("area", "diameter", "feret_max", "circularity"))
    assert panel.view.columnWidth(column(panel, "feret_max")) == 177


def test_painting_thousands_of_selected_rows_asks_for_few(
    workbench: Workbench, editing: Editing, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    class Counting(ParticleModel):
        def rowCount(self, *parent: Index) -> int:  # noqa: N802
            asked.append(1)
            return super().rowCount(*parent)

    monkeypatch.setattr("lycurgus.ui.panels.particles.ParticleModel", Counting)
    panel = ParticlesPanel(workbench, editing)
    qtbot.addWidget(panel)
    panel.resize(1200, 280)
    panel.show()
    show(workbench, documents(n=2_000))
    panel.grab()
    asked.clear()
    workbench.store.select(range(2_001))
    panel.grab()
    assert len(panel.view.selected_rows()) == 2_000
    assert 0 < len(asked) < 500


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


def test_every_descriptor_can_be_shown(workbench: Workbench, panel: ParticlesPanel) -> None:
    workbench.change_settings(columns=ALL_COLUMNS)
    show(workbench, documents(classified=True))
    shown = {one.name for one in panel.model.columns}
    assert {descriptor.name for descriptor in DESCRIPTORS} <= shown
    assert "class:structure" in shown


def test_excluded_and_edited_rows_differ_by_sign_and_by_tint(workbench: Workbench, panel: ParticlesPanel) -> None:
    (made,) = documents()
    particles = list(made.particles)
    particles[5] = replace(particles[5], flags=particles[5].flags | {"edited"})
    replace_particles(made, particles)
    show(workbench, [made])
    states = texts(panel, "state")
    tints = [panel.model.index(row, 0).data(Qt.ItemDataRole.BackgroundRole) for row in range(30)]
    assert states[2] == "⊘"
    assert states[5] == "✎"
    assert states[10] == ""
    assert tints[10] is None
    assert tints[2] is not None
    assert tints[2] != tints[5]
    assert "touches the border" in panel.model.index(2, 0).data(Qt.ItemDataRole.ToolTipRole)


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


def test_a_new_pixel_size_changes_unit_and_numbers(workbench: Workbench, panel: ParticlesPanel) -> None:
    (made,) = documents(calibrated=False)
    show(workbench, [made])
    assert panel.model.headerData(column(panel, "area"), Qt.Orientation.Horizontal) == "Area (px²)"
    assert made.analysed is not None
    (calibrated,) = documents(calibrated=True)
    made.analysed = calibrated.analysed
    made.history = calibrated.history
    workbench.store.changed(made)
    assert panel.model.headerData(column(panel, "area"), Qt.Orientation.Horizontal) == "Area (nm²)"


def test_images_without_a_scale_make_a_sample_in_px() -> None:
    first, second = documents(2, 5)
    assert ParticleTable([first, second], images=True).calibrated
    assert first.analysed is not None
    first.analysed = replace(first.analysed, micrograph=first.analysed.micrograph.with_pixel_size(None))
    first.touch()
    table = ParticleTable([first, second], images=True)
    assert not table.calibrated
    assert table.columns["area"].unit == "px²"


def test_the_smallest_pixel_decides_the_decimals() -> None:
    (made,) = documents(n=5)
    assert made.analysed is not None
    made.analysed = replace(made.analysed, micrograph=made.analysed.micrograph.with_pixel_size(PixelSize(0.01, 0.01, "user")))
    made.touch()
    assert ParticleTable([made], images=False).columns["feret_max"].decimals == 3


def test_what_to_do_is_said_while_there_is_nothing(workbench: Workbench, panel: ParticlesPanel) -> None:
    assert "drop images" in panel.pages.sentence
    made = Document(Path("/made/new.tif"))
    workbench.store.add_documents([made])
    workbench.store.set_current(made)
    assert "analyse this image" in panel.pages.sentence
    made.error = "holds only a diffraction pattern"
    workbench.store.changed(made)
    assert "diffraction" in panel.pages.sentence
    panel.scope.setCurrentIndex(WHOLE_SAMPLE)
    assert "analyse the images" in panel.pages.sentence


def test_more_particles_than_can_be_sorted_at_once_are_sorted_in_a_job(
    workbench: Workbench, panel: ParticlesPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lycurgus.ui.panels.particles.AT_ONCE", 10)
    show(workbench, documents(n=40))
    qtbot.waitUntil(lambda: panel.model.rowCount() == 40)
    panel.set_filter("#1-5")
    qtbot.waitUntil(lambda: ids(panel) == [1, 2, 3, 4, 5])
    panel.set_filter("d > 2 µm")
    qtbot.waitUntil(lambda: panel.model.rowCount() == 0)
