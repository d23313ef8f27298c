"""Every source that says how large a pixel is, held against the others; what is chosen, and what must be said before it is used.

The rule: the user's word before the file's, the file's before the picture's; of what is read from the picture, the surest, and only if
it is at least as sure as ``CONFIDENCE_LIMIT``. Anything less is offered and never used unasked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

import numpy as np

from lycurgus.calibration.data_bar import read_data_bars
from lycurgus.calibration.label import TextReadingError
from lycurgus.calibration.reading import ScaleBarReading, read_scale_bar
from lycurgus.calibration.tags import resolution_tags
from lycurgus.core.annotations import find_annotations
from lycurgus.core.annotations.marks import grey_levels
from lycurgus.core.params import AnnotationParams, CalibrationParams
from lycurgus.core.types import Annotation, Micrograph, PixelSize, PixelSizeSource

CandidateSource = Literal["user", "metadata", "scale bar", "data bar", "resolution tags", "folder", "instrument default"]

CONFIDENCE_LIMIT = 0.5
"""What is less sure is offered, not used."""
WORTH_OFFERING = 0.2
CONTRADICTION = 0.02
"""Relative: two sources that are farther apart than this, beyond their uncertainties, contradict each other."""
_CONTRADICT, _UNEVEN = "The sources of the pixel size contradict each other", "The pixels are stated to be"
_USABLE: dict[CandidateSource, PixelSizeSource] = {
    "user": "user",
    "metadata": "metadata",
    "scale bar": "scale bar",
    "data bar": "data bar",
    "instrument default": "user",
}
_RANK: dict[CandidateSource, int] = {"user": 0, "metadata": 1, "instrument default": 2}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pixel size that one source states.

    Attributes
    ----------
    source : who says so.
    y_nm, x_nm, uncertainty_nm : the size; what the picture says holds across, and is taken for both directions.
    confidence : 0 ... 1.
    reason : what it rests on, in words.
    """

    source: CandidateSource
    y_nm: float
    x_nm: float
    uncertainty_nm: float | None
    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known about the pixel size of one image.

    Attributes
    ----------
    candidates : the chosen one first, then by confidence.
    chosen : the candidate that is used, or None.
    warnings : sentences.
    reading : the scale bar that was read, if any, sure or not.
    """

    candidates: tuple[Candidate, ...] = ()
    chosen: Candidate | None = None
    warnings: tuple[str, ...] = ()
    reading: ScaleBarReading | None = None

    @property
    def pixel_size(self) -> PixelSize | None:
        """The chosen size as it enters a micrograph."""
        return None if self.chosen is None else pixel_size_of(self.chosen)

    @property
    def offered(self) -> Candidate | None:
        """The best candidate where none was sure enough to be chosen."""
        return self.candidates[0] if self.chosen is None and self.candidates else None

    @property
    def in_words(self) -> str:
        """For a report: what the pixel size that is used rests on; "" without one."""
        return "" if self.chosen is None else self.chosen.reason


def doubts_of_scale(warnings: Sequence[str]) -> tuple[str, ...]:
    """Pick from the warnings of a result those that everybody must hear before a length in nm leaves the program."""
    return tuple(warning for warning in warnings if warning.startswith((_CONTRADICT, _UNEVEN)))


def pixel_size_of(candidate: Candidate) -> PixelSize:
    """Return a candidate as a pixel size; what no micrograph can name as a source counts as the user's word, who alone can accept it."""
    return PixelSize(candidate.y_nm, candidate.x_nm, _USABLE.get(candidate.source, "user"), candidate.uncertainty_nm)


def examine(
    micrograph: Micrograph,
    params: CalibrationParams,
    annotations: Sequence[Annotation] | None = None,
    *,
    others: Sequence[Candidate] = (),
) -> Evidence:
    """Hear every source about the pixel size of an image.

    Parameters
    ----------
    micrograph : as read, with the file's or the user's pixel size if there is one.
    params : whether the picture is read.
    annotations : what is burnt in, where that is known already.
    others : candidates from beyond the image: the folder, the instrument.
    """
    candidates = [*_stated(micrograph), *resolution_tags_as_candidates(micrograph), *others]
    notes: list[str] = []
    reading = None
    if params.scale_bar == "auto" and micrograph.pixels.size:
        if annotations is None:
            annotations = find_annotations(micrograph.pixels, AnnotationParams())
        burnt_in = any(item.kind in ("scale bar", "data bar") for item in annotations)
        # Where the file states its pixel size, only what is plainly burnt in is worth the time of a second opinion.
        if burnt_in or micrograph.pixel_size is None:
            try:
                seen, reading = _seen(micrograph, annotations)
                candidates += seen
            except TextReadingError as error:
                if micrograph.pixel_size is None:
                    notes.append(f"{str(error)[:1].upper()}{str(error)[1:]}.")
    return judged(candidates, notes, reading)


def judged(candidates: Sequence[Candidate], notes: Sequence[str] = (), reading: ScaleBarReading | None = None) -> Evidence:
    """Choose among candidates, and say where they contradict each other."""
    doubted = _doubted(candidates)
    ranked = sorted(doubted, key=lambda candidate: (_RANK.get(candidate.source, 9), -candidate.confidence))
    chosen = next((one for one in ranked if one.source in _USABLE and one.confidence >= CONFIDENCE_LIMIT), None)
    by_confidence = sorted((one for one in doubted if one is not chosen), key=lambda one: -one.confidence)
    ordered = (*([chosen] if chosen else []), *by_confidence)
    return Evidence(ordered, chosen, (*notes, *_contradictions(chosen, ordered), *_uneven(chosen)), reading)


