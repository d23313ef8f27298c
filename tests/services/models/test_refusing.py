"""What is no model, is not what it says or could do harm is refused, and everything stays as it was."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lycurgus.core.errors import ModelError
from lycurgus.inference.catalog import find_model
from lycurgus.services import model_files, model_sources
from lycurgus.services.models import add_model
from model_folders import contents, packed, refused, source
from networks import make_model


def test_what_is_no_model_is_refused(tmp_path: Path, place: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "image.tif").write_bytes(b"II*\0")
    (tmp_path / "no.zip").write_bytes(b"PK nothing")
    (tmp_path / "nothing.zip").write_bytes(b"")
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        archive.writestr("a.tif", b"x")
    refused(tmp_path / "empty", place, "no manifest.json in this folder")
    refused(tmp_path / "image.tif", place, "neither a model folder nor a zip archive")
    refused(tmp_path / "no.zip", place, "it is no zip archive")
    refused(tmp_path / "nothing.zip", place, "it is no zip archive")
    refused(tmp_path / "images.zip", place, "holds no model")
    refused(tmp_path / "missing.zip", place, "no such file or folder")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"version": "not a version"}, "manifest.json: version"),
        ({"format": 2}, "update Lycurgus"),
        ({"external": True}, "model.onnx wants to read other files"),
        ({"golden_offset": 0.5}, "does not compute what it did when it was exported .*fields 0.5"),
        ({"outputs": [{"name": "fields", "channels": 3}]}, "its manifest promises"),
        ({"input": {"name": "picture", "stride": 64, "context_px": 8}}, "its manifest names others"),
        ({"name": "default"}, "no model can be called 'default'"),
        ({"name": "con"}, "no model can be called 'con'"),
        ({"name": "alpha."}, "no model can be called 'alpha.'"),
        ({"name": "../../evil"}, "manifest.json: name"),
    ],
)
def test_a_model_that_is_not_what_it_says_is_refused(tmp_path: Path, place: Path, options: dict[str, Any], said: str) -> None:
    add_model(source(tmp_path / "before"))
    folder = make_model(tmp_path / "from" / "alpha", **options)
    refused(folder, place, said)
    refused(packed(folder), place, said)
    assert find_model("alpha").manifest.version == "1.0.0", "the one before is still there"


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("model.onnx", lambda content: content[:-1] + bytes([content[-1] ^ 1]), "another sha256"),
        ("model.onnx", lambda content: content[:-5], "its manifest promises"),
        ("model.half.onnx", lambda content: content[:-5], "its manifest promises"),
        ("golden.npz", lambda content: content[:-5], "golden.npz cannot be used"),
        ("golden.npz", lambda _: b"", "golden.npz cannot be used"),
        ("manifest.json", lambda content: content[:-5], "not valid JSON"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, place: Path, name: str, change: Callable[[bytes], bytes], said: str) -> None:
    folder = source(tmp_path / "from", half=True)
    (folder / name).write_bytes(change((folder / name).read_bytes()))
    refused(folder, place, said)


@pytest.mark.parametrize("name", ["model.onnx", "model.half.onnx", "golden.npz"])
def test_a_missing_file_is_refused(tmp_path: Path, place: Path, name: str) -> None:
    folder = source(tmp_path / "from", half=True)
    (folder / name).unlink()
    refused(folder, place, f"{name} cannot be read: No such file")


def test_an_onnx_file_that_is_none_is_refused(tmp_path: Path, place: Path) -> None:
    folder = source(tmp_path / "from")
    content = b"\x20\0\0\0ORTM" + bytes(100)
    (folder / "model.onnx").write_bytes(content)
    document = json.loads((folder / "manifest.json").read_text())
    document["model"] = {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
    (folder / "manifest.json").write_text(json.dumps(document))
    refused(folder, place, "model.onnx is no ONNX model")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../outside.md", "leads out of the folder"),
        ("a/../../outside.md", "leads out of the folder"),
        ("..\\outside.md", "leads out of the folder"),
        ("/tmp/outside.md", "absolute path"),
        ("C:\\outside.md", "absolute path"),
        ("C:outside.md", "absolute path"),
        ("aux.md", "no file name"),
        ("model.onnx:stream.md", "no file name"),
        ("a/b/c/d/e/f.md", "deeper than"),
        ("MODEL.onnx", "is in it twice"),
        ("other/manifest.json", "there are 2 models"),
    ],
)
def test_an_archive_with_a_dangerous_name_is_refused_whole(tmp_path: Path, place: Path, name: str, said: str) -> None:
    refused(packed(source(tmp_path / "from"), extra={name: b"x"}), place, said)


def with_member(path: Path, name: str, content: bytes, *, mode: int = 0, method: int = zipfile.ZIP_STORED) -> Path:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    info.compress_type = method
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(info, content)
    return path


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_devices_in_an_archive_are_refused(tmp_path: Path, place: Path, kind: int) -> None:
    path = with_member(packed(source(tmp_path / "from")), "card.md", b"/etc/passwd", mode=kind | 0o777)
    refused(path, place, "card.md is a link or no ordinary file")


def test_unusual_packing_is_refused(tmp_path: Path, place: Path) -> None:
    path = with_member(packed(source(tmp_path / "from")), "card.md", b"x", method=zipfile.ZIP_LZMA)
    refused(path, place, "card.md is packed in an unusual way")


def test_an_encrypted_archive_is_refused(tmp_path: Path, place: Path) -> None:
    path = packed(source(tmp_path / "from"))
    content = bytearray(path.read_bytes())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(signature) + at] |= 1
    path.write_bytes(content)
    refused(path, place, "is encrypted")


def test_a_file_that_unpacks_to_more_than_it_says_is_refused(tmp_path: Path, place: Path) -> None:
    """A bomb: a few kB that say they hold ten bytes, and unpack to many MB."""
    path = packed(source(tmp_path / "from"), extra={"bomb.md": bytes(15 << 20)})
    content = bytearray(path.read_bytes())
    for signature, size_at, name_at in ((b"PK\x03\x04", 22, 30), (b"PK\x01\x02", 24, 46)):
        at = content.find(signature)
        while content[at + name_at : at + name_at + 7] != b"bomb.md":
            at = content.find(signature, at + 1)
        struct.pack_into("<L", content, at + size_at, 10)
    path.write_bytes(content)
    refused(path, place, "damaged|larger than it says")


def test_a_file_that_says_it_unpacks_to_very_much_is_refused_unread(tmp_path: Path, place: Path) -> None:
    refused(packed(source(tmp_path / "from"), extra={"bomb.md": bytes(20 << 20)}), place, "bomb.md unpacks to 20 MB")


def test_too_many_files_are_refused(tmp_path: Path, place: Path) -> None:
    folder = source(tmp_path / "from")
    refused(packed(folder, extra={f"{number}.md": b"" for number in range(1100)}), place, "more than 1000")
    for number in range(1100):
        (folder / f"{number}.md").touch()
    refused(folder, place, "more than 1000")


def test_an_archive_that_lists_thousands_of_files_is_refused_before_it_is_listed(tmp_path: Path, place: Path) -> None:
    path = tmp_path / "alpha.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(25_000):
            archive.writestr(f"{number}", b"")
    refused(path, place, "MB of file names")


def test_an_archive_that_is_too_large_is_refused_unread(tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(source(tmp_path / "from"))
    monkeypatch.setattr(model_sources, "LARGEST_ARCHIVE_BYTES", 100)
    refused(path, place, "more than 0 MB")


def test_a_folder_with_a_file_that_is_too_large_is_refused(tmp_path: Path, place: Path) -> None:
    folder = source(tmp_path / "from")
    with (folder / "model.onnx").open("r+b") as file:
        file.truncate(model_files.LARGEST_FILES["model.onnx"] + 1)
    refused(folder, place, "model.onnx unpacks to 512 MB, more than")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
@pytest.mark.parametrize("name", ["MODEL_CARD.md", "model.onnx", "failures"])
def test_a_folder_with_a_link_is_refused(tmp_path: Path, place: Path, name: str) -> None:
    folder = source(tmp_path / "from")
    elsewhere = tmp_path / "elsewhere"
    if (folder / name).exists():
        (folder / name).rename(elsewhere)
    (folder / name).symlink_to(elsewhere)
    refused(folder, place, f"{name} is a link")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes among files there")
def test_a_pipe_in_a_folder_is_refused_and_nobody_waits_for_it(tmp_path: Path, place: Path) -> None:
    folder = source(tmp_path / "from")
    os.mkfifo(folder / "notes.md")
    refused(folder, place, "notes.md is a link or no ordinary file")


@pytest.mark.parametrize("seed", range(40))
def test_an_archive_with_bytes_changed_anywhere_is_added_whole_or_refused(tmp_path: Path, place: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    folder = source(tmp_path / "from")
    path = packed(folder)
    content = bytearray(path.read_bytes())
    for at in random.integers(0, len(content), 3):
        content[at] = random.integers(0, 256)
    if seed % 4 == 0:
        content = content[: int(random.integers(0, len(content)))]
    path.write_bytes(content)
    try:
        added = add_model(path)
    except ModelError:
        assert contents(place) == {}
        return
    for name in ("model.onnx", "manifest.json"):
        assert (added.model.folder / name).read_bytes() == (folder / name).read_bytes()
