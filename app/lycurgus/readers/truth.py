"""Masks drawn by hand, to score against: label images, semantic masks, and COCO annotations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage
import tifffile
from numpy.typing import NDArray

from lycurgus.core.errors import LycurgusError, ParameterError, ReadError
from lycurgus.core.types import BBox, Instance

MASK_SUFFIXES = (".png", ".tif", ".tiff", ".bmp")

FEWEST_GREY_VALUES = 20
MOST_PIECES_A_VALUE = 10
"""A particle's number stands in one piece, or a few; the greys of a mask that was saved as JPEG are scattered over its edges."""

MOST_PIXELS = 1 << 30
"""Of a mask: larger images than that are refused by other decoders as well."""


@dataclass(frozen=True, slots=True)
class ParticleValues:
    """Which values of a semantic mask mean particle: those listed, and all above a threshold."""

    listed: tuple[int, ...] = ()
    above: int | None = None

    def of(self, labels: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return where a mask means particle, (H, W) bool."""
        chosen = np.isin(labels, self.listed)
        return chosen if self.above is None else chosen | (labels > self.above)

    @classmethod
    def parse(cls, text: str) -> ParticleValues:
        """Read "2", "1,2" or ">127".

        Raises
        ------
        ParameterError
            It is none of these.
        """
        try:
            if text.strip().startswith(">"):
                return cls(above=int(text.strip()[1:]))
            return cls(tuple(int(value) for value in text.split(",")))
        except ValueError as error:
            raise ParameterError(f"'{text}' is not a list of whole numbers", hint="write for instance 2, 1,2 or '>127'") from error


@dataclass(frozen=True, slots=True, eq=False)
class CocoTruth:
    """What a COCO file says of one image.

    Attributes
    ----------
    path, name : the COCO file, and the image's name in it.
    shape : (H, W) that the file states; nothing is decoded before it is known to be that of the image.
    annotations : as they stand in the file, without crowds.
    crowds : the annotations marked "iscrowd": areas where nobody told one particle from the next.
    """

    path: Path
    name: str
    shape: tuple[int, int]
    annotations: tuple[Mapping[str, Any], ...]
    crowds: tuple[Mapping[str, Any], ...] = ()

    def instances(self) -> list[Instance]:
        """Decode the annotations: polygons and RLE, compressed or not; instances may overlap, and those without a pixel are left out.

        Raises
        ------
        ReadError
            An annotation is damaged, or drawn for an image of another size.
        """
        return self._decoded(self.annotations)

    def crowd_areas(self) -> list[Instance]:
        """Decode the crowds as ``instances`` does the particles."""
        return self._decoded(self.crowds)

    def _decoded(self, annotations: Sequence[Mapping[str, Any]]) -> list[Instance]:
        found = []
        for annotation in annotations:
            which = f"annotation {annotation.get('id', '')} of {self.name}"
            try:
                found.append(_instance(annotation, self.shape))
            except LycurgusError as error:
                raise ReadError(self.path, f"{which} {error}") from error
            except Exception as error:
                raise ReadError(self.path, f"{which} cannot be decoded", hint=f"{type(error).__name__}: {error}") from error
        return [instance for instance in found if instance is not None]


def read_labels(path: Path) -> NDArray[np.int64]:
    """Read a mask of whole numbers, 0 for background.

    A colour image counts each colour as one value, black as background.

    Raises
    ------
    ReadError
        No readable mask, or values that are no whole numbers.
    """
    try:
        labels = (
            _read_tiff(path)
            if path.suffix.lower() in (".tif", ".tiff")
            else cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
        )
    except ReadError:
        raise
    except Exception as error:
        raise ReadError(path, "is not a readable mask", hint=f"{type(error).__name__}: {error}") from error
    if labels is None or labels.size == 0:
        raise ReadError(path, "is not a readable mask")
    if labels.ndim == 3 and labels.shape[2] in (3, 4):
        colours = labels[..., :3].astype(np.int64)
        labels = colours[..., 0] << 16 | colours[..., 1] << 8 | colours[..., 2]
    if labels.ndim != 2 or not np.array_equal(labels, np.trunc(labels)):
        raise ReadError(path, "is not a mask of whole numbers in one plane")
    return labels.astype(np.int64)


def _read_tiff(path: Path) -> NDArray[Any]:
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        if page.imagelength * page.imagewidth > MOST_PIXELS:
            raise ReadError(path, f"says that it has {page.imagewidth} x {page.imagelength} px, too many for a mask")
    return np.asarray(tifffile.imread(path))


def find_masks(folder: Path) -> tuple[Path, ...]:
    """List the masks of a folder.

    Raises
    ------
    LycurgusError
        The folder does not exist or holds no masks.
    """
    if not folder.is_dir():
        raise LycurgusError(f"there is no folder of masks at {folder}")
    masks = tuple(path for path in sorted(folder.iterdir()) if path.suffix.lower() in MASK_SUFFIXES)
    if not masks:
        raise LycurgusError(f"the folder {folder} holds no masks", hint=f"masks are {', '.join(MASK_SUFFIXES)} files")
    return masks


def read_coco(path: Path) -> dict[str, CocoTruth]:
    """Read what a COCO file says of its images, by file name; crowds, which are no single particles, are kept apart.

    Raises
    ------
    ReadError
        The file is damaged, is no COCO file, or has two images of one name.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        annotations: dict[Any, list[Mapping[str, Any]]] = {image["id"]: [] for image in document["images"]}
        crowds: dict[Any, list[Mapping[str, Any]]] = {image["id"]: [] for image in document["images"]}
        for annotation in document["annotations"]:
            (crowds if annotation.get("iscrowd") else annotations)[annotation["image_id"]].append(annotation)
        found: dict[str, CocoTruth] = {}
        for image in document["images"]:
            name, shape = str(image["file_name"]), (int(image["height"]), int(image["width"]))
            if name in found:
                raise ReadError(path, f"has two images that are called {name}")
            found[name] = CocoTruth(path, name, shape, tuple(annotations[image["id"]]), tuple(crowds[image["id"]]))
        return found
    except OSError as error:
        raise ReadError(path, f"cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError, MemoryError) as error:
        raise ReadError(path, "is not a COCO file", hint=f"{type(error).__name__}: {error}") from error


def names_classes(labels: NDArray[np.int64]) -> bool:
    """Tell a mask that names classes from one that numbers particles, which has about as many values as separate regions.

    Raises
    ------
    LycurgusError
        It does neither: a grey picture of a mask, saved as JPEG perhaps.
    """
    values = np.count_nonzero(np.unique(labels))
    regions = cv2.connectedComponents((labels != 0).astype(np.uint8))[0] - 1
    if values > FEWEST_GREY_VALUES and (pieces := _pieces_of_one_value(labels)) > MOST_PIECES_A_VALUE * values:
        raise LycurgusError(f"holds {values} values in {pieces:,} pieces: it neither numbers particles nor names classes")
    return bool(regions > 2 * values)


def _pieces_of_one_value(labels: NDArray[np.int64]) -> int:
    """Count connected pieces of equal value, background left out."""
    _, pieces = skimage.measure.label(labels, background=0, connectivity=2, return_num=True)  # type: ignore[no-untyped-call]
    return int(pieces)


def _instance(annotation: Mapping[str, Any], shape: tuple[int, int]) -> Instance | None:
    """Decode one annotation; None where it covers no pixel."""
    from pycocotools import mask as coco_mask

    segmentation = annotation["segmentation"]
    if isinstance(segmentation, Sequence) and not segmentation:
        return None
    if isinstance(segmentation, Mapping):
        _check_rle(segmentation, shape)
    if isinstance(segmentation, Mapping) and isinstance(segmentation["counts"], str | bytes):
        rle = {**segmentation, "counts": _as_bytes(segmentation["counts"])}
    else:
        encoded = coco_mask.frPyObjects(segmentation, *shape)
        rle = coco_mask.merge(encoded) if isinstance(encoded, list) else encoded
    x, y, width, height = (int(value) for value in np.round(coco_mask.toBbox(rle)))
    if width == 0 or height == 0:
        return None
    box = BBox(y, x, y + height, x + width)
    score = annotation.get("score")
    return Instance(box, coco_mask.decode(rle)[box.slices].astype(bool), float("nan") if score is None else float(score))


def _check_rle(segmentation: Mapping[str, Any], shape: tuple[int, int]) -> None:
    """Refuse what the decoder, written in C, would read beyond its memory or wrap around."""
    height, width = segmentation["size"]
    if (height, width) != shape:
        raise LycurgusError(f"is drawn for an image of {height} x {width} px, its image has {shape[0]} x {shape[1]}")
    counts = segmentation["counts"]
    if isinstance(counts, str | bytes):
        return
    if any(not isinstance(count, int) or count < 0 for count in counts) or sum(counts) != height * width:
        raise LycurgusError(f"has counts that do not add up to the {height * width} pixels of its image")


def _as_bytes(counts: str | bytes) -> bytes:
    return counts if isinstance(counts, bytes) else counts.encode("ascii")