def from_folder(evidence: Evidence, shape: tuple[int, int], neighbours: Sequence[tuple[tuple[int, int], Evidence]]) -> Evidence:
    """Add what the other images of the folder say: those of the same shape that have a size, where they agree.

    It is only ever offered: a magnification changes from one image to the next. An image that knows its size is held against the
    others where it alone has another one.
    """
    sizes = [other.chosen.x_nm for of_shape, other in neighbours if of_shape == shape and other.chosen is not None]
    if len(sizes) < 2 or max(sizes) > (1 + CONTRADICTION) * min(sizes):
        return evidence
    size = median(sizes)
    words = f"{len(sizes)} other images of the folder with the same number of pixels agree"
    candidate = Candidate("folder", size, size, None, 0.5, words)
    if evidence.chosen is not None:
        if not _apart(evidence.chosen, candidate):
            return evidence
        alone = (
            f"It alone has a pixel size of {evidence.chosen.x_nm:.5g} nm: {words} on {size:.5g} nm. "
            "If the magnification was not changed for it, one of them is wrong."
        )
        return replace(evidence, candidates=(*evidence.candidates, candidate), warnings=(*evidence.warnings, alone))
    return judged([*evidence.candidates, candidate], (), evidence.reading)


def resolution_tags_as_candidates(micrograph: Micrograph) -> list[Candidate]:
    """Resolution tags of a TIFF that the reader did not take for a scale."""
    if micrograph.pixel_size is not None and micrograph.pixel_size.source == "metadata":
        return []
    size = resolution_tags(micrograph.path)
    if size is None:
        return []
    return [Candidate("resolution tags", *size, None, 0.3, "the file's resolution tags, which may be those of a printer")]


def _stated(micrograph: Micrograph) -> list[Candidate]:
    size = micrograph.pixel_size
    if size is None:
        return []
    by_user = size.is_users_word
    words = f"read from the {size.source} and accepted by the user" if size.accepted else f"stated by the {'user' if by_user else 'file'}"
    return [Candidate("user" if by_user else "metadata", size.y_nm, size.x_nm, size.uncertainty_nm, 1.0 if by_user else 0.95, words)]


def _seen(micrograph: Micrograph, annotations: Sequence[Annotation]) -> tuple[list[Candidate], ScaleBarReading | None]:
    grey = grey_levels(micrograph.pixels)
    readings = read_scale_bar(grey, annotations)
    found = [
        Candidate("scale bar", one.pixel_size_nm, one.pixel_size_nm, one.uncertainty_nm, one.confidence, bar_in_words(one))
        for one in _distinct(readings)
        if one.confidence >= WORTH_OFFERING
    ]
    found += [
        Candidate("data bar", one.pixel_size_nm, one.pixel_size_nm, one.uncertainty_nm, one.confidence, f"the data bar says {one.words}")
        for one in read_data_bars(grey, annotations)[:3]
    ]
    return found, readings[0] if readings else None


def bar_in_words(reading: ScaleBarReading) -> str:
    """Say what a reading rests on: "scale bar '200 nm' is 327.0 px long"."""
    return f"scale bar '{reading.label}' is {reading.bar.length_px:.1f} px long"


def _distinct(readings: Sequence[ScaleBarReading]) -> list[ScaleBarReading]:
    kept: list[ScaleBarReading] = []
    for reading in readings:
        if not any(abs(reading.pixel_size_nm / other.pixel_size_nm - 1) < 0.01 for other in kept):
            kept.append(reading)
    return kept[:4]


def _doubted(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Let what is read from the picture gain where two readings agree, and lose where they do not."""
    seen = [one for one in candidates if one.source in ("scale bar", "data bar")]
    result = []
    for one in candidates:
        if one not in seen:
            result.append(one)
            continue
        others = [other for other in candidates if other.source != one.source and other.confidence >= 0.3 and other.source != "folder"]
        agree = any(not _apart(one, other) for other in others)
        rival = max((other.confidence for other in seen if other is not one and _apart(one, other)), default=0.0)
        share = min(1.0, rival / max(one.confidence, 1e-9))
        confidence = 1 - (1 - one.confidence) * 0.4 if agree else one.confidence * (1 - 0.5 * share**2)
        result.append(replace(one, confidence=float(np.clip(confidence, 0, 1))))
    return result


def _apart(one: Candidate, other: Candidate) -> bool:
    slack = CONTRADICTION + sum((item.uncertainty_nm or 0.0) / item.x_nm for item in (one, other))
    return abs(one.x_nm / other.x_nm - 1) > slack


def _contradictions(chosen: Candidate | None, candidates: Sequence[Candidate]) -> list[str]:
    if chosen is None:
        return []
    told = []
    for other in candidates:
        weighty = other.confidence >= 0.5 and other.source != "folder"
        if other is chosen or not weighty or not _apart(chosen, other):
            continue
        percent = 100 * (other.x_nm / chosen.x_nm - 1)
        told.append(
            f"{_CONTRADICT}: {chosen.x_nm:.5g} nm ({chosen.reason}) is used, "
            f"but {other.x_nm:.5g} nm follows from another ({other.reason}; {percent:+.1f} %): check it before trusting any length in nm."
        )
    return told


def _uneven(chosen: Candidate | None) -> list[str]:
    if chosen is None or abs(chosen.y_nm / chosen.x_nm - 1) <= CONTRADICTION:
        return []
    return [f"{_UNEVEN} {chosen.y_nm:.5g} nm high but {chosen.x_nm:.5g} nm wide: make sure that this is meant."]
