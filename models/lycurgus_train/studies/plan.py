"""What a study is given: data, effort, seeds, and where its finished parts are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lycurgus.core.errors import ParameterError
from lycurgus_train.config import Source
from lycurgus_train.judging import truth_of
from lycurgus_train.labelled import LabelledImage
from lycurgus_train.sources import check_sides, open_source
from lycurgus_train.studies.cells import Cells


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is spent on each training of a study.

    Attributes
    ----------
    widths, crop_px, batch, steps : see ``config``.
    real, synthetic, simulated : images at most; simulated ones of each simulator.
    scored : validation images at most.
    simulated_scored : simulated images of each simulator to score with.
    picture_px : side of synthetic and simulated images.
    """

    widths: tuple[int, ...]
    crop_px: int
    batch: int
    steps: int
    real: int
    synthetic: int
    simulated: int
    scored: int
    picture_px: int
    simulated_scored: int = 4
    learning_rate: float = 2e-3


SMALL = Effort((16, 24, 32, 48, 64), 128, 8, 300, real=24, synthetic=24, simulated=4, scored=8, picture_px=256, learning_rate=3e-3)
FULL = Effort(
    (32, 48, 64, 96, 128, 192), 256, 8, 3000, real=10_000, synthetic=200, simulated=80, scored=10_000, picture_px=512, simulated_scored=20
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a study is to do.

    Attributes
    ----------
    out : the study's folder, with its cells and runs.
    command : as it was given, for the report.
    data, split, validation : images with truth; parted by the split, or by a folder of their own for validation; None for studies
        that make their images.
    model : for studies of a finished network: folder, checkpoint or installed name.
    start : checkpoint that every training starts from; None for random weights.
    seeds : each training is repeated with each of them.
    """

    out: Path
    command: str
    effort: Effort = SMALL
    full: bool = False
    data: Path | None = None
    split: str | None = None
    validation: Path | None = None
    model: str = "default"
    start: Path | None = None
    seeds: tuple[int, ...] = (1,)
    device: str = "auto"
    workers: int = 0
    cells: Cells = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cells", Cells(self.out / "cells"))

    def check_data(self) -> None:
        """Find out what is wrong with the images, or shared by both parts, before hours are spent on them; without ``data`` nothing is.

        Raises
        ------
        DataError
            It lists every problem.
        ParameterError
            A part is missing or holds no image, or no outline is known to learn from.
        """
        if self.data is None:
            return
        trained, _ = check_sides([self._learnt_from()], [self._held_out()])
        if not any(one.n_instances for one in trained):
            raise ParameterError(f"a study learns from outlines, and none is known of {self.data}", hint="name images with instance masks")

    def _learnt_from(self) -> Source:
        if self.data is None:
            raise ParameterError("this study needs --data", hint="for instance --data emps/ --split emps")
        if self.split is None and self.validation is None:
            raise ParameterError("this study needs images to score with", hint="name --split, or another folder with --validation")
        return Source(path=self.data, split=self.split, part="train" if self.split else "all")

    def _held_out(self) -> Source:
        if self.validation is not None:
            return Source(path=self.validation, part="all")
        return self._learnt_from().model_copy(update={"part": "validation"})

    def real_images(self) -> Sequence[LabelledImage]:
        """Open the images that may be trained on.

        Raises
        ------
        ParameterError
            No data were named, or nothing would be left to validate with.
        """
        source = self._learnt_from()
        return _not_empty(open_source(source), source.path)

    def held_out(self) -> list[LabelledImage]:
        """Read the images that are scored, evenly drawn where there are more than the effort allows.

        Raises
        ------
        ParameterError
            No data were named, there are no images, or their truth is not of outlines.
        """
        source = self._held_out()
        chosen = evenly(_not_empty(open_source(source), source.path), self.effort.scored)
        if truth_of(chosen) != "instances":
            raise ParameterError(
                f"this study scores outlines, and the truth of {source.path} is of boxes or areas",
                hint="name images with instance masks or outlines",
            )
        return chosen


def drawn(images: Sequence[LabelledImage], count: int, *, seed: int) -> list[LabelledImage]:
    """Read a random choice of images; a smaller one is the beginning of a larger one of the same seed."""
    order = np.random.default_rng(seed).permutation(len(images))[:count]
    return [images[int(number)] for number in order]


def evenly(images: Sequence[LabelledImage], most: int) -> list[LabelledImage]:
    """Read images at even distances, all of them where there are no more than ``most``."""
    count = min(most, len(images))
    return [images[number * len(images) // count] for number in range(count)]


def _not_empty(images: Sequence[LabelledImage], path: Path) -> Sequence[LabelledImage]:
    if not len(images):
        raise ParameterError(f"{path} holds no image for this part of the study")
    return images
