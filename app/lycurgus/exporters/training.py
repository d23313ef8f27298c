"""Training data: the image as it was analysed with its particles as they stand after corrections, overlaps kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lycurgus.core.edits import is_excluded_by_hand
from lycurgus.core.errors import ExportError
from lycurgus.core.types import BBox, Instance, Particle
from lycurgus.exporters.atomic import replacing
from lycurgus.exporters.base import ReportEntry
from lycurgus.exporters.coco import UNCLASSIFIED, image_record, particle_record, run_length_code
from lycurgus.exporters.labels import label_image, write_plane


class TrainingExporter:
    """Writes ``training/images/<stem>.tif``, ``training/labels/<stem>.tif`` and ``training/annotations/<stem>.coco.json``.

    Nothing is to be learnt where particles were excluded by hand, which may be no particles or not well outlined, and where a
    data bar or a label lies: these areas are crowds in the COCO file, and absent from the labels. Particles that are excluded for
    touching the border are particles.
    """

    name = "training"
    label = "Training data (images, masks, COCO)"

    def write(self, entry: ReportEntry, out: Path) -> tuple[Path, ...]:
        folder, micrograph = out / "training", entry.result.micrograph
        image, labels = folder / "images" / f"{entry.stem}.tif", folder / "labels" / f"{entry.stem}.tif"
        annotations = folder / "annotations" / f"{entry.stem}.coco.json"
        if micrograph.shape != entry.shape:
            raise ExportError(image, "the picture is no longer in memory", hint="write training data when the image is analysed")
        particles = [particle for particle in entry.result.particles if not is_excluded_by_hand(particle)]
        write_plane(image, micrograph.pixels, micrograph.pixel_size)
        write_plane(labels, label_image(particles, entry.shape), micrograph.pixel_size)
        with replacing(annotations) as temporary:
            temporary.write_text(json.dumps(_document(entry, particles), allow_nan=False, default=_plain), encoding="utf-8", newline="\n")
        return image, labels, annotations


def _document(entry: ReportEntry, particles: list[Particle]) -> dict[str, Any]:
    records = [particle_record(particle, entry.shape) for particle in particles]
    records += [_crowd(instance, entry.shape) for instance in _unknown(entry)]
    return {
        "images": [{**image_record(1, entry), "file_name": f"{entry.stem}.tif"}],
        "categories": [{"id": 1, "name": UNCLASSIFIED}],
        "annotations": [{"id": number, "image_id": 1, "category_id": 1, **record} for number, record in enumerate(records, start=1)],
    }


def _unknown(entry: ReportEntry) -> Iterator[Instance]:
    """Give the areas from which nothing is to be learnt."""
    yield from (particle.instance for particle in entry.result.particles if is_excluded_by_hand(particle))
    height, width = entry.shape
    for annotation in entry.result.annotations:
        y0, x0, y1, x1 = annotation.bbox
        box = BBox(max(0, y0), max(0, x0), min(height, y1), min(width, x1))
        if box.height > 0 and box.width > 0:
            yield Instance(box, np.ones((box.height, box.width), bool))


def _crowd(area: Instance, shape: tuple[int, int]) -> dict[str, Any]:
    box = area.bbox
    bbox = [box.x0, box.y0, box.width, box.height]
    return {"bbox": bbox, "area": area.area_px, "segmentation": run_length_code(area, shape), "iscrowd": 1}


def _plain(number: np.generic) -> Any:
    """NumPy's numbers get in wherever a box was computed; JSON knows only Python's."""
    return number.item()
