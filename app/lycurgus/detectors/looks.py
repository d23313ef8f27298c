"""Showing a picture to a network, at any scale, and what it says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.background import smooth_background
from lycurgus.core.normalise import normalise
from lycurgus.core.progress import CancelToken, Parts
from lycurgus.core.tiling import Layout, OutputPlane, Predict, predict_tiled
from lycurgus.core.types import Mask
from lycurgus.detectors import Scene
from lycurgus.detectors.decoding import Candidate, DecodingParams, decode, finite
from lycurgus.detectors.decoding.candidates import crop
from lycurgus.detectors.decoding.distance import probabilities_of
from lycurgus.detectors.decoding.scales import Look, merge_scales
from lycurgus.detectors.scales import Scaling, best_px
from lycurgus.inference.session import Network

GPU_BATCH = 8

SUSPECTED = 0.9
"""Part of the foreground threshold that another look's probability must reach where a find lies, as a mean, to bear it out."""

Less = Literal["nothing", "shading", "surroundings"]
"""What is taken away of a picture before it is looked at: a Gaussian mean as wide as shading is, or hardly wider than particles are."""

SHADING = 0.06
"""Sigma of the Gaussian whose mean is the shading, as a part of the picture's shorter side."""

SURROUNDINGS_PX = 12.0
"""Sigma of the Gaussian whose mean is what surrounds a particle, px at the scale of the look."""

WIDEST = 4.0
"""What is wider than so many of these sigmas goes with the surroundings, as a support does; what is left of it is no particle."""

MIRRORED_PX = 700**2
"""Pictures of no more pixels are shown in their mirror image too: what is seen gets steadier, for twice the time."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the network says of the picture at one scale, ``less`` what was taken away of it before.

    ``is_finite`` tells whether all that it said were numbers; where it said none there is no particle.
    """

    scale: float
    less: Less
    scaling: Scaling
    look: Look
    probability: NDArray[np.float32]
    is_finite: bool

    def without(self, taken: Mask) -> Seen:
        """Leave out the finds most of which lies where the picture (H, W) is taken by others."""
        there = self.scaling.resize_mask(taken)
        kept = [one for one in self.look.candidates if 2 * np.count_nonzero(there[one.bbox.slices] & one.mask) <= one.area_px]
        return replace(self, look=Look(self.look.shape, kept))

    def borne_out_by(self, other: Seen, *, foreground: float) -> Seen:
        """Leave out the finds where another look of the picture did not see foreground, by the mean probability of their pixels."""
        probability = Scaling(self.scaling.scaled, other.scaling.scaled).back(other.probability)
        kept = [one for one in self.look.candidates if float(probability[one.bbox.slices][one.mask].mean()) >= SUSPECTED * foreground]
        return replace(self, look=Look(self.look.shape, kept))


