"""From a mask to its connected regions, each cropped to its box, and from a region to an instance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.progress import CancelToken, Progress
from lycurgus.core.types import BBox, Detection, Instance, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """The 8-connected regions of a mask; crops are cut when they are asked for, so that thousands of them cost no memory.

    Attributes
    ----------
    labels : (H, W) int32, region i has the value i + 1.
    boxes : (n, 4) int32, columns x0, y0, width, height.
    areas_px : (n,) int32.
    """

    labels: NDArray[np.int32]
    boxes: NDArray[np.int32]
    areas_px: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.areas_px)

    def bbox(self, index: int) -> BBox:
        x0, y0, width, height = self.boxes[index].tolist()
        return BBox(y0, x0, y0 + height, x0 + width)

    def crop(self, index: int) -> Mask:
        """Return the mask of one region, cropped to its box: other regions in the box are left out."""
        return np.equal(self.labels[self.bbox(index).slices], index + 1)

    def each(self, *, progress: Progress, cancel: CancelToken) -> Iterator[tuple[BBox, Mask]]:
        """Yield the box and the crop of every region; tell how far it is, and stop where that is wanted.

        Raises
        ------
        Cancelled
        """
        for index in range(len(self)):
            cancel.check()
            if index % 100 == 0:
                progress("separate", index, len(self))
            yield self.bbox(index), self.crop(index)


def regions_of(mask: Mask | NDArray[np.uint8]) -> Regions:
    """Find the 8-connected regions of a mask (H, W) of bool, or of uint8 that is 0 or 1."""
    if mask.size == 0:
        return Regions(np.zeros(mask.shape, np.int32), np.zeros((0, 4), np.int32), np.zeros(0, np.int32))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(mask).view(np.uint8), connectivity=8)
    boxes, areas_px = stats[1:, : cv2.CC_STAT_HEIGHT + 1], stats[1:, cv2.CC_STAT_AREA]
    return Regions(np.asarray(labels, np.int32), np.asarray(boxes, np.int32), np.asarray(areas_px, np.int32))


def instance_of(mask: Mask, bbox: BBox, detection: Detection, *flags: str) -> Instance:
    """Make an instance with the mean foreground probability under its mask for a score, nan where there is none.

    Parameters
    ----------
    mask : (h, w) bool, cropped to ``bbox``.
    """
    probability = detection.probability
    score = float("nan") if probability is None else float(np.mean(probability[bbox.slices], where=mask, dtype=np.float64))
    return Instance(bbox, mask, score, frozenset(flags))


def moved(box: BBox, y0: int, x0: int) -> BBox:
    """Return a box that is given from (y0, x0) in the coordinates that those are given in."""
    return BBox(box.y0 + y0, box.x0 + x0, box.y1 + y0, box.x1 + x0)


def in_reading_order(instances: Iterable[Instance]) -> tuple[Instance, ...]:
    """Sort instances from top to bottom and left to right, so that numbers do not depend on how they were found."""
    return tuple(sorted(instances, key=lambda instance: (instance.bbox, instance.area_px)))
