"""Sources are held against each other; what is not sure is offered, never used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calibration_bars import ground, needs_tesseract, with_bar, written
from lycurgus.calibration.evidence import CONFIDENCE_LIMIT, Candidate, Evidence, examine, from_folder, judged
from lycurgus.core.params import CalibrationParams
from lycurgus.core.types import Micrograph, PixelSize
from lycurgus.parameters import default_params, with_settings
from lycurgus.pipeline import analyze


def candidate(source: str, nm: float, confidence: float, *, y_nm: float | None = None) -> Candidate:
    return Candidate(source, nm if y_nm is None else y_nm, nm, None, confidence, f"the {source} says so")  # type: ignore[arg-type]


def labelled(*, pixel_size: PixelSize | None = None) -> Micrograph:
    picture = written(with_bar(ground(), 350, 500, ink=255), "300 nm", (436, 390), ink=255)
    return Micrograph(Path("bar.png"), picture, pixel_size)


def test_the_users_word_stands_before_the_files_and_the_files_before_the_pictures() -> None:
    said = [candidate("scale bar", 2.0, 0.99), candidate("metadata", 2.0, 0.95), candidate("user", 2.01, 1.0)]
    assert judged(said).chosen is not None
    assert judged(said).chosen.source == "user"  # type: ignore[union-attr]
    assert judged(said[:2]).chosen.source == "metadata"  # type: ignore[union-attr]


@pytest.mark.parametrize(("nm", "warns"), [(2.02, False), (2.06, True), (1.0, True)])
def test_a_contradiction_over_two_percent_is_said(nm: float, warns: bool) -> None:
    evidence = judged([candidate("metadata", 2.0, 0.95), candidate("scale bar", nm, 0.95)])
    assert bool(evidence.warnings) is warns
    assert evidence.chosen.x_nm == 2.0  # type: ignore[union-attr]


def test_two_readings_that_contradict_each_other_are_both_only_offered() -> None:
    evidence = judged([candidate("scale bar", 2.0, 0.8), candidate("data bar", 3.0, 0.8)])
    assert evidence.chosen is None
    assert evidence.offered is not None


def test_two_sources_that_agree_are_surer_than_one() -> None:
    together = judged([candidate("scale bar", 2.0, 0.5), candidate("data bar", 2.01, 0.5)])
    assert max(one.confidence for one in together.candidates) > 0.5


def test_what_is_not_sure_is_offered_and_not_used() -> None:
    evidence = judged([candidate("scale bar", 2.0, CONFIDENCE_LIMIT - 0.01)])
    assert evidence.pixel_size is None
    assert evidence.offered.x_nm == 2.0  # type: ignore[union-attr]


def test_pixels_that_are_not_square_are_pointed_out() -> None:
    assert judged([candidate("metadata", 2.0, 0.95, y_nm=2.1)]).warnings
    assert not judged([candidate("metadata", 2.0, 0.95, y_nm=2.001)]).warnings


def test_the_folder_speaks_only_where_it_speaks_with_one_voice() -> None:
    same = [((64, 64), judged([candidate("metadata", 2.0, 0.95)])), ((64, 64), judged([candidate("metadata", 2.001, 0.95)]))]
    evidence = from_folder(Evidence(), (64, 64), same)
    assert evidence.chosen is None
    assert evidence.offered.source == "folder"  # type: ignore[union-attr]
    other = ((64, 64), judged([candidate("metadata", 4.0, 0.95)]))
    assert from_folder(Evidence(), (64, 64), [*same, other]).candidates == ()
    assert from_folder(Evidence(), (128, 128), same).candidates == ()


@pytest.mark.parametrize(("nm", "says"), [(2.03, False), (2.1, True), (20.0, True)])
def test_an_image_that_alone_has_another_size_than_its_folder_is_pointed_out(nm: float, says: bool) -> None:
    others = [((64, 64), judged([candidate("metadata", 2.0, 0.95)])), ((64, 64), judged([candidate("metadata", 2.001, 0.95)]))]
    alone = judged([candidate("scale bar", nm, 0.8)])
    evidence = from_folder(alone, (64, 64), others)
    assert evidence.chosen == alone.chosen
    assert [one.source for one in evidence.candidates] == ["scale bar", "folder"][: 1 + says]
    assert any("It alone has a pixel size" in warning for warning in evidence.warnings) is says
    # Two magnifications in a folder are the usual case.
    assert from_folder(alone, (64, 64), [*others, ((64, 64), judged([candidate("metadata", nm, 0.95)]))]) == alone


@needs_tesseract
def test_an_analysis_uses_a_sure_bar_and_says_on_what_it_rests() -> None:
    result = analyze(labelled())
    size = result.micrograph.pixel_size
    assert size is not None
    assert (size.source, size.x_nm) == ("scale bar", pytest.approx(2.0, rel=0.01))
    assert "'300 nm'" in result.detection["calibration"]
    assert "150" in result.detection["calibration"]


@needs_tesseract
def test_an_analysis_leaves_the_picture_alone_where_told_so() -> None:
    result = analyze(labelled(), with_settings(default_params(), ["calibration.scale_bar=off"]))
    assert result.micrograph.pixel_size is None


@needs_tesseract
def test_the_files_size_is_used_but_a_bar_that_says_otherwise_is_not_kept_quiet() -> None:
    result = analyze(labelled(pixel_size=PixelSize(1.0, 1.0, "metadata")))
    assert result.micrograph.pixel_size == PixelSize(1.0, 1.0, "metadata")
    assert any("contradict" in warning for warning in result.warnings)
    agreeing = analyze(labelled(pixel_size=PixelSize(2.0, 2.0, "metadata")))
    assert not any("contradict" in warning for warning in agreeing.warnings)


def test_an_empty_picture_says_nothing() -> None:
    evidence = examine(Micrograph(Path("flat.png"), np.full((256, 256), 90, np.uint8)), CalibrationParams())
    assert evidence == Evidence()
