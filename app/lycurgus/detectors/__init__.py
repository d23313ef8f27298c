"""Detectors: from a prepared plane to a detection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.params import DetectorParams
from lycurgus.core.progress import CancelToken, Progress
from lycurgus.core.registry import Registry
from lycurgus.core.types import Detection, Mask, PixelSize


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What a detector gets to see.

    Attributes
    ----------
    plane : (H, W) float32, flattened and denoised, in units of the stored values, less ``level``.
    usable : (H, W) bool, False where something is burnt in or a value is not finite.
    level : what was taken off the stored values because float32 could not hold their differences; nearly always 0.
    """

    plane: NDArray[np.float32]
    usable: Mask
    pixel_size: PixelSize | None
    level: float = 0.0


class Detector(Protocol):
    """Finds the foreground; stateless or safe to share between threads.

    Attributes
    ----------
    runs_network : whether the device matters; where a network really ran stands in the detection.
    """

    name: str
    label: str
    params_model: type[DetectorParams]
    runs_network: bool

    def detect(self, scene: Scene, params: DetectorParams, *, device: str, progress: Progress, cancel: CancelToken) -> Detection:
        """Tell particles from what surrounds them; nothing outside ``scene.usable`` is foreground."""
        ...


DETECTORS: Registry[Detector] = Registry(
    "detector", {"network": "lycurgus.detectors.network:NetworkDetector", "otsu": "lycurgus.detectors.otsu:OtsuDetector"}
)
