"""The sample of a watch: which files are counted, for which content, under which names; every change goes to the project file first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from lycurgus.core.progress import CancelToken
from lycurgus.core.types import AnalysisResult
from lycurgus.exporters.base import FailedFile
from lycurgus.services.batch import Batch
from lycurgus.services.flow import ImageTask, Seconds
from lycurgus.services.inputs import GrowingNames, NamedInput
from lycurgus.services.live import Live
from lycurgus.services.plan import ExportPlan
from lycurgus.services.report import is_pictured
from lycurgus.services.settling import Sight
from lycurgus.services.upkeep import Upkeep
from lycurgus.services.watch_events import ImageDone, ImageDropped, ImageFailed, ImageRepeated, Tell
from lycurgus.services.watch_ledger import Entry, WatchLedger
from lycurgus.services.watch_work import Contents, Made, Repeated

HandOutAgain = Callable[[Path], None]


class WatchSample:
    """What is known of the files of a watched folder.

    Files are named by one thread (``task_of``) while another settles what came of them.

    Attributes
    ----------
    contents : files whose results are kept, by content.
    duplicates : files that are not counted, each with the one that has the same content.
    failed : files that could not be read or analysed.
    handled : versions of files that needed no work at the beginning.
    unnamed : images whose files must be written under another name although their content is known.
    """

    def __init__(self, folder: Path, batch: Batch, plan: ExportPlan, live: Live, upkeep: Upkeep, tell: Tell) -> None:
        self._batch, self._plan, self._live, self._upkeep, self._tell = batch, plan, live, upkeep, tell
        self.ledger = WatchLedger(batch.project.database)
        self.contents = Contents()
        self.duplicates: dict[Path, Path] = {}
        self.failed: set[Path] = set()
        self.unnamed: set[Path] = set()
        self._names = GrowingNames()
        self._naming = threading.RLock()
        self.handled = self._recall(folder)

    def recount(self, cancel: CancelToken) -> int:
        """Count the images of before, and return how many there are."""
        shapes = {path: image.record.shape for path, image in self._batch.project.known().items()}
        for path in self.contents.paths:
            cancel.check()
            if path not in self._live:
                self._live.add(path, self._batch.project.load(path, even_if_changed=True), shapes.get(path) or (0, 0))
        return len(self.contents)

    def task_of(self, path: Path, again: HandOutAgain) -> ImageTask:
        """Name a file and say what is to be done with it."""
        with self._naming:
            self._renamed(self._names.add(path), again)
            count = len(self._batch.sources)
            return self._batch.task_of(self._names[path], pictured=is_pictured(self._plan, count - 1, count))

    def settle(self, source: NamedInput, made: Made, companions: dict[Path, Path], again: HandOutAgain) -> None:
        """Keep a result, in place of an earlier one of the file; raises what ``Batch.keep`` raises, and nothing has changed then."""
        path, content = source.path, made.result.micrograph.sha256
        before = self._before(path)
        self._batch.keep(source, made.image, Seconds())
        self.ledger.note(Entry(path, made.sight, "done"))
        note = self._live.add(path, made.result, made.shape, before=before)
        former = self.contents.keep(path, content)
        if former is not None:
            self._release_copies(path, again)
        self.duplicates.pop(path, None)
        self.unnamed.discard(path)
        self.failed.discard(path)
        self._upkeep.changed(source)
        self._tell(ImageDone(note, made.result, made.shape, made.picture, again=before is not None))
        for other in self.contents.others_with(content, path):
            self.drop(other, f"it is called {path.name} now", again)
        for companion, owner in companions.items():
            if owner == path and (companion in self.contents or companion in self.failed):
                self.drop(companion, f"it belongs to {path.name}", again)

    def repeat(self, path: Path, repeated: Repeated, again: HandOutAgain) -> None:
        """Take in that a file has known content."""
        original = repeated.original
        if original == path:
            # Touched, or copied over itself.
            self.ledger.note(Entry(path, repeated.sight, "done"))
            return
        if original not in self.contents:
            # The one it repeats came to nothing.
            again(path)
            return
        if path in self.contents:
            self.drop(path, f"it has the content of {original.name} now", again)
        self.ledger.note(Entry(path, repeated.sight, "duplicate", original))
        self.duplicates[path] = original
        self.failed.discard(path)
        self.forget_name(path, again)
        self._tell(ImageRepeated(path, original))

    def fail(self, path: Path, reason: str, sight: Sight | None, again: HandOutAgain) -> None:
        """Keep that a file has failed; an earlier result of it leaves the sample, and files of the same content count in its place."""
        before = self._before(path)
        self._batch.keep(self._names[path], FailedFile(path, reason), Seconds())
        if sight is not None:
            self.ledger.note(Entry(path, sight, "failed"))
        if before is not None:
            self._live.remove(path, before)
            self.contents.drop(path)
            self._release_copies(path, again)
        self.failed.add(path)
        self._upkeep.changed(self._names[path])
        self._tell(ImageFailed(path, reason, final=True))

    def drop(self, path: Path, why: str, again: HandOutAgain) -> None:
        """Take an image out of the sample."""
        source, before = self._names[path], self._before(path)
        stem, formats = self._batch.project.written(path)
        self._batch.project.forget(path)
        self.ledger.forget(path)
        if before is not None:
            self._live.remove(path, before)
        self.contents.drop(path)
        self._release_copies(path, again)
        self.failed.discard(path)
        self.forget_name(path, again)
        self._batch.remove_files(source, stem, formats)
        self._upkeep.changed(source)
        self._tell(ImageDropped(path, why))

    def came_to_nothing(self, path: Path, again: HandOutAgain) -> None:
        """A file is gone, or changing again: where nothing is kept of it, it takes no name away from others."""
        if path not in self.contents and path not in self.failed:
            self.forget_name(path, again)

    def forget_name(self, path: Path, again: HandOutAgain) -> None:
        with self._naming:
            self._renamed(self._names.remove(path), again)

    def _renamed(self, others: tuple[NamedInput, ...], again: HandOutAgain) -> None:
        self._batch.sources = self._names.inputs
        for other in others:
            if other.path in self.contents:
                self.unnamed.add(other.path)
                again(other.path)

    def _release_copies(self, path: Path, again: HandOutAgain) -> None:
        """Files that had the former content of a file count for themselves now."""
        for copy in [copy for copy, original in self.duplicates.items() if original == path]:
            del self.duplicates[copy]
            self.ledger.forget(copy)
            again(copy)

    def _before(self, path: Path) -> AnalysisResult | None:
        return self._batch.project.load(path, even_if_changed=True) if path in self.contents else None

    def _recall(self, folder: Path) -> dict[Path, Sight]:
        """Take in what the project file knows of the folder; returns the versions of files that need no work."""
        known, entries = self._batch.project.known(), self.ledger.entries()
        place = {path: number for number, path in enumerate(entries)}
        handled: dict[Path, Sight] = {}
        for path, image in sorted(known.items(), key=lambda item: place.get(item[0], len(place))):
            record = image.record
            if record.state == "new" or not path.is_relative_to(folder):
                continue
            self._names.add(path)
            fingerprint = record.fingerprint if record.state == "done" else image.failed_fingerprint
            if record.state == "done":
                self.contents.keep(path, record.sha256)
            else:
                self.failed.add(path)
            entry = entries.get(path)
            if entry is not None and entry.fate == record.state:
                handled[path] = entry.sight
            elif fingerprint is not None:
                handled[path] = Sight(fingerprint)
        self._batch.sources = self._names.inputs
        for path in self.contents.paths:
            if known[path].stem != self._names[path].stem:
                # A batch over other files has named them otherwise.
                self.unnamed.add(path)
                handled.pop(path, None)
        for path, entry in entries.items():
            if entry.fate == "duplicate" and entry.original is not None and entry.original in self.contents:
                self.duplicates[path], handled[path] = entry.original, entry.sight
        return handled
