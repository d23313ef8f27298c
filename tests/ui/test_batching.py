"""A batch from the window is that of the command line: same project file, same report; either goes on where the other ended."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from multiprocessing import active_children
from pathlib import Path
from time import sleep

import numpy as np
import pytest
import tifffile
from pytestqt.qtbot import QtBot

from lycurgus import cli
from lycurgus.core import edits
from lycurgus.core.progress import CancelToken
from lycurgus.core.types import PixelSize
from lycurgus.parameters import with_settings
from lycurgus.services.batch import Batch, Engine, local_engine
from lycurgus.services.flow import Finished, ImageTask, Stages
from lycurgus.services.inputs import name_inputs
from lycurgus.services.plan import ExportPlan
from lycurgus.services.settings import SettingsStore
from lycurgus.ui.analysing import Analysing
from lycurgus.ui.batching import Batching, BatchOrder
from lycurgus.ui.dialogs.batch import BatchDialog
from lycurgus.ui.dialogs.failures import FailuresDialog
from lycurgus.ui.opening import Opening
from lycurgus.ui.panels.sample import SamplePanel
from lycurgus.ui.store import Document, ImageState
from lycurgus.ui.workbench import Workbench
from scenes import scene, write

PATIENCE_MS = 120_000
SET = ["detector.name=otsu", "separator.name=none", "statistics.bootstrap=20"]
OPTIONS = [part for setting in SET for part in ("--set", setting)]


@pytest.fixture
def bench(workbench: Workbench) -> Workbench:
    workbench.store.set_params(with_settings(workbench.store.params, SET))
    return workbench


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    discs = [(((40.0, 40.0), 20.0 + n),) for n in range(4)]
    return [
        write(tmp_path / "in" / f"dose_{n % 2} {n}.tif", scene(seed=n, shape=(96, 96), discs=discs[n]), pixel_size_nm=0.5) for n in range(4)
    ]


def open_all(bench: Workbench, paths: Sequence[Path]) -> None:
    Opening(bench).add([Document(path) for path in paths])


def settled(bench: Workbench, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not bench.jobs.active, timeout=PATIENCE_MS)


def run(
    bench: Workbench, batching: Batching, qtbot: QtBot, paths: Sequence[Path], out: Path, *, fresh: bool = True, **more: object
) -> None:
    order = BatchOrder(tuple(paths), frozenset(paths if fresh else ()), out, bench.store.params, **more)  # type: ignore[arg-type]
    batching.start(order)
    assert batching.running
    qtbot.waitUntil(lambda: not batching.running, timeout=PATIENCE_MS)
    settled(bench, qtbot)


def here(_: Batch) -> Engine:
    return local_engine(1)


def two_and_no_more(_: Batch) -> Engine:
    """Work off two images, and then wait to be stopped."""

    def engine(tasks: Sequence[ImageTask], stages: Stages, cancel: CancelToken) -> Iterator[Finished]:
        yield from local_engine(1)(tasks[:2], stages, cancel)
        for _ in iter(int, 1):
            cancel.check()
            sleep(0)

    return engine


def particles(out: Path) -> bytes:
    return (out / "particles.csv").read_bytes()


def command(images: Sequence[Path], out: Path, *more: str) -> int:
    return cli.main(["batch", *map(str, images), "--out", str(out), *OPTIONS, *more])


def test_processes_apart_from_the_window_find_what_the_command_line_finds(
    bench: Workbench, images: list[Path], tmp_path: Path, qtbot: QtBot
) -> None:
    open_all(bench, images)
    run(bench, Batching(bench), qtbot, images, tmp_path / "window", group_by=r"dose_(\d)")
    assert command(images, tmp_path / "command", "--group-by", r"dose_(\d)") == 0
    for name in ("particles.csv", "groups.csv"):
        assert (tmp_path / "window" / name).read_bytes() == (tmp_path / "command" / name).read_bytes()
    assert [document.state(bench.store.params) for document in bench.store.documents] == [ImageState.DONE] * 4
    stored = bench.project.load(images[0])
    assert stored is not None
    assert stored.result is not None


def test_the_command_line_goes_on_where_the_window_stopped(
    bench: Workbench, images: list[Path], tmp_path: Path, qtbot: QtBot, capsys: pytest.CaptureFixture[str]
) -> None:
    open_all(bench, images)
    batching = Batching(bench, engine=two_and_no_more)
    batching.start(BatchOrder(tuple(images), frozenset(images), tmp_path / "out", bench.store.params))
    assert {document.busy for document in bench.store.documents} == {"queued"}
    qtbot.waitUntil(lambda: batching.progress.done == 2, timeout=PATIENCE_MS)
    assert batching.progress.running
    batching.cancel()
    qtbot.waitUntil(lambda: not batching.running, timeout=PATIENCE_MS)
    settled(bench, qtbot)
    assert [document.state(bench.store.params) for document in bench.store.documents] == [ImageState.DONE] * 2 + [ImageState.NEW] * 2
    assert command(images, tmp_path / "out") == 0
    assert "2 of 4 images are done already; 2 to go" in capsys.readouterr().err
    assert command(images, tmp_path / "plain") == 0
    assert particles(tmp_path / "out") == particles(tmp_path / "plain")


def test_the_window_goes_on_where_the_command_line_stopped(bench: Workbench, images: list[Path], tmp_path: Path, qtbot: QtBot) -> None:
    with Batch.open(name_inputs(images), bench.store.params, ExportPlan(tmp_path / "out", ("csv",))) as batch:
        for number, _ in enumerate(batch.run(local_engine(1)), start=1):
            if number == 3:
                break
    open_all(bench, images)
    asked: list[int] = []

    def engine(batch: Batch) -> Engine:
        asked.append(len(batch.pending))
        return local_engine(1)

    run(bench, Batching(bench, engine=engine), qtbot, images, tmp_path / "out")
    # All four, since the command wrote other formats: what is there already is only there whole.
    assert asked == [4]
    run(bench, Batching(bench, engine=engine), qtbot, images, tmp_path / "out")
    assert asked == [4, 0]
    assert all(document.analysed is not None for document in bench.store.documents)


def test_corrections_by_hand_are_in_the_report_of_window_and_command_line(
    bench: Workbench, images: list[Path], tmp_path: Path, qtbot: QtBot
) -> None:
    open_all(bench, images)
    batching = Batching(bench, engine=here)
    run(bench, batching, qtbot, images, tmp_path / "out")
    before = particles(tmp_path / "out").count(b"\n")
    document = bench.store.documents[0]
    document.history = document.history.do(edits.delete(document.history.particles, [document.particles[0].id]))
    bench.store.changed(document)
    run(bench, batching, qtbot, images, tmp_path / "out", fresh=False)
    assert particles(tmp_path / "out").count(b"\n") == before - 1
    assert document.history.n_edits == 1
    corrected = particles(tmp_path / "out")
    assert command(images, tmp_path / "out", "--formats", "csv") == 0
    assert particles(tmp_path / "out") == corrected

    document.history = document.history.undo()
    bench.store.changed(document)
    run(bench, batching, qtbot, images, tmp_path / "out", fresh=False)
    assert particles(tmp_path / "out").count(b"\n") == before


def test_corrections_are_not_replaced_unless_that_was_asked_for(bench: Workbench, images: list[Path], tmp_path: Path, qtbot: QtBot) -> None:
    open_all(bench, images)
    batching = Batching(bench, engine=here)
    run(bench, batching, qtbot, images, tmp_path / "out")
    first, second = bench.store.documents[:2]
    for document in (first, second):
        document.history = document.history.do(edits.delete(document.history.particles, [document.particles[0].id]))
        bench.store.changed(document)
    order = BatchOrder(tuple(images), frozenset(images) - {first.path}, tmp_path / "out", bench.store.params, anew=True)
    batching.start(order)
    qtbot.waitUntil(lambda: not batching.running, timeout=PATIENCE_MS)
    assert (first.history.n_edits, second.history.n_edits) == (1, 0)


def test_a_pixel_size_stated_in_the_window_holds_on_the_command_line(
    bench: Workbench, images: list[Path], tmp_path: Path, qtbot: QtBot
) -> None:
    open_all(bench, images)
    settled(bench, qtbot)
    bench.store.documents[0].pixel_size = PixelSize(2.0, 2.0, "scale bar", 0.01, accepted=True)
    run(bench, Batching(bench, engine=here), qtbot, images, tmp_path / "out")
    whole = particles(tmp_path / "out")
    assert command(images, tmp_path / "out") == 0
    assert particles(tmp_path / "out") == whole
    with Batch.open(name_inputs(images), bench.store.params, ExportPlan(tmp_path / "out", ("csv",))) as batch:
        assert batch.project.load(images[0]).micrograph.pixel_size == PixelSize(2.0, 2.0, "scale bar", 0.01, accepted=True)
        assert batch.pending == ()

    # Another word, another analysis: of this image alone.
    bench.store.documents[0].pixel_size = PixelSize(1.0, 1.0, "user")
    asked: list[list[Path]] = []

    def engine(batch: Batch) -> Engine:
        asked.append([source.path for source in batch.pending])
        return local_engine(1)

    run(bench, Batching(bench, engine=engine), qtbot, images, tmp_path / "out")
    assert asked == [[images[0]]]


def test_failures_are_tried_again_in_the_batch(bench: Workbench, images: list[Path], tmp_path: Path, qtbot: QtBot) -> None:
    bad = tmp_path / "in" / "bad.tif"
    bad.write_bytes(b"II*\0 this is no picture")
    paths = [*images, bad]
    open_all(bench, paths)
    batching = Batching(bench, engine=here)
    run(bench, batching, qtbot, paths, tmp_path / "out")
    document = bench.store.documents[-1]
    assert document.state(bench.store.params) == ImageState.FAILED
    assert str(bad) in (tmp_path / "out" / "images.csv").read_text(encoding="utf-8") or document.error
    dialog = FailuresDialog(bench, Analysing(bench), batching)
    qtbot.addWidget(dialog)
    write(bad, scene(seed=9), pixel_size_nm=0.5)
    # Parameters that were set since belong to the next batch.
    bench.store.set_params(with_settings(bench.store.params, ["cleaning.border=keep"]))
    dialog._retry_all.click()
    assert batching.running
    qtbot.waitUntil(lambda: not batching.running, timeout=PATIENCE_MS)
    settled(bench, qtbot)
    assert not dialog.failed
    assert document.analysed is not None
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert len(summary["images"]) == 5


def test_a_pixel_size_in_doubt_is_said_before_the_report(bench: Workbench, tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "uneven.tif"
    resolution, picture = (1 / 2.0, 1 / 2.3), np.asarray(scene(seed=1, shape=(64, 64), discs=(((30.0, 30.0), 20.0),)))
    tifffile.imwrite(path, picture, imagej=True, resolution=resolution, metadata={"unit": "nm"})
    open_all(bench, [path])
    told: list[str] = []
    bench.noticed.connect(lambda notice: told.append(notice.text))
    run(bench, Batching(bench, engine=here), qtbot, [path], tmp_path / "out")
    (doubt,) = [place for place, text in enumerate(told) if "2.3 nm high but 2 nm wide" in text]
    (report,) = [place for place, text in enumerate(told) if "the report is in" in text]
    assert doubt < report
    told.clear()
    Analysing(bench).analyse(bench.store.documents)
    qtbot.waitUntil(lambda: bool(told), timeout=PATIENCE_MS)
    assert told == [f"{path.name}: The pixels are stated to be 2.3 nm high but 2 nm wide: make sure that this is meant."]


def test_another_method_in_the_same_folder_is_a_sentence(bench: Workbench, images: list[Path], tmp_path: Path, qtbot: QtBot) -> None:
    open_all(bench, images)
    batching = Batching(bench, engine=here)
    run(bench, batching, qtbot, images, tmp_path / "out")
    told: list[str] = []
    bench.noticed.connect(lambda notice: told.append(notice.text))
    bench.store.set_params(with_settings(bench.store.params, ["cleaning.border=keep"]))
    run(bench, batching, qtbot, images, tmp_path / "out")
    assert any("cleaning.border: exclude → keep" in text and "all images again" in text for text in told)
    assert not any(document.busy for document in bench.store.documents)
    run(bench, batching, qtbot, images, tmp_path / "out", anew=True)
    assert [document.state(bench.store.params) for document in bench.store.documents] == [ImageState.DONE] * 4


def test_a_paused_batch_waits(bench: Workbench, images: list[Path], tmp_path: Path, qtbot: QtBot) -> None:
    open_all(bench, images)
    batching = Batching(bench, engine=here)
    batching.start(BatchOrder(tuple(images), frozenset(images), tmp_path / "out", bench.store.params))
    batching.pause()
    assert batching.progress.paused
    qtbot.waitUntil(lambda: batching.progress.done >= 1, timeout=PATIENCE_MS)
    assert batching.progress.running
    batching.resume()
    qtbot.waitUntil(lambda: not batching.running, timeout=PATIENCE_MS)
    assert (tmp_path / "out" / "report.xlsx").exists()


def test_closing_the_window_ends_the_batch_and_its_processes(home: Path, images: list[Path], tmp_path: Path, qtbot: QtBot) -> None:
    bench = Workbench(SettingsStore(), home / "session.lycurgus")
    bench.store.set_params(with_settings(bench.store.params, SET))
    open_all(bench, images)
    batching = Batching(bench)
    batching.start(BatchOrder(tuple(images), frozenset(images), tmp_path / "out", bench.store.params))
    qtbot.waitUntil(lambda: bool(active_children()), timeout=PATIENCE_MS)
    bench.close()
    assert active_children() == []
    # Nobody holds the project file any more, and what was finished is in it.
    assert command(images, tmp_path / "out") == 0


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_behind_a_link_both_name_the_images_alike(
    bench: Workbench, images: list[Path], tmp_path: Path, qtbot: QtBot, capsys: pytest.CaptureFixture[str]
) -> None:
    link = tmp_path / "share"
    link.symlink_to(images[0].parent)
    batching = Batching(bench, engine=here)
    dialog = BatchDialog(bench, Opening(bench), batching)
    qtbot.addWidget(dialog)
    dialog.choose_folder(link)
    dialog.choose_results(tmp_path / "out")
    qtbot.waitUntil(lambda: len(dialog.documents) == 4, timeout=PATIENCE_MS)
    dialog.start()
    qtbot.waitUntil(lambda: not batching.running, timeout=PATIENCE_MS)
    assert command([link], tmp_path / "out") == 0
    assert "4 of 4 images are done already" in capsys.readouterr().err


def test_groups_are_summed_up_below_the_images_and_exported(bench: Workbench, images: list[Path], tmp_path: Path, qtbot: QtBot) -> None:
    panel = SamplePanel(bench, Opening(bench))
    qtbot.addWidget(panel)
    open_all(bench, images)
    run(bench, Batching(bench, engine=here), qtbot, images, tmp_path / "out")
    qtbot.waitUntil(lambda: panel.model.rowCount() == 5, timeout=PATIENCE_MS)
    panel.group_field.setEditText(r"dose_(\d)")
    panel.group_field.settle()
    assert bench.settings.group_by == r"dose_(\d)"
    qtbot.waitUntil(lambda: panel.model.rowCount() == 7, timeout=PATIENCE_MS)
    shown = [panel.model.index(row, 0).data() for row in range(7)]
    assert shown[4:] == ["Group 0", "Group 1", "Whole sample"]
    counts = [int(panel.model.index(row, 2).data()) for row in range(7)]
    assert counts[4] == counts[0] + counts[2]
    assert counts[5] == counts[1] + counts[3]
    panel.groups_only.setChecked(True)
    assert [panel.model.index(row, 0).data() for row in range(panel.model.rowCount())] == shown[4:]
    panel.groups_only.setChecked(False)
    run(bench, Batching(bench, engine=here), qtbot, images, tmp_path / "out", group_by=bench.settings.group_by, fresh=False)
    lines = (tmp_path / "out" / "groups.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["0", "1"]
    panel.group_field.setEditText("dose_([0-9")
    panel.group_field.settle()
    assert bench.settings.group_by == r"dose_(\d)"
    panel.group_field.show_text("")
    panel.group_field.chosen.emit("")
    qtbot.waitUntil(lambda: panel.model.rowCount() == 5, timeout=PATIENCE_MS)