@dataclass(frozen=True, slots=True, eq=False)
class Finder:
    """Looks at one picture at any scale."""

    scene: Scene
    network: Network
    decoding: DecodingParams
    parts: Parts
    cancel: CancelToken

    @property
    def shape(self) -> tuple[int, int]:
        height, width = self.scene.plane.shape
        return height, width

    def look(self, scale: float, *, less: Less = "nothing") -> Seen:
        manifest = self.network.model.manifest
        scaling = Scaling.by(scale, self.shape)
        plane = normalise(
            scaling.resize(self._plane(scale, less)),
            scaling.resize_mask(self.scene.usable),
            low=manifest.normalisation.low,
            high=manifest.normalisation.high,
        )
        # Outputs of lower resolution want whole pixels of their own.
        coarsest = max(output.stride for output in manifest.outputs)
        height, width = plane.shape
        plane = np.pad(plane, ((0, -height % coarsest), (0, -width % coarsest)), mode="symmetric")
        layout = Layout(manifest.input.stride, manifest.input.context_px, batch=GPU_BATCH if self.network.on_gpu else 1)
        outputs = {
            output.name: OutputPlane(output.channels, output.stride, np.float16 if output.name == "rays" else np.float32)
            for output in manifest.outputs
            if output.name != "rays" or self.decoding.head in ("completed", "star-convex")
        }
        predict = with_negatives(self.network.predict) if manifest.negatives else self.network.predict
        # At every scale or at none: answers of one kind are compared.
        if prod(self.shape) <= MIRRORED_PX:
            predict = with_mirror_images(predict)
        planes = predict_tiled(plane, predict, outputs, layout, progress=self.parts.next(), cancel=self.cancel)
        self.cancel.check()
        fields = finite(planes["fields"])
        candidates = decode(fields, planes.get("rays"), self.decoding)
        inside = [one for candidate in candidates if (one := _cut(candidate, height, width)) is not None]
        if less == "surroundings":
            inside = [one for one in inside if one.minor_axis_px <= WIDEST * SURROUNDINGS_PX]
        probability = probabilities_of(fields[0, :height, :width])
        return Seen(scale, less, scaling, Look(scaling.scaled, inside), probability, fields is planes["fields"])

    def _plane(self, scale: float, less: Less) -> NDArray[np.float32]:
        if less == "nothing":
            return self.scene.plane
        sigma = SHADING * min(self.shape) if less == "shading" else SURROUNDINGS_PX / scale
        return self.scene.plane - smooth_background(self.scene.plane, self.scene.usable, sigma_px=sigma)

    def merged(self, seen: Iterable[Seen], *, least: float = 0.0) -> list[Candidate]:
        """Bring the finds of all scales, from a score on, together in the picture's own pixels; what was found at several stays once."""
        seen = list(seen)
        return merge_scales(
            [one.look.down_to(least) for one in seen],
            self.shape,
            best_px=best_px(self.network.model.manifest),
            overlap=self.decoding.overlap,
            carried=all(one.less == "surroundings" for one in seen),
        )


def with_negatives(predict: Predict) -> Predict:
    """Let a network answer by the mean of what it says of pictures and of their negatives turned by 180°, which show the same particles.

    Where noise or a background leads it astray in one of both, it seldom does in the other.
    """

    def mean(batch: NDArray[np.float32]) -> dict[str, NDArray[np.floating]]:
        upright, turned = predict(batch), predict(np.ascontiguousarray(-batch[..., ::-1, ::-1]))
        both: dict[str, NDArray[np.floating]] = {}
        for name, values in upright.items():
            back = turned[name][..., ::-1, ::-1]
            # The ray that led to the right leads to the left there.
            both[name] = (values + (np.roll(back, back.shape[1] // 2, axis=1) if name == "rays" else back)) / 2
        return both

    return mean


def with_mirror_images(predict: Predict) -> Predict:
    """Let a network answer by the mean of what it says of pictures and of their mirror images, upside down."""

    def mean(batch: NDArray[np.float32]) -> dict[str, NDArray[np.floating]]:
        straight, mirrored = predict(batch), predict(np.ascontiguousarray(batch[..., ::-1, :]))
        both: dict[str, NDArray[np.floating]] = {}
        for name, values in straight.items():
            back = mirrored[name][..., ::-1, :]
            # The ray that led up leads down there: along 2πk/n before, along -2πk/n now.
            both[name] = (values + (back[:, -np.arange(back.shape[1])] if name == "rays" else back)) / 2
        return both

    return mean


def _cut(candidate: Candidate, height: int, width: int) -> Candidate | None:
    """Leave out what lies beyond the picture, in the pixels that were added to it."""
    box = candidate.bbox
    if box.y1 <= height and box.x1 <= width:
        return candidate
    cropped = crop(candidate.mask[: max(height - box.y0, 0), : max(width - box.x0, 0)], box.y0, box.x0)
    if cropped is None:
        return None
    return Candidate(*cropped, candidate.score, int(np.count_nonzero(cropped[1])))
