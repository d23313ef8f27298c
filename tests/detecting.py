"""A picture of discs, and what the network's detector finds in pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.progress import CancelToken, never, silent
from lycurgus.core.types import Detection, Instance, Mask, Micrograph, PixelSize
from lycurgus.detectors import Scene
from lycurgus.detectors.network import NetworkDetector, NetworkParams
from shapes import disc

SHAPE = (300, 410)
CENTRES = [(y + 5 * (x // 40 % 3), x + 3 * (y // 40 % 2)) for y in range(25, 290, 40) for x in range(25, 400, 40)]
DISCS = [disc(SHAPE, centre, 24) for centre in CENTRES]
FOREGROUND = np.logical_or.reduce(DISCS)
PICTURE = np.where(FOREGROUND, 3000.0, 1000.0) + np.random.default_rng(1).normal(0, 60, SHAPE)


def detect(
    pixels: NDArray[np.floating],
    usable: Mask | None = None,
    *,
    model: str = "blobs",
    pixel_size: PixelSize | None = None,
    cancel: CancelToken = never,
    **settings: object,
) -> Detection:
    usable = np.ones(pixels.shape, dtype=bool) if usable is None else usable
    params = NetworkParams.model_validate({"model": model, **settings})
    scene = Scene(pixels.astype(np.float32), usable, pixel_size)
    return NetworkDetector().detect(scene, params, device="cpu", progress=silent, cancel=cancel)


def found(detection: Detection) -> tuple[Instance, ...]:
    assert detection.instances is not None
    return detection.instances


def drawn(instances: tuple[Instance, ...], shape: tuple[int, int] = SHAPE) -> list[Mask]:
    masks = []
    for instance in instances:
        mask = np.zeros(shape, dtype=bool)
        mask[instance.bbox.slices] = instance.mask
        masks.append(mask)
    return masks


def alike(first: tuple[Instance, ...], second: tuple[Instance, ...]) -> bool:
    def key(one: Instance) -> tuple[object, ...]:
        return one.bbox, one.mask.tobytes(), one.score

    return sorted(map(key, first)) == sorted(map(key, second))


def iou(a: Mask, b: Mask) -> float:
    return float(np.count_nonzero(a & b) / np.count_nonzero(a | b))


def micrograph(pixels: NDArray[np.floating] = PICTURE) -> Micrograph:
    return Micrograph(Path("made.tif"), pixels, PixelSize(1.0, 1.0, "user"))
