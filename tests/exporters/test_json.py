"""summary.json is strict JSON and says what the report says."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lycurgus.core.summary import PopulationStatistics
from lycurgus.core.types import Annotation, BBox
from lycurgus.exporters.base import FailedFile, Report
from lycurgus.exporters.json import JsonExporter, summary_document
from reports import EXAMPLE_PARAMS, make_report


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def written(report: Report, folder: Path) -> dict[str, Any]:
    (path,) = JsonExporter().write(report, folder)
    assert path.name == "summary.json"
    document: dict[str, Any] = json.loads(path.read_bytes().decode("utf-8"), parse_constant=refuse)
    return document


@pytest.mark.parametrize("calibrated", [True, False])
def test_every_statistic_of_the_sample_comes_back_exactly(tmp_path: Path, calibrated: bool) -> None:
    report = make_report(calibrated=calibrated)
    assert report.summary is not None
    sample = written(report, tmp_path)["sample"]
    assert sample["calibrated"] is calibrated
    assert sample["main"]["unit"] == ("nm" if calibrated else "px")
    for name, statistics in {"main": report.summary.main, **report.summary.others}.items():
        found = sample["main"] if name == "main" else sample["others"][name]
        for field in fields(PopulationStatistics):
            expected = getattr(statistics, field.name)
            if isinstance(expected, float):
                assert found[field.name] == (expected if np.isfinite(expected) else None)
    main = report.summary.main
    assert sample["main"]["histogram"]["counts"] == main.histogram.counts.tolist()
    assert sample["main"]["histogram"]["edges"] == main.histogram.edges.tolist()
    assert sample["main"]["intervals"]["mean"] == {"low": main.intervals["mean"].low, "high": main.intervals["mean"].high}
    assert [fit["aic"] for fit in sample["main"]["fits"]] == [fit.aic for fit in main.fits]


def test_single_particles_stay_in_the_particle_table(tmp_path: Path) -> None:
    assert not {"values", "weights", "images"} & set(written(make_report(), tmp_path)["sample"]["main"])


def test_parameters_and_models_can_be_traced_from_each_image(tmp_path: Path) -> None:
    document = written(make_report(), tmp_path)
    for image in document["images"]:
        assert document["parameters"][image["params_digest"]] == EXAMPLE_PARAMS.document()
        assert image["models"] == [model["name"] for model in document["models"]]
        assert len(image["sha256"]) == 64
    assert document["models"][0]["sha256"] == "ab" * 32


def test_failures_are_listed_with_their_reasons(tmp_path: Path) -> None:
    failures = [FailedFile(Path("a/broken.dm3"), "it ends early")]
    document = written(make_report(0, failures=failures), tmp_path)
    assert document["sample"] is None
    assert document["failures"] == [{"file": "broken.dm3", "reason": "it ends early"}]
    assert (document["n_images"], document["n_failed"]) == (0, 1)


def test_a_report_without_particles_has_nulls_for_numbers(tmp_path: Path) -> None:
    main = written(make_report(1, 0), tmp_path)["sample"]["main"]
    assert (main["n"], main["mean"], main["d50"]) == (0, None, None)


def test_what_was_masked_is_told(tmp_path: Path) -> None:
    report = make_report(1, 3)
    result = replace(report.entries[0].result, annotations=(Annotation("data bar", BBox(100, 0, 120, 160)),))
    document = written(replace(report, entries=(replace(report.entries[0], result=result),)), tmp_path)
    assert document["images"][0]["annotations"] == [{"kind": "data bar", "bbox_px": [100, 0, 120, 160]}]


def test_numpy_values_and_odd_numbers_of_a_detector_are_plain(tmp_path: Path) -> None:
    report = make_report(1, 3)
    detection = {"threshold": np.float32(0.5), "levels": np.array([1, 2]), "snr": float("inf"), "polarity": "dark", "path": Path("x")}
    result = replace(report.entries[0].result, detection=detection)
    found = written(replace(report, entries=(replace(report.entries[0], result=result),)), tmp_path)["images"][0]["detection"]
    assert found == {"threshold": 0.5, "levels": [1, 2], "snr": None, "polarity": "dark", "path": "x"}


@settings(derandomize=True, deadline=None, max_examples=50)
@given(name=st.text(st.characters(), min_size=1, max_size=30))
def test_any_name_gives_strict_json(name: str) -> None:
    report = make_report(1, 1)
    document = summary_document(replace(report, entries=(replace(report.entries[0], image=name),)))
    text = json.dumps(document, ensure_ascii=False, allow_nan=False).encode("utf-8").decode("utf-8")
    assert json.loads(text)["images"][0]["image"] == document["images"][0]["image"]
