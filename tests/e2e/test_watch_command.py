"""``lycurgus watch``, as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lycurgus.cli import main
from lycurgus.services import lookout, watch
from scenes import scene, write

METHOD = ["--detector", "otsu", "--separator", "none", "--set", "statistics.bootstrap=20"]
DISCS = (((30.0, 30.0), 20.0), ((10.0, 50.0), 12.0))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "POLL_S", 0.01)
    monkeypatch.setattr(lookout, "DELAYS_S", (0.01,))


def watched(folder: Path, out: Path, *options: str) -> int:
    return main(["watch", str(folder), "--out", str(out), "--idle-exit", "0.2", *METHOD, *options])


def test_a_watch_writes_what_analyze_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for n in range(3):
        write(tmp_path / "in" / f"{n}.tif", scene(shape=(64, 64), discs=DISCS, seed=n), pixel_size_nm=0.5)
    (tmp_path / "in" / "copy.tif").write_bytes((tmp_path / "in" / "2.tif").read_bytes())
    assert watched(tmp_path / "in", tmp_path / "out") == 0
    said = capsys.readouterr()
    assert "0.tif: 2 particles, median" in said.err
    assert "copy.tif: not counted, it has the content of 2.tif" in said.err
    assert "6 particles in 3 images" in said.out
    (tmp_path / "in" / "copy.tif").unlink()
    assert main(["analyze", str(tmp_path / "in"), "--out", str(tmp_path / "plain"), *METHOD]) == 0
    for name in ("particles.csv", "labels/0.tif"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()
    made, plain = (sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*")) for out in (tmp_path / "out", tmp_path / "plain"))
    assert set(made) - set(plain) == {"batch.lycurgus"}
    assert set(plain) <= set(made)


def test_a_bad_file_is_listed_and_the_exit_status_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write(tmp_path / "in" / "a.tif", scene(shape=(64, 64), discs=DISCS), pixel_size_nm=0.5)
    (tmp_path / "in" / "bad.tif").write_bytes(b"nonsense")
    assert watched(tmp_path / "in", tmp_path / "out", "--json") == 1
    told = capsys.readouterr()
    assert "bad.tif" in told.err
    assert json.loads(told.out)["failures"]


def test_an_empty_folder_is_no_error_and_a_missing_one_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "in").mkdir()
    assert watched(tmp_path / "in", tmp_path / "out") == 0
    assert "no image has come" in capsys.readouterr().err
    assert watched(tmp_path / "none", tmp_path / "out 2") == 1
    assert "no folder that can be reached" in capsys.readouterr().err


def test_output_that_cannot_be_written_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "in").mkdir()
    (tmp_path / "file").write_text("in the way")
    assert watched(tmp_path / "in", tmp_path / "file") == 1
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["0", "-3", "soon", "inf"])
def test_an_impossible_time_is_wrong_usage(seconds: str, tmp_path: Path):
    with pytest.raises(SystemExit) as end:
        main(["watch", str(tmp_path), "--out", str(tmp_path / "out"), "--idle-exit", seconds])
    assert end.value.code == 2
