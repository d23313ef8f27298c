"""The images that a run learns from, checked and prepared before it starts."""

from __future__ import annotations

from collections.abc import Sequence

from lycurgus.core.errors import ParameterError
from lycurgus.core.progress import Progress, silent
from lycurgus_train.config import Source, TrainConfig
from lycurgus_train.data.check import Checked, check_before_training
from lycurgus_train.data.folder import DataSet, load_folder
from lycurgus_train.data.pool import INDEX, Pool
from lycurgus_train.data.splits import read_split
from lycurgus_train.store import Prepared, prepare


def check_sources(config: TrainConfig, *, progress: Progress = silent) -> list[str]:
    """Read every image that a run will learn from or be validated with, and find out what is wrong before anything is trained.

    Returns
    -------
    What is allowed but worth a look, sentences.

    Raises
    ------
    DataError
        Files are missing, damaged or of another size than their image, or the data contradict themselves; it lists every problem.
    ParameterError
        A source holds no image of its part, or the images do not tell what the network's head is to learn.
    LycurgusError
        A folder is no data set at all, or a split speaks of other images.
    """
    found = check_sides(config.train, config.validation, progress=progress)
    if config.network.head != "semantic" and not any(checked.n_instances + checked.n_boxes for checked in found[0]):
        raise ParameterError(
            f"a network with the head '{config.network.head}' learns from particles, and no image tells one from another",
            hint="number the particles in the masks, one value each; masks that only say particle or not are enough for "
            "--set 'network.head=\"semantic\"'",
        )
    return [note for side in found for checked in side for note in checked.notes]


def check_sides(
    train: Sequence[Source], validation: Sequence[Source], *, progress: Progress = silent
) -> tuple[list[Checked], list[Checked]]:
    """Read what is learnt from and what is held out, and find out what is wrong with either or with both together.

    Raises
    ------
    DataError, ParameterError, LycurgusError
        As for ``check_sources``.
    """
    trained, held_out = _opened(train), _opened(validation)
    missing = [
        sentence for source, images in zip((*train, *validation), (*trained, *held_out), strict=True) for sentence in absent(source, images)
    ]
    return check_before_training(trained, held_out, problems=missing, progress=progress)


def load_sources(sources: Sequence[Source], *, progress: Progress = silent) -> list[tuple[float, list[Prepared]]]:
    """Read and prepare every image of the sources.

    Raises
    ------
    ParameterError
        A source holds no image of its part.
    LycurgusError
        A folder, a split, an image or its truth cannot be read.
    """
    return [
        (source.weight, _prepared(images, f"read {source.path.name}", progress))
        for source, images in zip(sources, _opened(sources), strict=True)
    ]


def open_source(source: Source) -> DataSet | Pool:
    """Open a source, or its part by a split, without reading its images.

    Raises
    ------
    LycurgusError
        It is neither a pool nor a folder of images with their truth, or its split cannot be read or does not know all of its images.
    """
    images: DataSet | Pool = Pool(source.path) if (source.path / INDEX).exists() else load_folder(source.path)
    if source.split is None or source.part == "all":
        return images
    split = read_split(source.split)
    split.check(images.names)
    return images.only(split.side(source.part))


def _opened(sources: Sequence[Source]) -> list[DataSet | Pool]:
    opened = [open_source(source) for source in sources]
    for source, images in zip(sources, opened, strict=True):
        if not len(images):
            raise ParameterError(f"{source.path} holds no image of the part '{source.part}'")
    return opened


def absent(source: Source, images: DataSet | Pool) -> list[str]:
    """Say which images a split promises that are not there."""
    if source.split is None or source.part == "all":
        return []
    return [f"{source.path}: {sentence} ({source.split})" for sentence in read_split(source.split).absent(images.names, source.part)]


def _prepared(images: DataSet | Pool, stage: str, progress: Progress) -> list[Prepared]:
    prepared = []
    for number, image in enumerate(images):
        progress(stage, number, len(images))
        prepared.append(prepare(image))
    return prepared
