"""The columns of particle tables, the same in every format: heading, unit, definition, and where the value stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from lycurgus.core.measurement import DESCRIPTORS, Descriptor
from lycurgus.core.types import Particle
from lycurgus.exporters.base import Report, ReportEntry
from lycurgus.exporters.text import Value

Group = Literal["identity", "position", "size", "shape", "intensity", "statistics", "class", "remarks"]


@dataclass(frozen=True, slots=True)
class ParticleColumn:
    """One column of a particle table.

    Attributes
    ----------
    name : heading in CSV, for instance "feret_max_nm".
    label, unit : heading in a workbook; unit is "" for ratios.
    group : decides width, colour and number format.
    value : takes an image of the report and one of its particles.
    definition, reference : for the definitions sheet.
    """

    name: str
    label: str
    unit: str
    group: Group
    value: Callable[[ReportEntry, Particle], Value]
    definition: str
    reference: str = ""

    @property
    def names_image(self) -> bool:
        """True where the value is, or begins with, the name of an image."""
        return self.name in ("image", "Label")

    @property
    def heading(self) -> str:
        return f"{self.label} ({self.unit})" if self.unit else self.label


LEADING = (
    "image",
    "id",
    "y_px",
    "x_px",
    "area_px",
    "equivalent_diameter_px",
    "equivalent_diameter_nm",
    "feret_max_nm",
    "feret_min_nm",
    "perimeter_nm",
    "circularity",
    "aspect_ratio",
    "solidity",
    "convexity",
    "score",
    "flags",
)
"""How every particle table begins: scripts depend on it."""


def particle_columns(report: Report) -> tuple[ParticleColumn, ...]:
    """Return all columns of the standard particle table of a report, the leading ones first.

    Columns of classes exist for the tasks that any particle was classified for.
    """
    columns = {column.name: column for column in (*_IDENTITY, *_measured(), *_REMARKS, *_classes(report), *_BOX)}
    rest = [column for name, column in columns.items() if name not in LEADING]
    rest.sort(key=lambda column: _ORDER.index(column.group))
    return (*(columns[name] for name in LEADING), *rest)


def is_calibrated(report: Report) -> bool:
    """Tell whether lengths of the whole report can be given in nm: every image with particles has a pixel size."""
    return all(entry.result.micrograph.pixel_size is not None for entry in report.entries if entry.n_particles)


def joined_flags(particle: Particle) -> str:
    """Return a particle's flags in alphabetical order, joined by semicolons."""
    return ";".join(sorted(particle.flags))


def _measured() -> list[ParticleColumn]:
    columns = []
    for descriptor in DESCRIPTORS:
        fields = dict.fromkeys((descriptor.field(calibrated=False), descriptor.field(calibrated=True)))
        columns += [_measured_column(descriptor, field, calibrated=bool(i)) for i, field in enumerate(fields)]
    return columns


def _measured_column(descriptor: Descriptor, field: str, *, calibrated: bool) -> ParticleColumn:
    def value(_: ReportEntry, particle: Particle) -> Value:
        number: float | None = getattr(particle.measurement, field)
        return number

    return ParticleColumn(
        field,
        descriptor.label,
        descriptor.unit(calibrated=calibrated),
        descriptor.kind,
        value,
        descriptor.formula,
        descriptor.reference,
    )


def _classes(report: Report) -> list[ParticleColumn]:
    tasks = dict.fromkeys(task for entry in report.entries for task in entry.tasks)
    columns = []
    for task in tasks:
        columns += [
            ParticleColumn(f"class_{task}", f"Class: {task}", "", "class", _class_name(task), "the most probable class"),
            ParticleColumn(
                f"class_{task}_probability",
                f"Probability: {task}",
                "",
                "class",
                _class_probability(task),
                "probability of that class, 0 … 1",
            ),
        ]
    return columns


def _class_name(task: str) -> Callable[[ReportEntry, Particle], Value]:
    return lambda _, particle: particle.classes[task][0] if task in particle.classes else None


def _class_probability(task: str) -> Callable[[ReportEntry, Particle], Value]:
    def probability(_: ReportEntry, particle: Particle) -> Value:
        name, probabilities = particle.classes.get(task, ("", {}))
        return probabilities.get(name)

    return probability


_ORDER: Sequence[Group] = ("remarks", "class", "identity", "size", "shape", "intensity", "position", "statistics")

_IDENTITY = (
    ParticleColumn("image", "Image", "", "identity", lambda entry, _: entry.image, "name of the image's file"),
    ParticleColumn(
        "id",
        "Particle",
        "",
        "identity",
        lambda _, particle: particle.id,
        "number of the particle in its image: in tables, overlays and labels",
    ),
)

_REMARKS = (
    ParticleColumn(
        "score",
        "Score",
        "",
        "remarks",
        lambda _, particle: particle.instance.score,
        "the detector's confidence, 0 … 1; empty where it has none",
    ),
    ParticleColumn("flags", "Flags", "", "remarks", lambda _, particle: joined_flags(particle), "what is special about the particle"),
    ParticleColumn(
        "excluded",
        "Excluded",
        "",
        "remarks",
        lambda _, particle: particle.excluded,
        "why it is left out of statistics; empty where it counts",
    ),
    ParticleColumn(
        "polarity",
        "Polarity",
        "",
        "remarks",
        lambda entry, _: entry.result.detection.get("polarity"),
        "particles brighter or darker than the support",
    ),
)

# Not bbox_x0_px: spreadsheets take "_x0_" in a text for an escaped character.
_BOX = tuple(
    ParticleColumn(f"bbox_{side}_px", f"Box, {side}", "px", "position", value, definition)
    for side, value, definition in (
        ("top", lambda _, particle: particle.instance.bbox.y0, "first row of the particle"),
        ("left", lambda _, particle: particle.instance.bbox.x0, "first column of the particle"),
        ("bottom", lambda _, particle: particle.instance.bbox.y1, "first row below the particle"),
        ("right", lambda _, particle: particle.instance.bbox.x1, "first column right of the particle"),
    )
)
