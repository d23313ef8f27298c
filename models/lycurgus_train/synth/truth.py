"""What a picture lets one know of its particles: instances of what was put down, and ignored places where too little is visible."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import BBox, Instance, Mask
from lycurgus_train.synth.shapes import ProjectedShape, place

LEAST_AREA_PX = 6
"""Less of a particle than this in the picture (a sliver at the border) teaches nothing."""


def numbered_instances(particles: Iterable[ProjectedShape], shape: tuple[int, int]) -> tuple[dict[int, Instance], Mask]:
    """Return the whole outline of each particle as far as the picture (H, W) reaches.

    Returns
    -------
    instances : place in ``particles`` -> instance, without those that lie outside the picture.
    ignore : (H, W) bool, slivers at the border of which too little is in the picture.
    """
    kept: dict[int, Instance] = {}
    ignore = np.zeros(shape, dtype=bool)
    for number, particle in enumerate(particles):
        instance = place(particle, shape)
        if instance is None:
            continue
        if instance.area_px < LEAST_AREA_PX and instance.bbox.touches_border(shape):
            ignore[instance.bbox.slices] |= instance.mask
        else:
            kept[number] = instance
    return kept, ignore


def instances_of(particles: Iterable[ProjectedShape], shape: tuple[int, int]) -> tuple[list[Instance], Mask]:
    """Return the instances alone, in order, and what to ignore; see `numbered_instances`."""
    numbered, ignore = numbered_instances(particles, shape)
    return list(numbered.values()), ignore


def without_hidden(
    instances: Sequence[Instance], hidden: Sequence[Mask], ignore: Mask, *, least: float = 0.5
) -> tuple[list[Instance], Mask]:
    """Keep particles of which at least a share is visible; the visible rest of the others is to be ignored.

    Parameters
    ----------
    hidden : for each instance what hides it, (h, w) bool of its box.
    """
    kept: list[Instance] = []
    ignore = ignore.copy()
    for instance, cover in zip(instances, hidden, strict=True):
        visible = instance.mask & ~cover
        if np.count_nonzero(visible) >= least * instance.area_px:
            kept.append(instance)
        else:
            ignore[instance.bbox.slices] |= visible
    return kept, ignore


def without_faint(
    instances: Sequence[Instance], contrast: NDArray[np.float32], ignore: Mask, *, least: float
) -> tuple[list[Instance], Mask]:
    """Keep particles whose mean contrast (H, W, in any unit, >= 0) reaches a least; the others are to be ignored."""
    kept: list[Instance] = []
    ignore = ignore.copy()
    for instance in instances:
        if float(contrast[instance.bbox.slices][instance.mask].mean()) >= least:
            kept.append(instance)
        else:
            ignore[instance.bbox.slices] |= instance.mask
    return kept, ignore


def cut_off(instances: Iterable[Instance], bar: Mask) -> list[Instance]:
    """Cut from each particle what a data bar (H, W, bool) replaces: the picture ends there."""
    kept = []
    for instance in instances:
        mask = instance.mask & ~bar[instance.bbox.slices]
        if np.count_nonzero(mask) >= LEAST_AREA_PX:
            kept.append(tight(instance.bbox, mask))
    return kept


def tight(box: BBox, mask: Mask) -> Instance:
    """Make an instance of a mask that lies in a box, the box shrunk to it; the mask must not be empty."""
    ys, xs = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    inner = mask[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1].copy()
    y0, x0 = box.y0 + int(ys[0]), box.x0 + int(xs[0])
    return Instance(BBox(y0, x0, y0 + inner.shape[0], x0 + inner.shape[1]), inner)
