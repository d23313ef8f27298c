"""Particles of chosen masks, and report entries around them, for tests of what is written for one image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Annotation, Particle, PixelSize
from lycurgus.exporters.base import ReportEntry
from reports import make_report
from shapes import instance_of

_ENTRY = make_report(1, 3, thumbnails=False).entries[0]
_PARTICLE = _ENTRY.result.particles[0]


def particles_of(*masks: NDArray[np.bool_], excluded: str | None = None) -> list[Particle]:
    """Particles 1 ... n with these full-size masks; their measurements are those of another particle."""
    return [
        replace(_PARTICLE, id=number, instance=instance_of(mask), flags=frozenset(), excluded=excluded, classes={})
        for number, mask in enumerate(masks, start=1)
    ]


def entry_of(
    particles: Sequence[Particle],
    pixels: NDArray[Any],
    *,
    pixel_size: PixelSize | None = None,
    annotations: Sequence[Annotation] = (),
    stem: str = "sample",
    **micrograph: Any,
) -> ReportEntry:
    """An image with these pixels and particles."""
    picture = replace(_ENTRY.result.micrograph, **{"pixels": pixels, "pixel_size": pixel_size, "plane": "", "planes": (), **micrograph})
    result = replace(_ENTRY.result, micrograph=picture, particles=tuple(particles), annotations=tuple(annotations))
    return ReportEntry(result, picture.shape, f"{stem}.tif", stem)
