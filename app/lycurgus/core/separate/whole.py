"""No separation: each region of the foreground is one particle, and those that are not convex are flagged."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lycurgus.core.outline import convexity
from lycurgus.core.params import SeparatorParams
from lycurgus.core.progress import CancelToken, Progress
from lycurgus.core.separate import Separation
from lycurgus.core.separate.regions import in_reading_order, instance_of, regions_of
from lycurgus.core.types import Detection, PixelSize


class WholeParams(SeparatorParams):
    """Regions as they are."""

    name: Literal["none"] = "none"
    convexity: float = Field(0.95, ge=0, le=1, title="Convexity threshold", description="Regions below it are flagged as non-convex")


class WholeRegions:
    """Leaves regions whole."""

    name = "none"
    label = "None (regions stay whole)"
    params_model = WholeParams
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
        """Turn every region into an instance, flagged "non_convex" where it is.

        Raises
        ------
        Cancelled
        """
        assert isinstance(params, WholeParams)
        instances = []
        for box, mask in regions_of(detection.foreground).each(progress=progress, cancel=cancel):
            flags = () if convexity(mask) >= params.convexity else ("non_convex",)
            instances.append(instance_of(mask, box, detection, *flags))
        return Separation(in_reading_order(instances))
