"""One lane of work: stages overlap, memory is bounded, errors stay with their image."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lycurgus.core.errors import Cancelled, ReadError
from lycurgus.core.progress import CancelToken
from lycurgus.exporters.base import FailedFile
from lycurgus.parameters import default_params
from lycurgus.services.flow import ImageTask, Stages, flow
from lycurgus.services.inputs import NamedInput
from lycurgus.services.memory import available_bytes, jobs_in_memory, sensible_jobs, usable_cores


def tasks_of(count: int) -> list[ImageTask]:
    params = default_params()
    return [ImageTask(NamedInput(Path(f"{n}.tif"), f"{n}.tif", str(n)), params, Path("out")) for n in range(count)]


def passed_on(task: ImageTask, *_: Any) -> str:
    return task.source.image


def test_order_is_kept_and_every_task_finishes_once():
    names = [finished.outcome for finished in flow(tasks_of(50), Stages(passed_on, passed_on, passed_on))]
    assert names == [f"{n}.tif" for n in range(50)]


def test_the_next_image_is_read_and_the_last_one_written_while_one_is_analysed():
    """Image 1 is analysed only once image 2 is read, and image 0 written only once image 1 is in analysis."""
    third_read, second_analysed = threading.Event(), threading.Event()

    def read(task: ImageTask) -> str:
        if task.source.stem == "2":
            third_read.set()
        return task.source.image

    def analyse(task: ImageTask, *_: Any) -> str:
        if task.source.stem == "1":
            second_analysed.set()
            assert third_read.wait(20)
        return task.source.image

    def write(task: ImageTask, _: Any) -> str:
        if task.source.stem == "0":
            assert second_analysed.wait(20)
        return task.source.image

    outcomes = [finished.outcome for finished in flow(tasks_of(3), Stages(read, analyse, write))]
    assert outcomes == ["0.tif", "1.tif", "2.tif"]


def test_waiting_for_a_slow_disk_is_told_apart_from_work():
    """The second image is read only when the first has been analysed: all that the analysis then waits is idle."""
    first_analysed = threading.Event()

    def read(task: ImageTask) -> str:
        assert task.source.stem == "0" or first_analysed.wait(20)
        return task.source.image

    def analyse(task: ImageTask, *_: Any) -> str:
        first_analysed.set()
        return task.source.image

    first, second = flow(tasks_of(2), Stages(read, analyse, passed_on))
    assert first.seconds.idle == 0
    assert second.seconds.idle > 0


@pytest.mark.parametrize("slots", [1, 2, 3])
def test_no_more_images_than_slots_are_in_memory(slots: int):
    lock, held, most = threading.Lock(), 0, 0

    def read(task: ImageTask) -> str:
        nonlocal held, most
        with lock:
            held += 1
            most = max(most, held)
        return task.source.image

    def write(task: ImageTask, _: Any) -> str:
        nonlocal held
        with lock:
            held -= 1
        return task.source.image

    assert len(list(flow(tasks_of(20), Stages(read, passed_on, write), slots=slots))) == 20
    assert most <= slots


@pytest.mark.parametrize("stage", ["read", "analyse", "write"])
def test_an_error_in_any_stage_is_the_outcome_of_its_image(stage: str):
    def breaks(task: ImageTask, *_: Any) -> str:
        if task.source.stem == "1":
            raise ReadError(task.source.path, "is damaged")
        return task.source.image

    stages = Stages(**{name: breaks if name == stage else passed_on for name in ("read", "analyse", "write")})
    outcomes = [finished.outcome for finished in flow(tasks_of(3), stages)]
    assert outcomes == ["0.tif", FailedFile(Path("1.tif"), "is damaged"), "2.tif"]


def test_a_cancel_reaches_the_image_in_work():
    token, analysing = CancelToken(), threading.Event()

    def analyse(_: ImageTask, __: Any, cancel: CancelToken) -> str:
        analysing.set()
        while True:
            cancel.check()

    def stop_soon() -> None:
        analysing.wait()
        token.cancel()

    threading.Thread(target=stop_soon).start()
    with pytest.raises(Cancelled):
        list(flow(tasks_of(2), Stages(passed_on, analyse, passed_on), cancel=token))


def test_tasks_that_cannot_be_listed_end_the_work_with_their_error():
    def broken() -> Iterator[ImageTask]:
        yield tasks_of(1)[0]
        raise OSError("the list is gone")

    with pytest.raises(OSError, match="the list is gone"):
        list(flow(broken(), Stages(passed_on, passed_on, passed_on)))


def test_threads_end_with_the_work():
    before = threading.active_count()
    work = flow(tasks_of(10), Stages(passed_on, passed_on, passed_on))
    next(work)
    work.close()
    for thread in threading.enumerate():
        if thread.name.startswith("lycurgus"):
            thread.join(5)
    assert threading.active_count() == before


def test_large_images_get_fewer_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lycurgus.services.memory.available_bytes", lambda: 8 << 30)
    monkeypatch.setattr("lycurgus.services.memory.usable_cores", lambda: 8)
    small, large = tmp_path / "small.tif", tmp_path / "large.tif"
    small.write_bytes(b"")
    with large.open("wb") as stream:
        stream.truncate(128 << 20)
    assert sensible_jobs([small] * 20) == 8
    assert sensible_jobs([small] * 19 + [large]) == jobs_in_memory([large]) == 2
    assert sensible_jobs([large]) == 1
    assert jobs_in_memory([]) >= 8


def test_the_system_tells_its_memory_and_cores():
    assert usable_cores() >= 1
    assert available_bytes() is None or available_bytes() > 1 << 20
