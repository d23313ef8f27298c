"""Thumbnails look like their micrograph, come from the disk the second time, and never stop a list."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from data import shared
from lycurgus.core.types import Micrograph
from lycurgus.readers.discover import find_files
from lycurgus.services import thumbnails
from lycurgus.services.thumbnails import LONG_SIDE_PX, Thumbnails, small_picture
from scenes import scene, write


@pytest.fixture
def cache(tmp_path: Path) -> Thumbnails:
    return Thumbnails(tmp_path / "cache")


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch):
    """From now on no micrograph can be read: what comes, comes from the cache."""

    def forbid() -> None:
        def refuse(path: Path):
            raise AssertionError(f"{path} is read again")

        monkeypatch.setattr(thumbnails, "read", refuse)

    return forbid


@pytest.mark.parametrize(
    ("shape", "expected"), [((200, 240), (133, 160)), ((2000, 500), (160, 40)), ((90, 160), (90, 160)), ((1, 4000), (1, 160))]
)
def test_the_long_side_is_160_px_and_proportions_stay(shape: tuple[int, int], expected: tuple[int, int]) -> None:
    picture = small_picture(np.zeros(shape, np.uint16))
    assert picture.shape == expected
    assert picture.dtype == np.uint8


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.int32, np.float32, np.float64])
def test_particles_are_as_visible_in_every_type(dtype: type) -> None:
    image = scene(shape=(600, 720), discs=(((300, 360), 300),), noise=2)
    picture = small_picture(image.astype(dtype) * (1 if dtype == np.uint8 else 50))
    assert picture[66, 80] > 220
    assert picture[5, 5] < 40


def test_numbers_that_are_none_do_not_matter() -> None:
    image = scene().astype(np.float32)
    image[:20] = np.nan
    image[30, 30] = np.inf
    assert np.ptp(small_picture(image)[20:]) > 150


def test_the_second_time_the_file_is_not_read(cache: Thumbnails, tmp_path: Path, unreadable) -> None:
    path = write(tmp_path / "a.tif", scene())
    assert cache.known(path) is None
    first = cache.of(path)
    unreadable()
    assert np.array_equal(cache.of(path).picture, first.picture)
    assert np.array_equal(Thumbnails(tmp_path / "cache").known(path), first.picture)


def test_a_picture_in_memory_needs_no_reading(cache: Thumbnails, tmp_path: Path, unreadable) -> None:
    path = write(tmp_path / "a.tif", scene())
    unreadable()
    made = cache.remember(Micrograph(path, scene()))
    assert np.array_equal(cache.of(path).picture, made.picture)
    assert cache.remember(Micrograph(path, np.zeros((0, 0)))).reason == "the image is not loaded"


def test_another_content_has_another_thumbnail(cache: Thumbnails, tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", scene())
    first = cache.of(path)
    write(path, scene(discs=()))
    os.utime(path, ns=(1, 1))
    assert not np.array_equal(cache.of(path).picture, first.picture)


@pytest.mark.parametrize("damage", [b"", b"\x01", b"nonsense" * 99, None], ids=["empty", "short", "nonsense", "cut"])
def test_a_damaged_entry_is_made_again(cache: Thumbnails, tmp_path: Path, damage: bytes | None) -> None:
    path = write(tmp_path / "a.tif", scene())
    first = cache.of(path)
    (entry,) = (tmp_path / "cache").iterdir()
    entry.write_bytes(entry.read_bytes()[:-50] if damage is None else damage)
    assert cache.known(path) is None
    assert np.array_equal(cache.of(path).picture, first.picture)
    assert np.array_equal(cache.known(path), first.picture)


def test_a_bad_file_gives_a_reason(cache: Thumbnails, tmp_path: Path) -> None:
    bad = tmp_path / "bad.tif"
    bad.write_bytes(b"%PDF-1.4 nonsense")
    for path, words in ((bad, "PDF"), (tmp_path / "gone.tif", "reached"), (tmp_path, "folder")):
        thumbnail = cache.of(path)
        assert thumbnail.picture is None
        assert words in thumbnail.reason


def test_a_defect_in_a_reader_gives_a_reason(cache: Thumbnails, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path):
        raise RuntimeError("boom")

    monkeypatch.setattr(thumbnails, "read", fail)
    assert cache.of(write(tmp_path / "a.tif", scene())).reason == "an unexpected error: RuntimeError: boom"


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = Thumbnails(tmp_path / "file" / "cache")
    assert cache.of(write(tmp_path / "a.tif", scene())).picture is not None


def test_what_was_not_looked_at_for_longest_goes_first(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    paths = [write(tmp_path / f"{number}.tif", scene(seed=number)) for number in range(8)]
    roomy = Thumbnails(folder)
    for age, path in enumerate(paths[:7]):
        roomy.of(path)
        newest = max(folder.iterdir(), key=lambda entry: entry.stat().st_mtime_ns)
        os.utime(newest, ns=(age + 1, age + 1))
    assert roomy.known(paths[0]) is not None
    size = max(entry.stat().st_size for entry in folder.iterdir())
    tight = Thumbnails(folder, most_bytes=5 * size)
    tight.of(paths[7])
    assert sum(entry.stat().st_size for entry in folder.iterdir()) <= 5 * size
    kept = [number for number, path in enumerate(paths) if tight.known(path) is not None]
    # The first was looked at last but one.
    assert kept == [0, 5, 6, 7]


def test_several_threads_make_thumbnails_at_a_time(cache: Thumbnails, tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{number}.tif", scene(seed=number)) for number in range(3)]
    made: list[int] = []
    threads = [threading.Thread(target=lambda: made.extend(cache.of(path).picture.size for path in paths)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [133 * LONG_SIDE_PX] * 12


def test_real_micrographs_have_thumbnails(cache: Thumbnails) -> None:
    for path in list(find_files([shared("native")], recursive=True))[:8]:
        thumbnail = cache.of(path)
        assert (thumbnail.picture is None) == bool(thumbnail.reason)
        if thumbnail.picture is not None:
            assert np.ptp(thumbnail.picture) > 50
