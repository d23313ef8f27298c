"""Analysing documents one after the other in the inference lane, with pause, cancel, retry and the time that remains."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import monotonic

from PySide6.QtCore import QObject, Signal

from lycurgus.core.history import History
from lycurgus.core.params import AnalysisParams
from lycurgus.core.progress import CancelToken, Progress
from lycurgus.core.types import AnalysisResult, Micrograph, PixelSize
from lycurgus.pipeline import analyze, without_pixels
from lycurgus.readers.door import read
from lycurgus.ui.jobs import Job
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench, plural


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far the analysis of several images has come.

    Attributes
    ----------
    remaining_s : estimated from the images of this run so far; None before the first is done.
    current : the image in work, or "".
    """

    done: int
    failed: int
    total: int
    paused: bool
    remaining_s: float | None
    current: str

    @property
    def running(self) -> bool:
        return self.done + self.failed < self.total


@dataclass(frozen=True, slots=True, eq=False)
class _Analysed:
    result: AnalysisResult
    shape: tuple[int, int]
    file_pixel_size: PixelSize | None


class Analysing(QObject):
    """Works off a queue of documents; results appear in the store as they come."""

    progress_changed = Signal(object)

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._bench = workbench
        self._store = workbench.store
        self._queue: deque[tuple[Document, AnalysisParams]] = deque()
        self._job: Job | None = None
        self._working: Document | None = None
        self._paused = False
        self._done = self._failed = self._total = 0
        self._spent_s = 0.0
        self._started_s = 0.0

    @property
    def progress(self) -> RunProgress:
        finished = self._done + self._failed
        remaining = None if not finished else self._spent_s / finished * (self._total - finished)
        name = self._working.path.name if self._working else ""
        return RunProgress(self._done, self._failed, self._total, self._paused, remaining, name)

    def with_hand_work(self, documents: Iterable[Document]) -> list[Document]:
        """Those whose corrections a new analysis would replace: ask before."""
        return [document for document in documents if document.n_edits]

    def analyse(self, documents: Sequence[Document]) -> None:
        """Queue documents with the parameters that are set now; those in the queue already are not queued twice."""
        queued = {document for document, _ in self._queue} | {self._working}
        fresh = [document for document in documents if document not in queued]
        if not self.progress.running:
            self._done = self._failed = self._total = 0
            self._spent_s = 0.0
        for document in fresh:
            self._queue.append((document, self._store.params))
            document.busy = "queued"
            self._store.document_changed.emit(document)
        self._total += len(fresh)
        self._next()

    def retry_failed(self) -> None:
        self.analyse([document for document in self._store.documents if document.error])

    def pause(self) -> None:
        """Finish the image in work and wait."""
        self._paused = True
        self.progress_changed.emit(self.progress)

    def resume(self) -> None:
        self._paused = False
        self._next()

    def cancel(self) -> None:
        """Stop inside the image in work and empty the queue; what is done stays."""
        waiting = [document for document, _ in self._queue]
        self._queue.clear()
        if self._job is not None:
            self._job.cancel()
        for document in [*waiting, *([self._working] if self._working else [])]:
            document.busy = ""
            self._store.document_changed.emit(document)
        self._working = None
        self._paused = False
        self._total = self._done + self._failed
        self.progress_changed.emit(self.progress)

    def _next(self) -> None:
        if self._job is not None or self._paused or not self._queue:
            self.progress_changed.emit(self.progress)
            return
        document, params = self._queue.popleft()
        self._working = document
        self._started_s = monotonic()
        document.busy = "analysing"
        loaded = self._store.micrograph if document is self._store.current else None
        self._job = self._bench.jobs.submit(
            "inference",
            lambda progress, cancel: _analysed(document, params, loaded, progress, cancel),
            title=f"Analysing {document.path.name}",
            on_done=lambda analysed: self._succeeded(document, analysed),
            on_error=lambda error: self._not_analysed(document, error),
        )
        self._job.finished.connect(self._ended)
        self._store.document_changed.emit(document)
        self.progress_changed.emit(self.progress)

    def _succeeded(self, document: Document, analysed: _Analysed) -> None:
        document.analysed, document.history, document.error, document.busy = (
            analysed.result,
            History.of(analysed.result.particles),
            "",
            "",
        )
        document.awaited_edits = 0
        document.shape = analysed.shape
        if document.pixel_size is None:
            document.file_pixel_size = analysed.file_pixel_size
        self._done += 1
        self._store.changed(document)
        self._bench.keep_result(document)

    def _not_analysed(self, document: Document, error: Exception) -> None:
        document.error, document.busy = str(error) or type(error).__name__, ""
        self._failed += 1
        self._store.changed(document)
        self._bench.keep_failure(document)
        if self._total == 1:
            self._bench.fail_with(error)

    def _ended(self) -> None:
        self._job = None
        self._working = None
        self._spent_s += monotonic() - self._started_s
        if self._total > 1 and not self._queue and self._done + self._failed == self._total:
            self._say_how_it_went()
        self._next()

    def _say_how_it_went(self) -> None:
        if self._failed:
            failed = [_named(document) for document in self._store.documents if document.error]
            self._bench.warn(f"{plural(self._done, 'image')} analysed, {self._failed} failed", "\n".join(failed))
        else:
            self._bench.succeed(f"{plural(self._done, 'image')} analysed")


def _named(document: Document) -> str:
    """The error with the file it is about, which most sentences begin with already."""
    name = document.path.name
    return document.error if document.error.startswith(name) else f"{name}: {document.error}"


def _analysed(document: Document, params: AnalysisParams, loaded: Micrograph | None, progress: Progress, cancel: CancelToken) -> _Analysed:
    """In a worker thread."""
    progress("read", 0, 1)
    micrograph = loaded if loaded is not None and _fits(loaded, document, params) else _read(document, params)
    result = analyze(micrograph, params, progress=progress, cancel=cancel)
    return _Analysed(without_pixels(result), micrograph.shape, micrograph.pixel_size)


def _fits(loaded: Micrograph, document: Document, params: AnalysisParams) -> bool:
    """Tell whether the pixels on screen are what reading the file again would give."""
    auto = params.input.plane == "auto"
    return auto and (document.pixel_size is None or loaded.pixel_size == document.pixel_size)


def _read(document: Document, params: AnalysisParams) -> Micrograph:
    return read(document.path, plane=params.input.plane, pixel_size=document.pixel_size)
