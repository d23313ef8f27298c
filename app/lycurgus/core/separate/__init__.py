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
    """Instances, and what was dropped on the way (reason -> count)."""

    instances: tuple[Instance, ...]
    removed: dict[str, int] = field(default_factory=dict)


class Separator(Protocol):
    """Turns a detection into instances; stateless, so one object serves all threads."""

    name: str
    label: str
    params_model: type[SeparatorParams]

    def separate(
        self, detection: Detection, params: SeparatorParams, pixel_size: PixelSize | None, *, progress: Progress, cancel: CancelToken
    ) -> Separation:
        """Separate touching and overlapping particles."""
        ...


SEPARATORS: Registry[Separator] = Registry(
    "separator",
    {
        "uecs": "lycurgus.core.separate.uecs:UecsSeparator",
        "watershed": "lycurgus.core.separate.watershed:WatershedSeparator",
        "none": "lycurgus.core.separate.whole:WholeRegions",
    },
)
