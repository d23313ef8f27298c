"""A manifest says everything about a network, and nothing impossible."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lycurgus.core.errors import ModelError
from lycurgus.inference.manifest import read_manifest
from networks import make_model


def change(folder: Path, path: str, value: Any) -> None:
    """Set one entry of a manifest, named like input.stride; None of a last part removes it."""
    file = folder / "manifest.json"
    document = json.loads(file.read_text())
    *parents, last = path.split(".")
    part = document
    for parent in parents:
        part = part[int(parent)] if isinstance(part, list) else part[parent]
    part[last] = value
    file.write_text(json.dumps(document))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_model(tmp_path / "blobs", head="star-convex")


def test_what_is_written_is_what_is_read(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert manifest.name == "blobs"
    assert manifest.rays == 32
    assert manifest.thresholds.score == 0.3
    assert manifest.decoders[0] == "completed"
    assert type(manifest).model_validate_json(manifest.model_dump_json()) == manifest


def test_a_manifest_may_choose_its_decoder(folder: Path) -> None:
    change(folder, "decoder", "distance")
    assert read_manifest(folder).decoders == ("distance", "completed", "star-convex", "semantic")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("format", 2, "update Lycurgus"),
        ("format", 0, "format"),
        ("name", "../../evil", "name"),
        ("name", "", "name"),
        ("task", "cats", "task"),
        ("head", "magic", "head"),
        ("head", "distance", "no other head has them"),
        ("decoder", "magic", "decoder"),
        ("input.stride", 0, "input.stride"),
        ("input.stride", "64", "input.stride"),
        ("input.stride", 1, "must divide"),
        ("input.context_px", -1, "context_px"),
        ("outputs", [], "outputs"),
        ("outputs.0.channels", 1, "2 channels or more"),
        ("outputs.0.name", "rays", "same name"),
        ("outputs.0.stride", 2, "at stride 1"),
        ("outputs.1.stride", 1, "at stride 2"),
        ("normalisation", {"low": 99.0, "high": 1.0}, "below the high one"),
        ("diameter_px", {"smallest": 10.0, "largest": 5.0}, "below the largest"),
        ("scales", [], "scales"),
        ("scales", [0.0], "scales"),
        ("thresholds.score", 1.5, "thresholds.score"),
        ("thresholds.foreground", 0.0, "thresholds.foreground"),
        ("thresholds.crowd_score", 0.9, "must not lie above score"),
        ("model.sha256", "abc", "model.sha256"),
        ("model.size_bytes", 0, "model.size_bytes"),
        ("licence", "", "licence"),
        ("created", "yesterday", "created"),
        ("surprise", 1, "surprise"),
    ],
)
def test_what_is_impossible_is_refused_and_named(folder: Path, path: str, value: Any, said: str) -> None:
    change(folder, path, value)
    with pytest.raises(ModelError, match=said) as refused:
        read_manifest(folder)
    assert str(refused.value).startswith("blobs: ")


def test_a_network_with_an_odd_number_of_rays_cannot_be_shown_negatives(folder: Path) -> None:
    document = json.loads((folder / "manifest.json").read_text())
    document["outputs"][1]["channels"] = 9
    (folder / "manifest.json").write_text(json.dumps(document))
    assert read_manifest(folder).rays == 9
    (folder / "manifest.json").write_text(json.dumps({**document, "negatives": True}))
    with pytest.raises(ModelError, match="must be even"):
        read_manifest(folder)


def test_a_semantic_network_needs_neither_distance_nor_rays(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "plain", head="semantic", outputs=[{"name": "fields", "channels": 1}])
    manifest = read_manifest(folder)
    assert manifest.rays == 0
    assert manifest.decoders == ("semantic",)


@pytest.mark.parametrize("content", ["", "[1, 2]", "{", "\xff", '{"format": 1}', "[" * 100_000, "null", "NaN"])
def test_rubbish_is_a_sentence(folder: Path, content: str) -> None:
    (folder / "manifest.json").write_text(content, encoding="latin-1")
    with pytest.raises(ModelError, match=r"manifest\.json"):
        read_manifest(folder)


def test_a_missing_manifest_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read: No such file"):
        read_manifest(tmp_path)


def test_a_huge_manifest_is_not_read(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(b" " * (2 << 20))
    with pytest.raises(ModelError, match="larger than"):
        read_manifest(folder)
