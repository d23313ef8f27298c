"""A watched folder: whatever lands in it, and however, is counted once, and the report is that of a plain analysis."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from lycurgus.core.errors import ExportError, ParameterError, ProjectError, ReadError
from lycurgus.core.progress import CancelToken
from lycurgus.parameters import default_params, with_settings
from lycurgus.pipeline import summarize
from lycurgus.services import lookout as lookout_module
from lycurgus.services import watch as watch_module
from lycurgus.services import watch_work
from lycurgus.services.analysis import export_image, run_tasks
from lycurgus.services.arrivals import Look, look_into
from lycurgus.services.batch import Batch
from lycurgus.services.flow import ImageTask
from lycurgus.services.inputs import GrowingNames, name_inputs
from lycurgus.services.plan import ExportPlan
from lycurgus.services.report import build_report, write_report
from lycurgus.services.watch import Watch
from lycurgus.services.watch_events import ImageDone, ImageDropped, ImageFailed, ImageRepeated, ImageSeen, Said, WatchEvent
from scenes import scene, write

PARAMS = with_settings(default_params(), ["detector.name=otsu", "separator.name=none", "statistics.bootstrap=20"])
PATIENCE_S = 120.0
WRITER = Path(__file__).resolve().parent.parent / "watch_writer.py"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look and try again without delay: what is tested is what happens, not when."""
    monkeypatch.setattr(watch_module, "POLL_S", 0.01)
    monkeypatch.setattr(watch_module, "_TICK_S", 0.005)
    monkeypatch.setattr(watch_module, "_OUTPUT_RETRY_S", 0.05)
    monkeypatch.setattr(lookout_module, "DELAYS_S", (0.01,) * 4)


def image(path: Path, seed: int, *, size: int = 20) -> Path:
    return write(path, scene(seed=seed, shape=(64, 64), discs=(((30.0, 30.0), float(size)), ((10.0, 52.0), 9.0))), pixel_size_nm=0.5)


