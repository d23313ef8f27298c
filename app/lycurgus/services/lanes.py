"""Several lanes of work side by side, each in a process of its own; one that dies costs the image that killed it."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Generic, TypeVar

from lycurgus.core.progress import CancelToken, never
from lycurgus.exporters.base import FailedFile
from lycurgus.services.flow import SLOTS, Finished, ImageTask, Seconds, Stages, flow

Done = TypeVar("Done")

DIED = "the analysis process died, most likely for want of memory: use fewer jobs"
_THREADS = "OMP_NUM_THREADS"
_POLL_S = 0.25
# Spawned, not forked: OpenCV's and ONNX Runtime's threads do not survive a fork.
_CONTEXT = multiprocessing.get_context("spawn")


def run_lanes(
    tasks: Sequence[ImageTask],
    stages: Stages[Done],
    *,
    jobs: int,
    slots: int = SLOTS,
    cancel: CancelToken = never,
    apart: bool = False,
) -> Iterator[Finished[Done]]:
    """Work off tasks by several processes; outcomes come in no order.

    Parameters
    ----------
    jobs : processes; with 1 the work is done in this one.
    slots : images in memory at once, for each process.
    apart : do the work of a single one in another process too, so that this one is free for its window.

    Raises
    ------
    Cancelled
    """
    if jobs <= 1 and not apart:
        yield from flow(tasks, stages, slots=slots, cancel=cancel)
        return
    suspects: list[ImageTask] = []
    # One more than it has room for, so that a process never waits for the next.
    yield from _side_by_side(deque(tasks), stages, min(jobs, len(tasks)), slots, slots + 1, suspects, cancel)
    # One of these killed a process and took the others' results with it: one by one, the culprit shows itself.
    culprits: list[ImageTask] = []
    yield from _side_by_side(deque(suspects), stages, min(1, len(suspects)), 1, 1, culprits, cancel)
    for task in culprits:
        yield Finished(task, FailedFile(task.source.path, DIED), Seconds())


def _side_by_side(
    waiting: deque[ImageTask],
    stages: Stages[Done],
    jobs: int,
    slots: int,
    most_in_work: int,
    suspects: list[ImageTask],
    cancel: CancelToken,
) -> Iterator[Finished[Done]]:
    """Work off ``waiting``; what was in work in a process that died is added to ``suspects``."""
    lanes = [_Lane(stages, slots) for _ in range(jobs)]
    try:
        while waiting or any(lane.in_work for lane in lanes):
            cancel.check()
            for lane in lanes:
                while waiting and len(lane.in_work) < most_in_work and lane.give(waiting[0]):
                    waiting.popleft()
            for ready in wait([lane.connection for lane in lanes], timeout=_POLL_S):
                lane = next(lane for lane in lanes if lane.connection is ready)
                finished = lane.take()
                if finished is not None:
                    yield finished
                    continue
                suspects.extend(lane.in_work.values())
                lane.end()
                lanes.remove(lane)
                if waiting:
                    lanes.append(_Lane(stages, slots))
    finally:
        for lane in lanes:
            lane.end()


class _Lane(Generic[Done]):
    """A process as its parent sees it."""

    def __init__(self, stages: Stages[Done], slots: int) -> None:
        self.connection, theirs = _CONTEXT.Pipe()
        self.in_work: dict[int, ImageTask] = {}
        self._given = 0
        self._process: SpawnProcess = _CONTEXT.Process(target=_work, args=(theirs, stages, slots), daemon=True)
        with _one_thread_for_children():
            self._process.start()
        # Theirs alone from now on, so that the end of the process is the end of the connection.
        theirs.close()

    def give(self, task: ImageTask) -> bool:
        """Hand a task over; False where the process is gone."""
        try:
            self.connection.send((self._given, task))
        except OSError:
            return False
        self.in_work[self._given] = task
        self._given += 1
        return True

    def take(self) -> Finished[Done] | None:
        """Return what is finished; None where the process is gone."""
        try:
            number, outcome, seconds = self.connection.recv()
        except (EOFError, OSError):
            return None
        return Finished(self.in_work.pop(number), outcome, seconds)

    def end(self) -> None:
        """Stop the process, whatever it does: files appear whole or not at all."""
        self.connection.close()
        self._process.terminate()
        self._process.join()


def _work(connection: Connection, stages: Stages[Done], slots: int) -> None:
    """Work as the other end says, until it hangs up."""
    import cv2

    # The processes already use every core; and the user who stops them by Ctrl+C speaks to their parent.
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    numbers: deque[int] = deque()

    def given() -> Iterator[ImageTask]:
        with suppress(EOFError, OSError):
            while True:
                number, task = connection.recv()
                numbers.append(number)
                yield task

    with suppress(OSError):
        for finished in flow(given(), stages, slots=slots):
            # A lane keeps the order of its tasks.
            connection.send((numbers.popleft(), finished.outcome, finished.seconds))


@contextmanager
def _one_thread_for_children() -> Iterator[None]:
    """Give processes that start meanwhile one OpenMP thread each: OpenMP asks the environment once, when it is loaded."""
    if _THREADS in os.environ:
        yield
        return
    os.environ[_THREADS] = "1"
    try:
        yield
    finally:
        del os.environ[_THREADS]
