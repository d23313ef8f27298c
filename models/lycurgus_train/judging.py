"""What a network finds in labelled images, found as the application finds it, and how well that fits the truth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import isfinite, nan
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.errors import LycurgusError, ParameterError
from lycurgus.core.metrics import ImageScore, confusion_matrix, pool, score_image, score_semantic
from lycurgus.core.overlap import Overlaps, match_overlaps
from lycurgus.core.params import AnalysisParams
from lycurgus.core.types import Instance, Mask, Micrograph
from lycurgus.detectors import Detector
from lycurgus.parameters import default_params, with_settings
from lycurgus.pipeline import analyze
from lycurgus_train.labelled import LabelledImage

Truth = Literal["instances", "boxes", "semantic"]

BOX_IOU = 0.3
"""Boxes drawn by hand around particles of a few pixels agree with each other no better than this."""


@dataclass(frozen=True, slots=True)
class BoxScore:
    """How many boxes were found, were drawn, and match one to one at an IoU of ``BOX_IOU``; counts can be added."""

    n_found: int
    n_truth: int
    matched: int

    def numbers(self) -> dict[str, float]:
        """Return the scores by the names under which they are reported; nan where undefined."""
        iou = round(100 * BOX_IOU)
        return {
            f"precision_boxes_{iou}": _ratio(self.matched, self.n_found),
            f"recall_boxes_{iou}": _ratio(self.matched, self.n_truth),
            f"f1_boxes_{iou}": _ratio(2 * self.matched, self.n_found + self.n_truth),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One image, what was found in it, and its score.

    Attributes
    ----------
    found : particles, those left out that lie where the truth is unknown.
    score : None where the image could not be analysed; ``error`` says why.
    """

    image: LabelledImage
    found: tuple[Instance, ...]
    score: ImageScore | BoxScore | None
    seconds: float
    error: str = ""

    @property
    def fit(self) -> float:
        """The one number that images are ordered by: F1 at an IoU of 0.5, of boxes at 0.3, or Dice; nan where undefined."""
        if self.score is None:
            return nan
        if isinstance(self.score, ImageScore) and self.score.instances is None:
            return float(self.score.pixel_scores().dice[1])
        return self.score.numbers().get("f1_50", nan) if isinstance(self.score, ImageScore) else list(self.score.numbers().values())[-1]


def detection_params(detector: str = "network", settings: Sequence[str] = ()) -> AnalysisParams:
    """Return the application's default parameters with a detector; lengths stay in px, so no scale bar is read.

    Raises
    ------
    ParameterError
        A setting is malformed, unknown or out of range.
    """
    return with_settings(default_params(detector=detector), ["calibration.scale_bar=off", *settings])


def find(image: LabelledImage, params: AnalysisParams, *, detector: Detector | None = None, device: str = "auto") -> tuple[Instance, ...]:
    """Return the particles that the application finds in an image, those at its border included.

    Parameters
    ----------
    detector : takes the place of the one that ``params`` names.

    Raises
    ------
    LycurgusError
        The image cannot be analysed.
    """
    result = analyze(Micrograph(Path(image.name), image.pixels), params, device=device, detector=detector)
    return tuple(particle.instance for particle in result.particles)


def truth_of(images: Sequence[LabelledImage]) -> Truth:
    """Tell what the least that is known of all these images allows to score."""
    if any(image.foreground is not None for image in images):
        return "semantic"
    return "boxes" if any(len(image.boxes) for image in images) else "instances"


def judge(
    images: Iterable[LabelledImage], params: AnalysisParams, *, truth: Truth, detector: Detector | None = None, device: str = "auto"
) -> Iterator[Judged]:
    """Find the particles of each image and score them; an image that fails is reported with the reason."""
    for image in images:
        started = perf_counter()
        try:
            found = find(image, params, detector=detector, device=device)
        except LycurgusError as error:
            yield Judged(image, (), None, perf_counter() - started, str(error))
            continue
        found = known_part(found, image.ignore)
        yield Judged(image, found, score(found, image, truth=truth), perf_counter() - started)


def score(found: Sequence[Instance], image: LabelledImage, *, truth: Truth) -> ImageScore | BoxScore:
    """Score found particles against what is known of an image; where the truth is unknown nothing counts."""
    if truth == "boxes":
        return score_boxes(found, image)
    known = np.ones(image.shape, np.bool_) if image.ignore is None else ~image.ignore
    if truth == "semantic":
        foreground = union(image.instances, image.shape) if image.foreground is None else image.foreground
        return score_semantic(union(found, image.shape)[known], foreground[known])
    true = known_part(image.instances, image.ignore)
    scored = score_image(found, true, image.shape)
    if image.ignore is None:
        return scored
    return replace(scored, pixels=confusion_matrix(union(found, image.shape)[known], union(true, image.shape)[known]))


