"""How much of an image its particles cover, and how many there are on a unit of area."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import fsum, isfinite

import numpy as np

from lycurgus.core.types import AnalysisResult, Annotation, BBox, Instance
from lycurgus.exporters.base import ReportEntry

BAND_ROWS = 2048


def field_pixels(shape: tuple[int, int], annotations: Iterable[Annotation]) -> int:
    """Return the number of pixels of an image that nothing is burnt into."""
    boxes = [_clipped(annotation.bbox, shape) for annotation in annotations]
    return shape[0] * shape[1] - _union(boxes)


def covered_pixels(instances: Sequence[Instance], shape: tuple[int, int]) -> int:
    """Return the number of pixels in at least one instance, painted in bands so that memory does not grow with the image."""
    total = 0
    for top in range(0, shape[0], BAND_ROWS):
        bottom = min(top + BAND_ROWS, shape[0])
        canvas = np.zeros((bottom - top, shape[1]), dtype=np.bool_)
        for instance in instances:
            y0, x0, y1, x1 = instance.bbox
            if y0 < bottom and y1 > top:
                first, last = max(y0, top), min(y1, bottom)
                canvas[first - top : last - top, x0:x1] |= instance.mask[first - y0 : last - y0]
        total += int(np.count_nonzero(canvas))
    return total


def covered_fraction(entry: ReportEntry) -> float | None:
    """Return the share of the analysed field under particles, the excluded ones too; None without a field."""
    field = field_pixels(entry.shape, entry.result.annotations)
    if field == 0:
        return None
    return covered_pixels([particle.instance for particle in entry.result.particles], entry.shape) / field


def density_per_um2(entry: ReportEntry) -> float | None:
    """Return the number of counted particles per µm² of the analysed field, corrected by their border weights; None without calibration."""
    pixel_size = entry.result.micrograph.pixel_size
    field = field_pixels(entry.shape, entry.result.annotations)
    if pixel_size is None or field == 0:
        return None
    return fsum(statistical_weights(entry.result)) / (field * pixel_size.y_nm * pixel_size.x_nm * 1e-6)


def statistical_weights(result: AnalysisResult) -> list[float]:
    """Return what each counted particle weighs: as in the sample's statistics: its border weight where asked for, else 1."""
    params = result.params
    if params.cleaning.border == "keep" or not params.statistics.border_weights:
        return [1.0] * len(result.counted)
    weights = [particle.measurement.border_weight for particle in result.counted]
    return [weight if isfinite(weight) else 1.0 for weight in weights]


def _clipped(box: BBox, shape: tuple[int, int]) -> BBox:
    return BBox(max(0, box.y0), max(0, box.x0), min(shape[0], box.y1), min(shape[1], box.x1))


def _union(boxes: Sequence[BBox]) -> int:
    """Area of the union of boxes, on the grid that their own edges make."""
    rows = np.unique([edge for box in boxes for edge in (box.y0, box.y1)])
    columns = np.unique([edge for box in boxes for edge in (box.x0, box.x1)])
    if not len(rows):
        return 0
    inside = np.zeros((len(rows) - 1, len(columns) - 1), dtype=np.bool_)
    for box in boxes:
        top, bottom = np.searchsorted(rows, (box.y0, box.y1))
        left, right = np.searchsorted(columns, (box.x0, box.x1))
        inside[top:bottom, left:right] = True
    return int(np.diff(rows) @ inside @ np.diff(columns))
