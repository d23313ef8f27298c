"""Small simulated micrographs whose particles are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from shapes import disc

SHAPE = (200, 240)
DISCS = (((50.0, 50.0), 40.0), ((120.0, 60.0), 30.0), ((60.0, 150.0), 24.0), ((140.3, 150.6), 36.0), ((100.0, 205.0), 28.0))
"""(centre (y, x), diameter) in px; none touches another or the border."""


def scene(
    *, shape: tuple[int, int] = SHAPE, discs=DISCS, background: float = 60, contrast: float = 90, noise: float = 6, seed: int = 0
) -> NDArray[np.uint8]:
    """Bright discs on an even background with Gaussian noise, 8 bit."""
    image = np.full(shape, background) + np.random.default_rng(seed).normal(0, noise, shape)
    for centre, diameter in discs:
        image[disc(shape, centre, diameter)] += contrast
    return np.clip(image, 0, 255).astype(np.uint8)


def truth(*, shape: tuple[int, int] = SHAPE, discs=DISCS) -> NDArray[np.uint16]:
    """Label image of the same discs."""
    labels = np.zeros(shape, np.uint16)
    for number, (centre, diameter) in enumerate(discs, start=1):
        labels[disc(shape, centre, diameter)] = number
    return labels


def write(path: Path, image: NDArray[np.generic], *, pixel_size_nm: float | None = None) -> Path:
    """Write a TIFF, calibrated as ImageJ does where a pixel size is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if pixel_size_nm is None:
        tifffile.imwrite(path, image)
    else:
        tifffile.imwrite(path, image, imagej=True, resolution=(1 / pixel_size_nm, 1 / pixel_size_nm), metadata={"unit": "nm"})
    return path
