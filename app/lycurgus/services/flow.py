"""One lane of work: while an image is analysed, the next is being read and the files of the last are being written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from time import perf_counter
from typing import Any, Generic, NamedTuple, TypeVar

from lycurgus.core.errors import Cancelled
from lycurgus.core.params import AnalysisParams
from lycurgus.core.progress import CancelToken, never
from lycurgus.core.types import PixelSize
from lycurgus.exporters.base import FailedFile
from lycurgus.services.failures import failed
from lycurgus.services.inputs import NamedInput

Done = TypeVar("Done")

SLOTS = 3
"""Images in a lane at once: one that is read, one that is analysed, one that is written."""
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class ImageTask:
    """What is to be done with one file; travels to a worker process.

    Attributes
    ----------
    image_formats : names of ``IMAGE_EXPORTERS``, written into ``out`` while the picture is in memory.
    pixel_size_nm : a size that the user states for every file, or None.
    pixel_size : what he stated or accepted for this one; holds over the other.
    """

    source: NamedInput
    params: AnalysisParams
    out: Path
    image_formats: tuple[str, ...] = ()
    pixel_size_nm: float | None = None
    pixel_size: PixelSize | None = None
    device: str = "auto"
    with_thumbnail: bool = False


@dataclass(frozen=True, slots=True)
class Stages(Generic[Done]):
    """The three parts of the work on one image: functions of a module, so that they travel to worker processes.

    Attributes
    ----------
    read : the task -> whatever the next stage takes.
    analyse : the task, what was read, a token to look at -> whatever the next stage takes.
    write : the task, what was found -> what the caller gets.
    """

    read: Callable[[ImageTask], Any]
    analyse: Callable[[ImageTask, Any, CancelToken], Any]
    write: Callable[[ImageTask, Any], Done]


class Seconds(NamedTuple):
    """How long each stage worked on an image, waiting not counted; and how long the analysis had waited for it.

    The wait for a lane's first image is not counted: there is nothing yet that it could overlap with.
    """

    read: float = 0.0
    analyse: float = 0.0
    write: float = 0.0
    idle: float = 0.0


class Finished(NamedTuple, Generic[Done]):
    """A task with what came of it."""

    task: ImageTask
    outcome: Done | FailedFile
    seconds: Seconds


def flow(tasks: Iterable[ImageTask], stages: Stages[Done], *, slots: int = SLOTS, cancel: CancelToken = never) -> Iterator[Finished[Done]]:
    """Work off tasks in their order by three threads, one a stage; what goes wrong with an image is its outcome.

    Parameters
    ----------
    tasks : asked for one by one as there is room.
    slots : images that are begun and not yet dealt with by the caller; 1 does one stage after the other.

    Raises
    ------
    Cancelled
    """
    lane = _Lane(stages, slots)
    lane.start(tasks)
    try:
        while True:
            cancel.check()
            lane.check()
            try:
                finished = lane.finished.get(timeout=_POLL_S)
            except Empty:
                continue
            if finished is None:
                break
            yield finished
            # Only now, when the caller has dealt with it: what a kill costs is what is in the lane.
            lane.free_slot()
        lane.check()
    finally:
        lane.stop()


def run_one(task: ImageTask, stages: Stages[Done], *, cancel: CancelToken = never) -> Done | FailedFile:
    """Do one task here and now.

    Raises
    ------
    Cancelled
    """
    try:
        return stages.write(task, stages.analyse(task, stages.read(task), cancel))
    except Exception as error:
        return failed(task.source.path, error)


class _Lane(Generic[Done]):
    """Three threads and the queues between them; None ends a queue."""

    def __init__(self, stages: Stages[Done], slots: int) -> None:
        self._stages = stages
        self._slots = threading.Semaphore(slots)
        self._stopped = CancelToken()
        self._read: Queue[tuple[ImageTask, Any, Seconds] | None] = Queue()
        self._analysed: Queue[tuple[ImageTask, Any, Seconds] | None] = Queue()
        self.finished: Queue[Finished[Done] | None] = Queue()
        self._crash: BaseException | None = None
        self._threads: list[threading.Thread] = []

    def start(self, tasks: Iterable[ImageTask]) -> None:
        for name, work in (("read", lambda: self._reading(tasks)), ("analyse", self._analysing), ("write", self._writing)):
            # Daemons: a share that has vanished may keep the reader for minutes, and must not keep the program.
            thread = threading.Thread(target=self._guarded, args=(work,), name=f"lycurgus {name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def free_slot(self) -> None:
        """Make room for one more image."""
        self._slots.release()

    def stop(self) -> None:
        """End the threads: the analysis at its next look at the token, the writer with the file in work."""
        self._stopped.cancel()
        reader, *others = self._threads
        for thread in others:
            thread.join()
        reader.join(timeout=_POLL_S)

    def check(self) -> None:
        """Raise what ended a thread that should not have ended."""
        if self._crash is not None:
            raise self._crash

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Cancelled:
            pass
        except BaseException as error:
            self._crash = error
            self._stopped.cancel()

    def _reading(self, tasks: Iterable[ImageTask]) -> None:
        for task in tasks:
            while not self._slots.acquire(timeout=_POLL_S):
                self._stopped.check()
            self._stopped.check()
            began = perf_counter()
            try:
                value: Any = self._stages.read(task)
            except Exception as error:
                value = failed(task.source.path, error)
            self._read.put((task, value, Seconds(read=perf_counter() - began)))
        self._read.put(None)

    def _analysing(self) -> None:
        free: float | None = None
        while (item := self._next(self._read)) is not None:
            task, value, seconds = item
            del item
            began = perf_counter()
            idle = 0.0 if free is None else began - free
            if not isinstance(value, FailedFile):
                try:
                    value = self._stages.analyse(task, value, self._stopped)
                except Exception as error:
                    value = failed(task.source.path, error)
            free = perf_counter()
            self._analysed.put((task, value, seconds._replace(analyse=free - began, idle=idle)))
            del value
        self._analysed.put(None)

    def _writing(self) -> None:
        while (item := self._next(self._analysed)) is not None:
            task, value, seconds = item
            del item
            began = perf_counter()
            if not isinstance(value, FailedFile):
                try:
                    value = self._stages.write(task, value)
                except Exception as error:
                    value = failed(task.source.path, error)
            self.finished.put(Finished(task, value, seconds._replace(write=perf_counter() - began)))
            del value
        self.finished.put(None)

    def _next(self, queue: Queue[tuple[ImageTask, Any, Seconds] | None]) -> tuple[ImageTask, Any, Seconds] | None:
        while True:
            self._stopped.check()
            with suppress(Empty):
                return queue.get(timeout=_POLL_S)
