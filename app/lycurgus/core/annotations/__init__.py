"""What is burnt into a micrograph and is no part of the specimen: data bar, scale bar, text, frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.annotations.strips import find_strips
from lycurgus.core.params import AnnotationParams
from lycurgus.core.types import Annotation, BBox, Plane

SMALLEST_SIDE_PX = 16


def find_annotations(pixels: Plane, params: AnnotationParams) -> tuple[Annotation, ...]:
    """Find what is burnt into an image.

    Parameters
    ----------
    pixels : (H, W), any real dtype, as stored.
    params : what to look for, or how many rows at the bottom to mask.

    Returns
    -------
    Boxes of what was found; none for images with a side under 16 px and for constant images.
    """
    height, width = pixels.shape
    if isinstance(params.data_bar, int):
        rows = min(max(params.data_bar, 0), height)
        return (Annotation("data bar", BBox(height - rows, 0, height, width)),) if rows else ()
    if min(height, width) < SMALLEST_SIDE_PX or params.data_bar == "none":
        return ()
    return find_strips(pixels)


def usable_area(pixels: Plane, annotations: tuple[Annotation, ...]) -> NDArray[np.bool_]:
    """Return where specimen is seen.

    Parameters
    ----------
    pixels : (H, W), any real dtype.
    annotations : what is burnt in.

    Returns
    -------
    (H, W) bool, False inside the boxes, on the seam beside them, and at pixels that are not finite.
    """
    usable: NDArray[np.bool_] = np.isfinite(pixels)
    for annotation in annotations:
        y0, x0, y1, x1 = annotation.bbox
        usable[max(0, y0 - MARGIN_PX) : y1 + MARGIN_PX, max(0, x0 - MARGIN_PX) : x1 + MARGIN_PX] = False
    return usable


MARGIN_PX = 2
"""Resampling and compression spread a graphic's edge over this many pixels."""
