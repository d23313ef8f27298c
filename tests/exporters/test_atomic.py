"""Output files appear whole or not at all, whatever the file system does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from lycurgus.core.errors import ExportError
from lycurgus.exporters import IMAGE_EXPORTERS, REPORT_EXPORTERS
from lycurgus.exporters.atomic import replacing
from reports import make_report


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def write(target: Path, text: str) -> None:
    with replacing(target) as temporary:
        temporary.write_text(text)


@contextmanager
def disk_that_takes(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size: the kernel refuses the write as it does on a full disk."""
    resource = pytest.importorskip("resource", reason="only POSIX systems limit file sizes")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Give up root's right to write everywhere for a while."""
    if not hasattr(os, "geteuid"):
        pytest.skip("permissions of folders are a POSIX matter")
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_and_its_folders_appear(tmp_path: Path) -> None:
    write(tmp_path / "new" / "folder" / "a.txt", "whole")
    assert (tmp_path / "new/folder/a.txt").read_text() == "whole"
    assert files_below(tmp_path) == ["new/folder/a.txt"]


def test_a_file_is_replaced_only_when_the_new_one_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with replacing(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"


def write_half(target: Path, error: BaseException) -> None:
    with replacing(target) as temporary:
        temporary.write_text("half")
        raise error


@pytest.mark.parametrize(
    ("error", "told_as"),
    [(ValueError("a bug"), ValueError), (KeyboardInterrupt(), KeyboardInterrupt), (OSError(28, "No space left on device"), ExportError)],
)
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: BaseException, told_as: type[BaseException]) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(told_as):
        write_half(target, error)
    assert target.read_text() == "old"
    assert files_below(tmp_path) == ["a.txt"]


def test_a_full_disk_is_told_in_a_sentence(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    with disk_that_takes(10_000), pytest.raises(ExportError) as caught, replacing(target) as temporary:
        temporary.write_bytes(bytes(20_000))
    assert str(caught.value).startswith("a.bin: file too large: check the space")
    assert files_below(tmp_path) == []


@pytest.mark.parametrize("name", [*IMAGE_EXPORTERS, "coco"])
def test_no_exporter_leaves_half_a_file_on_a_full_disk(tmp_path: Path, name: str) -> None:
    report = make_report(n_images=1, n_particles=60, thumbnails=False)
    write_all = (
        partial(IMAGE_EXPORTERS[name].write, report.entries[0])
        if name in IMAGE_EXPORTERS
        else partial(REPORT_EXPORTERS[name].write, report)
    )
    with disk_that_takes(100), pytest.raises(ExportError):
        write_all(tmp_path)
    assert files_below(tmp_path) == []


def test_a_folder_without_permission_is_told_in_a_sentence(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    try:
        with ordinary_user(), pytest.raises(ExportError, match=r"a\.txt: permission denied: check the space, the permissions"):
            write(locked / "a.txt", "never")
    finally:
        locked.chmod(0o755)
    assert files_below(tmp_path) == []


def test_a_folder_in_the_way_is_told_before_any_work_is_done(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(ExportError, match="a folder of that name is in the way"), replacing(tmp_path / "a.txt"):
        pytest.fail("work was done in vain")
    assert files_below(tmp_path) == []


def test_a_file_in_place_of_the_output_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("I am a file")
    with pytest.raises(ExportError):
        write(tmp_path / "out" / "labels" / "a.txt", "never")
    assert files_below(tmp_path) == ["out"]


def test_the_longest_allowed_name_can_be_written(tmp_path: Path) -> None:
    longest = "n" * (os.pathconf(tmp_path, "PC_NAME_MAX") - 4) + ".txt" if hasattr(os, "pathconf") else "n" * 100 + ".txt"
    write(tmp_path / longest, "whole")
    assert files_below(tmp_path) == [longest]


@pytest.mark.parametrize("name", ["n" * 300 + ".txt", "a." + "n" * 300])
def test_a_name_that_is_too_long_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(ExportError, match="name too long"):
        write(tmp_path / name, "never")
    assert files_below(tmp_path) == []


@pytest.mark.parametrize("name", ["=cmd.txt", "Größe µm.txt", "with space .txt", ".hidden", "no suffix", "a.b.c"])
def test_unusual_names_are_ordinary_names(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, "whole")
    assert files_below(tmp_path) == [name]


@pytest.mark.skipif(not hasattr(os, "umask"), reason="POSIX permissions")
def test_files_get_the_permissions_of_ordinary_files(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "whole")
    (tmp_path / "ordinary.txt").write_text("")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "ordinary.txt").stat().st_mode


def test_writers_of_one_target_do_not_disturb_each_other(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with replacing(target) as first, replacing(target) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert target.read_text() == "first"
    assert files_below(tmp_path) == ["a.txt"]


def test_exporters_write_equal_files_for_equal_results(tmp_path: Path) -> None:
    report = make_report(n_images=1)
    for folder in ("a", "b"):
        for name in IMAGE_EXPORTERS:
            IMAGE_EXPORTERS[name].write(report.entries[0], tmp_path / folder)
        REPORT_EXPORTERS["coco"].write(report, tmp_path / folder)
    names = files_below(tmp_path / "a")
    assert len(names) == 8
    assert all(np.array_equal((tmp_path / "a" / name).read_bytes(), (tmp_path / "b" / name).read_bytes()) for name in names)
