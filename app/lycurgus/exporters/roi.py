"""ImageJ ROI sets: one outline a particle, with sub-pixel coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray
from roifile import ImagejRoi

from lycurgus.core.types import Micrograph, Particle
from lycurgus.exporters.atomic import replacing
from lycurgus.exporters.base import ReportEntry
from lycurgus.exporters.outlines import outlines_xy

# ImageJ counts from the corner of the first pixel, Lycurgus from its centre.
CORNER_TO_CENTRE_PX = 0.5
SHORTEST_NAME = 4
COUNTED_COLOUR = b"\xff\xe6\x9f\x00"
EXCLUDED_COLOUR = b"\xff\xb4\xb4\xb4"


class RoiExporter:
    """Writes ``rois/<stem>.zip``, which ImageJ's ROI Manager opens."""

    name = "roi"
    label = "ImageJ ROI set (zip)"

    def write(self, entry: ReportEntry, out: Path) -> tuple[Path, ...]:
        target = out / "rois" / f"{entry.stem}.zip"
        particles = entry.result.particles
        position = stack_position(entry.result.micrograph)
        outlines = outlines_xy(particles)
        with replacing(target) as temporary, ZipFile(temporary, "w") as archive:
            for particle, name, outline in zip(particles, roi_names(particles), outlines, strict=True):
                # Without the time of day, equal results make equal files.
                archive.writestr(ZipInfo(f"{name}.roi"), roi_of(particle, name, outline, position).tobytes(), ZIP_DEFLATED)
        return (target,)


def roi_of(particle: Particle, name: str, outline: NDArray[np.float64], position: int = 0) -> ImagejRoi:
    """Return the outer outline of a particle as a freehand ROI.

    Holes are not part of an outline; the pieces of a particle that does not hang together are joined by a line without width.
    The ROI's properties carry the flags and the reason for exclusion.

    Parameters
    ----------
    outline : (n, 2) (x, y), whole numbers at pixel centres.
    position : the plane of the stack, from 1; 0 for an image that is no stack.
    """
    roi = ImagejRoi.frompoints((outline + CORNER_TO_CENTRE_PX).astype(np.float32), name=name)
    roi.position = position
    roi.stroke_color = COUNTED_COLOUR if particle.excluded is None else EXCLUDED_COLOUR
    roi.props = "".join(f"{key}: {value}\n" for key, value in _properties(particle).items())
    return roi


def roi_names(particles: Sequence[Particle]) -> list[str]:
    """Return the ids, padded with zeros to one length so that they sort as numbers."""
    width = max(SHORTEST_NAME, *(len(str(particle.id)) for particle in particles)) if particles else SHORTEST_NAME
    return [f"{particle.id:0{width}}" for particle in particles]


def stack_position(micrograph: Micrograph) -> int:
    """Return the number of the analysed plane from 1, or 0 where the file holds only one."""
    if len(micrograph.planes) < 2 or micrograph.plane not in micrograph.planes:
        return 0
    return micrograph.planes.index(micrograph.plane) + 1


def _properties(particle: Particle) -> dict[str, str]:
    properties = {"particle": str(particle.id), "flags": ", ".join(sorted(particle.flags)), "excluded": particle.excluded or ""}
    return {key: value for key, value in properties.items() if value}
