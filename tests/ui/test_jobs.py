"""Work beside the window: delivered in its thread, once, and only while it is wanted."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from lycurgus.core.progress import CancelToken, Progress
from lycurgus.ui.jobs import JobRunner


@pytest.fixture
def jobs(qtbot: QtBot) -> Iterator[JobRunner]:
    assert qtbot is not None
    runner = JobRunner()
    yield runner
    runner.shutdown()


def test_a_result_comes_in_the_windows_thread(jobs: JobRunner, qtbot: QtBot) -> None:
    threads: list[tuple[int, int]] = []
    with qtbot.waitSignal(jobs.ended):
        jobs.submit("io", lambda *_: threading.get_ident(), title="a", on_done=lambda where: threads.append((where, threading.get_ident())))
    ((worked_in, delivered_in),) = threads
    assert delivered_in == threading.get_ident() != worked_in


def test_an_error_comes_to_whoever_asked(jobs: JobRunner, qtbot: QtBot) -> None:
    errors: list[Exception] = []
    with qtbot.waitSignal(jobs.ended):
        jobs.submit("io", lambda *_: 1 / 0, title="a", on_done=pytest.fail, on_error=errors.append)
    assert isinstance(errors[0], ZeroDivisionError)


def test_an_error_that_nobody_handles_is_a_crash_and_the_next_job_runs(jobs: JobRunner, qtbot: QtBot) -> None:
    with qtbot.waitSignal(jobs.crashed) as crash:
        jobs.submit("io", lambda *_: 1 / 0, title="a", on_done=pytest.fail)
    assert isinstance(crash.args[1], ZeroDivisionError)
    results: list[int] = []
    with qtbot.waitSignal(jobs.ended):
        jobs.submit("io", lambda *_: 7, title="b", on_done=results.append)
    assert results == [7]


def test_a_newer_job_of_the_same_key_supersedes_the_older(jobs: JobRunner, qtbot: QtBot) -> None:
    go = threading.Event()
    results: list[str] = []

    def slow(*_: object) -> str:
        go.wait(10)
        return "old"

    old = jobs.submit("io", slow, title="old", key="k", on_done=results.append)
    jobs.submit("io", lambda *_: "new", title="new", key="k", on_done=results.append)
    assert old.cancel_token.is_cancelled
    go.set()
    qtbot.waitUntil(lambda: not jobs.active)
    assert results == ["new"]


def test_a_cancelled_job_stops_and_delivers_nothing(jobs: JobRunner, qtbot: QtBot) -> None:
    begun = threading.Event()

    def work(_: Progress, cancel: CancelToken) -> None:
        begun.set()
        while True:
            cancel.check()

    job = jobs.submit("inference", work, title="endless", on_done=pytest.fail, on_error=pytest.fail)
    assert begun.wait(10)
    with qtbot.waitSignal(jobs.ended):
        job.cancel()
    assert not jobs.active


def test_progress_is_reported(jobs: JobRunner, qtbot: QtBot) -> None:
    seen: list[tuple[str, int, int]] = []
    jobs.progressed.connect(lambda _job, *step: seen.append(step))
    with qtbot.waitSignal(jobs.ended):
        jobs.submit("io", lambda progress, _: progress("count", 3, 4), title="a", on_done=lambda _: None)
    assert seen == [("count", 3, 4)]


def test_shutting_down_ends_every_thread_and_delivers_nothing_more(jobs: JobRunner, qtbot: QtBot) -> None:
    def work(_: Progress, cancel: CancelToken) -> None:
        while True:
            cancel.check()

    jobs.submit("inference", work, title="endless", on_done=pytest.fail, on_error=pytest.fail)
    jobs.shutdown()
    qtbot.wait(1)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lycurgus-")]
