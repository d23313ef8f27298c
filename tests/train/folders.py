"""Folders of labelled images as users have them, for tests of what training makes of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

from lycurgus.core.types import Instance
from lycurgus.exporters.coco import run_length_code
from shapes import disc

SHAPE = (60, 80)
DISCS = (disc(SHAPE, (20, 20), 20), disc(SHAPE, (40, 50), 30), disc(SHAPE, (10, 70), 12))


def picture(seed: int = 0, shape: tuple[int, int] = SHAPE) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def labels_of(masks: Sequence[NDArray[np.bool_]], dtype: Any = np.uint8, values: Sequence[int] | None = None) -> NDArray[Any]:
    labels = np.zeros(SHAPE, dtype)
    for value, mask in zip(values or range(1, len(masks) + 1), masks, strict=True):
        labels[mask] = value
    return labels


def save(path: Path, pixels: NDArray[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".tif":
        tifffile.imwrite(path, pixels, photometric="minisblack")
    else:
        path.write_bytes(cv2.imencode(path.suffix, pixels)[1].tobytes())
    return path


def full(instance: Instance, shape: tuple[int, int] = SHAPE) -> NDArray[np.bool_]:
    mask = np.zeros(shape, bool)
    mask[instance.bbox.slices] = instance.mask
    return mask


def same_masks(instances: Sequence[Instance], masks: Sequence[NDArray[np.bool_]]) -> bool:
    return len(instances) == len(masks) and all(np.array_equal(full(one), mask) for one, mask in zip(instances, masks, strict=True))


def rle(instance: Instance, **more: Any) -> dict[str, Any]:
    return {"segmentation": run_length_code(instance, SHAPE), "iscrowd": 0, **more}


def save_coco(path: Path, images: Mapping[str, Sequence[dict[str, Any]]], shape: tuple[int, int] = SHAPE) -> Path:
    rows = [{"id": number, "file_name": name, "height": shape[0], "width": shape[1]} for number, name in enumerate(images, start=1)]
    annotations = [
        {"id": 100 * image + number, "image_id": image, "category_id": 1, **annotation}
        for image, annotated in enumerate(images.values(), start=1)
        for number, annotation in enumerate(annotated)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"images": rows, "annotations": annotations, "categories": [{"id": 1, "name": "particle"}]}))
    return path


def good_folder(folder: Path, n: int = 3) -> Path:
    """A folder of ``n`` images with three particles each."""
    for number in range(n):
        save(folder / "images" / f"{number}.png", picture(number))
        save(folder / "masks" / f"{number}.png", labels_of(DISCS))
    return folder
