"""CSV tables read back say what the report says, and no spreadsheet takes a file's name for a formula."""

from __future__ import annotations

import csv
from dataclasses import replace
from math import isnan, pi
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lycurgus.core.errors import ExportError
from lycurgus.core.measure import measure
from lycurgus.core.measurement import DESCRIPTORS, Measurement
from lycurgus.core.params import CleaningParams
from lycurgus.core.types import AnalysisResult, Micrograph, Particle, PixelSize
from lycurgus.exporters.base import FailedFile, Report
from lycurgus.exporters.csv import CsvExporter
from lycurgus.exporters.text import inert, inert_image_name, starts_formula, tidy
from reports import PIXEL_SIZE_NM, make_report
from shapes import ellipse, instance_of

CONTRACT = [
    "image",
    "id",
    "y_px",
    "x_px",
    "area_px",
    "equivalent_diameter_px",
    "equivalent_diameter_nm",
    "feret_max_nm",
    "feret_min_nm",
    "perimeter_nm",
    "circularity",
    "aspect_ratio",
    "solidity",
    "convexity",
    "score",
    "flags",
]
IMAGEJ = [
    " ",
    "Label",
    "Area",
    "Mean",
    "StdDev",
    "Min",
    "Max",
    "X",
    "Y",
    "Perim.",
    "BX",
    "BY",
    "Width",
    "Height",
    "Major",
    "Minor",
    "Angle",
    "Circ.",
    "Feret",
    "FeretAngle",
    "MinFeret",
    "AR",
    "Round",
    "Solidity",
]


def written(report: Report, folder: Path) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    particles, images = CsvExporter().write(report, folder)
    assert (particles.name, images.name) == ("particles.csv", "images.csv")
    return read(particles), read(images)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


def all_particles(report: Report) -> list[tuple[str, AnalysisResult, Particle]]:
    return [(entry.image, entry.result, particle) for entry in report.entries for particle in entry.result.particles]


def test_particle_table_begins_as_scripts_expect(tmp_path: Path) -> None:
    rows, _ = written(make_report(), tmp_path)
    assert list(rows[0])[: len(CONTRACT)] == CONTRACT


@pytest.mark.parametrize("calibrated", [True, False])
def test_every_measured_number_comes_back_to_seven_digits(tmp_path: Path, calibrated: bool) -> None:
    report = make_report(calibrated=calibrated)
    rows, _ = written(report, tmp_path)
    assert len(rows) == 40
    for row, (image, _, particle) in zip(rows, all_particles(report), strict=True):
        assert (row["image"], row["id"]) == (image, str(particle.id))
        assert row["flags"] == ";".join(sorted(particle.flags))
        assert row["excluded"] == (particle.excluded or "")
        assert float(row["score"]) == pytest.approx(particle.instance.score, rel=5e-7)
        for name in Measurement.__dataclass_fields__:
            expected = getattr(particle.measurement, name)
            assert row[name] == "" if expected is None else float(row[name]) == pytest.approx(expected, rel=5e-7)


def test_no_descriptor_is_left_out(tmp_path: Path) -> None:
    rows, _ = written(make_report(), tmp_path)
    expected = {descriptor.field(calibrated=calibrated) for descriptor in DESCRIPTORS for calibrated in (True, False)}
    assert expected <= set(rows[0])


def test_lengths_in_nm_are_empty_without_calibration(tmp_path: Path) -> None:
    particles, images = written(make_report(calibrated=False), tmp_path)
    for row in (*particles, *images):
        assert all(value == "" for name, value in row.items() if name.endswith(("_nm", "_nm2", "_um2")))


def test_a_missing_score_is_an_empty_cell(tmp_path: Path) -> None:
    report = make_report(1, 1)
    particle = report.entries[0].result.particles[0]
    unsure = replace(particle, instance=replace(particle.instance, score=float("nan")))
    entry = replace(report.entries[0], result=replace(report.entries[0].result, particles=(unsure,)))
    rows, _ = written(replace(report, entries=(entry,)), tmp_path)
    assert rows[0]["score"] == ""


