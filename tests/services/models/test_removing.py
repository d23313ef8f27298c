"""Models are removed, checked and described; those that come with the installation stay."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lycurgus.core.errors import LycurgusError, ModelError
from lycurgus.inference.catalog import find_model, installed
from lycurgus.services import models
from lycurgus.services.models import add_model, card_of, check_models, remove_model
from model_folders import contents, source
from networks import make_model


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
