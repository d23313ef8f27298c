"""UECS, ultimate erosion of convex shapes: separates particles that touch or overlap, and keeps their overlap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import pi
from typing import Literal

from pydantic import Field

from lycurgus.core.outline import convexity
from lycurgus.core.params import SeparatorParams
from lycurgus.core.progress import CancelToken, Progress
from lycurgus.core.separate import Separation
from lycurgus.core.separate.erosion import Part, erode_until_convex, parts_at, regrow
from lycurgus.core.separate.regions import in_reading_order, instance_of, regions_of
from lycurgus.core.separate.topology import count_holes
from lycurgus.core.separate.watershed import WatershedParams, split
from lycurgus.core.types import BBox, Detection, Instance, Mask, PixelSize

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
        regions = regions_of(detection.foreground)
        smallest_px = params.smallest_marker_px(pixel_size)
        instances: list[Instance] = []
        removed: Counter[str] = Counter()
        for index in range(len(regions)):
            cancel.check()
            if index % 100 == 0:
                progress("separate", index, len(regions))
            box, mask = regions.bbox(index), regions.crop(index)
            for part, flags in _separate_region(mask, params, smallest_px, removed, cancel):
                instances.append(instance_of(part.mask, _moved(part.bbox, box), detection, *flags))
        return Separation(in_reading_order(instances), {reason: count for reason, count in removed.items() if count})


def _separate_region(
    mask: Mask, params: UecsParams, smallest_px: float, removed: Counter[str], cancel: CancelToken
) -> Iterator[tuple[Part, tuple[str, ...]]]:
    """Yield the particles of one region in its own coordinates, with their flags, and count what is dropped."""
    whole = Part(BBox(0, 0, *mask.shape), mask, 0)
    value = convexity(mask)
    if value >= params.convexity:
        yield whole, ()
        return
    if value < params.lower_convexity or (params.max_holes is not None and count_holes(mask) > params.max_holes):
        yield whole, ("non_convex",)
        return

    erosion = erode_until_convex(mask, threshold=params.convexity, smallest_px=smallest_px, cancel=cancel)
    removed[TOO_SMALL] += erosion.too_small
    for marker in erosion.markers:
        grown = regrow(marker)
        if convexity(grown.mask) >= params.convexity:
            yield grown, ("separated",)
        else:
            yield from _unresolved(grown, ("separated",), NOT_CONVEX_AGAIN, params, removed)
    if params.unresolved == "drop":
        removed[NO_CORE] += len(erosion.lost)
    elif not erosion.markers:
        yield from _unresolved(whole, (), NO_CORE, params, removed)
    else:
        for part in parts_at(mask, erosion.lost):
            yield from _unresolved(regrow(part), ("separated",), NO_CORE, params, removed)


def _unresolved(
    part: Part, flags: tuple[str, ...], reason: str, params: UecsParams, removed: Counter[str]
) -> Iterator[tuple[Part, tuple[str, ...]]]:
    """Do with a part that erosion cannot separate what the parameters say."""
    if params.unresolved == "drop":
        removed[reason] += 1
    elif params.unresolved == "keep":
        yield part, (*flags, "non_convex")
    else:
        pieces = split(part.mask, WatershedParams())
        cut = flags if len(pieces) == 1 else ("separated",)
        for box, mask in pieces:
            still = () if convexity(mask) >= params.convexity else ("non_convex",)
            yield Part(_moved(box, part.bbox), mask, 0), (*cut, *still)


def _moved(box: BBox, into: BBox) -> BBox:
    """Return a box that is given inside another in the outer one's coordinates."""
    return BBox(box.y0 + into.y0, box.x0 + into.x0, box.y1 + into.y0, box.x1 + into.x0)
