"""How each particle is drawn: its colour and line by state, class, size, score or flags, and the legend that explains it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Particle
from lycurgus.exporters import palette
from lycurgus.exporters.drawing import class_of

Dash = Literal["solid", "long", "dotted", "dashed"]
SHADES = 16


@dataclass(frozen=True, slots=True)
class LineStyle:
    """Colour (R, G, B) and kind of line."""

    colour: palette.Colour
    dash: Dash = "solid"


@dataclass(frozen=True, slots=True)
class Scale:
    """A legend of numbers: the ends of the colour scale."""

    title: str
    low: str
    high: str
    colours: tuple[palette.Colour, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Colouring:
    """Styles, and which particles are drawn in each.

    Attributes
    ----------
    groups : style, and the indices of its particles in the order they were given.
    names : legend of the groups, aligned with them; "" for one that needs none.
    scale : legend of a colour scale, or None.
    """

    groups: tuple[tuple[LineStyle, NDArray[np.intp]], ...] = ()
    names: tuple[str, ...] = ()
    scale: Scale | None = field(default=None)


EXCLUDED = LineStyle(palette.EXCLUDED, "dashed")
COUNTED = LineStyle(palette.COUNTED)
ONLY_HERE = LineStyle(palette.SKY_BLUE, "long")
PROVISIONAL = LineStyle(palette.YELLOW, "dotted")

_STATES = {"counted": COUNTED, "corrected by hand": LineStyle(palette.SKY_BLUE, "long")}
_FLAGS = {
    "by hand": LineStyle(palette.SKY_BLUE, "long"),
    "not convex": LineStyle(palette.VERMILLION, "dotted"),
    "overlapping": LineStyle(palette.PURPLE, "long"),
    "separated": LineStyle(palette.GREEN),
    "at the border": LineStyle(palette.YELLOW, "dotted"),
    "cut by a masked area": LineStyle(palette.YELLOW, "long"),
    "no flag": COUNTED,
}
_FLAG_WORDS = {
    "drawn": "by hand",
    "edited": "by hand",
    "non_convex": "not convex",
    "overlapping": "overlapping",
    "separated": "separated",
    "touches_border": "at the border",
    "cut_by_annotation": "cut by a masked area",
}
_CLASS_DASHES: tuple[Dash, ...] = ("solid", "long", "dotted")


def colouring(particles: Sequence[Particle], colour_by: str) -> Colouring:
    """Group particles by how they are drawn; what is excluded is dashed grey whatever the rest is coloured by.

    Parameters
    ----------
    colour_by : "state", "class", "size", "score" or "flags"; anything else as "state".
    """
    match colour_by:
        case "size":
            return _by_value(particles, _diameter, "Diameter, " + ("nm" if _is_calibrated(particles) else "px"))
        case "score":
            return _by_value(particles, lambda particle: particle.instance.score, "Score")
        case "class":
            colours = palette.class_colours(sorted({class_of(particle) for particle in particles} - {""}))
            styles = {
                name: LineStyle(colour, _CLASS_DASHES[index % len(_CLASS_DASHES)]) for index, (name, colour) in enumerate(colours.items())
            }
            return _by_name(particles, lambda particle: class_of(particle) or "no class", styles | {"no class": COUNTED})
        case "flags":
            return _by_name(particles, flag_of, _FLAGS)
        case _:
            return _by_name(particles, _state_of, _STATES)


def matched_colouring(particles: Sequence[Particle], shared: frozenset[int]) -> Colouring:
    """Mark what only one of two methods found.

    Parameters
    ----------
    shared : indices of the particles that both found.
    """
    both = np.array([index in shared for index in range(len(particles))], dtype=bool)
    return Colouring(((COUNTED, np.flatnonzero(both)), (ONLY_HERE, np.flatnonzero(~both))), ("found by both", "only here"))


def flag_of(particle: Particle) -> str:
    """Return the flag that matters most, in words."""
    return next((words for flag, words in _FLAG_WORDS.items() if flag in particle.flags), "no flag")


def shades() -> tuple[palette.Colour, ...]:
    """Viridis in steps, without its darkest quarter, which is not seen on a dark micrograph."""
    ramp = cv2.applyColorMap(np.linspace(64, 255, SHADES).astype(np.uint8)[:, None], cv2.COLORMAP_VIRIDIS)[:, 0]
    return tuple((int(red), int(green), int(blue)) for blue, green, red in ramp)


def _by_name(particles: Sequence[Particle], name_of: Callable[[Particle], str], styles: dict[str, LineStyle]) -> Colouring:
    names = [*styles, "excluded"]
    given = np.array([names.index("excluded" if one.excluded is not None else name_of(one)) for one in particles], dtype=np.intp)
    present = [index for index in range(len(names)) if (given == index).any()]
    groups = tuple(((styles | {"excluded": EXCLUDED})[names[index]], np.flatnonzero(given == index)) for index in present)
    return Colouring(groups, tuple(names[index] for index in present))


def _by_value(particles: Sequence[Particle], value_of: Callable[[Particle], float], title: str) -> Colouring:
    counted = np.array([particle.excluded is None for particle in particles], dtype=bool)
    values = np.array([value_of(particle) for particle in particles], dtype=np.float64)
    known = counted & np.isfinite(values)
    groups = [(COUNTED, np.flatnonzero(counted & ~known)), (EXCLUDED, np.flatnonzero(~counted))]
    names = ["none", "excluded"]
    scale = None
    if known.any():
        low, high = float(values[known].min()), float(values[known].max())
        steps = np.zeros(len(values), dtype=np.intp)
        if high > low:
            steps[known] = np.minimum((values[known] - low) / (high - low) * SHADES, SHADES - 1).astype(np.intp)
        colours = shades()
        groups += [(LineStyle(colour), np.flatnonzero(known & (steps == index))) for index, colour in enumerate(colours)]
        names += [""] * SHADES
        scale = Scale(title, f"{low:.3g}", f"{high:.3g}", colours)
    present = [index for index, (_, members) in enumerate(groups) if members.size]
    return Colouring(tuple(groups[index] for index in present), tuple(names[index] for index in present), scale)


def _state_of(particle: Particle) -> str:
    return "corrected by hand" if particle.flags & {"drawn", "edited"} else "counted"


def _diameter(particle: Particle) -> float:
    measured = particle.measurement
    return measured.equivalent_diameter_px if measured.equivalent_diameter_nm is None else measured.equivalent_diameter_nm


def _is_calibrated(particles: Sequence[Particle]) -> bool:
    return any(particle.measurement.equivalent_diameter_nm is not None for particle in particles)


def particle_text(particle: Particle) -> str:
    """Describe a particle in a line: number, size, class, score, and why it is excluded."""
    measured = particle.measurement
    nm = measured.equivalent_diameter_nm
    parts = [f"particle {particle.id}", f"{measured.equivalent_diameter_px:.1f} px" if nm is None else f"{nm:.2f} nm"]
    if name := class_of(particle):
        parts.append(name)
    if isfinite(particle.instance.score):
        parts.append(f"score {particle.instance.score:.2f}")
    if particle.excluded is not None:
        parts.append(f"excluded: {particle.excluded}")
    return ", ".join(parts)
