"""Masks drawn by hand, to score against: label images, semantic masks, and COCO annotations."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

from lycurgus.core.errors import LycurgusError, ReadError
from lycurgus.core.types import BBox, Instance

MASK_SUFFIXES = (".png", ".tif", ".tiff", ".bmp")


@dataclass(frozen=True, slots=True, eq=False)
class CocoTruth:
    """Instances of one image of a COCO file; they may overlap."""

    shape: tuple[int, int]
    instances: tuple[Instance, ...]


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
            tifffile.imread(path)
            if path.suffix.lower() in (".tif", ".tiff")
            else cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
        )
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


def find_masks(folder: Path) -> dict[str, Path]:
    """Map file stems to the masks of a folder.

    Raises
    ------
    LycurgusError
        The folder does not exist or holds no masks.
    """
    if not folder.is_dir():
        raise LycurgusError(f"there is no folder of masks at {folder}")
    masks = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in MASK_SUFFIXES}
    if not masks:
        raise LycurgusError(f"the folder {folder} holds no masks", hint=f"masks are {', '.join(MASK_SUFFIXES)} files")
    return masks


def read_coco(path: Path) -> dict[str, CocoTruth]:
    """Read the instances of a COCO file by image file name; polygons and RLE, compressed or not, crowds left out.

    Raises
    ------
    ReadError
        The file is damaged or is no COCO file.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        shapes = {image["id"]: (int(image["height"]), int(image["width"])) for image in document["images"]}
        instances: dict[Any, list[Instance]] = defaultdict(list)
        for annotation in document["annotations"]:
            if annotation.get("iscrowd") and not isinstance(annotation["segmentation"], Mapping):
                continue
            instance = _instance(annotation, shapes[annotation["image_id"]])
            if instance is not None:
                instances[annotation["image_id"]].append(instance)
        return {image["file_name"]: CocoTruth(shapes[image["id"]], tuple(instances[image["id"]])) for image in document["images"]}
    except OSError as error:
        raise ReadError(path, f"cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise ReadError(path, "is not a COCO file", hint=f"{type(error).__name__}: {error}") from error


def _instance(annotation: Mapping[str, Any], shape: tuple[int, int]) -> Instance | None:
    """Decode one annotation; None where it covers no pixel."""
    from pycocotools import mask as coco_mask

    segmentation = annotation["segmentation"]
    if isinstance(segmentation, Sequence) and not segmentation:
        return None
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


def _as_bytes(counts: str | bytes) -> bytes:
    return counts if isinstance(counts, bytes) else counts.encode("ascii")
