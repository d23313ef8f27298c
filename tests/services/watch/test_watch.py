"""A watched folder: each image is counted once, and the report is that of a plain analysis."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from lycurgus.core.errors import ParameterError, ReadError
from lycurgus.parameters import with_settings
from lycurgus.pipeline import summarize
from lycurgus.services import watch_work
from lycurgus.services.analysis import export_image
from lycurgus.services.batch import Batch
from lycurgus.services.inputs import name_inputs
from lycurgus.services.plan import ExportPlan
from lycurgus.services.watch import Watch
from lycurgus.services.watch_events import ImageDone, ImageFailed, ImageSeen, Said
from watched import PARAMS, PATIENCE_S, Told, image, plain_report, report, run_until_idle, watching

WRITER = Path(__file__).resolve().parents[2] / "watch_writer.py"


def test_the_report_is_that_of_a_plain_analysis_and_of_a_batch(tmp_path: Path):
    folder = tmp_path / "in"
    paths = [image(folder / f"{n}.tif", n, size=16 + n) for n in range(4)]
    told = run_until_idle(folder)
    assert told.done == ["0.tif", "1.tif", "2.tif", "3.tif"]
    assert report(tmp_path / "out") == plain_report(paths, tmp_path / "plain")
    with Batch.open(name_inputs(paths), PARAMS, ExportPlan(tmp_path / "out", ("csv",))) as batch:
        assert batch.pending == ()


def test_a_result_is_told_before_its_files_are_written_and_counted_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    told, may_write = Told(), threading.Event()

    def write_when_allowed(*args: object, **options: object) -> object:
        assert may_write.wait(PATIENCE_S)
        return export_image(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(watch_work, "export_image", write_when_allowed)
    with watching(tmp_path / "in", told) as watch:
        path = image(tmp_path / "in" / "0.tif", 0)
        told.wait(lambda: bool(told.of(ImageSeen)))
        (seen,) = told.of(ImageSeen)
        assert isinstance(seen, ImageSeen)
        assert (seen.path, seen.shape, watch.status.done, told.done) == (path, (64, 64), 0, [])
        may_write.set()
        told.wait_for_done("0.tif")
        (done,) = told.of(ImageDone)
        assert isinstance(done, ImageDone)
        assert done.result.particles is seen.result.particles


def test_each_file_is_analysed_once_across_restarts(tmp_path: Path):
    folder = tmp_path / "in"
    for n in range(3):
        image(folder / f"{n}.tif", n)
    image(folder / "a copy.tif", 0)
    assert run_until_idle(folder).done == ["0.tif", "1.tif", "2.tif"]
    image(folder / "3.tif", 3)
    os.utime(folder / "2.tif", ns=(5, 5))
    again = run_until_idle(folder)
    assert again.done == ["3.tif"]
    assert "3 images are done already" in [event.text for event in again.of(Said)]
    assert run_until_idle(folder).done == []
    assert {line.split(b",")[0] for line in report(tmp_path / "out").splitlines()[1:]} == {b"0.tif", b"1.tif", b"2.tif", b"3.tif"}


def test_whatever_a_microscope_does_each_image_is_counted_once(tmp_path: Path):
    sources = tmp_path / "sources"
    for n in range(50):
        image(sources / f"{n:02}.tif", n)
    told, folder = Told(), tmp_path / "in"
    with watching(folder, told) as watch:
        command = [sys.executable, str(WRITER), str(folder), str(sources), "slow", "temporary", "burst", "truncate", "die"]
        assert subprocess.run(command, check=False).returncode == 9
        told.wait_for_done("slow.tif", "placed.tif", "rewritten.tif", *(f"burst {n:02}.tif" for n in range(50)))
        told.wait(lambda: any(event.final for event in told.of(ImageFailed)))
        assert watch.status.done == 53
    assert [event.path.name for event in told.of(ImageFailed) if event.final] == ["half.tif"]
    counted = [path for path in folder.iterdir() if path.name != "half.tif"]
    tables = report(tmp_path / "out"), plain_report(sorted(counted), tmp_path / "plain")
    assert sorted(tables[0].splitlines()) == sorted(tables[1].splitlines())
    assert len(tables[0].splitlines()) > 53


def test_other_parameters_need_another_folder_or_a_new_beginning(tmp_path: Path):
    folder = tmp_path / "in"
    image(folder / "a.tif", 1)
    run_until_idle(folder)
    plan, other = ExportPlan(tmp_path / "out", ("csv",)), with_settings(PARAMS, ["cleaning.border=keep"])
    with pytest.raises(ParameterError, match=r"cleaning\.border"):
        Watch.open(folder, other, plan, tell=Told())
    with Watch.open(folder, other, plan, tell=Told(), anew=True) as watch:
        assert "set aside" in watch.remarks[0]
        assert watch.status.done == 0


def test_a_folder_that_does_not_exist_is_a_sentence(tmp_path: Path):
    with pytest.raises(ReadError, match="no folder that can be reached"):
        Watch.open(tmp_path / "none", PARAMS, ExportPlan(tmp_path / "out", ("csv",)), tell=Told())


def test_the_live_sample_agrees_with_the_report(tmp_path: Path):
    told, folder = Told(), tmp_path / "in"
    rng = np.random.default_rng(0)
    paths = [image(folder / f"{n}.tif", n, size=int(rng.integers(12, 30))) for n in range(8)]
    with watching(folder, told) as watch:
        told.wait(lambda: len(told.done) == 8)
        live = watch.live.snapshot()
        results = [watch.batch.project.load(path) for path in paths]
    summary = summarize(results, PARAMS.statistics).main
    assert live.unit == "nm"
    assert live.convergence.n == summary.n
    assert live.convergence.geometric_mean == pytest.approx(summary.geometric_mean)
    assert live.convergence.gsd == pytest.approx(summary.geometric_sd)
    assert live.percentiles is not None
    assert live.percentiles.values[2] == pytest.approx(summary.d90, rel=0.02)
