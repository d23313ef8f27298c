"""The columns of the window's particle table: short headings, units, decimals, and where the value stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil, isfinite, log10

from lycurgus.core.measurement import DESCRIPTORS, Descriptor
from lycurgus.core.types import Particle

Cell = float | str

DEFAULT = (
    *("state", "image", "id", "class", "equivalent_diameter", "feret_max", "feret_min", "aspect_ratio", "circularity"),
    *("area", "score", "flags", "excluded"),
)
"""Columns that are shown until the user chooses; those without any content are left out of it."""

ALWAYS = ("state", "id")
"""Columns that cannot be hidden: without them a row means nothing."""

SHORT_TITLES = {
    "equivalent_diameter": "Diameter",
    "fitted_circle_diameter": "Circle diameter",
    "feret_max": "Feret max",
    "feret_min": "Feret min",
    "feret_90": "Feret 90°",
    "feret_angle": "Feret angle",
    "circularity_iso": "Circularity ISO",
    "y": "y",
    "x": "x",
    "intensity_min": "Min intensity",
    "intensity_max": "Max intensity",
}

_LAST = tuple(descriptor.name for descriptor in DESCRIPTORS if descriptor.kind in ("position", "statistics"))

GLYPH_EXCLUDED = "⊘"
GLYPH_EDITED = "✎"
EDITED_FLAGS = frozenset({"edited", "drawn"})


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column.

    Attributes
    ----------
    name : stem of a descriptor, or "state", "image", "id", "score", "flags", "excluded", "class:<task>".
    title, unit : of the heading; unit "" for none.
    decimals : shown after the point; None for texts.
    meaning : for the tooltip.
    value : of a particle: a number (nan for none) or a text ("" for none). That of "image" is known to the table alone.
    """

    name: str
    title: str
    unit: str
    decimals: int | None
    meaning: str
    value: Callable[[Particle], Cell]

    @property
    def heading(self) -> str:
        return f"{self.title} ({self.unit})" if self.unit else self.title

    @property
    def choice(self) -> str:
        """How the column is called in the settings: those of classes come and go together."""
        return self.name.partition(":")[0]

    @property
    def is_text(self) -> bool:
        return self.decimals is None

    def shown(self, value: Cell) -> str:
        """Write a value as the table shows it; "–" for a number that does not exist."""
        if isinstance(value, str):
            return value
        return f"{value:.{self.decimals or 0}f}" if isfinite(value) else "–"


def columns_for(*, pixel_nm: float | None, tasks: Iterable[str], brightest: float) -> dict[str, TableColumn]:
    """Return all columns by name, in the order in which they stand.

    Parameters
    ----------
    pixel_nm : smallest pixel of the images, which decides the decimals; None where any of them is not calibrated.
    tasks : classification tasks that any particle has a class of.
    brightest : largest intensity, which decides the decimals of intensities.
    """
    measured = [_measured(descriptor, pixel_nm, brightest) for descriptor in DESCRIPTORS]
    rank = {name: place for place, name in enumerate(DEFAULT)}
    # Those that everybody looks at come first, in their order.
    measured.sort(key=lambda column: rank.get(column.name, len(rank)))
    position = [column for column in measured if column.name in _LAST]
    columns = (
        TableColumn("state", "", "", None, f"{GLYPH_EXCLUDED} left out of the statistics, {GLYPH_EDITED} corrected by hand", state_glyph),
        TableColumn("image", "Image", "", None, "Name of the image's file", lambda _: ""),
        TableColumn("id", "No.", "", 0, "Number of the particle in its image", lambda particle: float(particle.id)),
        *(_class(task) for task in tasks),
        *(column for column in measured if column not in position),
        TableColumn("score", "Score", "", 2, "The detector's confidence, 0 … 1", lambda particle: particle.instance.score),
        *position,
        TableColumn("flags", "Flags", "", None, "What is special about the particle", flags_text),
        TableColumn("excluded", "Excluded", "", None, "Why it is left out of the statistics", lambda particle: particle.excluded or ""),
    )
    return {column.name: column for column in columns}


def state_glyph(particle: Particle) -> str:
    """Return the signs that stand before a row."""
    edited = GLYPH_EDITED if particle.flags & EDITED_FLAGS else ""
    return edited + (GLYPH_EXCLUDED if particle.excluded is not None else "")


def flags_text(particle: Particle) -> str:
    """Return the flags as words: "overlapping, touches border"."""
    return ", ".join(sorted(flag.replace("_", " ") for flag in particle.flags))


def measured_value(descriptor: Descriptor, *, calibrated: bool) -> Callable[[Particle], float]:
    """Return what reads a descriptor of a particle; nan without calibration."""
    name = descriptor.field(calibrated=calibrated)

    def value(particle: Particle) -> float:
        number = getattr(particle.measurement, name)
        return float("nan") if number is None else float(number)

    return value


def title_of(descriptor: Descriptor) -> str:
    """Return a short name for headings and menus."""
    return SHORT_TITLES.get(descriptor.name, descriptor.label)


def _measured(descriptor: Descriptor, pixel_nm: float | None, brightest: float) -> TableColumn:
    calibrated = pixel_nm is not None
    meaning = f"{descriptor.label}: {descriptor.formula}" + (f" ({descriptor.reference})" if descriptor.reference else "")
    return TableColumn(
        descriptor.name,
        title_of(descriptor),
        descriptor.unit(calibrated=calibrated),
        _decimals(descriptor, pixel_nm, brightest),
        meaning,
        measured_value(descriptor, calibrated=calibrated),
    )


def _decimals(descriptor: Descriptor, pixel_nm: float | None, brightest: float) -> int:
    """Show lengths to a tenth of a pixel, which is what an outline can hold, areas to a pixel, intensities to five figures."""
    if descriptor.dimension == "length":
        return _places((pixel_nm or 1.0) / 10)
    if descriptor.dimension == "area":
        return _places((pixel_nm or 1.0) ** 2)
    if descriptor.dimension == "intensity":
        return _places(brightest / 1e4 if brightest > 0 else 1.0)
    return {"coordinate": 1, "angle": 1}.get(descriptor.dimension, 3)


def _places(resolution: float) -> int:
    return min(6, max(0, ceil(-log10(resolution) - 1e-9)))


def _class(task: str) -> TableColumn:
    def value(particle: Particle) -> str:
        return particle.classes[task][0] if task in particle.classes else ""

    title = "Class" if task == "class" else f"Class: {task}"
    return TableColumn(f"class:{task}", title, "", None, f"Most probable class ({task})", value)
