"""Labelled images on the disk: TIFF pairs that any tool reads, and one COCO file that keeps what a label image cannot, overlaps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import tifffile
from numpy.typing import NDArray

from lycurgus import __version__
from lycurgus.core.errors import ExportError
from lycurgus.core.progress import Progress, silent
from lycurgus.core.types import BBox, Instance
from lycurgus.exporters.atomic import HINT, replacing
from lycurgus.exporters.coco import run_length_code
from lycurgus_train.labelled import LabelledImage

IMAGES, MASKS, COCO = "images", "masks", "annotations.coco.json"

Labels = NDArray[np.uint16] | NDArray[np.uint32]


def check_output(out: Path) -> None:
    """Make sure, before any work, that a data set can be written there and mixes with no other.

    Raises
    ------
    ExportError
        The folder holds a data set already, or cannot be made or written to.
    """
    try:
        if any(path.exists() and (path.is_file() or any(path.iterdir())) for path in (out / IMAGES, out / MASKS, out / COCO)):
            raise ExportError(out, "holds a data set already", hint="give an empty or new folder")
        (out / IMAGES).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(out, (error.strerror or str(error)).lower(), hint=HINT) from error


def write_data_set(images: Iterable[LabelledImage], out: Path, *, description: str, total: int = 0, progress: Progress = silent) -> int:
    """Write ``images/<name>.tif``, ``masks/<name>.tif`` and ``annotations.coco.json``, one image at a time.

    The mask numbers the instances 1 ... n in their order, later ones on top of earlier ones. The COCO file holds every
    instance whole, as run-length code; areas where nothing is known are annotations with ``iscrowd`` 1.

    Parameters
    ----------
    description : what the images are, for the COCO file.
    total : how many images there will be, for the progress.

    Returns
    -------
    How many images were written.

    Raises
    ------
    ExportError
        Something cannot be written, or two images have one name. Images that were written stay.
    """
    entries: list[dict[str, Any]] = []
    names: set[str] = set()
    number = 0
    with ExitStack() as stack:
        stream = stack.enter_context(stack.enter_context(replacing(out / COCO)).open("w", encoding="utf-8", newline="\n"))
        info = {"description": description, "version": __version__}
        stream.write(f'{{"info": {json.dumps(info)},\n"licenses": [],\n"categories": [{{"id": 1, "name": "particle"}}],\n"annotations": [')
        for image in images:
            if image.name in names:
                raise ExportError(out, f"two images are called {image.name}")
            names.add(image.name)
            _write_tiff(out / IMAGES / f"{image.name}.tif", image.pixels)
            _write_tiff(out / MASKS / f"{image.name}.tif", label_image(image.instances, image.shape))
            entries.append(_image_entry(len(entries) + 1, image))
            number = _write_annotations(stream, image, image_id=len(entries), number=number)
            progress("writing", len(entries), total)
        stream.write(f'],\n"images": {json.dumps(entries)}}}\n')
    return len(entries)


def label_image(instances: Sequence[Instance], shape: tuple[int, int]) -> Labels:
    """Paint instances 1 ... n, the later over the earlier.

    Parameters
    ----------
    shape : (H, W).

    Returns
    -------
    (H, W) uint16, or uint32 where there are more than 65,535 instances; 0 is background.
    """
    labels: Labels = np.zeros(shape, np.uint16) if len(instances) <= np.iinfo(np.uint16).max else np.zeros(shape, np.uint32)
    for value, instance in enumerate(instances, start=1):
        labels[instance.bbox.slices][instance.mask] = value
    return labels


def _write_tiff(target: Path, plane: NDArray[Any]) -> None:
    with replacing(target) as temporary:
        tifffile.imwrite(temporary, plane, compression="zlib", photometric="minisblack", metadata=None)


def _image_entry(number: int, image: LabelledImage) -> dict[str, Any]:
    height, width = image.shape
    return {
        "id": number,
        "file_name": f"{IMAGES}/{image.name}.tif",
        "width": width,
        "height": height,
        "group": image.group,
        "kind": image.kind,
    }


def _write_annotations(stream: TextIO, image: LabelledImage, *, image_id: int, number: int) -> int:
    """Write one annotation a line, numbered on from ``number``, and return the last number."""
    for annotation in _annotations(image):
        number += 1
        stream.write(",\n" if number > 1 else "\n")
        stream.write(json.dumps({"id": number, "image_id": image_id, "category_id": 1, **annotation}))
    return number


def _annotations(image: LabelledImage) -> Iterator[dict[str, Any]]:
    for instance in image.instances:
        yield _annotation(instance, image.shape, crowd=0)
    if image.ignore is not None and image.ignore.any():
        everything = Instance(BBox(0, 0, *image.shape), image.ignore)
        yield _annotation(everything, image.shape, crowd=1)


def _annotation(instance: Instance, shape: tuple[int, int], *, crowd: int) -> dict[str, Any]:
    box = instance.bbox
    return {
        "bbox": [box.x0, box.y0, box.width, box.height],
        "area": instance.area_px,
        "segmentation": run_length_code(instance, shape),
        "iscrowd": crowd,
    }
