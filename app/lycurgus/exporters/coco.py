"""COCO annotations: every particle of a report with its own mask, overlaps kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from lycurgus import __version__
from lycurgus.core.types import Instance, Particle
from lycurgus.exporters.atomic import replacing
from lycurgus.exporters.base import Report, ReportEntry

UNCLASSIFIED = "particle"


class CocoExporter:
    """Writes ``annotations.coco.json``, one annotation at a time."""

    name = "coco"
    label = "COCO annotations (JSON)"

    def write(self, report: Report, out: Path) -> tuple[Path, ...]:
        target = out / "annotations.coco.json"
        task = classified_task(report)
        categories = category_ids(report, task)
        with replacing(target) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(f'{{"info": {_json(_info(report))},\n"licenses": [],\n"categories": ')
            _write_list(stream, ({"id": number, "name": name, "supercategory": UNCLASSIFIED} for name, number in categories.items()))
            stream.write(',\n"images": ')
            _write_list(stream, (image_record(number, entry) for number, entry in enumerate(report.entries, start=1)))
            stream.write(',\n"annotations": ')
            _write_list(stream, _annotations(report, task, categories))
            stream.write("}\n")
        return (target,)


def run_lengths(instance: Instance, shape: tuple[int, int]) -> list[int]:
    """Return COCO's uncompressed run lengths of a mask without making it as large as the image.

    Parameters
    ----------
    shape : (H, W) of the image.

    Returns
    -------
    Lengths of alternating runs of background and particle, column by column, beginning with background.
    """
    height, width = shape
    padded = np.zeros((instance.mask.shape[1], instance.mask.shape[0] + 2), np.int8)
    padded[:, 1:-1] = instance.mask.T
    steps = np.diff(padded, axis=1)
    bounds = [_column_major(np.nonzero(steps == sign), instance, height) for sign in (1, -1)]
    # A run that reaches the lower edge of the image goes on at the top of the next column.
    starts_new = np.concatenate([[True], bounds[0][1:] != bounds[1][:-1]])
    starts, ends = bounds[0][starts_new], bounds[1][np.concatenate([starts_new[1:], [True]])]
    edges = np.column_stack([starts, ends]).ravel()
    lengths: list[int] = np.diff(edges, prepend=0, append=height * width).tolist()
    return lengths if lengths[-1] else lengths[:-1]


def run_length_code(instance: Instance, shape: tuple[int, int]) -> dict[str, Any]:
    """Return the mask as COCO's compressed run-length code: {"size": [H, W], "counts": text}."""
    height, width = shape
    code = coco_mask.frPyObjects({"size": [height, width], "counts": run_lengths(instance, shape)}, height, width)
    return {"size": [height, width], "counts": code["counts"].decode("ascii")}


def classified_task(report: Report) -> str | None:
    """Return the classification whose classes are the categories: the first that any particle has."""
    return next((task for entry in report.entries for task in entry.tasks), None)


def category_ids(report: Report, task: str | None) -> dict[str, int]:
    """Number the categories from 1: "particle", or the classes present in alphabetical order."""
    if task is None:
        return {UNCLASSIFIED: 1}
    names = {_category(particle, task) for entry in report.entries for particle in entry.particles}
    return {name: number for number, name in enumerate(sorted(names) or [UNCLASSIFIED], start=1)}


def _category(particle: Particle, task: str | None) -> str:
    return particle.classes[task][0] if task is not None and task in particle.classes else UNCLASSIFIED


def _column_major(at: tuple[NDArray[np.intp], ...], instance: Instance, height: int) -> NDArray[np.int64]:
    columns, rows = at
    index: NDArray[np.int64] = (instance.bbox.x0 + columns.astype(np.int64)) * height + instance.bbox.y0 + rows
    return index


def _info(report: Report) -> dict[str, Any]:
    analysed = max((entry.result.provenance.analysed_at for entry in report.entries), default="")
    date = analysed or datetime.now().astimezone().isoformat(timespec="seconds")
    return {
        "description": f"Particles found by Lycurgus {__version__}",
        "version": __version__,
        "year": int(date[:4]),
        "date_created": date,
    }


def image_record(number: int, entry: ReportEntry) -> dict[str, Any]:
    """Return what COCO says of an image."""
    pixel_size = entry.result.micrograph.pixel_size
    return {
        "id": number,
        "file_name": entry.image,
        "width": entry.shape[1],
        "height": entry.shape[0],
        "pixel_size_nm": None if pixel_size is None else [pixel_size.y_nm, pixel_size.x_nm],
        "pixel_size_source": None if pixel_size is None else pixel_size.source,
        "sha256": entry.result.micrograph.sha256,
    }


def _annotations(report: Report, task: str | None, categories: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    number = 0
    for image, entry in enumerate(report.entries, start=1):
        for particle in entry.particles:
            number += 1
            yield {
                "id": number,
                "image_id": image,
                "category_id": categories[_category(particle, task)],
                **particle_record(particle, entry.shape),
            }


def particle_record(particle: Particle, shape: tuple[int, int]) -> dict[str, Any]:
    """Return what COCO says of a particle of an image of this shape (H, W), but for the numbers of annotation, image and category."""
    box, measured = particle.instance.bbox, particle.measurement
    return {
        "particle_id": particle.id,
        "bbox": [box.x0, box.y0, box.width, box.height],
        "area": particle.instance.area_px,
        "segmentation": run_length_code(particle.instance, shape),
        "iscrowd": 0,
        "score": _finite(particle.instance.score),
        "flags": sorted(particle.flags),
        "excluded": particle.excluded,
        "equivalent_diameter_px": _finite(measured.equivalent_diameter_px),
        "equivalent_diameter_nm": _finite(measured.equivalent_diameter_nm),
        "classes": {task: name for task, (name, _) in particle.classes.items()},
    }


def _finite(value: float | None) -> float | None:
    """JSON knows no nan: what is unknown is null."""
    return float(value) if value is not None and isfinite(value) else None


def _write_list(stream: TextIO, items: Iterable[Mapping[str, Any]]) -> None:
    """Write a JSON list item by item, one a line: a report may hold more particles than fit in memory as text."""
    stream.write("[")
    for index, item in enumerate(items):
        stream.write(f"{',' if index else ''}\n{_json(item)}")
    stream.write("]")


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, allow_nan=False, default=_plain)


def _plain(number: np.generic) -> Any:
    """NumPy's numbers get in wherever a box was computed; JSON knows only Python's."""
    return number.item()
