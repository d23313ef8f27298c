"""From the results of several images to the statistics of one sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.bootstrap import bootstrap_intervals
from lycurgus.core.fits import best_of, fit_all
from lycurgus.core.heavy_weights import heavy_weights
from lycurgus.core.histogram import histogram
from lycurgus.core.measurement import DESCRIPTORS, SUMMARISABLE, SUMMARISED_KINDS, Descriptor
from lycurgus.core.moments import CHARACTERISTICS, characteristics
from lycurgus.core.params import StatisticsParams
from lycurgus.core.precision import NUMBER_MEAN, masuda_iinoya_count
from lycurgus.core.sample import BORDER_WEIGHT, ImageSample
from lycurgus.core.summary import Interval, PopulationStatistics, SampleSummary
from lycurgus.core.types import AnalysisResult

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """The counted particles of several images as one population, in the order of the images and of their ids.

    Attributes
    ----------
    images : (n,) int64, the place of each particle's image among the samples.
    weights : (n,) float64, statistical weights.
    calibrated : whether lengths are in nm.
    """

    samples: tuple[ImageSample, ...]
    images: NDArray[np.int64]
    weights: Floats
    calibrated: bool

    @property
    def n(self) -> int:
        return self.images.size

    def values(self, descriptor: Descriptor) -> Floats:
        """Return a descriptor of each particle, (n,)."""
        return _joined(self.samples, descriptor, calibrated=self.calibrated)


def pooled(results: Sequence[AnalysisResult], params: StatisticsParams) -> Pool:
    """Put the particles of several images that are not excluded together, as ``summarize`` does."""
    return pooled_samples([ImageSample.of(result) for result in results], params)


def pooled_samples(samples: Sequence[ImageSample], params: StatisticsParams) -> Pool:
    """Put the counted particles of several images together."""
    counted = [sample for sample in samples if sample.n_counted] or samples
    calibrated = bool(samples) and all(sample.pixel_size is not None for sample in counted)
    images = np.repeat(np.arange(len(samples)), [sample.n_counted for sample in samples]).astype(np.int64)
    weighted = [index for index, sample in enumerate(samples) if params.border_weights and sample.border_corrected]
    weights = np.where(np.isin(images, weighted), _joined(samples, BORDER_WEIGHT, calibrated=calibrated), 1.0)
    return Pool(tuple(samples), images, weights, calibrated)


def summarize(results: Sequence[AnalysisResult], params: StatisticsParams) -> SampleSummary:
    """Summarise the particles of several images that are not excluded as one population.

    Lengths are in nm where every image with counted particles has a pixel size, otherwise in px, with a warning. Border
    weights apply where ``params.border_weights`` is set and the image's particles at the border were excluded or removed.

    Parameters
    ----------
    results : of images of one sample; may be empty.
    params : which descriptor is fitted and how.
    """
    return summarize_samples([ImageSample.of(result) for result in results], params)


def summarize_samples(samples: Sequence[ImageSample], params: StatisticsParams) -> SampleSummary:
    """Do what ``summarize`` does, for images whose particles are no longer in memory."""
    pool = pooled_samples(samples, params)
    main = SUMMARISABLE[params.descriptor]
    others = [one for one in DESCRIPTORS if one.kind in SUMMARISED_KINDS and one is not main]
    weights, images, calibrated = pool.weights, pool.images, pool.calibrated
    return SampleSummary(
        n_images=len(samples),
        n_particles=sum(sample.n_particles for sample in samples),
        n_counted=pool.n,
        excluded=dict(sum((Counter(sample.excluded) for sample in samples), Counter())),
        removed=dict(sum((Counter(sample.removed) for sample in samples), Counter())),
        calibrated=calibrated,
        confidence=params.confidence,
        precision=params.precision,
        main=full_statistics(main, pool.values(main), weights, images, params, calibrated=calibrated),
        others={one.name: statistics_of(one, pool.values(one), weights, images, calibrated=calibrated) for one in others},
        warnings=tuple(_warnings(pool)),
    )


def full_statistics(
    descriptor: Descriptor,
    values: Floats,
    weights: Floats,
    images: NDArray[np.int64],
    params: StatisticsParams,
    *,
    calibrated: bool,
) -> PopulationStatistics:
    """Compute ``statistics_of`` with confidence intervals, fits and the number of particles needed; parameters as there."""
    population = statistics_of(descriptor, values, weights, images, calibrated=calibrated)
    spheres = descriptor.dimension == "length"
    fits = fit_all(population.values, population.weights, seed=params.seed)
    intervals = bootstrap_intervals(
        lambda counts: characteristics(population.values, population.weights, counts, spheres=spheres),
        population.images,
        samples=params.bootstrap,
        confidence=params.confidence,
        seed=params.seed,
    )
    return replace(
        population, intervals=_defined(intervals, population), needed=_needed(population, params), fits=fits, best_fit=best_of(fits)
    )


def statistics_of(
    descriptor: Descriptor, values: Floats, weights: Floats, images: NDArray[np.int64], *, calibrated: bool
) -> PopulationStatistics:
    """Compute the statistics of one descriptor that cost little: no intervals, no fits.

    Parameters
    ----------
    descriptor : of what.
    values : (n,); what is not finite is left out.
    weights : (n,) positive statistical weights.
    images : (n,) number of the image that each value comes from.
    calibrated : whether lengths and areas are in nm.
    """
    order = np.argsort(values, kind="stable")
    order = order[np.isfinite(values[order])]
    values, weights, images = values[order], weights[order], images[order]
    if values.size:
        spheres = descriptor.dimension == "length"
        found = characteristics(values, weights, np.ones((1, values.size)), spheres=spheres)
        numbers = {name: float(column[0]) for name, column in found.items()}
        smallest, largest = float(values[0]), float(values[-1])
    else:
        numbers = dict.fromkeys(CHARACTERISTICS, float("nan")) | {"n_effective": 0.0}
        smallest = largest = float("nan")
    return PopulationStatistics(
        descriptor=descriptor.name,
        label=descriptor.label,
        unit=descriptor.unit(calibrated=calibrated),
        n=values.size,
        minimum=smallest,
        maximum=largest,
        intervals={},
        needed=None,
        fits=(),
        best_fit=None,
        histogram=histogram(values, weights),
        values=values,
        weights=weights,
        images=images,
        **numbers,
    )


def _joined(samples: Sequence[ImageSample], descriptor: Descriptor, *, calibrated: bool) -> Floats:
    columns = [sample.column(descriptor, calibrated=calibrated) for sample in samples]
    return np.concatenate(columns) if columns else np.zeros(0)


def _defined(intervals: dict[str, Interval], population: PopulationStatistics) -> dict[str, Interval]:
    """Leave out the intervals of what is itself undefined, and of the effective number, which is no estimate."""
    return {name: interval for name, interval in intervals.items() if name != "n_effective" and isfinite(getattr(population, name))}


def _needed(population: PopulationStatistics, params: StatisticsParams) -> int | None:
    """Particles needed for the mean of a size; the formula holds for nothing but a size."""
    if SUMMARISABLE[population.descriptor].kind != "size" or not isfinite(population.geometric_sd):
        return None
    return masuda_iinoya_count(
        population.geometric_sd, relative_error=params.precision, confidence=params.confidence, **NUMBER_MEAN._asdict()
    )


def _warnings(pool: Pool) -> list[str]:
    samples = pool.samples
    with_particles = [sample for sample in samples if sample.n_counted]
    uncalibrated = sum(sample.pixel_size is None for sample in with_particles)
    warnings = []
    if not with_particles:
        warnings.append("No particle enters the statistics.")
    if uncalibrated:
        have = "has" if uncalibrated == 1 else "have"
        counted = f"{len(with_particles)} images with counted particles"
        warnings.append(
            f"{uncalibrated} of {counted} {have} no pixel size: all sizes of the sample are in px."
            if len(with_particles) > 1
            else "The one image with counted particles has no pixel size: sizes are in px."
        )
        scales = {sample.pixel_size.mean_nm for sample in with_particles if sample.pixel_size is not None}
        if len(with_particles) > 1:
            known = "magnifications differ" if len(scales) > 1 else "magnifications may differ"
            warnings.append(
                f"Sizes in px of {len(with_particles)} images are pooled although their {known}: calibrate them for sizes in nm."
            )
    if len({sample.params_digest for sample in samples}) > 1:
        warnings.append("The images were analysed with different parameters.")
    if sentence := heavy_weights(pool.weights, pool.images, [sample.name for sample in samples]):
        warnings.append(sentence)
    return warnings
