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

ALONE = 0.25
"""A particle that has less of its pixels than this to itself, others lying over or under the rest, is known by the whole of them."""

Labels = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """The truth of one picture in the network's terms.

    Attributes
    ----------
    foreground : (H, W) bool.
    depth : (H, W) float32, Euclidean distance to the end of what is the particle's / its largest value in the particle; 0 outside and
        where pixels are nobody's.
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


def compute_targets(layers: Sequence[Labels], *, opaque: bool = False, with_rays: bool = True, every_other: bool = False) -> Targets:
    """Compute the targets of label layers whose sides are even; ``every_other`` leaves out rays like a chessboard's black fields.

    Whose a pixel is where particles overlap is told by what a picture shows there. Where ``opaque``, it is the upper one's, which has the
    greater label. Otherwise both show, so that both outlines are seen: the pixel is foreground but nobody's and of depth 0, as outlines
    are, and the particles are known by the parts that they have for themselves. A particle with less than ``ALONE`` of its pixels to
    itself has all of them.
    """
    shape = layers[0].shape
    owner, layer_of = _owners(np.stack(layers), opaque=opaque)
    depth = _depth_of(owner)
    half = (RAYS, shape[0] // STRIDE, shape[1] // STRIDE)
    rays, complete = np.full(half, NOTHING_KNOWN, np.float32), np.zeros(half, np.bool_)
    if with_rays and owner.any():
        angles = 2 * np.pi * np.arange(RAYS) / RAYS
        _march(np.stack(layers), owner, layer_of, depth, -np.sin(angles), np.cos(angles), every_other, rays, complete)
    return Targets(np.any(layers, axis=0), depth, rays, complete)


def _owners(layers: Labels, *, opaque: bool) -> tuple[Labels, Labels]:
    """Return the label of whom each pixel belongs to, 0 for nobody, and the layer that it stands in; ``layers`` is (n, H, W)."""
    if len(layers) == 1 or opaque:
        return layers.max(axis=0), layers.argmax(axis=0).astype(np.int32)
    shared = np.count_nonzero(layers, axis=0) > 1
    total = np.bincount(layers.ravel())
    alone = np.bincount(layers[:, ~shared].ravel(), minlength=len(total)) / np.maximum(total, 1)
    alone[0] = np.inf
    least = alone[layers].argmin(axis=0).astype(np.int32)
    owner = np.take_along_axis(layers, least[None], axis=0)[0]
    owner[shared & (alone[owner] >= ALONE)] = 0
    return owner, least


def _depth_of(owner: Labels) -> NDArray[np.float32]:
    """Return the normalised depth of each label's pixels: label by label, because labels may touch."""
    depth = np.zeros(owner.shape, np.float32)
    for number, box in _boxes(owner):
        mask = owner[box] == number
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
