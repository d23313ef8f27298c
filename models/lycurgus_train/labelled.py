"""An image and what is known of its particles: what loaders, simulators and synthesis make, and what training takes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Instance, Mask, Plane


def _no_boxes() -> NDArray[np.float32]:
    return np.zeros((0, 4), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class LabelledImage:
    """One image with its truth, however much of it is known.

    Attributes
    ----------
    name : short and unique within its data set.
    pixels : (H, W), any real dtype, finite.
    instances : the particles with outlines; they may overlap, and each mask is the whole particle as far as the picture reaches.
    boxes : (n, 4) float32, y0, x0, y1, x1 in px (half-open), particles of which only a box is known.
    foreground : (H, W) bool where only a semantic mask is known, else None; ``instances`` is empty then.
    ignore : (H, W) bool, True where the truth is unknown and nothing is to be learnt, or None.
    group : what must stay on one side of a split, the source article for instance.
    kind : "real", or the simulator's or synthesis' name.
    """

    name: str
    pixels: Plane
    instances: tuple[Instance, ...] = ()
    boxes: NDArray[np.float32] = field(default_factory=_no_boxes)
    foreground: Mask | None = None
    ignore: Mask | None = None
    group: str = ""
    kind: str = "real"

    @property
    def shape(self) -> tuple[int, int]:
        height, width = self.pixels.shape
        return height, width
