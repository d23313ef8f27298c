"""Model folders are listed, checked before use, and refused by a sentence where anything is wrong."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lycurgus.core.errors import ModelError
from lycurgus.inference import catalog, golden
from lycurgus.inference.catalog import InstalledModel, ShadowedModel, UnusableModel, find_model, has_default, installed, usable
from lycurgus.inference.golden import check_golden
from networks import make_model


@pytest.fixture
def bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with no networks of its own, and nobody's models."""
    monkeypatch.setenv("LYCURGUS_HOME", str(tmp_path / "home"))
    folder = tmp_path / "bundled"
    folder.mkdir()
    monkeypatch.setattr(catalog, "bundled_models", lambda: folder)
    return folder


@pytest.fixture
def users(tmp_path: Path) -> Path:
    return tmp_path / "home" / "data" / "models"


def only(folder: Path) -> InstalledModel:
    (model,) = installed([folder])
    assert isinstance(model, InstalledModel)
    return model


def test_bundled_models_come_first_and_the_users_own_are_found(bundled: Path, users: Path) -> None:
    make_model(users / "alpha")
    make_model(bundled / "zeta")
    make_model(bundled / "beta")
    assert [(model.manifest.name, model.bundled) for model in usable()] == [("beta", True), ("zeta", True), ("alpha", False)]
    assert find_model().manifest.name == "beta"
    assert find_model("alpha").used.name == "alpha"
    assert has_default()


def test_the_preferred_network_is_the_default(bundled: Path) -> None:
    make_model(bundled / "alpha")
    make_model(bundled / catalog.PREFERRED)
    assert find_model().manifest.name == catalog.PREFERRED


def test_without_networks_there_is_no_default_and_a_sentence_says_what_to_do(bundled: Path) -> None:
    (bundled / "README.md").write_text("no model")
    assert installed() == ()
    assert not has_default()
    with pytest.raises(ModelError, match="--detector otsu"):
        find_model()


def test_an_unknown_name_lists_the_known_ones(bundled: Path) -> None:
    make_model(bundled / "alpha")
    with pytest.raises(ModelError, match=r"no model called 'omega': installed: alpha"):
        find_model("omega")


def test_a_bad_folder_is_listed_with_its_reason_and_hides_no_other(bundled: Path) -> None:
    make_model(bundled / "alpha", version="not a version")
    make_model(bundled / "beta")
    bad, good = installed()
    assert isinstance(bad, UnusableModel)
    assert "version" in bad.problem
    assert isinstance(good, InstalledModel)
    with pytest.raises(ModelError, match="cannot be used: alpha: manifest"):
        find_model("alpha")


@pytest.mark.parametrize(
    ("ours", "theirs", "used"),
    [
        ("1.0.0", "1.0.0", "ours"),
        ("1.9.0", "1.10.0", "theirs"),
        ("1.10.0", "1.9.0", "ours"),
        ("2.0", "2.0rc1", "ours"),
        ("2.0rc1", "2.0", "theirs"),
        ("1.0", "1.0.0", "ours"),
        ("0.1", "newest", "ours"),
        ("newest", "0.1", "theirs"),
    ],
)
def test_of_a_bundled_model_and_a_users_own_of_one_name_the_later_version_is_used(
    bundled: Path, users: Path, ours: str, theirs: str, used: str
) -> None:
    make_model(bundled / "alpha", version=ours)
    make_model(users / "alpha", version=theirs)
    make_model(users / "another")
    model = find_model("alpha")
    assert model.bundled == (used == "ours")
    assert find_model() == model, "the default stays the same network, updated"
    (shadowed,) = [listed for listed in installed() if isinstance(listed, ShadowedModel)]
    assert shadowed.by == model
    assert shadowed.model.bundled != model.bundled
    assert [one.manifest.name for one in usable()] == ["alpha", "another"]


@pytest.mark.usefixtures("bundled")
def test_of_two_equal_models_of_a_users_own_the_one_added_last_is_used(users: Path) -> None:
    for folder, seconds in (("first", 100), ("second", 200)):
        os.utime(make_model(users / folder, name="alpha"), (seconds, seconds))
    assert find_model("alpha").folder == users / "second"
    os.utime(users / "first", (300, 300))
    assert find_model("alpha").folder == users / "first"


