"""Pictures for people: the micrograph with its particles outlined, and the segmentation map."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.errors import ExportError
from lycurgus.core.types import Particle
from lycurgus.exporters.atomic import replacing
from lycurgus.exporters.base import ReportEntry
from lycurgus.exporters.drawing import draw_overlay

LONGEST_SIDE_PX = 4096


class OverlayExporter:
    """Writes ``overlays/<stem>.png`` and ``maps/<stem>.png``."""

    name = "png"
    label = "Overlay and segmentation map (PNG)"

    def write(self, entry: ReportEntry, out: Path) -> tuple[Path, ...]:
        result = entry.result
        overlay, segmentation = out / "overlays" / f"{entry.stem}.png", out / "maps" / f"{entry.stem}.png"
        if result.micrograph.shape != entry.shape:
            raise ExportError(overlay, "the picture is no longer in memory", hint="write the overlay when the image is analysed")
        write_png(overlay, draw_overlay(result.micrograph, result.particles, result.annotations, max_side_px=LONGEST_SIDE_PX))
        write_png(segmentation, segmentation_map(result.particles, entry.shape))
        return overlay, segmentation


def segmentation_map(particles: Sequence[Particle], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return (H, W) uint8: 255 where any particle is, the excluded ones too, and 0 elsewhere."""
    picture = np.zeros(shape, np.uint8)
    for particle in particles:
        picture[particle.instance.bbox.slices][particle.instance.mask] = 255
    return picture


def write_png(target: Path, picture: NDArray[np.uint8]) -> None:
    """Write (h, w) grey or (h, w, 3) RGB, uint8; see ``replacing`` for what can go wrong."""
    # Encoded in memory: OpenCV can neither open every path on Windows nor say why a disk refuses.
    stored: NDArray[Any] = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".png", stored)
    with replacing(target) as temporary:
        temporary.write_bytes(encoded.data)
