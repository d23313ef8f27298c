"""Models are added once they are proved and removed again; what is refused leaves everything as it was."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lycurgus.core.errors import Cancelled, LycurgusError, ModelError
from lycurgus.core.progress import CancelToken
from lycurgus.inference import catalog
from lycurgus.inference.catalog import InstalledModel, find_model, installed, usable
from lycurgus.inference.session import forget_networks
from lycurgus.services import model_files, model_sources, models
from lycurgus.services.models import add_model, card_of, check_models, remove_model
from networks import make_model


@pytest.fixture(autouse=True)
def bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation that brings the network 'particles', and a user who has added none."""
    monkeypatch.setenv("LYCURGUS_HOME", str(tmp_path / "home"))
    make_model(tmp_path / "bundled" / "particles", version="1.0.0")
    monkeypatch.setattr(catalog, "bundled_models", lambda: tmp_path / "bundled")
    yield tmp_path / "bundled"
    forget_networks()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "home" / "data" / "models"


def source(folder: Path, name: str = "alpha", **options: Any) -> Path:
    """A model folder somewhere, with a card."""
    made = make_model(folder / name, **options)
    (made / "MODEL_CARD.md").write_text("# Blobs, µ\n", encoding="utf-8")
    return made


def packed(folder: Path, *, inside: str = "", extra: dict[str, bytes] | None = None) -> Path:
    """A model folder as a zip archive beside it.

    Parameters
    ----------
    inside : folder of the archive that holds the model, with a slash.
    extra : more members.
    """
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, inside + file.relative_to(folder).as_posix())
        for name, content in (extra or {}).items():
            archive.writestr(name, content)
    return path


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every file and folder under a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


def refused(path: Path, place: Path, said: str) -> None:
    """Adding is refused in one sentence about the source, and nothing has changed."""
    place.mkdir(parents=True, exist_ok=True)
    outside = place.parent.parent.parent
    before = contents(outside)
    with pytest.raises(ModelError, match=said) as caught:
        add_model(path)
    assert contents(outside) == before
    assert str(caught.value).startswith(f"{path.name}: ")
    assert str(caught.value).isprintable()
    assert ".lycurgus-" not in str(caught.value), "where it was looked at is nobody's business"


@pytest.mark.parametrize("inside", [None, "", "alpha/", "export/run 7/"])
def test_a_folder_or_an_archive_becomes_a_model(tmp_path: Path, place: Path, inside: str | None) -> None:
    folder = source(tmp_path / "from", head="star-convex", half=True)
    (folder / "failures").mkdir()
    (folder / "failures" / "sem.png").write_bytes(b"picture")
    added = add_model(folder if inside is None else packed(folder, inside=inside))
    assert added.golden.passed
    assert (added.replaced, added.updates, added.left_out) == ((), "", ())
    assert find_model("alpha") == added.model
    assert contents(added.model.folder) == contents(folder)
    assert [path.name for path in place.iterdir()] == [added.model.folder.name]
    assert card_of(added.model.folder) == "# Blobs, µ\n"
    assert added.in_words() == "Model 'alpha' 1.0.0 was checked and added."


def test_what_does_not_belong_to_a_model_is_left_out_and_named(tmp_path: Path) -> None:
    folder = source(tmp_path / "from")
    path = packed(folder, extra={"weights.pt": b"x", "evil.py": b"x", "__MACOSX/._manifest.json": b"x", ".DS_Store": b"x"})
    added = add_model(path)
    assert added.left_out == ("weights.pt", "evil.py")
    assert contents(added.model.folder) == contents(folder)


@pytest.mark.parametrize(("before", "after"), [("1.0.0", "2.0.0"), ("2.0.0", "1.0.0"), ("1.0.0", "1.0.0")])
def test_a_model_of_the_users_own_is_replaced_by_whichever_is_added(tmp_path: Path, place: Path, before: str, after: str) -> None:
    add_model(source(tmp_path / "before", version=before))
    added = add_model(source(tmp_path / "after", version=after, head="star-convex"))
    assert added.replaced == (before,)
    assert find_model("alpha").manifest.version == after
    assert find_model("alpha").manifest.head == "star-convex"
    assert len(list(place.iterdir())) == 1


