"""What exporters get and promise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.summary import SampleSummary
from lycurgus.core.types import AnalysisResult


@dataclass(frozen=True, slots=True)
class FailedFile:
    """An input without a result."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class ReportEntry:
    """One analysed image of a report.

    Attributes
    ----------
    result : its micrograph may have lost its pixels (shape (0, 0)) once the image's own files are written.
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


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """A sample as the exporters see it; summary is None where nothing could be analysed."""

    entries: tuple[ReportEntry, ...]
    failures: tuple[FailedFile, ...]
    summary: SampleSummary | None
    columns: str = "standard"
    """Column preset of the particle table: "standard" or "imagej"."""


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
