"""The columns of the table of groups, the same in every format: one row for each part of a sample that was divided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lycurgus.core.summary import PopulationStatistics
from lycurgus.exporters.base import Group
from lycurgus.exporters.text import Value


@dataclass(frozen=True, slots=True)
class GroupColumn:
    """One column: name in CSV, heading in a workbook, and whether its numbers have the unit of the summarised size."""

    name: str
    label: str
    value: Callable[[Group], Value]
    has_unit: bool = False


def _of_size(name: str) -> Callable[[Group], Value]:
    def value(group: Group) -> Value:
        number: float = getattr(group.summary.main, name)
        return number

    return value


def _bound(side: str) -> Callable[[Group], Value]:
    def value(group: Group) -> Value:
        interval = group.summary.main.intervals.get("mean")
        return None if interval is None else float(getattr(interval, side))

    return value


def _main(group: Group) -> PopulationStatistics:
    return group.summary.main


GROUP_COLUMNS: tuple[GroupColumn, ...] = (
    GroupColumn("group", "Group", lambda group: group.name),
    GroupColumn("n_images", "Images", lambda group: group.summary.n_images),
    GroupColumn("n_particles", "Particles", lambda group: group.summary.n_particles),
    GroupColumn("n_counted", "Counted", lambda group: group.summary.n_counted),
    GroupColumn("descriptor", "Descriptor", lambda group: _main(group).descriptor),
    GroupColumn("unit", "Unit", lambda group: _main(group).unit),
    GroupColumn("mean", "Mean", _of_size("mean"), has_unit=True),
    GroupColumn("mean_low", "Mean, lower limit", _bound("low"), has_unit=True),
    GroupColumn("mean_high", "Mean, upper limit", _bound("high"), has_unit=True),
    GroupColumn("sd", "SD", _of_size("sd"), has_unit=True),
    GroupColumn("geometric_mean", "Geometric mean", _of_size("geometric_mean"), has_unit=True),
    GroupColumn("geometric_sd", "GSD", _of_size("geometric_sd")),
    GroupColumn("d10", "D10 by number", _of_size("d10"), has_unit=True),
    GroupColumn("median", "Median (D50 by number)", _of_size("median"), has_unit=True),
    GroupColumn("d90", "D90 by number", _of_size("d90"), has_unit=True),
    GroupColumn("d50_volume", "D50 by volume", _of_size("d50_volume"), has_unit=True),
    GroupColumn("d32", "D[3,2], Sauter mean", _of_size("d32"), has_unit=True),
    GroupColumn("d43", "D[4,3], De Brouckere mean", _of_size("d43"), has_unit=True),
    GroupColumn("needed", "n needed", lambda group: _main(group).needed),
    GroupColumn("warnings", "Warnings", lambda group: "; ".join(group.summary.warnings)),
)
