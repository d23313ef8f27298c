"""``lycurgus analyze`` as scripts use it: the contract of its files, columns, statuses and streams."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openpyxl
import pytest
import tifffile

from lycurgus.cli import main
from lycurgus.core.params import StatisticsParams
from lycurgus.core.summary import SampleSummary
from lycurgus.core.types import AnalysisResult
from lycurgus.pipeline import summarize
from scenes import DISCS, scene, write

CONTRACT = [
    *("image", "id", "y_px", "x_px", "area_px", "equivalent_diameter_px", "equivalent_diameter_nm"),
    *("feret_max_nm", "feret_min_nm", "perimeter_nm", "circularity", "aspect_ratio", "solidity", "convexity", "score", "flags"),
]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Three images: calibrated, uncalibrated, and one of the first one's stem in a subfolder."""
    folder = tmp_path / "images"
    write(folder / "a.tif", scene(seed=1), pixel_size_nm=0.5)
    write(folder / "b.tif", scene(seed=2))
    write(folder / "deeper" / "a.tif", scene(seed=3), pixel_size_nm=0.5)
    return folder


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_promised_file_is_written(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["analyze", str(images), "--out", str(out)]) == 0
    for name in ("report.xlsx", "particles.csv", "images.csv", "summary.json", "annotations.coco.json"):
        assert (out / name).stat().st_size > 0
    for folder, suffix in (("labels", ".tif"), ("rois", ".zip"), ("overlays", ".png")):
        assert sorted(path.name for path in (out / folder).iterdir()) == [f"a{suffix}", f"b{suffix}"]
    assert not list(out.rglob(".lycurgus-*"))


