"""Watching a folder from the window: the watch runs in its own lane, and what it tells comes here into the window's thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

from lycurgus.calibration.evidence import doubts_of_scale
from lycurgus.core.errors import ParameterError
from lycurgus.core.history import History
from lycurgus.core.progress import CancelToken, Progress
from lycurgus.services.grouping import Grouping
from lycurgus.services.live import ImageNote, LiveSnapshot
from lycurgus.services.plan import ExportPlan
from lycurgus.services.report import USUAL_FORMATS
from lycurgus.services.watch import Watch
from lycurgus.services.watch_events import ImageDone, ImageDropped, ImageFailed, ImageRepeated, ImageSeen, Said, WatchEvent, WatchStatus
from lycurgus.ui.jobs import Job
from lycurgus.ui.opening import Opening
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench, capitalised, plural

MOST_SHOTS = 24
"""Last images in the strip."""
MOST_OPEN = 50
"""Last images that stay open with their particles; older ones are kept in the project file, and open again from there."""
SEVERAL_EVENTS_MS = 100
SNAPSHOT_EVERY_MS = 1000
STATUS_EVERY_MS = 500
BEEP_AT_MOST_EVERY_MS = 3000


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One image of the strip: a line about it and a small picture (h, w, 3) with outlines."""

    note: ImageNote
    picture: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class WatchOrder:
    """What the user wants watched, and where to."""

    folder: Path
    out: Path
    recursive: bool = False
    anew: bool = False
    group_by: str = ""


