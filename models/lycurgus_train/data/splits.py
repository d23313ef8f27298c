"""Which images are trained on and which are kept for validation: decided once, by group, and fixed in a file."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lycurgus.core.errors import LycurgusError, ParameterError, ReadError
from lycurgus.exporters.atomic import replacing
from lycurgus_train.labelled import LabelledImage

Side = Literal["train", "validation"]

FORMAT = 1
SHIPPED = Path(__file__).resolve().parent.parent / "splits"
BINS = 3
"""Groups are sorted into so many classes of particle size, and each of those into so many of particle count."""


@dataclass(frozen=True, slots=True)
class Split:
    """Names of images (stems of their files), each on one side.

    Attributes
    ----------
    made : how the split came about, for whoever wants to repeat it; JSON-compatible.
    """

    train: tuple[str, ...]
    validation: tuple[str, ...]
    made: Mapping[str, Any]

    def check(self, names: Collection[str]) -> None:
        """Make sure that the split knows every image of a data set.

        Raises
        ------
        LycurgusError
            Images are on neither side: the data changed since the split was made.
        """
        unknown = sorted(set(names) - set(self.train) - set(self.validation))
        if unknown:
            raise LycurgusError(
                f"the split knows nothing of {_some(unknown)}",
                hint="the data changed since it was made; make it again with lycurgus-train data split",
            )

    def side(self, name: Side) -> tuple[str, ...]:
        return self.train if name == "train" else self.validation

    def absent(self, names: Collection[str], side: Side) -> list[str]:
        """Say which images of a side a data set lacks: a sentence, or none."""
        missing = sorted(set(self.side(side)) - set(names))
        return [f"the split names {_some(missing)}, of which there is no image with a truth"] if missing else []


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def image_statistics(image: LabelledImage) -> tuple[int, float]:
    """Return how many particles an image has and their median diameter in px (nan without any).

    The diameter of a mask is that of the disc of its area; that of a box the geometric mean of its sides.
    """
    by_mask = [2 * np.sqrt(instance.area_px / np.pi) for instance in image.instances]
    by_box = [np.sqrt(max(0.0, (y1 - y0) * (x1 - x0))) for y0, x0, y1, x1 in image.boxes.tolist()]
    diameters = [*by_mask, *by_box]
    return len(diameters), float(np.median(diameters)) if diameters else float("nan")


def make_split(
    groups: Mapping[str, str],
    *,
    validation: float,
    seed: int,
    statistics: Mapping[str, tuple[int, float]] | None = None,
    made: Mapping[str, Any] | None = None,
) -> Split:
    """Divide images so that a group never stands on both sides.

    Groups are laid in a row, small particles first, those with few particles before those with many, at random within such a
    class; then every 1/``validation``-th is taken, so that both sides have all sizes and counts alike.

    Parameters
    ----------
    groups : image -> its group, the source article for instance.
    validation : share of the groups for validation, in 0 ... 1, both excluded.
    statistics : image -> what ``image_statistics`` says; without it the row is random.
    made : further facts for the file.

    Raises
    ------
    ParameterError
        The seed is below 0; the share is out of range, or so small or large that a side stays empty.
    """
    if seed < 0:
        raise ParameterError(f"a seed of {seed} is impossible", hint="give 0 or more")
    if not 0 < validation < 1:
        raise ParameterError(f"a share of {validation} cannot be kept for validation", hint="choose between 0 and 1, for instance 0.15")
    rng = np.random.default_rng(seed)
    names = sorted(set(groups.values()))
    shuffled = [names[index] for index in rng.permutation(len(names))]
    row = _in_row(shuffled, groups, statistics) if statistics else shuffled
    steps = np.floor(np.arange(len(row) + 1) * validation + rng.random())
    chosen = {group for group, taken in zip(row, np.diff(steps) > 0, strict=True) if taken}
    if not chosen or len(chosen) == len(names):
        raise ParameterError(
            f"of {len(names)} groups, a share of {validation} leaves one side empty", hint="take another share, or another seed"
        )
    sides = {side: tuple(sorted(name for name, group in groups.items() if (group in chosen) == side)) for side in (False, True)}
    facts = {**(made or {}), "share": validation, "seed": seed, "groups": len(names), "groups_in_validation": len(chosen)}
    return Split(sides[False], sides[True], facts)


def _in_row(shuffled: list[str], groups: Mapping[str, str], statistics: Mapping[str, tuple[int, float]]) -> list[str]:
    """Sort groups by class of size, then of count, rising and falling in turn so that neighbours resemble each other."""
    members: dict[str, list[tuple[int, float]]] = {group: [] for group in shuffled}
    for name, group in groups.items():
        members[group].append(statistics[name])
    size = {group: _mean([diameter for number, diameter in found if number]) for group, found in members.items()}
    count = {group: _mean([number for number, _ in found]) for group, found in members.items()}
    row: list[str] = []
    for number, part in enumerate(_classes(shuffled, size)):
        classes = _classes(part, count)
        for inner in classes if number % 2 == 0 else classes[::-1]:
            row += inner
    return row


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _classes(shuffled: list[str], value: Mapping[str, float]) -> list[list[str]]:
    """Divide groups into classes of rising value and equal number; the random order stays within each."""
    ranked = sorted(shuffled, key=lambda group: value[group])
    rank = {group: index * BINS // max(1, len(ranked)) for index, group in enumerate(ranked)}
    return [[group for group in shuffled if rank[group] == number] for number in range(BINS)]


def write_split(split: Split, path: Path) -> None:
    """Write a split as JSON, names only, one a line so that changes can be reviewed.

    Raises
    ------
    ExportError
        It cannot be written.
    """
    document = {"format": FORMAT, "made": dict(split.made), "train": list(split.train), "validation": list(split.validation)}
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


def read_split(path: Path | str) -> Split:
    """Read a split from a file, or one that ships with the package by its name ("emps", "nanoshapes", "catalyst-boxes").

    A folder of that name, the images themselves perhaps, does not stand in the way of the shipped split.

    Raises
    ------
    ReadError
        There is no such file, or it is no split.
    """
    shipped = SHIPPED / f"{path}.json"
    file = shipped if not Path(path).is_file() and shipped.exists() else Path(path)
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise ReadError(file, f"is a split of format {document['format']}, this version knows {FORMAT}")
        train, validation = (tuple(str(name) for name in document[side]) for side in ("train", "validation"))
    except OSError as error:
        raise ReadError(file, "is no file with a split that can be read", hint="make it with lycurgus-train data split") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ReadError(file, "is no split", hint="make it with lycurgus-train data split") from error
    both = sorted(set(train) & set(validation))
    if both:
        raise ReadError(file, f"has {both[0]} on both sides")
    return Split(train, validation, document.get("made", {}))
