"""Texts from files reach the cells of a workbook as texts, whatever they hold."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from lycurgus.core.types import AnalysisResult
from lycurgus.exporters.base import FailedFile, Report
from lycurgus.exporters.text import clean
from lycurgus.exporters.xlsx import XlsxExporter
from lycurgus.exporters.xlsx.cells import LONGEST_TEXT, cell_text
from reports import make_report

HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    '=HYPERLINK("http://x")',
    "#N/A",
    "#DIV/0!",
    "<&>'\"",
    "a\x00b",
    "a\x1bb",
    " blank ",
    "2026-11-20",
    "TRUE",
]
SMALL = make_report(1, 3, thumbnails=False)


def with_text(text: str) -> Report:
    """A report in which a text of a file stands wherever one can."""
    entry = SMALL.entries[0]
    result: AnalysisResult = replace(
        entry.result,
        warnings=(text,),
        removed={text: 2},
        micrograph=replace(entry.result.micrograph, signal=text, plane=text),
        particles=tuple(replace(particle, excluded=text) for particle in entry.result.particles),
    )
    return replace(SMALL, entries=(replace(entry, image=text, result=result),), failures=(FailedFile(Path("x.tif"), text),))


def formulas(path: Path) -> list[str]:
    """Every formula or error value in the sheets' XML."""
    found = []
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            if name.startswith("xl/worksheets/sheet"):
                root = ET.fromstring(archive.read(name))
                found += [name for element in root.iter() if element.tag.endswith("}f") or element.get("t") in ("e", "str")]
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_is_never_a_formula_an_error_or_a_number(tmp_path: Path, text: str) -> None:
    (path,) = XlsxExporter().write(with_text(text), tmp_path)
    assert formulas(path) == []
    workbook = load_workbook(path)
    for sheet, column in (("Particles", "Image"), ("Images", "Image"), ("Excluded", "Reason"), ("Removed", "Reason"), ("Warnings", "What")):
        heading = next(cell for cell in workbook[sheet][1] if cell.value == column)
        cell = workbook[sheet].cell(2, heading.column)
        assert (cell.value, cell.data_type) == (clean(text), "s")


@settings(derandomize=True, deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(), min_size=1, max_size=40))
def test_any_text_comes_back(tmp_path: Path, text: str) -> None:
    (path,) = XlsxExporter().write(with_text(text), tmp_path)
    assert formulas(path) == []
    name = load_workbook(path)["Particles"]["A2"].value
    assert unescape(name) == clean(text)


@pytest.mark.parametrize("text", ["a_x0041_b", "_x005F_", "bbox_x0_px"])
def test_a_text_that_looks_like_an_escaped_character_keeps_its_letters(text: str) -> None:
    assert cell_text(text) != text
    assert cell_text(text).replace("_x005F_", "_") in (text, text.replace("_x005F_", "_"))


def test_a_text_is_cut_where_excel_would_refuse_the_file() -> None:
    assert len(cell_text("x" * 40_000)) == LONGEST_TEXT
    assert cell_text("x" * LONGEST_TEXT) == "x" * LONGEST_TEXT


def test_a_long_name_is_whole_in_the_tables(tmp_path: Path) -> None:
    name = "n" * 200 + ".tif"
    (path,) = XlsxExporter().write(make_report(1, 3, names=[name]), tmp_path)
    workbook = load_workbook(path)
    assert workbook["Particles"]["A2"].value == name
    assert max(len(str(row[0].value or "")) for row in workbook["Summary"].iter_rows(max_col=1, min_row=4)) < 80
