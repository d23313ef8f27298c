"""Results written again as a report: what cannot be written is told, and all the rest is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from lycurgus.core.errors import ExportError
from lycurgus.core.progress import never, silent
from lycurgus.core.types import AnalysisResult
from lycurgus.pipeline import analyze
from lycurgus.readers.door import read
from lycurgus.services.export import Exported, export_results
from lycurgus.services.plan import ExportPlan
from lycurgus.services.report import check_writable
from scenes import scene, write


@pytest.fixture
def results(tmp_path: Path) -> list[AnalysisResult]:
    return [analyze(read(write(tmp_path / f"{name}.tif", scene(seed=seed)))) for seed, name in enumerate("ab")]


def exported(results: list[AnalysisResult], out: Path, *, each: bool = False) -> Exported:
    return export_results(results, ExportPlan(out, ("xlsx", "csv", "json", "labels"), each=each), progress=silent, cancel=never)


@pytest.mark.parametrize("each", [False, True])
def test_a_file_that_is_held_elsewhere_costs_that_file_alone(results: list[AnalysisResult], tmp_path: Path, each: bool) -> None:
    out = tmp_path / "out"
    held = [out / "a" / "report.xlsx", out / "b" / "report.xlsx"] if each else [out / "report.xlsx"]
    for path in held:
        path.mkdir(parents=True)
    done = exported(results, out, each=each)
    assert [failure.path for failure in done.failures] == held
    assert all("a folder of that name is in the way" in failure.reason for failure in done.failures)
    for folder in done.folders:
        assert {"particles.csv", "images.csv", "summary.json"} <= {path.name for path in folder.iterdir()}


def test_a_defect_in_one_image_costs_that_image_alone(
    results: list[AnalysisResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_on_a(result: AnalysisResult) -> AnalysisResult:
        if result is results[0]:
            raise IndexError("out of range")
        return result

    monkeypatch.setattr("lycurgus.services.export.with_pixels", fails_on_a)
    done = exported(results, tmp_path / "out")
    assert [failure.path.name for failure in done.failures] == ["a.tif"]
    assert [path.name for path in (tmp_path / "out" / "labels").iterdir()] == ["b.tif"]
    assert (tmp_path / "out" / "report.xlsx").is_file()


def test_a_folder_that_cannot_be_written_is_a_sentence_for_window_and_command_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ExportError, match=r"choose another folder$"):
        check_writable(tmp_path / "file")
