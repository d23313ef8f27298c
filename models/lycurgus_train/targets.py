"""What a network is to answer for a picture: foreground, depth inside each particle, and rays to its outline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from lycurgus.core.types import Instance, Mask

RAYS = 32
STRIDE = 2
LONGEST_RAY_PX = 400.0
NOTHING_KNOWN = -20.0
SHALLOW = 0.1
"""Rays from the outermost pixels of a particle are not computed: they neither seed nor vote."""

Labels = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """The truth of one picture in the network's terms.

    Attributes
    ----------
    foreground : (H, W) bool.
    depth : (H, W) float32, Euclidean distance to the particle's outline / its largest value in the particle; 0 outside.
    rays : (32, H/2, W/2) float32, natural logarithm of the distance in px from the pixel's centre to the outline along 2πk/32.
    complete : (32, H/2, W/2) bool, False where a ray leaves the picture first, or is longer than ``LONGEST_RAY_PX``: the particle reaches
        at least as far. Where no ray was computed it is at least 0 px: ``NOTHING_KNOWN`` and not complete.
    """

    foreground: Mask
    depth: NDArray[np.float32]
    rays: NDArray[np.float32]
    complete: Mask


def label_layers(instances: Sequence[Instance], shape: tuple[int, int]) -> list[Labels]:
    """Write instances into as few label images as it takes for overlapping ones to stay whole (greedy colouring).

    Returns
    -------
    at least one (H, W) int32; instance k has the label k + 1 in exactly one of them.
    """
    layers = [np.zeros(shape, np.int32)]
    for number, instance in enumerate(instances, start=1):
        window = instance.bbox.slices
        for layer in layers:
            if not layer[window][instance.mask].any():
                break
        else:
            layer = np.zeros(shape, np.int32)
            layers.append(layer)
        layer[window][instance.mask] = number
    return layers


def compute_targets(layers: Sequence[Labels], *, with_rays: bool = True, every_other: bool = False) -> Targets:
    """Compute the targets of label layers whose sides are even; ``every_other`` leaves out rays like a chessboard's black fields.

    Where particles overlap, a pixel belongs to the one in which it lies deeper.
    """
    shape = layers[0].shape
    depth = np.zeros(shape, np.float32)
    owner = np.zeros(shape, np.int32)
    layer_of = np.zeros(shape, np.int32)
    for index, layer in enumerate(layers):
        own = _depth_of(layer)
        deeper = own > depth
        depth[deeper] = own[deeper]
        owner[deeper] = layer[deeper]
        layer_of[deeper] = index
    half = (RAYS, shape[0] // STRIDE, shape[1] // STRIDE)
    rays, complete = np.full(half, NOTHING_KNOWN, np.float32), np.zeros(half, np.bool_)
    if with_rays and owner.any():
        angles = 2 * np.pi * np.arange(RAYS) / RAYS
        _march(np.stack(layers), owner, layer_of, depth, -np.sin(angles), np.cos(angles), every_other, rays, complete)
    return Targets(owner > 0, depth, rays, complete)


def _depth_of(layer: Labels) -> NDArray[np.float32]:
    """Return the normalised depth of each label's pixels: label by label, because labels may touch."""
    depth = np.zeros(layer.shape, np.float32)
    for number, box in _boxes(layer):
        mask = layer[box] == number
        padded = np.pad(mask.view(np.uint8), 1)
        distance = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
        # Pixel centres lie half a pixel nearer to the outline than to the centre of the first pixel outside.
        distance = distance - 0.5
        depth[box][mask] = distance[mask] / distance.max()
    return depth


def _boxes(layer: Labels) -> list[tuple[int, tuple[slice, slice]]]:
    """Return each label with the slices of its box."""
    from scipy import ndimage

    present = np.unique(layer)
    present = present[present > 0]
    if present.size == 0:
        return []
    compact = np.zeros(int(present[-1]) + 1, np.int32)
    compact[present] = np.arange(1, present.size + 1)
    found = ndimage.find_objects(compact[layer])
    return [(int(number), box) for number, box in zip(present, found, strict=True)]


@njit(cache=True, nogil=True)
def _march(
    layers: NDArray[np.int32],
    owner: NDArray[np.int32],
    layer_of: NDArray[np.int32],
    depth: NDArray[np.float32],
    down: NDArray[np.float64],
    right: NDArray[np.float64],
    every_other: bool,
    rays: NDArray[np.float32],
    complete: NDArray[np.bool_],
) -> None:
    """Walk from the centre of each 2 × 2 cell along each ray in steps of one pixel until its particle ends, then halve the last step."""
    count, rows, columns = rays.shape
    height, width = owner.shape
    for row in range(rows):
        for column in range(columns):
            if every_other and (row + column) % 2:
                continue
            y, x = 2 * row, 2 * column
            for dy in range(2):
                for dx in range(2):
                    if depth[2 * row + dy, 2 * column + dx] > depth[y, x]:
                        y, x = 2 * row + dy, 2 * column + dx
            if depth[y, x] < SHALLOW:
                continue
            label = owner[y, x]
            layer = layers[layer_of[y, x]]
            for ray in range(count):
                length, inside = 0.0, True
                near_y, near_x = y, x
                while length < LONGEST_RAY_PX:
                    length += 1.0
                    near_y = int(np.floor(2 * row + 1.0 + length * down[ray]))
                    near_x = int(np.floor(2 * column + 1.0 + length * right[ray]))
                    inside = 0 <= near_y < height and 0 <= near_x < width
                    if not inside or layer[near_y, near_x] != label:
                        break
                whole = inside and layer[near_y, near_x] != label
                if whole:
                    near_y = int(np.floor(2 * row + 1.0 + (length - 0.5) * down[ray]))
                    near_x = int(np.floor(2 * column + 1.0 + (length - 0.5) * right[ray]))
                    length -= 0.25 if layer[near_y, near_x] == label else 0.75
                else:
                    length -= 1.0
                rays[ray, row, column] = np.log(max(length, 0.25))
                complete[ray, row, column] = whole