def test_classes_have_columns_of_their_own(tmp_path: Path) -> None:
    report = make_report(classified=True)
    rows, _ = written(report, tmp_path)
    _, _, particle = all_particles(report)[0]
    name, probabilities = particle.classes["structure"]
    assert rows[0]["class_structure"] == name
    assert float(rows[0]["class_structure_probability"]) == pytest.approx(probabilities[name], rel=5e-7)


def test_image_table_counts_what_the_particle_table_lists(tmp_path: Path) -> None:
    particles, images = written(make_report(3, 25), tmp_path)
    assert list(images[0])[:2] == ["image", "n_particles"]
    for row in images:
        own = [particle for particle in particles if particle["image"] == row["image"]]
        assert int(row["n_particles"]) == len(own)
        assert int(row["n_excluded"]) == sum(particle["excluded"] != "" for particle in own)
        assert int(row["n_counted"]) + int(row["n_excluded"]) == len(own)
        assert row["removed"] == "speck: 3; marker too small: 1"
        assert row["n_removed"] == "4"


def test_mean_diameter_of_one_image_is_that_of_its_sample(tmp_path: Path) -> None:
    report = make_report(1, 50)
    _, images = written(report, tmp_path)
    assert report.summary is not None
    main = report.summary.main
    for name, expected in (("mean", main.mean), ("median", main.median), ("sd", main.sd)):
        assert float(images[0][f"equivalent_diameter_{name}_nm"]) == pytest.approx(expected, rel=1e-6)
        assert float(images[0][f"equivalent_diameter_{name}_px"]) == pytest.approx(expected / PIXEL_SIZE_NM, rel=1e-6)


def test_a_failed_file_is_a_row_with_its_reason_and_no_count(tmp_path: Path) -> None:
    failure = FailedFile(Path("folder/broken.dm3"), 'the file ends after 12 bytes, "copy" it again')
    _, images = written(make_report(1, failures=[failure]), tmp_path)
    assert (images[1]["image"], images[1]["n_particles"], images[1]["error"]) == ("broken.dm3", "", failure.reason)


def test_an_empty_report_has_its_headers(tmp_path: Path) -> None:
    particles, images = CsvExporter().write(make_report(0), tmp_path)
    assert particles.read_bytes().decode().count("\r\n") == 1
    assert particles.read_bytes().decode().startswith(",".join(CONTRACT))
    assert images.read_text("utf-8").startswith("image,n_particles,")


def test_imagej_preset_has_imagejs_headings_in_imagejs_order(tmp_path: Path) -> None:
    rows, _ = written(make_report(columns="imagej"), tmp_path)
    assert list(rows[0])[: len(IMAGEJ)] == IMAGEJ
    assert [row[" "] for row in rows] == [str(number) for number in range(1, 41)]


@pytest.mark.parametrize("calibrated", [True, False])
def test_imagej_preset_holds_to_imagejs_definitions(tmp_path: Path, calibrated: bool) -> None:
    report = make_report(columns="imagej", calibrated=calibrated)
    size = PIXEL_SIZE_NM if calibrated else 1.0
    rows, _ = written(report, tmp_path)
    for row, (image, _, particle) in zip(rows, all_particles(report), strict=True):
        number = {name: float(row[name]) for name in IMAGEJ if name not in (" ", "Label")}
        measured, box = particle.measurement, particle.instance.bbox
        assert row["Label"] == f"{image}:{particle.id}"
        assert number["Area"] == pytest.approx(measured.area_px * size**2, rel=1e-6)
        assert number["X"] == pytest.approx((measured.x_px + 0.5) * size, rel=1e-6)
        assert (number["BX"], number["Width"]) == (box.x0 * size, box.width * size)
        assert number["Major"] * number["Minor"] * pi / 4 == pytest.approx(number["Area"], rel=1e-5)
        assert number["AR"] == pytest.approx(number["Major"] / number["Minor"], rel=1e-5)
        assert number["Round"] == pytest.approx(4 * number["Area"] / (pi * number["Major"] ** 2), rel=1e-5)
        assert number["Circ."] == pytest.approx(4 * pi * number["Area"] / number["Perim."] ** 2, rel=1e-5)


