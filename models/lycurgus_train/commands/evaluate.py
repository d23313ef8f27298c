"""``lycurgus-train evaluate``: a network against labelled images, detected as the application detects."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lycurgus.core.errors import ParameterError

if TYPE_CHECKING:
    from lycurgus_train.judging import Judged
    from lycurgus_train.labelled import LabelledImage

EPILOG = """\
examples:
  lycurgus-train evaluate runs/particles/last.pt --data emps/ --split emps
  lycurgus-train evaluate exported/particles --data pools/catalyst-validation --boxes --out scores/catalyst
  lycurgus-train evaluate default --data mine/ --part all --set detector.score=0.3
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe ``evaluate``."""
    parser = subparsers.add_parser(
        "evaluate",
        help="score a network on labelled images",
        description="Score a network on labelled images, with the scales, decoding and cleaning of the application.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", help="a checkpoint (.pt), an exported folder, or the name of an installed model")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="a folder of images with truth, or a packed pool")
    parser.add_argument("--split", metavar="FILE", help="a split file, or the name of one that ships: emps, nanoshapes, catalyst-boxes")
    parser.add_argument("--part", choices=("train", "validation", "all"), default="validation", help="of the split (default: validation)")
    parser.add_argument("--boxes", action="store_true", help="score boxes at an IoU of 0.3 even where outlines are known")
    parser.add_argument("--limit", type=int, metavar="N", help="no more than N images, evenly drawn from all")
    parser.add_argument(
        "--facts", type=Path, metavar="TOML", help="for a checkpoint: scales, thresholds ... (default: the shipped network's)"
    )
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="STAGE.FIELD=VALUE", help="change a parameter")
    parser.add_argument("--name", help="how the data are called in the scores (default: the folder's name)")
    parser.add_argument("--device", default="auto", metavar="NAME", help="auto, cpu or cuda (default: auto)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write scores.csv, scores.json and pictures of the worst images here")
    parser.add_argument("--worst", type=int, default=12, metavar="N", help="how many of the worst images are drawn (default: 12)")


def run(options: argparse.Namespace) -> int:
    """Score the network, print the scores, write what is wanted."""
    from tqdm import tqdm

    from lycurgus.detectors.network import NetworkDetector
    from lycurgus_train.candidates import opened
    from lycurgus_train.facts import read_facts
    from lycurgus_train.judging import detection_params, judge, scores_document, truth_of

    images = _images(options)
    params = detection_params("network", options.settings)
    facts = read_facts(options.facts) if options.facts else None
    truth = "boxes" if options.boxes else truth_of(images)
    with opened(options.model, sample=images[0].pixels, facts=facts) as model:
        judging = judge(images, params, truth=truth, detector=NetworkDetector(model), device=options.device)
        judged = list(tqdm(judging, total=len(images), unit="image", leave=False, disable=None, file=sys.stderr))
        document = {
            "data": options.name or _name_of(options),
            "truth": truth,
            "model": {"name": model.manifest.name, "version": model.manifest.version, "sha256": model.manifest.model.sha256},
            **scores_document(judged),
            "seconds_an_image": round(sum(one.seconds for one in judged) / len(judged), 3),
            "parameters": params.document(),
            "failures": [{"image": one.image.name, "reason": one.error} for one in judged if one.error],
        }
    print(in_words(document))
    if options.out:
        _write(options.out, document, judged, worst=options.worst)
    for one in judged:
        if one.error:
            print(f"{one.image.name}: {one.error}", file=sys.stderr)
    return 1 if document["failures"] else 0


def _images(options: argparse.Namespace) -> list[LabelledImage]:
    from lycurgus_train.config import Source
    from lycurgus_train.data.check import DataError
    from lycurgus_train.sources import absent, open_source

    part = options.part if options.split else "all"
    source = Source(path=options.data, split=options.split, part=part)
    images = open_source(source)
    missing = absent(source, images)
    if missing:
        raise DataError(missing, undone="scored")
    for problem in images.problems if part == "all" else ():
        print(f"not scored: {problem}", file=sys.stderr)
    if not len(images):
        raise ParameterError(f"{options.data} holds no image of the part '{part}'")
    if options.limit is not None and options.limit < 1:
        raise ParameterError(f"--limit {options.limit} is impossible", hint="give 1 or more")
    count = len(images) if options.limit is None else min(options.limit, len(images))
    return [images[number * len(images) // count] for number in range(count)]


def _name_of(options: argparse.Namespace) -> str:
    return f"{options.data.resolve().name}, {options.part} part" if options.split else str(options.data.resolve().name)


def in_words(document: dict[str, Any]) -> str:
    """Return the scores as a table, pooled over all particles and as means over images."""
    means = document["mean_over_images"]
    counts = f": {document['n_truth']:,} particles, {document['n_found']:,} found" if "n_truth" in document else ""
    lines = [
        f"{document['model']['name']} {document['model']['version']} on {document['data']}",
        f"{document['n_images']} images, {document['seconds_an_image']:.2f} s each, {TRUTHS[document['truth']]}{counts}",
        f"{'':<26}{'pooled':>9}{'mean of images':>16}",
    ]
    return "\n".join(
        [*lines, *(f"{TITLES[name]:<26}{_shown(document[name], 9)}{_shown(means[name], 16)}" for name in TITLES if name in document)]
    )


def _shown(value: float | None, width: int) -> str:
    return f"{'-' if value is None else format(value, '.4f'):>{width}}"


def _write(out: Path, document: dict[str, Any], judged: Sequence[Judged], *, worst: int) -> None:
    from math import isfinite

    from lycurgus.exporters.csv import write_table
    from lycurgus.exporters.json import write_json
    from lycurgus.exporters.text import csv_cell, inert
    from lycurgus_train.canvas import write_png
    from lycurgus_train.finds import draw_finds
    from lycurgus_train.judging import row_of

    rows = [(one.image.name, row_of(one)) for one in judged]
    columns = next((list(row) for _, row in rows if row), [])
    write_json(out / "scores.json", document)
    write_table(
        out / "scores.csv", ["image", *columns], [[inert(name), *(csv_cell(row.get(column)) for column in columns)] for name, row in rows]
    )
    ranked = sorted((one for one in judged if isfinite(one.fit)), key=lambda one: one.fit)
    for number, one in enumerate(ranked[: max(0, worst)], start=1):
        write_png(out / "worst" / f"{number:02d}-{one.image.name.replace('/', '_')[:80]}.png", draw_finds(one))


TRUTHS = {"instances": "outlines", "boxes": "boxes", "semantic": "particle or background only"}
TITLES = {
    "precision_50": "Precision, IoU 0.5",
    "recall_50": "Recall, IoU 0.5",
    "f1_50": "F1, IoU 0.5",
    "precision_75": "Precision, IoU 0.75",
    "recall_75": "Recall, IoU 0.75",
    "f1_75": "F1, IoU 0.75",
    "precision_boxes_30": "Precision, boxes, IoU 0.3",
    "recall_boxes_30": "Recall, boxes, IoU 0.3",
    "f1_boxes_30": "F1, boxes, IoU 0.3",
    "average_precision_dsb": "TP/(TP+FP+FN), 0.5:0.95",
    "average_precision_coco": "Mean AP (COCO), 0.5:0.95",
    "panoptic_quality": "Panoptic quality",
    "pixel_dice_particle": "Dice of the foreground",
    "diameter_bias": "Diameter, found/true − 1",
    "diameter_bias_sd": "  SD of it",
}
