"""A watch from the window: results appear as images land, and a day of it takes no more memory than an hour."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lycurgus.core.types import AnalysisResult
from lycurgus.parameters import with_settings
from lycurgus.pipeline import analyze, without_pixels
from lycurgus.readers.door import read
from lycurgus.services import watch as watch_module
from lycurgus.services.live import ImageNote, Live
from lycurgus.services.watch_events import ImageDone, ImageFailed, ImageSeen, Said, WatchStatus
from lycurgus.ui.dialogs.watch import WatchDialog
from lycurgus.ui.main_window import MainWindow
from lycurgus.ui.opening import Opening
from lycurgus.ui.panels.live import BLANK, LivePanel
from lycurgus.ui.panels.live_words import rows, verdict
from lycurgus.ui.watching import MOST_OPEN, MOST_SHOTS, Watching, WatchOrder
from lycurgus.ui.workbench import Workbench
from scenes import scene, write

PICTURE = np.zeros((24, 32, 3), np.uint8)
PATIENCE_MS = 120_000


@pytest.fixture
def bench(workbench: Workbench) -> Workbench:
    workbench.store.set_params(
        with_settings(workbench.store.params, ["detector.name=otsu", "separator.name=none", "statistics.bootstrap=20"])
    )
    return workbench


@pytest.fixture
def result(bench: Workbench, tmp_path: Path) -> AnalysisResult:
    path = write(tmp_path / "one.tif", scene(shape=(64, 64), discs=(((30.0, 30.0), 20.0), ((10.0, 50.0), 12.0))), pixel_size_nm=0.5)
    return without_pixels(analyze(read(path), bench.store.params))


def done(result: AnalysisResult, number: int, *, reasons: tuple[str, ...] = ()) -> ImageDone:
    path = Path(f"/acquired/{number:05}.tif")
    own = replace(result, micrograph=replace(result.micrograph, path=path))
    return ImageDone(ImageNote(path, 2, 2, 8.0, "nm", 0.1, reasons), own, (64, 64), PICTURE.copy())


def test_images_that_land_in_a_folder_are_on_screen_and_in_the_report(bench: Workbench, qtbot: QtBot, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(watch_module, "POLL_S", 0.02)
    window = MainWindow(bench)
    qtbot.addWidget(window)
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    assert window.live.pages.sentence == BLANK
    window.actions_["analysis.watch"].trigger()
    dialog = window.findChild(WatchDialog)
    dialog.fill_in(folder, out)
    dialog.accept()
    assert window.watching.running
    assert not window.live.sizes.getPlotItem().getAxis("left").isVisible(), "numbers along an empty axis"
    assert window.actions_["analysis.watch"].isChecked()
    for number in range(3):
        write(folder / f"{number}.tif", scene(seed=number, shape=(96, 96), discs=(((40.0, 40.0), 30.0),)), pixel_size_nm=0.5)
    live = window.live
    qtbot.waitUntil(lambda: window.watching.snapshot is not None and window.watching.snapshot.n_images == 3, timeout=PATIENCE_MS)
    qtbot.waitUntil(live.sizes.getPlotItem().getAxis("left").isVisible, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: bench.store.micrograph is not None, timeout=PATIENCE_MS)
    assert live.pages.sentence == ""
    assert live.numbers.values["Particles"] == "3 in 3 images"
    assert sorted(path.name for path in live.strip.paths) == ["0.tif", "1.tif", "2.tif"]
    assert all(document.analysed is not None for document in bench.store.documents)
    assert "Watching in" in window.status.watch_line._text.text()
    window.actions_["analysis.watch"].trigger()
    qtbot.waitUntil(lambda: not window.watching.running, timeout=PATIENCE_MS)
    assert not window.actions_["analysis.watch"].isChecked()
    assert (out / "report.xlsx").exists()
    assert "has ended" in live._state.text()


def test_a_result_is_on_screen_while_its_files_are_still_written(bench: Workbench, qtbot: QtBot, result: AnalysisResult):
    window = MainWindow(bench)
    qtbot.addWidget(window)
    event = done(result, 1)
    window.watching._told.emit(ImageSeen(event.note.path, event.result, event.shape))
    qtbot.waitUntil(lambda: bench.store.current is not None, timeout=PATIENCE_MS)
    assert bench.store.current is not None
    assert bench.store.current.analysed is event.result
    assert not window.watching.shots
    window.watching._told.emit(event)
    qtbot.waitUntil(lambda: len(window.watching.shots) == 1, timeout=PATIENCE_MS)
    assert [document.path for document in bench.store.documents] == [event.note.path]


def test_a_dialog_that_is_cancelled_leaves_the_button_up(bench: Workbench, qtbot: QtBot):
    window = MainWindow(bench)
    qtbot.addWidget(window)
    window.actions_["analysis.watch"].trigger()
    window.findChild(WatchDialog).reject()
    assert not window.actions_["analysis.watch"].isChecked()
    assert not window.watching.running


def test_the_dialog_proposes_a_folder_beside_the_watched_one_and_refuses_the_same(bench: Workbench, qtbot: QtBot, tmp_path: Path):
    dialog = WatchDialog(bench, Watching(bench, Opening(bench)))
    qtbot.addWidget(dialog)
    dialog.fill_in(tmp_path / "session 12")
    assert dialog.order == WatchOrder(tmp_path / "session 12", tmp_path / "session 12 - results")
    dialog.fill_in(tmp_path / "session 13")
    assert dialog.order is not None
    assert dialog.order.out == tmp_path / "session 13 - results"
    dialog.fill_in(tmp_path / "session 13", tmp_path / "session 13")
    assert dialog.order is None
    assert "folder of their own" in dialog.remarks[0].text


def test_other_parameters_than_before_are_a_sentence_for_the_window(bench: Workbench, qtbot: QtBot, tmp_path: Path):
    (tmp_path / "in").mkdir()
    watching, notices = Watching(bench, Opening(bench)), []
    bench.noticed.connect(notices.append)
    for params in (bench.store.params, with_settings(bench.store.params, ["cleaning.border=keep"])):
        bench.store.set_params(params)
        watching.start(WatchOrder(tmp_path / "in", tmp_path / "out"))
        qtbot.waitUntil(lambda: watching._watch is not None or not watching.running, timeout=PATIENCE_MS)
        watching.stop()
        qtbot.waitUntil(lambda: not watching.running, timeout=PATIENCE_MS)
    assert any("other parameters" in notice.text and "begin anew" in notice.text for notice in notices)
    assert not any("--" in notice.text for notice in notices)


def test_five_thousand_images_take_no_more_memory_than_a_few_hundred(bench: Workbench, qtbot: QtBot, result: AnalysisResult, monkeypatch):
    monkeypatch.setattr(bench, "keep_result", lambda _: None)
    watching = Watching(bench, Opening(bench))
    panel = LivePanel(bench, watching, Opening(bench))
    qtbot.addWidget(panel)
    watching.following = False
    live = Live(bench.store.params.statistics)

    def feed(numbers: range) -> int:
        for number in numbers:
            event = done(result, number)
            live.add(event.note.path, event.result, event.shape)
            watching._on_event(event)
            if number % 20 == 19:
                watching._take_arrived()
        QApplication.processEvents()
        gc.collect()
        return len(gc.get_objects())

    feed(range(1000))
    before, histograms = feed(range(1000, 1400)), live.nbytes
    after = feed(range(1400, 5000))
    assert live.nbytes == histograms
    assert live.snapshot().convergence.n == 10_000
    assert len(watching.shots) == panel.strip.count() == MOST_SHOTS
    assert len(bench.store.documents) <= MOST_OPEN + 1
    # What is kept of an image is its name, and sums in each unit; no particles, pictures or documents.
    assert (after - before) / 3600 < 8


def test_images_unlike_the_others_are_said_marked_and_heard(bench: Workbench, qtbot: QtBot, result: AnalysisResult, monkeypatch):
    beeps, notices = [], []
    monkeypatch.setattr(QApplication, "beep", lambda: beeps.append(1))
    bench.noticed.connect(notices.append)
    watching = Watching(bench, Opening(bench))
    panel = LivePanel(bench, watching, Opening(bench))
    qtbot.addWidget(panel)
    watching.following = False
    watching._on_event(done(result, 1, reasons=("2 particles where the others have about 60",)))
    watching._take_arrived()
    assert beeps == []
    assert "00001.tif is unlike the others: 2 particles where the others have about 60" in notices[-1].text
    item = panel.strip.item(0)
    assert item.text().startswith("⚠ 2")
    assert "Unlike the others: 2 particles" in item.toolTip()
    panel.alarm.click()
    assert bench.settings.watch_alarm
    watching._on_event(ImageFailed(Path("x.tif"), "is cut off", final=True))
    watching._on_event(Said("warning", "the folder cannot be reached"))
    assert beeps == [1]


def test_whoever_goes_to_another_image_stays_there(opened: Workbench, qtbot: QtBot, result: AnalysisResult):
    watching = Watching(opened, Opening(opened))
    panel = LivePanel(opened, watching, Opening(opened))
    qtbot.addWidget(panel)
    watching._job = object()  # type: ignore[assignment]
    watching._on_event(done(result, 1))
    watching._take_arrived()
    assert opened.store.current.path.name == "00001.tif"
    chosen = opened.store.documents[1]
    Opening(opened).show(chosen)
    assert not panel.follow.isChecked()
    watching._on_event(done(result, 2))
    watching._take_arrived()
    assert opened.store.current is chosen
    panel.follow.click()
    assert opened.store.current.path.name == "00002.tif"
    watching._job = None


def test_words_for_nothing_little_and_enough(result: AnalysisResult, bench: Workbench):
    assert verdict(None) == (False, "Waiting for the first particles")
    assert {name: value for name, value, _ in rows(None, WatchStatus())}["D50"] == "–"
    live, rng = Live(bench.store.params.statistics), np.random.default_rng(0)
    for number in range(60):
        scale = float(rng.lognormal(0, 0.25))
        particles = tuple(
            replace(one, measurement=replace(one.measurement, equivalent_diameter_nm=scale * one.measurement.equivalent_diameter_nm))
            for one in result.particles
        )
        live.add(Path(f"{number}.tif"), replace(result, particles=particles), (64, 64))
        if number == 9:
            enough, text = verdict(live.snapshot())
            assert not enough
            assert text.startswith("About ")
            assert text.endswith(" for ± 5 %")
    for number in range(60, 1500):
        live.add(Path(f"{number}.tif"), result, (64, 64))
    assert verdict(live.snapshot()) == (True, "Enough particles for ± 5 %")
