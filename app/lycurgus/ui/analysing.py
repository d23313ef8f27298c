"""Analysing documents one after the other in the inference lane, with pause, cancel, retry and the time that remains."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from PySide6.QtCore import QObject, Signal

from lycurgus.calibration.evidence import doubts_of_scale
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
    current : the image in work, or "" where there is none, or several.
    finishing : every image is done, and the report of a batch is being written.
    """

    done: int
    failed: int
    total: int
    paused: bool
    remaining_s: float | None
    current: str
    finishing: bool = False

    @property
    def running(self) -> bool:
        return self.done + self.failed < self.total or self.finishing


@dataclass(frozen=True, slots=True, eq=False)
class _Analysed:
    result: AnalysisResult
    shape: tuple[int, int]
    file_pixel_size: PixelSize | None


@dataclass(frozen=True, slots=True, eq=False)
class _Queued:
    """A document in the queue, and its corrections when it came there: those that the user agreed to have replaced."""

    document: Document
    params: AnalysisParams
    history: History


class Analysing(QObject):
    """Works off a queue of documents; results appear in the store as they come.

    Corrections by hand are replaced only where the user agreed to it. Images may be corrected while they wait and while they are
    analysed; what is corrected then was not agreed upon, so that it stays and the new result is left out, with a sentence to say so.
    Images that are closed leave the queue.

    Signals
    -------
    progress_changed : RunProgress.
    confirmation_needed : list of Documents that were requested, and of which some carry corrections by hand.
    """

    progress_changed = Signal(object)
    confirmation_needed = Signal(object)

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._bench = workbench
        self._store = workbench.store
        self._queue: deque[_Queued] = deque()
        self._job: Job | None = None
        self._working: Document | None = None
        self._paused = False
        self._done = self._failed = self._total = 0
        self._spent_s = 0.0
        self._started_s = 0.0
        self._doubted: list[str] = []
        self._store.documents_reset.connect(self._drop_closed)

    @property
    def progress(self) -> RunProgress:
        finished = self._done + self._failed
        remaining = None if not finished else self._spent_s / finished * (self._total - finished)
        name = self._working.path.name if self._working else ""
        return RunProgress(self._done, self._failed, self._total, self._paused, remaining, name)

    def with_hand_work(self, documents: Iterable[Document]) -> list[Document]:
        """Those whose corrections a new analysis would replace: ask before."""
        return [document for document in documents if document.n_edits]

    def request(self, documents: Sequence[Document]) -> None:
        """Analyse documents, unless corrections by hand would be replaced: then ``confirmation_needed`` is all that happens."""
        if self.with_hand_work(documents):
            self.confirmation_needed.emit(list(documents))
        elif documents:
            self.analyse(documents)

    def analyse(self, documents: Sequence[Document]) -> None:
        """Queue documents with the parameters that are set now; those in the queue already are not queued twice.

        Corrections that they carry now will be replaced: for those who have asked, or who know that there are none.
        """
        queued = {waiting.document for waiting in self._queue} | {self._working}
        # A batch may have some in hand.
        fresh = [document for document in documents if document not in queued and not document.busy]
        if not self.progress.running:
            self._done = self._failed = self._total = 0
            self._spent_s = 0.0
            self._doubted.clear()
        for document in fresh:
            self._queue.append(_Queued(document, self._store.params, document.history))
            document.busy = "queued"
        self._total += len(fresh)
        self._store.announce(fresh)
        self._next()

    def retry_failed(self) -> None:
        """Request what failed."""
        self.request([document for document in self._store.documents if document.error])

    def pause(self) -> None:
        """Finish the image in work and wait."""
        self._paused = True
        self.progress_changed.emit(self.progress)

    def resume(self) -> None:
        self._paused = False
        self._next()

    def cancel(self) -> None:
        """Stop inside the image in work and empty the queue; what is done stays."""
        given_up = [waiting.document for waiting in self._queue]
        self._queue.clear()
        if self._working is not None:
            given_up.append(self._working)
        self._give_up(given_up)

    def _drop_closed(self) -> None:
        """Leave out the images that are no longer in the session: opened again, they would get what nobody asked for."""
        waiting = [queued.document for queued in self._queue]
        closed = {document for document in [*waiting, *([self._working] if self._working else [])] if not self._is_open(document)}
        if closed:
            self._queue = deque(queued for queued in self._queue if queued.document not in closed)
            self._give_up(list(closed))
            self._next()

    def _is_open(self, document: Document) -> bool:
        return self._store.document(document.path) is document

    def _give_up(self, documents: list[Document]) -> None:
        """Let go of images that have left the queue, also of the one in work."""
        if self._working in documents:
            self._working = None
            if self._job is not None:
                self._job.cancel()
        for document in documents:
            document.busy = ""
        self._total -= len(documents)
        if not self.progress.running:
            self._paused = False
        self._store.announce([document for document in documents if self._is_open(document)])
        self._store.released.emit(documents)
        self.progress_changed.emit(self.progress)

    def _next(self) -> None:
        if self._job is not None or self._paused or not self._queue:
            self.progress_changed.emit(self.progress)
            return
        queued = self._queue.popleft()
        document, params = queued.document, queued.params
        if corrected_since(document, queued.history):
            self._leave_out(document, "while it waited, so that it was not analysed")
            self._next()
            return
        self._working = document
        self._started_s = monotonic()
        document.busy = "analysing"
        # Looked at here, in the window's thread: whatever is said about the image later holds for its result, not for half of it.
        path, size, file_size = document.path, document.pixel_size, document.file_pixel_size
        device = self._bench.settings.device
        loaded = self._store.micrograph if document is self._store.current else None
        if loaded is not None and not _fits(loaded, size or file_size, params):
            loaded = None
        self._job = self._bench.jobs.submit(
            "inference",
            lambda progress, cancel: _analysed(path, params, size, loaded, file_size, device, progress, cancel),
            title=f"Analysing {document.path.name}",
            on_done=lambda analysed: self._succeeded(queued, analysed),
            on_error=lambda error: self._not_analysed(document, error),
        )
        self._job.finished.connect(self._ended)
        self._store.document_changed.emit(document)
        self.progress_changed.emit(self.progress)

    def _leave_out(self, document: Document, why: str) -> None:
        self._bench.warn(f"{document.path.name} was corrected by hand {why}", "Analyse it again to replace the corrections.")
        self._give_up([document])

    def _succeeded(self, queued: _Queued, analysed: _Analysed) -> None:
        document = queued.document
        if corrected_since(document, queued.history):
            self._leave_out(document, "while it was analysed, so that the new result was left out")
            return
        document.analysed, document.history, document.error, document.busy = (
            analysed.result,
            History.of(analysed.result.particles),
            "",
            "",
        )
        document.awaited_edits = 0
        document.shape = analysed.shape
        document.file_pixel_size = analysed.file_pixel_size
        self._done += 1
        if doubts := doubts_of_scale(analysed.result.warnings):
            self._doubted.append(f"{document.path.name}: {doubts[0]}")
        self._store.changed(document)
        self._store.released.emit([document])
        self._bench.keep_result(document)

    def _not_analysed(self, document: Document, error: Exception) -> None:
        document.error, document.busy = str(error) or type(error).__name__, ""
        self._failed += 1
        self._store.changed(document)
        self._store.released.emit([document])
        self._bench.keep_failure(document)
        if self._total == 1:
            self._bench.fail_with(error)

    def _ended(self) -> None:
        self._job = None
        self._working = None
        self._spent_s += monotonic() - self._started_s
        # The last images of the queue may all be left out.
        self._next()
        if self._total > 1 and not self.progress.running:
            self._say_how_it_went()
        if self._doubted and not self.progress.running:
            self._bench.warn(doubted_text(self._doubted), "\n".join(self._doubted))
            self._doubted.clear()

    def _say_how_it_went(self) -> None:
        if self._failed:
            failed = [f"{document.path.name}: {document.reason}" for document in self._store.documents if document.error]
            self._bench.warn(f"{plural(self._done, 'image')} analysed, {self._failed} failed", "\n".join(failed))
        else:
            self._bench.succeed(f"{plural(self._done, 'image')} analysed")


