"""The particle table: what it shows, how it sorts, filters and copies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from lycurgus.core.measurement import DESCRIPTORS
from lycurgus.core.types import PixelSize
from lycurgus.ui.editing import Editing
from lycurgus.ui.panels.particles import WHOLE_SAMPLE, ParticlesPanel
from lycurgus.ui.panels.particles_model import Index, ParticleModel
from lycurgus.ui.panels.particles_table import ParticleTable
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench
from particle_panels import ALL_COLUMNS, column, documents, ids, replace_particles, select_rows, show, texts


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