def test_a_model_put_there_by_hand_is_replaced_too(tmp_path: Path, place: Path) -> None:
    source(place, name="by hand", version="0.5")
    document = json.loads((place / "by hand" / "manifest.json").read_text())
    (place / "by hand" / "manifest.json").write_text(json.dumps({**document, "name": "alpha"}))
    assert add_model(source(tmp_path / "from")).replaced == ("0.5",)
    assert not (place / "by hand").exists()


def test_a_later_version_of_a_bundled_model_is_used_until_it_is_removed(tmp_path: Path) -> None:
    added = add_model(source(tmp_path / "from", name="particles", version="1.1.0"))
    assert added.updates == "1.0.0"
    assert "used from now on instead of version 1.0.0, which comes with Lycurgus" in added.in_words()
    assert find_model() == find_model("particles") == added.model
    removed = remove_model("particles")
    assert removed.in_words() == "Model 'particles' 1.1.0 was removed. Version 1.0.0, which comes with Lycurgus, is used again."
    assert find_model().bundled


@pytest.mark.parametrize("version", ["1.0.0", "0.9.0", "1.0.0rc1", "latest"])
def test_what_would_stand_behind_a_bundled_model_is_refused(tmp_path: Path, place: Path, version: str) -> None:
    refused(
        source(tmp_path / "from", name="particles", version=version), place, f"1.0.0 of 'particles' comes with .* {version} is no later"
    )


# What is refused


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


# Nothing is lost


def test_a_disk_that_refuses_leaves_the_model_before_it(tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_model(source(tmp_path / "before"))
    before = contents(place)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    newer = source(tmp_path / "from", version="2.0.0")
    for owner, name in ((model_sources.os, "fsync"), (Path, "rename")):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, full)
            with pytest.raises(ModelError, match="No space left"):
                add_model(newer)
        assert contents(place) == before
        assert find_model("alpha").manifest.version == "1.0.0"


def test_a_version_that_cannot_be_replaced_stays_and_the_new_one_goes(tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = add_model(source(tmp_path / "before")).model.folder
    rename = Path.rename

    def held(path: Path, target: Path) -> Path:
        if path == old:
            raise PermissionError(errno.EACCES, "Permission denied")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", held)
    with pytest.raises(ModelError, match="cannot be replaced: Permission denied"):
        add_model(source(tmp_path / "from", version="2.0.0"))
    assert list(place.iterdir()) == [old]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="everything can be written to")
def test_a_folder_that_cannot_be_written_to_is_a_sentence(tmp_path: Path, place: Path) -> None:
    place.mkdir(parents=True)
    place.chmod(0o500)
    try:
        refused(source(tmp_path / "from"), place, "cannot be written to: Permission denied")
    finally:
        place.chmod(0o700)


def test_a_file_where_the_folder_should_be_is_a_sentence(tmp_path: Path, place: Path) -> None:
    place.parent.mkdir(parents=True)
    place.write_text("in the way")
    with pytest.raises(ModelError, match="cannot be written to"):
        add_model(source(tmp_path / "from"))


