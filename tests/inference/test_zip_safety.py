"""A zip archive with a list that would fill the memory is refused before it is read."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lycurgus.inference import zip_safety
from lycurgus.inference.zip_safety import check_directory


def archive(path: Path, *, entries: int = 3, comment: bytes = b"") -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for number in range(entries):
            file.writestr(f"{number}", b"")
        file.comment = comment
    return path


@pytest.mark.parametrize("comment", [b"", b"hello", bytes(65_535)])
def test_ordinary_archives_are_let_through_whatever_their_comment(tmp_path: Path, comment: bytes) -> None:
    path = archive(tmp_path / "a.zip", comment=comment)
    check_directory(path)
    assert len(zipfile.ZipFile(path).infolist()) == 3


@pytest.mark.parametrize("entries", [25_000, 66_000])
def test_a_list_of_many_thousand_files_is_refused(tmp_path: Path, entries: int) -> None:
    path = archive(tmp_path / "a.zip", entries=entries)
    assert (b"PK\x06\x06" in path.read_bytes()[-200:]) == (entries > 65_535), "so many are counted in 64 bits"
    with pytest.raises(zipfile.BadZipFile, match="more than 1 MB of file names"):
        check_directory(path)


def test_a_long_list_is_refused_in_the_small_form_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive(tmp_path / "a.zip", entries=100)
    monkeypatch.setattr(zip_safety, "LARGEST_DIRECTORY_BYTES", 1000)
    with pytest.raises(zipfile.BadZipFile):
        check_directory(path)


def test_a_64_bit_record_with_a_short_list_is_an_archive_like_any_other(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip")
    content = path.read_bytes()
    body, end = content[:-22], content[-22:]
    *_, entries, size, offset, _ = struct.unpack("<4s4H2LH", end)
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(body), 1)
    path.write_bytes(body + record + locator + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0))
    check_directory(path)
    assert len(zipfile.ZipFile(path).infolist()) == 3


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tail=st.binary(max_size=120) | st.binary(max_size=60).map(lambda more: b"PK\x06\x06" + more + b"PK\x05\x06" + more))
def test_what_passes_never_lists_much(tmp_path: Path, tail: bytes) -> None:
    """Whatever stands at the end: either it is refused, or zipfile reads no more than the limit."""
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04" + bytes(100) + tail)
    try:
        check_directory(path)
    except zipfile.BadZipFile:
        return
    with path.open("rb") as stream:
        end = zipfile._EndRecData(stream)  # type: ignore[attr-defined]
    assert end is None or end[5] <= zip_safety.LARGEST_DIRECTORY_BYTES
