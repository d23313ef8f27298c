"""Exporting results from the window: the same report that the command line writes."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from lycurgus.core.types import AnalysisResult
from lycurgus.services.export import Exported, export_results
from lycurgus.services.grouping import Grouping
from lycurgus.services.plan import ExportPlan
from lycurgus.ui.group_field import grouping_of
from lycurgus.ui.jobs import Job
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench, plural


class Exporting(QObject):
    """Writes reports beside the window, one after the other: two at once could meet in one folder.

    Signals
    -------
    exported : Exported, of a report that was written.
    progressed : title, images done, images in all.
    idle : nothing is being exported any more.
    """

    exported = Signal(object)
    progressed = Signal(str, int, int)
    idle = Signal()

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._bench = workbench
        self._waiting: deque[tuple[list[AnalysisResult], ExportPlan, Grouping | None]] = deque()
        self._job: Job | None = None

    def export(self, documents: Sequence[Document], plan: ExportPlan) -> None:
        """Write the results of documents that have one, as they are now, divided as is set; later corrections do not change this report."""
        results = [document.result for document in documents if document.result is not None]
        if not results:
            self._bench.warn("There is nothing to export yet: analyse an image first")
            return
        self._waiting.append((results, plan, grouping_of(self._bench.settings.group_by)))
        self._next()

    def cancel(self) -> None:
        """Stop after the image in work and forget the reports that wait; files that are written stay."""
        self._waiting.clear()
        if self._job is not None:
            self._job.cancel()

    def _next(self) -> None:
        if self._job is not None:
            return
        if not self._waiting:
            self.idle.emit()
            return
        results, plan, grouping = self._waiting.popleft()
        title = f"Exporting {plural(len(results), 'image')}"
        self._job = self._bench.jobs.submit(
            "io",
            lambda progress, cancel: export_results(results, plan, progress=progress, cancel=cancel, grouping=grouping),
            title=title,
            on_done=lambda done: self._written(plan, done),
            on_error=self._bench.fail_with,
        )
        self._job.progressed.connect(lambda _stage, done, total: self.progressed.emit(title, done, total))
        self._job.finished.connect(self._ended)
        self.progressed.emit(title, 0, len(results))

    def _ended(self) -> None:
        self._job = None
        self._next()

    def _written(self, plan: ExportPlan, done: Exported) -> None:
        if done.failures:
            details = "\n".join(f"{failure.path.name}: {failure.reason}" for failure in done.failures)
            self._bench.warn(f"The report in {plan.out} is not complete: {plural(len(done.failures), 'file')} failed", details)
        else:
            self._bench.succeed(f"Report written to {plan.out}")
        self.exported.emit(done)
