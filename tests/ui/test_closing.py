"""Closing the window: what the user has done is in the project file, however quickly he closes and however slow the disk is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject
from pytestqt.qtbot import QtBot

from lycurgus.core.errors import ProjectError
from lycurgus.core.progress import CancelToken, Progress
from lycurgus.core.types import PixelSize
from lycurgus.services.project import Project
from lycurgus.ui.analysing import Analysing
from lycurgus.ui.calibrating import Calibrating
from lycurgus.ui.editing import Editing
from lycurgus.ui.jobs import JobRunner
from lycurgus.ui.main_window import MainWindow
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench

SIZE = PixelSize(2.0, 2.0, "user")


class Gate:
    """A disk that writes nothing until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, project: Project) -> None:
        self._open = threading.Event()
        for name in ("save_result", "save_journal", "save_failure", "set_pixel_size"):
            monkeypatch.setattr(project, name, self._behind(getattr(project, name)))

    @property
    def is_open(self) -> bool:
        return self._open.is_set()

    def open(self) -> None:
        self._open.set()

    def _behind(self, write: Callable[..., None]) -> Callable[..., None]:
        def wait_and_write(*values: object, **named: object) -> None:
            assert self._open.wait(20)
            write(*values, **named)

        return wait_and_write


class Watch(QObject):
    """Opens the disk once the window is gone from the screen."""

    def __init__(self, window: MainWindow, gate: Gate) -> None:
        super().__init__(window)
        self._gate = gate
        self.hidden_first = False
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Hide:
            self.hidden_first = not self._gate.is_open
            self._gate.open()
        return super().eventFilter(watched, event)


def correct(bench: Workbench, document: Document, times: int) -> None:
    """Draw circles in free places and state a pixel size."""
    assert bench.store.current is document
    for number in range(times):
        Editing(bench).draw_circle((170.0, 40.0 + 3 * number), 5.0)
    assert document.history.n_edits == times


def test_corrections_and_pixel_size_are_kept_though_the_disk_is_slow(opened: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    first, file = opened.store.documents[0], opened.project.path
    gate = Gate(monkeypatch, opened.project)
    correct(opened, first, 10)
    Calibrating(opened).set_pixel_size([first], SIZE)
    assert len([job for job in opened.jobs.active if job.lane == "project"]) > 10
    threading.Timer(0.2, gate.open).start()
    opened.close()
    with Project.open(file) as project:
        kept = project.load(first.path)
    assert kept is not None
    assert kept.history.n_edits == 10
    assert kept.pixel_size == SIZE


def test_the_window_is_gone_before_the_disk_is_waited_for(opened: Workbench, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    window = MainWindow(opened)
    qtbot.addWidget(window)
    window.show()
    gate = Gate(monkeypatch, opened.project)
    watch = Watch(window, gate)
    first, file = opened.store.documents[0], opened.project.path
    correct(opened, first, 3)
    otherwise_never = threading.Timer(10, gate.open)
    otherwise_never.start()
    window.close()
    otherwise_never.cancel()
    assert watch.hidden_first
    with Project.open(file) as project:
        kept = project.load(first.path)
    assert kept is not None
    assert kept.history.n_edits == 3


def test_an_analysis_in_work_is_stopped_by_closing(opened: Workbench) -> None:
    begun, cancelled = threading.Event(), threading.Event()

    def endless(_: Progress, cancel: CancelToken) -> None:
        begun.set()
        while not cancel.is_cancelled:
            pass
        cancelled.set()

    opened.jobs.submit("inference", endless, title="endless", on_done=pytest.fail)
    assert begun.wait(10)
    waiting = opened.jobs.submit("inference", lambda *_: pytest.fail("begun all the same"), title="waiting", on_done=pytest.fail)
    opened.close()
    assert cancelled.is_set()
    assert waiting.cancel_token.is_cancelled


def test_a_write_that_fails_while_closing_is_in_the_log(
    opened: Workbench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate(monkeypatch, opened.project)

    def full(*_: object, **__: object) -> None:
        raise ProjectError(Path("session"), "the disk is full")

    opened.jobs.submit("project", lambda *_: opened.project.save_failure(opened.store.documents[0].path, ""), title="a", on_done=print)
    monkeypatch.setattr(opened.project, "save_journal", full)
    correct(opened, opened.store.documents[0], 1)
    threading.Timer(0.2, gate.open).start()
    opened.close()
    assert "the disk is full" in caplog.text


@pytest.mark.parametrize("end", [SystemExit(3), KeyboardInterrupt()])
def test_work_that_ends_the_thread_is_an_error_like_any_other(qtbot: QtBot, end: BaseException) -> None:
    def work(*_: object) -> None:
        raise end

    runner = JobRunner()
    errors: list[Exception] = []
    runner.submit("io", work, title="a", on_done=pytest.fail, on_error=errors.append)
    qtbot.waitUntil(lambda: not runner.active, timeout=10_000)
    runner.shutdown()
    assert type(end).__name__ in str(errors[0])
    assert errors[0].__cause__ is end


def test_an_image_whose_analysis_ends_the_thread_has_failed_and_the_next_is_analysed(
    opened: Workbench, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    first, second, _ = opened.store.documents
    ends = iter((SystemExit(3),))
    real = Analysing.analyse.__globals__["analyze"]

    def analyze(*values: object, **named: object) -> object:
        if end := next(ends, None):
            raise end
        return real(*values, **named)

    monkeypatch.setitem(Analysing.analyse.__globals__, "analyze", analyze)
    before = second.analysed
    Analysing(opened).analyse([first, second])
    qtbot.waitUntil(lambda: not opened.jobs.active, timeout=60_000)
    assert "SystemExit" in first.error
    assert not second.error
    assert second.analysed is not before
