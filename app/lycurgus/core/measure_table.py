"""Every descriptor of many masks, as columns; how each is estimated stands in docs/measurement-accuracy.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.circle_fit import fitted_circle_diameters
from lycurgus.core.ellipse import ellipses_of, moments_of
from lycurgus.core.hull import feret_diameters, hull_perimeters, unbiased_hulls
from lycurgus.core.intensity import Intensities, intensities_of, no_intensities
from lycurgus.core.outline import convexities, trace_all
from lycurgus.core.ragged import Counts
from lycurgus.core.types import BBox, Instance, Mask, Plane

Column = NDArray[np.float64]
Table = dict[str, Column]

_PIXELS_AT_ONCE = 1 << 21


def measure_table(instances: Sequence[Instance], plane: Plane | None = None, *, scale: tuple[float, float] = (1.0, 1.0)) -> Table:
    """Measure many instances.

    Parameters
    ----------
    instances : each with at least one pixel.
    plane : (H, W), the stored intensities; without it the intensity columns are nan.
    scale : size of a pixel in y and in x; lengths and areas come in its unit and its square, y and x always in px.

    Returns
    -------
    One float64 column for each stem of ``Measurement`` but the border weight, named as in ``DESCRIPTORS``.

    Raises
    ------
    ValueError
        A mask is empty.
    """
    parts = [_measure(part, plane, scale) for part in _parts(instances)]
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def measure_mask(mask: Mask, plane: Plane | None = None, *, scale: tuple[float, float] = (1.0, 1.0)) -> dict[str, float]:
    """Measure one mask (h, w) that starts at the origin of ``plane``; names and units as in ``measure_table``."""
    instance = Instance(BBox(0, 0, *mask.shape), mask)
    return {name: float(column[0]) for name, column in measure_table([instance], plane, scale=scale).items()}


def _parts(instances: Sequence[Instance]) -> Iterator[Sequence[Instance]]:
    """Split a long list so that memory does not grow with it."""
    start = size = 0
    for i, instance in enumerate(instances):
        if size and size + instance.mask.size > _PIXELS_AT_ONCE:
            yield instances[start:i]
            start, size = i, 0
        size += instance.mask.size
    yield instances[start:]


def _measure(instances: Sequence[Instance], plane: Plane | None, scale: tuple[float, float]) -> Table:
    y, x, counts = _pixels_of(instances)
    moments = moments_of(y, x, counts)
    corner_y, corner_x = np.array([instance.bbox[:2] for instance in instances]).T
    ellipse = ellipses_of(moments, scale)
    outlines = trace_all([instance.mask for instance in instances])
    hulls = unbiased_hulls(outlines.pixels)
    feret = feret_diameters(hulls, scale)

    pixel = scale[0] * scale[1]
    area = counts * pixel
    convex_area = hulls.lattice_points * pixel
    convex_perimeter = hull_perimeters(hulls, scale)
    convexity = convexities(outlines, scale)
    perimeter = convex_perimeter / convexity
    form_factor = 4 * np.pi * area / perimeter**2
    intensity = _intensities(instances, plane, y, x, counts)
    return {
        "y": moments.y + corner_y,
        "x": moments.x + corner_x,
        "area": area,
        "equivalent_diameter": np.sqrt(4 * area / np.pi),
        "fitted_circle_diameter": fitted_circle_diameters(outlines.sides, outlines.counts, feret.maximum, scale),
        "feret_max": feret.maximum,
        "feret_min": feret.minimum,
        "feret_90": feret.across,
        "feret_angle": feret.angle_deg,
        "perimeter": perimeter,
        "convex_perimeter": convex_perimeter,
        "convex_area": convex_area,
        "major_axis": ellipse.major,
        "minor_axis": ellipse.minor,
        "orientation": ellipse.orientation_deg,
        "eccentricity": np.sqrt(1 - (ellipse.minor / ellipse.major) ** 2),
        "ellipse_ratio": ellipse.minor / ellipse.major,
        "circularity": form_factor,
        "circularity_iso": np.sqrt(form_factor),
        "roundness": 4 * area / (np.pi * feret.maximum**2),
        "compactness": np.sqrt(4 * area / np.pi) / feret.maximum,
        "aspect_ratio": feret.minimum / feret.maximum,
        "solidity": area / convex_area,
        "convexity": convexity,
        "extent": area / (feret.maximum * feret.minimum),
        "intensity_mean": intensity.mean,
        "intensity_sd": intensity.sd,
        "intensity_min": intensity.minimum,
        "intensity_max": intensity.maximum,
    }


def _pixels_of(instances: Sequence[Instance]) -> tuple[NDArray[np.int32], NDArray[np.int32], Counts]:
    """Coordinates of all pixels of all masks in their own crops, end to end, and how many each mask has."""
    pixels = [cv2.findNonZero(np.ascontiguousarray(instance.mask).view(np.uint8)) for instance in instances]
    if any(found is None or len(found) == 0 for found in pixels):
        raise ValueError("an empty mask cannot be measured")
    counts = np.array([len(found) for found in pixels], dtype=np.intp)
    xy = np.concatenate(pixels).reshape(-1, 2)
    return np.ascontiguousarray(xy[:, 1]), np.ascontiguousarray(xy[:, 0]), counts


def _intensities(
    instances: Sequence[Instance], plane: Plane | None, y: NDArray[np.int32], x: NDArray[np.int32], counts: Counts
) -> Intensities:
    """Intensities under the masks, whose pixels are given in their own crops."""
    if plane is None:
        return no_intensities(len(counts))
    corners = np.array([instance.bbox[:2] for instance in instances], dtype=np.intp)
    width = plane.shape[1]
    at = y * width + x + np.repeat(corners[:, 0] * width + corners[:, 1], counts)
    return intensities_of(plane.reshape(-1).take(at), counts)
