"""A report that is kept up to date while results come: written beside the work, the less often the longer it takes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import monotonic

from lycurgus.core.errors import LycurgusError
from lycurgus.core.params import StatisticsParams
from lycurgus.exporters.base import MOST_PICTURES, FailedFile, ReportEntry
from lycurgus.services.batch import Batch
from lycurgus.services.grouping import Grouping
from lycurgus.services.inputs import NamedInput
from lycurgus.services.plan import ExportPlan
from lycurgus.services.report import build_report, write_report

SHORTEST_PAUSE_S = 2.0
TIMES_THE_WORK = 10
"""Of ten parts of time at most one goes into reports."""


class Upkeep:
    """Writes the report of a batch that grows; may be used from several threads.

    Attributes
    ----------
    trouble : a sentence while the report cannot be written, else "".
    """

    def __init__(
        self,
        batch: Batch,
        plan: ExportPlan,
        statistics: StatisticsParams,
        *,
        grouping: Grouping | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._batch, self._plan, self._statistics, self._grouping, self._clock = batch, plan, statistics, grouping, clock
        self._writing, self._noting = threading.Lock(), threading.Lock()
        self._changed: dict[Path, NamedInput] = {}
        self._pause_until_s = 0.0
        self.trouble = ""

    def changed(self, source: NamedInput) -> None:
        """Note that an image has another result, or none any more."""
        with self._noting:
            self._changed[source.path] = source

    @property
    def is_due(self) -> bool:
        """Whether there is something to write, and the last time is long enough ago."""
        return bool(self._changed) and self._clock() >= self._pause_until_s

    def write(self) -> tuple[FailedFile, ...]:
        """Write the report now where anything has changed; what cannot be written is tried again the next time.

        Returns
        -------
        The files that could not be written.
        """
        with self._writing:
            with self._noting:
                changed, self._changed = self._changed, {}
            if not changed:
                return ()
            began = self._clock()
            try:
                unwritten = self._write(changed)
            except LycurgusError as error:
                unwritten = (FailedFile(self._plan.out, str(error)),)
            now = self._clock()
            self._pause_until_s = now + max(SHORTEST_PAUSE_S, TIMES_THE_WORK * (now - began))
            if unwritten:
                with self._noting:
                    self._changed = changed | self._changed
            self.trouble = f"{unwritten[0].path.name} cannot be written: {unwritten[0].reason}" if unwritten else ""
            return unwritten

    def _write(self, changed: dict[Path, NamedInput]) -> tuple[FailedFile, ...]:
        entries, samples = self._batch.entries(even_if_changed=True)
        entries = with_usual_pictures(entries)
        failures = self._batch.failures()
        if not self._plan.each:
            report = build_report(entries, failures, self._statistics, columns=self._plan.columns, samples=samples, grouping=self._grouping)
            return write_report(report, self._plan.out, self._plan.formats)
        unwritten: list[FailedFile] = []
        for entry in entries:
            path = entry.result.micrograph.path
            if path in changed:
                report = build_report([entry.in_memory()], [], self._statistics, columns=self._plan.columns)
                unwritten += write_report(report, self._plan.folder_of(changed[path]), self._plan.formats)
        return tuple(unwritten)


def with_usual_pictures(entries: list[ReportEntry]) -> list[ReportEntry]:
    """Leave small pictures out where there are more images than a report shows, all but that of the first."""
    if len(entries) <= MOST_PICTURES:
        return entries
    return [entries[0], *(replace(entry, thumbnail=None) for entry in entries[1:])]
