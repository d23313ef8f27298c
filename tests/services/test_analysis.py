"""Many files: a bad one, a defect of ours, and a worker that dies cost one row each and nothing more."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lycurgus.core.errors import Cancelled
from lycurgus.core.progress import CancelToken
from lycurgus.core.types import Micrograph
from lycurgus.exporters.base import FailedFile, ReportEntry
from lycurgus.parameters import default_params
from lycurgus.services import analysis
from lycurgus.services.analysis import STAGES, read_image, run_task, run_tasks
from lycurgus.services.flow import ImageTask
from lycurgus.services.inputs import name_inputs
from scenes import DISCS, scene, write


def tasks_for(folder: Path, names: list[str]) -> list[ImageTask]:
    for name in names:
        write(folder / name, scene())
    return [ImageTask(source, default_params(), folder / "out") for source in name_inputs([folder / name for name in names])]


def dies_on_poison(task: ImageTask) -> Micrograph:
    """Stand in for reading: one file kills the process as the system does when memory runs out."""
    if "poison" in task.source.image:
        os.kill(os.getpid(), signal.SIGKILL)
    return read_image(task)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_worker_that_dies_costs_its_own_file_only(tmp_path: Path) -> None:
    tasks = tasks_for(tmp_path, ["a.tif", "poison.tif", "b.tif", "c.tif"])
    stages = replace(STAGES, read=dies_on_poison)
    outcomes = {task.source.image: outcome for task, outcome in run_tasks(tasks, jobs=2, stages=stages)}
    assert set(outcomes) == {"a.tif", "b.tif", "c.tif", "poison.tif"}
    assert isinstance(outcomes["poison.tif"], FailedFile)
    assert "process died" in outcomes["poison.tif"].reason
    for name in ("a.tif", "b.tif", "c.tif"):
        entry = outcomes[name]
        assert isinstance(entry, ReportEntry)
        assert len(entry.result.particles) == len(DISCS)


def tells_its_threads(task: ImageTask) -> FailedFile:
    """Stand in for reading: what stood in the environment when the process began, before any library was loaded."""
    began_with = dict(line.split("=", 1) for line in Path("/proc/self/environ").read_text().split("\0") if "=" in line)
    return FailedFile(task.source.path, began_with.get("OMP_NUM_THREADS", "nothing"))


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc")
@pytest.mark.parametrize(("own", "expected"), [(None, "1"), ("3", "3")])
def test_workers_begin_with_one_thread_unless_the_user_said_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str | None, expected: str
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if own is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", own)
    tasks = tasks_for(tmp_path, ["a.tif", "b.tif"])
    outcomes = [outcome for _, outcome in run_tasks(tasks, jobs=2, stages=replace(STAGES, read=tells_its_threads))]
    assert [outcome.reason for outcome in outcomes if isinstance(outcome, FailedFile)] == [expected] * 2
    assert os.environ.get("OMP_NUM_THREADS") == own


def test_a_defect_of_ours_is_a_row_and_not_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    (task,) = tasks_for(tmp_path, ["a.tif"])
    monkeypatch.setattr(analysis, "analyze", broken)
    outcome = run_task(task)
    assert isinstance(outcome, FailedFile)
    assert "please report it" in outcome.reason
    assert "ZeroDivisionError" in outcome.reason


def test_what_was_cancelled_is_no_failure(tmp_path: Path) -> None:
    token = CancelToken()
    outcomes = run_tasks(tasks_for(tmp_path, ["a.tif", "b.tif"]), cancel=token)
    next(outcomes)
    token.cancel()
    with pytest.raises(Cancelled):
        next(outcomes)


def test_results_travel_without_their_pixels(tmp_path: Path) -> None:
    outcome = run_task(tasks_for(tmp_path, ["a.tif"])[0])
    assert isinstance(outcome, ReportEntry)
    assert outcome.result.micrograph.pixels.size == 0
    assert outcome.shape == (200, 240)
