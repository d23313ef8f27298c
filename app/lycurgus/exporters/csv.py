"""Two tidy tables as CSV: one row a particle, one row an image (RFC 4180, UTF-8, decimal points)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from lycurgus.core.types import Particle
from lycurgus.exporters.atomic import replacing
from lycurgus.exporters.base import Report, ReportEntry
from lycurgus.exporters.columns import ParticleColumn, particle_columns
from lycurgus.exporters.image_columns import IMAGE_COLUMNS, failure_row, image_row
from lycurgus.exporters.imagej_columns import imagej_columns
from lycurgus.exporters.text import csv_cell, inert_image_name


class CsvExporter:
    """particles.csv and images.csv.

    Empty cells stand for what is unknown: lengths in nm without calibration, statistics of too few particles. Texts from files
    never begin like a formula: image names get ``./`` before them, other texts an apostrophe.
    """

    name = "csv"
    label = "CSV tables"

    def write(self, report: Report, out: Path) -> tuple[Path, ...]:
        """Write particles.csv and images.csv.

        Raises
        ------
        ExportError
            The folder cannot be written.
        """
        particles, images = out / "particles.csv", out / "images.csv"
        try:
            write_table(particles, _particle_header(report), _particle_rows(report))
        finally:
            # One table that a spreadsheet holds open must not cost the other.
            write_table(images, [column.name for column in IMAGE_COLUMNS], _image_rows(report))
        return particles, images


def _particle_header(report: Report) -> list[str]:
    if report.columns == "imagej":
        return [column.name for column in imagej_columns(report)]
    return [column.name for column in particle_columns(report)]


def _particle_rows(report: Report) -> Iterable[list[str]]:
    columns = imagej_columns(report) if report.columns == "imagej" else particle_columns(report)
    for entry in report.entries:
        for particle in entry.result.particles:
            yield [_particle_cell(column, entry, particle) for column in columns]


def _particle_cell(column: ParticleColumn, entry: ReportEntry, particle: Particle) -> str:
    value = column.value(entry, particle)
    return inert_image_name(str(value)) if column.names_image else csv_cell(value)


def _image_rows(report: Report) -> Iterable[list[str]]:
    for row in (*map(image_row, report.entries), *map(failure_row, report.failures)):
        name = inert_image_name(str(row["image"]))
        yield [name if column.name == "image" else csv_cell(row[column.name]) for column in IMAGE_COLUMNS]


def write_table(target: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write one CSV table; cells must already be text, see ``text.csv_cell``."""
    with replacing(target) as path, path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(header)
        writer.writerows(rows)
