"""What stands beside the image in a comparison, computed in a worker thread: Otsu's baseline, or what the detector saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lycurgus.core.annotations import find_annotations, usable_area
from lycurgus.core.metrics import match
from lycurgus.core.params import AnalysisParams
from lycurgus.core.preprocess import level_of, preprocess
from lycurgus.core.progress import CancelToken, Progress
from lycurgus.core.types import Instance, Micrograph, Particle, Plane
from lycurgus.detectors import DETECTORS, Scene
from lycurgus.pipeline import analyze
from lycurgus.services.comparison import MATCHING_IOU, baseline_params
from lycurgus.ui.viewer.overlay import Tracing
from lycurgus.ui.viewer.picture import reduced

Content = Literal["otsu", "denoised", "probability"]


@dataclass(frozen=True, slots=True, eq=False)
class Counterpart:
    """The other side of a comparison.

    Attributes
    ----------
    title : says what it is, with counts.
    own_title : for the image itself; "" for none.
    plane : another picture with reduced copies of it, or None where it is the same.
    particles, tracing : what is drawn over it; None where it is the same as over the image.
    shared, own_shared : indices of particles that both sides found.
    note : a sentence instead of all that, where there is nothing to show.
    """

    title: str = ""
    own_title: str = ""
    levels: tuple[Plane, ...] = ()
    particles: tuple[Particle, ...] | None = None
    tracing: Tracing | None = None
    shared: frozenset[int] = frozenset()
    own_shared: frozenset[int] = frozenset()
    note: str = ""


def counterpart(
    content: Content,
    micrograph: Micrograph,
    own: Sequence[Particle],
    params: AnalysisParams,
    *,
    device: str,
    baseline: tuple[Particle, ...] | None = None,
    progress: Progress,
    cancel: CancelToken,
) -> Counterpart:
    """Compute the other side.

    Parameters
    ----------
    own : the particles shown over the image, with corrections.
    params : of the result that is shown, or those set now where there is none.
    baseline : the baseline's particles, where they are known from a comparison before.

    Raises
    ------
    Cancelled
    """
    if content == "otsu":
        return _otsu(micrograph, own, params, baseline, progress=progress, cancel=cancel)
    usable = usable_area(micrograph.pixels, find_annotations(micrograph.pixels, params.annotations))
    cancel.check()
    level = level_of(micrograph.pixels)
    plane = preprocess(micrograph.pixels, usable, params.preprocess, level=level)
    cancel.check()
    if content == "denoised":
        how = [name for name in (params.preprocess.flatten, params.preprocess.denoise) if name != "none"]
        title = "What the detector sees: " + (", ".join(how) if how else "as recorded")
        return Counterpart(title, "As recorded", tuple(reduced(plane)))
    detector = DETECTORS[params.detector.name]
    scene = Scene(plane, usable, micrograph.pixel_size, level)
    detection = detector.detect(scene, params.detector, device=device, progress=progress, cancel=cancel)
    if detection.probability is None:
        return Counterpart(note=f"{detector.label} gives no probability of foreground.")
    return Counterpart("Foreground probability, 0 to 1", "As recorded", tuple(reduced(detection.probability)))


def _otsu(
    micrograph: Micrograph,
    own: Sequence[Particle],
    params: AnalysisParams,
    known: tuple[Particle, ...] | None,
    *,
    progress: Progress,
    cancel: CancelToken,
) -> Counterpart:
    untuned = baseline_params(params, separator=params.separator.name)
    theirs = known or analyze(micrograph, untuned, device="cpu", progress=progress, cancel=cancel).particles
    cancel.check()
    matches = match(_instances(own), _instances(theirs), threshold=MATCHING_IOU) if own and theirs else []
    own_shared = frozenset(int(pair.predicted) for pair in matches)
    shared = frozenset(int(pair.truth) for pair in matches)
    return Counterpart(
        title=f"Otsu baseline: {_counts(theirs, shared)}",
        own_title=f"As shown: {_counts(own, own_shared)}",
        particles=theirs,
        tracing=Tracing(theirs),
        shared=shared,
        own_shared=own_shared,
    )


def _counts(particles: Sequence[Particle], shared: frozenset[int]) -> str:
    return f"{len(particles):,} particles, {len(particles) - len(shared):,} only here"


def _instances(particles: Sequence[Particle]) -> list[Instance]:
    return [particle.instance for particle in particles]


def probability_limits(levels: Sequence[Plane]) -> tuple[float, float]:
    """Return 0 and the largest value there is, at most 1."""
    largest = float(np.nanmax(levels[-1])) if levels[-1].size else 1.0
    return 0.0, min(1.0, max(largest, 1e-3))
