"""Many files analysed, one after the other or by several processes; a bad file is a row in the report and stops nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from lycurgus.core.progress import CancelToken, never
from lycurgus.core.types import AnalysisResult, Micrograph
from lycurgus.exporters import IMAGE_EXPORTERS
from lycurgus.exporters.base import FailedFile, ReportEntry
from lycurgus.exporters.drawing import thumbnail
from lycurgus.pipeline import analyze, without_pixels
from lycurgus.readers.door import read
from lycurgus.services.flow import ImageTask, Stages, run_one
from lycurgus.services.inputs import NamedInput
from lycurgus.services.lanes import run_lanes

Outcome = ReportEntry | FailedFile


def read_image(task: ImageTask) -> Micrograph:
    """Read the file of a task."""
    return read(task.source.path, plane=task.params.input.plane, pixel_size=task.pixel_size or task.pixel_size_nm)


def analyse_image(task: ImageTask, micrograph: Micrograph, cancel: CancelToken) -> AnalysisResult:
    """Analyse what was read."""
    return analyze(micrograph, task.params, device=task.device, cancel=cancel)


def write_image(task: ImageTask, result: AnalysisResult) -> ReportEntry:
    """Write the image's own files."""
    return export_image(result, task.source, task.out, task.image_formats, with_thumbnail=task.with_thumbnail)


STAGES = Stages(read_image, analyse_image, write_image)


def run_task(task: ImageTask, *, cancel: CancelToken = never) -> Outcome:
    """Read, analyse and export one image; what goes wrong with it comes back as a failed file.

    Raises
    ------
    Cancelled
    """
    return run_one(task, STAGES, cancel=cancel)


def export_image(result: AnalysisResult, source: NamedInput, out: Path, formats: Sequence[str], *, with_thumbnail: bool) -> ReportEntry:
    """Write one image's own files while its pixels are in memory, and return its entry in the report, without them.

    Raises
    ------
    ExportError
    """
    micrograph = result.micrograph
    picture = thumbnail(micrograph, result.particles, result.annotations) if with_thumbnail else None
    entry = ReportEntry(result, micrograph.shape, source.image, source.stem, picture)
    for name in formats:
        IMAGE_EXPORTERS[name].write(entry, out)
    return replace(entry, result=without_pixels(result))


def run_tasks(
    tasks: Sequence[ImageTask], *, jobs: int = 1, cancel: CancelToken = never, stages: Stages[ReportEntry] = STAGES
) -> Iterator[tuple[ImageTask, Outcome]]:
    """Run tasks and yield each outcome as it comes; with several jobs the order is not that of the tasks.

    Parameters
    ----------
    jobs : worker processes; 1 works in this process.
    cancel : looked at between images, and inside an image where the work happens in this process.

    Raises
    ------
    Cancelled
    """
    for finished in run_lanes(tasks, stages, jobs=jobs, cancel=cancel):
        yield finished.task, finished.outcome