class Watching(QObject):
    """Starts and stops a watch, and holds what is shown of it.

    Signals
    -------
    changed : running or not, counts, trouble.
    shots_changed : the last images are others.
    snapshot_changed : there is a newer ``snapshot``.

    Attributes
    ----------
    shots : the last images, the newest first.
    snapshot : the sample as last computed; stays when the watch has ended.
    following : whether each new image is shown.
    """

    changed = Signal()
    shots_changed = Signal()
    snapshot_changed = Signal()
    _told = Signal(object)
    _opened = Signal(object)

    def __init__(self, workbench: Workbench, opening: Opening) -> None:
        super().__init__(workbench)
        self._bench, self._store, self._opening = workbench, workbench.store, opening
        self._job: Job | None = None
        self._order: WatchOrder | None = None
        self._watch: Watch | None = None
        self._stopping = False
        self.status = WatchStatus()
        self.shots: deque[Shot] = deque(maxlen=MOST_SHOTS)
        self.snapshot: LiveSnapshot | None = None
        self.following = workbench.settings.watch_follow
        self._followed: Document | None = None
        self._open: deque[Document] = deque()
        self._arrived: list[ImageSeen | ImageDone] = []
        self._said_enough = self._said_doubt = False
        self._flush = self._timer(SEVERAL_EVENTS_MS, self._take_arrived, single=True)
        self._pause = self._timer(SNAPSHOT_EVERY_MS, self._compute_if_wanted, single=True)
        self._look = self._timer(STATUS_EVERY_MS, self._read_status, single=False)
        self._quiet = self._timer(BEEP_AT_MOST_EVERY_MS, lambda: None, single=True)
        self._wanted = self._computing = False
        self._told.connect(self._on_event)
        self._opened.connect(self._on_opened)
        self._store.current_changed.connect(self._on_current)

    @property
    def running(self) -> bool:
        return self._job is not None

    @property
    def folder(self) -> Path | None:
        """The folder that is watched, or was."""
        return self._order.folder if self._order else None

    @property
    def out(self) -> Path | None:
        return self._order.out if self._order else None

    @property
    def in_short(self) -> str:
        """One line for the status bar."""
        if self._order is None or not self.running:
            return ""
        if self._stopping:
            return f"Stopping · {self._order.folder.name}"
        parts = [f"● Watching {self._order.folder.name}", plural(self.status.done, "image")]
        if self.status.queued or self.status.growing:
            parts.append(f"{self.status.queued + self.status.growing:,} coming")
        if self.status.trouble:
            parts.append("⚠ in trouble")
        return " · ".join(parts)

    def start(self, order: WatchOrder) -> None:
        """Watch a folder with the parameters that are set now."""
        if self.running:
            return
        self._order, self._stopping, self._said_enough, self._said_doubt = order, False, False, False
        self.status, self.snapshot = WatchStatus(), None
        self.shots.clear()
        self._open.clear()
        params, device, told, opened = self._store.params, self._bench.settings.device, self._told, self._opened
        turn = self._bench.jobs.turn

        def work(_: Progress, cancel: CancelToken) -> None:
            plan = ExportPlan(order.out, USUAL_FORMATS)
            with Watch.open(
                order.folder,
                params,
                plan,
                tell=told.emit,
                recursive=order.recursive,
                device=device,
                grouping=Grouping(order.group_by) if order.group_by else None,
                anew=order.anew,
                turn=turn,
            ) as watch:
                opened.emit(watch)
                watch.run(cancel=cancel)
                watch.finish()

        self._job = self._bench.jobs.submit(
            "watch", work, title=f"Watching {order.folder.name}", on_done=lambda _: None, on_error=self._failed
        )
        self._job.finished.connect(self._ended)
        self._look.start()
        for signal in (self.changed, self.shots_changed, self.snapshot_changed):
            signal.emit()

    def stop(self) -> None:
        """End the watch; the report is written once more beside the window."""
        if self._job is not None:
            self._stopping = True
            self._job.cancel()
            self.changed.emit()

    def follow(self, on: bool) -> None:
        """Show each new image, or leave the one that is shown."""
        self._bench.change_settings(watch_follow=on)
        self.following = on
        if on and self.shots:
            self._show_newest(self.shots[0].note.path)
        self.changed.emit()

    # In the window's thread: what the watch tells

    def _on_opened(self, watch: Watch) -> None:
        self._watch = watch
        for remark in watch.remarks:
            self._bench.tell(capitalised(remark))

    def _on_event(self, event: WatchEvent) -> None:
        if isinstance(event, ImageSeen | ImageDone):
            self._arrived.append(event)
            if not self._flush.isActive():
                self._flush.start()
        elif isinstance(event, ImageFailed):
            if event.final:
                self._bench.warn(f"{event.path.name}: {event.reason}")
                self._alarm()
        elif isinstance(event, ImageRepeated):
            self._bench.tell(f"{event.path.name} is not counted: it has the content of {event.original.name}")
        elif isinstance(event, ImageDropped):
            self._forget(event.path)
            self._bench.tell(f"{event.path.name} is not counted any more: {event.why}")
        else:
            self._say(event)
        self._want_snapshot()

    def _say(self, said: Said) -> None:
        text = capitalised(said.text)
        {"info": self._bench.tell, "success": self._bench.succeed, "warning": self._bench.warn}[said.level](text)
        if said.level == "warning":
            self._alarm()

    def _take_arrived(self) -> None:
        """Several images of a burst at once: lists are drawn anew once for all."""
        arrived, self._arrived = self._arrived, []
        paths = dict.fromkeys(_path_of(one) for one in arrived)
        fresh = [Document(path) for path in paths if self._store.document(path) is None]
        self._store.add_documents(fresh)
        self._open.extend(fresh)
        done = [one for one in arrived if isinstance(one, ImageDone)]
        for one in arrived:
            self._take_over(one)
        for one in done:
            self.shots.appendleft(Shot(one.note, one.picture))
        if unlike := [one.note for one in done if one.note.reasons]:
            self._bench.warn(f"{unlike[-1].path.name} is unlike the others: {'; '.join(unlike[-1].reasons)}")
            self._alarm()
        doubts = [(one.note.path.name, doubt) for one in done for doubt in doubts_of_scale(one.result.warnings)]
        if doubts and not self._said_doubt:
            # Once: whatever is wrong with one image of a session is most likely wrong with all.
            self._said_doubt = True
            self._bench.warn(": ".join(doubts[0]))
            self._alarm()
        self._close_oldest()
        if self.following and arrived:
            self._show_newest(_path_of(arrived[-1]))
        self.shots_changed.emit()
        self._read_status()

    def _take_over(self, event: ImageSeen | ImageDone) -> None:
        """Give a document its result, unless it carries corrections by hand or is being analysed here."""
        document = self._store.document(_path_of(event))
        if document is None or document.n_edits or document.busy:
            return
        if document.analysed is None or document.analysed.particles is not event.result.particles:
            document.analysed, document.history, document.error = event.result, History.of(event.result.particles), ""
            document.shape, size = event.shape, event.result.micrograph.pixel_size
            document.file_pixel_size = size if size is not None and size.source == "metadata" else None
            self._store.changed(document)
        if isinstance(event, ImageDone):
            self._bench.keep_result(document)

    def _show_newest(self, path: Path) -> None:
        document = self._store.document(path)
        if document is not None:
            self._followed = document
            self._opening.show(document)

    def _on_current(self, document: Document | None) -> None:
        """Whoever goes to another image himself wants to stay there."""
        if self.running and self.following and document is not None and document is not self._followed:
            self.following = False
            self.changed.emit()

    def _close_oldest(self) -> None:
        """Close images that only the watch has opened, so that a day of it takes no more memory than an hour."""
        kept: list[Document] = []
        closed: list[Document] = []
        while len(self._open) > MOST_OPEN:
            document = self._open.popleft()
            in_use = document is self._store.current or document.n_edits or document.busy
            (kept if in_use else closed).append(document)
            if len(kept) >= MOST_OPEN:
                break
        self._open.extendleft(reversed(kept))
        there = [document for document in closed if self._store.document(document.path) is document]
        if there:
            self._opening.forget(there)

    def _forget(self, path: Path) -> None:
        self.shots = deque((shot for shot in self.shots if shot.note.path != path), maxlen=MOST_SHOTS)
        document = self._store.document(path)
        if document is not None and document in self._open and not document.n_edits:
            self._open.remove(document)
            self._opening.forget([document])
        self.shots_changed.emit()

    # The sample

    def _want_snapshot(self) -> None:
        self._wanted = True
        if not self._pause.isActive():
            self._compute_if_wanted()

    def _compute_if_wanted(self) -> None:
        watch = self._watch
        if not self._wanted or self._computing or watch is None:
            return
        self._wanted, self._computing = False, True
        self._bench.jobs.submit(
            "preview",
            lambda *_: watch.live.snapshot(),
            title="Summing up the watch",
            on_done=self._on_snapshot,
            on_error=self._no_snapshot,
        )

    def _on_snapshot(self, snapshot: LiveSnapshot) -> None:
        self._computing = False
        self.snapshot = snapshot
        self._pause.start()
        so_far = snapshot.convergence
        if so_far.enough and not self._said_enough:
            self._said_enough = True
            self._bench.succeed(f"Enough particles are counted for ± {100 * so_far.precision:g} %")
            self._alarm()
        self.snapshot_changed.emit()

    def _no_snapshot(self, error: Exception) -> None:
        self._computing = False
        self._pause.start()
        self._bench.fail_with(error)

    # State

    def _read_status(self) -> None:
        if self._watch is not None and self._watch.status != self.status:
            self.status = self._watch.status
            self.changed.emit()

    def _failed(self, error: Exception) -> None:
        if isinstance(error, ParameterError):
            self._bench.fail(f"{capitalised(error.reason)}: choose another folder for the results, or begin anew")
        else:
            self._bench.fail_with(error)

    def _ended(self) -> None:
        self._read_status()
        self._compute_if_wanted()
        self._job, self._watch = None, None
        self._look.stop()
        if self.status.done:
            self._bench.succeed(f"The watch has ended; the report of {plural(self.status.done, 'image')} is in {self.out}")
        self.changed.emit()

    def _alarm(self) -> None:
        if self._bench.settings.watch_alarm and not self._quiet.isActive():
            self._quiet.start()
            QApplication.beep()

    def _timer(self, interval_ms: int, run: Callable[[], None], *, single: bool) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(single)
        timer.setInterval(interval_ms)
        timer.timeout.connect(run)
        return timer


def _path_of(event: ImageSeen | ImageDone) -> Path:
    return event.path if isinstance(event, ImageSeen) else event.note.path
