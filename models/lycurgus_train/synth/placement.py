"""Where particles go: anywhere, apart, on a grid, or in clusters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import BBox, Mask
from lycurgus_train.synth.parameters import Placement, SynthesisParams
from lycurgus_train.synth.stamp import Stamp

Position = tuple[int, int]
"""(y, x) of a stamp's upper left corner in the picture; negative where it reaches beyond the border."""

Scalar = TypeVar("Scalar", bound=np.generic)

TRIES = 40
LEAST_INSIDE = 0.3
"""Less of a particle than this inside the picture is a splinter, not a particle to be found."""

MODES: tuple[Placement, ...] = ("overlapping", "non-overlapping", "grid", "clustered")


class Occupancy:
    """Who lies where, and how much of each is still seen."""

    def __init__(self, shape: tuple[int, int], *, max_overlap: float, gap_px: int) -> None:
        self._top: NDArray[np.int32] = np.full(shape, -1, dtype=np.int32)
        self._areas: list[int] = []
        self._hidden: list[int] = []
        self._max_overlap = max_overlap
        self._kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * gap_px + 1,) * 2)
        self._gap_px = gap_px

    def fits(self, stamp: Stamp, position: Position, *, overlapping: bool) -> bool:
        """Tell whether a particle may lie there: enough of it inside the picture, and not too much of any other hidden."""
        at, mask = clipped(stamp.mask, position, self._top.shape)
        if np.count_nonzero(mask) < LEAST_INSIDE * stamp.area_px:
            return False
        if not overlapping:
            return self._is_apart(stamp, position)
        beneath = self._top[at.slices][mask]
        beneath = beneath[beneath >= 0]
        if beneath.size == 0:
            return True
        covered, counts = np.unique(beneath, return_counts=True)
        return all(
            self._hidden[k] + n <= self._max_overlap * self._areas[k] for k, n in zip(covered.tolist(), counts.tolist(), strict=True)
        )

    def put(self, stamp: Stamp, position: Position) -> None:
        at, mask = clipped(stamp.mask, position, self._top.shape)
        top = self._top[at.slices]
        beneath = top[mask]
        for index, count in zip(*(found.tolist() for found in np.unique(beneath[beneath >= 0], return_counts=True)), strict=True):
            self._hidden[index] += count
        top[mask] = len(self._areas)
        self._areas.append(int(np.count_nonzero(mask)))
        self._hidden.append(0)

    def _is_apart(self, stamp: Stamp, position: Position) -> bool:
        gap = self._gap_px
        grown = cv2.dilate(np.pad(stamp.mask, gap).view(np.uint8), self._kernel).view(np.bool_)
        at, mask = clipped(grown, (position[0] - gap, position[1] - gap), self._top.shape)
        return not (self._top[at.slices][mask] >= 0).any()


def clipped(plane: NDArray[Scalar], position: Position, shape: tuple[int, ...]) -> tuple[BBox, NDArray[Scalar]]:
    """Return the box of the picture that an array at a position covers, and the part of the array in it; both may be empty."""
    y, x = position
    y0, x0 = min(max(0, y), shape[0]), min(max(0, x), shape[1])
    y1, x1 = max(y0, min(shape[0], y + plane.shape[0])), max(x0, min(shape[1], x + plane.shape[1]))
    return BBox(y0, x0, y1, x1), plane[y0 - y : y1 - y, x0 - x : x1 - x]


def place(
    stamps: Sequence[Stamp], shape: tuple[int, int], params: SynthesisParams, rng: np.random.Generator
) -> Iterator[tuple[Stamp, Position]]:
    """Find a place for each particle, those drawn later on top; particles for which there is none are left out.

    Parameters
    ----------
    stamps : in the order in which they are laid.
    shape : (H, W) of the picture.
    """
    mode = MODES[int(rng.integers(len(MODES)))] if params.placement == "mixed" else params.placement
    if mode == "grid":
        yield from _on_a_grid(stamps, shape, params.gap_px, rng)
        return
    taken = Occupancy(shape, max_overlap=params.max_overlap, gap_px=params.gap_px)
    clusters = _Clusters(params, rng) if mode == "clustered" else None
    for stamp in stamps:
        for position in islice(_proposals(stamp, shape, params, rng, clusters), 2 * TRIES):
            inside = params.cut_by_border or _is_inside(stamp, position, shape)
            if inside and taken.fits(stamp, position, overlapping=mode != "non-overlapping"):
                taken.put(stamp, position)
                if clusters is not None:
                    clusters.add(stamp, position)
                yield stamp, position
                break


