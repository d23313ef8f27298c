"""Which of the particles that were put down a picture still shows; the others must not be asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lycurgus.core.types import Instance, Mask
from lycurgus_train.synth.shapes import ProjectedShape, place
from lycurgus_train.synth.truth import cut_off

Plane = NDArray[np.float32]

ROSE = 5.0
"""An object is seen when its contrast is five times the noise of a region as large as itself (A. Rose, JOSA 38 (1948) 196)."""

CLUTTER = 1.5
"""Structure of a particle's size hides it more than noise does, for it is made of patches of that very size."""


@dataclass(frozen=True, slots=True, eq=False)
class Contribution:
    """One particle and what it adds to the signal, (h, w) on the particle's own pixels."""

    particle: ProjectedShape
    signal: Plane


def summed(contributions: Iterable[Contribution], shape: tuple[int, int]) -> Plane:
    """Add what all particles contribute to a picture (H, W)."""
    plane = np.zeros(shape, dtype=np.float32)
    for contribution in contributions:
        where = contribution.particle.slices(shape)
        if where is not None:
            plane[where[0]] += contribution.signal[where[1]]
    return plane


def grey_step(total: Plane) -> float:
    """Return a difference of signal that a picture stored with stretched contrast in 8 bit just shows: three grey values."""
    low, high = np.percentile(total[::4, ::4], (0.5, 99.5))
    return 3 / 255 * float(high - low)


def clutter_of(background: Plane, *, diameter_px: float) -> Plane:
    """Return how much a background varies at the size of a particle, (H, W): the local root mean square of a band of its details."""
    # Nothing finer than a fifth of a particle is asked for, so that a coarser grid does for large ones.
    coarse = max(1, int(diameter_px / 8))
    height, width = background.shape
    small = cv2.resize(background, (-(-width // coarse), -(-height // coarse)), interpolation=cv2.INTER_AREA)
    size = diameter_px / coarse
    fine = cv2.GaussianBlur(small, (0, 0), max(0.3, 0.2 * size))
    band = fine - cv2.GaussianBlur(small, (0, 0), max(1.0, 0.7 * size))
    mean_square = cv2.GaussianBlur(band * band, (0, 0), max(2.0, 1.5 * size))
    variation = cv2.resize(np.sqrt(np.maximum(mean_square, 0)), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(variation, dtype=np.float32)


def judge(
    contributions: Sequence[Contribution],
    *,
    total: Plane,
    noise: Plane,
    clutter: Plane | None = None,
    least_area_px: int = 12,
    least_share: float = 0.1,
    least_contrast: float = 1.0,
    least_step: float = 0.0,
    resolution_px: float = 2.0,
) -> tuple[tuple[Instance, ...], Mask | None]:
    """Divide particles into those that a picture shows and those of which it does not show enough.

    Parameters
    ----------
    total : (H, W) signal of everything.
    noise : (H, W) standard deviation of a pixel, in units of the signal.
    clutter : (H, W) how much the background varies at the size of a particle, or None for an even one.
    least_area_px : of the part of a particle that lies in the picture.
    least_share : of the whole signal where it lies that a particle must contribute: less is buried under others.
    least_contrast : in units of noise (by Rose's criterion) and clutter together.
    least_step : signal that a particle must add at least: less is lost in the grey values of the stored picture.
    resolution_px : of two particles whose middles lie closer than this, the fainter one cannot be told from the other.

    Returns
    -------
    instances : whole outlines, overlapping where the particles do.
    ignore : (H, W) bool, the places of the others as far as no visible particle lies there; None where there are none.
    """
    shape = (total.shape[0], total.shape[1])
    kept: list[Instance] = []
    strength: list[float] = []
    doubtful = np.zeros(shape, dtype=bool)
    for contribution in contributions:
        instance = place(contribution.particle, shape)
        where = contribution.particle.slices(shape)
        if instance is None or where is None:
            continue
        rows, part = where
        mask = contribution.particle.mask[part]
        own = float(contribution.signal[part][mask].mean())
        area = instance.area_px
        threshold = ROSE * float(noise[rows][mask].mean()) / np.sqrt(area)
        if clutter is not None:
            threshold = float(np.hypot(threshold, CLUTTER * clutter[rows][mask].mean()))
        buried = own < least_share * float(total[rows][mask].mean())
        if area < least_area_px or buried or own < max(least_contrast * threshold, least_step):
            doubtful[instance.bbox.slices] |= instance.mask
        else:
            kept.append(instance)
            strength.append(own * area)
    told_apart = [kept[i] for i in _told_apart(kept, strength, resolution_px)]
    if doubtful.any():
        for instance in told_apart:
            doubtful[instance.bbox.slices] &= ~instance.mask
    return tuple(told_apart), doubtful if doubtful.any() else None


def above_bar(instances: Sequence[Instance], ignore: Mask | None, bar: Mask) -> tuple[tuple[Instance, ...], Mask | None]:
    """Cut a truth where a data bar (H, W, bool) replaces the picture: what lies below it is neither there nor unknown."""
    return tuple(cut_off(instances, bar)), None if ignore is None else ignore & ~bar


def _told_apart(instances: Sequence[Instance], strength: Sequence[float], resolution_px: float) -> list[int]:
    """Return the indices of the particles that are the strongest of those within ``resolution_px`` around them, in their order."""
    if len(instances) < 2:
        return list(range(len(instances)))
    middles = np.array([[(i.bbox.y0 + i.bbox.y1) / 2, (i.bbox.x0 + i.bbox.x1) / 2] for i in instances])
    lost: set[int] = set()
    pairs = cKDTree(middles).query_pairs(resolution_px, output_type="ndarray")
    for a, b in sorted(pairs.tolist(), key=lambda pair: -max(strength[pair[0]], strength[pair[1]])):
        if a not in lost and b not in lost:
            lost.add(a if strength[a] < strength[b] else b)
    return [index for index in range(len(instances)) if index not in lost]
