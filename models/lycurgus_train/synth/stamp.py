"""Particles turned, mirrored and scaled, ready to be set into a picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Mask
from lycurgus_train.synth.particle_pool import CutOut

Float = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Stamp:
    """A particle in its final size and direction.

    Attributes
    ----------
    difference, alpha, mask, noise : as of the cut-out, with another shape (h, w); the mask's middle lies near the middle of the array.
    area_px : pixels in the mask.
    """

    difference: Float
    alpha: Float
    mask: Mask
    noise: float
    area_px: int

    @property
    def radius_px(self) -> float:
        """Of the disc of the same area."""
        return float(np.sqrt(self.area_px / np.pi))


def make_stamp(particle: CutOut, *, scale: float, angle_deg: float, mirrored: bool) -> Stamp:
    """Scale and turn a particle.

    Parameters
    ----------
    scale : factor on lengths; the area of the mask changes by its square.
    angle_deg : counter-clockwise.
    mirrored : left and right exchanged, before it is turned.

    Raises
    ------
    ValueError
        ``scale`` is not positive.
    """
    if not scale > 0:
        raise ValueError(f"a particle cannot be scaled by {scale}")
    if scale == 1 and angle_deg % 360 == 0:
        columns = slice(None, None, -1 if mirrored else 1)
        exact = np.ascontiguousarray(particle.mask[:, columns])
        area_px = int(np.count_nonzero(exact))
        return Stamp(particle.difference[:, columns], particle.alpha[:, columns], exact, particle.noise, area_px)
    height, width = particle.mask.shape
    angle = np.deg2rad(angle_deg)
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[cosine, sine], [-sine, cosine]])
    if mirrored:
        linear[:, 0] *= -1
    # OpenCV's points are (x, y) and y points down, so that this matrix turns counter-clockwise on the screen.
    out_width, out_height = np.ceil(np.abs(linear) @ (width, height) + 2).astype(int)
    centre_in, centre_out = np.array([(width - 1) / 2, (height - 1) / 2]), np.array([(out_width - 1) / 2, (out_height - 1) / 2])
    matrix = np.column_stack([linear, centre_out - linear @ centre_in])

    def warp(plane: Float, border: int) -> Float:
        source = plane if scale > 0.7 else cv2.GaussianBlur(plane, (0, 0), 0.35 / scale, borderType=cv2.BORDER_REPLICATE)
        return np.asarray(cv2.warpAffine(source, matrix, (int(out_width), int(out_height)), flags=cv2.INTER_LINEAR, borderMode=border))

    mask = warp(particle.mask.astype(np.float32), cv2.BORDER_CONSTANT) >= 0.5
    # What is resampled is smoother: by interpolation a little, by reduction more.
    noise = particle.noise * (0.7 if scale > 0.7 else 0.5)
    return Stamp(
        warp(particle.difference, cv2.BORDER_REPLICATE),
        warp(particle.alpha, cv2.BORDER_CONSTANT),
        mask,
        noise,
        int(np.count_nonzero(mask)),
    )
