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
from lycurgus.services.inputs import NamedInput, name_inputs
from lycurgus.services.report import build_report, check_writable, write_report


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What is to be written, and where.

    Attributes
    ----------
    formats : names of image and report formats.
    each : a folder with a whole report for each image, instead of one for all.
    columns : "standard" or "imagej".
    """

    out: Path
    formats: tuple[str, ...]
    each: bool = False
    columns: str = "standard"

    def folder_of(self, source: NamedInput) -> Path:
        return self.out / source.stem if self.each else self.out


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: report folders, and what could not be: images with their own files, files of reports."""

    folders: tuple[Path, ...]
    failures: tuple[FailedFile, ...]


REPORT_FILES = {
    "xlsx": ("report.xlsx",),
    "csv": ("particles.csv", "images.csv"),
    "json": ("summary.json",),
    "coco": ("annotations.coco.json",),
}
IMAGE_FILES = {
    "labels": ("labels/{stem}.tif",),
    "roi": ("rois/{stem}.zip",),
    "png": ("overlays/{stem}.png", "maps/{stem}.png"),
    "training": ("training/images/{stem}.tif", "training/labels/{stem}.tif", "training/annotations/{stem}.coco.json"),
}


def planned_files(paths: Sequence[Path], plan: ExportPlan) -> list[Path]:
    """List every file that a plan writes for these images, for a preview."""
    sources = name_inputs(paths)
    names = [name for chosen in plan.formats for name in REPORT_FILES.get(chosen, ())]
    reports = {plan.folder_of(source): None for source in sources} if plan.each else {plan.out: None}
    files = [folder / name for folder in reports for name in names]
    for source in sources:
        templates = [template for chosen in plan.formats for template in IMAGE_FILES.get(chosen, ())]
        files += [plan.folder_of(source) / template.format(stem=source.stem) for template in templates]
    return files


def export_results(results: Sequence[AnalysisResult], plan: ExportPlan, *, progress: Progress, cancel: CancelToken) -> Exported:
    """Write results as a report; pictures are read again where a format needs them.

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
            report = build_report(group, () if plan.each else failures, statistics, columns=plan.columns)
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
