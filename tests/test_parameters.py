"""Defaults depend on the detector, and choosing another one moves what nobody has set."""

from __future__ import annotations

from pathlib import Path

import pytest

from lycurgus import parameters
from lycurgus.core.errors import ParameterError
from lycurgus.parameters import (
    default_detector,
    default_params,
    default_value,
    describe,
    load_preset,
    params_from,
    with_detector,
    with_settings,
)

OTSU = default_params(detector="otsu")
NETWORK = default_params(detector="network")


def test_the_network_wants_the_picture_as_recorded_and_its_own_particles() -> None:
    assert (NETWORK.preprocess.denoise, NETWORK.separator.name) == ("none", "detector")
    assert (OTSU.preprocess.denoise, OTSU.separator.name) == ("gaussian", "uecs")


def test_a_separator_that_is_named_is_taken() -> None:
    assert default_params(detector="network", separator="watershed").separator.name == "watershed"
    assert default_params(detector="otsu", separator="none").separator.name == "none"


@pytest.mark.parametrize(("start", "other", "expected"), [(OTSU, "network", NETWORK), (NETWORK, "otsu", OTSU), (OTSU, "otsu", OTSU)])
def test_another_detector_brings_its_defaults(start: object, other: str, expected: object) -> None:
    assert with_detector(start, other) == expected  # type: ignore[arg-type]
    assert with_settings(start, [f"detector.name={other}"]) == expected  # type: ignore[arg-type]


def test_what_has_been_set_stays() -> None:
    tuned = with_settings(OTSU, ["preprocess.denoise=median", "separator.name=watershed", "cleaning.speck_px=99", "preprocess.sigma_px=3"])
    moved = with_detector(tuned, "network")
    assert moved.preprocess == tuned.preprocess
    assert moved.separator == tuned.separator
    assert moved.cleaning == tuned.cleaning


def test_a_tuned_separator_stays_although_it_is_the_usual_one() -> None:
    tuned = with_settings(OTSU, ["separator.convexity=0.8"])
    assert with_detector(tuned, "network").separator == tuned.separator


@pytest.mark.parametrize(
    "settings",
    [
        ["preprocess.denoise=gaussian", "separator.name=uecs", "detector.name=network"],
        ["detector.name=network", "preprocess.denoise=gaussian", "separator.name=uecs"],
    ],
)
def test_settings_hold_in_any_order(settings: list[str]) -> None:
    params = with_settings(OTSU, settings)
    assert (params.detector.name, params.preprocess.denoise, params.separator.name) == ("network", "gaussian", "uecs")


def test_a_preset_that_names_a_detector_alone_gets_what_that_prefers(tmp_path: Path) -> None:
    preset = tmp_path / "mine.json"
    preset.write_text('{"detector": {"name": "network"}, "preprocess": {"flatten": "gaussian"}}')
    params = load_preset(preset)
    assert (params.preprocess.flatten, params.preprocess.denoise, params.separator.name) == ("gaussian", "none", "detector")


def test_complete_parameters_mean_themselves() -> None:
    odd = with_settings(NETWORK, ["preprocess.denoise=gaussian", "separator.name=uecs", "cleaning.speck_px=30"])
    assert params_from(odd.document()) == odd
    assert params_from(NETWORK.document()) == NETWORK


def test_the_table_of_parameters_names_the_default_of_the_detector() -> None:
    for params in (OTSU, NETWORK):
        rows = {(row["stage"], row["field"]): row for row in describe(params)}
        for key in (("preprocess", "denoise"), ("separator", "name"), ("cleaning", "speck_px")):
            assert rows[key]["value"] == rows[key]["default"] == default_value(*key, params.detector.name)


def test_preferences_are_possible_values() -> None:
    for stage, fields in type(NETWORK.detector).prefers.items():
        for field, value in fields.items():
            assert params_from({stage: {field: value}}).document()[stage][field] == value


@pytest.mark.parametrize(("bundled", "expected"), [(True, "network"), (False, "otsu")])
def test_the_network_is_the_default_where_one_is_bundled(monkeypatch: pytest.MonkeyPatch, bundled: bool, expected: str) -> None:
    monkeypatch.setattr(parameters, "WANTED_DETECTOR", "network")
    monkeypatch.setattr(parameters, "has_default", lambda: bundled)
    assert default_detector() == default_params().detector.name == expected
    assert parameters.is_network_at_hand() == bundled


@pytest.mark.parametrize("document", [{"preprocess": [1]}, {"detector": "network"}, {"separator": 3}])
def test_a_stage_that_is_no_group_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(ParameterError, match="must be a group of settings"):
        params_from({"detector": {"name": "network"}, **document})
