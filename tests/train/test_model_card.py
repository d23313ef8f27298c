"""A card says what a model's users must know: data with their authors and licences, scores, failures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lycurgus.core.errors import ParameterError, ReadError
from lycurgus.detectors.network import NetworkDetector
from lycurgus.inference.catalog import InstalledModel
from lycurgus.inference.manifest import ModelManifest, read_manifest
from lycurgus_train.cli import main
from lycurgus_train.facts import KNOWN, facts_of, for_head, read_facts
from lycurgus_train.failures import draw_failures
from lycurgus_train.judging import detection_params
from lycurgus_train.model_card import Failure, card_text, metrics_of, read_scores, write_card
from networks import make_model, manifest_document


def scores(folder: Path, sha256: str, name: str = "EMPS, validation part") -> Path:
    folder.mkdir()
    document = {"data": name, "n_images": 52, "f1_50": 0.91234, "f1_75": None, "model": {"name": "blobs", "sha256": sha256}}
    (folder / "scores.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def test_the_card_of_the_shipped_network_names_every_source_with_author_and_licence() -> None:
    manifest = ModelManifest.model_validate(manifest_document(b"x", head="star-convex") | read_facts())
    card = card_text(manifest)
    assert len(manifest.training_data) >= 3
    for data in manifest.training_data:
        assert data.name in card
        assert data.licence in card
        assert data.attribution
        assert data.attribution in card
    assert "CC BY 4.0" in card
    assert "10 to 70 px" in card


def test_scores_enter_manifest_and_card(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "blobs")
    sha256 = read_manifest(folder).model.sha256
    assert "`lycurgus-train evaluate` makes them" in card_text(read_manifest(folder))
    assert main(["card", str(folder), "--scores", str(scores(tmp_path / "emps", sha256)), "--pictures", "0"]) == 0
    assert read_manifest(folder).metrics == {"EMPS, validation part": {"images": 52.0, "f1_50": 0.9123}}
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "| EMPS, validation part | 52 | 0.912 |" in card
    write_card(folder)
    assert read_manifest(folder).metrics, "scores that are there stay"


def test_scores_of_another_network_are_refused(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "blobs")
    documents = read_scores([scores(tmp_path / "emps", "0" * 64)])
    with pytest.raises(ReadError, match="of another network"):
        write_card(folder, documents=documents)
    (tmp_path / "emps" / "scores.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ReadError, match="holds no scores"):
        read_scores([tmp_path / "emps"])
    assert metrics_of(documents)["EMPS, validation part"]["f1_50"] == 0.9123


def test_failures_are_shown(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "blobs")
    detector = NetworkDetector(InstalledModel(folder, read_manifest(folder), bundled=False))
    [failure] = draw_failures(folder, detection_params(), detector, pictures=1, kinds=("haadf",), device="cpu")
    assert (folder / failure.file).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert "particles found" in failure.says
    card = card_text(read_manifest(folder), [failure, Failure("failures/other.png", "Another.")])
    assert f"]({failure.file})" in card
    assert "](failures/other.png)" in card


def test_facts_that_are_none_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "facts.toml"
    path.write_text('name = "a"\nfame = 3\n', encoding="utf-8")
    with pytest.raises(ParameterError, match="'fame' is no fact"):
        read_facts(path)
    path.write_text('name = "a"\n', encoding="utf-8")
    with pytest.raises(ParameterError, match="does not say version, title"):
        read_facts(path)
    with pytest.raises(ParameterError, match="cannot be read"):
        read_facts(tmp_path / "absent.toml")


def test_facts_of_a_manifest_are_what_it_was_made_from() -> None:
    facts = read_facts()
    manifest = ModelManifest.model_validate(manifest_document(b"x", head="star-convex") | facts)
    found = facts_of(manifest)
    assert set(facts) <= set(found) <= KNOWN
    assert found["scales"] == facts["scales"]
    assert "decoder" not in for_head(facts, "distance")
    assert for_head(facts, "star-convex")["decoder"] == "completed"
