"""What the sample panel says of each image, and of all together. Without Qt, so that a job can do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path

from lycurgus.core.distribution import pooled, statistics_of
from lycurgus.core.measurement import SUMMARISABLE
from lycurgus.core.params import StatisticsParams
from lycurgus.core.types import AnalysisResult
from lycurgus.services.grouping import Grouping, members_of


@dataclass(frozen=True, slots=True)
class SampleRow:
    """Numbers of one image, or of the sample.

    Attributes
    ----------
    found, counted : particles.
    mean, median, sd : of the counted particles, nan where too few of them allow it.
    unit : of these.
    pixel_nm : nan where it is not known; in the total nan where images differ.
    warnings : sentences of the analysis.
    """

    found: int = 0
    counted: int = 0
    mean: float = nan
    median: float = nan
    sd: float = nan
    unit: str = ""
    pixel_nm: float = nan
    warnings: tuple[str, ...] = ()

    @property
    def excluded(self) -> int:
        return self.found - self.counted


def row_of(results: Sequence[AnalysisResult], params: StatisticsParams) -> SampleRow:
    """Compute a row for one result, or the total of several, with the code and the weights of the report."""
    descriptor = SUMMARISABLE[params.descriptor]
    pool = pooled(results, params)
    found = statistics_of(descriptor, pool.values(descriptor), pool.weights, pool.images, calibrated=pool.calibrated)
    sizes = {result.micrograph.pixel_size.mean_nm if result.micrograph.pixel_size else nan for result in results}
    return SampleRow(
        found=sum(len(result.particles) for result in results),
        counted=pool.n,
        mean=found.mean,
        median=found.median,
        sd=found.sd,
        unit=found.unit,
        pixel_nm=sizes.pop() if len(sizes) == 1 else nan,
        warnings=tuple(warning for result in results for warning in result.warnings),
    )


@dataclass(frozen=True, slots=True)
class SampleRows:
    """The rows of the panel.

    Attributes
    ----------
    groups : name -> its row, in the order of the report; empty where the sample is not divided.
    """

    images: dict[Path, SampleRow]
    groups: dict[str, SampleRow]
    total: SampleRow


def rows_of(
    results: Mapping[Path, AnalysisResult],
    known: Mapping[Path, SampleRow],
    params: StatisticsParams,
    grouping: Grouping | None = None,
) -> SampleRows:
    """Compute the rows that are not known yet, those of the groups, and the total."""
    images = {path: known[path] if path in known else row_of([result], params) for path, result in results.items()}
    members = {} if grouping is None else members_of(results, grouping.names(list(results)))
    groups = {name: row_of([results[path] for path in paths], params) for name, paths in members.items()}
    return SampleRows(images, groups, row_of(list(results.values()), params))
