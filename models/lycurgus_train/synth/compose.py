"""One picture from particles and a background, with the exact outline of every particle in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import BBox, Instance
from lycurgus_train.synth.parameters import SynthesisParams
from lycurgus_train.synth.placement import Position, clipped, mask_box
from lycurgus_train.synth.stamp import Stamp

Float = NDArray[np.float32]

LEVEL_PX = 8.0
"""What a Gaussian of this width keeps of a background is its level, which a particle's contrast stands on."""

GRAIN_PX = 1.5
"""What a Gaussian of this width takes away from a background is its grain."""


class Canvas:
    """A background that particles are set into.

    A particle is pasted by its difference from its own background: the new pixel is the new level plus that difference, so that a
    particle that was darker than its surroundings is so again, however bright the new ones are. With alpha a, transparency t, the
    background's level L and the difference D, the picture P becomes P + a (D - (1 - t) (P - L)).
    """

    def __init__(self, background: Float, *, transparency: float, gain: float = 1.0) -> None:
        self.picture = background.copy()
        self.instances: list[Instance] = []
        self._level = np.asarray(cv2.GaussianBlur(background, (0, 0), LEVEL_PX))
        self._grain = background - np.asarray(cv2.GaussianBlur(background, (0, 0), GRAIN_PX))
        self._grain_deviation = float(self._grain.std())
        self._opacity = np.float32(1 - transparency)
        self._gain = gain

    def paste(self, stamp: Stamp, position: Position, *, brightness: float = 1.0) -> None:
        """Set a particle into the picture; brightness is a factor on its contrast."""
        at, alpha = clipped(stamp.alpha, position, self.picture.shape)
        if alpha.size == 0:
            return
        _, difference = clipped(stamp.difference, position, self.picture.shape)
        _, mask = clipped(stamp.mask, position, self.picture.shape)
        gain = self._gain * brightness
        level, below = self._level[at.slices], self.picture[at.slices]
        added = np.float32(gain) * difference + self._missing_grain(stamp.noise * gain) * self._grain[at.slices]
        below += alpha * (added - self._opacity * (below - level))
        if mask.any():
            tight = mask_box(mask)
            box = BBox(at.y0 + tight.y0, at.x0 + tight.x0, at.y0 + tight.y1, at.x0 + tight.x1)
            self.instances.append(Instance(box, np.ascontiguousarray(mask[tight.slices])))

    def halo(self, stamp: Stamp, position: Position, *, strength: float, width_px: float, angle_deg: float) -> None:
        """Brighten (or, negative, darken) what lies beside a particle in one direction; to be done before it is pasted."""
        margin = int(np.ceil(4 * width_px)) + 1
        padded = np.pad(stamp.alpha, margin)
        angle = np.deg2rad(angle_deg)
        shift = np.array([[1, 0, width_px * np.cos(angle)], [0, 1, -width_px * np.sin(angle)]])
        glow = cv2.GaussianBlur(cv2.warpAffine(padded, shift, padded.shape[::-1]), (0, 0), max(width_px, 0.3))
        at, part = clipped(np.asarray(glow), (position[0] - margin, position[1] - margin), self.picture.shape)
        self.picture[at.slices] += np.float32(strength) * part

    def _missing_grain(self, noise: float) -> np.float32:
        """Share of the background's own grain that makes a particle as grainy as the background, 0 where it is so by itself."""
        if self._grain_deviation <= 1e-6:
            return np.float32(0)
        missing = max(0.0, self._grain_deviation**2 - noise**2)
        return np.float32(np.sqrt(missing) / self._grain_deviation * self._opacity)


def compose(
    background: Float,
    placed: Iterable[tuple[Stamp, Position]],
    params: SynthesisParams,
    rng: np.random.Generator,
) -> tuple[Float, list[Instance]]:
    """Paste particles onto a background.

    Parameters
    ----------
    background : (H, W) float32, grey about 0 ... 1.
    placed : particles and where they go, lowest first.

    Returns
    -------
    The picture (H, W) float32, about 0 ... 1 but neither clipped nor stretched, and the instances, which overlap where particles do.
    """
    canvas = Canvas(background, transparency=float(rng.uniform(*params.transparency)), gain=float(rng.uniform(*params.contrast)))
    has_halo = rng.random() < params.halo_chance
    strength, width = float(rng.uniform(*params.halo_strength)), float(rng.uniform(*params.halo_width_px))
    angle = float(rng.uniform(0, 360))
    for stamp, position in placed:
        if has_halo:
            canvas.halo(stamp, position, strength=strength, width_px=width, angle_deg=angle)
        canvas.paste(stamp, position, brightness=float(rng.uniform(*params.brightness)))
    return canvas.picture, canvas.instances


def calmed(background: Float, stamps: Sequence[Stamp], *, min_visibility: float) -> Float:
    """Weaken the texture of a background so far that particles stand out from it.

    Parameters
    ----------
    min_visibility : wanted ratio of the particles' median contrast (root mean square of the difference) to the standard deviation
        of the texture, both measured on planes without their finest grain.
    """
    if min_visibility <= 0 or not stamps:
        return background
    contrast = float(np.median([_contrast(stamp) for stamp in stamps]))
    structure = np.asarray(cv2.GaussianBlur(background, (0, 0), GRAIN_PX))
    level = np.asarray(cv2.GaussianBlur(background, (0, 0), 4 * LEVEL_PX))
    texture = float((structure - level).std())
    if texture * min_visibility <= contrast:
        return background
    share = np.float32(contrast / (texture * min_visibility))
    return (level + share * (background - level)).astype(np.float32)


def _contrast(stamp: Stamp) -> float:
    smooth = np.asarray(cv2.GaussianBlur(stamp.difference, (0, 0), GRAIN_PX))
    return float(np.sqrt((smooth[stamp.mask] ** 2).mean())) if stamp.area_px else 0.0