def test_cancelling_leaves_nothing_behind(tmp_path: Path, place: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        add_model(source(tmp_path / "from"), cancel=cancel)
    assert contents(place) == {}


def test_two_windows_that_add_at_once_do_no_harm(tmp_path: Path, place: Path) -> None:
    """There is a model at every moment, whole; at the end one of those that were added is used."""
    add_model(source(tmp_path / "first", version="1.0"))
    versions = [f"2.{number}" for number in range(6)]
    sources = [source(tmp_path / version, version=version) for version in versions]
    seen = []
    with ThreadPoolExecutor(3) as pool:
        adding = [pool.submit(add_model, path) for path in sources]
        while not all(job.done() for job in adding):
            seen.append(find_model("alpha").manifest.version)
    assert all(job.result().golden.passed for job in adding)
    assert set(seen) <= {"1.0", *versions}
    assert find_model("alpha").manifest.version in versions
    assert not list(place.glob(".*"))
    (check,) = [check for check in check_models(["alpha"]) if isinstance(check.listed, InstalledModel)]
    assert not check.problem
    remove_model("alpha")
    assert list(place.iterdir()) == []


def test_what_a_killed_program_has_left_is_cleared_away_later_and_never_listed(tmp_path: Path, place: Path) -> None:
    old, fresh = make_model(place / ".lycurgus-old"), make_model(place / ".lycurgus-fresh")
    os.utime(old, (0, 0))
    assert [model.manifest.name for model in usable()] == ["particles"]
    add_model(source(tmp_path / "from"))
    assert not old.exists()
    assert fresh.exists(), "another window may be writing it"


# Removing and checking


def test_a_bundled_model_cannot_be_removed(bundled: Path) -> None:
    before = contents(bundled)
    with pytest.raises(LycurgusError, match=r"'particles' comes with Lycurgus and cannot be removed"):
        remove_model("particles")
    assert contents(bundled) == before


@pytest.mark.parametrize("name", ["omega", "..", "../../bundled/particles", "", "."])
def test_only_what_is_listed_can_be_removed(tmp_path: Path, name: str) -> None:
    add_model(source(tmp_path / "from"))
    before = contents(tmp_path)
    with pytest.raises(LycurgusError, match=r"you have no model called .*: yours: alpha"):
        remove_model(name)
    assert contents(tmp_path) == before


def test_a_folder_that_cannot_be_used_is_removed_by_its_name(place: Path) -> None:
    make_model(place / "broken", version="not a version")
    assert remove_model("broken").in_words() == "Model 'broken' was removed."
    assert list(place.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_of_a_folder_that_is_linked_in_the_link_alone_is_removed(tmp_path: Path, place: Path) -> None:
    folder = source(tmp_path / "elsewhere")
    place.mkdir(parents=True)
    (place / "alpha").symlink_to(folder, target_is_directory=True)
    before = contents(folder)
    remove_model("alpha")
    assert list(place.iterdir()) == []
    assert contents(folder) == before


def test_a_model_that_was_removed_is_named_in_a_sentence_by_whoever_wants_it(tmp_path: Path) -> None:
    add_model(source(tmp_path / "from"))
    remove_model("alpha")
    with pytest.raises(ModelError, match=r"there is no model called 'alpha': installed: particles"):
        find_model("alpha")


def test_a_folder_among_the_models_is_not_added_to_them(tmp_path: Path) -> None:
    folder = add_model(source(tmp_path / "from")).model.folder
    with pytest.raises(ModelError, match="lies among your models already"):
        add_model(folder)
    assert find_model("alpha").folder == folder


def test_checking_tells_of_each_model_how_it_does_and_where_it_runs(tmp_path: Path, place: Path) -> None:
    add_model(source(tmp_path / "from"))
    damaged = add_model(source(tmp_path / "from", name="beta")).model.folder
    (damaged / "model.onnx").write_bytes(b"rubbish")
    make_model(place / "gamma", version="not a version")
    wrong = make_model(place / "delta", golden_offset=0.5)
    found = {models.name_of(check.listed): check for check in check_models(device="cpu")}
    assert set(found) == {"particles", "alpha", "beta", "gamma", "delta"}
    assert {name for name, check in found.items() if not check.problem} == {"particles", "alpha"}
    assert found["alpha"].runs_on == "cpu"
    assert found["alpha"].golden is not None
    assert "manifest promises" in found["beta"].problem
    assert "version" in found["gamma"].problem
    assert "no longer computes" in found["delta"].problem
    assert wrong.exists()
    (only,) = check_models(["beta"])
    assert only == found["beta"]
    with pytest.raises(LycurgusError, match="no model called 'omega'"):
        list(check_models(["omega"]))


@pytest.mark.parametrize("content", [None, b"\xff\xfe", bytes(2 << 20)])
def test_a_card_that_cannot_be_read_is_none(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "MODEL_CARD.md").write_bytes(content)
    assert card_of(tmp_path) in ("", "\ufffd\ufffd")
    assert installed([tmp_path]) == ()
