"""Label images: one TIFF an image, every pixel holding the id of the particle it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from lycurgus.core.types import Particle, PixelSize, Plane
from lycurgus.exporters.atomic import replacing
from lycurgus.exporters.base import ReportEntry

Labels = NDArray[np.uint16] | NDArray[np.uint32]


class LabelExporter:
    """Writes ``labels/<stem>.tif`` with the ids of all particles, the excluded ones too."""

    name = "labels"
    label = "Label image (TIFF)"

    def write(self, entry: ReportEntry, out: Path) -> tuple[Path, ...]:
        target = out / "labels" / f"{entry.stem}.tif"
        write_plane(target, label_image(entry.result.particles, entry.shape), entry.result.micrograph.pixel_size)
        return (target,)


def label_image(particles: Sequence[Particle], shape: tuple[int, int]) -> Labels:
    """Paint particles into one image of ids.

    Where particles overlap, the smaller one (by area; the higher id among equals) lies on top, so that a small particle on a
    large one is never lost. Only a particle that smaller ones cover entirely has no pixel left.

    Parameters
    ----------
    shape : (H, W) of the micrograph.

    Returns
    -------
    (H, W) uint16, or uint32 where an id exceeds 65,535; 0 is background.
    """
    highest = max((particle.id for particle in particles), default=0)
    labels: Labels = np.zeros(shape, np.uint16) if highest <= np.iinfo(np.uint16).max else np.zeros(shape, np.uint32)
    for particle in sorted(particles, key=lambda particle: (-particle.instance.area_px, particle.id)):
        labels[particle.instance.bbox.slices][particle.instance.mask] = particle.id
    return labels


def write_plane(target: Path, plane: Plane, pixel_size: PixelSize | None) -> None:
    """Write one plane (H, W) as TIFF, zlib-compressed, the pixel size where ImageJ looks for it; see ``replacing`` for errors."""
    with replacing(target) as temporary:
        tifffile.imwrite(temporary, plane, compression="zlib", photometric="minisblack", metadata=None, **_calibration(pixel_size))


def _calibration(pixel_size: PixelSize | None) -> dict[str, Any]:
    """TIFF tags in ImageJ's convention: pixels a unit, and the unit's name in the description."""
    if pixel_size is None:
        return {"description": "ImageJ=1.54f\nimages=1\n"}
    return {
        "description": "ImageJ=1.54f\nimages=1\nunit=nm\n",
        "resolution": (1 / pixel_size.x_nm, 1 / pixel_size.y_nm),
        "resolutionunit": "NONE",
    }
