"""Particles of one or many images as columns that can be sorted and filtered at once, without Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Particle
from lycurgus.ui.panels.particles_columns import ALWAYS, DEFAULT, Cell, TableColumn, columns_for
from lycurgus.ui.store import Document

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Truths = NDArray[np.bool_]


class ParticleTable:
    """What there is to show; never changes, so it may be sorted in another thread.

    Attributes
    ----------
    documents : the images; particles : theirs, image after image; owners : (n,) the place of each particle's image.
    pixel_nm : smallest pixel, where every image with particles is calibrated, else None: lengths are then in px.
    ids : (n,) float64.
    columns : by name, all there are.
    classes : task -> names that any particle has or could have had, in alphabetical order.
    """

    def __init__(self, documents: Sequence[Document], *, images: bool) -> None:
        self.documents = tuple(documents)
        groups = [document.particles for document in self.documents]
        self.particles: tuple[Particle, ...] = tuple(chain.from_iterable(groups))
        self.owners = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        self.pixel_nm = self._smallest_pixel_nm()
        self.n_excluded = sum(particle.excluded is not None for particle in self.particles)
        self.classes = _known_classes(self.particles)
        brightest = max((abs(particle.measurement.intensity_max) for particle in self.particles), default=1.0)
        self.columns = columns_for(pixel_nm=self.pixel_nm, tasks=self.classes, brightest=brightest)
        if not images:
            del self.columns["image"]
        self._image_names = [document.path.name for document in self.documents]
        self._numbers: dict[str, Floats] = {}
        self._texts: dict[str, list[str]] = {}
        # Needed whatever is shown; computed here because long tables are made in a thread.
        self.ids = self.numbers("id")
        self._is_scored = bool(np.isfinite(self.numbers("score")).any())

    def __len__(self) -> int:
        return len(self.particles)

    @property
    def calibrated(self) -> bool:
        return self.pixel_nm is not None

    def document(self, row: int) -> Document:
        return self.documents[int(self.owners[row])]

    def cell(self, column: TableColumn, row: int) -> Cell:
        return self._image_names[self.owners[row]] if column.name == "image" else column.value(self.particles[row])

    def numbers(self, name: str) -> Floats:
        """Return a column of numbers, (n,), nan where there is none."""
        if name not in self._numbers:
            self._numbers[name] = self.evaluated(self.columns[name].value)
        return self._numbers[name]

    def evaluated(self, value: Callable[[Particle], Cell]) -> Floats:
        return np.fromiter((float(value(particle)) for particle in self.particles), np.float64, len(self.particles))

    def texts(self, name: str) -> list[str]:
        """Return a column of texts."""
        if name not in self._texts:
            column = self.columns[name]
            self._texts[name] = [str(self.cell(column, row)) for row in range(len(self))]
        return self._texts[name]

    def searchable(self) -> list[str]:
        """Return what a word is looked for in, in small letters: image, classes, flags, exclusion."""
        names = [name for name, column in self.columns.items() if column.is_text and name != "state"]
        states = ("excluded" if particle.excluded is not None else "counted" for particle in self.particles)
        return ["\n".join(texts).casefold() for texts in zip(states, *map(self.texts, names), strict=True)]

    def shown_columns(self, chosen: Sequence[str]) -> tuple[TableColumn, ...]:
        """Return the columns to show for the names in the settings; () stands for the default choice."""
        wanted = {*(chosen or DEFAULT), *ALWAYS}
        columns = tuple(column for column in self.columns.values() if column.choice in wanted)
        return columns if chosen else tuple(column for column in columns if column.name != "score" or self._is_scored)

    def order(self, truths: Truths | None = None, *, by: str = "", descending: bool = False) -> Rows:
        """Return rows that pass a filter in the order of a column; what has no value comes last either way.

        Parameters
        ----------
        truths : (n,) which rows pass; None for all.
        by : name of a column; "" for the order of images and numbers.
        """
        rows = np.arange(len(self)) if truths is None else np.flatnonzero(truths)
        if by not in self.columns:
            return rows
        if self.columns[by].is_text:
            texts = [text.casefold() for text in self.texts(by)]
            ordered = sorted(rows.tolist(), key=texts.__getitem__, reverse=descending)
            ordered.sort(key=lambda row: not texts[row])
            return np.array(ordered, dtype=np.intp)
        keys = self.numbers(by)[rows]
        return rows[np.argsort(-keys if descending else keys, kind="stable")]

    def _smallest_pixel_nm(self) -> float | None:
        results = [document.result for document in self.documents]
        sizes = [result.micrograph.pixel_size for result in results if result is not None and result.particles]
        known = [size.mean_nm for size in sizes if size is not None]
        return min(known) if known and len(known) == len(sizes) else None


def _known_classes(particles: Iterable[Particle]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for particle in particles:
        for task, (name, probabilities) in particle.classes.items():
            found.setdefault(task, set()).update((name, *probabilities))
    return {task: sorted(names) for task, names in found.items()}
