"""The state of a sample while it grows: sizes so far, whether they suffice, which images are unlike the others. Bounded in memory."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.convergence import Convergence, ConvergenceCurve, ImageSums, convergence, convergence_curve
from lycurgus.core.measurement import SUMMARISABLE
from lycurgus.core.outliers import ImageFacts, Outliers
from lycurgus.core.params import StatisticsParams
from lycurgus.core.running import RunningHistogram, RunningPercentiles, RunningSizes
from lycurgus.core.sample import BORDER_WEIGHT, ImageSample
from lycurgus.core.types import AnalysisResult

Floats = NDArray[np.float64]

_RESAMPLES = 400


@dataclass(frozen=True, slots=True)
class ImageNote:
    """One image in a line.

    Attributes
    ----------
    median : of the counted particles, in ``unit``; None without any.
    reasons : why the image is unlike those before it; empty where it is not.
    """

    path: Path
    n_particles: int
    n_counted: int
    median: float | None
    unit: str
    foreground: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class LiveSnapshot:
    """The sample at one moment.

    Attributes
    ----------
    label, unit : of the size that is followed.
    weighted : whether particles are weighted for the border.
    """

    label: str
    unit: str
    n_images: int
    convergence: Convergence
    curve: ConvergenceCurve
    percentiles: RunningPercentiles | None
    histogram: RunningHistogram | None
    weighted: bool


class _Sample:
    """One unit's numbers."""

    def __init__(self) -> None:
        self.sizes = RunningSizes()
        self.sums: list[ImageSums] = []

    def put(self, place: int, old: tuple[Floats, Floats] | None, new: tuple[Floats, Floats]) -> None:
        if old is None:
            self.sizes.add(*new)
            self.sums.append(ImageSums.of(*new))
        else:
            self.sizes.replace(place, old, new)
            self.sums[place] = ImageSums.of(*new)


class Live:
    """Takes results in as they come; may be used from several threads."""

    def __init__(self, statistics: StatisticsParams) -> None:
        self._statistics = statistics
        self._descriptor = SUMMARISABLE[statistics.descriptor]
        self._samples = {True: _Sample(), False: _Sample()}
        self._places: dict[Path, int] = {}
        self._outliers = Outliers()
        # Counted images by whether they have a pixel size: as in the report, nm need all of them.
        self._calibrated: Counter[bool] = Counter()
        self._n_weighted = 0
        self._n_images = 0
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Memory of the histograms."""
        return sum(sample.sizes.nbytes for sample in self._samples.values())

    def __contains__(self, path: Path) -> bool:
        return path in self._places

    def add(self, path: Path, result: AnalysisResult, shape: tuple[int, int], *, before: AnalysisResult | None = None) -> ImageNote:
        """Count an image.

        Parameters
        ----------
        shape : (H, W) of the image.
        before : the result that was added for it last, where its file has changed since.
        """
        sample = ImageSample.of(result)
        facts = self._facts(sample, result, shape)
        with self._lock:
            reasons = self._outliers.look_at(facts)
            self._put(path, sample, None if before is None else ImageSample.of(before))
        return ImageNote(path, facts.n_particles, sample.n_counted, facts.median, facts.unit, facts.foreground, reasons)

    def remove(self, path: Path, before: AnalysisResult) -> None:
        """Take an image out again, given its result."""
        with self._lock:
            if path in self._places:
                self._put(path, None, ImageSample.of(before))
                # Its place stays, empty: the others keep theirs.
                del self._places[path]

    def snapshot(self) -> LiveSnapshot:
        """Compute everything that is shown; takes some tenths of a second for thousands of images."""
        statistics = self._statistics
        with self._lock:
            calibrated = not self._calibrated[False] and bool(self._calibrated[True])
            sample = self._samples[calibrated]
            sums, n_images, weighted = list(sample.sums), self._n_images, self._n_weighted > 0
            percentiles = sample.sizes.percentiles(confidence=statistics.confidence, samples=_RESAMPLES, seed=statistics.seed)
            histogram = sample.sizes.histogram()
        return LiveSnapshot(
            label=self._descriptor.label,
            unit=self._descriptor.unit(calibrated=calibrated),
            n_images=n_images,
            convergence=convergence(sums, precision=statistics.precision, confidence=statistics.confidence, seed=statistics.seed),
            curve=convergence_curve(sums, confidence=statistics.confidence, seed=statistics.seed),
            percentiles=percentiles,
            histogram=histogram,
            weighted=weighted,
        )

    def _put(self, path: Path, now: ImageSample | None, before: ImageSample | None) -> None:
        place = self._places.get(path)
        if place is None:
            place = self._places[path] = len(self._samples[False].sums)
            before = None
        elif before is None:
            raise ValueError(f"{path} is counted already")
        for calibrated, sample in self._samples.items():
            sample.put(place, None if before is None else self._numbers(before, calibrated), self._numbers(now, calibrated))
        for step, one in ((-1, before), (1, now)):
            if one is None:
                continue
            self._n_images += step
            self._n_weighted += step * (self._is_weighted(one) and one.n_counted > 0)
            if one.n_counted:
                self._calibrated[one.pixel_size is not None] += step

    def _numbers(self, sample: ImageSample | None, calibrated: bool) -> tuple[Floats, Floats]:
        """Values and weights of an image; nothing where it has no such unit."""
        if sample is None or (calibrated and sample.pixel_size is None):
            return np.zeros(0), np.zeros(0)
        values = sample.column(self._descriptor, calibrated=calibrated)
        weights = sample.column(BORDER_WEIGHT, calibrated=calibrated) if self._is_weighted(sample) else np.ones(values.size)
        return values, weights

    def _is_weighted(self, sample: ImageSample) -> bool:
        return self._statistics.border_weights and sample.border_corrected

    def _facts(self, sample: ImageSample, result: AnalysisResult, shape: tuple[int, int]) -> ImageFacts:
        calibrated = sample.pixel_size is not None
        values = sample.column(self._descriptor, calibrated=calibrated)
        values = values[np.isfinite(values)]
        return ImageFacts(
            n_particles=sample.n_particles,
            median=float(np.median(values)) if values.size else None,
            unit=self._descriptor.unit(calibrated=calibrated),
            foreground=sum(one.measurement.area_px for one in result.particles) / max(prod(shape), 1),
        )
