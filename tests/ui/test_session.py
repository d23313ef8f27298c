"""The session without its window: opening, analysing, correcting, keeping, exporting."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from lycurgus.cli import main
from lycurgus.core.edits import Canvas
from lycurgus.core.types import AnalysisResult, PixelSize
from lycurgus.parameters import with_settings
from lycurgus.services.plan import ExportPlan
from lycurgus.services.settings import SettingsStore
from lycurgus.ui.analysing import Analysing
from lycurgus.ui.editing import Editing, crossed_by
from lycurgus.ui.exporting import Exporting
from lycurgus.ui.opening import Opening
from lycurgus.ui.store import ImageState
from lycurgus.ui.workbench import Notice, Workbench
from scenes import DISCS, scene, write


@pytest.fixture
def notices(workbench: Workbench) -> list[Notice]:
    kept: list[Notice] = []
    workbench.noticed.connect(kept.append)
    return kept


def settled(bench: Workbench, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not bench.jobs.active, timeout=60_000)


def test_a_folder_opens_and_shows_its_first_image(workbench: Workbench, scene_files: Path, qtbot: QtBot) -> None:
    Opening(workbench).open_paths([scene_files])
    qtbot.waitUntil(lambda: workbench.store.micrograph is not None, timeout=20_000)
    assert [document.path.name for document in workbench.store.documents] == ["scene 1.tif", "scene 2.tif", "scene 3.tif"]
    assert workbench.store.current is workbench.store.documents[0]
    assert workbench.settings.recent_folders == (str(scene_files),)


def test_opening_twice_adds_nothing(opened: Workbench, scene_files: Path, qtbot: QtBot) -> None:
    Opening(opened).open_paths([scene_files])
    settled(opened, qtbot)
    assert len(opened.store.documents) == 3


def test_stepping_stops_at_the_ends(opened: Workbench, qtbot: QtBot) -> None:
    opening = Opening(opened)
    for expected in ("scene 2.tif", "scene 3.tif", "scene 3.tif"):
        opening.step(1)
        settled(opened, qtbot)
        assert opened.store.current is not None
        assert opened.store.current.path.name == expected
        assert opened.store.micrograph is not None
        assert opened.store.micrograph.path.name == expected


def test_results_are_those_of_the_command_line(opened: Workbench, scene_files: Path, tmp_path: Path, qtbot: QtBot) -> None:
    formats = ("csv", "json", "labels", "coco")
    with qtbot.waitSignal((exporting := Exporting(opened)).exported, timeout=60_000):
        exporting.export(opened.store.documents, ExportPlan(tmp_path / "window", formats))
    assert main(["analyze", str(scene_files), "--out", str(tmp_path / "line"), "--formats", ",".join(formats)]) == 0
    assert (tmp_path / "window" / "particles.csv").read_bytes() == (tmp_path / "line" / "particles.csv").read_bytes()
    for label in (tmp_path / "line" / "labels").iterdir():
        assert label.read_bytes() == (tmp_path / "window" / "labels" / label.name).read_bytes()


def test_other_parameters_make_results_stale_until_they_return(opened: Workbench) -> None:
    store = opened.store
    before = store.params
    assert store.documents[0].state(store.params) is ImageState.DONE
    store.set_params(with_settings(before, ["separator.convexity=0.9"]))
    assert store.documents[0].state(store.params) is ImageState.STALE
    store.set_params(before)
    assert store.documents[0].state(store.params) is ImageState.DONE


def test_each_correction_changes_the_count_and_can_be_undone(opened: Workbench) -> None:
    store, editing = opened.store, Editing(opened)
    document = store.documents[0]
    assert document.result is not None
    original = document.particles

    def ids() -> set[int]:
        return {particle.id for particle in document.particles}

    store.select([original[0].id])
    editing.delete()
    assert len(document.particles) == len(DISCS) - 1
    assert document.state(store.params) is ImageState.EDITED

    store.select([original[1].id])
    editing.exclude("out of focus")
    assert len(document.result.counted) == len(DISCS) - 2
    editing.include()
    assert len(document.result.counted) == len(DISCS) - 1

    editing.draw_circle((170.0, 40.0), 12.0)
    drawn = next(particle for particle in document.particles if "drawn" in particle.flags)
    assert drawn.measurement.equivalent_diameter_px == pytest.approx(24, rel=0.02)
    assert store.selection == {drawn.id}

    editing.split(np.array([[170.0, 20.0], [170.0, 60.0]]))
    assert len(store.selection) == 2
    halves = store.selected_particles
    assert sum(half.instance.area_px for half in halves) == drawn.instance.area_px

    editing.merge()
    merged = store.selected_particles[0]
    assert merged.instance.area_px == drawn.instance.area_px

    editing.reclassify("shape", "sphere")
    assert store.current is document
    assert next(particle for particle in document.particles if particle.id == merged.id).classes["shape"][0] == "sphere"

    for _ in range(document.history.n_edits):
        editing.undo()
    assert document.particles == original
    while document.history.can_redo:
        editing.redo()
    assert merged.id in ids()


def test_what_cannot_be_corrected_is_a_sentence(opened: Workbench) -> None:
    kept: list[Notice] = []
    opened.noticed.connect(kept.append)
    editing = Editing(opened)
    editing.split(np.array([[5.0, 5.0], [5.0, 9.0]]))
    editing.merge()
    assert [notice.level for notice in kept] == ["warning", "warning"]
    assert "crosses no particle" in kept[0].text
    assert opened.store.documents[0].history.n_edits == 0


def test_the_mask_of_what_is_burnt_in_is_made_once_for_many_corrections(opened: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[AnalysisResult] = []
    make = Canvas.of
    monkeypatch.setattr(Canvas, "of", lambda result: made.append(result) or make(result))
    editing = Editing(opened)
    for y in (30.0, 40.0, 50.0):
        editing.draw_circle((y, 200.0), 4.0)
    editing.undo()
    editing.draw_circle((170.0, 40.0), 12.0)
    assert len(made) == 1
    document = opened.store.current
    other = PixelSize(2.0, 2.0, "user")
    document.analysed = replace(document.analysed, micrograph=document.analysed.micrograph.with_pixel_size(other))
    editing.draw_circle((20.0, 100.0), 5.0)
    assert [result.micrograph.pixel_size for result in made[1:]] == [other]


def test_corrections_survive_the_end_of_the_program(opened: Workbench, home: Path, scene_files: Path, qtbot: QtBot) -> None:
    store = opened.store
    store.select([store.documents[0].particles[0].id])
    Editing(opened).delete()
    settled(opened, qtbot)
    opened.close()

    again = Workbench(SettingsStore(), home / "session.lycurgus")
    try:
        Opening(again).open_paths([scene_files])
        settled(again, qtbot)
        document = again.store.documents[0]
        assert document.state(again.store.params) is ImageState.EDITED
        assert len(document.particles) == len(DISCS) - 1
        Editing(again).undo()
        assert len(document.particles) == len(DISCS)
    finally:
        again.close()


def test_edits_are_marked_in_exports(opened: Workbench, tmp_path: Path, qtbot: QtBot) -> None:
    Editing(opened).draw_circle((170.0, 40.0), 12.0)
    with qtbot.waitSignal((exporting := Exporting(opened)).exported, timeout=60_000):
        exporting.export(opened.store.documents[:1], ExportPlan(tmp_path / "out", ("csv", "json")))
    with (tmp_path / "out" / "particles.csv").open(encoding="utf-8", newline="") as stream:
        assert [row["flags"] for row in csv.DictReader(stream)].count("drawn") == 1


def test_a_failing_file_is_failed_and_the_rest_goes_on(
    workbench: Workbench, scene_files: Path, notices: list[Notice], qtbot: QtBot
) -> None:
    (scene_files / "bad.tif").write_bytes(b"no picture")
    Opening(workbench).open_paths([scene_files])
    settled(workbench, qtbot)
    analysing = Analysing(workbench)
    analysing.analyse(workbench.store.documents)
    qtbot.waitUntil(lambda: not analysing.progress.running, timeout=60_000)
    settled(workbench, qtbot)
    states = {document.path.name: document.state(workbench.store.params) for document in workbench.store.documents}
    assert states.pop("bad.tif") is ImageState.FAILED
    assert set(states.values()) == {ImageState.DONE}
    assert any("3 images analysed, 1 failed" in notice.text for notice in notices)

    write(scene_files / "bad.tif", scene(seed=9))
    analysing.retry_failed()
    qtbot.waitUntil(lambda: not analysing.progress.running, timeout=60_000)
    settled(workbench, qtbot)
    assert {document.state(workbench.store.params) for document in workbench.store.documents} == {ImageState.DONE}


def test_cancelling_keeps_what_is_done_and_frees_the_rest(workbench: Workbench, scene_files: Path, qtbot: QtBot) -> None:
    Opening(workbench).open_paths([scene_files])
    settled(workbench, qtbot)
    analysing = Analysing(workbench)
    analysing.analyse(workbench.store.documents)
    qtbot.waitUntil(lambda: analysing.progress.done == 1, timeout=60_000)
    analysing.cancel()
    settled(workbench, qtbot)
    states = [document.state(workbench.store.params) for document in workbench.store.documents]
    assert states.count(ImageState.DONE) == 1
    assert states.count(ImageState.NEW) == 2
    assert not analysing.progress.running


def test_pausing_ends_the_image_in_work_and_waits(workbench: Workbench, scene_files: Path, qtbot: QtBot) -> None:
    Opening(workbench).open_paths([scene_files])
    settled(workbench, qtbot)
    analysing = Analysing(workbench)
    analysing.pause()
    analysing.analyse(workbench.store.documents)
    assert not workbench.jobs.active
    assert analysing.progress.paused
    analysing.resume()
    qtbot.waitUntil(lambda: not analysing.progress.running, timeout=60_000)
    settled(workbench, qtbot)
    assert analysing.progress.done == 3


def test_a_folder_that_vanished_is_a_sentence(workbench: Workbench, tmp_path: Path, notices: list[Notice], qtbot: QtBot) -> None:
    Opening(workbench).open_paths([tmp_path / "gone"])
    settled(workbench, qtbot)
    assert any(notice.level == "error" and "gone" in notice.text for notice in notices)


def test_the_line_that_crosses_most_of_a_particle_is_meant_for_it(opened: Workbench) -> None:
    particles = opened.store.documents[0].particles
    (y, x), diameter = DISCS[0]
    crossed = crossed_by(np.array([[y, x - diameter], [y, x + diameter]]), particles)
    assert np.hypot(crossed[0].measurement.y_px - y, crossed[0].measurement.x_px - x) < 1
