"""From a micrograph to measured particles: the one path that everything goes through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter

import numpy as np

from lycurgus import __version__
from lycurgus.calibration.evidence import examine
from lycurgus.core import distribution
from lycurgus.core.annotations import find_annotations, usable_area
from lycurgus.core.cleaning import CleanedForeground, clean, clean_foreground
from lycurgus.core.errors import TooLargeError
from lycurgus.core.measure import measure
from lycurgus.core.params import AnalysisParams, StatisticsParams
from lycurgus.core.preprocess import level_of, preprocess
from lycurgus.core.progress import CancelToken, Progress, never, silent
from lycurgus.core.quality import quality_warnings
from lycurgus.core.separate import SEPARATORS
from lycurgus.core.summary import SampleSummary
from lycurgus.core.types import AnalysisResult, Annotation, Micrograph, Provenance
from lycurgus.detectors import DETECTORS, Detector, Scene
from lycurgus.parameters import default_params

LARGEST_SIDE_PX = 16_384
"""Images of more pixels than the square of this overflow the 32 bits in which OpenCV counts bytes and labels."""


def analyze(
    micrograph: Micrograph,
    params: AnalysisParams | None = None,
    *,
    device: str = "auto",
    detector: Detector | None = None,
    progress: Progress = silent,
    cancel: CancelToken = never,
) -> AnalysisResult:
    """Find, separate and measure the particles of one image.

    Parameters
    ----------
    micrograph : as read.
    params : the defaults where None.
    device : "auto", "cpu" or "cuda", for detectors that run a network.
    detector : takes the place of the one that the parameters name: of the same kind, with a network that is not installed for instance.
    progress : told when "prepare", "detect", "separate", "clean" and "measure" begin, and how far long ones have come.

    Raises
    ------
    Cancelled
        ``cancel`` was raised; nothing of the image is kept.
    TooLargeError
        The image has more than 16,384 × 16,384 px.
    """
    _refuse_too_large(micrograph)
    params = params or default_params()
    detector, separator = detector or DETECTORS[params.detector.name], SEPARATORS[params.separator.name]
    watch = _StageClock(progress, cancel)

    with watch.stage("prepare"):
        annotations = find_annotations(micrograph.pixels, params.annotations)
        usable = usable_area(micrograph.pixels, annotations)
        level = level_of(micrograph.pixels)
        plane = preprocess(micrograph.pixels, usable, params.preprocess, level=level)
        with_size = calibrated(micrograph, params, annotations)
        micrograph = with_size.micrograph
        scene = Scene(plane, usable, micrograph.pixel_size, level)
    with watch.stage("detect"):
        detection = detector.detect(scene, params.detector, device=device, progress=progress, cancel=cancel)
    with watch.stage("separate"):
        whole = CleanedForeground(detection.foreground)
        if not (separator.takes_instances and detection.instances is not None):
            whole = clean_foreground(detection.foreground, params.cleaning, micrograph.pixel_size)
            detection = replace(detection, foreground=whole.foreground)
        separation = separator.separate(detection, params.separator, micrograph.pixel_size, progress=progress, cancel=cancel)
    with watch.stage("clean"):
        cleaned = clean(separation.instances, usable, params.cleaning, micrograph.pixel_size)
    with watch.stage("measure"):
        particles = measure(cleaned.kept, micrograph, usable, params.cleaning)

    removed = dict(Counter(whole.removed) + Counter(separation.removed) + Counter(cleaned.removed))
    result = AnalysisResult(
        micrograph=micrograph,
        particles=particles,
        params=params,
        provenance=Provenance(
            app_version=__version__,
            provider=detection.provider,
            models=detection.models,
            params_digest=params.digest,
            analysed_at=datetime.now().astimezone().isoformat(timespec="seconds"),
            times_s=watch.times_s,
        ),
        detection={"polarity": detection.polarity, **detection.details, **with_size.details},
        removed=removed,
        annotations=annotations,
    )
    stated = (*micrograph.warnings, *with_size.warnings, *detection.warnings, *separation.notes)
    return replace(result, warnings=(*stated, *quality_warnings(result, usable)))


def summarize(results: Sequence[AnalysisResult], params: StatisticsParams | None = None) -> SampleSummary:
    """Summarise the counted particles of several images as one sample.

    Parameters
    ----------
    results : of images of one sample.
    params : those of the first result where None.
    """
    if params is None:
        params = results[0].params.statistics if results else StatisticsParams()
    return distribution.summarize(results, params)


def without_pixels(result: AnalysisResult) -> AnalysisResult:
    """Return the result without its picture, so that thousands of results fit in memory."""
    empty = np.zeros((0, 0), dtype=result.micrograph.pixels.dtype)
    return replace(result, micrograph=replace(result.micrograph, pixels=empty))


def _refuse_too_large(micrograph: Micrograph) -> None:
    """Before any plane is made: the memory would be taken, and minutes spent, for an error at the end."""
    height, width = micrograph.shape
    if height * width <= LARGEST_SIDE_PX**2:
        return
    largest = f"{LARGEST_SIDE_PX:,} × {LARGEST_SIDE_PX:,} px ({LARGEST_SIDE_PX**2 // 10**6} million)"
    raise TooLargeError(
        micrograph.path,
        f"the image has {width:,} × {height:,} px, at most {largest} can be analysed at once",
        hint="crop or bin it",
    )


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """A micrograph with the pixel size that holds for it, what that rests on, and what must be said about it."""

    micrograph: Micrograph
    details: dict[str, str]
    warnings: tuple[str, ...] = ()


def calibrated(micrograph: Micrograph, params: AnalysisParams, annotations: tuple[Annotation, ...] | None = None) -> Calibrated:
    """Give a micrograph that states no pixel size the one that its scale bar or data bar says, where that is sure.

    Parameters
    ----------
    annotations : what is burnt in, where that is known already.
    """
    if annotations is None:
        annotations = find_annotations(micrograph.pixels, params.annotations)
    evidence = examine(micrograph, params.calibration, annotations)
    warnings = list(evidence.warnings)
    if (offer := evidence.offered) is not None and offer.source != "resolution tags":
        warnings.append(
            f"A pixel size of {offer.x_nm:.5g} nm was read ({offer.reason}), but not surely enough to be used "
            f"(confidence {offer.confidence:.2f}): check it and state it."
        )
    if (size := micrograph.pixel_size) is not None and size.accepted:
        # Read once more, so that a report says what the user saw.
        seen = (one.reason for one in evidence.candidates if one.source == size.source and abs(one.x_nm / size.x_nm - 1) < 1e-6)
        said = f"{next(seen, size.source)}, accepted by the user"
        return Calibrated(micrograph, {"calibration": said}, tuple(warnings))
    if evidence.chosen is None or micrograph.pixel_size is not None:
        return Calibrated(micrograph, {}, tuple(warnings))
    said = f"{evidence.in_words}, confidence {evidence.chosen.confidence:.2f}"
    return Calibrated(micrograph.with_pixel_size(evidence.pixel_size), {"calibration": said}, tuple(warnings))


class _StageClock:
    """Times stages, reports them, and looks at the cancel token between them."""

    def __init__(self, progress: Progress, cancel: CancelToken) -> None:
        self.times_s: dict[str, float] = {}
        self._progress = progress
        self._cancel = cancel

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self._cancel.check()
        self._progress(name, 0, 1)
        start = perf_counter()
        yield
        self.times_s[name] = round(perf_counter() - start, 4)
