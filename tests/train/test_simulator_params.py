"""What a simulator draws from can be set by hand, and cannot be set to what nothing can be drawn from."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from lycurgus.core.errors import ParameterError
from lycurgus_train.cli import main
from lycurgus_train.data.folder import load_folder
from lycurgus_train.synth.liquid_cell import LiquidCellParams
from lycurgus_train.synth.simulator_params import describe, simulator_params
from lycurgus_train.synth.simulators import SIMULATORS, pictures


@pytest.mark.parametrize("name", list(SIMULATORS))
def test_without_settings_a_simulator_draws_what_it_always_draws(name: str) -> None:
    model = SIMULATORS[name].params_model
    assert simulator_params(model, ()) == model()
    spelt_out = simulator_params(model, ["burnt_in.letter=0.5"])
    assert spelt_out.model_dump(exclude={"burnt_in"}) == model().model_dump(exclude={"burnt_in"})


def test_pictures_show_what_was_set() -> None:
    settings = ["population.diameter_px=[30, 30]", "population.spread=[1, 1]", "population.shapes={sphere=1}", "population.lying=0"]
    params = simulator_params(LiquidCellParams, [*settings, "population.arrangements={sparse=1}", "wanted_snr=0", "bright_field=1"])
    assert params.population.shapes == {"sphere": 1.0}
    found = []
    for picture in pictures(SIMULATORS["liquid-cell"], range(6), size_px=200, seed=3, params=params):
        whole = [one for one in picture.instances if not one.bbox.touches_border(picture.shape)]
        found += [2 * np.sqrt(one.area_px / np.pi) for one in whole]
    assert len(found) >= 5
    assert found == pytest.approx([30] * len(found), rel=0.03)


def test_a_lower_dose_rate_is_noisier() -> None:
    def grain(dose_rate: float) -> float:
        """Standard deviation between neighbours over what is seen of the range of grey, of pictures without particles."""
        fixed = ["population.arrangements={none=1}", "wanted_snr=0", "bubbles=0", "bulge=[0.4, 0.4]", "pixel_nm=[1, 1]", "frame_s=[1, 1]"]
        params = simulator_params(LiquidCellParams, [*fixed, "liquid_nm=[800, 800]", f"dose_rate_per_nm2_s=[{dose_rate}, {dose_rate}]"])
        pixels = [one.pixels.astype(float) for one in pictures(SIMULATORS["liquid-cell"], range(8), size_px=128, seed=1, params=params)]
        return float(np.median([np.diff(one, axis=1).std() / np.ptp(one) for one in pixels]))

    assert grain(100_000) < 0.7 * grain(30)


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("liquid=[1, 2]", "there is nothing called 'liquid' to set"),
        ("population.diameter=[1, 2]", "there is nothing called 'population.diameter' to set"),
        ("liquid_nm=[200, 100]", "liquid_nm: from 200 to 100 is no range"),
        ("liquid_nm=[0, 100]", "liquid_nm: from 0 to 100 is no range"),
        ("liquid_nm=[1, inf]", "liquid_nm: from 1 to inf is no range"),
        ("liquid_nm=thin", "Invalid value"),
        ('liquid_nm=["thin", "thick"]', "liquid_nm.0: "),
        ("bubbles=1.5", "bubbles: 1.5 is no share"),
        ("population.most=0", "population.most: 0 is impossible"),
        ("population.shapes={banana=1}", "population.shapes: there is no 'banana'"),
        ("population.shapes={rod=0}", "population.shapes: shares are 0 or more, and not all of them 0"),
    ],
)
def test_what_nothing_can_be_drawn_from_is_refused(setting: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ParameterError) as caught:
        simulator_params(LiquidCellParams, [setting])
    assert why in str(caught.value)
    assert main(["simulate", "liquid-cell", "--set", setting, "--out", str(tmp_path / "out")]) == 2
    assert why in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_command_writes_down_what_was_set(tmp_path: Path) -> None:
    arguments = ["simulate", "haadf", "--count", "1", "--size", "128", "--set", "population.shapes={cube=1}"]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    assert (
        "population.shapes={cube=1}" in json.loads((tmp_path / "annotations.coco.json").read_text(encoding="utf-8"))["info"]["description"]
    )
    assert len(load_folder(tmp_path)) == 1


@pytest.mark.parametrize("name", list(SIMULATORS))
def test_everything_that_is_described_can_be_set_as_it_is_described(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", name, "--describe"]) == 0
    said = capsys.readouterr().out
    model = SIMULATORS[name].params_model
    assert said == describe(model) + "\n"
    settings = [line for line in said.splitlines() if re.match(r"[a-z_.0-9]+ = (?!.*none)", line)]
    assert len(settings) >= 15
    assert simulator_params(model, settings) == model()
