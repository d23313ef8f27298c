"""A batch goes on where it stopped: nothing finished is lost or done twice, and the report is that of one run."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from lycurgus.core import edits
from lycurgus.core.errors import ExportError, ParameterError, ProjectError
from lycurgus.core.history import History
from lycurgus.core.params import AnalysisParams
from lycurgus.core.types import Micrograph, PixelSize
from lycurgus.exporters.base import FailedFile
from lycurgus.parameters import default_params, with_settings
from lycurgus.pipeline import analyze, without_pixels
from lycurgus.readers.door import read
from lycurgus.services import batch as batch_service
from lycurgus.services.analysis import run_tasks
from lycurgus.services.batch import Batch, Step, local_engine
from lycurgus.services.batch_taking import Given, take_over
from lycurgus.services.flow import ImageTask
from lycurgus.services.inputs import name_inputs
from lycurgus.services.plan import ExportPlan
from lycurgus.services.report import build_report, write_report
from scenes import scene, write

PARAMS = with_settings(default_params(), ["detector.name=otsu", "separator.name=none", "statistics.bootstrap=50"])
TINY = {"shape": (64, 64), "discs": (((30.0, 30.0), 24.0), ((8.0, 55.0), 10.0))}


def images(folder: Path, count: int = 4) -> list[Path]:
    return [write(folder / f"{n}.tif", scene(seed=n, **TINY), pixel_size_nm=0.5) for n in range(count)]


def opened(
    paths: list[Path], out: Path, *, params: AnalysisParams = PARAMS, formats: tuple[str, ...] = ("csv",), **options: object
) -> Batch:
    return Batch.open(name_inputs(paths), params, ExportPlan(out, formats), **options)


def finish(paths: list[Path], out: Path, **options: object) -> list[Step]:
    with opened(paths, out, **options) as batch:
        return list(batch.run(local_engine(1)))


def names(steps: list[Step]) -> list[str]:
    return [step.source.image for step in steps]


def test_what_is_finished_is_not_done_again(tmp_path: Path):
    paths = images(tmp_path)
    with opened(paths, tmp_path / "out") as batch:
        work = batch.run(local_engine(1))
        first = [next(work), next(work)]
        work.close()
    assert names(first) == ["0.tif", "1.tif"]
    assert names(finish(paths, tmp_path / "out")) == ["2.tif", "3.tif"]
    assert finish(paths, tmp_path / "out") == []


def test_the_report_of_a_stopped_batch_is_that_of_a_plain_analysis(tmp_path: Path):
    paths = images(tmp_path)
    for _ in range(2):
        with opened(paths, tmp_path / "out") as batch:
            work = batch.run(local_engine(1))
            next(work)
            work.close()
    finish(paths, tmp_path / "out")
    with opened(paths, tmp_path / "out") as batch:
        entries, samples = batch.entries()
        report = build_report(entries, batch.failures(), PARAMS.statistics, samples=samples)
        assert not any(entry.result.particles for entry in report.entries)
        assert write_report(report, tmp_path / "out", ("csv", "json", "coco", "xlsx")) == ()
    tasks = [ImageTask(source, PARAMS, tmp_path / "plain") for source in name_inputs(paths)]
    plain = build_report([outcome for _, outcome in run_tasks(tasks)], [], PARAMS.statistics)  # type: ignore[misc]
    write_report(plain, tmp_path / "plain", ("csv",))
    assert (tmp_path / "out" / "particles.csv").read_bytes() == (tmp_path / "plain" / "particles.csv").read_bytes()
    assert report.summary is not None
    assert plain.summary is not None
    assert report.summary.main.intervals == plain.summary.main.intervals
    assert np.array_equal(report.summary.main.values, plain.summary.main.values)
    assert report.summary.excluded == plain.summary.excluded


def test_other_parameters_are_refused_by_name_and_value(tmp_path: Path):
    paths = images(tmp_path, 1)
    finish(paths, tmp_path / "out")
    other = with_settings(PARAMS, ["cleaning.border=keep"])
    with pytest.raises(ParameterError, match=r"cleaning\.border: exclude → keep"):
        opened(paths, tmp_path / "out", params=other)
    with pytest.raises(ParameterError, match=r"separator.name: none → watershed\)"):
        opened(paths, tmp_path / "out", params=with_settings(PARAMS, ["separator.name=watershed"]))
    with pytest.raises(ParameterError, match=r"pixel size \(nm\): nothing → 2.0"):
        opened(paths, tmp_path / "out", pixel_size_nm=2.0)


def test_how_a_sample_is_summarised_may_change(tmp_path: Path):
    paths = images(tmp_path, 2)
    finish(paths, tmp_path / "out")
    other = with_settings(PARAMS, ["statistics.descriptor=feret_max", "statistics.border_weights=false"])
    with opened(paths, tmp_path / "out", params=other) as batch:
        assert batch.pending == ()
        entries, samples = batch.entries()
        report = build_report(entries, [], other.statistics, samples=samples)
    assert report.summary is not None
    assert report.summary.main.descriptor == "feret_max"
    assert not any("different parameters" in warning for warning in report.summary.warnings)
    assert {entry.result.provenance.params_digest for entry in entries} == {other.digest}


def test_a_batch_begun_anew_keeps_the_old_one_aside(tmp_path: Path):
    paths = images(tmp_path, 2)
    finish(paths, tmp_path / "out")
    other = with_settings(PARAMS, ["cleaning.border=keep"])
    with opened(paths, tmp_path / "out", params=other, anew=True) as batch:
        assert len(batch.pending) == 2
        assert "earlier" in batch.remarks[0]
    assert len(list((tmp_path / "out").glob("batch.lycurgus.earlier-*"))) == 1


def test_a_changed_file_is_analysed_again_and_a_touched_one_is_not(tmp_path: Path):
    paths = images(tmp_path, 3)
    finish(paths, tmp_path / "out")
    os.utime(paths[0], ns=(1, 1))
    write(paths[1], scene(seed=99, shape=(80, 80), discs=(((40.0, 40.0), 30.0),)), pixel_size_nm=0.5)
    with opened(paths, tmp_path / "out") as batch:
        assert [source.image for source in batch.pending] == ["1.tif"]
        assert any("changed since" in remark for remark in batch.remarks)


def test_inputs_may_be_added_and_left_out(tmp_path: Path):
    paths = images(tmp_path, 4)
    finish(paths[:3], tmp_path / "out")
    with opened(paths[1:], tmp_path / "out") as batch:
        assert [source.image for source in batch.pending] == ["3.tif"]
        assert any("left out of the report" in remark for remark in batch.remarks)
        list(batch.run(local_engine(1)))
        entries, _ = batch.entries()
    assert [entry.image for entry in entries] == ["1.tif", "2.tif", "3.tif"]


def test_files_that_were_not_asked_for_before_are_written_now(tmp_path: Path):
    paths = images(tmp_path, 2)
    finish(paths, tmp_path / "out")
    assert names(finish(paths, tmp_path / "out", formats=("csv", "labels"))) == ["0.tif", "1.tif"]
    assert sorted(path.name for path in (tmp_path / "out" / "labels").iterdir()) == ["0.tif", "1.tif"]
    assert finish(paths, tmp_path / "out", formats=("labels",)) == []


def test_an_image_that_gets_another_name_leaves_no_files_under_the_old_one(tmp_path: Path):
    (first,) = images(tmp_path / "a", 1)
    (second,) = images(tmp_path / "b", 1)
    finish([first], tmp_path / "out", formats=("labels",))
    finish([first, second], tmp_path / "out", formats=("labels",))
    assert len(list((tmp_path / "out" / "labels").iterdir())) == 2


def test_failures_stay_until_they_are_retried_or_their_file_changes(tmp_path: Path):
    paths = images(tmp_path, 3)
    for path in paths[:2]:
        path.write_bytes(b"nonsense")
    steps = finish(paths, tmp_path / "out")
    assert [step.failure is not None for step in steps] == [True, True, False]
    with opened(paths, tmp_path / "out") as batch:
        assert batch.pending == ()
        assert [failure.path.name for failure in batch.failures()] == ["0.tif", "1.tif"]
        assert all("does not begin like a .tif" in failure.reason for failure in batch.failures())
    write(paths[0], scene(seed=0, **TINY))
    assert names(finish(paths, tmp_path / "out")) == ["0.tif"]
    assert names(finish(paths, tmp_path / "out", retry_failed=True)) == ["1.tif"]
    with opened(paths, tmp_path / "out") as batch:
        assert [failure.path.name for failure in batch.failures()] == ["1.tif"]


def test_two_batches_do_not_work_in_one_folder_at_once(tmp_path: Path):
    paths = images(tmp_path, 1)
    with opened(paths, tmp_path / "out"), pytest.raises(ProjectError, match="another process works on this batch"):
        opened(paths, tmp_path / "out")
    with opened(paths, tmp_path / "out") as batch:
        assert len(batch.pending) == 1


def test_half_written_files_of_a_killed_run_are_swept_up(tmp_path: Path):
    paths = images(tmp_path, 1)
    leftover = tmp_path / "out" / "labels" / ".lycurgus-0123456789abcdef.tif"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"half")
    finish(paths, tmp_path / "out")
    assert not leftover.exists()


def test_a_full_disk_ends_the_run_and_fails_no_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    paths = images(tmp_path, 3)

    def full(*_: object, **__: object) -> None:
        raise ExportError(tmp_path / "labels.tif", "no space left on device") from OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(batch_service, "export_image", full)
        with opened(paths, tmp_path / "out") as batch, pytest.raises(ExportError, match="start the same command again"):
            list(batch.run(local_engine(1)))
    assert names(finish(paths, tmp_path / "out")) == ["0.tif", "1.tif", "2.tif"]


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EIO, errno.EROFS])
def test_a_disk_that_is_pulled_out_ends_the_run_and_fails_no_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int):
    paths = images(tmp_path, 2)

    def gone(*_: object, **__: object) -> None:
        raise ExportError(tmp_path / "labels.tif", "gone") from OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(batch_service, "export_image", gone)
        with opened(paths, tmp_path / "out") as batch, pytest.raises(ExportError, match="bring the folder back"):
            list(batch.run(local_engine(1)))
    assert names(finish(paths, tmp_path / "out")) == ["0.tif", "1.tif"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounts a disk")
def test_a_disk_that_becomes_read_only_in_mid_run_ends_it_and_fails_no_image(tmp_path: Path):
    paths, out, formats = images(tmp_path, 4), tmp_path / "out", ("csv", "labels")
    labels = out / "labels"
    with opened(paths, out, formats=formats) as batch:
        work = batch.run(local_engine(1))
        assert names([next(work)]) == ["0.tif"]
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(labels)], capture_output=True, check=False).returncode:
            pytest.skip("no disk can be mounted here")
        try:
            # An image that is being written meanwhile has lost its half-written file instead.
            with pytest.raises(ExportError, match=r"read-only file system|no such file or directory.*bring the folder back"):
                list(work)
        finally:
            subprocess.run(["umount", "-l", str(labels)], check=True)
    finish(paths, out, formats=formats)
    with opened(paths, out, formats=formats) as batch:
        assert (batch.pending, batch.failures()) == ((), ())
    assert sorted(path.name for path in labels.iterdir()) == [path.name for path in paths]


def test_what_the_window_has_is_taken_over_unless_its_file_is_another_one_by_now(tmp_path: Path):
    paths, out, formats = images(tmp_path, 3), tmp_path / "out", ("csv", "labels")
    results = {path: without_pixels(analyze(read(path), PARAMS)) for path in paths}
    corrected = History.of(results[paths[0]].particles)
    corrected = corrected.do(edits.delete(corrected.particles, [corrected.particles[0].id]))
    given = {path: Given(result, History.of(result.particles)) for path, result in results.items()} | {
        paths[0]: Given(results[paths[0]], corrected)
    }
    write(paths[2], scene(seed=77, **TINY), pixel_size_nm=0.5)
    with opened(paths, out, formats=formats) as batch:
        assert names(list(take_over(batch, given))) == ["0.tif", "1.tif"]
        assert [source.image for source in batch.pending] == ["2.tif"]
        assert names(list(batch.run(local_engine(1)))) == ["2.tif"]
        entries, _ = batch.entries()
        assert [(len(entry.particles), entry.result.provenance.manual_edits) for entry in entries] == [(1, 1), (2, 0), (2, 0)]
    # The second time only what is corrected may have changed.
    with opened(paths, out, formats=formats) as batch:
        assert names(list(take_over(batch, given))) == ["0.tif"]
    labels = tifffile.imread(out / "labels" / "0.tif")
    assert len(np.unique(labels)) == 2


def test_what_is_said_about_single_images_is_kept_and_another_word_is_another_analysis(tmp_path: Path):
    paths, out = images(tmp_path, 2), tmp_path / "out"
    size = PixelSize(2.0, 2.0, "scale bar", 0.01, accepted=True)
    with opened(paths, out, pixel_sizes={paths[0]: size}) as batch:
        list(batch.run(local_engine(1)))
    with opened(paths, out) as batch:
        assert batch.pending == ()
        assert [batch.project.load(path).micrograph.pixel_size for path in paths] == [size, PixelSize(0.5, 0.5, "metadata")]
    for stated in ({paths[0]: size}, {paths[1]: None}):
        with opened(paths, out, pixel_sizes=stated) as batch:
            assert batch.pending == ()
    with opened(paths, out, pixel_sizes={paths[0]: None}) as batch:
        assert names(list(batch.run(local_engine(1)))) == ["0.tif"]
        assert batch.project.load(paths[0]).micrograph.pixel_size == PixelSize(0.5, 0.5, "metadata")


def test_results_do_not_hold_on_to_where_the_program_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    images(tmp_path / "in", 2)
    monkeypatch.chdir(tmp_path)
    finish([Path("in/0.tif"), Path("in/1.tif")], Path("out"))
    monkeypatch.chdir(tmp_path / "in")
    with opened([Path("0.tif"), Path("1.tif")], Path("../out")) as batch:
        assert batch.pending == ()
        entries, _ = batch.entries()
        assert [len(entry.particles) for entry in entries] == [2, 2]


def gone(task: ImageTask) -> tuple[None, Micrograph]:
    raise OSError(5, "Input/output error", str(task.source.path))


def test_an_unexpected_error_is_a_row_and_the_rest_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    paths = images(tmp_path, 2)
    monkeypatch.setattr(batch_service, "BATCH_STAGES", type(batch_service.BATCH_STAGES)(gone, *_others()))
    steps = finish(paths, tmp_path / "out")
    assert all(isinstance(step.failure, FailedFile) and "Input/output error" in step.failure.reason for step in steps)


def _others() -> tuple[object, object]:
    return batch_service.BATCH_STAGES.analyse, batch_service.BATCH_STAGES.write


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")
def test_fifty_kills_at_random_moments_lose_nothing_that_was_kept(tmp_path: Path):
    for n in range(250):
        write(tmp_path / "in" / f"{n:03}.tif", scene(shape=(48, 48), discs=(((24.0, 24.0), 18.0),), seed=n), pixel_size_nm=0.5)
    (tmp_path / "out").mkdir()
    script = Path(__file__).resolve().parent.parent / "batch_killer.py"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}
    command = [sys.executable, str(script), str(tmp_path / "in"), str(tmp_path / "out"), "55", "7"]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["kills"] >= 50
    assert told["lost"] == told["damaged"] == told["leftovers"] == 0
    assert told["most_unsaid"] <= 1
    assert told["done"] == told["images"] == 250
    # A kill costs the images in work: one in analysis, and one analysed that is being written.
    assert told["analyses"] - told["images"] <= 2 * told["kills"]
