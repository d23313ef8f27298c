"""Labelled images packed for training: one small file an image, read at random without decoding any picture format."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.errors import LycurgusError, ReadError
from lycurgus.core.progress import Progress, silent
from lycurgus.core.types import BBox, Instance
from lycurgus.exporters.atomic import replacing
from lycurgus_train.labelled import LabelledImage

FORMAT = 1
INDEX = "pool.json"


@dataclass(frozen=True, slots=True)
class PoolEntry:
    """What is known of an image of a pool without reading it."""

    path: Path
    name: str
    group: str
    kind: str
    shape: tuple[int, int]
    n_particles: int

    def load_with_remarks(self) -> tuple[LabelledImage, tuple[str, ...]]:
        """Read the image; what there was to remark was remarked when it was packed."""
        return load_labelled(self.path), ()


class Pool(Sequence[LabelledImage]):
    """Images that were packed by ``write_pool``, of one folder or of several, one after the other.

    Reading is safe from several threads and processes at once: nothing is kept open, nothing is cached.

    Parameters
    ----------
    folders : each written by ``write_pool``.

    Attributes
    ----------
    entries : the images, unread.
    problems : none, as a data set has them: what is packed was read.

    Raises
    ------
    ReadError
        A folder is no finished pool.
    """

    def __init__(self, *folders: Path | str) -> None:
        self.entries: tuple[PoolEntry, ...] = tuple(entry for folder in folders for entry in _read_index(Path(folder)))
        self.problems: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(entry.name for entry in self.entries)

    @property
    def title(self) -> str:
        return ", ".join(dict.fromkeys(str(entry.path.parent) for entry in self.entries))

    def __len__(self) -> int:
        return len(self.entries)

    @overload
    def __getitem__(self, index: int) -> LabelledImage: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[LabelledImage]: ...
    def __getitem__(self, index: int | slice) -> LabelledImage | Sequence[LabelledImage]:
        """Read one image; a slice is a pool of those images, still unread."""
        if isinstance(index, slice):
            return self._of(self.entries[index])
        return load_labelled(self.entries[index].path)

    def __add__(self, other: Pool) -> Pool:
        return self._of((*self.entries, *other.entries))

    def only(self, names: Iterable[str]) -> Pool:
        """Return the pool of the images that are called so, in the order of this pool."""
        wanted = set(names)
        return self._of(tuple(entry for entry in self.entries if entry.name in wanted))

    @staticmethod
    def _of(entries: tuple[PoolEntry, ...]) -> Pool:
        part = Pool()
        part.entries = entries
        return part


def write_pool(images: Iterable[LabelledImage], folder: Path, *, progress: Progress = silent) -> Pool:
    """Pack images into a new folder; the index comes last, so that an interrupted pool is not taken for a whole one.

    Raises
    ------
    LycurgusError
        The folder holds a pool already.
    ExportError
        It cannot be written.
    """
    check_free(folder)
    total = len(images) if isinstance(images, Sequence) else 0
    rows = []
    for number, image in enumerate(images):
        progress("pack", number, total)
        file = f"{number:06d}.npz"
        save_labelled(folder / file, image)
        facts = {"name": image.name, "group": image.group, "kind": image.kind, "shape": list(image.shape)}
        rows.append({"file": file, **facts, "n_particles": len(image.instances) + len(image.boxes)})
    with replacing(folder / INDEX) as temporary:
        temporary.write_text(json.dumps({"format": FORMAT, "images": rows}), encoding="utf-8")
    return Pool(folder)


def check_free(folder: Path) -> None:
    """Make sure, before any work, that a folder holds no pool yet.

    Raises
    ------
    LycurgusError
        It does.
    """
    if (folder / INDEX).exists():
        raise LycurgusError(f"{folder} holds a pool already", hint="delete it, or choose another folder")


def save_labelled(path: Path, image: LabelledImage) -> None:
    """Write one image with its truth, not compressed: reading is what has to be fast.

    Raises
    ------
    ExportError
        The file cannot be written.
    """
    arrays: dict[str, NDArray[Any]] = {
        "pixels": image.pixels,
        "names": np.array([image.name, image.group, image.kind]),
        "boxes": image.boxes,
        "instance_boxes": np.array([instance.bbox for instance in image.instances], np.int32).reshape(-1, 4),
        "instance_bits": np.concatenate([np.zeros(0, np.uint8), *(np.packbits(instance.mask) for instance in image.instances)]),
        "instance_scores": np.array([instance.score for instance in image.instances], np.float64),
        "instance_flags": np.array([",".join(sorted(instance.flags)) for instance in image.instances], np.str_),
    }
    for name, mask in (("foreground", image.foreground), ("ignore", image.ignore)):
        if mask is not None:
            arrays[name] = np.packbits(mask)
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def load_labelled(path: Path) -> LabelledImage:
    """Read what ``save_labelled`` wrote, exactly as it was.

    Raises
    ------
    ReadError
        The file is gone, damaged, or something else.
    """
    try:
        # NumPy leaves a file open that it opened itself and could not read.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        pixels = arrays["pixels"]
        name, group, kind = arrays["names"].tolist()
        return LabelledImage(
            name=name,
            pixels=pixels,
            instances=tuple(_instances(arrays)),
            boxes=arrays["boxes"],
            foreground=_mask(arrays.get("foreground"), pixels.shape),
            ignore=_mask(arrays.get("ignore"), pixels.shape),
            group=group,
            kind=kind,
        )
    except Exception as error:
        raise ReadError(path, "is no packed image that can be read", hint=f"{type(error).__name__}: {error}") from error


def _instances(arrays: dict[str, NDArray[Any]]) -> Iterator[Instance]:
    bits, start = arrays["instance_bits"], 0
    for corners, score, flags in zip(
        arrays["instance_boxes"].tolist(), arrays["instance_scores"].tolist(), arrays["instance_flags"].tolist(), strict=True
    ):
        box = BBox(*corners)
        end = start + (box.height * box.width + 7) // 8
        mask = np.unpackbits(bits[start:end], count=box.height * box.width).astype(bool).reshape(box.height, box.width)
        yield Instance(box, mask, score, frozenset(flags.split(",")) if flags else frozenset())
        start = end


def _mask(bits: NDArray[np.uint8] | None, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    if bits is None:
        return None
    return np.unpackbits(bits, count=shape[0] * shape[1]).astype(bool).reshape(shape)


def _read_index(folder: Path) -> Iterator[PoolEntry]:
    path = folder / INDEX
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise ReadError(path, f"is a pool of format {document['format']}, this version knows {FORMAT}")
        for row in document["images"]:
            height, width = row["shape"]
            yield PoolEntry(folder / row["file"], row["name"], row["group"], row["kind"], (height, width), row["n_particles"])
    except OSError as error:
        raise ReadError(path, f"cannot be read, {folder} is no finished pool", hint="pack it again") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ReadError(path, "is not the index of a pool", hint="pack it again") from error
