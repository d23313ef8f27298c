"""The distribution panel: the numbers of the report, linked with the selection, saved for print."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPalette
from pytestqt.qtbot import QtBot

from lycurgus.core.distribution import summarize
from lycurgus.core.history import History
from lycurgus.ui.panels.distribution import DistributionPanel
from lycurgus.ui.panels.distribution_controls import CHOSEN_IMAGES, WHOLE_SAMPLE
from lycurgus.ui.panels.distribution_data import Picture
from lycurgus.ui.panels.distribution_items import ShareAxis
from lycurgus.ui.panels.distribution_plot import describe, side_of
from lycurgus.ui.plot_export import ENLARGED, SIZE
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Notice, Workbench
from reports import make_report


def documents(n_images: int = 1, n: int = 60, *, classified: bool = False, calibrated: bool = True) -> list[Document]:
    entries = make_report(n_images, n, calibrated, thumbnails=False).entries
    made = []
    for entry in entries:
        result = entry.result
        if classified:
            names = ("cube", "sphere", "rod")
            particles = tuple(replace(one, classes={"class": (names[one.id % 3], {})}) for one in result.particles)
            result = replace(result, particles=particles)
        made.append(Document(Path("/made") / entry.image, analysed=result, history=History.of(result.particles)))
    return made


@pytest.fixture
def panel(workbench: Workbench, qtbot: QtBot) -> DistributionPanel:
    made = DistributionPanel(workbench)
    qtbot.addWidget(made)
    made.resize(1200, 300)
    made.show()
    return made


def show(workbench: Workbench, made: list[Document]) -> None:
    workbench.store.add_documents(made)
    workbench.store.set_current(made[0])


def settled(panel: DistributionPanel, workbench: Workbench, qtbot: QtBot) -> Picture:
    """Wait until intervals are there too and nothing is under way."""

    def done() -> bool:
        picture = panel.picture
        return picture is not None and picture.population.complete and not panel._soon.isActive() and not workbench.jobs.active

    qtbot.waitUntil(done, timeout=20_000)
    assert panel.picture is not None
    return panel.picture


def line(panel: DistributionPanel, name: str) -> str:
    return next(one.text for one in panel.statistics.lines if one.name == name)


def test_the_numbers_are_those_of_the_report(workbench: Workbench, panel: DistributionPanel, qtbot: QtBot) -> None:
    made = documents()
    show(workbench, made)
    picture = settled(panel, workbench, qtbot)
    assert made[0].result is not None
    report = summarize([made[0].result], workbench.store.params.statistics)
    shown = picture.population.statistics
    for name in ("n", "mean", "sd", "geometric_mean", "geometric_sd", "d10", "d90_volume", "d32", "d43", "span", "needed", "best_fit"):
        assert getattr(shown, name) == getattr(report.main, name), name
    assert dict(shown.intervals) == dict(report.main.intervals)
    np.testing.assert_array_equal(picture.edges, report.main.histogram.edges)
    np.testing.assert_array_equal(picture.counts, report.main.histogram.counts)
    assert line(panel, "n") == str(report.n_counted)
    assert line(panel, "Excluded") == str(sum(report.excluded.values()))
    assert line(panel, "Mean ± SD").endswith(" nm")


def test_without_particles_the_panel_says_what_to_do(workbench: Workbench, panel: DistributionPanel, qtbot: QtBot) -> None:
    assert panel.pages.sentence == "No particles counted yet: analyse an image"
    show(workbench, documents())
    settled(panel, workbench, qtbot)
    assert panel.pages.sentence == ""
    workbench.store.set_current(None)
    qtbot.waitUntil(lambda: panel.picture is None)
    assert not panel.controls.save.isEnabled()


@pytest.mark.parametrize("height", [200, 900])
def test_no_share_above_all_stands_on_the_axis(height: float) -> None:
    axis = ShareAxis()
    axis.setScale(115 / 40.0)
    shares = [value * axis.scale for _, values in axis.tickValues(0.0, 40.0, height) for value in values]
    assert max(shares) == pytest.approx(100)


def test_labels_of_percentiles_at_the_ends_stand_within_the_plot() -> None:
    edges = np.array([10.0, 20.0, 30.0])
    assert [side_of(place, edges) for place in (10.1, 20.0, 29.9)] == [0.0, 0.5, 1.0]


def test_an_analysis_that_found_nothing_is_not_asked_for_again(workbench: Workbench, panel: DistributionPanel, qtbot: QtBot) -> None:
    made = documents(2, 3)
    for document in made:
        assert document.analysed is not None
        document.analysed, document.history = replace(document.analysed, particles=()), History.of(())
    show(workbench, made)
    qtbot.waitUntil(lambda: "No particle was found in this image" in panel.pages.sentence)
    panel.controls.scope.setCurrentIndex(WHOLE_SAMPLE)
    assert "No particle was found in these images" in panel.pages.sentence


def test_a_failed_image_says_why_it_has_no_distribution(workbench: Workbench, panel: DistributionPanel, qtbot: QtBot) -> None:
    made = Document(Path("/made/new.tif"))
    show(workbench, [made])
    qtbot.waitUntil(lambda: panel.pages.sentence == "No particles yet: analyse this image")
    made.error = "holds only a diffraction pattern"
    workbench.store.changed(made)
    qtbot.waitUntil(lambda: "diffraction" in panel.pages.sentence)


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_particles_are_shown_as_what_they_are(workbench: Workbench, panel: DistributionPanel, qtbot: QtBot, n: int) -> None:
    show(workbench, documents(n=n))
    picture = settled(panel, workbench, qtbot)
    assert picture.heights.sum() == pytest.approx(n)
    assert line(panel, "n") == str(n)


def test_the_sample_is_all_images_and_the_selected_images_are_those_that_were_set(
    workbench: Workbench, panel: DistributionPanel, qtbot: QtBot
) -> None:
    made = documents(3, 20)
    show(workbench, made)
    panel.controls.scope.setCurrentIndex(WHOLE_SAMPLE)
    assert settled(panel, workbench, qtbot).population.statistics.n == sum(len(one.result.counted) for one in made if one.result)
    panel.set_documents(made[1:])
    panel.controls.scope.setCurrentIndex(CHOSEN_IMAGES)
    qtbot.waitUntil(lambda: panel.picture is not None and panel.picture.population.n_images == 2, timeout=10_000)


def test_clicking_a_bar_selects_its_particles_and_ctrl_adds_others(workbench: Workbench, panel: DistributionPanel, qtbot: QtBot) -> None:
    show(workbench, documents())
    picture = settled(panel, workbench, qtbot)
    first, second = np.argsort(picture.counts)[-2:].tolist()
    panel.plot.bar_clicked.emit(first, False)
    assert workbench.store.selection == set(picture.population.ids[picture.places == first].tolist())
    panel.plot.bar_clicked.emit(second, True)
    assert len(workbench.store.selection) == picture.counts[first] + picture.counts[second]
    assert panel.plot._chosen is not None
    assert panel.plot._chosen[[first, second]] == pytest.approx(picture.heights[[first, second]])
    panel.plot.bar_clicked.emit(-1, False)
    assert not workbench.store.selection


def test_a_real_click_hits_the_bar_under_the_mouse(workbench: Workbench, panel: DistributionPanel, qtbot: QtBot) -> None:
    show(workbench, documents())
    picture = settled(panel, workbench, qtbot)
    place = int(picture.counts.argmax())
    middle = QPointF((picture.edges[place] + picture.edges[place + 1]) / 2, picture.heights[place] / 4)
    view = panel.plot.getPlotItem().getViewBox()
    with qtbot.waitSignal(panel.plot.bar_clicked) as clicked:
        at = panel.plot.mapFromScene(view.mapViewToScene(middle))
        qtbot.mouseClick(panel.plot.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert clicked.args == [place, False]


def test_particles_selected_elsewhere_are_marked_in_their_bars(workbench: Workbench, panel: DistributionPanel, qtbot: QtBot) -> None:
    show(workbench, documents())
    picture = settled(panel, workbench, qtbot)
    wanted = picture.population.ids[:7]
    workbench.store.select(wanted.tolist())
    assert panel.plot._chosen is not None
    assert panel.plot._chosen.sum() == pytest.approx(picture.shares[:7].sum())
    workbench.store.select(())
    assert panel.plot._selected is None


def test_in_the_sample_only_particles_of_the_shown_image_are_selected(workbench: Workbench, panel: DistributionPanel, qtbot: QtBot) -> None:
    made = documents(2, 20)
    show(workbench, made)
    panel.controls.scope.setCurrentIndex(WHOLE_SAMPLE)
    picture = settled(panel, workbench, qtbot)
    place = int(picture.counts.argmax())
    panel.plot.bar_clicked.emit(place, False)
    inside = (picture.places == place) & (picture.population.statistics.images == 0)
    assert workbench.store.selection == set(picture.population.ids[inside].tolist())


def test_an_edit_is_counted_at_once_in_plot_and_numbers(workbench: Workbench, panel: DistributionPanel, qtbot: QtBot) -> None:
    (made,) = documents()
    show(workbench, [made])
    before = settled(panel, workbench, qtbot).population.statistics.n
    assert made.analysed is not None
    made.analysed = replace(made.analysed, particles=made.analysed.particles[:-10])
    made.history = History.of(made.analysed.particles)
    workbench.store.changed(made)
    qtbot.waitUntil(lambda: panel.picture is not None and panel.picture.population.statistics.n == before - 10, timeout=10_000)


def test_a_choice_made_while_another_image_is_computed_does_not_bring_the_old_one_back(
    workbench: Workbench, panel: DistributionPanel, qtbot: QtBot
) -> None:
    made = documents(2, 20)
    show(workbench, made)
    settled(panel, workbench, qtbot)
    panel.controls.scope.setCurrentIndex(WHOLE_SAMPLE)
    panel.controls.weighting.setCurrentIndex(1)
    picture = settled(panel, workbench, qtbot)
    assert picture.population.n_images == 2
    assert picture.weighting == "volume"


def test_every_quantity_can_be_shown_with_every_choice(workbench: Workbench, panel: DistributionPanel, qtbot: QtBot) -> None:
    show(workbench, documents(classified=True))
    settled(panel, workbench, qtbot)
    for action in panel.controls.fits.values():
        action.setChecked(True)
    panel.controls.log.setChecked(True)
    panel.controls.bins.setValue(12)
    panel.controls.task.setCurrentIndex(1)
    for name in ("area", "circularity", "intensity_mean", "feret_min"):
        panel.controls.descriptor.setCurrentIndex(panel.controls.descriptor.findData(name))
        qtbot.waitUntil(lambda name=name: panel.picture is not None and panel.picture.population.descriptor.name == name, timeout=10_000)
        assert panel.picture is not None
        assert len(panel.picture.heights) == 12
        assert [one.name for one in panel.picture.series] == ["cube", "rod", "sphere"]
    panel.controls.shape.setCurrentIndex(1)
    picture = settled(panel, workbench, qtbot)
    assert {curve.name for curve in picture.curves} == {"normal", "log-normal", "weibull", "kde"}
    assert {"cube", "rod", "sphere", "Normal", "Weibull"} <= set(panel.plot._legend.names)


def test_the_place_under_the_mouse_is_described_with_units(workbench: Workbench, panel: DistributionPanel, qtbot: QtBot) -> None:
    show(workbench, documents())
    picture = settled(panel, workbench, qtbot)
    place = int(picture.counts.argmax())
    x = float(picture.edges[place] + picture.edges[place + 1]) / 2
    text = describe(picture, x)
    share = np.average(picture.population.statistics.values <= x, weights=picture.population.statistics.weights)
    assert f"{picture.counts[place]} particles" in text
    assert f"{100 * share:.1f} % at or below {x:.4g} nm" in text
    assert "100.0 % at or below" in describe(picture, 1e6)
    panel.plot._on_moved(panel.plot.getPlotItem().getViewBox().mapViewToScene(QPointF(x, 1)))
    assert panel.plot.readout == text


def test_the_plot_is_saved_dark_on_white_whatever_the_theme(
    workbench: Workbench, panel: DistributionPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    show(workbench, documents(classified=True))
    dark = QPalette()
    dark.setColor(QPalette.ColorRole.Base, QColor("#101010"))
    dark.setColor(QPalette.ColorRole.Text, QColor("#f0f0f0"))
    panel.setPalette(dark)
    settled(panel, workbench, qtbot)
    assert panel.plot.grab().toImage().pixelColor(3, 3).lightness() < 60
    for suffix in ("png", "svg", "pdf"):
        panel.save_plot(tmp_path / f"plot.{suffix}")
    image = QImage(str(tmp_path / "plot.png"))
    assert image.size() == SIZE * ENLARGED
    assert image.pixelColor(3, 3) == QColor("white")
    pixels = np.frombuffer(image.convertToFormat(QImage.Format.Format_Grayscale8).constBits(), np.uint8)
    assert 0.01 < np.mean(pixels < 60) < 0.3
    assert "Equivalent circular diameter (nm)" in (tmp_path / "plot.svg").read_text(encoding="utf-8")
    assert (tmp_path / "plot.pdf").read_bytes().startswith(b"%PDF")


def test_the_saved_table_adds_up(workbench: Workbench, panel: DistributionPanel, qtbot: QtBot, tmp_path: Path) -> None:
    show(workbench, documents())
    picture = settled(panel, workbench, qtbot)
    panel.save_data(tmp_path / "plot.csv")
    header, *rows = (tmp_path / "plot.csv").read_text(encoding="utf-8").splitlines()
    table = np.array([[float(cell) for cell in row.split(",")] for row in rows])
    names = header.split(",")
    assert names[:5] == ["equivalent_diameter_from_nm", "equivalent_diameter_to_nm", "count", "weighted_count", "cumulative_percent"]
    assert table[:, 2].sum() == picture.population.statistics.n
    assert table[-1, 4] == pytest.approx(100)
    panel.copy_plot()
    assert not QGuiApplication.clipboard().image().isNull()


def test_a_folder_that_refuses_is_a_notice(workbench: Workbench, panel: DistributionPanel, qtbot: QtBot, tmp_path: Path) -> None:
    show(workbench, documents())
    settled(panel, workbench, qtbot)
    heard: list[Notice] = []
    workbench.noticed.connect(heard.append)
    (tmp_path / "file").write_text("in the way")
    panel.save_plot(tmp_path / "file" / "plot.png")
    panel.save_plot(tmp_path / "plot.bmp")
    workbench.noticed.disconnect(heard.append)
    assert [one.level for one in heard] == ["error", "error"]


def test_images_without_a_scale_are_named(workbench: Workbench, panel: DistributionPanel, qtbot: QtBot) -> None:
    show(workbench, documents(calibrated=False))
    picture = settled(panel, workbench, qtbot)
    assert picture.population.statistics.unit == "px"
    assert "no pixel size" in panel.statistics._caution.text()


def test_a_hidden_panel_computes_nothing_until_it_is_seen(workbench: Workbench, qtbot: QtBot) -> None:
    panel = DistributionPanel(workbench)
    qtbot.addWidget(panel)
    show(workbench, documents())
    panel.refresh()
    assert not workbench.jobs.active
    panel.show()
    assert settled(panel, workbench, qtbot).population.statistics.n == 59
