"""Work beside the window: lanes of threads, results handed over in the window's thread, stale ones dropped."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any, Literal

from PySide6.QtCore import QObject, Qt, Signal

from lycurgus.core.errors import Cancelled
from lycurgus.core.progress import CancelToken, Progress

Lane = Literal["inference", "preview", "io", "project", "watch", "batch"]
Work = Callable[[Progress, CancelToken], Any]

WORKERS: dict[Lane, int] = {"inference": 1, "preview": 1, "io": 2, "project": 1, "watch": 1, "batch": 1}
"""One analysis at a time keeps memory and the graphics card to one image; previews and files need not wait for it. One writer
keeps what goes into the project file in order. A watch has a lane of its own, and takes turns with the analyses; so has a batch,
which works in other processes."""

_log = logging.getLogger(__name__)


class Job(QObject):
    """One piece of work; its signals are emitted in the window's thread.

    Attributes
    ----------
    title : what the user reads in the status bar.
    key : jobs of one key supersede each other: the older is cancelled and its result dropped.
    """

    progressed = Signal(str, int, int)
    finished = Signal()

    def __init__(self, title: str, lane: Lane, key: Hashable, generation: int, parent: QObject) -> None:
        super().__init__(parent)
        self.title = title
        self.lane: Lane = lane
        self.key = key
        self.generation = generation
        self.cancel_token = CancelToken()

    def cancel(self) -> None:
        """Ask the work to stop; neither its result nor its error will be delivered."""
        self.cancel_token.cancel()


class JobRunner(QObject):
    """Runs work in threads and delivers what comes of it.

    Attributes
    ----------
    turn : held by whoever analyses an image.

    Signals
    -------
    started, ended : a Job, when it is submitted and when it is over however it ended.
    progressed : Job, stage, done, total.
    crashed : Job, the exception: one that nobody handles, a defect of ours.
    """

    started = Signal(object)
    ended = Signal(object)
    progressed = Signal(object, str, int, int)
    crashed = Signal(object, object)
    _over = Signal(object, object, object)
    _step = Signal(object, str, int, int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pools = {lane: ThreadPoolExecutor(count, thread_name_prefix=f"lycurgus-{lane}") for lane, count in WORKERS.items()}
        self._generations = itertools.count()
        self._newest: dict[Hashable, int] = {}
        self._handlers: dict[Job, tuple[Callable[[Any], None], Callable[[Exception], None] | None]] = {}
        self._closed = threading.Event()
        self.turn = threading.Lock()
        # Queued even where the emitter happens to be the window's thread: handlers never run inside submit().
        self._over.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._step.connect(self._report, Qt.ConnectionType.QueuedConnection)

    @property
    def active(self) -> tuple[Job, ...]:
        """Jobs that are waiting or running, the oldest first."""
        return tuple(self._handlers)

    def submit(
        self,
        lane: Lane,
        work: Work,
        *,
        title: str,
        on_done: Callable[[Any], None],
        on_error: Callable[[Exception], None] | None = None,
        key: Hashable = None,
    ) -> Job:
        """Queue work.

        Parameters
        ----------
        work : called in a thread with (progress, cancel); must not touch widgets.
        on_done, on_error : called in the window's thread with the result or the exception, unless the job was cancelled or
            superseded. Without on_error an exception goes to ``crashed``.
        key : a newer job of the same key supersedes this one; None never does.
        """
        job = Job(title, lane, key, next(self._generations), self)
        if key is not None:
            for older in self._handlers:
                if older.key == key:
                    older.cancel()
            self._newest[key] = job.generation
        if self._closed.is_set():
            # A timer of some panel may still fire while the window closes: what it asks for is no longer wanted.
            job.cancel()
            return job
        self._handlers[job] = (on_done, on_error)
        self.started.emit(job)
        self._pools[lane].submit(self._run, job, work)
        return job

    def shutdown(self) -> None:
        """Wait until the threads have ended; nothing is delivered afterwards.

        What goes into the project file is the user's work, made already: all of it is written. Every other job is cancelled.
        """
        self._closed.set()
        for job in self.active:
            if job.lane != "project":
                job.cancel()
        self._pools["project"].shutdown(wait=True)
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)
        self._handlers.clear()

    def _run(self, job: Job, work: Work) -> None:
        """In a worker thread."""
        result: Any = None
        error: Exception | None = None
        try:
            with self.turn if job.lane == "inference" else nullcontext():
                job.cancel_token.check()
                result = work(lambda stage, done, total: self._step.emit(job, stage, done, total), job.cancel_token)
        except Cancelled as stop:
            error = stop
        except Exception as failure:
            error = failure
        except BaseException as end:
            # A library may call exit(), or panic in Rust: the pool would swallow that, and the job never be over.
            error = RuntimeError(f"the work was ended by {type(end).__name__}: {end}")
            error.__cause__ = end
        if not self._closed.is_set():
            self._over.emit(job, result, error)
        elif error is not None and not isinstance(error, Cancelled):
            _log.error("%s failed while the window closed", job.title, exc_info=error)

    def _report(self, job: Job, stage: str, done: int, total: int) -> None:
        if job in self._handlers and not job.cancel_token.is_cancelled:
            job.progressed.emit(stage, done, total)
            self.progressed.emit(job, stage, done, total)

    def _deliver(self, job: Job, result: Any, error: Exception | None) -> None:
        """In the window's thread."""
        handlers = self._handlers.pop(job, None)
        if handlers is None:
            return
        wanted = not job.cancel_token.is_cancelled and self._newest.get(job.key, job.generation) == job.generation
        if self._newest.get(job.key) == job.generation:
            del self._newest[job.key]
        try:
            if wanted and not isinstance(error, Cancelled):
                self._hand_over(job, result, error, *handlers)
        finally:
            job.finished.emit()
            self.ended.emit(job)
            job.deleteLater()

    def _hand_over(
        self,
        job: Job,
        result: Any,
        error: Exception | None,
        on_done: Callable[[Any], None],
        on_error: Callable[[Exception], None] | None,
    ) -> None:
        if error is None:
            on_done(result)
        elif on_error is not None:
            on_error(error)
        else:
            _log.error("%s failed", job.title, exc_info=error)
            self.crashed.emit(job, error)