def test_what_is_said_in_a_log_is_not_buried_under_a_progress_bar(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (images / "bad.tif").write_bytes(b"")
    assert main(["analyze", str(images / "bad.tif"), str(images / "b.tif"), "--out", str(tmp_path / "out"), "--formats", "csv"]) == 1
    said = capsys.readouterr().err
    assert "1 file failed:" in said.splitlines()
    assert "image/s" not in said


def test_particles_are_where_and_as_large_as_they_were_drawn(images: Path, tmp_path: Path) -> None:
    main(["analyze", str(images / "a.tif"), "--out", str(tmp_path / "out"), "--formats", "csv"])
    rows = table(tmp_path / "out" / "particles.csv")
    assert list(rows[0])[: len(CONTRACT)] == CONTRACT
    assert [row["image"] for row in rows] == ["a.tif"] * len(DISCS)
    for (y, x), diameter in DISCS:
        nearest = min(rows, key=lambda row: np.hypot(float(row["y_px"]) - y, float(row["x_px"]) - x))
        assert np.hypot(float(nearest["y_px"]) - y, float(nearest["x_px"]) - x) < 0.5
        assert float(nearest["equivalent_diameter_px"]) == pytest.approx(diameter, rel=0.02)
        assert float(nearest["equivalent_diameter_nm"]) == pytest.approx(diameter * 0.5, rel=0.02)
        assert float(nearest["circularity"]) == pytest.approx(1, abs=0.06)


def test_without_calibration_no_nanometre_is_written(images: Path, tmp_path: Path) -> None:
    main(["analyze", str(images / "b.tif"), "--out", str(tmp_path / "out"), "--formats", "csv"])
    for row in table(tmp_path / "out" / "particles.csv"):
        assert all(value == "" for column, value in row.items() if column.endswith(("_nm", "_nm2")))
        assert float(row["equivalent_diameter_px"]) > 0


def test_a_stated_pixel_size_goes_over_that_of_the_file(images: Path, tmp_path: Path) -> None:
    main(["analyze", str(images / "a.tif"), "--out", str(tmp_path / "out"), "--formats", "csv", "--pixel-size", "20 Å"])
    for row in table(tmp_path / "out" / "particles.csv"):
        assert float(row["equivalent_diameter_nm"]) == pytest.approx(2 * float(row["equivalent_diameter_px"]), rel=1e-4)


def test_inputs_of_one_stem_do_not_overwrite_each_other(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["analyze", str(images), "--recursive", "--out", str(out)]) == 0
    assert len(list((out / "labels").iterdir())) == 3
    assert {row["image"] for row in table(out / "particles.csv")} == {"images/a.tif", "b.tif", "deeper/a.tif"}
    assert len({image["file_name"] for image in json.loads((out / "annotations.coco.json").read_text())["images"]}) == 3


def test_table_labels_coco_and_report_agree(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    main(["analyze", str(images / "a.tif"), "--out", str(out)])
    rows = table(out / "particles.csv")
    labels = tifffile.imread(out / "labels" / "a.tif")
    coco = json.loads((out / "annotations.coco.json").read_text())
    sheet = openpyxl.load_workbook(out / "report.xlsx")["Particles"]
    assert {int(row["id"]) for row in rows} == set(np.unique(labels)) - {0}
    assert [int(row["area_px"]) for row in rows] == [np.count_nonzero(labels == int(row["id"])) for row in rows]
    assert sorted(annotation["area"] for annotation in coco["annotations"]) == sorted(int(row["area_px"]) for row in rows)
    assert sheet.max_row >= len(rows) + 1


def test_json_alone_stands_on_stdout(images: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(images), "--out", str(tmp_path / "out"), "--json"]) == 0
    captured = capfd.readouterr()
    document = json.loads(captured.out)
    assert document == json.loads((tmp_path / "out" / "summary.json").read_text())
    assert captured.err == ""


def test_a_report_for_each_image_by_choice(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["analyze", str(images), "--out", str(out), "--report", "each", "--formats", "xlsx,csv,labels"]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["a", "b"]
    assert {path.name for path in (out / "a").iterdir()} == {"labels", "images.csv", "particles.csv", "report.xlsx"}
    assert {row["image"] for row in table(out / "b" / "particles.csv")} == {"b.tif"}


@pytest.mark.parametrize("each", [False, True])
def test_a_file_that_is_held_elsewhere_costs_that_file_alone(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], each: bool
) -> None:
    out = tmp_path / "out"
    folders = [out / "a", out / "b"] if each else [out]
    for folder in folders:
        for name in ("report.xlsx", "particles.csv"):
            (folder / name).mkdir(parents=True)
    assert main(["analyze", str(images), "--out", str(out), *(["--report", "each"] if each else [])]) == 1
    told = capsys.readouterr()
    assert "particles" in told.out
    for folder in folders:
        for name in ("images.csv", "summary.json", "annotations.coco.json"):
            assert (folder / name).is_file()
        for name in ("report.xlsx", "particles.csv"):
            assert f"{folder / name}: a folder of that name is in the way" in told.err


def test_reports_for_each_image_are_summarised_once_an_image(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = []

    def counting(results: Sequence[AnalysisResult], params: StatisticsParams) -> SampleSummary:
        counts.append(len(results))
        return summarize(results, params)

    monkeypatch.setattr("lycurgus.services.report.summarize", counting)
    assert main(["analyze", str(images), "--out", str(tmp_path / "out"), "--report", "each", "--formats", "csv"]) == 0
    assert counts == [1, 1]
    assert capsys.readouterr().out.count("5 particles in 1 image") == 2


def test_images_are_listed_in_natural_order(tmp_path: Path) -> None:
    for number in (10, 9, 1):
        write(tmp_path / "images" / f"{number}.tif", scene())
    main(["analyze", str(tmp_path / "images"), "--out", str(tmp_path / "out"), "--formats", "csv"])
    assert [row["image"] for row in table(tmp_path / "out" / "images.csv")] == ["1.tif", "9.tif", "10.tif"]


def test_several_processes_find_what_one_finds(images: Path, tmp_path: Path) -> None:
    for jobs in ("1", "2"):
        assert main(["analyze", str(images), "--recursive", "--out", str(tmp_path / jobs), "--formats", "csv,labels", "--jobs", jobs]) == 0
    assert (tmp_path / "1" / "particles.csv").read_bytes() == (tmp_path / "2" / "particles.csv").read_bytes()
    for label in (tmp_path / "1" / "labels").iterdir():
        assert np.array_equal(tifffile.imread(label), tifffile.imread(tmp_path / "2" / "labels" / label.name))


def test_a_preset_and_settings_reach_the_report(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parameters", "--separator", "watershed", "--json"]) == 0
    preset = tmp_path / "preset.json"
    preset.write_text(capsys.readouterr().out, encoding="utf-8")
    assert (
        main(
            [
                "analyze",
                str(images / "a.tif"),
                "--out",
                str(tmp_path / "out"),
                "--preset",
                str(preset),
                "--set",
                "cleaning.border=keep",
                "--json",
            ]
        )
        == 0
    )
    document = json.loads(capsys.readouterr().out)
    text = json.dumps(document)
    assert '"watershed"' in text
    assert '"border": "keep"' in text


def test_a_plane_of_a_stack_is_chosen_by_its_number(tmp_path: Path) -> None:
    stack = np.stack([scene(discs=DISCS[:2]), scene()])
    tifffile.imwrite(tmp_path / "stack.tif", stack, photometric="minisblack")
    preset = tmp_path / "preset.json"
    preset.write_text('{"input": {"plane": 1}}')
    arguments = ["analyze", str(tmp_path / "stack.tif"), "--formats", "csv"]
    for number, expected, choice in (
        ("0", 2, ["--set", "input.plane=0"]),
        ("1", len(DISCS), ["--set", "input.plane=1"]),
        ("preset", len(DISCS), ["--preset", str(preset)]),
    ):
        assert main([*arguments, "--out", str(tmp_path / number), *choice]) == 0
        assert len(table(tmp_path / number / "particles.csv")) == expected


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--set", "separator.convexitiy=0.9"], "there is no parameter called 'separator.convexitiy'"),
        (["--set", "separator.convexity=7"], "separator.convexity"),
        (["--set", "convexity"], "is not a setting"),
        (["--set", "seperator.convexity=0.9"], "there is no stage called 'seperator'"),
        (["--detector", "magic"], "there is no detector called 'magic'"),
        (["--formats", "xlsx,docx"], "there is no format called 'docx'"),
        (["--formats", ""], "no format is asked for"),
        (["--pixel-size", "0.25"], "is not a length with a unit"),
        (["--pixel-size", "-1 nm"], "is not a length with a unit"),
        (["--pixel-size", "1 parsec"], "is not a unit of length"),
        (["--preset", "nowhere.json"], "cannot be read"),
        (["--jobs", "0"], "must be 1 or more"),
    ],
)
def test_wrong_usage_is_a_sentence_and_status_2(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["analyze", str(images), "--out", str(tmp_path / "out"), *arguments])
    assert stop.value.code == 2
    assert sentence in capsys.readouterr().err


def test_the_module_runs_as_a_program(images: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "lycurgus.cli",
        "analyze",
        "--detector",
        "otsu",
        str(images / "a.tif"),
        "--out",
        str(tmp_path / "out"),
        "--formats",
        "csv",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "5 particles in 1 image" in done.stdout


def test_the_python_door_takes_three_lines(images: Path) -> None:
    from lycurgus import analyze, read, summarize

    summary = summarize([analyze(read(images / "a.tif"))])
    assert summary.n_counted == len(DISCS)
    assert summary.main.unit == "nm"
    assert summary.main.mean == pytest.approx(0.5 * np.mean([diameter for _, diameter in DISCS]), rel=0.02)


def test_a_report_beside_its_images_is_not_analysed_in_the_next_run(images: Path) -> None:
    for _ in range(2):
        assert main(["analyze", str(images), "--recursive", "--out", str(images), "--formats", "csv,labels,png"]) == 0
        assert len(table(images / "images.csv")) == 3


def test_a_run_in_which_every_file_fails_leaves_an_earlier_report_alone(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["analyze", str(images), "--out", str(out)]) == 0
    before = (out / "particles.csv").read_bytes()
    assert main(["analyze", str(images / "mistyped.tif"), "--out", str(out)]) == 1
    assert (out / "particles.csv").read_bytes() == before
    assert "the report that is there is left as it was" in capsys.readouterr().err