def test_imagej_preset_measures_pixels_that_are_not_square_as_they_are(tmp_path: Path) -> None:
    """A disc of 40 nm on pixels of 2 x 1 nm, and an ellipse of 60 x 30 nm that only there looks like a disc."""
    shape = (80, 160)
    instances = [instance_of(ellipse(shape, (40, 40), 40, 20, 0)), instance_of(ellipse(shape, (40, 120), 30, 30, 0))]
    micrograph = Micrograph(Path("a.tif"), np.full(shape, 7.0), PixelSize(2.0, 1.0, "user"))
    particles = measure(instances, micrograph, np.ones(shape, dtype=np.bool_), CleaningParams())
    template = make_report(1, 3, columns="imagej")
    entry = template.entries[0]
    result = replace(entry.result, micrograph=micrograph, particles=particles)
    rows, _ = written(replace(template, entries=(replace(entry, result=result),)), tmp_path)
    found = {round(float(row["X"])): {name: float(row[name]) for name in ("Major", "Minor", "AR", "Round")} for row in rows}
    assert found[40] == pytest.approx({"Major": 40, "Minor": 40, "AR": 1, "Round": 1}, rel=0.03)
    assert found[120] == pytest.approx({"Major": 60, "Minor": 30, "AR": 2, "Round": 0.5}, rel=0.03)


@pytest.mark.parametrize("name", ["=1+1.tif", "+cmd|'/c calc'!A1.tif", "-1.tif", "@SUM(A1).tif", "\t=1.tif", "  =1.tif", "＝1.tif"])
def test_an_image_name_is_no_formula_and_still_leads_to_its_file(tmp_path: Path, name: str) -> None:
    particles, images = written(make_report(1, 3, names=[name]), tmp_path)
    for cell in (particles[0]["image"], images[0]["image"]):
        assert not starts_formula(cell)
        assert tmp_path / cell == tmp_path / name


@pytest.mark.parametrize(
    "name", ["sample 1.tif", 'quote".tif', "comma,semicolon;.tif", "line\nbreak.tif", "Ölfüße µ.tif", "x" * 200 + ".tif"]
)
def test_other_image_names_are_written_as_they_are(tmp_path: Path, name: str) -> None:
    particles, images = written(make_report(1, 3, names=[name]), tmp_path)
    assert {row["image"] for row in (*particles, *images)} == {name}


@settings(derandomize=True, deadline=None, max_examples=200)
@given(text=st.text(max_size=20) | st.text("=+-@\t\r\n '\"＝ud\ud800\x00a", max_size=6))
def test_no_text_becomes_a_formula_or_breaks_the_encoding(text: str) -> None:
    for cell in (inert(text), inert_image_name(text)):
        assert not starts_formula(cell)
        assert cell.encode("utf-8").decode("utf-8") == cell


@settings(derandomize=True, deadline=None, max_examples=200)
@given(number=st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(10**14), 10**14).map(float))
def test_numbers_keep_seven_digits_and_whole_numbers_all(number: float) -> None:
    text = tidy(number)
    if text == "":
        assert isnan(number) or abs(number) == float("inf")
    elif number.is_integer() and abs(number) < 1e15:
        assert float(text) == number
    else:
        assert float(text) == pytest.approx(number, rel=5e-7, abs=5e-324)


def test_a_folder_that_cannot_be_written_is_an_export_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ExportError):
        CsvExporter().write(make_report(1, 1), tmp_path / "file")
