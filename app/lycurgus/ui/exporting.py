"""Exporting results from the window: the same report that the command line writes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from lycurgus.services.export import Exported, ExportPlan, export_results
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench, plural


class Exporting(QObject):
    """Writes reports beside the window."""

    exported = Signal(object)

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._bench = workbench

    def export(self, documents: Sequence[Document], plan: ExportPlan) -> None:
        """Write the results of documents that have one."""
        results = [document.result for document in documents if document.result is not None]
        if not results:
            self._bench.warn("There is nothing to export yet: analyse an image first")
            return
        self._bench.jobs.submit(
            "io",
            lambda progress, cancel: export_results(results, plan, progress=progress, cancel=cancel),
            title=f"Exporting {plural(len(results), 'image')}",
            key="export",
            on_done=lambda done: self._written(plan, done),
            on_error=self._bench.fail_with,
        )

    def _written(self, plan: ExportPlan, done: Exported) -> None:
        if done.failures:
            details = "\n".join(f"{failure.path.name}: {failure.reason}" for failure in done.failures)
            self._bench.warn(f"The report in {plan.out} is not complete: {plural(len(done.failures), 'file')} failed", details)
        else:
            self._bench.succeed(f"Report written to {plan.out}")
        self.exported.emit(done)
