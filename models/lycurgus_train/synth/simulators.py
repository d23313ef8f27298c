"""The table of physical simulators: each draws a picture and knows the exact truth about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, ClassVar, Protocol

import numpy as np
from pydantic import BaseModel

from lycurgus.core.registry import Registry
from lycurgus_train.labelled import LabelledImage


class Simulator(Protocol):
    """Draws labelled pictures.

    Attributes
    ----------
    name, label : in the table, and for people.
    params_model : frozen ranges, every one with a default, that a picture is drawn from.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    params_model: ClassVar[type[BaseModel]]

    def simulate(self, rng: np.random.Generator, *, shape: tuple[int, int] = (512, 512), params: Any = ...) -> LabelledImage:
        """Draw one picture (H, W); the same state of ``rng`` gives the same picture."""


SIMULATORS: Registry[Simulator] = Registry(
    "simulator",
    {
        "haadf": "lycurgus_train.synth.haadf:HaadfSimulator",
        "catalyst": "lycurgus_train.synth.catalyst:CatalystSimulator",
        "bright-field": "lycurgus_train.synth.bright_field:BrightFieldSimulator",
        "sem": "lycurgus_train.synth.sem:SemSimulator",
        "liquid-cell": "lycurgus_train.synth.liquid_cell:LiquidCellSimulator",
    },
)


def pictures(
    simulator: Simulator, numbers: Iterable[int], *, size_px: int, seed: int, params: BaseModel | None = None
) -> Iterator[LabelledImage]:
    """Simulate pictures by number; each has a seed of its own, so that the tenth is the same whether ten are made or a thousand.

    Parameters
    ----------
    params : other ranges than the simulator's own.
    """
    ranges = simulator.params_model() if params is None else params
    for number in numbers:
        picture = simulator.simulate(np.random.default_rng((seed, number)), shape=(size_px, size_px), params=ranges)
        yield replace(picture, name=f"{simulator.name}-{seed}-{number:05d}")
