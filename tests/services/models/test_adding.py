"""Models are added once they are proved; what goes wrong on the way leaves everything as it was."""

from __future__ import annotations

import errno
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lycurgus.core.errors import Cancelled, ModelError
from lycurgus.core.progress import CancelToken
from lycurgus.inference.catalog import InstalledModel, find_model, usable
from lycurgus.services import model_sources
from lycurgus.services.models import add_model, card_of, check_models, remove_model
from model_folders import contents, packed, refused, source
from networks import make_model


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
