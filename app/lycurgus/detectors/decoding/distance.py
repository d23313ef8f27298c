"""Particles from foreground and normalised distance: regions that are cut along the valleys of the distance."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Mask
from lycurgus.detectors.decoding.basins import climb, join_shallow, merged, passes, peaks_of
from lycurgus.detectors.decoding.candidates import Candidate, cut_out
from lycurgus.detectors.decoding.elongated import join_elongated
from lycurgus.detectors.decoding.params import DecodingParams


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """Visible parts of particles.

    Attributes
    ----------
    labels : (H, W) int32, region i has the value i + 1, 0 elsewhere.
    areas_px : (n,) int64.
    peaks : (n,) float64, the greatest normalised distance in each, at most 1.
    probabilities : (n,) float64, the mean foreground probability of each.
    """

    labels: NDArray[np.int32]
    areas_px: NDArray[np.int64]
    peaks: NDArray[np.float64]
    probabilities: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.areas_px)

    @property
    def scores(self) -> NDArray[np.float64]:
        """Geometric mean of foreground probability and peak: a particle has to be seen and to have an inside."""
        return np.sqrt(self.probabilities * self.peaks)


def decode_distance(fields: NDArray[np.float32], params: DecodingParams) -> list[Candidate]:
    """Cut the foreground into particles that share no pixels.

    Parameters
    ----------
    fields : (2, H, W), foreground logit and normalised distance.
    """
    regions = visible_regions(fields, params)
    return worthy(cut_out(regions.labels, regions.scores, regions.areas_px), params)


def worthy(candidates: list[Candidate], params: DecodingParams) -> list[Candidate]:
    """Drop candidates that are too small or too doubtful."""
    return [one for one in candidates if one.score >= params.score and one.area_px >= params.min_area_px]


def foreground_of(logits: NDArray[np.float32], params: DecodingParams) -> Mask:
    """(H, W) bool, where the foreground is probable enough; nothing where the logit is not a number."""
    return np.asarray(logits >= log(params.foreground / (1 - params.foreground)), dtype=np.bool_)


def visible_regions(fields: NDArray[np.float32], params: DecodingParams) -> Regions:
    """Part the foreground at the valleys of the distance."""
    foreground = foreground_of(fields[0], params)
    height = smoothed(fields[1], params.smoothing_px)
    basins = climb(height, foreground)
    ways = passes(basins.labels, height)
    owner = join_shallow(basins, ways, depth=params.seed_depth, least_peak=params.seed_height)
    pieces = merged(basins, owner)
    whole = merged(pieces, join_elongated(pieces, ways.between(owner)))
    return regions_from(whole.labels, len(whole), fields)


def smoothed(distance: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    """Return the distance without pixel noise, (H, W)."""
    return np.asarray(cv2.GaussianBlur(distance, (0, 0), sigma_px) if sigma_px > 0 else distance, dtype=np.float32)


def regions_from(labels: NDArray[np.int32], count: int, fields: NDArray[np.float32]) -> Regions:
    """Measure what the score of each region 1 ... count needs."""
    here = np.flatnonzero(labels)
    owner = labels.ravel()[here] - 1
    areas_px = np.bincount(owner, minlength=count)
    probability = probabilities_of(fields[0].ravel()[here])
    peaks = peaks_of(labels, fields[1], count)
    means = np.bincount(owner, weights=probability, minlength=count) / np.maximum(areas_px, 1)
    return Regions(labels, areas_px, np.clip(peaks, 0, 1).astype(np.float64), means)


def probabilities_of(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn foreground logits into probabilities, element by element."""
    values: NDArray[np.float32] = np.clip(logits, -30, 30).astype(np.float32)
    # In place: of a large picture one such plane is a quarter of a gigabyte.
    np.negative(values, out=values)
    np.exp(values, out=values)
    values += 1
    np.reciprocal(values, out=values)
    return values
