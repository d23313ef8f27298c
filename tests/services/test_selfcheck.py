"""selfcheck finds what a frozen application may lack: decoders, writers, the tools beside it."""

from __future__ import annotations

import shutil
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile

from lycurgus.core.errors import LycurgusError
from lycurgus.readers import READERS
from lycurgus.resources import resource
from lycurgus.services import selfcheck_files
from lycurgus.services.selfcheck import selfcheck
from lycurgus.services.selfcheck_files import KNOWN_FILES, check_exporters, check_readers, known_picture


@pytest.fixture
def known_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the known files that a test may spoil."""
    folder = tmp_path / KNOWN_FILES
    shutil.copytree(resource(KNOWN_FILES), folder)
    monkeypatch.setattr(selfcheck_files, "resource", lambda name: tmp_path / name)
    return folder


def test_every_reader_reads_its_files() -> None:
    assert check_readers().endswith(f"by {len(READERS)} readers")


def test_a_file_that_is_not_read_is_named(known_files: Path) -> None:
    (known_files / "image.dm3").write_bytes(b"\x00\x00\x00\x03")
    with pytest.raises(LycurgusError, match=r"image\.dm3"):
        check_readers()


def test_a_picture_that_comes_out_otherwise_is_named(known_files: Path) -> None:
    tifffile.imwrite(known_files / "lzw.tif", np.flipud(known_picture()).astype(np.uint8))
    with pytest.raises(LycurgusError, match=r"lzw\.tif .* other grey levels"):
        check_readers()


def test_a_reader_without_a_file_is_named(known_files: Path) -> None:
    (known_files / "image.mrc").unlink()
    with pytest.raises(LycurgusError, match="mrc"):
        check_readers()


def test_every_format_is_written() -> None:
    assert "formats" in check_exporters()


def test_a_format_that_is_not_written_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lycurgus.exporters.roi.RoiExporter.write", lambda *_: ())
    with pytest.raises(LycurgusError, match=r"\.zip"):
        check_exporters()


def test_a_check_that_breaks_is_a_failed_check(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> str:
        raise ImportError("imagecodecs._zstd")

    monkeypatch.setattr("lycurgus.services.selfcheck.check_readers", broken)
    found = {check.name: check for check in islice(selfcheck(), 3)}
    assert (found["readers"].status, found["readers"].detail) == ("failed", "ImportError: imagecodecs._zstd")
    assert found["exporters"].status == "ok"


@pytest.mark.parametrize(
    ("gpus", "status", "words"),
    [(0, "ok", "no NVIDIA GPU with a working driver"), (1, "missing", "although there is a GPU: CUDA is too old.")],
)
def test_a_build_for_gpus_says_why_it_runs_on_the_cpu(gpus: int, status: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = "lycurgus.services.selfcheck"
    network = SimpleNamespace(provider="cpu", on_gpu=False, warnings=("CUDA is too old.",))
    monkeypatch.setattr(f"{module}.open_network", lambda _: network)
    monkeypatch.setattr(f"{module}.available_providers", lambda: ("CUDAExecutionProvider", "CPUExecutionProvider"))
    monkeypatch.setattr(f"{module}.nvidia_gpus", lambda: gpus)
    device = next(check for check in selfcheck() if check.name == "device")
    assert device.status == status
    assert "networks run on cpu" in device.detail
    assert words in device.detail
