"""What happens to files in a watched folder: written anew, copied, renamed, deleted, locked, changed, named alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from lycurgus.core.errors import ReadError
from lycurgus.services import watch_work
from lycurgus.services.arrivals import Look, look_into
from lycurgus.services.flow import ImageTask
from lycurgus.services.inputs import GrowingNames, name_inputs
from lycurgus.services.watch_events import ImageDropped, ImageFailed, ImageRepeated
from watched import Told, image, plain_report, report, watching


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
