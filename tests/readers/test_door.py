"""The one door: content before name, sentences instead of exceptions."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import tifffile

from lycurgus.core.errors import CalibrationError, ReadError
from lycurgus.core.types import PixelSize
from lycurgus.readers import READERS
from lycurgus.readers.door import EXTENSIONS, read
from readers.made_files import ramp, write_dm, write_picture, write_velox, zoo


def test_every_kind_of_file_reads_with_its_digest_and_json_metadata(tmp_path: Path) -> None:
    for path in zoo(tmp_path):
        micrograph = read(path)
        assert micrograph.shape == (12, 17), path.name
        assert micrograph.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert micrograph.path == path
        assert micrograph.plane in micrograph.planes
        assert json.loads(json.dumps(dict(micrograph.metadata), allow_nan=False)) == dict(micrograph.metadata)


def test_the_content_decides_not_the_name(tmp_path: Path) -> None:
    for path in zoo(tmp_path / "zoo"):
        if path.suffix in (".ser", ".emi", ".mrc"):
            continue
        for wrong in (".tif", ".dm3", ".png", ".xyz", ""):
            renamed = tmp_path / f"{path.stem}{wrong}"
            renamed.write_bytes(path.read_bytes())
            assert read(renamed).shape == (12, 17), (path.name, wrong)


def test_the_table_of_extensions_says_what_the_readers_say() -> None:
    for name in READERS:
        assert {extension for extension, reader in EXTENSIONS.items() if reader == name} == set(READERS[name].extensions)


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"", "a.tif", "is empty"),
        (bytes(5000), "a.tif", "nothing but zeros"),
        (b"%PDF-1.7", "a.tif", "a PDF document"),
        (b"hello world, this is a text", "a.tif", "not what its name says"),
        (b"hello world, this is a text", "a.txt", "of no kind that can be read"),
        (b"hello world, this is a text", "a.mrc", "cut off"),
        (b"hello world " * 200, "a.mrc", "no MRC file"),
        (b"hello world, this is a text", "a.ser", r"\.ser files"),
        (b"II*\x00", "a.tif", "damaged"),
        (b"\x89PNG\r\n\x1a\n", "a.png", "damaged"),
        (b"\x89HDF\r\n\x1a\n", "a.emd", "damaged"),
        (b"\x00\x00\x00\x03" + bytes(4) + b"\x00\x00\x00\x01", "a.dm3", "damaged"),
    ],
)
def test_what_is_no_micrograph_is_refused_with_a_sentence(content: bytes, name: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ReadError, match=reason) as refusal:
        read(path)
    assert refusal.value.path == path
    assert refusal.value.reason[0].islower()
    assert not refusal.value.reason.endswith(".")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes in folders")
def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    (tmp_path / "x.tif").mkdir()
    (tmp_path / "broken.tif").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.tif")
    for name, reason in (
        ("x.tif", "is a folder"),
        ("broken.tif", "link"),
        ("pipe.tif", "no ordinary file"),
        ("none.tif", "does not exist"),
    ):
        with pytest.raises(ReadError, match=reason):
            read(tmp_path / name)
    with pytest.raises(ReadError, match="impossible"):
        read("a\0b.tif")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_says_whom_to_ask(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.png", ramp(dtype=np.uint8))
    path.chmod(0)
    with pytest.raises(ReadError, match="may not be read"):
        read(path)


def test_a_refused_permission_is_a_sentence_whoever_runs_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_picture(tmp_path / "a.png", ramp(dtype=np.uint8))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ReadError, match="may not be read: ask its owner"):
        read(path)


def test_too_little_memory_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, ramp())

    def exhaust(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(tifffile.TiffPage, "asarray", exhaust)
    with pytest.raises(ReadError, match="more memory"):
        read(path)


@pytest.mark.parametrize("name", ["=cmd.png", "größe µm.png", "a b  c.png", "x" * 200 + ".png", "名前.png", "-rf.png"])
def test_any_name_will_do(name: str, tmp_path: Path) -> None:
    assert read(write_picture(tmp_path / name, ramp(dtype=np.uint8))).shape == (12, 17)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1)])
@pytest.mark.parametrize("value", [0.0, float("nan")])
def test_small_constant_or_empty_pictures_are_read_for_later_stages_to_judge(shape: tuple[int, int], value: float, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.full(shape, value, np.float32))
    assert read(tmp_path / "a.tif").shape == shape


def test_20_000_by_20_000_pixels_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((20_000, 20_000), np.uint8), compression="zlib", rowsperstrip=500)
    assert read(path).shape == (20_000, 20_000)


def test_the_users_pixel_size_overrides_the_files(tmp_path: Path) -> None:
    path = write_dm(tmp_path / "a.dm3", [("TEM", ramp(), [(0.5, "nm"), (0.5, "nm")])])
    assert read(path, pixel_size=0.25).pixel_size == PixelSize(0.25, 0.25, "user")
    assert read(path, pixel_size=PixelSize(1.0, 2.0, "metadata")).pixel_size == PixelSize(1.0, 2.0, "user")
    with pytest.raises(CalibrationError):
        read(path, pixel_size=-1.0)


def test_planes_are_named_in_order(tmp_path: Path) -> None:
    assert read(write_velox(tmp_path / "a.emd", {"HAADF": ramp(), "BF": ramp()})).planes == ("HAADF", "BF")


@pytest.mark.parametrize("plane", ["99", "-1", "nonsense", "", "9" * 30])
def test_a_plane_that_is_not_there_names_those_that_are(plane: str, tmp_path: Path) -> None:
    path = write_velox(tmp_path / "a.emd", {"HAADF": ramp(), "BF": ramp()})
    with pytest.raises(ReadError, match="it holds 0 HAADF, 1 BF"):
        read(path, plane=plane)


def test_reading_in_threads_leaves_the_warnings_of_the_program_as_they_were(tmp_path: Path) -> None:
    files = zoo(tmp_path) * 3
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        shapes = {micrograph.shape for micrograph in pool.map(read, files)}
    assert shapes == {(12, 17)}
    assert warnings.filters == before


def test_nothing_is_said_on_standard_output_or_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    files = zoo(tmp_path)
    for path in files:
        read(path)
    for path in files:
        path.write_bytes(path.read_bytes()[:300])
        with suppress(ReadError):
            read(path)
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""
