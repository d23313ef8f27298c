"""Particles cut out of real images: which ones are worth it, how far each reaches, and what it adds to its background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import BBox, Mask
from lycurgus_train.labelled import LabelledImage
from lycurgus_train.synth.errors import SynthesisError
from lycurgus_train.synth.parameters import SynthesisParams
from lycurgus_train.synth.source import Source

Float = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class CutOut:
    """A particle without its surroundings, with a margin in which it fades out.

    Attributes
    ----------
    difference : (h, w) float32, particle minus its local background: of either sign, and 0 where it fades out into the background.
    alpha : (h, w) float32 in 0 ... 1, how much of the pixel the particle takes.
    mask : (h, w) bool, the particle as outlined.
    noise : standard deviation of the white noise in ``difference``.
    """

    difference: Float
    alpha: Float
    mask: Mask
    noise: float


@dataclass(frozen=True, slots=True, eq=False)
class ParticlePool:
    """Which particles of which image may be pasted.

    Attributes
    ----------
    members : for each given image, the indices of the instances that passed.
    sources : indices of the images with at least one.
    """

    members: tuple[tuple[int, ...], ...]
    sources: tuple[int, ...]

    @classmethod
    def of(cls, pairs: Sequence[LabelledImage], params: SynthesisParams) -> ParticlePool:
        """Choose the particles.

        Raises
        ------
        SynthesisError
            No image has any particle, or none is left after the filter.
        """
        if not any(pair.instances for pair in pairs):
            names = pairs[0].name if len(pairs) == 1 else f"all {len(pairs)} images"
            raise SynthesisError(f"the mask of {names} is empty", hint="outline at least one particle")
        members = tuple(selected(pair, params) for pair in pairs)
        sources = tuple(index for index, chosen in enumerate(members) if chosen)
        if not sources:
            total = sum(len(pair.instances) for pair in pairs)
            raise SynthesisError(
                f"none of the {total} particles is left: they touch the edge or are too small",
                hint="allow edge_particles, or lower min_area_ratio or min_area_px",
            )
        return cls(members, sources)


def selected(pair: LabelledImage, params: SynthesisParams) -> tuple[int, ...]:
    """Return the indices of the particles that are whole and no fragments.

    Particles that touch the edge go first; of the others those go that are smaller than ``min_area_ratio`` times their mean area.
    """
    areas = {
        index: instance.area_px
        for index, instance in enumerate(pair.instances)
        if params.edge_particles or not instance.bbox.touches_border(pair.shape)
    }
    if not areas:
        return ()
    smallest = max(params.min_area_px, params.min_area_ratio * sum(areas.values()) / len(areas))
    return tuple(index for index, area in areas.items() if area >= smallest)


def is_clear(source: Source, index: int) -> bool:
    """Tell whether a particle lies free of lettering, scale bars and unknown areas, but for 2 % of it."""
    instance = source.image.instances[index]
    seen = np.count_nonzero(source.usable[instance.bbox.slices] & instance.mask)
    return bool(seen >= 0.98 * instance.area_px)


def cut_out(source: Source, index: int, *, feather_px: float, probability: Float | None = None) -> CutOut:
    """Cut one particle out of its image.

    Parameters
    ----------
    index : of the instance.
    feather_px : alpha falls from 1 at the outline to 0 this far outside; the image's own soft edge, fringe or glow comes along.
    probability : (H, W) in 0 ... 1, foreground probability of the whole image, which then is the alpha within reach of the feather.

    Other particles have no part in it: alpha is 0 on them.
    """
    instance = source.image.instances[index]
    box = _grown(instance.bbox, int(np.ceil(feather_px)) + 2, source.image.shape)
    mask = _within(box, instance.bbox, instance.mask)
    others = np.zeros(mask.shape, dtype=np.bool_)
    for number, other in enumerate(source.image.instances):
        if number != index and _meet(box, other.bbox):
            others |= _within(box, other.bbox, other.mask)
    others &= ~mask
    outside = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    ramp = np.clip(1 - outside / np.float32(feather_px + 1), 0, 1)
    alpha: Float = ramp * ramp * (3 - 2 * ramp)
    if probability is not None:
        alpha = np.where(outside <= feather_px, np.clip(probability[box.slices], 0, 1), 0).astype(np.float32)
    if others.any():
        near = cv2.GaussianBlur(others.astype(np.float32), (0, 0), 0.7)
        alpha = np.where(mask, alpha, np.minimum(alpha, 1 - np.minimum(1, 2 * near)))
        alpha[others] = 0
    difference = np.ascontiguousarray(source.plane[box.slices] - source.level[box.slices])
    difference[~source.usable[box.slices] & ~mask] = 0
    return CutOut(difference, np.ascontiguousarray(alpha, dtype=np.float32), mask, source.noise)


def retextured(particle: CutOut, rng: np.random.Generator) -> CutOut:
    """Give a particle a new inside: the same mean profile from rim to centre, and texture of the same spectrum with random phases.

    Random-phase texture after B. Galerne, Y. Gousseau, J.-M. Morel, IEEE Trans. Image Process. 20 (2011) 257-267.
    """
    depth = cv2.distanceTransform(np.pad(particle.mask, 1).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    deepest = max(float(np.max(np.asarray(depth))), 1.0)
    shell = np.minimum((depth / deepest * 12).astype(np.intp), 11)
    inside = particle.mask
    sums = np.bincount(shell[inside], particle.difference[inside], 12)
    counts = np.bincount(shell[inside], minlength=12)
    means = np.divide(sums, counts, out=np.zeros(12), where=counts > 0)
    profile = cv2.GaussianBlur(means[shell].astype(np.float32), (0, 0), max(0.6, deepest / 24))
    residual = np.where(inside, particle.difference - profile, 0)
    spectrum = np.fft.rfft2(residual) / sqrt(max(int(np.count_nonzero(inside)), 1))
    texture = np.fft.irfft2(spectrum * np.fft.rfft2(rng.standard_normal(inside.shape)), s=inside.shape).astype(np.float32)
    core = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 0.8)
    difference = particle.difference * (1 - core) + (profile + texture) * core
    return CutOut(difference.astype(np.float32), particle.alpha, particle.mask, particle.noise)


def _grown(box: BBox, margin: int, shape: tuple[int, int]) -> BBox:
    return BBox(max(0, box.y0 - margin), max(0, box.x0 - margin), min(shape[0], box.y1 + margin), min(shape[1], box.x1 + margin))


def _meet(one: BBox, other: BBox) -> bool:
    return one.y0 < other.y1 and other.y0 < one.y1 and one.x0 < other.x1 and other.x0 < one.x1


def _within(frame: BBox, box: BBox, mask: Mask) -> Mask:
    """Return the part of a mask that lies in a frame, in the frame's coordinates."""
    framed = np.zeros((frame.height, frame.width), dtype=np.bool_)
    y0, x0, y1, x1 = max(frame.y0, box.y0), max(frame.x0, box.x0), min(frame.y1, box.y1), min(frame.x1, box.x1)
    framed[y0 - frame.y0 : y1 - frame.y0, x0 - frame.x0 : x1 - frame.x0] = mask[y0 - box.y0 : y1 - box.y0, x0 - box.x0 : x1 - box.x0]
    return framed
