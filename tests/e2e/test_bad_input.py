"""What people really drop on a program: every bad file gets its sentence, every good one beside it its result."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from lycurgus.cli import main
from scenes import DISCS, scene, write


def _truncated(path: Path) -> None:
    write(path, scene())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])


def _text(path: Path) -> None:
    path.write_text("This is a letter, not a micrograph. " * 50, encoding="utf-8")


def _folder(path: Path) -> None:
    path.mkdir()


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _complex(path: Path) -> None:
    tifffile.imwrite(path, np.ones((16, 16), np.complex64))


UNREADABLE: dict[str, Callable[[Path], object]] = {
    "truncated": _truncated,
    "empty": Path.touch,
    "text": _text,
    "dangling link": lambda path: path.symlink_to("nowhere.tif"),
    "link to itself": _loop,
    "pipe": _fifo,
    "complex numbers": _complex,
    "zeros": lambda path: path.write_bytes(bytes(4096)),
}

READABLE_BUT_BARREN = {
    "constant": np.full((64, 64), 7, np.uint8),
    "one pixel": np.zeros((1, 1), np.uint16),
    "one row": np.arange(50, dtype=np.uint8)[None],
    "not a number": np.full((64, 64), np.nan, np.float32),
    "infinite": np.full((64, 64), np.inf, np.float32),
    "black and one hot pixel": np.pad(np.full((1, 1), 65535, np.uint16), 30),
}


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes and links without privileges")
@pytest.mark.parametrize("kind", UNREADABLE)
def test_an_unreadable_file_is_listed_and_the_next_one_analysed(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad, good, out = tmp_path / "bad.tif", write(tmp_path / "good.tif", scene()), tmp_path / "out"
    UNREADABLE[kind](bad)
    assert main(["analyze", str(bad), str(good), "--out", str(out)]) == 1
    said = capsys.readouterr().err
    assert "1 file failed" in said
    assert "bad.tif: " in said
    assert "Traceback" not in said
    assert _counts(out)["good.tif"] == str(len(DISCS))
    assert sorted(path.name for path in (out / "labels").iterdir()) == ["good.tif"]


@pytest.mark.parametrize("kind", READABLE_BUT_BARREN)
def test_an_image_without_particles_is_a_result_of_none(kind: str, tmp_path: Path) -> None:
    barren, good, out = tmp_path / "barren.tif", write(tmp_path / "good.tif", scene()), tmp_path / "out"
    tifffile.imwrite(barren, READABLE_BUT_BARREN[kind])
    assert main(["analyze", str(barren), str(good), "--out", str(out)]) == 0
    assert _counts(out) == {"barren.tif": "0", "good.tif": str(len(DISCS))}
    assert _row(out, "barren.tif")["warnings"]


def test_nothing_but_bad_files_still_makes_a_report_of_what_failed(tmp_path: Path) -> None:
    _text(tmp_path / "a.tif")
    assert main(["analyze", str(tmp_path / "a.tif"), "--out", str(tmp_path / "out")]) == 1
    assert (tmp_path / "out" / "report.xlsx").exists()
    assert _row(tmp_path / "out", "a.tif")["error"]


def test_a_file_that_does_not_exist_fails_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = write(tmp_path / "good.tif", scene())
    assert main(["analyze", str(tmp_path / "absent.tif"), str(good), "--out", str(tmp_path / "out")]) == 1
    assert "absent.tif" in capsys.readouterr().err
    assert _counts(tmp_path / "out")["good.tif"] == str(len(DISCS))


def test_a_folder_without_images_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["analyze", str(tmp_path / "empty"), "--out", str(tmp_path / "out")]) == 1
    assert "empty: holds no micrograph" in capsys.readouterr().err


def test_a_folder_named_like_an_image_is_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "x.tif"
    write(folder / "inside.tif", scene())
    assert main(["analyze", str(folder), "--out", str(tmp_path / "out"), "--formats", "csv"]) == 0
    assert _counts(tmp_path / "out") == {"inside.tif": str(len(DISCS))}


@pytest.mark.parametrize(
    "name", ["two words.tif", "Übergröße µ.tif", "=1+1.tif", "-minus.tif", "a" * 200 + ".tif", "[x](y)*.tif", "café;,\t.tif"]
)
def test_strange_names_come_back_unchanged(name: str, tmp_path: Path) -> None:
    if sys.platform == "win32" and set(name) & set('*"<>|?\t'):
        pytest.skip("not a file name on Windows")
    write(tmp_path / "images" / name, scene())
    assert main(["analyze", str(tmp_path / "images"), "--out", str(tmp_path / "out")]) == 0
    assert [Path(image).name for image in _counts(tmp_path / "out")] == [name]
    assert len(list((tmp_path / "out" / "overlays").iterdir())) == 1


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    locked = write(tmp_path / "locked.tif", scene())
    locked.chmod(0)
    assert main(["analyze", str(locked), "--out", str(tmp_path / "out")]) == 1
    assert "permission" in capsys.readouterr().err.lower()


def test_an_output_folder_that_cannot_be_is_said_before_the_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = write(tmp_path / "a.tif", scene())
    (tmp_path / "out").write_text("in the way", encoding="utf-8")
    assert main(["analyze", str(image), "--out", str(tmp_path / "out")]) == 1
    assert "the output folder cannot be written" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None, reason="needs to mount a tiny disk")
def test_a_full_disk_is_a_sentence_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    image = write(tmp_path / "a.tif", scene(), pixel_size_nm=1)
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        command = [sys.executable, "-m", "lycurgus.cli", "analyze", "--detector", "otsu", str(image), "--out", str(disk / "out")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "no space left on device" in done.stderr.lower()
        assert "Traceback" not in done.stderr
        for path in disk.rglob("*"):
            assert path.is_dir() or path.stat().st_size > 0
            assert not path.name.startswith(".lycurgus-")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def _row(out: Path, image: str) -> dict[str, str]:
    with (out / "images.csv").open(encoding="utf-8", newline="") as stream:
        return next(row for row in csv.DictReader(stream) if row["image"] == image)


def _counts(out: Path) -> dict[str, str]:
    with (out / "images.csv").open(encoding="utf-8", newline="") as stream:
        return {row["image"]: row["n_particles"] for row in csv.DictReader(stream) if row["n_particles"] != ""}
