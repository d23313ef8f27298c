"""Whose pixel size is in doubt is said on every way to a length in nm, before it is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from calibration_bars import ground, needs_tesseract, with_bar, written
from lycurgus.cli import main
from lycurgus.commands import reporting
from scenes import scene

METHOD = ["--detector", "otsu", "--separator", "none", "--set", "statistics.bootstrap=20", "--formats", "csv"]
COMMANDS = [["analyze"], ["batch"], ["watch", "--idle-exit", "1"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def uneven(path: Path, seed: int = 0) -> None:
    """Pixels that are stated to be 15 % higher than wide."""
    picture = scene(seed=seed, shape=(64, 64), discs=(((30.0, 30.0), 20.0),))
    tifffile.imwrite(path, np.asarray(picture), imagej=True, resolution=(1 / 2.0, 1 / 2.3), metadata={"unit": "nm"})


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_doubt_is_said_before_anything_is_written(
    command: list[str], folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    uneven(folder / "uneven.tif")
    heard: list[str] = []
    write = reporting.write_report

    def write_report(*args: object) -> object:
        heard.append(capsys.readouterr().err)
        return write(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(reporting, "write_report", write_report)
    assert main([*command, str(folder), "--out", str(tmp_path / "out"), *METHOD]) == 0
    assert "warning: uneven.tif: The pixels are stated to be 2.3 nm high but 2 nm wide" in heard[-1]


def test_of_many_a_few_are_named_and_the_rest_is_counted(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(8):
        uneven(folder / f"{number}.tif", number)
    assert main(["analyze", str(folder), "--out", str(tmp_path / "out"), *METHOD]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning")]
    assert len(told) == 6
    assert "3 more of this kind" in told[-1]


@needs_tesseract
@pytest.mark.parametrize(("stated_nm", "says"), [(2.2, True), (2.0, False)])
def test_a_burnt_in_bar_that_contradicts_the_file_is_said(
    stated_nm: float, says: bool, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = written(with_bar(ground(), 350, 500, ink=255), "300 nm", (436, 390), ink=255)
    tifffile.imwrite(folder / "bar.tif", picture, imagej=True, resolution=(1 / stated_nm,) * 2, metadata={"unit": "nm"})
    assert main(["analyze", str(folder), "--out", str(tmp_path / "out"), *METHOD]) == 0
    assert ("contradict each other" in capsys.readouterr().err) is says
