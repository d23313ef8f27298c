"""What the microscope and the camera add: blur, noise, and pixels that are stuck."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus_train.synth.parameters import SynthesisParams

Float = NDArray[np.float32]


def randomise(picture: Float, params: SynthesisParams, rng: np.random.Generator) -> Float:
    """Blur a picture, add noise and salt and pepper, each by an amount drawn evenly from none to its limit.

    Parameters
    ----------
    picture : (H, W) float32, grey 0 ... 1.
    """
    blurred = blur(picture, float(rng.uniform(0, params.max_blur_px)))
    noisy = blurred + np.float32(rng.uniform(0, params.max_gaussian_noise)) * rng.standard_normal(picture.shape, dtype=np.float32)
    return salt_and_pepper(noisy, float(rng.uniform(0, params.max_salt_and_pepper_percent)) / 100, rng)


def blur(picture: Float, sigma_px: float) -> Float:
    """Blur by a Gaussian; less than a tenth of a pixel changes nothing."""
    return picture if sigma_px < 0.1 else np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px))


def salt_and_pepper(picture: Float, share: float, rng: np.random.Generator) -> Float:
    """Return the picture with a share of its pixels set to 0 or 1, with equal chance."""
    count = round(share * picture.size)
    if count == 0:
        return picture
    stuck = picture.copy()
    where = rng.choice(picture.size, size=count, replace=False, shuffle=False)
    stuck.ravel()[where] = rng.integers(2, size=count).astype(np.float32)
    return stuck
