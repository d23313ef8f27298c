"""No separation of its own: the particles as the detector told them apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field

from lycurgus.core.outline import convexities, trace_all
from lycurgus.core.params import SeparatorParams
from lycurgus.core.progress import CancelToken, Progress
from lycurgus.core.separate import Separation
from lycurgus.core.separate.regions import in_reading_order, instance_of, regions_of
from lycurgus.core.types import Detection, Instance, PixelSize

_AT_ONCE = 256
NO_INSTANCES = (
    "The detector tells foreground from background only, so each connected region was taken as one particle: "
    "choose another separator to part touching particles."
)


class GivenParams(SeparatorParams):
    """Particles as they come."""

    name: Literal["detector"] = "detector"
    convexity: float = Field(0.95, ge=0, le=1, title="Convexity threshold", description="Particles below it are flagged as non-convex")


class GivenInstances:
    """Takes the instances of a detector that finds particles one by one; connected regions from one that does not."""

    name = "detector"
    label = "As the detector found them"
    params_model = GivenParams
    takes_instances = True

    def separate(
        self,
        detection: Detection,
        params: SeparatorParams,
        pixel_size: PixelSize | None,  # noqa: ARG002 - the protocol's
        *,
        progress: Progress,
        cancel: CancelToken,
    ) -> Separation:
        """Return the detector's instances, flagged "non_convex" where they are; regions, and a note, where there are none.

        Raises
        ------
        Cancelled
        """
        assert isinstance(params, GivenParams)
        notes: tuple[str, ...] = ()
        if detection.instances is None:
            regions = regions_of(detection.foreground).each(progress=progress, cancel=cancel)
            given = [instance_of(mask, box, detection) for box, mask in regions]
            notes = (NO_INSTANCES,)
        else:
            given = list(detection.instances)
        flagged: list[Instance] = []
        for start in range(0, len(given), _AT_ONCE):
            cancel.check()
            some = given[start : start + _AT_ONCE]
            values = convexities(trace_all([instance.mask for instance in some]), enough=params.convexity).tolist()
            flagged.extend(
                instance if value >= params.convexity else replace(instance, flags=instance.flags | {"non_convex"})
                for instance, value in zip(some, values, strict=True)
            )
        return Separation(in_reading_order(flagged), notes=notes)
