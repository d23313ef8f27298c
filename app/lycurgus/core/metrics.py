"""Scores of found instances and pixels against the truth: additive for each image, and pooled over images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isclose, isfinite, nan, nextafter, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.average_precision import RankedDetections, average_precision, rank_detections
from lycurgus.core.overlap import Overlaps, instances_from_labels, match, match_overlaps, overlaps_of
from lycurgus.core.pixel_scores import PixelScores, confusion_matrix, pixel_scores
from lycurgus.core.types import Instance, Mask

__all__ = [
    "THRESHOLDS",
    "ImageScore",
    "InstanceTally",
    "Score",
    "confusion_matrix",
    "instances_from_labels",
    "match",
    "pixel_scores",
    "pool",
    "score_image",
    "score_semantic",
]

THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
REPORTED = (0.5, 0.75)


@dataclass(frozen=True, slots=True, eq=False)
class InstanceTally:
    """Counts and sums over instances, to be added over images.

    Attributes
    ----------
    n_found, n_truth : instances.
    true_positives : matched pairs at each of ``THRESHOLDS``.
    iou_sum, diameter_sum, diameter_square_sum : over the pairs at IoU ≥ 0.5, of the IoU and of the relative difference of
        equivalent diameters (found − true)/true and its square.
    panoptic_pairs, panoptic_iou_sum : pairs at IoU > 0.5, as panoptic quality defines them.
    detections : for the average precision by score; None where a detection has no score.
    """

    n_found: int
    n_truth: int
    true_positives: tuple[int, ...]
    iou_sum: float
    diameter_sum: float
    diameter_square_sum: float
    panoptic_pairs: int
    panoptic_iou_sum: float
    detections: RankedDetections | None


@dataclass(frozen=True, slots=True, eq=False)
class ImageScore:
    """The score of one image, or of several whose counts were added.

    A ratio 0/0 is nan, which means of images leave out: an image without true and without found instances neither rewards
    nor punishes, one with found instances alone has an F1 of 0.

    Attributes
    ----------
    pixels : (2, 2) int64, rows true background and particle, columns found background and particle.
    instances : None where only pixels were scored.
    """

    pixels: NDArray[np.int64]
    instances: InstanceTally | None

    def matched(self, threshold: float) -> int:
        """Pairs of a found and a true instance at an IoU of ``THRESHOLDS`` or more; 0 where only pixels were scored."""
        if not self.instances:
            return 0
        for matched, known in zip(self.instances.true_positives, THRESHOLDS, strict=True):
            if isclose(known, threshold, abs_tol=1e-9):
                return matched
        raise ValueError(f"matches are counted at IoU {', '.join(map(str, THRESHOLDS))}, not at {threshold}")

    def precision(self, threshold: float) -> float:
        """Share of the found instances that match a true one: TP/(TP + FP)."""
        return _ratio(self.matched(threshold), self.instances.n_found) if self.instances else nan

    def recall(self, threshold: float) -> float:
        """Share of the true instances that match a found one: TP/(TP + FN)."""
        return _ratio(self.matched(threshold), self.instances.n_truth) if self.instances else nan

    def f1(self, threshold: float) -> float:
        """2TP/(2TP + FP + FN)."""
        return _ratio(2 * self.matched(threshold), self.instances.n_found + self.instances.n_truth) if self.instances else nan

    def average_precision_dsb(self) -> float:
        """Mean of TP/(TP + FP + FN) over IoU 0.5, 0.55 ... 0.95, which needs no scores (Data Science Bowl 2018, StarDist)."""
        if not self.instances:
            return nan
        total = self.instances.n_found + self.instances.n_truth
        return float(np.mean([_ratio(matched, total - matched) for matched in self.instances.true_positives]))

    def average_precision_coco(self) -> float:
        """Mean of the average precision by score over IoU 0.5, 0.55 ... 0.95 (COCO); nan where a detection has no score."""
        if not self.instances or not self.instances.detections:
            return nan
        return float(np.mean(average_precision(self.instances.detections, self.instances.n_truth)))

    def segmentation_quality(self) -> float:
        """SQ: mean IoU of the pairs at IoU > 0.5 (Kirillov et al. 2019)."""
        return _ratio(self.instances.panoptic_iou_sum, self.instances.panoptic_pairs) if self.instances else nan

    def recognition_quality(self) -> float:
        """RQ: TP/(TP + FP/2 + FN/2) at IoU > 0.5."""
        return _ratio(2 * self.instances.panoptic_pairs, self.instances.n_found + self.instances.n_truth) if self.instances else nan

    def panoptic_quality(self) -> float:
        """PQ = SQ · RQ = ΣIoU/(TP + FP/2 + FN/2)."""
        return _ratio(2 * self.instances.panoptic_iou_sum, self.instances.n_found + self.instances.n_truth) if self.instances else nan

    def matched_iou(self) -> float:
        """Mean IoU of the pairs at IoU ≥ 0.5."""
        return _ratio(self.instances.iou_sum, self.instances.true_positives[0]) if self.instances else nan

    def diameter_bias(self) -> float:
        """Mean relative difference of equivalent diameters, (found − true)/true, of the pairs at IoU ≥ 0.5."""
        return _ratio(self.instances.diameter_sum, self.instances.true_positives[0]) if self.instances else nan

    def diameter_bias_sd(self) -> float:
        """Standard deviation (n − 1) of that difference."""
        if not self.instances or self.instances.true_positives[0] < 2:
            return nan
        n, mean = self.instances.true_positives[0], self.diameter_bias()
        return sqrt(max(self.instances.diameter_square_sum - n * mean**2, 0) / (n - 1))

    def pixel_scores(self) -> PixelScores:
        """IoU and Dice of background and particle, and global accuracy."""
        return pixel_scores(self.pixels)

    def numbers(self) -> dict[str, float]:
        """Return every score by the name under which it is reported; nan where undefined."""
        pixel = self.pixel_scores()
        pixels = {
            "pixel_iou_particle": float(pixel.iou[1]),
            "pixel_iou_background": float(pixel.iou[0]),
            "pixel_dice_particle": float(pixel.dice[1]),
            "pixel_dice_background": float(pixel.dice[0]),
            "global_accuracy": pixel.accuracy,
        }
        if not self.instances:
            return pixels
        rates: dict[str, Callable[[float], float]] = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        return {
            **{f"{name}_{100 * threshold:.0f}": rate(threshold) for threshold in REPORTED for name, rate in rates.items()},
            "average_precision_coco": self.average_precision_coco(),
            "average_precision_dsb": self.average_precision_dsb(),
            "panoptic_quality": self.panoptic_quality(),
            "segmentation_quality": self.segmentation_quality(),
            "recognition_quality": self.recognition_quality(),
            "matched_iou": self.matched_iou(),
            "diameter_bias": self.diameter_bias(),
            "diameter_bias_sd": self.diameter_bias_sd(),
            **pixels,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """The score of several images.

    Attributes
    ----------
    total : all counts added: every particle and pixel weighs the same.
    images : one by one, for means in which every image weighs the same.
    """

    total: ImageScore
    images: tuple[ImageScore, ...]

    def mean_over_images(self) -> dict[str, float]:
        """Return the mean of each score over the images that define it; nan where none does."""
        every = [image.numbers() for image in self.images]
        defined = {name: [one[name] for one in every if isfinite(one.get(name, nan))] for name in self.total.numbers()}
        return {name: float(np.mean(values)) if values else nan for name, values in defined.items()}

    def document(self) -> dict[str, Any]:
        """Return plain JSON data: pooled scores, the confusion matrix, counts by IoU, means over images; None for undefined."""
        tally = self.total.instances
        return {
            **({"n_truth": tally.n_truth, "n_found": tally.n_found} if tally else {}),
            **_plain(self.total.numbers()),
            "confusion_matrix": {
                "rows": "truth",
                "columns": "found",
                "classes": ["background", "particle"],
                "pixels": self.total.pixels.tolist(),
            },
            **({"by_iou": [self._at(threshold) for threshold in THRESHOLDS]} if tally else {}),
            "mean_over_images": _plain(self.mean_over_images()),
        }

    def _at(self, threshold: float) -> dict[str, Any]:
        total = self.total
        rates = {"precision": total.precision(threshold), "recall": total.recall(threshold), "f1": total.f1(threshold)}
        return {"iou": threshold, "matched": total.matched(threshold), **_plain(rates)}


def score_image(predicted: Sequence[Instance], truth: Sequence[Instance], shape: tuple[int, int]) -> ImageScore:
    """Score found instances against true ones; both may overlap among themselves.

    Parameters
    ----------
    predicted, truth : instances in one image; a pixel is particle where any instance covers it.
    shape : (H, W) of the image.
    """
    overlaps = overlaps_of(predicted, truth)
    pairs = [match_overlaps(overlaps, threshold=threshold) for threshold in THRESHOLDS]
    panoptic = match_overlaps(overlaps, threshold=nextafter(0.5, 1))
    differences = _diameter_differences(overlaps, [(pair.predicted, pair.truth) for pair in pairs[0]])
    scores = np.array([instance.score for instance in predicted], dtype=np.float64)
    tally = InstanceTally(
        n_found=len(predicted),
        n_truth=len(truth),
        true_positives=tuple(len(matched) for matched in pairs),
        iou_sum=sum(pair.iou for pair in pairs[0]),
        diameter_sum=float(differences.sum()),
        diameter_square_sum=float((differences**2).sum()),
        panoptic_pairs=len(panoptic),
        panoptic_iou_sum=sum(pair.iou for pair in panoptic),
        detections=rank_detections(overlaps, scores, THRESHOLDS),
    )
    return ImageScore(confusion_matrix(_union(predicted, shape), _union(truth, shape)), tally)


def score_semantic(foreground: Mask, truth: Mask) -> ImageScore:
    """Score found pixels against true ones, (H, W) bool each, where the truth does not tell instances apart."""
    return ImageScore(confusion_matrix(foreground.astype(bool), truth.astype(bool)), None)


def pool(scores: Sequence[ImageScore]) -> Score:
    """Add the counts of several images.

    Parameters
    ----------
    scores : at least one; all with instances, or all without.
    """
    if not scores:
        raise ValueError("there is nothing to pool")
    tallies = [score.instances for score in scores if score.instances is not None]
    if tallies and len(tallies) < len(scores):
        raise ValueError("scores of instances and of pixels alone cannot be pooled")
    pixels = np.sum([score.pixels for score in scores], axis=0)
    return Score(ImageScore(pixels, _added(tallies) if tallies else None), tuple(scores))


def _added(tallies: Sequence[InstanceTally]) -> InstanceTally:
    ranked = [tally.detections for tally in tallies if tally.detections is not None]
    return InstanceTally(
        n_found=sum(tally.n_found for tally in tallies),
        n_truth=sum(tally.n_truth for tally in tallies),
        true_positives=tuple(map(sum, zip(*(tally.true_positives for tally in tallies), strict=True))),
        iou_sum=sum(tally.iou_sum for tally in tallies),
        diameter_sum=sum(tally.diameter_sum for tally in tallies),
        diameter_square_sum=sum(tally.diameter_square_sum for tally in tallies),
        panoptic_pairs=sum(tally.panoptic_pairs for tally in tallies),
        panoptic_iou_sum=sum(tally.panoptic_iou_sum for tally in tallies),
        detections=RankedDetections(np.concatenate([one.scores for one in ranked]), np.concatenate([one.hits for one in ranked]))
        if len(ranked) == len(tallies)
        else None,
    )


def _diameter_differences(overlaps: Overlaps, pairs: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """Relative differences of equivalent diameters, which are as the roots of the areas."""
    found, true = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    differences: NDArray[np.float64] = np.sqrt(overlaps.predicted_areas[found] / overlaps.truth_areas[true]) - 1
    return differences


def _union(instances: Sequence[Instance], shape: tuple[int, int]) -> Mask:
    union = np.zeros(shape, dtype=np.bool_)
    for instance in instances:
        union[instance.bbox.slices] |= instance.mask
    return union


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else nan


def _plain(numbers: dict[str, float]) -> dict[str, float | None]:
    return {name: number if isfinite(number) else None for name, number in numbers.items()}
