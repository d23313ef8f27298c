"""The chosen method beside the Otsu baseline: what each finds that the other does not, and how sizes shift."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any, NamedTuple

from lycurgus.core.comparison import compare_populations
from lycurgus.core.metrics import match
from lycurgus.core.params import AnalysisParams
from lycurgus.core.separate import SEPARATORS
from lycurgus.core.types import AnalysisResult, Instance, Particle
from lycurgus.exporters.base import FailedFile
from lycurgus.exporters.csv import write_table
from lycurgus.exporters.drawing import draw_overlay
from lycurgus.exporters.overlay import write_png
from lycurgus.exporters.side_by_side import side_by_side
from lycurgus.exporters.text import csv_cell, inert_image_name
from lycurgus.parameters import default_params
from lycurgus.pipeline import analyze, summarize, without_pixels
from lycurgus.readers.door import read
from lycurgus.services.inputs import NamedInput

MATCHING_IOU = 0.5
PICTURE_SIDE_PX = 1200
TESTS_NOTE = (
    "the tests take particles as independent, but both methods saw the same images and mostly the same particles: "
    "the p values are a rough guide only; judge by the shift and its interval"
)


@dataclass(frozen=True, slots=True)
class PairRow:
    """One particle of either method beside its counterpart; what a method did not find is None.

    Attributes
    ----------
    diameter_px, diameter_nm : equivalent circular diameters; nm where the image is calibrated.
    shift_percent : chosen over baseline, of the diameter.
    """

    image: str
    id: int | None
    baseline_id: int | None
    iou: float | None
    diameter_px: float | None
    baseline_diameter_px: float | None
    diameter_nm: float | None
    baseline_diameter_nm: float | None
    shift_percent: float | None


@dataclass(frozen=True, slots=True)
class ImageRow:
    """Counts of one image."""

    image: str
    n_particles: int
    n_baseline: int
    n_matched: int
    n_only_chosen: int
    n_only_baseline: int


@dataclass(frozen=True, slots=True, eq=False)
class ImageComparison:
    """Both results for one image, without pixels, and their particles beside each other."""

    chosen: AnalysisResult
    baseline: AnalysisResult
    counts: ImageRow
    pairs: tuple[PairRow, ...]


def baseline_params(chosen: AnalysisParams, *, separator: str) -> AnalysisParams:
    """Return the Otsu baseline: untuned, but with the same plane, annotations, pixel size, cleaning and statistics as the chosen method.

    Parameters
    ----------
    separator : one that takes a detector's own particles has nothing to take from a threshold: the usual one stands in for it.
    """
    baseline = default_params(detector="otsu", separator=None if SEPARATORS[separator].takes_instances else separator)
    same = {stage: getattr(chosen, stage) for stage in ("input", "annotations", "calibration", "cleaning", "statistics")}
    return baseline.model_copy(update=same)


def compare_image(
    source: NamedInput, chosen: AnalysisParams, baseline: AnalysisParams, out: Path, *, pixel_size_nm: float | None, device: str
) -> ImageComparison:
    """Analyse one image by both methods and write ``side-by-side/<stem>.png``.

    Raises
    ------
    ReadError, ExportError
    """
    micrograph = read(source.path, plane=chosen.input.plane, pixel_size=pixel_size_nm)
    mine, theirs = (analyze(micrograph, params, device=device) for params in (chosen, baseline))
    matches = match(_instances(mine), _instances(theirs), threshold=MATCHING_IOU)
    shared_mine, shared_theirs = {pair.predicted for pair in matches}, {pair.truth for pair in matches}
    picture = side_by_side([_picture(theirs, shared_theirs, "baseline"), _picture(mine, shared_mine, "chosen")])
    write_png(out / "side-by-side" / f"{source.stem}.png", picture)

    pairs = [_pair(source.image, mine.particles[pair.predicted], theirs.particles[pair.truth], pair.iou) for pair in matches]
    pairs += [_pair(source.image, one, None) for index, one in enumerate(mine.particles) if index not in shared_mine]
    pairs += [_pair(source.image, None, one) for index, one in enumerate(theirs.particles) if index not in shared_theirs]
    n_mine, n_theirs, n_both = len(mine.particles), len(theirs.particles), len(matches)
    counts = ImageRow(source.image, n_mine, n_theirs, n_both, n_mine - n_both, n_theirs - n_both)
    return ImageComparison(without_pixels(mine), without_pixels(theirs), counts, tuple(pairs))


def write_pairs(comparisons: Sequence[ImageComparison], target: Path) -> None:
    """Write a CSV table, one row a particle of either method.

    Raises
    ------
    ExportError
    """
    _write(target, PairRow, [row for comparison in comparisons for row in comparison.pairs])


def write_images(comparisons: Sequence[ImageComparison], target: Path) -> None:
    """Write a CSV table, one row an image.

    Raises
    ------
    ExportError
    """
    _write(target, ImageRow, [comparison.counts for comparison in comparisons])


def comparison_document(comparisons: Sequence[ImageComparison], failures: Sequence[FailedFile]) -> dict[str, Any]:
    """Return counts, the shift of matched pairs and the two-sample tests as plain JSON data.

    The populations are compared in nm where all images are calibrated, otherwise in px.
    """
    chosen, baseline = ([getattr(one, side) for one in comparisons] for side in ("chosen", "baseline"))
    shifts = [row.shift_percent for one in comparisons for row in one.pairs if row.shift_percent is not None]
    tests = _tests(baseline, chosen) if comparisons else None
    return {
        "methods": {side: results[0].params.document() for side, results in (("chosen", chosen), ("baseline", baseline)) if results},
        "images": [asdict(one.counts) for one in comparisons],
        "total": {name: sum(getattr(one.counts, name) for one in comparisons) for name in _COUNTS},
        "matched_pairs": {
            "iou": MATCHING_IOU,
            "median_shift_percent": median(shifts) if shifts else None,
            "mean_shift_percent": fmean(shifts) if shifts else None,
            "sd_shift_percent": stdev(shifts) if len(shifts) > 1 else None,
        },
        "populations": tests,
        "failures": [{"file": failure.path.name, "reason": failure.reason} for failure in failures],
    }


def _tests(baseline: Sequence[AnalysisResult], chosen: Sequence[AnalysisResult]) -> dict[str, Any] | None:
    """Compare the two populations; None where only one of them can be given in nm."""
    statistics = chosen[0].params.statistics
    reference, other = (summarize(results, statistics).main for results in (baseline, chosen))
    if reference.unit != other.unit:
        return None
    compared = compare_populations(
        reference, other, same_images=True, samples=statistics.bootstrap, confidence=statistics.confidence, seed=statistics.seed
    )
    return {**compared.document(), "note": TESTS_NOTE}


_COUNTS = tuple(field.name for field in fields(ImageRow) if field.name != "image")


def _write(target: Path, kind: type[PairRow] | type[ImageRow], rows: Iterable[PairRow | ImageRow]) -> None:
    write_table(target, [field.name for field in fields(kind)], [_cells(asdict(row)) for row in rows])


def _cells(row: dict[str, Any]) -> list[str]:
    return [inert_image_name(value) if name == "image" else csv_cell(value) for name, value in row.items()]


def _instances(result: AnalysisResult) -> list[Instance]:
    return [particle.instance for particle in result.particles]


def _picture(result: AnalysisResult, shared: Collection[int], role: str) -> tuple[str, Any]:
    """Draw a result with what both methods found and what only this one found told apart."""
    marked = [
        replace(particle, classes={"found": ("by both" if index in shared else "only here", {})}, excluded=None)
        for index, particle in enumerate(result.particles)
    ]
    method = f"{result.params.detector.name} + {result.params.separator.name}"
    title = f"{role}: {method}, {len(marked)} particles, {len(marked) - len(shared)} only here"
    return title, draw_overlay(result.micrograph, marked, result.annotations, max_side_px=PICTURE_SIDE_PX, ids=False)


def _pair(image: str, mine: Particle | None, theirs: Particle | None, iou: float | None = None) -> PairRow:
    own, other = _size(mine), _size(theirs)
    shift = None if own.px is None or other.px is None else 100 * (own.px / other.px - 1)
    return PairRow(image, own.id, other.id, iou, own.px, other.px, own.nm, other.nm, shift)


class _Size(NamedTuple):
    id: int | None
    px: float | None
    nm: float | None


def _size(particle: Particle | None) -> _Size:
    if particle is None:
        return _Size(None, None, None)
    return _Size(particle.id, particle.measurement.equivalent_diameter_px, particle.measurement.equivalent_diameter_nm)