class Told:
    """What a watch said, and a way to wait for it."""

    def __init__(self) -> None:
        self.events: list[WatchEvent] = []
        self._news = threading.Condition()

    def __call__(self, event: WatchEvent) -> None:
        with self._news:
            self.events.append(event)
            self._news.notify_all()

    def wait(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so, looked at whenever something is said."""
        with self._news:
            assert self._news.wait_for(is_so, timeout=PATIENCE_S), self.events

    def of(self, kind: type[WatchEvent]) -> list[WatchEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def done(self) -> list[str]:
        return [event.note.path.name for event in self.events if isinstance(event, ImageDone)]

    def wait_for_done(self, *names: str) -> None:
        self.wait(lambda: set(names) <= set(self.done))


@contextmanager
def watching(folder: Path, told: Told, *, formats: tuple[str, ...] = ("csv",), **options: object) -> Iterator[Watch]:
    """Watch until the block ends, then settle and write."""
    stop, crash = CancelToken(), []
    folder.mkdir(exist_ok=True)
    with Watch.open(folder, PARAMS, ExportPlan(folder.parent / "out", formats), tell=told, **options) as watch:

        def run() -> None:
            try:
                watch.run(cancel=stop)
            except BaseException as error:
                crash.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield watch
        finally:
            stop.cancel()
            thread.join(PATIENCE_S)
        assert not crash
        watch.finish()


def run_until_idle(folder: Path, told: Told | None = None, **options: object) -> Told:
    told = told or Told()
    with Watch.open(folder, PARAMS, ExportPlan(folder.parent / "out", ("csv",)), tell=told, **options) as watch:
        watch.run(idle_exit_s=0.3)
        watch.finish()
    return told


def report(folder: Path, name: str = "particles.csv") -> bytes:
    return (folder / name).read_bytes()


def plain_report(paths: list[Path], out: Path) -> bytes:
    """What ``lycurgus analyze`` would write."""
    tasks = [ImageTask(source, PARAMS, out) for source in name_inputs(paths)]
    write_report(build_report([outcome for _, outcome in run_tasks(tasks)], [], PARAMS.statistics), out, ("csv",))  # type: ignore[misc]
    return report(out)


def test_the_report_is_that_of_a_plain_analysis_and_of_a_batch(tmp_path: Path):
    folder = tmp_path / "in"
    paths = [image(folder / f"{n}.tif", n, size=16 + n) for n in range(4)]
    told = run_until_idle(folder)
    assert told.done == ["0.tif", "1.tif", "2.tif", "3.tif"]
    assert report(tmp_path / "out") == plain_report(paths, tmp_path / "plain")
    with Batch.open(name_inputs(paths), PARAMS, ExportPlan(tmp_path / "out", ("csv",))) as batch:
        assert batch.pending == ()


def test_a_result_is_told_before_its_files_are_written_and_counted_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    told, may_write = Told(), threading.Event()

    def write_when_allowed(*args: object, **options: object) -> object:
        assert may_write.wait(PATIENCE_S)
        return export_image(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(watch_work, "export_image", write_when_allowed)
    with watching(tmp_path / "in", told) as watch:
        path = image(tmp_path / "in" / "0.tif", 0)
        told.wait(lambda: bool(told.of(ImageSeen)))
        (seen,) = told.of(ImageSeen)
        assert isinstance(seen, ImageSeen)
        assert (seen.path, seen.shape, watch.status.done, told.done) == (path, (64, 64), 0, [])
        may_write.set()
        told.wait_for_done("0.tif")
        (done,) = told.of(ImageDone)
        assert isinstance(done, ImageDone)
        assert done.result.particles is seen.result.particles


def test_each_file_is_analysed_once_across_restarts(tmp_path: Path):
    folder = tmp_path / "in"
    for n in range(3):
        image(folder / f"{n}.tif", n)
    image(folder / "a copy.tif", 0)
    assert run_until_idle(folder).done == ["0.tif", "1.tif", "2.tif"]
    image(folder / "3.tif", 3)
    os.utime(folder / "2.tif", ns=(5, 5))
    again = run_until_idle(folder)
    assert again.done == ["3.tif"]
    assert "3 images are done already" in [event.text for event in again.of(Said)]
    assert run_until_idle(folder).done == []
    assert {line.split(b",")[0] for line in report(tmp_path / "out").splitlines()[1:]} == {b"0.tif", b"1.tif", b"2.tif", b"3.tif"}


def test_whatever_a_microscope_does_each_image_is_counted_once(tmp_path: Path):
    sources = tmp_path / "sources"
    for n in range(50):
        image(sources / f"{n:02}.tif", n)
    told, folder = Told(), tmp_path / "in"
    with watching(folder, told) as watch:
        command = [sys.executable, str(WRITER), str(folder), str(sources), "slow", "temporary", "burst", "truncate", "die"]
        assert subprocess.run(command, check=False).returncode == 9
        told.wait_for_done("slow.tif", "placed.tif", "rewritten.tif", *(f"burst {n:02}.tif" for n in range(50)))
        told.wait(lambda: any(event.final for event in told.of(ImageFailed)))
        assert watch.status.done == 53
    assert [event.path.name for event in told.of(ImageFailed) if event.final] == ["half.tif"]
    counted = [path for path in folder.iterdir() if path.name != "half.tif"]
    tables = report(tmp_path / "out"), plain_report(sorted(counted), tmp_path / "plain")
    assert sorted(tables[0].splitlines()) == sorted(tables[1].splitlines())
    assert len(tables[0].splitlines()) > 53


def test_a_file_that_is_written_anew_takes_the_place_of_its_former_content(tmp_path: Path):
    told, folder = Told(), tmp_path / "in"
    image(folder / "live view.tif", 1, size=12)
    with watching(folder, told) as watch:
        told.wait_for_done("live view.tif")
        before = watch.live.snapshot()
        image(folder / "live view.tif", 2, size=30)
        told.wait(lambda: len(told.done) == 2)
        after = watch.live.snapshot()
    assert (before.n_images, after.n_images) == (1, 1)
    assert after.convergence.geometric_mean > 1.2 * before.convergence.geometric_mean
    assert report(tmp_path / "out") == plain_report([folder / "live view.tif"], tmp_path / "plain")


def test_the_copy_of_a_content_counts_when_the_original_gets_another(tmp_path: Path):
    told, folder = Told(), tmp_path / "in"
    image(folder / "a.tif", 1)
    with watching(folder, told) as watch:
        told.wait_for_done("a.tif")
        (folder / "b.tif").write_bytes((folder / "a.tif").read_bytes())
        told.wait(lambda: bool(told.of(ImageRepeated)))
        assert watch.duplicates == {folder / "b.tif": folder / "a.tif"}
        image(folder / "a.tif", 2, size=30)
        told.wait_for_done("b.tif")
        assert watch.duplicates == {}
        assert watch.status.done == 2


def test_a_renamed_image_is_counted_once_under_its_new_name(tmp_path: Path):
    told, folder = Told(), tmp_path / "in"
    image(folder / "new acquisition.tif", 1)
    with watching(folder, told, formats=("csv", "labels")) as watch:
        told.wait_for_done("new acquisition.tif")
        (folder / "new acquisition.tif").rename(folder / "sample 7.tif")
        told.wait(lambda: bool(told.of(ImageDropped)))
        assert watch.live.snapshot().n_images == 1
    assert report(tmp_path / "out") == plain_report([folder / "sample 7.tif"], tmp_path / "plain")
    assert [path.name for path in (tmp_path / "out" / "labels").iterdir()] == ["sample 7.tif"]


def test_deleted_images_stay_counted_and_those_deleted_too_early_leave_no_trace(tmp_path: Path):
    told, folder = Told(), tmp_path / "in"
    image(folder / "a.tif", 1)
    with watching(folder, told) as watch:
        told.wait_for_done("a.tif")
        (folder / "a.tif").unlink()
        (folder / "early.tif").write_bytes(b"half")
        (folder / "early.tif").unlink()
        image(folder / "b.tif", 2)
        told.wait_for_done("b.tif")
        assert watch.status.done == 2
        assert watch.status.failed == 0
    lines = report(tmp_path / "out").splitlines()[1:]
    assert {line.split(b",")[0] for line in lines} == {b"a.tif", b"b.tif"}


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


def test_a_file_that_is_locked_for_a_while_is_read_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    told, real, tries = Told(), watch_work.read_image, []

    def locked(task: ImageTask) -> object:
        tries.append(task)
        if len(tries) < 3:
            raise ReadError(task.source.path, "may not be read")
        return real(task)

    monkeypatch.setattr(watch_work, "read_image", locked)
    image(tmp_path / "in" / "a.tif", 1)
    with watching(tmp_path / "in", told):
        told.wait_for_done("a.tif")
    assert [(event.reason, event.final) for event in told.of(ImageFailed)] == [("may not be read", False)]


def test_a_file_that_changes_while_it_is_analysed_is_analysed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    told, real, path = Told(), watch_work.analyse_image, image(tmp_path / "in" / "a.tif", 1, size=12)
    changes = iter([True])

    def analyse(task: ImageTask, *others: object) -> object:
        result = real(task, *others)  # type: ignore[arg-type]
        if next(changes, False):
            image(path, 2, size=30)
        return result

    monkeypatch.setattr(watch_work, "analyse_image", analyse)
    with watching(tmp_path / "in", told):
        told.wait_for_done("a.tif")
    assert len(told.done) == 1
    assert report(tmp_path / "out") == plain_report([path], tmp_path / "plain")


def test_images_whose_names_collide_get_files_of_their_own(tmp_path: Path):
    told, folder = Told(), tmp_path / "in"
    image(folder / "a.tif", 1)
    with watching(folder, told, formats=("csv", "labels"), recursive=True):
        told.wait_for_done("a.tif")
        image(folder / "a.tiff", 2)
        told.wait(lambda: sorted(told.done) == ["a.tif", "a.tif", "a.tiff"])
    stems = {source.stem for source in name_inputs([folder / "a.tif", folder / "a.tiff"])}
    assert {path.stem for path in (tmp_path / "out" / "labels").iterdir()} == stems


def test_names_that_grow_are_those_of_all_at_once(tmp_path: Path):
    paths = [tmp_path / name for name in ("b.tif", "a.tif", "sub/a.tif", "A.dm3", "c.tif", "c", "sub/c.tif", "10.tif", "9.tif")]
    names = GrowingNames()
    for path in paths:
        names.add(path)
    wanted = {one.path: (one.image, one.stem) for one in name_inputs(sorted(paths))}
    assert {one.path: (one.image, one.stem) for one in names.inputs} == wanted
    names.remove(paths[2])
    assert {one.image for one in names.inputs} == {one.image for one in name_inputs([path for path in paths if path != paths[2]])}


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


def test_other_parameters_need_another_folder_or_a_new_beginning(tmp_path: Path):
    folder = tmp_path / "in"
    image(folder / "a.tif", 1)
    run_until_idle(folder)
    plan, other = ExportPlan(tmp_path / "out", ("csv",)), with_settings(PARAMS, ["cleaning.border=keep"])
    with pytest.raises(ParameterError, match=r"cleaning\.border"):
        Watch.open(folder, other, plan, tell=Told())
    with Watch.open(folder, other, plan, tell=Told(), anew=True) as watch:
        assert "set aside" in watch.remarks[0]
        assert watch.status.done == 0


def test_a_folder_that_does_not_exist_is_a_sentence(tmp_path: Path):
    with pytest.raises(ReadError, match="no folder that can be reached"):
        Watch.open(tmp_path / "none", PARAMS, ExportPlan(tmp_path / "out", ("csv",)), tell=Told())


def test_a_series_that_was_counted_goes_when_its_emi_file_comes(tmp_path: Path):
    folder, told = tmp_path / "in", Told()
    for n in (1, 2):
        image(folder / f"scan_{n}.tif", n)
    emi, ser = folder / "scan_1.tif", folder / "scan_2.tif"
    shown = {"emi": False}

    def look(where: Path) -> Look:
        found = look_into(where).sights
        if shown["emi"]:
            return Look({emi: found[emi]}, {ser: emi})
        return Look({ser: found[ser]})

    with watching(folder, told, look=look) as watch:
        told.wait_for_done("scan_2.tif")
        shown["emi"] = True
        told.wait(lambda: bool(told.of(ImageDropped)))
        assert watch.live.snapshot().n_images == 1
    assert report(tmp_path / "out") == plain_report([emi], tmp_path / "plain")


def test_the_live_sample_agrees_with_the_report(tmp_path: Path):
    told, folder = Told(), tmp_path / "in"
    rng = np.random.default_rng(0)
    paths = [image(folder / f"{n}.tif", n, size=int(rng.integers(12, 30))) for n in range(8)]
    with watching(folder, told) as watch:
        told.wait(lambda: len(told.done) == 8)
        live = watch.live.snapshot()
        results = [watch.batch.project.load(path) for path in paths]
    summary = summarize(results, PARAMS.statistics).main
    assert live.unit == "nm"
    assert live.convergence.n == summary.n
    assert live.convergence.geometric_mean == pytest.approx(summary.geometric_mean)
    assert live.convergence.gsd == pytest.approx(summary.geometric_sd)
    assert live.percentiles is not None
    assert live.percentiles.values[2] == pytest.approx(summary.d90, rel=0.02)
