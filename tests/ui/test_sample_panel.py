"""The sample panel: one row an image with the report's numbers, the total, and the warnings of the image that is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lycurgus.core.distribution import summarize
from lycurgus.core.history import History
from lycurgus.ui.opening import Opening
from lycurgus.ui.panels.sample import SamplePanel
from lycurgus.ui.panels.sample_model import COLUMNS
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench
from reports import make_report

TITLES = [column.title for column in COLUMNS]


def documents(n_images: int = 3, n: int = 20) -> list[Document]:
    entries = make_report(n_images, n, thumbnails=False).entries
    return [Document(Path("/made") / one.image, analysed=one.result, history=History.of(one.result.particles)) for one in entries]


@pytest.fixture
def panel(workbench: Workbench, qtbot: QtBot) -> SamplePanel:
    made = SamplePanel(workbench, Opening(workbench))
    qtbot.addWidget(made)
    return made


def row(panel: SamplePanel, number: int) -> dict[str, str]:
    return {title: panel.model.index(number, place).data() for place, title in enumerate(TITLES)}


def settled(panel: SamplePanel, workbench: Workbench, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not panel._later.isActive() and not workbench.jobs.active, timeout=20_000)


def test_rows_and_total_are_those_of_the_report(workbench: Workbench, panel: SamplePanel, qtbot: QtBot) -> None:
    made = documents()
    workbench.store.add_documents(made)
    settled(panel, workbench, qtbot)
    results = [one.result for one in made if one.result is not None]
    assert panel.model.rowCount() == 4
    for number, result in enumerate(results):
        alone = summarize([result], workbench.store.params.statistics)
        shown = row(panel, number)
        assert shown["n"] == str(alone.n_counted)
        assert float(shown["Mean"]) == pytest.approx(alone.main.mean, abs=0.005)
        assert float(shown["SD"]) == pytest.approx(alone.main.sd, abs=0.005)
        assert shown["Pixel size (nm)"] == "0.2500"
    together = summarize(results, workbench.store.params.statistics)
    total = row(panel, 3)
    assert total["Image"] == "Whole sample"
    assert total["n"] == str(together.n_counted)
    assert float(total["Median"]) == pytest.approx(together.main.median, abs=0.005)
    assert panel.model.headerData(TITLES.index("Mean"), Qt.Orientation.Horizontal) == "Mean (nm)"


def test_the_total_stays_last_however_the_rows_are_sorted(workbench: Workbench, panel: SamplePanel, qtbot: QtBot) -> None:
    made = documents()
    made.append(Document(Path("/made/broken.dm4"), error="is damaged"))
    workbench.store.add_documents(made)
    settled(panel, workbench, qtbot)
    for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
        panel.view.sortByColumn(TITLES.index("Mean"), order)
        means = [float(row(panel, number)["Mean"]) for number in range(3)]
        assert means == sorted(means, reverse=order == Qt.SortOrder.DescendingOrder)
        assert row(panel, 3)["Image"] == "broken.dm4"
        assert row(panel, 4)["Image"] == "Whole sample"


def test_warnings_of_the_image_that_is_shown_are_sentences(workbench: Workbench, panel: SamplePanel, qtbot: QtBot) -> None:
    made = documents(2)
    assert made[1].analysed is not None
    made[1].analysed = replace(made[1].analysed, warnings=("the image is blurred", "Few particles."))
    workbench.store.add_documents(made)
    workbench.store.set_current(made[1])
    settled(panel, workbench, qtbot)
    assert panel.warnings.text() == "⚠ The image is blurred.\n⚠ Few particles."
    assert row(panel, 1)["Warnings"] == "2"
    assert panel.view.currentIndex().row() == 1
    workbench.store.set_current(made[0])
    assert panel.warnings.text() == ""


def test_a_double_click_opens_the_image(opened: Workbench, qtbot: QtBot) -> None:
    panel = SamplePanel(opened, Opening(opened))
    qtbot.addWidget(panel)
    settled(panel, opened, qtbot)
    panel.view.doubleClicked.emit(panel.model.index(2, 0))
    assert opened.store.current is opened.store.documents[2]
    qtbot.waitUntil(lambda: opened.store.micrograph is not None, timeout=20_000)
    panel.view.doubleClicked.emit(panel.model.index(3, 0))
    assert opened.store.current is opened.store.documents[2]


def test_without_images_the_panel_says_what_to_do(workbench: Workbench, panel: SamplePanel, qtbot: QtBot) -> None:
    assert "drop images" in panel.pages.sentence
    workbench.store.add_documents([Document(Path("/made/new.tif"))])
    settled(panel, workbench, qtbot)
    assert panel.pages.sentence == ""
    assert panel.model.rowCount() == 1
    assert row(panel, 0)["n"] == ""
