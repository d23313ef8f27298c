"""Watches a folder: each image that lands in it is analysed once, and the report in the output folder is kept up to date.

The results lie in the project file of a batch, so that a watch goes on after any end, and ``lycurgus batch`` can go on where it ended.
One thread looks into the folder, the three of a lane (see ``flow``) work on images, one writes the report, and the one that runs the
watch settles what came of each image.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Self

from lycurgus.core.errors import Cancelled, ExportError, LycurgusError, ProjectError, ReadError
from lycurgus.core.params import AnalysisParams
from lycurgus.core.progress import CancelToken, never
from lycurgus.exporters.base import FailedFile
from lycurgus.services.arrivals import look_into
from lycurgus.services.batch import Batch, NoRoom
from lycurgus.services.fingerprint import Fingerprint
from lycurgus.services.flow import Finished, ImageTask, flow
from lycurgus.services.grouping import Grouping
from lycurgus.services.live import Live
from lycurgus.services.lookout import Looking, Lookout
from lycurgus.services.plan import ExportPlan
from lycurgus.services.project_records import absolute
from lycurgus.services.report import check_writable
from lycurgus.services.upkeep import Upkeep
from lycurgus.services.watch_events import ImageFailed, Said, Tell, WatchEvent, WatchStatus
from lycurgus.services.watch_sample import WatchSample
from lycurgus.services.watch_work import Changed, ImageWork, Made, Outcome, Repeated

POLL_S = 0.25
_REST_WHILE_SETTLING, _REST = 1.0, 4.0
"""How long a folder is left alone, in times of what the look took: one that takes long to list is asked less often."""
_OUTPUT_RETRY_S = 5.0
_TICK_S = 0.1
_LONGEST_LOOK_AT_END_S = 1.0

_log = logging.getLogger(__name__)


class Watch:
    """A folder under watch.

    Attributes
    ----------
    batch : the results so far.
    live : the sample as it grows.
    remarks : sentences about what was found in the output folder.
    """

    def __init__(
        self,
        folder: Path,
        batch: Batch,
        params: AnalysisParams,
        plan: ExportPlan,
        *,
        tell: Tell,
        grouping: Grouping | None,
        clock: Callable[[], float],
        look: Looking,
        turn: AbstractContextManager[object],
    ) -> None:
        self.folder, self.batch, self._clock = folder, batch, clock
        self._on_event, self._telling = tell, threading.Lock()
        self.remarks = [remark for remark in batch.remarks if "set aside" in remark]
        self.live = Live(params.statistics)
        self._upkeep = Upkeep(batch, plan, params.statistics, grouping=grouping, clock=clock)
        self._sample = WatchSample(folder, batch, plan, self.live, self._upkeep, self._tell)
        self._lookout = Lookout(folder, handled=self._sample.handled, clock=clock, look=look)
        self._work = ImageWork(self._lookout, self._sample.contents, self._sample.ledger, turn, self._sample.unnamed, self._tell)
        self._queue: SimpleQueue[Path] = SimpleQueue()
        self._in_work = 0
        self._counting = threading.Lock()
        self._ending = threading.Event()
        self._output_trouble = ""
        self._said: dict[str, str] = {}
        self._said_to_fail: set[Path] = set()

    @classmethod
    def open(
        cls,
        folder: Path,
        params: AnalysisParams,
        plan: ExportPlan,
        *,
        tell: Tell,
        recursive: bool = False,
        pixel_size_nm: float | None = None,
        device: str = "auto",
        grouping: Grouping | None = None,
        anew: bool = False,
        clock: Callable[[], float] = monotonic,
        look: Looking | None = None,
        turn: AbstractContextManager[object] | None = None,
    ) -> Self:
        """Begin to watch a folder, or go on with it.

        Parameters
        ----------
        plan : where to, which formats.
        tell : is told what happens, from several threads but never at once.
        anew : set earlier results in the output folder aside.
        clock, look : as for ``Lookout``.
        turn : held while an image is analysed, so that others who analyse can take turns.

        Raises
        ------
        ReadError
            The folder does not exist.
        ExportError
            The output folder cannot be written.
        ParameterError
            The results there were made with other parameters.
        ProjectError
            The project file is damaged, in use, or cannot be made.
        """
        folder = absolute(folder)
        if look is None and not folder.is_dir():
            raise ReadError(folder, "is no folder that can be reached", hint="name the folder that the microscope writes to")
        check_writable(plan.out)
        looking = look or partial(look_into, recursive=recursive, leave_out=absolute(plan.out))
        batch = Batch.open((), params, plan, pixel_size_nm=pixel_size_nm, device=device, anew=anew)
        try:
            return cls(folder, batch, params, plan, tell=tell, grouping=grouping, clock=clock, look=looking, turn=turn or nullcontext())
        except BaseException:
            batch.close()
            raise

    @property
    def status(self) -> WatchStatus:
        return WatchStatus(
            done=len(self._sample.contents),
            failed=len(self._sample.failed),
            duplicates=len(self._sample.duplicates),
            queued=self._in_work,
            growing=self._lookout.n_growing,
            retrying=len(self._lookout.retrying()),
            images_per_minute=self._lookout.images_per_minute,
            trouble=self._lookout.trouble or self._output_trouble or self._upkeep.trouble,
        )

    @property
    def duplicates(self) -> dict[Path, Path]:
        """Files that are not counted, each with the one that has the same content."""
        return dict(self._sample.duplicates)

    def run(self, *, cancel: CancelToken = never, idle_exit_s: float | None = None) -> None:
        """Watch until it is cancelled, or until nothing has happened for some time; see ``finish`` for the end.

        The image in work when it is cancelled is analysed at the next start.
        """
        stopped = CancelToken()
        looking = threading.Thread(target=self._guarded, args=(lambda: self._look(idle_exit_s),), name="lycurgus lookout", daemon=True)
        reporting = threading.Thread(target=self._guarded, args=(self._keep_report,), name="lycurgus report", daemon=True)
        try:
            if many := self._sample.recount(cancel):
                self._tell(Said("info", f"{many:,} {'image is' if many == 1 else 'images are'} done already"))
            looking.start()
            reporting.start()
            for finished in flow(self._tasks(stopped), self._work.stages, cancel=cancel):
                try:
                    self._take(finished)
                finally:
                    with self._counting:
                        self._in_work -= 1
        except Cancelled:
            pass
        finally:
            stopped.cancel()
            self._ending.set()
            if looking.ident is not None:
                # A share that has vanished may keep the lookout for minutes: it is a daemon and does no harm.
                looking.join(timeout=_LONGEST_LOOK_AT_END_S)
            if reporting.ident is not None:
                reporting.join()

    def finish(self, *, report: bool = True) -> None:
        """Settle what was still to be tried again as failed, and write the report where it is not up to date."""
        for path, reason in self._lookout.retrying().items():
            if self._lookout.attempts(path):
                self._fail(path, reason)
        if report:
            self._upkeep.write()
            self._say_once("report", self._upkeep.trouble, over="")

    def close(self) -> None:
        self.batch.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Looking: the lookout's thread, and the reader's

    def _look(self, idle_exit_s: float | None) -> None:
        while not self._ending.is_set():
            began = self._clock()
            for path in self._lookout.poll():
                with self._counting:
                    self._in_work += 1
                self._queue.put(path)
            self._say_once("folder", self._lookout.trouble, over=f"{self.folder} can be reached again")
            closed = ", ".join(path.name for path in self._lookout.closed)
            self._say_once("closed", f"these subfolders may not be searched: {closed}" if closed else "", over="")
            if idle_exit_s is not None and not self._in_work and self._lookout.idle_s >= idle_exit_s:
                self._ending.set()
                return
            rest = _REST_WHILE_SETTLING if self._lookout.is_settling else _REST
            self._ending.wait(max(POLL_S, rest * (self._clock() - began)))

    def _tasks(self, stopped: CancelToken) -> Iterator[ImageTask]:
        """Files to work on, as they become complete."""
        while not stopped.is_cancelled:
            try:
                path = self._queue.get(timeout=_TICK_S)
            except Empty:
                if self._ending.is_set():
                    return
                continue
            yield self._sample.task_of(path, self._lookout.again)

    # What came of an image

    def _take(self, finished: Finished[Outcome]) -> None:
        source, outcome, again = finished.task.source, finished.outcome, self._lookout.again
        path = source.path
        if isinstance(outcome, FailedFile):
            self._not_read(path, outcome.reason)
        elif isinstance(outcome, Changed):
            again(path)
            self._sample.came_to_nothing(path, again)
        elif isinstance(outcome, NoRoom):
            self._no_room(path, f"{outcome.path.name} cannot be written: {outcome.reason}")
        elif isinstance(outcome, Repeated):
            if self._written(partial(self._sample.repeat, path, outcome, again)):
                self._succeeded(path)
        elif self._written(partial(self._sample.settle, source, outcome, self._lookout.companions, again)):
            self._succeeded(path)
        else:
            self._given_up(path, outcome)

    def _succeeded(self, path: Path) -> None:
        self._lookout.succeeded(path)
        self._said_to_fail.discard(path)

    def _given_up(self, path: Path, made: Made) -> None:
        self._sample.contents.release(path, made.result.micrograph.sha256)
        self._no_room(path, self._output_trouble)

    def _not_read(self, path: Path, reason: str) -> None:
        if Fingerprint.of(path) is None:
            # Deleted, or the share is gone: no failure; it is looked at anew if it comes back.
            self._lookout.again(path)
            self._sample.came_to_nothing(path, self._lookout.again)
        elif self._lookout.failed(path, reason):
            self._fail(path, reason)
        elif path not in self._said_to_fail:
            self._said_to_fail.add(path)
            self._tell(ImageFailed(path, reason, final=False))

    def _fail(self, path: Path, reason: str) -> None:
        self._written(partial(self._sample.fail, path, reason, self._lookout.sight(path), self._lookout.again))

    def _no_room(self, path: Path, sentence: str) -> None:
        self._lookout.postpone(path, sentence, delay_s=_OUTPUT_RETRY_S)
        self._output_trouble = sentence
        self._say_once("output", sentence, over="")

    def _written(self, write: Callable[[], None]) -> bool:
        """Run what writes; what the disk refuses is trouble of the outputs, and False returned."""
        try:
            write()
        except (ExportError, ProjectError) as error:
            self._output_trouble = str(error)
            return False
        self._output_trouble = ""
        self._say_once("output", "", over="the outputs can be written again")
        return True

    # The report's thread

    def _keep_report(self) -> None:
        while not self._ending.wait(_TICK_S):
            if self._upkeep.is_due:
                self._upkeep.write()
                self._say_once("report", self._upkeep.trouble, over="the report can be written again")

    # Telling

    def _say_once(self, about: str, sentence: str, *, over: str) -> None:
        """Say a sentence when it begins to hold, and when it holds no longer."""
        was, self._said[about] = self._said.get(about, ""), sentence
        if sentence and not was:
            self._tell(Said("warning", f"{sentence}; it is tried again"))
        elif was and not sentence and over:
            self._tell(Said("success", over))

    def _tell(self, event: WatchEvent) -> None:
        with self._telling:
            self._on_event(event)

    def _guarded(self, work: Callable[[], None]) -> None:
        """Let a defect be a warning: the other threads go on, and so does this one."""
        while not self._ending.is_set():
            try:
                work()
            except Exception as error:
                _log.exception("a thread of the watch failed")
                sentence = str(error) if isinstance(error, LycurgusError) else f"{type(error).__name__}: {error}"
                self._tell(Said("warning", f"something went wrong that should not have ({sentence}); the watch goes on"))
                self._ending.wait(POLL_S)
