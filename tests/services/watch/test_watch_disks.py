"""Disks that vanish, refuse, are full or read-only while a folder is watched: it is said, tried again, and costs nothing."""

from __future__ import annotations

import os
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from lycurgus.core.errors import ExportError, ProjectError
from lycurgus.services import watch_work
from lycurgus.services.batch import Batch
from lycurgus.services.plan import ExportPlan
from lycurgus.services.watch import Watch
from lycurgus.services.watch_events import ImageFailed, Said
from watched import PARAMS, Told, image, plain_report, report, watching


def test_a_folder_that_vanishes_and_returns_costs_nothing(tmp_path: Path):
    told, folder = Told(), tmp_path / "in"
    image(folder / "a.tif", 1)
    with watching(folder, told) as watch:
        told.wait_for_done("a.tif")
        folder.rename(tmp_path / "away")
        told.wait(lambda: any("cannot be reached" in event.text for event in told.of(Said)))
        assert "cannot be reached" in watch.status.trouble
        image(tmp_path / "away" / "b.tif", 2)
        (tmp_path / "away").rename(folder)
        told.wait_for_done("b.tif")
        told.wait(lambda: any("can be reached again" in event.text for event in told.of(Said)))
    assert told.done == ["a.tif", "b.tif"]
    assert told.of(ImageFailed) == []


@pytest.mark.parametrize("where", ["files", "project"])
def test_a_disk_that_refuses_is_said_tried_again_and_costs_nothing(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    told, full = Told(), threading.Event()
    full.set()
    real_export, real_keep = watch_work.export_image, Batch.keep

    def export(*values: object, **named: object) -> object:
        if full.is_set() and where == "files":
            raise ExportError(tmp_path / "out" / "labels.tif", "no space left on device")
        return real_export(*values, **named)  # type: ignore[arg-type]

    def keep(*values: object) -> object:
        if full.is_set() and where == "project":
            raise ProjectError(tmp_path / "out" / "batch.lycurgus", "the project file cannot be used (database or disk is full)")
        return real_keep(*values)  # type: ignore[arg-type]

    monkeypatch.setattr(watch_work, "export_image", export)
    monkeypatch.setattr(Batch, "keep", keep)
    paths = [image(tmp_path / "in" / f"{n}.tif", n) for n in range(2)]
    with watching(tmp_path / "in", told) as watch:
        told.wait(lambda: any("it is tried again" in event.text for event in told.of(Said)))
        assert "full" in watch.status.trouble or "no space" in watch.status.trouble
        full.clear()
        told.wait_for_done("0.tif", "1.tif")
        told.wait(lambda: any("can be written again" in event.text for event in told.of(Said)))
        assert watch.status.trouble == ""
    assert told.of(ImageFailed) == []
    assert report(tmp_path / "out") == plain_report(paths, tmp_path / "plain")


def fill(path: Path) -> None:
    """Take all the room that a disk has."""
    with path.open("wb", buffering=0) as stream, suppress(OSError):
        while True:
            stream.write(bytes(4096))


def mounted(folder: Path, *options: str) -> bool:
    folder.mkdir(exist_ok=True)
    return subprocess.run(["mount", *options, str(folder)], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounts a small disk")
def test_a_full_disk_is_waited_for_and_a_read_only_one_is_a_sentence(tmp_path: Path):
    out, told, folder = tmp_path / "out", Told(), tmp_path / "in"
    if not mounted(out, "-t", "tmpfs", "-o", "size=4m", "tmpfs"):
        pytest.skip("no disk can be mounted here")
    try:
        image(folder / "a.tif", 1)
        with watching(folder, told, formats=("csv", "labels")) as watch:
            told.wait_for_done("a.tif")
            fill(out / "ballast")
            image(folder / "b.tif", 2)
            told.wait(lambda: any("it is tried again" in event.text for event in told.of(Said)))
            (out / "ballast").unlink()
            told.wait_for_done("b.tif")
            assert watch.status.failed == 0
        assert {line.split(b",")[0] for line in report(out).splitlines()[1:]} == {b"a.tif", b"b.tif"}
        assert mounted(out, "-o", "remount,ro")
        with pytest.raises(ExportError, match="Read-only file system"):
            Watch.open(folder, PARAMS, ExportPlan(out, ("csv",)), tell=told)
    finally:
        subprocess.run(["umount", "-l", str(out)], check=False)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounts a disk")
def test_a_disk_that_becomes_read_only_in_mid_run_is_waited_for(tmp_path: Path):
    out, told, folder = tmp_path / "out", Told(), tmp_path / "in"
    image(folder / "a.tif", 1)
    with watching(folder, told, formats=("csv", "labels")) as watch:
        told.wait_for_done("a.tif")
        # Over the folder of one kind of file: the project file is open, and no system lets go of a disk with open files.
        if not mounted(out / "labels", "-t", "tmpfs", "-o", "ro", "tmpfs"):
            pytest.skip("no disk can be mounted here")
        try:
            image(folder / "b.tif", 2)
            told.wait(lambda: any("it is tried again" in event.text for event in told.of(Said)))
            assert "read-only file system" in watch.status.trouble
        finally:
            subprocess.run(["umount", "-l", str(out / "labels")], check=False)
        told.wait_for_done("b.tif")
        assert watch.status.failed == 0
    assert told.of(ImageFailed) == []
    assert sorted(path.name for path in (out / "labels").iterdir()) == ["a.tif", "b.tif"]
