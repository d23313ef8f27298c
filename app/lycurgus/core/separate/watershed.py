"""Watershed on the distance map: cuts regions at their waists; the pieces share no pixels."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
import scipy  # parts of it load when they are first used, so that starting need not wait for them
import skimage  # as well
from numpy.typing import NDArray
from pydantic import Field

from lycurgus.core.outline import convexity
from lycurgus.core.params import SeparatorParams
from lycurgus.core.progress import CancelToken, Progress
from lycurgus.core.separate import Separation
from lycurgus.core.separate.regions import in_reading_order, instance_of, moved, regions_of
from lycurgus.core.types import BBox, Detection, Mask, PixelSize


class WatershedParams(SeparatorParams):
    """Watershed on the distance map."""

    name: Literal["watershed"] = "watershed"
    split: Literal["non-convex", "all"] = Field(
        "non-convex", title="Regions to split", description="'non-convex' leaves convex regions whole; 'all' tries every region"
    )
    convexity: float = Field(
        0.95, ge=0.5, le=1, title="Convexity threshold", description="Regions below it are split; what stays below it is flagged"
    )
    h_px: float = Field(
        1.0,
        gt=0,
        le=1000,
        title="Waist depth",
        description="By how much the half-width at a waist must be less than on either side of it; smaller dips do not split",
        json_schema_extra={"unit": "px"},
    )
    min_distance_px: int = Field(
        5,
        ge=1,
        le=1000,
        title="Least distance of centres",
        description="Centres closer than this are one",
        json_schema_extra={"unit": "px"},
    )


class WatershedSeparator:
    """Cuts regions at their waists."""

    name = "watershed"
    label = "Watershed on the distance map"
    params_model = WatershedParams
    takes_instances = False

    def separate(
        self,
        detection: Detection,
        params: SeparatorParams,
        pixel_size: PixelSize | None,  # noqa: ARG002 - the protocol's
        *,
        progress: Progress,
        cancel: CancelToken,
    ) -> Separation:
        """Split regions into pieces, flagged "separated"; whatever is not convex is flagged "non_convex".

        Raises
        ------
        Cancelled
        """
        assert isinstance(params, WatershedParams)
        instances = []
        for outer, whole in regions_of(detection.foreground).each(progress=progress, cancel=cancel):
            if params.split == "non-convex" and convexity(whole) >= params.convexity:
                instances.append(instance_of(whole, outer, detection))
                continue
            pieces = split(whole, params)
            separated = ("separated",) if len(pieces) > 1 else ()
            for box, mask in pieces:
                flags = separated if convexity(mask) >= params.convexity else (*separated, "non_convex")
                instances.append(instance_of(mask, moved(box, outer.y0, outer.x0), detection, *flags))
        return Separation(in_reading_order(instances))


def split(region: Mask, params: WatershedParams) -> list[tuple[BBox, Mask]]:
    """Split one connected region at its waists.

    Every local maximum of the distance map floods its basin; then basins whose common pass lies less than ``h_px`` below the lower of
    their two peaks are joined, shallowest first. That is the watershed of the h-maxima without reconstructing a map for it.

    Parameters
    ----------
    region : (h, w) bool.

    Returns
    -------
    Boxes in the region's coordinates with their masks; together they are the region.
    """
    distance = _distance_map(region)
    summit = (distance == cv2.dilate(distance, _disc_element(params.min_distance_px))) & region
    # Of two summits of one height neither hides the other: those that are too close become one marker.
    count, markers = cv2.connectedComponents(cv2.dilate(summit.view(np.uint8), _disc_element(params.min_distance_px // 2)), connectivity=8)
    if count == 2:
        return [(BBox(0, 0, *region.shape), region)]
    basins = skimage.segmentation.watershed(-distance, markers * summit, connectivity=2, mask=region)  # type: ignore[no-untyped-call]
    joined = _join_shallow(basins, distance, count, params.h_px)[basins]
    return _cut_out(joined)


def _distance_map(region: Mask) -> NDArray[np.float32]:
    """Distance of each pixel from the nearest pixel outside, in px; what lies beyond the array is outside."""
    rough = np.asarray(cv2.distanceTransform(np.pad(region, 1).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE), dtype=np.float32)
    # OpenCV's last digit depends on where the array lies in memory, and ties decide where a watershed runs; the square is whole.
    return np.sqrt(np.rint(np.square(rough[1:-1, 1:-1])))


def _disc_element(radius: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), dtype=np.uint8)


def _join_shallow(basins: NDArray[np.int32], distance: NDArray[np.float32], count: int, h_px: float) -> NDArray[np.int32]:
    """Return for each basin the basin it belongs to, once passes less than h below the lower peak no longer part."""
    peaks = np.zeros(count, dtype=np.float32)
    np.maximum.at(peaks, basins, distance)
    owner = list(range(count))

    def find(basin: int) -> int:
        while owner[basin] != basin:
            owner[basin] = owner[owner[basin]]
            basin = owner[basin]
        return basin

    pairs, heights = _passes(basins, distance, count)
    for order in np.argsort(-heights, kind="stable"):
        first, second = (find(int(basin)) for basin in divmod(int(pairs[order]), count))
        low, high = sorted((first, second), key=lambda basin: peaks[basin])
        if low != high and peaks[low] - heights[order] < h_px:
            owner[low] = high
    return np.array([find(basin) for basin in range(count)], dtype=np.int32)


def _passes(basins: NDArray[np.int32], distance: NDArray[np.float32], count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """For each pair of neighbouring basins (a * count + b, a < b), the height of the highest pass between them."""
    codes, heights = [], []
    for here, there in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1, :], np.s_[1:, :]),
        (np.s_[:-1, :-1], np.s_[1:, 1:]),
        (np.s_[:-1, 1:], np.s_[1:, :-1]),
    ):
        a, b = basins[here], basins[there]
        border = (a != b) & (a > 0) & (b > 0)
        a, b = a[border].astype(np.int64), b[border].astype(np.int64)
        codes.append(np.minimum(a, b) * count + np.maximum(a, b))
        heights.append(np.minimum(distance[here][border], distance[there][border]))
    pairs, which = np.unique(np.concatenate(codes), return_inverse=True)
    highest = np.zeros(len(pairs), dtype=np.float32)
    np.maximum.at(highest, which, np.concatenate(heights))
    return pairs, highest


def _cut_out(labels: NDArray[np.int32]) -> list[tuple[BBox, Mask]]:
    """Cut the pieces out of a label image; a piece whose parts hang together nowhere is given in parts."""
    pieces: list[tuple[BBox, Mask]] = []
    for label, (rows, columns) in [(i, at) for i, at in enumerate(scipy.ndimage.find_objects(labels), start=1) if at is not None]:
        found = regions_of(labels[rows, columns] == label)
        pieces.extend((moved(found.bbox(index), rows.start, columns.start), found.crop(index)) for index in range(len(found)))
    return pieces
