"""The images that a run learns from, checked and prepared before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from lycurgus.core.errors import ParameterError
from lycurgus_train.config import Source, TrainConfig
from lycurgus_train.data.pool import INDEX, Pool
from lycurgus_train.data.splits import read_split
from lycurgus_train.labelled import LabelledImage
from lycurgus_train.store import Prepared, prepare

SHIPPED_SPLITS = Path(__file__).parent / "splits"


def load_sources(sources: Sequence[Source], *, quiet: bool = False) -> list[tuple[float, list[Prepared]]]:
    """Read and prepare every image of the sources.

    Raises
    ------
    ParameterError
        A source holds no image, or its split names none of them.
    ReadError
        An image or its truth cannot be read.
    """
    prepared = []
    for source in sources:
        images = open_source(source)
        if not len(images):
            raise ParameterError(f"{source.path} holds no image of the part '{source.part}'")
        prepared.append((source.weight, [prepare(image) for image in tqdm(images, desc=source.path.name, disable=quiet)]))
    return prepared


def open_source(source: Source) -> Sequence[LabelledImage]:
    """Open a source without reading its images."""
    images = _opened(source.path)
    if source.split is None or source.part == "all":
        return images
    shipped = SHIPPED_SPLITS / f"{source.split}.json"
    split = read_split(shipped if shipped.exists() else Path(source.split))
    return images.only(split.train if source.part == "train" else split.validation)


def check_crops(config: TrainConfig) -> None:
    """Refuse crops that the network cannot halve as often as it has levels.

    Raises
    ------
    ParameterError
    """
    stride = 2 ** len(config.network.widths)
    if config.crops.crop_px % stride:
        raise ParameterError(
            f"crops.crop_px is {config.crops.crop_px}, but {len(config.network.widths)} levels need a multiple of {stride}"
        )


def _opened(path: Path) -> Pool:
    if (path / INDEX).exists():
        return Pool(path)
    from lycurgus_train.data import load_folder

    return load_folder(path)
