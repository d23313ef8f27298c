"""From what a user names to the files that are meant."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lycurgus.core.errors import LycurgusError, ReadError
from lycurgus.readers.discover import find_files
from lycurgus.readers.door import read


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def _names(files: list[Path], folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in files]


def test_a_folder_gives_its_readable_files_in_natural_order(tmp_path: Path) -> None:
    _touch(tmp_path, "10.tif", "9.tif", "a.DM3", "b.xlsx", ".hidden.tif", "._10.tif", "notes.txt", "sub/c.png")
    assert _names(find_files([tmp_path]), tmp_path) == ["9.tif", "10.tif", "a.DM3"]


def test_a_folder_is_searched_deeply_on_request_but_not_in_circles(tmp_path: Path) -> None:
    _touch(tmp_path, "a.tif", "sub/deep/c.png", ".hidden/d.png")
    (tmp_path / "sub" / "loop").symlink_to(tmp_path)
    assert _names(find_files([tmp_path], recursive=True), tmp_path) == ["a.tif", "sub/deep/c.png"]


def test_a_folder_that_is_named_like_an_image_is_a_folder(tmp_path: Path) -> None:
    _touch(tmp_path, "x.tif/inside.png", "a.png")
    assert _names(find_files([tmp_path]), tmp_path) == ["a.png"]
    assert _names(find_files([tmp_path / "x.tif"]), tmp_path) == ["x.tif/inside.png"]


def test_series_that_belong_to_an_experiment_are_listed_once(tmp_path: Path) -> None:
    _touch(tmp_path, "scan.emi", "scan_1.ser", "Scan_2.ser", "alone_1.ser")
    assert _names(find_files([tmp_path]), tmp_path) == ["alone_1.ser", "scan.emi"]
    assert _names(find_files([tmp_path / "scan_1.ser"]), tmp_path) == ["scan_1.ser"]


def test_a_glob_leaves_out_hitachis_text_files_but_a_named_one_stays(tmp_path: Path) -> None:
    _touch(tmp_path, "a.tif")
    (tmp_path / "a.txt").write_text("[SemImageFile]\nPixelSize=2", encoding="utf-8")
    assert _names(find_files([tmp_path / "a.*"]), tmp_path) == ["a.tif"]
    assert _names(find_files([tmp_path / "a.txt"]), tmp_path) == ["a.txt"]


def test_names_with_brackets_are_names_before_they_are_patterns(tmp_path: Path) -> None:
    _touch(tmp_path, "a[1].tif", "a1.tif")
    assert _names(find_files([tmp_path / "a[1].tif"]), tmp_path) == ["a[1].tif"]


def test_what_is_named_twice_is_listed_once(tmp_path: Path) -> None:
    _touch(tmp_path, "a.tif", "b.tif")
    assert _names(find_files([tmp_path / "b.tif", tmp_path, str(tmp_path / "*.tif")]), tmp_path) == ["b.tif", "a.tif"]


def test_a_named_file_is_listed_whatever_it_is(tmp_path: Path) -> None:
    _touch(tmp_path, "report.docx")
    (tmp_path / "broken.tif").symlink_to(tmp_path / "nowhere")
    assert len(find_files([tmp_path / "report.docx", tmp_path / "broken.tif"])) == 2


def test_nothing_found_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="holds no micrograph"):
        find_files([tmp_path])
    with pytest.raises(LycurgusError, match="no file fits the pattern"):
        find_files([tmp_path / "*.tif"])
    with pytest.raises(LycurgusError, match="no micrograph was found"):
        find_files([])


def test_what_is_missing_does_not_keep_the_others_from_being_read(tmp_path: Path) -> None:
    _touch(tmp_path, "a.tif")
    (tmp_path / "empty").mkdir()
    files = find_files([tmp_path / "none.tif", tmp_path / "*.dm4", tmp_path / "empty", tmp_path / "a.tif"])
    assert _names(files, tmp_path) == ["none.tif", "a.tif", "*.dm4"]
    for path in (files[0], files[2]):
        with pytest.raises(ReadError, match="does not exist"):
            read(path)


def test_a_folder_that_may_not_be_searched_is_listed_so_that_it_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _touch(tmp_path, "a.tif", "locked/b.tif")
    search = Path.iterdir

    def refuse(folder: Path) -> Iterator[Path]:
        if folder.name == "locked":
            raise PermissionError(13, "Permission denied")
        return search(folder)

    monkeypatch.setattr(Path, "iterdir", refuse)
    monkeypatch.setattr(os, "access", lambda path, _: Path(path).name != "locked")
    files = find_files([tmp_path], recursive=True)
    assert _names(files, tmp_path) == ["a.tif", "locked"]
    with pytest.raises(ReadError, match="may not be searched"):
        read(files[1])
