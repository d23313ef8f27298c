"""The workbook read back says what the report says, sheet by sheet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from lycurgus.core.errors import ExportError
from lycurgus.core.measurement import DESCRIPTORS
from lycurgus.exporters.base import FailedFile, Group, Report
from lycurgus.exporters.columns import particle_columns
from lycurgus.exporters.image_columns import IMAGE_COLUMNS
from lycurgus.exporters.imagej_columns import imagej_columns
from lycurgus.exporters.xlsx import XlsxExporter
from lycurgus.exporters.xlsx.charts import round_scale
from reports import BORDER_REASON, EXAMPLE_PARAMS, make_report

SHEETS = [
    *("Summary", "Particles", "Images", "Excluded", "Removed", "Definitions", "Parameters", "Provenance", "Warnings"),
    "Chart data",
]
FAILURES = (FailedFile(Path("folder/broken.dm3"), "it ends early"), FailedFile(Path("=evil.tif"), "holds a diffraction pattern"))


def written(report: Report, folder: Path, exporter: XlsxExporter | None = None) -> Any:
    (path,) = (exporter or XlsxExporter()).write(report, folder)
    assert path.name == "report.xlsx"
    return load_workbook(path)


def table(sheet: Any) -> list[dict[str, Any]]:
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def texts(sheet: Any) -> list[str]:
    return [cell for row in sheet.iter_rows(values_only=True) for cell in row if isinstance(cell, str)]


def beside(sheet: Any, label: str) -> Any:
    (cell,) = (row[0] for row in sheet.iter_rows(max_col=1) if row[0].value == label)
    return sheet.cell(cell.row, 2).value


def test_sheets_stand_in_the_order_of_a_readers_questions(tmp_path: Path) -> None:
    assert written(make_report(), tmp_path).sheetnames == SHEETS


@pytest.mark.parametrize("calibrated", [True, False])
def test_every_number_of_a_particle_comes_back_in_full(tmp_path: Path, calibrated: bool) -> None:
    report = make_report(calibrated=calibrated)
    rows = table(written(report, tmp_path)["Particles"])
    particles = [(entry.image, particle) for entry in report.entries for particle in entry.result.particles]
    for row, (image, particle) in zip(rows, particles, strict=True):
        assert (row["Image"], row["Particle"], row["Excluded"]) == (image, particle.id, particle.excluded)
        assert (row["Flags"] or "") == ";".join(sorted(particle.flags))
        assert row["Score"] == particle.instance.score
        for descriptor in DESCRIPTORS:
            unit = descriptor.unit(calibrated=calibrated)
            heading = f"{descriptor.label} ({unit})" if unit else descriptor.label
            assert row[heading] == getattr(particle.measurement, descriptor.field(calibrated=calibrated))


def test_no_heading_says_nm_without_calibration(tmp_path: Path) -> None:
    workbook = written(make_report(calibrated=False), tmp_path)
    for name in ("Particles", "Images", "Summary", "Chart data"):
        assert not [text for text in texts(workbook[name]) if "(nm" in text or "nm²" in text or text.endswith(" nm")]
    assert "Equivalent circular diameter (px)" in texts(workbook["Summary"])


def test_both_units_stand_beside_each_other_where_only_some_images_are_calibrated(tmp_path: Path) -> None:
    known, unknown = make_report(1, 5), make_report(1, 5, calibrated=False, names=["other.tif"])
    report = replace(known, entries=(*known.entries, *unknown.entries))
    rows = table(written(report, tmp_path)["Particles"])
    assert isinstance(rows[0]["Feret diameter, maximum (nm)"], float)
    assert rows[5]["Feret diameter, maximum (nm)"] is None
    assert rows[5]["Feret diameter, maximum (px)"] == unknown.entries[0].result.particles[0].measurement.feret_max_px


def test_excluded_particles_look_different_and_are_listed_with_their_reason(tmp_path: Path) -> None:
    report = make_report()
    workbook = written(report, tmp_path)
    sheet = workbook["Particles"]
    excluded = [(entry.image, particle.id) for entry in report.entries for particle in entry.result.particles if particle.excluded]
    looks = {row[0].font.italic: row[0].fill.fgColor.rgb for row in sheet.iter_rows(min_row=2)}
    assert [(row[0].value, row[1].value) for row in sheet.iter_rows(min_row=2) if row[0].font.italic] == excluded
    assert looks[True] != looks[False]
    assert [(row["Image"], row["Particle"], row["Reason"]) for row in table(workbook["Excluded"])] == [
        (*particle, BORDER_REASON) for particle in excluded
    ]


def test_removed_regions_are_counted_by_image_and_reason(tmp_path: Path) -> None:
    rows = table(written(make_report(1), tmp_path)["Removed"])
    assert [tuple(row.values()) for row in rows] == [("sample_001.tif", "speck", 3), ("sample_001.tif", "marker too small", 1)]


def test_numbers_have_formats_and_long_tables_stay_readable(tmp_path: Path) -> None:
    workbook = written(make_report(), tmp_path)
    sheet = workbook["Particles"]
    headings = {cell.value: cell.column for cell in sheet[1]}
    for heading, expected in {"Equivalent circular diameter (nm)": "0.000", "Circularity": "0.000", "Area (px²)": "#,##0"}.items():
        assert sheet.cell(2, headings[heading]).number_format == expected
    assert (sheet.freeze_panes, sheet.print_title_rows, sheet.page_setup.orientation) == ("C2", "$1:$1", "landscape")
    assert sheet.auto_filter.ref == sheet.dimensions
    assert all(sheet.column_dimensions[letter].width >= 8 for letter in ("A", "B", "C", "Z"))


def test_summary_holds_the_samples_figures(tmp_path: Path) -> None:
    report = make_report(2, 60)
    assert report.summary is not None
    main = report.summary.main
    sheet = written(report, tmp_path)["Summary"]
    assert beside(sheet, "Particles counted, n") == main.n
    for label, value in {
        "Mean": main.mean,
        "Standard deviation": main.sd,
        "Geometric standard deviation": main.geometric_sd,
        "D10 by number": main.d10,
        "D90 by volume": main.d90_volume,
        "D[3,2], Sauter mean": main.d32,
        "n needed for ±5 % of the mean": main.needed,
    }.items():
        assert beside(sheet, label) == pytest.approx(value, rel=1e-14)
    low, high = main.intervals["mean"]
    assert f"{low:.3f} … {high:.3f}" in texts(sheet)
    assert beside(sheet, f"Excluded: {BORDER_REASON}") == 2
    words = sheet["A3"].value
    assert f"{main.mean:.3f} ± {main.sd:.3f} nm (mean ± SD)" in words
    assert "120 particles found in 2 images; 118 of them enter the statistics." in words


def test_charts_read_a_histogram_that_adds_up_and_a_curve_that_ends_at_all_particles(tmp_path: Path) -> None:
    report = make_report(2, 60)
    assert report.summary is not None
    main = report.summary.main
    workbook = written(report, tmp_path)
    data = workbook["Chart data"]
    k = len(main.histogram.counts)
    columns = [[data.cell(row, column).value for row in range(4, 4 + k)] for column in range(1, 7)]
    lower, upper, centre, counts, corrected, curve = columns
    assert [*lower, upper[-1]] == main.histogram.edges.tolist()
    assert counts == main.histogram.counts.tolist()
    assert sum(corrected) == pytest.approx(main.n)
    assert 0.9 * main.n < sum(curve) <= main.n
    assert centre == [(low + high) / 2 for low, high in zip(lower, upper, strict=True)]
    shares = [data.cell(row, 9).value for row in range(4, 4 + 101)]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(100)
    assert [data.cell(3, column).value for column in (1, 8)] == ["From (nm)", "Equivalent circular diameter (nm)"]


def test_charts_show_their_axes_and_leave_no_gap_between_bars(tmp_path: Path) -> None:
    charts = written(make_report(), tmp_path)["Summary"]._charts
    assert len(charts) == 2
    assert all(not axis.delete and axis.title is not None for chart in charts for axis in (chart.x_axis, chart.y_axis))
    bars = next(chart for chart in charts if chart.tagname == "barChart")
    assert bars.gapWidth == 0
    assert [chart.tagname for chart in bars._charts] == ["barChart", "lineChart"]


@pytest.mark.parametrize(("low", "high"), [(1.5, 8.0), (0.0, 1.0), (13.0, 13.4), (-3.0, 250.0), (2e-4, 9e-4)])
def test_an_axis_has_few_round_steps_around_its_data(low: float, high: float) -> None:
    step, first, last = round_scale(low, high)
    assert first <= low + 1e-12
    assert last >= high - 1e-12
    assert 3 <= round((last - first) / step) <= 10


def test_pictures_stand_on_the_summary_and_beside_few_images(tmp_path: Path) -> None:
    few, many = written(make_report(3, 5), tmp_path), written(make_report(25, 5), tmp_path)
    assert [len(sheet._images) for sheet in (few["Summary"], few["Images"])] == [1, 3]
    assert [len(sheet._images) for sheet in (many["Summary"], many["Images"])] == [1, 0]


def test_a_row_with_a_picture_is_as_high_as_its_warnings(tmp_path: Path) -> None:
    plain = make_report(2, 5)
    long = tuple(f"{number}: something that a reader has to know before trusting the image" for number in range(9))
    first = plain.entries[0]
    report = replace(plain, entries=(replace(first, result=replace(first.result, warnings=long)), *plain.entries[1:]))
    sheet = written(report, tmp_path)["Images"]
    assert sheet.row_dimensions[2].height > 1.5 * sheet.row_dimensions[3].height


def test_groups_are_described_in_words(tmp_path: Path) -> None:
    report = make_report(2, 10)
    assert report.summary is not None
    group = Group("thick", tuple(entry.image for entry in report.entries), report.summary)
    (row,) = table(written(replace(report, groups=(group,)), tmp_path)["Groups"])[:1]
    assert (row["Group"], row["Descriptor"], row["Counted"]) == ("thick", "Equivalent circular diameter", report.summary.n_counted)


def test_images_and_failed_files_have_one_row_each(tmp_path: Path) -> None:
    report = make_report(2, 10, failures=FAILURES)
    rows = table(written(report, tmp_path)["Images"])
    assert [row["Image"] for row in rows] == ["sample_001.tif", "sample_002.tif", "broken.dm3", "=evil.tif"]
    assert [row["Particles"] for row in rows] == [10, 10, None, None]
    assert [row["Error"] for row in rows] == [None, None, "it ends early", "holds a diffraction pattern"]
    assert rows[0]["File's sha256"] == report.entries[0].result.micrograph.sha256


def test_failures_and_warnings_are_seen_on_the_summary(tmp_path: Path) -> None:
    report = make_report(1, 10, calibrated=False, failures=FAILURES)
    workbook = written(report, tmp_path)
    assert report.summary is not None
    for remark in ("Failed: broken.dm3: it ends early", "Failed: =evil.tif: holds a diffraction pattern", *report.summary.warnings):
        assert remark in texts(workbook["Summary"])
    listed = texts(workbook["Warnings"])
    assert {"it ends early", *report.summary.warnings, *report.entries[0].result.warnings} <= set(listed)


def test_many_remarks_do_not_push_the_figures_off_the_page(tmp_path: Path) -> None:
    failures = [FailedFile(Path(f"{number}.tif"), "it ends early") for number in range(40)]
    workbook = written(make_report(1, 10, failures=failures), tmp_path)
    assert "… and 34 more on the sheet Warnings" in texts(workbook["Summary"])
    assert texts(workbook["Warnings"]).count("it ends early") == 40


@pytest.mark.parametrize("columns", ["standard", "imagej"])
def test_every_column_is_defined_with_its_unit(tmp_path: Path, columns: str) -> None:
    report = make_report(columns=columns, classified=True)
    workbook = written(report, tmp_path)
    defined: dict[str, dict[str, Any]] = {}
    for row in table(workbook["Definitions"]):
        known = defined.setdefault(row["Quantity"], row)
        known["Unit"] = ", ".join(filter(None, (known["Unit"], row["Unit"])))
    particles = imagej_columns(report) if columns == "imagej" else particle_columns(report)
    headings = {cell.value for cell in workbook["Particles"][1]}
    shown = [column for column in particles if columns == "imagej" or column.heading in headings]
    assert len(shown) == len(headings)
    columns_shown: list[Any] = [*shown, *IMAGE_COLUMNS]
    for column in columns_shown:
        assert column.unit in (defined[column.label]["Unit"] or "").split(", ") or not column.unit


def test_how_particles_were_detected_stands_beside_each_image(tmp_path: Path) -> None:
    report = make_report(2)
    network = {
        "polarity": "dark",
        "score_threshold": 0.62,
        "believed_scales": [1.0, 0.5],
        "taken_away": "surroundings",
        "found_besides": 0,
        "gaps_left_out": 2,
    }
    of_network = replace(report.entries[0], result=replace(report.entries[0].result, detection=network))
    first, second = table(written(replace(report, entries=(of_network, report.entries[1])), tmp_path)["Images"])
    names = ("Threshold", "Score threshold", "Scales believed", "Taken away before", "Found besides", "Polarity")
    assert [first[name] for name in names] == [None, 0.62, "1; 0.5", "surroundings", 0, "dark"]
    assert [second[name] for name in names] == [113, None, None, None, None, "bright"]

    (alone,) = table(written(replace(report, entries=(of_network,)), tmp_path)["Images"])
    assert "Threshold" not in alone
    assert "Score threshold" in alone


def test_flags_and_the_bootstrap_are_explained(tmp_path: Path) -> None:
    defined = {row["Quantity"]: row["Definition"] for row in table(written(make_report(), tmp_path)["Definitions"])}
    assert {"touches_border", "cut_by_annotation", "separated", "non_convex", "overlapping", "drawn", "edited"} <= set(defined)
    assert "with probability 1/J" in defined["Confidence intervals"]


def test_particle_columns_of_the_imagej_preset_are_imagejs(tmp_path: Path) -> None:
    sheet = written(make_report(columns="imagej"), tmp_path)["Particles"]
    assert [cell.value for cell in sheet[1]][:8] == [" ", "Label", "Area", "Mean", "StdDev", "Min", "Max", "X"]


def test_every_parameter_is_listed_and_changed_ones_are_marked(tmp_path: Path) -> None:
    sheet = written(make_report(), tmp_path)["Parameters"]
    rows = {row[2].value: row for row in sheet.iter_rows(min_row=2) if row[2].value}
    assert set(rows) == {f"{stage}.{field}" for stage, fields in EXAMPLE_PARAMS.document().items() for field in fields}
    marked = {name for name, row in rows.items() if row[3].font.bold}
    assert marked == {"detector.threshold", "statistics.bootstrap"}
    row = [cell.value for cell in rows["detector.threshold"]]
    assert row == ["detector", "Threshold", "detector.threshold", 0.45, None, 0.5, "Probability from which a pixel is foreground"]
    assert rows["separator.smallest_px"][4].value == "px"


def test_different_parameters_are_listed_one_set_after_the_other(tmp_path: Path) -> None:
    report = make_report(2, 5)
    params = EXAMPLE_PARAMS.model_copy(update={"cleaning": EXAMPLE_PARAMS.cleaning.model_copy(update={"border": "keep"})})
    result = report.entries[1].result
    other = replace(result, params=params, provenance=replace(result.provenance, params_digest=params.digest))
    report = replace(report, entries=(report.entries[0], replace(report.entries[1], result=other)))
    sheet = written(report, tmp_path)["Parameters"]
    assert [row[3].value for row in sheet.iter_rows() if row[2].value == "cleaning.border"] == ["exclude", "keep"]
    assert any(params.digest in text for text in texts(sheet))


def test_provenance_names_versions_models_and_hashes(tmp_path: Path) -> None:
    report = make_report()
    found = texts(written(report, tmp_path)["Provenance"])
    assert {"example-net", "1.2.0", "ab" * 32, EXAMPLE_PARAMS.digest} <= set(found)
    assert {entry.result.micrograph.sha256 for entry in report.entries} <= set(found)


@pytest.mark.parametrize("n_images", [0, 1])
def test_a_report_without_particles_is_a_whole_workbook(tmp_path: Path, n_images: int) -> None:
    workbook = written(make_report(n_images, 0, failures=FAILURES), tmp_path)
    assert workbook.sheetnames == [name for name in SHEETS if name != "Chart data"]
    assert workbook["Particles"].max_row == 1
    assert "Failed: broken.dm3: it ends early" in texts(workbook["Summary"])
    assert "no" in workbook["Summary"]["A3"].value.lower()


@pytest.mark.parametrize("n_particles", [1, 2, 4])
def test_few_particles_make_a_workbook_too(tmp_path: Path, n_particles: int) -> None:
    workbook = written(make_report(1, n_particles), tmp_path)
    assert workbook["Particles"].max_row == n_particles + 1


def test_a_table_too_long_for_a_sheet_goes_on_on_the_next(tmp_path: Path) -> None:
    report = make_report(3, 10)
    workbook = written(report, tmp_path, XlsxExporter(rows_per_sheet=12))
    pages = [workbook[name] for name in ("Particles", "Particles 2", "Particles 3")]
    assert [page.max_row - 1 for page in pages] == [12, 12, 6]
    assert "Particles 4" not in workbook.sheetnames
    rows = [row for page in pages for row in table(page)]
    expected = [(entry.image, particle.id) for entry in report.entries for particle in entry.result.particles]
    assert [(row["Image"], row["Particle"]) for row in rows] == expected


def test_a_folder_that_cannot_be_written_is_an_export_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ExportError):
        XlsxExporter().write(make_report(1, 1), tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
