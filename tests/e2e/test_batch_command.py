"""``lycurgus batch`` as an overnight run meets the world: killed, interrupted, out of space, grouped, on a cluster."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import openpyxl
import pytest

from lycurgus.cli import main
from scenes import scene, write

METHOD = ["--detector", "otsu", "--separator", "none", "--set", "statistics.bootstrap=20"]
TINY = {"shape": (64, 64), "discs": (((30.0, 30.0), 24.0),)}
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Two folders with two images each, particles of the second twice as large; and a damaged file."""
    for folder, diameter in (("thin", 12.0), ("thick", 24.0)):
        for n in range(2):
            picture = scene(seed=n, shape=(64, 64), discs=(((30.0, 30.0), diameter),))
            write(tmp_path / "images" / folder / f"{folder}_{n}.tif", picture, pixel_size_nm=0.5)
    (tmp_path / "images" / "thin" / "bad.tif").write_bytes(b"nonsense")
    return tmp_path / "images"


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def process(folder: Path, out: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "lycurgus.cli", "batch", str(folder), "--out", str(out), "--formats", "csv,labels", *METHOD, *more]
    # What a shell has started in the background ignores Ctrl-C, and so would what the tests start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    finally:
        signal.signal(signal.SIGINT, before)


def wait_for_labels(out: Path, count: int) -> None:
    give_up = time.monotonic() + 120
    while len(list(out.glob("labels/[!.]*.tif"))) < count:
        assert time.monotonic() < give_up, "nothing was analysed"
        time.sleep(0.01)


def test_outputs_are_those_of_analyze(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", str(images), "--recursive", "--out", str(tmp_path / "batch"), *METHOD]) == 1
    assert "bad.tif: is not what its name says" in capsys.readouterr().err
    assert main(["analyze", str(images), "--recursive", "--out", str(tmp_path / "plain"), *METHOD]) == 1
    names = {path.relative_to(tmp_path / "plain") for path in (tmp_path / "plain").rglob("*")}
    assert {path.relative_to(tmp_path / "batch") for path in (tmp_path / "batch").rglob("*")} == names | {Path("batch.lycurgus")}
    assert (tmp_path / "batch" / "particles.csv").read_bytes() == (tmp_path / "plain" / "particles.csv").read_bytes()
    for path in (tmp_path / "plain" / "labels").iterdir():
        assert (tmp_path / "batch" / "labels" / path.name).read_bytes() == path.read_bytes()


def test_groups_stand_in_every_table_and_on_the_screen(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["batch", str(images), "--recursive", "--out", str(out), "--group-by", "folder", *METHOD]) == 1
    told = capsys.readouterr().out
    assert "thick: 2 particles in 2 images" in told
    rows = {row["group"]: row for row in table(out / "groups.csv")}
    assert set(rows) == {"thick", "thin"}
    assert float(rows["thick"]["mean"]) == pytest.approx(12, rel=0.05)
    assert float(rows["thin"]["mean"]) == pytest.approx(6, rel=0.05)
    assert {row["group"] for row in table(out / "images.csv") if row["image"].startswith("thick")} == {"thick"}
    sheet = openpyxl.load_workbook(out / "report.xlsx")["Groups"]
    assert [sheet.cell(row, 1).value for row in (2, 3)] == ["thick", "thin"]
    document = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert [group["name"] for group in document["groups"]] == ["thick", "thin"]
    assert [group["n_counted"] for group in document["groups"]] == [2, 2]
    capsys.readouterr()
    # Asked again in another way: nothing is analysed, the report is another one.
    assert main(["batch", str(images), "--recursive", "--out", str(out), "--group-by", "_([01])", "--json", *METHOD]) == 1
    assert [group["name"] for group in json.loads(capsys.readouterr().out)["groups"]] == ["0", "1"]


def test_a_report_for_each_image_by_choice(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    main(["batch", str(images / "thick"), "--out", str(out), "--report", "each", "--formats", "csv,labels", *METHOD])
    assert {path.name for path in (out / "thick_0").iterdir()} == {"images.csv", "particles.csv", "labels"}
    assert len(table(out / "thick_1" / "particles.csv")) == 1


def test_other_parameters_are_wrong_usage_and_can_be_begun_anew(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["batch", str(images / "thick"), "--out", str(tmp_path / "out"), "--formats", "csv", *METHOD]
    assert main(command) == 0
    with pytest.raises(SystemExit) as ended:
        main([*command, "--set", "cleaning.border=keep"])
    assert ended.value.code == 2
    assert "begin anew with --anew" in capsys.readouterr().err
    assert main([*command, "--set", "cleaning.border=keep", "--anew"]) == 0


@posix
def test_a_killed_batch_goes_on_and_its_workers_do_not_stay(tmp_path: Path) -> None:
    for n in range(40):
        write(tmp_path / "in" / f"{n:02}.tif", scene(seed=n, **TINY))
    running = process(tmp_path / "in", tmp_path / "out", "--jobs", "2")
    wait_for_labels(tmp_path / "out", 3)
    children = _children(running.pid)
    running.kill()
    running.communicate()
    assert children
    give_up = time.monotonic() + 60
    while any(_alive(child) for child in children):
        assert time.monotonic() < give_up, "workers outlive their parent"
        time.sleep(0.05)
    again = process(tmp_path / "in", tmp_path / "out")
    _, errors = again.communicate()
    assert again.returncode == 0, errors
    assert len(table(tmp_path / "out" / "particles.csv")) == 40
    assert not list((tmp_path / "out").rglob(".lycurgus-*"))


@posix
def test_ctrl_c_is_a_sentence_and_the_batch_goes_on(tmp_path: Path) -> None:
    for n in range(40):
        write(tmp_path / "in" / f"{n:02}.tif", scene(seed=n, **TINY))
    running = process(tmp_path / "in", tmp_path / "out", "--jobs", "1")
    wait_for_labels(tmp_path / "out", 2)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate()
    assert running.returncode == 130, errors
    assert b"start the same command again to go on" in errors
    assert b"Traceback" not in errors
    again = process(tmp_path / "in", tmp_path / "out", "--jobs", "1")
    _, errors = again.communicate()
    assert again.returncode == 0, errors
    assert b"of 40 images are done already" in errors
    assert len(table(tmp_path / "out" / "particles.csv")) == 40


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None, reason="needs to mount a tiny disk")
def test_a_full_disk_is_a_sentence_and_room_lets_it_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for n in range(10):
        write(tmp_path / "in" / f"{n:02}.tif", scene(seed=n, **TINY))
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    command = ["batch", str(tmp_path / "in"), "--out", str(disk / "out"), "--formats", "csv,png", "--jobs", "1", *METHOD]
    try:
        assert main(command) == 1
        told = capsys.readouterr().err
        assert "start the same command again" in told or "check the disk's space" in told
        assert "Traceback" not in told
        subprocess.run(["mount", "-o", "remount,size=16m,nr_inodes=4k", str(disk)], check=True)
        assert main(command) == 0
        assert len(table(disk / "out" / "images.csv")) == 10
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_an_output_folder_that_cannot_be_is_said_before_the_work(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").write_text("in the way", encoding="utf-8")
    assert main(["batch", str(images), "--recursive", "--out", str(tmp_path / "out"), *METHOD]) == 1
    assert "the output folder cannot be written" in capsys.readouterr().err


def _children(parent: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False).stdout
    return [int(number) for number in listed.split()]


def _alive(process_id: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(process_id)], capture_output=True, text=True, check=False).stdout.strip()
    return bool(state) and not state.startswith("Z")