def corrected_since(document: Document, history: History) -> bool:
    """Tell whether a document carries corrections by hand, and others than a history that it had before."""
    now = document.history
    return bool(now.n_edits) and now is not history and _by_hand(now) != _by_hand(history)


def _by_hand(history: History) -> list[object]:
    """What was done by hand, without the numbers, which may have been measured again meanwhile."""
    return [
        (edit.kind, [particle.id for particle in edit.removed], [(each.id, each.excluded, each.classes) for each in edit.added])
        for edit in history.done
    ]


def doubted_text(doubts: Sequence[str]) -> str:
    """Say of which images the pixel size is in doubt, given a sentence for each that begins with its name."""
    return doubts[0] if len(doubts) == 1 else f"The pixel sizes of {plural(len(doubts), 'image')} are in doubt: check them before using nm"


def _analysed(
    path: Path,
    params: AnalysisParams,
    size: PixelSize | None,
    loaded: Micrograph | None,
    file_size: PixelSize | None,
    device: str,
    progress: Progress,
    cancel: CancelToken,
) -> _Analysed:
    """In a worker thread.

    Parameters
    ----------
    size : the user's word.
    loaded : the picture, where it is on screen as it is to be analysed.
    file_size : what the file of ``loaded`` says.
    """
    progress("read", 0, 1)
    if loaded is None:
        stated = read(path, plane=params.input.plane)
        loaded, file_size = stated.with_pixel_size(size or stated.pixel_size), stated.pixel_size
    result = analyze(loaded, params, device=device, progress=progress, cancel=cancel)
    return _Analysed(without_pixels(result), loaded.shape, file_size)


def _fits(loaded: Micrograph, size: PixelSize | None, params: AnalysisParams) -> bool:
    """Tell whether the picture on screen is what reading the file again would give."""
    return params.input.plane == "auto" and loaded.pixel_size == size
