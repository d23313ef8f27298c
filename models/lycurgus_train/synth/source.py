"""One given image made ready for synthesis: grey 0 ... 1, what of it is background, and how bright that is everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.annotations import find_annotations, usable_area
from lycurgus.core.background import smooth_background
from lycurgus.core.noise import estimate_noise
from lycurgus.core.params import AnnotationParams
from lycurgus.core.types import Mask
from lycurgus_train.labelled import LabelledImage
from lycurgus_train.synth.errors import SynthesisError

Float = NDArray[np.float32]

GUARD_PX = 3
"""Hand-drawn outlines are off by about this much: so near to them nothing is taken for background."""

ENOUGH_OPEN = 0.1
"""Share of an image outside all groups of particles that is enough to know its background."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A labelled image, prepared.

    Attributes
    ----------
    image : as given.
    plane : (H, W) float32, the 0.5th and 99.5th percentile of the specimen at 0 and 1, clipped to -0.5 ... 1.5.
    usable : (H, W) bool, where specimen is seen: no data bar, scale bar or lettering, and nothing unknown.
    free : (H, W) bool, usable and away from every particle.
    level : (H, W) float32, brightness of the background, also under the particles.
    noise : standard deviation of white noise in ``plane``.
    """

    image: LabelledImage
    plane: Float
    usable: Mask
    free: Mask
    level: Float
    noise: float


def prepare(image: LabelledImage) -> Source:
    """Scale the grey values and estimate the background of an image."""
    usable = usable_area(image.pixels, find_annotations(image.pixels, AnnotationParams()))
    if image.ignore is not None:
        usable &= ~image.ignore
    if not usable.any():
        usable = np.isfinite(image.pixels)
    values = image.pixels[usable].astype(np.float64)
    low, high = np.percentile(values, (0.5, 99.5))
    plane = (image.pixels.astype(np.float32) - np.float32(low)) / np.float32(max(high - low, 1e-12))
    np.clip(np.nan_to_num(plane, copy=False, nan=0.5, posinf=1.5, neginf=-0.5), -0.5, 1.5, out=plane)
    hidden = particle_area(image)
    free = _free_area(image, usable, hidden)
    noise = estimate_noise(plane, usable)
    return Source(
        image, plane, usable, free, smooth_background(plane, free, sigma_px=typical_radius_px(image)), noise if np.isfinite(noise) else 0.0
    )


def _free_area(image: LabelledImage, usable: Mask, hidden: Mask) -> Mask:
    """Return where background is seen, best without the gaps inside groups of particles: they lie in shadow.

    Where too little lies outside the groups the gaps have to do, and where there are none, all that is usable.
    """
    gap = typical_radius_px(image)
    near = cv2.distanceTransform((~hidden).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5) <= gap if hidden.any() else hidden
    closed = hidden if near.all() else cv2.distanceTransform(near.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5) > gap
    for taken, guard_px, enough in ((closed | hidden, GUARD_PX, ENOUGH_OPEN), (hidden, GUARD_PX, 0.0), (hidden, 0, 0.0)):
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * guard_px + 1,) * 2)
        free: Mask = usable & ~cv2.dilate(taken.view(np.uint8), kernel).view(np.bool_)
        if free.mean() > enough:
            return free
    return usable


def polarity(image: LabelledImage) -> int:
    """Return 1 where particles are brighter than the rest of the image, by the medians, else -1; 0 without particles."""
    area = particle_area(image)
    if not area.any() or area.all():
        return 0
    return 1 if np.median(image.pixels[area]) >= np.median(image.pixels[~area]) else -1


def particle_area(image: LabelledImage) -> Mask:
    """Return (H, W) bool, True on every particle, those of which only a box is known included."""
    area = np.zeros(image.shape, dtype=np.bool_) if image.foreground is None else image.foreground.copy()
    for instance in image.instances:
        area[instance.bbox.slices] |= instance.mask
    for y0, x0, y1, x1 in np.round(image.boxes).astype(int):
        area[max(0, y0) : y1, max(0, x0) : x1] = True
    return area


def check_pairs(pairs: tuple[LabelledImage, ...]) -> None:
    """Find out what is wrong before any work is done.

    Raises
    ------
    SynthesisError
        No image, an image that is not (H, W), or outlines that do not fit into their image.
    """
    if not pairs:
        raise SynthesisError("there is no image to synthesise from", hint="give at least one image with its mask")
    for pair in pairs:
        if pair.pixels.ndim != 2 or min(pair.pixels.shape) < 8:
            raise SynthesisError(f"{pair.name} is no grey image of at least 8 x 8 px")
        for instance in pair.instances:
            box = instance.bbox
            inside = 0 <= box.y0 < box.y1 <= pair.shape[0] and 0 <= box.x0 < box.x1 <= pair.shape[1]
            if not inside or instance.mask.shape != (box.height, box.width):
                raise SynthesisError(
                    f"the mask of {pair.name} does not fit the image of {pair.shape[0]} x {pair.shape[1]} px",
                    hint="image and mask must be of the same size",
                )


def typical_radius_px(image: LabelledImage) -> float:
    """Return the radius of a disc of the particles' mean area, 6 px at least and a quarter of the image's side at most.

    A window of this width bridges the particles, so that the level under each is that around it.
    """
    if not image.instances:
        return 0.05 * max(image.shape)
    mean_area = sum(instance.area_px for instance in image.instances) / len(image.instances)
    return float(np.clip(np.sqrt(mean_area / np.pi), 6.0, 0.25 * max(image.shape)))
