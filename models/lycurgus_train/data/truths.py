"""What files say of an image's particles: label masks, semantic masks, COCO annotations, YOLO boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.errors import ReadError
from lycurgus.core.overlap import instances_from_labels
from lycurgus.core.types import Instance, Mask
from lycurgus.readers.truth import CocoTruth, ParticleValues, read_labels


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known of one image's particles; the fields are those of ``LabelledImage``.

    Attributes
    ----------
    remarks : what a user may want to know of this truth, sentences.
    """

    instances: tuple[Instance, ...] = ()
    boxes: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    foreground: Mask | None = None
    ignore: Mask | None = None
    remarks: tuple[str, ...] = ()


class Truth(Protocol):
    """The truth of one image, unread."""

    @property
    def path(self) -> Path:
        """The file that it stands in."""
        ...

    def read(self, shape: tuple[int, int]) -> Known:
        """Read it for an image of this shape (H, W).

        Raises
        ------
        ReadError
            The file is damaged, or was made for an image of another size.
        """
        ...


@dataclass(frozen=True, slots=True)
class LabelMask:
    """A mask whose values number the particles, 0 for background; 8, 16 or 32 bits."""

    path: Path

    def read(self, shape: tuple[int, int]) -> Known:
        return Known(instances_from_labels(_labels(self.path, shape)))


@dataclass(frozen=True, slots=True)
class SemanticMask:
    """A mask that says particle or not.

    Attributes
    ----------
    values : which values mean particle; all but 0 where None.
    """

    path: Path
    values: ParticleValues | None = None

    def read(self, shape: tuple[int, int]) -> Known:
        labels = _labels(self.path, shape)
        return Known(foreground=labels != 0 if self.values is None else self.values.of(labels))


@dataclass(frozen=True, slots=True, eq=False)
class CocoAnnotations:
    """Polygons or run-length codes of a COCO file, overlaps kept.

    Annotations with nothing but a box give boxes; crowds, by their outline or their box, are areas to ignore.
    """

    coco: CocoTruth

    @property
    def path(self) -> Path:
        return self.coco.path

    def read(self, shape: tuple[int, int]) -> Known:
        _check_shape(self.path, f"{self.coco.name} is said to have", self.coco.shape, shape)
        outlined = tuple(one for one in self.coco.annotations if one.get("segmentation"))
        only_boxed = [one for one in self.coco.annotations if not one.get("segmentation") and one.get("bbox")]
        truth = replace(self.coco, annotations=outlined, crowds=tuple(one for one in self.coco.crowds if one.get("segmentation")))
        instances = tuple(truth.instances())
        empty = len(self.coco.annotations) - len(instances) - len(only_boxed)
        boxes, remarks = self._boxes(only_boxed, shape)
        if empty:
            remarks = (*remarks, f"annotations that cover no pixel and are left out: {empty}")
        boxed_crowds, _ = self._boxes([one for one in self.coco.crowds if not one.get("segmentation") and one.get("bbox")], shape)
        return Known(instances, boxes, None, _union(truth.crowd_areas(), boxed_crowds, shape), remarks)

    def _boxes(self, annotations: Sequence[Mapping[str, Any]], shape: tuple[int, int]) -> tuple[NDArray[np.float32], tuple[str, ...]]:
        try:
            corners = [(y, x, y + height, x + width) for x, y, width, height in (map(float, one["bbox"]) for one in annotations)]
        except (TypeError, ValueError) as error:
            raise ReadError(self.path, f"has a box of {self.coco.name} that is not x, y, width, height") from error
        return clipped_boxes(corners, shape, self.path)


@dataclass(frozen=True, slots=True)
class YoloBoxes:
    """One box a line: class, centre x, centre y, width, height, all but the class as shares of the image's sides."""

    path: Path

    def read(self, shape: tuple[int, int]) -> Known:
        height, width = shape
        corners = []
        for number, (cx, cy, w, h) in enumerate(self._rows(), start=1):
            if not (0 <= cx <= 1 and 0 <= cy <= 1):
                raise ReadError(self.path, f"box {number} lies outside the image", hint="its centre must be given as shares, 0 to 1")
            if not (0 <= w <= 1 and 0 <= h <= 1):
                raise ReadError(self.path, f"box {number} is no box of the image", hint="its sides must be given as shares, 0 to 1")
            corners.append(((cy - h / 2) * height, (cx - w / 2) * width, (cy + h / 2) * height, (cx + w / 2) * width))
        boxes, remarks = clipped_boxes(corners, shape, self.path)
        return Known(boxes=boxes, remarks=remarks)

    def _rows(self) -> list[tuple[float, float, float, float]]:
        try:
            lines = [line.split() for line in self.path.read_text(encoding="utf-8").splitlines() if line.strip()]
            rows = [tuple(float(value) for value in line) for line in lines]
        except OSError as error:
            raise ReadError(self.path, f"cannot be read ({error.strerror})") from error
        except ValueError as error:
            raise ReadError(self.path, "is no list of boxes", hint="each line is: class cx cy width height") from error
        for number, row in enumerate(rows, start=1):
            if len(row) != 5:
                raise ReadError(self.path, f"line {number} has {len(row)} numbers", hint="each line is: class cx cy width height")
        return [(cx, cy, w, h) for _, cx, cy, w, h in rows]


def clipped_boxes(
    corners: Sequence[tuple[float, float, float, float]], shape: tuple[int, int], path: Path
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Return boxes y0, x0, y1, x1 in px, cut at the image's edges, (n, 4) float32, and remarks.

    Boxes without an area are left out with a remark: annotation tools leave them behind when somebody clicks without dragging.

    Raises
    ------
    ReadError
        A box is not finite, or lies outside the image.
    """
    height, width = shape
    for number, (y0, x0, y1, x1) in enumerate(corners, start=1):
        if not all(map(isfinite, (y0, x0, y1, x1))):
            raise ReadError(path, f"box {number} is not finite")
        if y1 < 0 or x1 < 0 or y0 > height or x0 > width:
            raise ReadError(path, f"box {number} lies outside the image of {height} x {width} px")
    boxes = np.clip(np.array(corners, np.float32).reshape(-1, 4), 0, np.array([height, width, height, width], np.float32))
    with_area = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    empty = len(boxes) - int(with_area.sum())
    return boxes[with_area], (f"boxes that have no area and are left out: {empty}",) if empty else ()


def _labels(path: Path, shape: tuple[int, int]) -> NDArray[np.int64]:
    labels = read_labels(path)
    _check_shape(path, "the mask has", labels.shape, shape)
    return labels


def _check_shape(path: Path, which: str, found: tuple[int, ...], expected: tuple[int, int]) -> None:
    if tuple(found) != expected:
        raise ReadError(path, f"{which} {found[0]} x {found[1]} px, its image {expected[0]} x {expected[1]}")


def _union(areas: Sequence[Instance], boxes: NDArray[np.float32], shape: tuple[int, int]) -> Mask | None:
    if not areas and not len(boxes):
        return None
    union = np.zeros(shape, bool)
    for area in areas:
        union[area.bbox.slices] |= area.mask
    low, high = np.floor(boxes[:, :2]).astype(int), np.ceil(boxes[:, 2:]).astype(int)
    for (y0, x0), (y1, x1) in zip(low.tolist(), high.tolist(), strict=True):
        union[y0:y1, x0:x1] = True
    return union
