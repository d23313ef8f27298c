"""What is masked inside the picture, a label or missing pixels, and which particles it cuts: what is left of those is no whole particle."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from lycurgus.core.types import BBox, Instance, Mask

CUT = "cut_by_annotation"
AT_MASK = "cut by a masked area"
LEAST_CUT_PX = 5
"""Smaller masked spots are single dead pixels: at the edge of a particle they take no part of it away that matters."""


@dataclass(frozen=True, slots=True, eq=False)
class MaskedArea:
    """What is masked inside the analysed field; what lies beyond its edge is the border's matter.

    Attributes
    ----------
    bbox : tight box around all of it.
    mask : (h, w) bool, cropped to the box.
    reach : (h, w) bool, the mask and the pixels around it, within the box grown by one pixel, which starts at ``bbox`` less (1, 1).
    """

    bbox: BBox
    mask: Mask
    reach: Mask

    @classmethod
    def of(cls, usable: Mask, analysed: BBox) -> MaskedArea | None:
        """Return what is masked, or None where all of the field is usable.

        Parameters
        ----------
        usable : (H, W) bool.
        analysed : box of all that is usable.
        """
        field = usable[analysed.slices]
        if field.all():
            return None
        masked = (~field).view(np.uint8)
        x0, y0, width, height = cv2.boundingRect(masked)
        padded = cv2.copyMakeBorder(masked[y0 : y0 + height, x0 : x0 + width], 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(0,))
        reach = cv2.dilate(padded, np.ones((3, 3), dtype=np.uint8)).view(np.bool_)
        top, left = y0 + analysed.y0, x0 + analysed.x0
        return cls(BBox(top, left, top + height, left + width), padded.view(np.bool_)[1:-1, 1:-1], reach)

    def cuts(self, instance: Instance) -> bool:
        """Tell whether a masked spot of 5 px or more, that is not wholly within the instance, touches it (corners count)."""
        box, own = self.bbox, instance.bbox
        y0, x0, y1, x1 = max(own.y0, box.y0 - 1), max(own.x0, box.x0 - 1), min(own.y1, box.y1 + 1), min(own.x1, box.x1 + 1)
        if y0 >= y1 or x0 >= x1:
            return False
        reach = self.reach[y0 - box.y0 + 1 : y1 - box.y0 + 1, x0 - box.x0 + 1 : x1 - box.x0 + 1]
        if not (reach & instance.mask[y0 - own.y0 : y1 - own.y0, x0 - own.x0 : x1 - own.x0]).any():
            return False
        return self._cuts_off(instance)

    def _cuts_off(self, instance: Instance) -> bool:
        # Wide enough that a spot that touches the instance shows all of the pixels that make it large enough.
        margin = LEAST_CUT_PX + 1
        mask = np.pad(instance.mask, margin)
        top, left = self.bbox.y0 - instance.bbox.y0 + margin, self.bbox.x0 - instance.bbox.x0 + margin
        y0, x0 = max(top, 0), max(left, 0)
        y1, x1 = min(top + self.mask.shape[0], mask.shape[0]), min(left + self.mask.shape[1], mask.shape[1])
        beyond = np.zeros(mask.shape, dtype=np.uint8)
        beyond[y0:y1, x0:x1] = self.mask[y0 - top : y1 - top, x0 - left : x1 - left] & ~mask[y0:y1, x0:x1]
        _, labels, stats, _ = cv2.connectedComponentsWithStats(beyond, connectivity=8)
        around = cv2.dilate(mask.view(np.uint8), np.ones((3, 3), dtype=np.uint8)).view(np.bool_)
        touching = np.unique(labels[around & (beyond > 0)])
        return bool((stats[touching, cv2.CC_STAT_AREA] >= LEAST_CUT_PX).any())

    def flagged(self, instances: Iterable[Instance]) -> list[Instance]:
        """Return the instances, those that are cut with the flag "cut_by_annotation"."""
        return [replace(one, flags=one.flags | {CUT}) if self.cuts(one) else one for one in instances]