def test_an_update_that_is_damaged_leaves_the_bundled_model_in_use(bundled: Path, users: Path) -> None:
    make_model(bundled / "alpha", version="1.0")
    (make_model(users / "alpha", version="2.0") / "manifest.json").write_text("{")
    assert find_model("alpha").bundled
    assert [type(listed) for listed in installed()] == [InstalledModel, UnusableModel]


@pytest.mark.usefixtures("bundled")
def test_folders_that_are_hidden_are_being_written_and_no_models_yet(users: Path) -> None:
    make_model(users / ".lycurgus-0123", name="alpha")
    assert installed() == ()


def test_a_changed_network_is_refused(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "alpha")
    content = bytearray((folder / "model.onnx").read_bytes())
    content[-1] ^= 1
    (folder / "model.onnx").write_bytes(content)
    with pytest.raises(ModelError, match="another sha256"):
        only(tmp_path).model_bytes()


def test_a_network_of_another_size_is_refused_unread(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "alpha")
    with (folder / "model.onnx").open("ab") as file:
        file.write(b"more")
    with pytest.raises(ModelError, match="bytes, its manifest promises"):
        only(tmp_path).model_bytes()


def test_a_missing_network_is_a_sentence(tmp_path: Path) -> None:
    (make_model(tmp_path / "alpha") / "model.onnx").unlink()
    with pytest.raises(ModelError, match=r"model\.onnx cannot be read"):
        only(tmp_path).model_bytes()


def test_a_huge_network_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_model(tmp_path / "alpha")
    monkeypatch.setattr(catalog, "LARGEST_MODEL_BYTES", 100)
    with pytest.raises(ModelError, match="more than"):
        only(tmp_path).model_bytes()


def test_a_network_that_leads_to_other_files_is_refused(tmp_path: Path) -> None:
    make_model(tmp_path / "alpha", external=True)
    with pytest.raises(ModelError, match="wants to read other files"):
        only(tmp_path).model_bytes()


def test_the_golden_sample_is_met(tmp_path: Path) -> None:
    make_model(tmp_path / "alpha", head="star-convex")
    check = check_golden(only(tmp_path))
    assert check.passed
    assert check.provider == "cpu"
    assert set(check.largest_difference) == {"fields", "rays"}


def test_a_network_that_computes_something_else_is_seen(tmp_path: Path) -> None:
    make_model(tmp_path / "alpha", golden_offset=0.5)
    check = check_golden(only(tmp_path))
    assert not check.passed
    assert check.largest_difference["fields"] == pytest.approx(0.5, abs=1e-5)
    assert "fields 0.5" in check.in_words()


def test_a_golden_sample_is_never_unpickled(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "alpha")
    np.savez(folder / "golden.npz", image=np.array([{"a": 1}], dtype=object), fields=np.zeros(1))
    with pytest.raises(ModelError, match=r"golden\.npz cannot be used: Object arrays cannot be loaded"):
        check_golden(only(tmp_path))


def test_a_golden_sample_that_asks_for_more_memory_than_there_is_is_a_sentence(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "alpha")
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (1, 1, 1 << 24, 1 << 24)})
    with zipfile.ZipFile(folder / "golden.npz", "w") as archive:
        archive.writestr("image.npy", header.getvalue())
        archive.writestr("fields.npy", header.getvalue())
    with pytest.raises(ModelError, match=r"golden\.npz cannot be used"):
        check_golden(only(tmp_path))


@pytest.mark.parametrize(
    ("shape", "said"), [((1, 1, 0, 64), "holds no picture"), ((64, 64), "holds no picture"), ((1, 1, 4096, 2048), "more than")]
)
def test_a_golden_picture_is_neither_empty_nor_large(tmp_path: Path, shape: tuple[int, ...], said: str) -> None:
    folder = make_model(tmp_path / "alpha")
    np.savez_compressed(folder / "golden.npz", image=np.zeros(shape, dtype=np.float32), fields=np.zeros(1, dtype=np.float32))
    with pytest.raises(ModelError, match=said):
        check_golden(only(tmp_path))


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive at all"])
def test_a_damaged_golden_sample_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (make_model(tmp_path / "alpha") / "golden.npz").write_bytes(content)
    with pytest.raises(ModelError, match=r"golden\.npz cannot be used"):
        check_golden(only(tmp_path))


def test_a_golden_sample_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_model(tmp_path / "alpha")
    monkeypatch.setattr(golden, "LARGEST_GOLDEN_BYTES", 1000)
    with pytest.raises(ModelError, match="which is refused"):
        check_golden(only(tmp_path))
