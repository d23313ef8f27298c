"""From instances to measured particles; the numbers themselves come from ``measure_table``."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.cleaning import AT_BORDER, analysed_field, reaches_edge
from lycurgus.core.masked import AT_MASK, CUT
from lycurgus.core.measure_table import Table, measure_table
from lycurgus.core.measurement import Measurement
from lycurgus.core.params import CleaningParams
from lycurgus.core.types import BBox, Instance, Mask, Micrograph, Particle, PixelSize

TOUCHES_BORDER = "touches_border"
OVERLAPPING = "overlapping"


def measure(instances: Sequence[Instance], micrograph: Micrograph, usable: Mask, cleaning: CleaningParams) -> tuple[Particle, ...]:
    """Measure the instances of one image.

    Parameters
    ----------
    instances : what was found; they may overlap.
    usable : (H, W) bool, False where something is burnt in; the box around it is the analysed field.
    cleaning : says whether particles at the border are excluded from statistics, and so whether the others are weighted for it.

    Returns
    -------
    Particles numbered from 1 in reading order (top edge, then left edge of their boxes). Flags are those of the instances and
    "touches_border" and "overlapping"; what ``clean`` flagged as cut by a masked area is excluded as what touches the border is.
    """
    return measure_within(analysed_field(usable), instances, micrograph, cleaning) if instances else ()


def measure_within(analysed: BBox, instances: Sequence[Instance], micrograph: Micrograph, cleaning: CleaningParams) -> tuple[Particle, ...]:
    """Measure instances where the analysed field is known already; otherwise like ``measure``."""
    ordered = sorted(instances, key=lambda instance: (instance.bbox.y0, instance.bbox.x0))
    if not ordered:
        return ()
    weights = border_weights(ordered, analysed) if cleaning.border != "keep" else np.ones(len(ordered))
    measurements = _measurements(ordered, micrograph, weights)
    shared = overlapping(ordered)
    particles = []
    for number, (instance, measurement) in enumerate(zip(ordered, measurements, strict=True)):
        at_border = reaches_edge(instance.bbox, analysed)
        flags = set(instance.flags)
        if at_border:
            flags.add(TOUCHES_BORDER)
        if shared[number]:
            flags.add(OVERLAPPING)
        excluded = exclusion_of(flags) if cleaning.border == "exclude" else None
        particles.append(Particle(number + 1, instance, measurement, flags=frozenset(flags), excluded=excluded))
    return tuple(particles)


def exclusion_of(flags: Collection[str]) -> str | None:
    """Say why a particle of these flags is left out of statistics, where particles that are not whole are; None where it is whole."""
    if TOUCHES_BORDER in flags:
        return AT_BORDER
    return AT_MASK if CUT in flags else None


def border_weights(instances: Sequence[Instance], analysed: BBox) -> NDArray[np.float64]:
    """How many particles each stands for when those at the border are left out.

    A particle of axis-parallel Feret diameters Fx, Fy lies inside the field W × H without touching its edge with the probability
    P = (W - 1 - Fx)(H - 1 - Fy) / (W H), so it stands for 1 / P (R. E. Miles 1974; C. Lantuéjoul 1980). The 1 px is that of counted
    pixels: a box that begins in the first row or ends in the last one reaches the edge. The weight of a particle that fills the field
    stays finite: its free path is taken as one pixel at least.

    Returns
    -------
    (n,) float64, 1 or more.
    """
    height, width = np.array([(instance.bbox.height, instance.bbox.width) for instance in instances]).T
    free_y, free_x = np.maximum(analysed.height - 1 - height, 1), np.maximum(analysed.width - 1 - width, 1)
    return np.asarray(np.maximum(analysed.height * analysed.width / (free_y * free_x), 1.0))


def overlapping(instances: Sequence[Instance]) -> NDArray[np.bool_]:
    """Tell for each instance whether it shares a pixel with another."""
    if len(instances) < 2:
        return np.zeros(len(instances), dtype=np.bool_)
    y0, x0, y1, x1 = np.array([instance.bbox for instance in instances]).T
    top, left = int(y0.min()), int(x0.min())
    taken = np.zeros((int(y1.max()) - top, int(x1.max()) - left), dtype=np.bool_)
    boxes = zip((y0 - top).tolist(), (x0 - left).tolist(), (y1 - top).tolist(), (x1 - left).tolist(), strict=True)
    places = [(slice(row0, row1), slice(column0, column1)) for row0, column0, row1, column1 in boxes]
    for place, instance in zip(places, instances, strict=True):
        taken[place] |= instance.mask
    if np.count_nonzero(taken) == sum(instance.area_px for instance in instances):
        return np.zeros(len(instances), dtype=np.bool_)
    shared = np.zeros_like(taken)
    taken[:] = False
    for place, instance in zip(places, instances, strict=True):
        shared[place] |= taken[place] & instance.mask
        taken[place] |= instance.mask
    return np.array([(shared[place] & instance.mask).any() for place, instance in zip(places, instances, strict=True)], dtype=np.bool_)


def _measurements(instances: Sequence[Instance], micrograph: Micrograph, weights: NDArray[np.float64]) -> list[Measurement]:
    table: Table = {**measure_table(instances, micrograph.pixels), "border_weight": weights}
    columns = _in_both_units(table, instances, micrograph)
    # A frozen class of forty fields is slow to fill: its slots are filled here column by column, without its __init__.
    measurements = [object.__new__(Measurement) for _ in instances]
    for name, values in columns.items():
        deque(map(getattr(Measurement, name).__set__, measurements, values), maxlen=0)
    return measurements


def _in_both_units(table: Table, instances: Sequence[Instance], micrograph: Micrograph) -> dict[str, list[float] | list[None]]:
    """Name the columns as a Measurement does.

    Where pixels are not square, whatever depends on directions (diameters, ratios, angles) is measured again in nm; the px columns
    still count pixels.
    """
    size: PixelSize | None = micrograph.pixel_size
    physical = table
    if size is not None and not size.is_square:
        physical = {**table, **measure_table(instances, micrograph.pixels, scale=(size.y_nm, size.x_nm))}
    columns: dict[str, list[float] | list[None]] = {}
    for field in fields(Measurement):
        name = field.name
        if name.endswith(("_nm", "_nm2")):
            stem, power = (name[:-4], 2) if name.endswith("_nm2") else (name[:-3], 1)
            if size is None:
                columns[name] = [None] * len(instances)
            elif physical is table:
                columns[name] = (table[stem] * size.mean_nm**power).tolist()
            else:
                columns[name] = physical[stem].tolist()
        elif name.endswith("_px"):
            columns[name] = table[name.removesuffix("_px")].tolist()
        else:
            columns[name] = physical[name.removesuffix("_deg")].tolist()
    return columns
