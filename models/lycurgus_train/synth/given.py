"""The images that synthesis starts from, as they stand on the disk: a folder of pairs, or one image with its mask."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.errors import LycurgusError, ReadError
from lycurgus.core.overlap import instances_from_labels
from lycurgus.core.types import Plane
from lycurgus.readers.discover import find_files
from lycurgus.readers.door import read
from lycurgus.readers.truth import ParticleValues, names_classes, read_labels
from lycurgus_train.data.folder import Entry, load_folder
from lycurgus_train.data.layout import Kind
from lycurgus_train.data.truths import LabelMask, SemanticMask
from lycurgus_train.labelled import LabelledImage


def read_pair(image: Path, mask: Path) -> LabelledImage:
    """Read one image and its mask; a mask that only says particle or not gives one particle for each connected part.

    Raises
    ------
    ReadError
        A file is missing or damaged, or the mask is of another size than the image.
    """
    labels = read_labels(mask)
    try:
        semantic = names_classes(labels)
    except LycurgusError as error:
        raise ReadError(mask, str(error), hint="give a mask whose values number the particles") from error
    truth = SemanticMask(mask) if semantic else LabelMask(mask)
    return with_instances(Entry(image.stem, image, truth, image.stem).load())


def read_folder(
    folder: Path, *, kind: Kind | None = None, images: Path | None = None, particle_values: ParticleValues | None = None
) -> tuple[LabelledImage, ...]:
    """Read all pairs of a folder into memory; see ``lycurgus_train.data.folder.load_folder`` for what is understood.

    Raises
    ------
    LycurgusError
        There is no such folder or nothing usable in it, or a file in it is damaged or of the wrong size.
    """
    data = load_folder(folder, kind=kind, images=images, particle_values=particle_values)
    return tuple(with_instances(image) for image in data)


def with_instances(image: LabelledImage) -> LabelledImage:
    """Return an image of which only the foreground is known with one instance for each connected part of it (8 neighbours)."""
    if image.foreground is None or image.instances:
        return image
    _, labels = cv2.connectedComponents(image.foreground.astype(np.uint8), connectivity=8)
    return replace(image, instances=instances_from_labels(np.asarray(labels, dtype=np.int32)))


def read_probabilities(folder: Path, names: tuple[str, ...]) -> dict[str, NDArray[np.float32]]:
    """Read foreground probabilities, one picture for each image of the same name; integers are shares of their type's largest value.

    Raises
    ------
    LycurgusError
        There is no such folder, or none of its files is called as an image.
    """
    if not folder.is_dir():
        raise LycurgusError(f"there is no folder {folder}", hint="check the name")
    files = [path for path in find_files([folder]) if path.stem in names]
    if not files:
        raise LycurgusError(f"no file in {folder} is called as one of the images", hint="a probability is called as its image")
    return {path.stem: _as_shares(read(path).pixels) for path in files}


def _as_shares(pixels: Plane) -> NDArray[np.float32]:
    if np.issubdtype(pixels.dtype, np.integer):
        pixels = pixels / np.float64(np.iinfo(pixels.dtype).max)
    return np.asarray(pixels, dtype=np.float32)
