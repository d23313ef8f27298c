"""The card of a model folder: what the network is for, what it has learnt from, how well it does, and where it fails."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lycurgus.core.errors import ReadError
from lycurgus.exporters.atomic import replacing
from lycurgus.exporters.json import write_json
from lycurgus.inference.manifest import HALF_FILE, MANIFEST_FILE, ModelManifest, read_manifest

CARD_FILE = "MODEL_CARD.md"

SCORES = {
    "f1_50": "F1, IoU 0.5",
    "precision_50": "precision",
    "recall_50": "recall",
    "f1_75": "F1, IoU 0.75",
    "f1_boxes_30": "F1 of boxes, IoU 0.3",
    "average_precision_dsb": "mean TP/(TP+FP+FN)",
    "average_precision_coco": "mean AP",
    "pixel_dice_particle": "Dice",
}
"""Measures that the manifest and the card state, and their headings."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A picture of something that the network gets wrong.

    Attributes
    ----------
    file : in the model folder.
    says : what is seen in it, a sentence.
    """

    file: str
    says: str


def read_scores(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Read documents that ``lycurgus-train evaluate --out`` wrote, or the folders with them.

    Raises
    ------
    ReadError
        One of them is missing or something else.
    """
    documents = []
    for path in paths:
        file = path / "scores.json" if path.is_dir() else path
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            document["data"], document["model"]["sha256"], document["n_images"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ReadError(file, "holds no scores", hint="make them with lycurgus-train evaluate --out") from error
        documents.append(document)
    return documents


def metrics_of(documents: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Return what a manifest states of score documents: data set -> measure -> value."""
    return {
        document["data"]: {"images": float(document["n_images"])}
        | {name: round(document[name], 4) for name in SCORES if document.get(name) is not None}
        for document in documents
    }


def write_card(folder: Path, *, documents: Sequence[Mapping[str, Any]] = (), failures: Sequence[Failure] = ()) -> ModelManifest:
    """Write ``MODEL_CARD.md``, and the scores into the manifest, which keeps those it has where none are given.

    Raises
    ------
    ModelError
        The folder has no valid manifest.
    ReadError
        Scores are of another network.
    ExportError
        A file cannot be written.
    """
    manifest = read_manifest(folder)
    for document in documents:
        if document["model"]["sha256"] != manifest.model.sha256:
            raise ReadError(folder, f"the scores on {document['data']} are of another network", hint="evaluate this one")
    if documents:
        manifest = ModelManifest.model_validate(manifest.document() | {"metrics": metrics_of(documents)})
        write_json(folder / MANIFEST_FILE, manifest.document())
    with replacing(folder / CARD_FILE) as temporary:
        temporary.write_text(card_text(manifest, failures), encoding="utf-8", newline="\n")
    return manifest


def card_text(manifest: ModelManifest, failures: Sequence[Failure] = ()) -> str:
    """Return the card as Markdown."""
    parts = [
        f"# {manifest.title}",
        _first_line(manifest),
        "## What it is for",
        _purpose(manifest),
        "## Scores",
        _scores(manifest),
        "## Where it fails",
        _failures(failures),
        "## What it has learnt from",
        _data(manifest),
        "## The network",
        _network(manifest),
    ]
    return "\n\n".join(parts) + "\n"


def _first_line(manifest: ModelManifest) -> str:
    line = f"`{manifest.name}` {manifest.version}, {manifest.created.isoformat()}, licence {manifest.licence}."
    return f"{line} {manifest.description}".rstrip()


def _purpose(manifest: ModelManifest) -> str:
    smallest, largest = manifest.diameter_px.smallest, manifest.diameter_px.largest
    scales = ", ".join(f"{scale:g}" for scale in manifest.scales)
    return (
        "Finding, separating and measuring particles in electron micrographs, as the first step of an analysis that somebody looks at. "
        f"Particles of {smallest:g} to {largest:g} px are found best at the scale that is analysed; pictures are analysed at the scales "
        f"{scales} and, where what is found there calls for it, at further ones, so that smaller and larger particles are found too. "
        "It tells particles from everything else and does not name their kind. "
        "It is not meant for counting where a missed particle does harm, for light microscopy, or for diffraction patterns."
    )


def _scores(manifest: ModelManifest) -> str:
    if not manifest.metrics:
        return "None were stated when this card was written; `lycurgus-train evaluate` makes them."
    measures = [name for name in SCORES if any(name in values for values in manifest.metrics.values())]
    lines = [
        "| data | images | " + " | ".join(SCORES[name] for name in measures) + " |",
        "|---" * (2 + len(measures)) + "|",
    ]
    for data, values in manifest.metrics.items():
        cells = [f"{values[name]:.3f}" if name in values else "" for name in measures]
        lines.append(f"| {data} | {values.get('images', 0):.0f} | " + " | ".join(cells) + " |")
    lines += ["", "Pooled over all particles, at the thresholds below, with the scales and the cleaning of the application."]
    return "\n".join(lines)


def _failures(failures: Sequence[Failure]) -> str:
    if not failures:
        return "No pictures were drawn when this card was written."
    said = (
        "Simulated pictures that training has not seen, the worst of each kind. Blue: found as it is; red: found, and not there or "
        "not so; yellow: missed."
    )
    return "\n\n".join([said, *(f"{one.says}\n\n![{one.says}]({one.file})" for one in failures)])


def _data(manifest: ModelManifest) -> str:
    if not manifest.training_data:
        return "Nothing was stated."
    lines = ["| data | images | licence | by |", "|---|---|---|---|"]
    return "\n".join(
        [*lines, *(f"| {data.name} | {data.images:,} | {data.licence} | {data.attribution} |" for data in manifest.training_data)]
    )


def _network(manifest: ModelManifest) -> str:
    thresholds = ", ".join(f"{name} {value:g}" for name, value in manifest.thresholds.model_dump(exclude_none=True).items())
    lines = [
        f"- head {manifest.head}, outlines {manifest.decoders[0]}; thresholds: {thresholds}",
        f"- input: one channel, sides multiples of {manifest.input.stride}, percentiles {manifest.normalisation.low:g} and "
        f"{manifest.normalisation.high:g} at -1 and 1",
        f"- `model.onnx`, opset {manifest.opset}, {manifest.model.size_bytes / 1e6:.1f} MB, sha256 `{manifest.model.sha256}`",
    ]
    if manifest.half is not None:
        lines.append(f"- `{HALF_FILE}`, the same in half precision for GPUs, sha256 `{manifest.half.sha256}`")
    lines.append(
        f"- `golden.npz`: a picture and what torch answers to it; ONNX Runtime is within {manifest.golden.absolute:g} + "
        f"{manifest.golden.relative:g} · |value| of it"
    )
    return "\n".join(lines)
