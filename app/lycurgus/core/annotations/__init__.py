"""What is burnt into a micrograph and is no part of the specimen: data bar, scale bar, text, frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.annotations.labels import find_labels
from lycurgus.core.annotations.strips import find_strips
from lycurgus.core.params import AnnotationParams
from lycurgus.core.types import Annotation, BBox, Plane

SMALLEST_SIDE_PX = 16
MARGIN_PX = 2
"""Resampling and compression spread a graphic's edge over this many pixels."""


def find_annotations(pixels: Plane, params: AnnotationParams) -> tuple[Annotation, ...]:
    """Find what is burnt into an image.

    Parameters
    ----------
    pixels : (H, W), any real dtype, as stored.
    params : what to look for, or how many rows at the bottom to mask.

    Returns
    -------
    Boxes of what was found; none for images with a side under 16 px, constant and binary images, but for rows asked for by number.
    """
    strips = _strips(pixels, params)
    if params.labels == "none" or _is_binary(pixels):
        return strips
    picture = picture_area(pixels.shape, strips)
    if min(picture.height, picture.width) < SMALLEST_SIDE_PX:
        return strips
    labels = find_labels(pixels[picture.slices])
    return (*strips, *(Annotation(label.kind, _shifted(label.bbox, picture)) for label in labels))


def usable_area(pixels: Plane, annotations: tuple[Annotation, ...]) -> NDArray[np.bool_]:
    """Return where specimen is seen.

    Parameters
    ----------
    pixels : (H, W), any real dtype.
    annotations : what is burnt in.

    Returns
    -------
    (H, W) bool, False inside the boxes, within 2 px of them, and at pixels that are not finite.
    """
    usable: NDArray[np.bool_] = np.isfinite(pixels)
    for annotation in annotations:
        y0, x0, y1, x1 = annotation.bbox
        usable[max(0, y0 - MARGIN_PX) : y1 + MARGIN_PX, max(0, x0 - MARGIN_PX) : x1 + MARGIN_PX] = False
    return usable


def picture_area(shape: tuple[int, ...], strips: tuple[Annotation, ...]) -> BBox:
    """Return the box that the strips along the edges of an image leave."""
    height, width = shape
    y0, x0, y1, x1 = 0, 0, height, width
    for strip in strips:
        box = strip.bbox
        if box.x0 == 0 and box.x1 == width:
            y0, y1 = (max(y0, box.y1), y1) if box.y0 == 0 else (y0, min(y1, box.y0))
        else:
            x0, x1 = (max(x0, box.x1), x1) if box.x0 == 0 else (x0, min(x1, box.x0))
    return BBox(y0, x0, max(y0, y1), max(x0, x1))


def _strips(pixels: Plane, params: AnnotationParams) -> tuple[Annotation, ...]:
    height, width = pixels.shape
    if isinstance(params.data_bar, int):
        rows = min(max(params.data_bar, 0), height)
        return (Annotation("data bar", BBox(height - rows, 0, height, width)),) if rows else ()
    if min(height, width) < SMALLEST_SIDE_PX or params.data_bar == "none" or _is_binary(pixels):
        return ()
    return find_strips(pixels)


def _is_binary(pixels: Plane) -> bool:
    """Tell whether an image holds at most two values: then it is a mask, in which everything is drawn."""
    if pixels.size == 0:
        return True
    step = max(1, min(pixels.shape) // 64)
    values = np.unique(pixels[::step, ::step])
    return len(values) <= 2 and bool(np.all((pixels == values[0]) | (pixels == values[-1])))


def _shifted(box: BBox, origin: BBox) -> BBox:
    return BBox(box.y0 + origin.y0, box.x0 + origin.x0, box.y1 + origin.y0, box.x1 + origin.x0)
