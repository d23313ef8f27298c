"""What exporters get and promise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.summary import SampleSummary
from lycurgus.core.types import AnalysisResult, Particle
from lycurgus.exporters.text import Value

MOST_PICTURES = 24
"""Images of which a report shows a small picture of each."""


@dataclass(frozen=True, slots=True)
class FailedFile:
    """An input without a result."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class StoredParticles:
    """Particles that are on the disk, and what a report asks of them so often that it is kept at hand.

    Attributes
    ----------
    load : returns the whole result; asked once a table.
    tasks : classifications that any of them has.
    row : the image's row of the table of images, see ``image_columns``.
    """

    load: Callable[[], AnalysisResult]
    n_particles: int
    n_counted: int
    tasks: tuple[str, ...]
    row: Mapping[str, Value]


@dataclass(frozen=True, slots=True, eq=False)
class ReportEntry:
    """One analysed image of a report.

    Attributes
    ----------
    result : its micrograph may have lost its pixels (shape (0, 0)) once the image's own files are written; without its particles where
        these are ``stored``.
    shape : (H, W) of the image.
    image : how the image is called in every table: the file name, with as much of its folder as makes it unique.
    stem : unique file stem for what is written for this image.
    thumbnail : (h, w, 3) uint8, overlay of the particles, long side at most 640 px, or None.
    """

    result: AnalysisResult
    shape: tuple[int, int]
    image: str
    stem: str
    thumbnail: NDArray[np.uint8] | None = None
    stored: StoredParticles | None = None

    @property
    def whole(self) -> AnalysisResult:
        """The result with its particles."""
        return self.result if self.stored is None else self.stored.load()

    def in_memory(self) -> Self:
        """Return the same entry with its particles."""
        return replace(self, result=self.whole, stored=None)

    @property
    def particles(self) -> tuple[Particle, ...]:
        """All particles; where these are stored, held by nobody but the caller."""
        return self.whole.particles

    @property
    def n_particles(self) -> int:
        return len(self.result.particles) if self.stored is None else self.stored.n_particles

    @property
    def n_counted(self) -> int:
        return len(self.result.counted) if self.stored is None else self.stored.n_counted

    @property
    def tasks(self) -> tuple[str, ...]:
        """Classifications that any particle has."""
        return tasks_of(self.result) if self.stored is None else self.stored.tasks


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Some images of a report, summarised by themselves.

    Attributes
    ----------
    images : their names, as in every table.
    """

    name: str
    images: tuple[str, ...]
    summary: SampleSummary


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """A sample as the exporters see it.

    Attributes
    ----------
    summary : None where nothing could be analysed.
    columns : preset of the particle table: "standard" or "imagej".
    groups : the same images in parts, where that was asked for.
    """

    entries: tuple[ReportEntry, ...]
    failures: tuple[FailedFile, ...]
    summary: SampleSummary | None
    columns: str = "standard"
    groups: tuple[Group, ...] = ()


def tasks_of(result: AnalysisResult) -> tuple[str, ...]:
    """Name the classifications that any particle of a result has, in the order in which they occur."""
    return tuple(dict.fromkeys(task for particle in result.particles for task in particle.classes))


class ImageExporter(Protocol):
    """Writes the files of one image; needs the micrograph's pixels."""

    name: str
    label: str

    def write(self, entry: ReportEntry, out: Path) -> tuple[Path, ...]:
        """Write into the report folder and return what was written; each file appears whole or not at all.

        Raises
        ------
        ExportError
            The disk is full, the folder cannot be written ...
        """
        ...


class ReportExporter(Protocol):
    """Writes one file, or a few, for a whole report."""

    name: str
    label: str

    def write(self, report: Report, out: Path) -> tuple[Path, ...]:
        """Write into the report folder and return what was written; each file appears whole or not at all."""
        ...
