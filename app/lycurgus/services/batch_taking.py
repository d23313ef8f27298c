"""Results that the window has already, corrected by hand perhaps, taken into a batch: so that both say the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lycurgus.core.errors import ExportError, ReadError
from lycurgus.core.history import History, edited_result
from lycurgus.core.progress import CancelToken, never
from lycurgus.core.types import AnalysisResult, ModelUsed
from lycurgus.services.analysis import export_image
from lycurgus.services.batch import Batch, Made, Step, no_room
from lycurgus.services.batch_project import PackedImage, packed_picture
from lycurgus.services.export import with_pixels
from lycurgus.services.fingerprint import Fingerprint
from lycurgus.services.flow import ImageTask, Seconds
from lycurgus.services.project_records import PackedResult


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """A result of the parameters of the batch, as analysed and without pixels, and the corrections on top of it."""

    result: AnalysisResult
    history: History


def take_over(batch: Batch, given: Mapping[Path, Given], *, cancel: CancelToken = never) -> Iterator[Step]:
    """Keep results that the batch lacks, or whose corrections are others, and write their files; these are not pending any more.

    What cannot be taken over stays as it is: its file is another one by now or cannot be read, or another version of the network found
    its particles.

    Raises
    ------
    ExportError, ProjectError, Cancelled
        As ``Batch.run`` does.
    """
    lacking = {source.path for source in batch.pending}
    taken: set[Path] = set()
    network = str(batch.project.conditions().get("network", ""))
    try:
        for place, source in enumerate(batch.sources):
            one = given.get(source.path)
            if one is None or not (source.path in lacking or one.history.n_edits or batch.is_corrected(source)):
                continue
            if network and not any(_is(model, network) for model in one.result.provenance.models):
                continue
            cancel.check()
            try:
                made = _made(batch.task_at(place), one)
            except ReadError:
                continue
            step = batch.keep(source, made, Seconds())
            taken.add(source.path)
            yield step
    finally:
        batch.pending = tuple(source for source in batch.pending if source.path not in taken)


def _is(model: ModelUsed, network: str) -> bool:
    """Tell whether a model is the one that the conditions of a batch name."""
    return network.startswith(f"{model.name} {model.version} ") and model.sha256[:12] in network


def _made(task: ImageTask, given: Given) -> Made:
    fingerprint = Fingerprint.of(task.source.path)
    corrected = with_pixels(edited_result(given.result, given.history))
    try:
        entry = export_image(corrected, task.source, task.out, task.image_formats, with_thumbnail=task.with_thumbnail)
    except ExportError as error:
        return no_room(error)
    packed = PackedResult.of(given.result, given.history, fingerprint, entry.shape)
    return PackedImage(packed, packed_picture(entry.thumbnail))
