"""A folder of images with their truth as a data set: the layout and the kind of truth are recognised, images are read when asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

import numpy as np

from lycurgus.core.errors import LycurgusError, ReadError
from lycurgus.core.types import Mask, Plane
from lycurgus.readers.door import read
from lycurgus.readers.truth import ParticleValues
from lycurgus_train.data.layout import Kind, find_truths
from lycurgus_train.data.truths import Known, Truth
from lycurgus_train.labelled import LabelledImage


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One image of a data set and its truth, both unread.

    Attributes
    ----------
    name : stem of the file, with as many folders before it as make it unique.
    group : what must stay on one side of a split; the name where nothing better is known.
    """

    name: str
    image: Path
    truth: Truth
    group: str

    def load(self) -> LabelledImage:
        """Read the image and its truth.

        Raises
        ------
        ReadError
            Either is missing, damaged, or not of the other's size.
        """
        return self.load_with_remarks()[0]

    def load_with_remarks(self) -> tuple[LabelledImage, tuple[str, ...]]:
        """Read as ``load`` does, and also return what a user may want to know, sentences."""
        pixels = read(self.image).pixels
        height, width = pixels.shape
        known = self.truth.read((height, width))
        valued = np.isfinite(pixels)
        if valued.all():
            return _labelled(self, pixels, known), known.remarks
        if not valued.any():
            raise ReadError(self.image, "has no pixel with a value")
        remark = f"pixels without a value, which are ignored: {valued.size - np.count_nonzero(valued):,}"
        return _labelled(self, *_filled(pixels, valued, known)), (*known.remarks, remark)


class DataSet(Sequence[LabelledImage]):
    """Images with truth, read when they are asked for.

    Attributes
    ----------
    folder : where it was found.
    kind : of the truth: "masks", "semantic", "coco" or "yolo".
    entries : the images that have a truth.
    problems : what is missing, sentences; ``check`` reports them with what is wrong inside the files.
    """

    def __init__(self, folder: Path, kind: Kind, entries: Iterable[Entry], problems: Iterable[str] = ()) -> None:
        self.folder = folder
        self.kind = kind
        self.entries = tuple(entries)
        self.problems = tuple(problems)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(entry.name for entry in self.entries)

    @property
    def title(self) -> str:
        return str(self.folder)

    def __len__(self) -> int:
        return len(self.entries)

    @overload
    def __getitem__(self, index: int) -> LabelledImage: ...
    @overload
    def __getitem__(self, index: slice) -> DataSet: ...
    def __getitem__(self, index: int | slice) -> LabelledImage | DataSet:
        """Read one image; a slice is a data set of those images, still unread."""
        if isinstance(index, slice):
            return DataSet(self.folder, self.kind, self.entries[index], self.problems)
        return self.entries[index].load()

    def only(self, names: Iterable[str]) -> DataSet:
        """Return the data set of the images that are called so: one side of a split for instance."""
        wanted = set(names)
        return DataSet(self.folder, self.kind, (entry for entry in self.entries if entry.name in wanted), self.problems)

    def grouped(self, groups: Mapping[str, str]) -> DataSet:
        """Return the data set with groups by name; images that are not named keep theirs."""
        entries = (replace(entry, group=groups.get(entry.name, entry.group)) for entry in self.entries)
        return DataSet(self.folder, self.kind, entries, self.problems)


def load_folder(
    path: Path | str, *, kind: Kind | None = None, images: Path | str | None = None, particle_values: ParticleValues | None = None
) -> DataSet:
    """Find the images of a folder and their truth.

    Layouts that are recognised: ``images/`` beside ``masks/`` or ``labels/`` (masks) or ``boxes/`` or ``labels/`` (YOLO text
    files); images and masks side by side, the masks called as the image with a suffix such as ``_mask``; a COCO file (``*.json``)
    in the folder or in ``annotations/``; what Lycurgus exports as training data. A COCO file goes before masks, since it keeps overlaps.

    Parameters
    ----------
    path : the folder, or a COCO file.
    kind : "masks" (values number particles), "semantic" (values name classes), "coco" or "yolo"; recognised where None.
    images : where the images are, if elsewhere.
    particle_values : of a semantic mask; all but 0 where None; given, masks are taken for semantic ones.

    Raises
    ------
    LycurgusError
        There is no such folder, no image or no truth in it, or more than one truth that could be meant.
    """
    folder = Path(path)
    found = find_truths(folder, kind=kind, images=None if images is None else Path(images), particle_values=particle_values)
    if not found.pairs:
        first = f": {found.problems[0]}" if found.problems else ""
        raise LycurgusError(f"no image of {folder} has a truth{first}", hint="see docs/training-data.md for the layouts that are known")
    names = _unique_names([image for image, _ in found.pairs])
    entries = (Entry(name, image, truth, name) for name, (image, truth) in zip(names, found.pairs, strict=True))
    return DataSet(folder, found.kind, entries, found.problems)


def _filled(pixels: Plane, valued: Mask, known: Known) -> tuple[Plane, Known]:
    """Give pixels without a value a harmless one, and note that nothing is known there."""
    filled: Plane = np.where(valued, pixels, np.median(pixels[valued])).astype(pixels.dtype)
    return filled, replace(known, ignore=~valued if known.ignore is None else known.ignore | ~valued)


def _labelled(entry: Entry, pixels: Plane, known: Known) -> LabelledImage:
    return LabelledImage(
        name=entry.name,
        pixels=pixels,
        instances=known.instances,
        boxes=known.boxes,
        foreground=known.foreground,
        ignore=known.ignore,
        group=entry.group,
    )


def _unique_names(images: Sequence[Path]) -> list[str]:
    """Call each image by its stem; where two share one, by the file name, and where that is not enough, with its folder."""
    stems, files = Counter(image.stem for image in images), Counter(image.name for image in images)
    return [
        image.stem if stems[image.stem] == 1 else image.name if files[image.name] == 1 else f"{image.parent.name}/{image.name}"
        for image in images
    ]
