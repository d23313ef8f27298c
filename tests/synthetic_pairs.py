"""Labelled images of which everything is known, to synthesise from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lycurgus.core.types import BBox, Instance
from lycurgus_train.labelled import LabelledImage

Disc = tuple[float, float, float]
"""y, x, radius, in px."""

BACKGROUND, PARTICLE = 100, 180


def disc_pair(
    discs: Sequence[Disc] = ((40, 40, 14), (40, 120, 14), (120, 40, 14), (120, 120, 14)),
    *,
    name: str = "discs",
    shape: tuple[int, int] = (160, 160),
    background: int = BACKGROUND,
    particle: int = PARTICLE,
    noise: float = 2.0,
) -> LabelledImage:
    """Return flat discs on a flat background with a little white noise."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    plane = np.full(shape, float(background))
    instances = []
    for centre_y, centre_x, radius in discs:
        mask = (y - centre_y) ** 2 + (x - centre_x) ** 2 <= radius**2
        plane[mask] = particle
        rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
        box = BBox(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
        instances.append(Instance(box, mask[box.slices]))
    plane += np.random.default_rng(0).normal(0, noise, shape)
    return LabelledImage(name, np.clip(np.rint(plane), 0, 255).astype(np.uint8), tuple(instances), group=name)


def painted(image: LabelledImage) -> np.ndarray:
    """Return how many instances lie on each pixel."""
    count = np.zeros(image.shape, dtype=int)
    for instance in image.instances:
        count[instance.bbox.slices] += instance.mask
    return count
