"""A batch: thousands of images into one folder, resumable at any moment; what is finished is neither lost nor done twice."""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from lycurgus.core.errors import ExportError, ParameterError
from lycurgus.core.params import AnalysisParams
from lycurgus.core.progress import CancelToken, never
from lycurgus.core.sample import ImageSample
from lycurgus.core.types import AnalysisResult, Micrograph, PixelSize
from lycurgus.exporters import IMAGE_EXPORTERS
from lycurgus.exporters.atomic import TEMPORARY_PREFIX
from lycurgus.exporters.base import FailedFile, ReportEntry, StoredParticles, tasks_of
from lycurgus.exporters.image_columns import image_row
from lycurgus.services.analysis import analyse_image, export_image, read_image
from lycurgus.services.aside import moved_aside
from lycurgus.services.batch_conditions import MOST_NAMED, conditions_of, differences
from lycurgus.services.batch_project import BatchProject, PackedImage, packed_picture, with_statistics_of
from lycurgus.services.fingerprint import Fingerprint
from lycurgus.services.flow import Finished, ImageTask, Seconds, Stages
from lycurgus.services.inputs import NamedInput
from lycurgus.services.lanes import run_lanes
from lycurgus.services.plan import IMAGE_FILES, ExportPlan
from lycurgus.services.project import is_other_file
from lycurgus.services.project_records import PackedResult, absolute
from lycurgus.services.report import is_pictured

PROJECT_NAME = "batch.lycurgus"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENOENT, errno.EIO, errno.ENODEV})
"""The disk is full, may not be written any more, or is gone: the folders were there when the run began."""


class NoRoom(NamedTuple):
    """An image's files could not be written because nothing can be: no failure of the image, and the end of the run."""

    path: Path
    reason: str


Made = PackedImage | NoRoom
Engine = Callable[[Sequence[ImageTask], Stages[Made], CancelToken], Iterator[Finished[Made]]]
"""What works off the tasks, and where: processes of this machine, or a cluster."""


def read_for_batch(task: ImageTask) -> tuple[Fingerprint | None, Micrograph]:
    """Read a file; its fingerprint is of before, so that a change meanwhile is noticed later."""
    return Fingerprint.of(task.source.path), read_image(task)


def analyse_for_batch(
    task: ImageTask, read: tuple[Fingerprint | None, Micrograph], cancel: CancelToken
) -> tuple[Fingerprint | None, AnalysisResult]:
    return read[0], analyse_image(task, read[1], cancel)


def write_for_batch(task: ImageTask, analysed: tuple[Fingerprint | None, AnalysisResult]) -> Made:
    """Write the image's own files and pack the result."""
    fingerprint, result = analysed
    try:
        entry = export_image(result, task.source, task.out, task.image_formats, with_thumbnail=task.with_thumbnail)
    except ExportError as error:
        return no_room(error)
    return packed_image(entry, fingerprint)


def no_room(error: ExportError) -> NoRoom:
    """Return what an error means where nothing can be written any more; any other error is raised again."""
    if isinstance(error.__cause__, OSError) and error.__cause__.errno in _NO_ROOM:
        return NoRoom(error.path, error.reason)
    raise error


def packed_image(entry: ReportEntry, fingerprint: Fingerprint | None) -> PackedImage:
    """Pack an image whose own files are written."""
    return PackedImage(PackedResult.of(entry.result, None, fingerprint, entry.shape), packed_picture(entry.thumbnail))


BATCH_STAGES: Stages[Made] = Stages(read_for_batch, analyse_for_batch, write_for_batch)


def local_engine(jobs: int, *, apart: bool = False) -> Engine:
    """Work in this process (one job), or in several of this machine; apart: a single job in another process too."""
    return lambda tasks, stages, cancel: run_lanes(tasks, stages, jobs=jobs, cancel=cancel, apart=apart)


@dataclass(frozen=True, slots=True)
class Step:
    """One more image is in the project file.

    Attributes
    ----------
    failure : None where it has a result.
    seconds : what its stages took.
    """

    source: NamedInput
    failure: FailedFile | None
    seconds: Seconds