def _proposals(
    stamp: Stamp, shape: tuple[int, int], params: SynthesisParams, rng: np.random.Generator, clusters: _Clusters | None
) -> Iterator[Position]:
    """Propose places beside the cluster that is growing, if any, and then anywhere; none where the particle is larger than the picture."""
    if clusters is not None and clusters.is_growing:
        for _ in range(TRIES):
            yield clusters.propose(stamp)
    while (position := _anywhere(stamp, shape, params, rng)) is not None:
        yield position


def _anywhere(stamp: Stamp, shape: tuple[int, int], params: SynthesisParams, rng: np.random.Generator) -> Position | None:
    """Draw a position with the stamp's middle in the picture, or, where it must not be cut, with all of its mask in it."""
    if params.cut_by_border:
        return int(rng.integers(shape[0])) - stamp.mask.shape[0] // 2, int(rng.integers(shape[1])) - stamp.mask.shape[1] // 2
    box = mask_box(stamp.mask)
    if box.height > shape[0] or box.width > shape[1]:
        return None
    return int(rng.integers(shape[0] - box.height + 1)) - box.y0, int(rng.integers(shape[1] - box.width + 1)) - box.x0


def _is_inside(stamp: Stamp, position: Position, shape: tuple[int, int]) -> bool:
    box = mask_box(stamp.mask)
    y, x = position
    return y + box.y0 >= 0 and x + box.x0 >= 0 and y + box.y1 <= shape[0] and x + box.x1 <= shape[1]


def mask_box(mask: Mask) -> BBox:
    """Return the tight box around a mask that is not empty."""
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    return BBox(y, x, y + height, x + width)


class _Clusters:
    """Proposes places at the side of a particle that lies already, until a cluster is large enough."""

    def __init__(self, params: SynthesisParams, rng: np.random.Generator) -> None:
        self._size = params.cluster_size
        self._rng = rng
        self._members: list[tuple[float, float, float]] = []
        self._wanted = 0

    @property
    def is_growing(self) -> bool:
        return 0 < len(self._members) < self._wanted

    def propose(self, stamp: Stamp) -> Position:
        y, x, radius = self._members[int(self._rng.integers(len(self._members)))]
        distance = (radius + stamp.radius_px) * self._rng.uniform(0.8, 1.1)
        angle = self._rng.uniform(0, 2 * np.pi)
        centre = y - distance * np.sin(angle), x + distance * np.cos(angle)
        return round(centre[0] - stamp.mask.shape[0] / 2), round(centre[1] - stamp.mask.shape[1] / 2)

    def add(self, stamp: Stamp, position: Position) -> None:
        if len(self._members) >= self._wanted:
            self._members.clear()
            self._wanted = int(self._rng.integers(self._size[0], self._size[1] + 1))
        self._members.append((position[0] + stamp.mask.shape[0] / 2, position[1] + stamp.mask.shape[1] / 2, stamp.radius_px))


def _on_a_grid(stamps: Sequence[Stamp], shape: tuple[int, int], gap_px: int, rng: np.random.Generator) -> Iterator[tuple[Stamp, Position]]:
    """Give each particle a cell of its own, with room to move in it; the largest are left out until the others have cells enough."""
    by_size = sorted(range(len(stamps)), key=lambda k: max(_extent(stamps[k])))
    while by_size:
        pitch = max(_extent(stamps[by_size[-1]])) + gap_px
        rows, columns = shape[0] // pitch, shape[1] // pitch
        if rows * columns >= len(by_size):
            break
        by_size.pop()
    if not by_size:
        return
    # As many columns and rows as are needed and no more: a regular array over the whole picture.
    while (rows - 1) * columns >= len(by_size) and rows >= columns:
        rows -= 1
    while rows * (columns - 1) >= len(by_size) and columns > rows:
        columns -= 1
    height, width = shape[0] // rows, shape[1] // columns
    cells = rng.choice(rows * columns, len(by_size), replace=False)
    for index, cell in zip(sorted(by_size), cells.tolist(), strict=True):
        box = mask_box(stamps[index].mask)
        y = cell // columns * height + int(rng.integers(height - gap_px - box.height + 1))
        x = cell % columns * width + int(rng.integers(width - gap_px - box.width + 1))
        yield stamps[index], (y - box.y0, x - box.x0)


def _extent(stamp: Stamp) -> tuple[int, int]:
    box = mask_box(stamp.mask)
    return box.height, box.width
