"""Many files analysed, one after the other or by several processes; a bad file is a row in the report and stops nobody."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from lycurgus.core.params import AnalysisParams
from lycurgus.core.progress import CancelToken, never
from lycurgus.core.types import AnalysisResult
from lycurgus.exporters import IMAGE_EXPORTERS
from lycurgus.exporters.base import FailedFile, ReportEntry
from lycurgus.exporters.drawing import thumbnail
from lycurgus.pipeline import analyze, without_pixels
from lycurgus.readers.door import read
from lycurgus.services.failures import failed
from lycurgus.services.inputs import NamedInput

Outcome = ReportEntry | FailedFile
_THREADS = "OMP_NUM_THREADS"


@dataclass(frozen=True, slots=True)
class ImageTask:
    """What is to be done with one file; travels to a worker process.

    Attributes
    ----------
    image_formats : names of ``IMAGE_EXPORTERS``, written into ``out`` while the picture is in memory.
    pixel_size_nm : a size that the user states for every file, or None.
    """

    source: NamedInput
    params: AnalysisParams
    out: Path
    image_formats: tuple[str, ...] = ()
    pixel_size_nm: float | None = None
    device: str = "auto"
    with_thumbnail: bool = False


def run_task(task: ImageTask, *, cancel: CancelToken = never) -> Outcome:
    """Read, analyse and export one image; what goes wrong with it comes back as a failed file.

    Raises
    ------
    Cancelled
    """
    path = task.source.path
    try:
        micrograph = read(path, plane=task.params.input.plane, pixel_size=task.pixel_size_nm)
        result = analyze(micrograph, task.params, device=task.device, cancel=cancel)
        return export_image(result, task.source, task.out, task.image_formats, with_thumbnail=task.with_thumbnail)
    except Exception as error:
        return failed(path, error)


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


def run_tasks(tasks: Sequence[ImageTask], *, jobs: int = 1, cancel: CancelToken = never) -> Iterator[tuple[ImageTask, Outcome]]:
    """Run tasks and yield each outcome as it comes; with several jobs the order is not that of the tasks.

    Parameters
    ----------
    jobs : worker processes; 1 works in this process.
    cancel : looked at between images, and inside an image where the work happens in this process.

    Raises
    ------
    Cancelled
    """
    if jobs <= 1:
        for task in tasks:
            cancel.check()
            yield task, run_task(task, cancel=cancel)
        return
    waiting = list(reversed(tasks))
    while waiting:
        suspects: list[ImageTask] = []
        yield from _run_in_pool(waiting, jobs, suspects, cancel)
        for task in suspects:
            # One of these killed a worker and took the others' results with it: alone, the culprit shows itself.
            lone: list[ImageTask] = []
            yield from _run_in_pool([task], 1, lone, cancel)
            if lone:
                yield task, FailedFile(task.source.path, "the analysis process died, most likely for want of memory: use fewer jobs")


def _run_in_pool(
    waiting: list[ImageTask], jobs: int, suspects: list[ImageTask], cancel: CancelToken
) -> Iterator[tuple[ImageTask, Outcome]]:
    """Work off ``waiting`` from its end until it is empty or the pool breaks; then ``suspects`` holds what was in work."""
    # Spawned, not forked: OpenCV's and ONNX Runtime's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_calm_worker) as pool:
        running: dict[Future[Outcome], ImageTask] = {}
        try:
            while waiting or running:
                cancel.check()
                while waiting and len(running) < 2 * jobs:
                    with _one_thread_for_children():
                        running[pool.submit(run_task, waiting[-1])] = waiting[-1]
                    waiting.pop()
                done, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    outcome = future.result()
                    yield running.pop(future), outcome
        except BrokenProcessPool:
            suspects.extend(running.values())
        finally:
            for future in running:
                future.cancel()


@contextmanager
def _one_thread_for_children() -> Iterator[None]:
    """Give processes that start meanwhile one OpenMP thread each: OpenMP asks the environment once, when it is loaded."""
    if _THREADS in os.environ:
        yield
        return
    os.environ[_THREADS] = "1"
    try:
        yield
    finally:
        del os.environ[_THREADS]


def _calm_worker() -> None:
    """Give each worker one OpenCV thread: the processes already use every core."""
    import cv2

    cv2.setNumThreads(1)


def sensible_jobs(n_files: int) -> int:
    """Choose how many processes are worth their start: one for a handful of images, else one a core, eight at most."""
    return 1 if n_files < 8 else min(os.cpu_count() or 1, 8)
