"""Tidy tables as CSV: one row a particle, an image, and a group where there are groups (RFC 4180, UTF-8, decimal points)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from lycurgus.core.types import Particle
from lycurgus.exporters.atomic import replacing
from lycurgus.exporters.base import Report, ReportEntry
from lycurgus.exporters.columns import ParticleColumn, particle_columns
from lycurgus.exporters.groups import GROUP_COLUMNS
from lycurgus.exporters.image_columns import image_columns, image_rows
from lycurgus.exporters.imagej_columns import imagej_columns
from lycurgus.exporters.text import csv_cell, inert_image_name


class CsvExporter:
    """particles.csv and images.csv, and groups.csv for a sample that was divided.

    Empty cells stand for what is unknown: lengths in nm without calibration, statistics of too few particles. Texts from files
    never begin like a formula: image names get ``./`` before them, other texts an apostrophe.
    """

    name = "csv"
    label = "CSV tables"

    def write(self, report: Report, out: Path) -> tuple[Path, ...]:
        """Write the tables.

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
            write_table(images, [column.name for column in image_columns(report)], _image_rows(report))
        if not report.groups:
            return particles, images
        groups = out / "groups.csv"
        write_table(groups, [column.name for column in GROUP_COLUMNS], _group_rows(report))
        return particles, images, groups


def _particle_header(report: Report) -> list[str]:
    if report.columns == "imagej":
        return [column.name for column in imagej_columns(report)]
    return [column.name for column in particle_columns(report)]


def _particle_rows(report: Report) -> Iterable[list[str]]:
    columns = imagej_columns(report) if report.columns == "imagej" else particle_columns(report)
    for entry in report.entries:
        for particle in entry.particles:
            yield [_particle_cell(column, entry, particle) for column in columns]


def _particle_cell(column: ParticleColumn, entry: ReportEntry, particle: Particle) -> str:
    value = column.value(entry, particle)
    return inert_image_name(str(value)) if column.names_image else csv_cell(value)


def _image_rows(report: Report) -> Iterable[list[str]]:
    columns = image_columns(report)
    for row in image_rows(report):
        name = inert_image_name(str(row["image"]))
        yield [name if column.name == "image" else csv_cell(row[column.name]) for column in columns]


def _group_rows(report: Report) -> Iterable[list[str]]:
    for group in report.groups:
        yield [csv_cell(column.value(group)) for column in GROUP_COLUMNS]


def write_table(target: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write one CSV table; cells must already be text, see ``text.csv_cell``."""
    with replacing(target) as path, path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(header)
        writer.writerows(rows)
