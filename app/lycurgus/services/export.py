"""Results that exist already, corrected by hand perhaps, written as the report that ``lycurgus analyze`` would write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lycurgus.core.errors import ReadError
from lycurgus.core.progress import CancelToken, Progress
from lycurgus.core.types import AnalysisResult
from lycurgus.exporters import IMAGE_EXPORTERS, REPORT_EXPORTERS
from lycurgus.exporters.base import FailedFile, ReportEntry
from lycurgus.readers.door import read
from lycurgus.services.analysis import export_image
from lycurgus.services.failures import failed
from lycurgus.services.grouping import Grouping
from lycurgus.services.inputs import name_inputs
from lycurgus.services.plan import ExportPlan
from lycurgus.services.report import build_report, check_writable, write_report


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: report folders, and what could not be: images with their own files, files of reports."""

    folders: tuple[Path, ...]
    failures: tuple[FailedFile, ...]


def export_results(
    results: Sequence[AnalysisResult], plan: ExportPlan, *, progress: Progress, cancel: CancelToken, grouping: Grouping | None = None
) -> Exported:
    """Write results as a report; pictures are read again where a format needs them.

    Parameters
    ----------
    grouping : how the sample is divided, where there is one report for all.

    Raises
    ------
    ExportError
        The folder cannot be written.
    Cancelled
    """
    check_writable(plan.out)
    sources = name_inputs([result.micrograph.path for result in results])
    image_formats = [name for name in plan.formats if name in IMAGE_EXPORTERS]
    entries: list[ReportEntry] = []
    failures: list[FailedFile] = []
    unwritten: list[FailedFile] = []
    for done, (result, source) in enumerate(zip(results, sources, strict=True)):
        cancel.check()
        progress("export", done, len(results))
        try:
            whole = with_pixels(result)
            with_thumbnail = "xlsx" in plan.formats
            entries.append(export_image(whole, source, plan.folder_of(source), image_formats, with_thumbnail=with_thumbnail))
        except Exception as error:
            failures.append(failed(source.path, error))
    statistics = results[0].params.statistics
    if any(name in REPORT_EXPORTERS for name in plan.formats):
        groups = [([entry], plan.out / entry.stem) for entry in entries] if plan.each else [(entries, plan.out)]
        for group, folder in groups:
            divided = None if plan.each else grouping
            report = build_report(group, () if plan.each else failures, statistics, columns=plan.columns, grouping=divided)
            unwritten += write_report(report, folder, plan.formats)
    folders = tuple(plan.out / entry.stem for entry in entries) if plan.each else (plan.out,)
    return Exported(folders, (*failures, *unwritten))


def with_pixels(result: AnalysisResult) -> AnalysisResult:
    """Return a result with its picture read again.

    Raises
    ------
    ReadError
        The file is gone, damaged, or no longer the one that was analysed.
    """
    known = result.micrograph
    if known.pixels.size:
        return result
    found = read(known.path, plane=result.params.input.plane)
    if known.sha256 and found.sha256 != known.sha256:
        raise ReadError(known.path, "has changed since it was analysed", hint="analyse it again")
    return replace(result, micrograph=replace(known, pixels=found.pixels))