class Batch:
    """A batch in its folder.

    Attributes
    ----------
    sources : the images, as they are called in the report.
    pending : those that are still to be analysed.
    remarks : sentences about what is done otherwise than one might expect.
    """

    def __init__(
        self,
        project: BatchProject,
        sources: Sequence[NamedInput],
        params: AnalysisParams,
        plan: ExportPlan,
        *,
        pixel_size_nm: float | None,
        device: str,
        retry_failed: bool | Collection[Path],
    ) -> None:
        self._project, self._params, self._plan = project, params, plan
        self._pixel_size_nm, self._device = pixel_size_nm, device
        self._image_formats = tuple(name for name in plan.formats if name in IMAGE_EXPORTERS)
        self.sources = tuple(sources)
        self.remarks: list[str] = []
        self._known = project.known()
        self._reasons: dict[Path, str] = {}
        retried = None if retry_failed is True else set(retry_failed or ())
        self.pending = tuple(source for source in self.sources if not self._is_settled(source, retried))
        self._look_for_left_out()

    @classmethod
    def open(
        cls,
        sources: Sequence[NamedInput],
        params: AnalysisParams,
        plan: ExportPlan,
        *,
        pixel_size_nm: float | None = None,
        pixel_sizes: Mapping[Path, PixelSize | None] | None = None,
        device: str = "auto",
        retry_failed: bool | Collection[Path] = False,
        anew: bool = False,
    ) -> Self:
        """Begin a batch in a folder, or go on with the one that is there.

        Parameters
        ----------
        plan : where to, which formats.
        pixel_sizes : what the user says about single images, None where he says nothing; kept in the project file, and what others
            that are not named here said before stays.
        retry_failed : analyse those again that failed before, or these of them; those whose file has changed since are in any case.
        anew : set what is there aside and begin from the first image.

        Raises
        ------
        ParameterError
            The batch in the folder was made with other parameters.
        ProjectError
            Its project file is damaged (and now moved aside), in use, or cannot be made.
        """
        path = plan.out / PROJECT_NAME
        set_aside = moved_aside(path, "-wal", "-shm", because="earlier") if anew and path.exists() else ""
        project = BatchProject.open(path)
        try:
            conditions = conditions_of(params, pixel_size_nm)
            if changed := differences(project.conditions(), conditions):
                raise ParameterError(
                    f"the batch in {plan.out} was made with other parameters ({changed})",
                    hint="choose another --out, give the same parameters, or begin anew with --anew, which sets the old results aside",
                )
            project.set_conditions(conditions)
            _sweep(plan.out)
            project.state_pixel_sizes(pixel_sizes or {})
            batch = cls(project, sources, params, plan, pixel_size_nm=pixel_size_nm, device=device, retry_failed=retry_failed)
        except BaseException:
            project.close()
            raise
        if set_aside:
            batch.remarks.insert(0, f"the earlier batch is set aside.{set_aside}")
        return batch

    @property
    def n_done_before(self) -> int:
        """How many of the images need no analysis."""
        return len(self.sources) - len(self.pending)

    def run(self, engine: Engine, *, cancel: CancelToken = never) -> Iterator[Step]:
        """Analyse what is pending; each image is in the project file, for good, when its step is yielded.

        Raises
        ------
        ExportError
            The disk of the outputs is full or cannot be written any more; nothing of the image in work is kept.
        ProjectError
            The project file cannot be written.
        Cancelled
        """
        place = {source.path: index for index, source in enumerate(self.sources)}
        tasks = [self.task_at(place[source.path]) for source in self.pending]
        for finished in engine(tasks, BATCH_STAGES, cancel):
            yield self.keep(finished.task.source, finished.outcome, finished.seconds)

    def failures(self) -> tuple[FailedFile, ...]:
        """List the images without a result, with the reasons."""
        known = self._project.known()
        failed = [(source, known.get(absolute(source.path))) for source in self.sources]
        return tuple(FailedFile(source.path, image.record.error) for source, image in failed if image and image.record.state == "failed")

    def entries(self, *, even_if_changed: bool = False) -> tuple[list[ReportEntry], dict[str, ImageSample]]:
        """Go through all results once; particles stay in the project file and are read from it for each table.

        Parameters
        ----------
        even_if_changed : also of files that are others by now.

        Returns
        -------
        The report's entries, and for each image the numbers that statistics need.
        """
        known = self._project.known()
        entries, samples = [], {}
        for source in self.sources:
            image = known.get(absolute(source.path))
            if image is None or image.record.state != "done":
                continue
            result = self._load(source, even_if_changed=even_if_changed)
            samples[source.image] = ImageSample.of(result).detached()
            entries.append(self._light(source, result, image.record.shape or (0, 0), even_if_changed=even_if_changed))
        return entries, samples

    def close(self) -> None:
        self._project.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def _is_settled(self, source: NamedInput, retried: Collection[Path] | None) -> bool:
        """Tell whether an image needs no analysis; retried : of the failed ones, all where None."""
        image = self._known.get(absolute(source.path))
        if image is None or image.record.state == "new":
            return False
        if image.record.state == "failed":
            return retried is not None and source.path not in retried and image.failed_fingerprint == Fingerprint.of(source.path)
        if is_other_file(image.record):
            self._reasons[source.path] = "changed since"
        elif image.stem != source.stem or not set(self._image_formats) <= set(image.formats):
            self._reasons[source.path] = "not all of its files were written"
        return source.path not in self._reasons

    def _look_for_left_out(self) -> None:
        """Say what a user might not expect when he goes on with a batch."""
        named = {absolute(source.path) for source in self.sources}
        if left_out := sorted(path.name for path in self._known if path not in named):
            self.remarks.append(f"{_images(left_out)} of the earlier run not among the inputs now and left out of the report")
        for reason in dict.fromkeys(self._reasons.values()):
            again = [path.name for path, why in self._reasons.items() if why == reason]
            self.remarks.append(f"{_images(again)} analysed again: {reason}")

    def is_corrected(self, source: NamedInput) -> bool:
        """Whether the batch holds corrections by hand of an image."""
        image = self._known.get(absolute(source.path))
        return image is not None and image.record.n_edits > 0

    @property
    def project(self) -> BatchProject:
        """The project file."""
        return self._project

    def task_at(self, place: int) -> ImageTask:
        """Say what is to be done with the image at this place of ``sources``."""
        return self.task_of(self.sources[place], pictured=is_pictured(self._plan, place, len(self.sources)))

    def task_of(self, source: NamedInput, *, pictured: bool) -> ImageTask:
        """Say what is to be done with a file of this batch; pictured: whether the report shows a small picture of it."""
        return ImageTask(
            source,
            self._params,
            self._plan.folder_of(source),
            image_formats=self._image_formats,
            pixel_size_nm=self._pixel_size_nm,
            pixel_size=image.record.pixel_size if (image := self._known.get(absolute(source.path))) else None,
            device=self._device,
            with_thumbnail=pictured,
        )

    def keep(self, source: NamedInput, outcome: Made | FailedFile, seconds: Seconds) -> Step:
        """Put what came of an image into the project file, and remove its files of before, if they had another name.

        Raises
        ------
        ExportError
            There is no room for its files; nothing of it is kept.
        ProjectError
            The project file cannot be written.
        """
        if isinstance(outcome, NoRoom):
            raise ExportError(
                outcome.path,
                outcome.reason,
                hint="make room or bring the folder back, and start the same command again: what is finished is kept",
            )
        if isinstance(outcome, FailedFile):
            self._project.save_failure(source.path, outcome.reason, stem=source.stem)
            return Step(source, outcome, seconds)
        stem, formats = self._project.written(source.path)
        self._project.save(source.path, outcome, self._params, stem=source.stem, formats=self._image_formats)
        if stem != source.stem:
            self.remove_files(source, stem, formats)
        return Step(source, None, seconds)

    def remove_files(self, source: NamedInput, stem: str, formats: Sequence[str]) -> None:
        """Remove an image's own files that were written under a stem which is now nobody's; fewer images shared its name then."""
        if not stem or stem in {one.stem for one in self.sources}:
            return
        folder = self._plan.folder_of(replace(source, stem=stem))
        for name in formats:
            for template in IMAGE_FILES.get(name, ()):
                with suppress(OSError):
                    (folder / template.format(stem=stem)).unlink(missing_ok=True)

    def _load(self, source: NamedInput, *, even_if_changed: bool) -> AnalysisResult:
        result = with_statistics_of(self._project.load(source.path, even_if_changed=even_if_changed), self._params)
        # The path as it is given today: it may have been relative to another folder.
        return replace(result, micrograph=replace(result.micrograph, path=source.path))

    def _light(self, source: NamedInput, result: AnalysisResult, shape: tuple[int, int], *, even_if_changed: bool) -> ReportEntry:
        """Make the report's entry of an image, with all but its particles."""
        entry = ReportEntry(result, shape, source.image, source.stem, self._project.thumbnail(source.path))
        stored = StoredParticles(
            load=partial(self._load, source, even_if_changed=even_if_changed),
            n_particles=len(result.particles),
            n_counted=len(result.counted),
            tasks=tasks_of(result),
            row=image_row(entry),
        )
        return replace(entry, result=replace(result, particles=()), stored=stored)


def _images(names: Sequence[str]) -> str:
    few = ", ".join(names[:MOST_NAMED]) + (" ..." if len(names) > MOST_NAMED else "")
    return f"{len(names)} image{' is' if len(names) == 1 else 's are'} ({few})"


def _sweep(out: Path) -> None:
    """Remove the half-written files of a run that was killed; nobody else works in the folder while the project file is ours."""
    for path in out.rglob(f"{TEMPORARY_PREFIX}*"):
        with suppress(OSError):
            path.unlink()
