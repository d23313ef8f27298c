"""Labelled images made ready for drawing crops: pyramids of the picture, and layers of labels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.normalise import normalise
from lycurgus.core.types import BBox, Instance, Mask
from lycurgus_train.labelled import LabelledImage
from lycurgus_train.targets import Labels, label_layers

BOX_MARGIN = 0.3
"""Half the width of the band around an ellipse in a box in which the outline is left open, as a part of its radius."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """One image in memory.

    Attributes
    ----------
    pyramid : float16 (H / 2^k, W / 2^k), normalised, each half of the one before by area averaging.
    layers : label images (H, W), overlapping particles in different ones.
    unknown : (H, W) bool, where the foreground's truth is open, or None.
    depth_unknown : the same for depth and rays.
    centres, diameters : of the particles, in px, (n, 2) and (n,).
    """

    name: str
    kind: str
    pyramid: tuple[NDArray[np.float16], ...]
    layers: tuple[Labels, ...]
    unknown: Mask | None
    depth_unknown: Mask | None
    centres: NDArray[np.float32]
    diameters: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, int]:
        height, width = self.layers[0].shape
        return height, width


def prepare(image: LabelledImage) -> Prepared:
    """Prepare one image; a particle known by its box alone becomes the ellipse in it, with its outline left open."""
    instances, unknown, depth_unknown = image.instances, image.ignore, image.ignore
    if len(image.boxes):
        instances = (*instances, *(ellipse_in(box, image.shape) for box in image.boxes))
        band = _open_outlines(image)
        unknown = band if unknown is None else unknown | band
    layers = label_layers(instances, image.shape)
    if image.foreground is not None:
        layers = [image.foreground.astype(np.int32)]
        depth_unknown = np.ones(image.shape, np.bool_)
    return Prepared(
        name=image.name,
        kind=image.kind,
        pyramid=_pyramid(normalise(image.pixels)),
        layers=tuple(layers),
        unknown=unknown,
        depth_unknown=depth_unknown,
        centres=np.array([_centre(i.bbox) for i in instances], np.float32).reshape(-1, 2),
        diameters=np.array([2 * np.sqrt(i.area_px / np.pi) for i in instances], np.float32),
    )


def ellipse_in(box: NDArray[np.float32], shape: tuple[int, int]) -> Instance:
    """Return the ellipse inscribed in a box (y0, x0, y1, x1), cut at the picture's edge."""
    y0, x0 = (max(0, int(np.floor(v))) for v in box[:2])
    y1, x1 = min(shape[0], max(y0 + 1, int(np.ceil(box[2])))), min(shape[1], max(x0 + 1, int(np.ceil(box[3]))))
    mask = _radius_in(box, BBox(y0, x0, y1, x1)) <= 1
    if not mask.any():
        mask[:] = True
    return Instance(BBox(y0, x0, y1, x1), mask)


def _open_outlines(image: LabelledImage) -> Mask:
    band = np.zeros(image.shape, np.bool_)
    height, width = image.shape
    for box in image.boxes:
        pad = BOX_MARGIN * max(box[2] - box[0], box[3] - box[1])
        window = BBox(
            max(0, int(box[0] - pad)), max(0, int(box[1] - pad)), min(height, int(box[2] + pad) + 1), min(width, int(box[3] + pad) + 1)
        )
        radius = _radius_in(box, window)
        band[window.slices] |= np.abs(radius - 1) < BOX_MARGIN
    return band


def _radius_in(box: NDArray[np.float32], window: BBox) -> NDArray[np.float64]:
    """Return the elliptic radius (1 on the inscribed ellipse) of the pixels of a window."""
    ys, xs = np.ogrid[window.y0 : window.y1, window.x0 : window.x1]
    centre_y, centre_x = (box[0] + box[2] - 1) / 2, (box[1] + box[3] - 1) / 2
    radius_y, radius_x = max((box[2] - box[0]) / 2, 0.5), max((box[3] - box[1]) / 2, 0.5)
    radius: NDArray[np.float64] = np.hypot((ys - centre_y) / radius_y, (xs - centre_x) / radius_x)
    return radius


def _centre(box: BBox) -> tuple[float, float]:
    return (box.y0 + box.y1 - 1) / 2, (box.x0 + box.x1 - 1) / 2


def _pyramid(picture: NDArray[np.float32]) -> tuple[NDArray[np.float16], ...]:
    levels = [picture]
    while min(levels[-1].shape) >= 64 and len(levels) < 5:
        height, width = (side // 2 for side in levels[-1].shape)
        # An odd last row or column is left out: squeezed in, it would shift the picture against its labels.
        half = cv2.resize(levels[-1][: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
        levels.append(half.astype(np.float32, copy=False))
    return tuple(level.astype(np.float16) for level in levels)
