"""A batch from the window: the work of ``lycurgus batch``, into the same project file, with its results shown as they come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from lycurgus.calibration.evidence import doubts_of_scale
from lycurgus.core.errors import ParameterError
from lycurgus.core.history import History
from lycurgus.core.params import AnalysisParams
from lycurgus.core.progress import CancelToken
from lycurgus.core.types import PixelSize
from lycurgus.exporters.base import FailedFile
from lycurgus.services.batch import Batch, Engine, Step, local_engine
from lycurgus.services.batch_taking import Given, take_over
from lycurgus.services.grouping import Grouping
from lycurgus.services.inputs import NamedInput, name_inputs
from lycurgus.services.memory import sensible_jobs
from lycurgus.services.plan import ExportPlan
from lycurgus.services.project_records import StoredImage
from lycurgus.services.report import USUAL_FORMATS, build_report, check_writable, holds_report, write_report
from lycurgus.ui.analysing import RunProgress, corrected_since, doubted_text
from lycurgus.ui.jobs import Job
from lycurgus.ui.opening import stored_image
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench, capitalised, plural

TOLD_TOGETHER = 16
"""Results of an earlier run that are fetched before the window is told of them."""
_PAUSE_POLL_S = 0.1

EngineOf = Callable[[Batch], Engine]


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """What the user wants done.

    Attributes
    ----------
    images : all images of the batch.
    fresh : those that are to be analysed, as far as the window knows; what the batch has done already is not done again.
    anew : set aside what the folder of the results holds, and begin from the first image.
    """

    images: tuple[Path, ...]
    fresh: frozenset[Path]
    out: Path
    params: AnalysisParams
    group_by: str = ""
    anew: bool = False


class _Begun(NamedTuple):
    total: int
    done: int
    remarks: tuple[str, ...]


class _Came(NamedTuple):
    """Images that are dealt with: by this run, or by an earlier one; with what the project file holds of each."""

    images: tuple[tuple[Path, StoredImage], ...]
    now: bool


class _Doubted(NamedTuple):
    """Sentences about images whose pixel size is in doubt, before any length in nm is written."""

    doubts: tuple[str, ...]


class _Ended(NamedTuple):
    out: Path
    failures: tuple[FailedFile, ...]
    unwritten: tuple[FailedFile, ...]
    has_report: bool


class Batching(QObject):
    """Runs one batch at a time, in processes of its own, and gives the documents of the session their results.

    Corrections by hand are never replaced, but for those of ``fresh`` images, as they were when the batch began.

    Signals
    -------
    progress_changed : RunProgress.

    Parameters
    ----------
    engine : what works off the images of a batch.
    """

    progress_changed = Signal(object)
    _told = Signal(object)

    def __init__(self, workbench: Workbench, engine: EngineOf | None = None) -> None:
        super().__init__(workbench)
        self._bench, self._store, self._engine = workbench, workbench.store, engine or apart_from_the_window
        self._job: Job | None = None
        self._order: BatchOrder | None = None
        self._histories: dict[Path, History] = {}
        self._waiting: set[Path] = set()
        self._may_go_on = threading.Event()
        self._total = self._done = self._failed = self._done_before = 0
        self._began_s = self._paused_s = self._pause_began_s = 0.0
        self._told.connect(self._on_told)

    @property
    def running(self) -> bool:
        return self._job is not None

    @property
    def out(self) -> Path | None:
        """Where the results of the batch go, or went."""
        return self._order.out if self._order else None

    @property
    def progress(self) -> RunProgress:
        if not self.running:
            return RunProgress(0, 0, 0, False, None, "")
        here = self._done + self._failed - self._done_before
        left = self._total - self._done - self._failed
        now = self._pause_began_s if self._paused else monotonic()
        remaining = (now - self._began_s - self._paused_s) / here * left if here else None
        return RunProgress(self._done, self._failed, self._total, self._paused, remaining, "", finishing=not left)

    def start(self, order: BatchOrder) -> None:
        """Begin a batch, or go on with the one that is in the folder."""
        self._start(order, retried=True)

    def retry(self, documents: Sequence[Document]) -> list[Document]:
        """Try failed images again that belong to the last batch, in its folder and with its parameters; returns the others."""
        if self._order is None:
            return list(documents)
        own = {document.path for document in documents} & set(self._order.images)
        if own and self.running:
            self._bench.tell("Failed images of the batch can be tried again as soon as it has ended")
        elif own:
            self._start(replace(self._order, fresh=frozenset(own), anew=False), retried=own)
        return [document for document in documents if document.path not in own]

    def pause(self) -> None:
        """Finish the images in work and wait."""
        self._may_go_on.clear()
        self._pause_began_s = monotonic()
        self.progress_changed.emit(self.progress)

    def resume(self) -> None:
        if self._paused:
            self._paused_s += monotonic() - self._pause_began_s
        self._may_go_on.set()
        self.progress_changed.emit(self.progress)

    def cancel(self) -> None:
        """Stop; what is done stays, and the next batch into the same folder goes on from there."""
        if self._job is not None:
            self._job.cancel()
            self._bench.tell(f"The batch is stopped; started again with its results in {self.out}, it goes on")

    @property
    def _paused(self) -> bool:
        return self.running and not self._may_go_on.is_set()

    def _start(self, order: BatchOrder, *, retried: bool | Collection[Path]) -> None:
        if self.running:
            self._bench.warn("A batch is running: wait for it, or stop it first")
            return
        self._order = order
        self._total, self._done, self._failed, self._done_before = len(order.images), 0, 0, 0
        self._began_s, self._paused_s = monotonic(), 0.0
        self._may_go_on.set()
        open_now = {path: document for path in order.images if (document := self._store.document(path)) is not None}
        self._histories = {path: document.history for path, document in open_now.items()}
        given = {
            path: Given(document.analysed, document.history)
            for path, document in open_now.items()
            if path not in order.fresh and document.analysed is not None and not document.is_stale(order.params)
        }
        sizes = {path: None if document.size_awaited else document.pixel_size for path, document in open_now.items()}
        awaited = [path for path, document in open_now.items() if document.size_awaited]
        self._waiting = {path for path, document in open_now.items() if path in order.fresh and not document.busy}
        for path in self._waiting:
            open_now[path].busy = "queued"
        self._store.announce([open_now[path] for path in order.images if path in self._waiting])
        project, device = self._bench.project, self._bench.settings.device

        def work(_: object, cancel: CancelToken) -> None:
            for path in awaited:
                stored = stored_image(project, path)
                sizes[path] = stored.pixel_size if isinstance(stored, StoredImage) else None
            self._work(order, given, sizes, retried, device, cancel)

        self._job = self._bench.jobs.submit(
            "batch", work, title=f"Batch into {order.out.name}", on_done=lambda _: None, on_error=self._failed_to_work
        )
        self._job.finished.connect(self._ended)
        self.progress_changed.emit(self.progress)

    # In the batch's thread

    def _work(
        self,
        order: BatchOrder,
        given: Mapping[Path, Given],
        sizes: Mapping[Path, PixelSize | None],
        retried: bool | Collection[Path],
        device: str,
        cancel: CancelToken,
    ) -> None:
        grouping = Grouping(order.group_by) if order.group_by else None
        plan, tell = ExportPlan(order.out, USUAL_FORMATS), self._told.emit
        check_writable(plan.out)
        sources = name_inputs(order.images)
        with Batch.open(sources, order.params, plan, pixel_sizes=sizes, device=device, retry_failed=retried, anew=order.anew) as batch:
            done = [source for source in batch.sources if source not in set(batch.pending) and source.path not in given]
            tell(_Begun(len(batch.sources), batch.n_done_before, tuple(batch.remarks)))
            for some in _several(done):
                cancel.check()
                tell(_Came(tuple(_stored(batch, source.path) for source in some), now=False))
            for step in self._steps(batch, given, cancel):
                tell(_Came((_stored(batch, step.source.path),), now=True))
            failures, (entries, samples) = batch.failures(), batch.entries()
            doubts = ((entry.image, doubts_of_scale(entry.result.warnings)) for entry in entries)
            if doubted := tuple(f"{image}: {sentences[0]}" for image, sentences in doubts if sentences):
                tell(_Doubted(doubted))
            unwritten: tuple[FailedFile, ...] = ()
            has_report = bool(entries) or not holds_report(plan.out)
            if has_report:
                statistics = order.params.statistics
                report = build_report(entries, failures, statistics, samples=samples, grouping=grouping)
                unwritten = write_report(report, plan.out, plan.formats)
            tell(_Ended(plan.out, failures, unwritten, has_report))

    def _steps(self, batch: Batch, given: Mapping[Path, Given], cancel: CancelToken) -> Iterator[Step]:
        def steps() -> Iterator[Step]:
            yield from take_over(batch, given, cancel=cancel)
            yield from batch.run(self._engine(batch), cancel=cancel)

        for step in steps():
            yield step
            # What nobody asks for is not begun: the processes finish what they have, and wait.
            while not self._may_go_on.wait(_PAUSE_POLL_S):
                cancel.check()

    # In the window's thread

    def _on_told(self, event: _Begun | _Came | _Doubted | _Ended) -> None:
        if self._job is None or self._job.cancel_token.is_cancelled:
            return
        if isinstance(event, _Begun):
            self._total, self._done, self._done_before = event.total, event.done, event.done
            self._began_s = monotonic()
            for remark in event.remarks:
                self._bench.tell(capitalised(remark))
        elif isinstance(event, _Came):
            self._take(event)
        elif isinstance(event, _Doubted):
            self._bench.warn(doubted_text(event.doubts), "\n".join(event.doubts))
        else:
            self._say_how_it_went(event)
        self.progress_changed.emit(self.progress)

    def _take(self, came: _Came) -> None:
        changed = []
        for path, stored in came.images:
            failed = stored.state == "failed"
            if came.now:
                self._failed, self._done = self._failed + failed, self._done + (not failed)
            elif failed:
                self._failed, self._done = self._failed + 1, self._done - 1
            document = self._store.document(path)
            if document is None:
                continue
            if path in self._waiting:
                self._waiting.discard(path)
                document.busy = ""
            if self._give(document, stored):
                changed.append(document)
        if len(changed) == 1:
            self._store.changed(changed[0])
        else:
            self._store.announce(changed)
        if changed:
            self._store.released.emit(changed)

    def _give(self, document: Document, stored: StoredImage) -> bool:
        """Give a document its result or its failure; tell whether it has changed."""
        if document.busy:
            return False
        if stored.result is None or stored.state == "failed":
            document.error = stored.error
            self._bench.keep_failure(document)
            return True
        before = self._histories.get(document.path, History())
        kept_by_hand = document.n_edits and (document.path not in (self._order.fresh if self._order else ()))
        if kept_by_hand or corrected_since(document, before):
            return False
        document.analysed, document.history, document.error, document.awaited_edits = stored.result, stored.history, "", 0
        size = stored.result.micrograph.pixel_size
        document.file_pixel_size = size if size is not None and not size.is_users_word else document.file_pixel_size
        document.shape = stored.shape
        document.touch()
        self._bench.keep_result(document)
        return True

    def _say_how_it_went(self, ended: _Ended) -> None:
        done = self._total - len(ended.failures)
        written = f"the report is in {ended.out}" if ended.has_report else f"the report that was in {ended.out} is left as it was"
        details = "\n".join(f"{one.path.name}: {one.reason}" for one in (*ended.failures, *ended.unwritten))
        if ended.failures or ended.unwritten:
            failed = f", {len(ended.failures):,} failed" if ended.failures else ""
            lost = f"; {plural(len(ended.unwritten), 'file')} could not be written" if ended.unwritten else ""
            self._bench.warn(f"{plural(done, 'image')} done{failed}; {written}{lost}", details)
        else:
            self._bench.succeed(f"{plural(done, 'image')} done; {written}")

    def _failed_to_work(self, error: Exception) -> None:
        if isinstance(error, ParameterError):
            self._bench.fail(f"{capitalised(error.reason)}: choose another folder for the results, or all images again")
        else:
            self._bench.fail_with(error)

    def _ended(self) -> None:
        self._job = None
        left = [document for path in self._waiting if (document := self._store.document(path)) is not None and document.busy]
        self._waiting.clear()
        for document in left:
            document.busy = ""
        if left:
            self._store.announce(left)
            self._store.released.emit(left)
        self.progress_changed.emit(self.progress)


def apart_from_the_window(batch: Batch) -> Engine:
    """Work in processes, also where one is enough, so that the window answers at any time."""
    return local_engine(sensible_jobs([source.path for source in batch.pending]), apart=True)


def _stored(batch: Batch, path: Path) -> tuple[Path, StoredImage]:
    stored = batch.project.stored(path, even_if_changed=True)
    assert stored is not None
    return path, stored


def _several(sources: Sequence[NamedInput]) -> Iterator[Sequence[NamedInput]]:
    for start in range(0, len(sources), TOLD_TOGETHER):
        yield sources[start : start + TOLD_TOGETHER]
