"""compare, calibrate, parameters, models, selfcheck, help and version."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lycurgus import __version__
from lycurgus.cli import build_parser, main
from lycurgus.readers.door import read
from scenes import DISCS, scene, truth, write

TOUCHING = (((60.0, 60.0), 40.0), ((60.0, 97.0), 40.0), ((140.0, 150.0), 36.0))


def test_compare_shows_what_separation_changes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "images" / "pair.tif", scene(discs=TOUCHING), pixel_size_nm=0.5)
    out = tmp_path / "out"
    assert main(["compare", str(tmp_path / "images"), "--out", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    # Half of the pair's outline is one of its discs, so that one disc may or may not match it at IoU 0.5.
    assert (document["total"]["n_particles"], document["total"]["n_baseline"]) == (3, 2)
    assert document["total"]["n_matched"] + document["total"]["n_only_chosen"] == 3
    assert document["populations"]["unit"] == "nm"
    assert "take particles as independent" in document["populations"]["note"]
    with (out / "pairs.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == document["total"]["n_particles"] + document["total"]["n_only_baseline"]
    assert (out / "side-by-side" / "pair.png").stat().st_size > 1000
    assert json.loads((out / "comparison.json").read_text()) == document


def test_compare_with_itself_finds_no_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "a.tif", scene())
    arguments = ["compare", str(tmp_path / "a.tif"), "--out", str(tmp_path / "out"), "--separator", "none", "--json"]
    assert main(arguments) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["total"]["n_matched"] == len(DISCS)
    assert document["total"]["n_only_chosen"] == document["total"]["n_only_baseline"] == 0
    assert document["populations"]["ks_statistic"] == 0


def test_compare_lists_what_fails_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fails_on_a(path: Path, **settings: Any) -> Any:
        if path.name == "a.tif":
            raise OverflowError("too large")
        return read(path, **settings)

    for name in ("a.tif", "b.tif"):
        write(tmp_path / "images" / name, scene())
    (tmp_path / "out" / "pairs.csv").mkdir(parents=True)
    monkeypatch.setattr("lycurgus.services.comparison.read", fails_on_a)
    assert main(["compare", str(tmp_path / "images"), "--out", str(tmp_path / "out"), "--json"]) == 1
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert [row["image"] for row in document["images"]] == ["b.tif"]
    assert "OverflowError" in document["failures"][0]["reason"]
    assert "pairs.csv: a folder of that name is in the way" in told.err
    assert {"images.csv", "comparison.json"} <= {path.name for path in (tmp_path / "out").iterdir()}


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names are text there")
def test_a_file_name_that_is_no_text_is_compared_scored_and_calibrated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = os.fsdecode(b"\xff\xfe.tif")
    write(tmp_path / "images" / name, scene())
    write(tmp_path / "masks" / name, truth())
    images, masks, out = str(tmp_path / "images"), str(tmp_path / "masks"), str(tmp_path / "out")
    for arguments in (
        ["compare", images, "--out", out],
        ["evaluate", "--images", images, "--truth", masks, "--out", out],
        ["calibrate", images],
    ):
        assert main([*arguments, "--json"]) == 0
        json.loads(capsys.readouterr().out.encode("utf-8"))
    for written in ("comparison.json", "scores.json"):
        json.loads((tmp_path / "out" / written).read_bytes())


def test_a_device_that_is_not_used_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "a.tif", scene())
    arguments = [str(tmp_path / "a.tif"), "--out", str(tmp_path / "out"), "--device"]
    for command in ("analyze", "compare"):
        assert main([command, *arguments, "cuda"]) == 0
        assert "--device cuda has no effect: the detector 'otsu' runs no network" in capsys.readouterr().err
        assert main([command, *arguments, "auto"]) == 0
        assert "--device" not in capsys.readouterr().err
    document = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert [image["provider"] for image in document["images"]] == ["no network"]


def test_calibrate_keeps_failures_off_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.tif").write_bytes(b"nothing")
    good = write(tmp_path / "good.tif", scene(), pixel_size_nm=0.25)
    assert main(["calibrate", str(tmp_path / "broken.tif"), str(good)]) == 1
    told = capsys.readouterr()
    assert told.out.startswith("good.tif: ")
    assert told.out.count("\n") == 1
    assert "broken.tif" in told.err


def test_calibrate_tells_the_pixel_size_and_its_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calibrated = write(tmp_path / "a.tif", scene(), pixel_size_nm=0.25)
    bare = write(tmp_path / "b.tif", scene())
    broken = tmp_path / "c.tif"
    broken.write_bytes(b"nothing")
    assert main(["calibrate", str(calibrated), str(bare), str(broken), "--json"]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert [Path(row["file"]).name for row in rows] == ["a.tif", "b.tif", "c.tif"]
    assert rows[0]["pixel_size_nm"] == pytest.approx([0.25, 0.25])
    assert rows[0]["source"] == "metadata"
    assert rows[0]["shape"] == [200, 240]
    assert rows[0]["candidates"][0]["pixel_size_nm"] == rows[0]["pixel_size_nm"]
    assert (rows[1]["pixel_size_nm"], rows[1]["source"], rows[1]["candidates"], rows[1]["error"]) == (None, None, [], None)
    assert rows[2]["error"]
    assert main(["calibrate", str(calibrated), str(bare)]) == 0
    assert "pixel size 0.25 nm (metadata)" in capsys.readouterr().out


def test_every_parameter_is_listed_with_its_range(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parameters"]) == 0
    shown = capsys.readouterr().out
    for expected in ("separator.convexity = 0.95", "cleaning.border = exclude", "detector.polarity = auto", "preprocess.sigma_px = 1.0 px"):
        assert expected in shown


def test_models_names_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in document["detectors"] if row["default"]] == ["otsu"]
    assert {row["name"] for row in document["separators"]} == {"detector", "uecs", "watershed", "none"}


def test_a_whole_installation_passes_its_own_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selfcheck", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["version"] == __version__
    assert {check["name"]: check["status"] for check in document["checks"]}["sample micrographs"] == "ok"


def test_selfcheck_reports_what_breaks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("lycurgus.services.selfcheck.sample_micrographs", lambda: [Path("gone.tif")])
    assert main(["selfcheck"]) == 1
    assert "failed  sample micrographs: gone.tif" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["analyze", "compare", "evaluate", "calibrate", "parameters", "models", "selfcheck"])
def test_every_command_explains_itself_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        build_parser().parse_args([command, "--help"])
    assert stop.value.code == 0
    assert f"lycurgus {command}" in capsys.readouterr().out.split("example:")[1]


def test_version_and_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert (stop.value.code, capsys.readouterr().out) == (0, f"lycurgus {__version__}\n")
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 2


def test_output_into_a_closed_pipe_ends_quietly() -> None:
    command = f"{sys.executable} -m lycurgus.cli parameters | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_calibrate_points_out_the_one_image_that_is_unlike_its_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, nm in (("a", 0.25), ("b", 0.25), ("c", 2.5)):
        write(tmp_path / f"{name}.tif", scene(), pixel_size_nm=nm)
    assert main(["calibrate", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert told.count("It alone has a pixel size") == 1
    assert told.index("a.tif") < told.index("b.tif") < told.index("c.tif") < told.index("It alone")
    assert "? 0.25 nm, folder: 2 other images of the folder" in told
