"""``lycurgus evaluate``: the chosen method against masks drawn by hand."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tqdm import tqdm

from lycurgus.commands.common import bar_options, device_of, params_of, pixel_size_nm_of, print_json, say, say_failures
from lycurgus.core.errors import ParameterError
from lycurgus.core.metrics import pool
from lycurgus.exporters.base import FailedFile
from lycurgus.exporters.csv import write_table
from lycurgus.exporters.json import write_json
from lycurgus.exporters.text import csv_cell, inert_image_name
from lycurgus.readers.discover import find_files
from lycurgus.readers.truth import ParticleValues
from lycurgus.services.evaluation import Scored, evaluate, pair_up, truth_kind
from lycurgus.services.failures import unwritten
from lycurgus.services.report import check_writable


def run(options: argparse.Namespace) -> int:
    """Score every image that has a truth and print the pooled scores."""
    params = params_of(options)
    pairs, without_truth = pair_up(find_files([str(options.images)]), options.truth)
    values = _particle_values(options.particle_values)
    if values and options.truth_kind == "instances":
        raise ParameterError("--particle-values is for semantic masks", hint="leave --truth-kind instances out")
    # Whoever says which values mean particle says that values name classes.
    kind = "semantic" if values else truth_kind(pairs) if options.truth_kind == "auto" else options.truth_kind
    if options.out:
        check_writable(options.out)
    if without_truth:
        say(f"{len(without_truth)} images have no truth and are left out")
    device = device_of(options, params)
    scoring = evaluate(
        pairs,
        params,
        kind=kind,
        particle_values=values,
        pixel_size_nm=pixel_size_nm_of(options),
        device=device,
    )
    scored = list(tqdm(scoring, total=len(pairs), **bar_options(quiet=options.json)))
    document = _document(scored, kind, params.document())
    failures = [FailedFile(one.image, one.error) for one in scored if one.error]
    if options.json:
        print_json(document)
    else:
        print(_in_words(document))
    if options.out:
        files = {"scores.csv": lambda path: _write_scores(scored, path), "scores.json": lambda path: write_json(path, document)}
        failures += unwritten(files, options.out)
    say_failures(failures)
    return 1 if failures else 0


def _particle_values(text: str | None) -> ParticleValues | None:
    try:
        return ParticleValues.parse(text) if text else None
    except ParameterError as error:
        raise ParameterError(f"--particle-values: {error.reason}", hint=error.hint) from error


def _document(scored: list[Scored], kind: str, parameters: dict[str, Any]) -> dict[str, Any]:
    scores = [one.score for one in scored if one.score is not None]
    return {
        "truth": kind,
        "n_images": len(scores),
        **(pool(scores).document() if scores else {}),
        "parameters": parameters,
        "failures": [{"file": one.image.name, "reason": one.error} for one in scored if one.error],
    }


def _write_scores(scored: list[Scored], target: Path) -> None:
    rows = [(one.image.name, pool([one.score]).document()) for one in scored if one.score is not None]
    columns = [name for name, value in rows[0][1].items() if not isinstance(value, dict | list)] if rows else []
    write_table(
        target,
        ["image", *columns],
        [[inert_image_name(image), *(csv_cell(row[name]) for name in columns)] for image, row in rows],
    )


def _in_words(document: dict[str, Any]) -> str:
    """A table of every score, pooled over all particles or pixels and as a mean over images."""
    if not document["n_images"]:
        return "nothing could be scored"
    means = document["mean_over_images"]
    lines = [
        f"{document['n_images']} images against {_MASKS[document['truth']]}"
        + (f": {document['n_truth']} particles drawn, {document['n_found']} found" if document["truth"] == "instances" else ""),
        f"{'':<28}{'pooled':>10}{'mean of images':>16}",
    ]
    lines += [f"{_TITLES[name]:<28}{_shown(document[name])}{_shown(means[name], 16)}" for name in _TITLES if document.get(name) is not None]
    pixels = document["confusion_matrix"]["pixels"]
    lines.append("confusion of pixels (truth in rows, found in columns; background, particle)")
    lines += [f"  {row[0]:>14,}{row[1]:>14,}" for row in pixels]
    return "\n".join(lines)


def _shown(value: float | None, width: int = 10) -> str:
    return f"{'-' if value is None else format(value, '.4f'):>{width}}"


_MASKS = {"instances": "instance masks", "semantic": "semantic masks"}
_TITLES = {
    **{
        f"{name}_{iou}": f"{title}, IoU 0.{iou}"
        for iou in (50, 75)
        for name, title in (("precision", "Precision"), ("recall", "Recall"), ("f1", "F1"))
    },
    "average_precision_coco": "AP 0.5:0.95 (COCO)",
    "average_precision_dsb": "AP 0.5:0.95 (TP/(TP+FP+FN))",
    "panoptic_quality": "Panoptic quality",
    "segmentation_quality": "  segmentation quality",
    "recognition_quality": "  recognition quality",
    "diameter_bias": "Diameter, found/drawn − 1",
    "diameter_bias_sd": "  SD of it",
    "pixel_iou_particle": "Pixel IoU, particle",
    "pixel_iou_background": "Pixel IoU, background",
    "pixel_dice_particle": "Dice, particle",
    "pixel_dice_background": "Dice, background",
    "global_accuracy": "Global accuracy",
}
