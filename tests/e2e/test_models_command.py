"""lycurgus models: add, list, check, remove, and an analysis with a network that was added."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lycurgus.cli import main
from lycurgus.inference import catalog
from lycurgus.inference.session import forget_networks
from networks import make_model
from scenes import DISCS, scene, write


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user who has added no network, of an installation that brings 'particles'."""
    monkeypatch.setenv("LYCURGUS_HOME", str(tmp_path / "home"))
    make_model(tmp_path / "bundled" / "particles", version="1.0.0")
    monkeypatch.setattr(catalog, "bundled_models", lambda: tmp_path / "bundled")
    yield tmp_path / "home"
    forget_networks()


def archive(folder: Path) -> str:
    return shutil.make_archive(str(folder), "zip", folder.parent, folder.name)


def test_a_network_is_added_used_and_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "add", archive(make_model(tmp_path / "blobs"))]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Model 'blobs' 1.0.0 was checked and added.\nIt met its golden sample on cpu")
    assert "--set detector.model=blobs" in told
    image = str(write(tmp_path / "a.tif", scene(), pixel_size_nm=0.5))
    analyse = ["analyze", image, "--out", str(tmp_path / "out"), "--detector", "network", "--set", "detector.model=blobs", "--json"]
    assert main(analyse) == 0
    document = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert [(model["name"], model["version"]) for model in document["models"]] == [("blobs", "1.0.0")]
    assert document["images"][0]["n_particles"] == len(DISCS)
    assert main(["models", "remove", "blobs"]) == 0
    capsys.readouterr()
    preset = tmp_path / "preset.json"
    preset.write_text(json.dumps({"detector": {"name": "network", "model": "blobs"}}))
    assert main(["analyze", image, "--out", str(tmp_path / "out"), "--preset", str(preset)]) == 1
    told = capsys.readouterr().err
    assert "there is no model called 'blobs': installed: particles" in told
    assert "Traceback" not in told


def test_the_list_says_which_of_two_models_of_one_name_is_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "add", str(make_model(tmp_path / "particles", version="2.0.0"))]) == 0
    assert "used from now on instead of version 1.0.0, which comes with Lycurgus" in capsys.readouterr().out
    assert main(["models", "list"]) == 0
    listed = capsys.readouterr().out
    assert "version 1.0.0 (comes with Lycurgus)\n" in listed
    assert "not used: version 2.0.0 that you have added is used instead" in listed
    assert "version 2.0.0 (added by you) (default)" in listed
    assert main(["models", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["networks"]
    assert [(row["version"], row["bundled"], row["used"], row["default"]) for row in rows] == [
        ("1.0.0", True, False, False),
        ("2.0.0", False, True, True),
    ]
    assert main(["models", "remove", "particles"]) == 0
    assert "Version 1.0.0, which comes with Lycurgus, is used again" in capsys.readouterr().out
    assert main(["models", "remove", "particles"]) == 1
    assert "comes with Lycurgus and cannot be removed" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["before", "after"])
def test_json_may_stand_before_or_after_the_action(tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str) -> None:
    folder = make_model(tmp_path / "blobs")
    (folder / "notes.bin").write_bytes(b"x")

    def run(*action: str) -> object:
        assert main(["models", "--json", *action] if place == "before" else ["models", *action, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    assert run("add", str(folder))["left_out"] == ["notes.bin"]  # type: ignore[index]
    assert [row["name"] for row in run("check")] == ["particles", "blobs"]  # type: ignore[attr-defined]
    assert run("remove", "blobs") == {"name": "blobs", "versions": ["1.0.0"], "bundled_is_used": False}


def test_a_refusal_is_a_sentence_and_status_1(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "add", archive(make_model(tmp_path / "wrong", golden_offset=0.5))]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("lycurgus models: wrong.zip: the network does not compute what it did when it was exported")
    assert told.err.count("\n") == 1
    assert list((home / "data" / "models").iterdir()) == []


def test_check_fails_where_a_network_does(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "check"]) == 0
    assert capsys.readouterr().out.startswith("ok       particles 1.0.0: golden sample met on cpu")
    make_model(home / "data" / "models" / "wrong", golden_offset=0.5)
    assert main(["models", "check"]) == 1
    assert "failed   wrong 1.0.0: it no longer computes" in capsys.readouterr().out
    assert main(["models", "check", "particles"]) == 0
    capsys.readouterr()
    assert main(["models", "check", "omega"]) == 1
    assert "there is no model called 'omega': installed: particles, wrong" in capsys.readouterr().err


def test_an_update_does_not_fail_the_selfcheck(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "add", str(make_model(tmp_path / "particles", version="2.0.0"))]) == 0
    capsys.readouterr()
    main(["selfcheck", "--json"])
    (networks,) = [check for check in json.loads(capsys.readouterr().out)["checks"] if check["name"] == "networks"]
    assert networks["status"] == "ok"
    assert "particles 2.0.0" in networks["detail"]
    assert "1.0.0" not in networks["detail"]


def test_a_batch_is_not_continued_with_an_updated_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The parameters name the same network, and yet it is another one: one report must not mix the two."""
    assert main(["models", "add", str(make_model(tmp_path / "blobs"))]) == 0
    write(tmp_path / "images" / "a.tif", scene(), pixel_size_nm=0.5)
    batch = ["batch", str(tmp_path / "images"), "--out", str(tmp_path / "out"), "--detector", "network", "--set", "detector.model=blobs"]
    assert main([*batch, "--json"]) == 0
    assert main([*batch, "--json"]) == 0, "the same network goes on"
    assert main(["models", "add", str(make_model(tmp_path / "new" / "blobs", version="1.1.0"))]) == 0
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(batch)
    assert ended.value.code == 2
    said = r"was made with other parameters \(network: blobs 1\.0\.0 \([0-9a-f]{12}\) → blobs 1\.1\.0 \("
    assert re.search(said, capsys.readouterr().err)
    assert main(["models", "remove", "blobs"]) == 0
    assert main(batch) == 1
    assert "there is no model called 'blobs'" in capsys.readouterr().err
