"""Separators: from a foreground to instances that may overlap."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from lycurgus.core.params import SeparatorParams
from lycurgus.core.progress import CancelToken, Progress
from lycurgus.core.registry import Registry
from lycurgus.core.types import Detection, Instance, PixelSize


@dataclass(frozen=True, slots=True, eq=False)
class Separation:
    """Instances, what was dropped on the way (reason -> count), and what a user should know of it, sentences."""

    instances: tuple[Instance, ...]
    removed: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Separator(Protocol):
    """Turns a detection into instances; stateless, so one object serves all threads.

    Attributes
    ----------
    takes_instances : whether it leaves those alone that the detector found; the others work on the foreground.
    """

    name: str
    label: str
    params_model: type[SeparatorParams]
    takes_instances: bool

    def separate(
        self, detection: Detection, params: SeparatorParams, pixel_size: PixelSize | None, *, progress: Progress, cancel: CancelToken
    ) -> Separation:
        """Separate touching and overlapping particles."""
        ...


SEPARATORS: Registry[Separator] = Registry(
    "separator",
    {
        "detector": "lycurgus.core.separate.given:GivenInstances",
        "uecs": "lycurgus.core.separate.uecs:UecsSeparator",
        "watershed": "lycurgus.core.separate.watershed:WatershedSeparator",
        "none": "lycurgus.core.separate.whole:WholeRegions",
    },
)