def score_boxes(found: Sequence[Instance], image: LabelledImage) -> BoxScore:
    """Match the boxes around found particles with the true ones, of particles with an outline and without."""
    ours = np.array([instance.bbox for instance in found], np.float64).reshape(-1, 4)
    true = np.array([instance.bbox for instance in known_part(image.instances, image.ignore)], np.float64).reshape(-1, 4)
    true = np.concatenate((true, _known_boxes(image.boxes, image.ignore).astype(np.float64)))
    iou = box_iou(ours, true)
    i, j = np.nonzero(iou)
    overlaps = Overlaps(i, j, iou[i, j], _areas(ours).astype(np.int64), _areas(true).astype(np.int64))
    return BoxScore(len(ours), len(true), len(match_overlaps(overlaps, threshold=BOX_IOU)))


def _known_boxes(boxes: NDArray[np.float32], ignore: Mask | None) -> NDArray[np.float32]:
    """Leave out the boxes that lie by half or more where nothing is known."""
    if ignore is None:
        return boxes
    windows = [
        np.s_[y0:y1, x0:x1] for y0, x0, y1, x1 in np.column_stack((np.floor(boxes[:, :2]), np.ceil(boxes[:, 2:]))).astype(int).tolist()
    ]
    return boxes[[bool(ignore[window].mean() < 0.5) for window in windows]]


def box_iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the IoU of every pair of boxes (n, 4) and (m, 4), y0, x0, y1, x1, half-open: (n, m)."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(axis=2)
    either = _areas(a)[:, None] + _areas(b)[None] - both
    iou: NDArray[np.float64] = np.divide(both, either, out=np.zeros_like(both), where=either > 0)
    return iou


def known_part(instances: Sequence[Instance], ignore: Mask | None) -> tuple[Instance, ...]:
    """Leave out the particles that lie by half or more where nothing is known."""
    if ignore is None:
        return tuple(instances)
    return tuple(one for one in instances if 2 * np.count_nonzero(one.mask & ignore[one.bbox.slices]) < one.area_px)


def union(instances: Sequence[Instance], shape: tuple[int, int]) -> Mask:
    """Return (H, W) bool, True on every particle."""
    covered = np.zeros(shape, np.bool_)
    for instance in instances:
        covered[instance.bbox.slices] |= instance.mask
    return covered


def scores_document(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return the scores of several images, pooled and as means over images, as plain JSON data; None for what is undefined.

    Raises
    ------
    ParameterError
        No image could be scored.
    """
    scores = [one.score for one in judged if one.score is not None]
    if not scores:
        reason = next((f" ({one.error})" for one in judged if one.error), "")
        raise ParameterError(f"none of the {len(judged)} images could be scored{reason}")
    document: dict[str, Any] = {"n_images": len(scores)}
    boxes = [one for one in scores if isinstance(one, BoxScore)]
    if not boxes:
        return document | pool([one for one in scores if isinstance(one, ImageScore)]).document()
    total = BoxScore(*(sum(getattr(one, name) for one in boxes) for name in ("n_found", "n_truth", "matched")))
    each = [one.numbers() for one in boxes]
    means = {name: _mean([one[name] for one in each]) for name in total.numbers()}
    counts = {"n_truth": total.n_truth, "n_found": total.n_found}
    return document | counts | _plain(total.numbers()) | {"mean_over_images": _plain(means)}


def row_of(judged: Judged) -> dict[str, float | None]:
    """Return the scores of one image by name, with the counts and the seconds that it took."""
    if judged.score is None:
        return {}
    tally = judged.score if isinstance(judged.score, BoxScore) else judged.score.instances
    counts = {"n_truth": tally.n_truth, "n_found": tally.n_found} if tally is not None else {}
    return {**counts, **_plain(judged.score.numbers()), "seconds": round(judged.seconds, 3)}


def _areas(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    areas: NDArray[np.float64] = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1)
    return areas


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else nan


def _mean(values: Sequence[float]) -> float:
    defined = [value for value in values if isfinite(value)]
    return float(np.mean(defined)) if defined else nan


def _plain(numbers: dict[str, float]) -> dict[str, float | None]:
    return {name: number if isfinite(number) else None for name, number in numbers.items()}
