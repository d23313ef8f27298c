"""What the statistics of a sample need to know of one image: a few facts, and the numbers of its counted particles as columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.measurement import DESCRIPTORS, SUMMARISABLE, Descriptor
from lycurgus.core.types import AnalysisResult, Particle, PixelSize

Floats = NDArray[np.float64]

BORDER_WEIGHT = next(descriptor for descriptor in DESCRIPTORS if descriptor.name == "border_weight")
_FIELDS = tuple(dict.fromkeys(one.field(calibrated=known) for one in (*SUMMARISABLE.values(), BORDER_WEIGHT) for known in (False, True)))


@dataclass(frozen=True, slots=True, eq=False)
class ImageSample:
    """One image of a sample.

    Attributes
    ----------
    name : of the file.
    n_particles, n_counted : found, and entering statistics.
    excluded, removed : reason -> particles left out of statistics, regions that never became particles.
    border_corrected : whether border weights apply: particles at the border were excluded or removed.
    """

    name: str
    n_particles: int
    n_counted: int
    excluded: Mapping[str, int]
    removed: Mapping[str, int]
    pixel_size: PixelSize | None
    params_digest: str
    border_corrected: bool
    _counted: tuple[Particle, ...] = field(repr=False)
    _columns: Mapping[str, Floats] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, result: AnalysisResult) -> Self:
        """Look at a result; its particles are held until ``detached``."""
        counted = result.counted
        return cls(
            name=result.micrograph.path.name,
            n_particles=len(result.particles),
            n_counted=len(counted),
            excluded=Counter(particle.excluded for particle in result.particles if particle.excluded is not None),
            removed=result.removed,
            pixel_size=result.micrograph.pixel_size,
            params_digest=result.provenance.params_digest,
            border_corrected=result.params.cleaning.border != "keep",
            _counted=counted,
        )

    def column(self, descriptor: Descriptor, *, calibrated: bool) -> Floats:
        """Return a descriptor of each counted particle, (n_counted,); nan where it is not known."""
        name = descriptor.field(calibrated=calibrated)
        return self._columns[name] if name in self._columns else _column(self._counted, name)

    def detached(self) -> Self:
        """Return the same with all numbers taken and without the particles: some 500 bytes each, so that thousands of images fit."""
        return replace(self, _counted=(), _columns={name: _column(self._counted, name) for name in _FIELDS})


def _column(particles: Sequence[Particle], name: str) -> Floats:
    return np.array([getattr(particle.measurement, name) for particle in particles], dtype=np.float64)
