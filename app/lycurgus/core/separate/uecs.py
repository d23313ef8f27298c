"""UECS, ultimate erosion of convex shapes: separates particles that touch or overlap, and keeps their overlap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from math import pi
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lycurgus.core.outline import along, convexities, convexity
from lycurgus.core.params import SeparatorParams
from lycurgus.core.progress import CancelToken, Progress
from lycurgus.core.separate import Separation
from lycurgus.core.separate.contours import Contours, contours_of
from lycurgus.core.separate.erosion import Erosion, Part, convexities_of, erode_until_convex, parts_at, regrow, regrow_all
from lycurgus.core.separate.regions import in_reading_order, instance_of, moved
from lycurgus.core.separate.watershed import WatershedParams, split
from lycurgus.core.types import BBox, Detection, Instance, PixelSize

NO_CORE = "no convex core"
TOO_SMALL = "marker too small"
NOT_CONVEX_AGAIN = "not convex after separation"


class UecsParams(SeparatorParams):
    """Ultimate erosion of convex shapes."""

    name: Literal["uecs"] = "uecs"
    convexity: float = Field(
        0.95, ge=0.5, le=1, title="Convexity threshold", description="Regions and parts below it are eroded further; 1 is a convex shape"
    )
    lower_convexity: float = Field(
        0, ge=0, le=1, title="Lower convexity bound", description="Regions below it are left whole and flagged; 0 leaves none"
    )
    min_marker_px: int = Field(
        30, ge=1, title="Smallest marker", description="Area of an eroded part; smaller ones are dropped", json_schema_extra={"unit": "px"}
    )
    min_marker_nm: float = Field(
        0.5,
        ge=0,
        title="Smallest marker",
        description="Equivalent diameter of an eroded part; smaller ones are dropped too, where the pixel size is known",
        json_schema_extra={"unit": "nm"},
    )
    max_holes: int | None = Field(
        None, ge=0, title="Most holes", description="Non-convex regions with more holes are left whole and flagged; none for no limit"
    )
    unresolved: Literal["drop", "keep", "watershed"] = Field(
        "drop",
        title="Unresolved parts",
        description="Parts without a convex core, or non-convex again when grown back: 'drop' drops and counts them, "
        "'keep' leaves them unseparated but flagged, 'watershed' splits them by watershed",
    )

    def smallest_marker_px(self, pixel_size: PixelSize | None) -> float:
        """Least area of a marker in px: both limits hold where both can be told."""
        if pixel_size is None:
            return self.min_marker_px
        return max(self.min_marker_px, pi / 4 * (self.min_marker_nm / pixel_size.mean_nm) ** 2)


class UecsSeparator:
    """Erodes non-convex regions until their parts are convex, and grows each part back by itself."""

    name = "uecs"
    label = "Ultimate erosion of convex shapes (UECS)"
    params_model = UecsParams
    takes_instances = False

    def separate(
        self, detection: Detection, params: SeparatorParams, pixel_size: PixelSize | None, *, progress: Progress, cancel: CancelToken
    ) -> Separation:
        """Separate touching and overlapping particles.

        Returns
        -------
        Regions that are convex enough, untouched; parts of the others, which may overlap, flagged "separated"; what is left whole
        although it is not convex, flagged "non_convex".

        Raises
        ------
        Cancelled
        """
        assert isinstance(params, UecsParams)
        plane = np.ascontiguousarray(detection.foreground).view(np.uint8)
        found = contours_of(plane)
        work = _Work(params, params.smallest_marker_px(pixel_size), cancel)
        instances: list[Instance] = []
        for batch in _batches(found):
            cancel.check()
            progress("separate", batch.start, len(found))
            for part, flags in work.separate(found, batch, plane):
                instances.append(instance_of(part.mask, part.bbox, detection, *flags))
        return Separation(in_reading_order(instances), {reason: count for reason, count in work.removed.items() if count})


Found = tuple[Part, tuple[str, ...]]


class _Work:
    """The separation of one image: turns regions into parts with flags, and counts what is dropped."""

    def __init__(self, params: UecsParams, smallest_px: float, cancel: CancelToken) -> None:
        self.removed: Counter[str] = Counter()
        self._params = params
        self._smallest_px = smallest_px
        self._cancel = cancel

    def separate(self, found: Contours, batch: range, plane: NDArray[np.uint8]) -> Iterator[Found]:
        """Yield the particles of some regions of a plane in its coordinates."""
        concave: list[Part] = []
        enough = 0 if self._params.lower_convexity else self._params.convexity  # the lower bound too needs the value itself
        for i, value in zip(batch, convexities_of([found.outer[i] for i in batch], enough=enough), strict=True):
            whole = Part(*found.cut(i, plane), depth=0)
            if value >= self._params.convexity:
                yield whole, ()
            elif value < self._params.lower_convexity or self._has_too_many_holes(found.holes[i]):
                yield whole, ("non_convex",)
            else:
                concave.append(whole)

        erosions = erode_until_convex(
            [region.mask for region in concave], threshold=self._params.convexity, smallest_px=self._smallest_px, cancel=self._cancel
        )
        regrown = regrow_all([marker for erosion in erosions for marker in erosion.markers])
        grown = [part for part, _ in regrown]
        again = convexities(along([chain for _, chain in regrown]), enough=self._params.convexity).tolist() if grown else []
        valued = iter(zip(grown, again, strict=True))
        for region, erosion in zip(concave, erosions, strict=True):
            for part, flags in self._regrown(region, erosion, list(islice(valued, len(erosion.markers)))):
                yield Part(moved(part.bbox, region.bbox.y0, region.bbox.x0), part.mask, 0), flags

    def _has_too_many_holes(self, holes: Sequence[object]) -> bool:
        return self._params.max_holes is not None and len(holes) > self._params.max_holes

    def _regrown(self, region: Part, erosion: Erosion, grown: Sequence[tuple[Part, float]]) -> Iterator[Found]:
        """Yield the particles of one region in its own coordinates, from its grown parts and their convexity."""
        self.removed[TOO_SMALL] += erosion.too_small
        for part, value in grown:
            if value >= self._params.convexity:
                yield part, ("separated",)
            else:
                yield from self._unresolved(part, ("separated",), NOT_CONVEX_AGAIN)
        if self._params.unresolved == "drop":
            self.removed[NO_CORE] += len(erosion.lost)
        elif not grown:
            yield from self._unresolved(Part(BBox(0, 0, *region.mask.shape), region.mask, 0), (), NO_CORE)
        else:
            for part in parts_at(region.mask, erosion.lost):
                yield from self._unresolved(regrow(part), ("separated",), NO_CORE)

    def _unresolved(self, part: Part, flags: tuple[str, ...], reason: str) -> Iterator[Found]:
        """Do with a part that erosion cannot separate what the parameters say."""
        if self._params.unresolved == "drop":
            self.removed[reason] += 1
            return
        if self._params.unresolved == "keep":
            yield part, (*flags, "non_convex")
            return
        pieces = split(part.mask, WatershedParams())
        cut = flags if len(pieces) == 1 else ("separated",)
        for box, mask in pieces:
            still = () if convexity(mask) >= self._params.convexity else ("non_convex",)
            yield Part(moved(box, part.bbox.y0, part.bbox.x0), mask, 0), (*cut, *still)


def _batches(found: Contours) -> Iterator[range]:
    """Cut the regions into runs whose boxes and outlines together stay small, so that memory does."""
    start = 0
    budget = _BATCH_PX
    for i in range(len(found)):
        box = found.bbox(i)
        budget -= box.height * box.width + _PX_PER_BORDER_PX * len(found.outer[i])
        if budget < 0:
            yield range(start, i + 1)
            start, budget = i + 1, _BATCH_PX
    if start < len(found):
        yield range(start, len(found))


_BATCH_PX = 8_000_000
_PX_PER_BORDER_PX = 20
