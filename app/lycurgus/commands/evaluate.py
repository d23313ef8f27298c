"""``lycurgus evaluate``: the chosen method against masks drawn by hand."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from tqdm import tqdm

from lycurgus.commands.common import params_of, pixel_size_nm_of, print_json, say, say_failures
from lycurgus.core.errors import ParameterError
from lycurgus.core.metrics import pool
from lycurgus.exporters.atomic import replacing
from lycurgus.exporters.base import FailedFile
from lycurgus.exporters.csv import write_table
from lycurgus.exporters.text import csv_cell, inert_image_name
from lycurgus.readers.discover import find_files
from lycurgus.services.evaluation import Scored, evaluate, pair_up, truth_kind


def run(options: argparse.Namespace) -> int:
    """Score every image that has a truth and print the pooled scores."""
    params = params_of(options)
    pairs, without_truth = pair_up(find_files([str(options.images)]), options.truth)
    kind = truth_kind(pairs) if options.truth_kind == "auto" else options.truth_kind
    if without_truth:
        say(f"{len(without_truth)} images have no truth and are left out")
    scoring = evaluate(
        pairs,
        params,
        kind=kind,
        particle_values=_values(options.particle_values),
        pixel_size_nm=pixel_size_nm_of(options),
        device=options.device,
    )
    scored = list(tqdm(scoring, total=len(pairs), unit="image", disable=options.json, leave=False))
    document = _document(scored, kind, params.document())
    if options.out:
        _write(scored, document, options.out)
    if options.json:
        print_json(document)
    else:
        print(_in_words(document))
    failures = [FailedFile(one.image, one.error) for one in scored if one.error]
    say_failures(failures)
    return 1 if failures else 0


def _values(text: str | None) -> tuple[int, ...]:
    try:
        return tuple(int(value) for value in text.split(",")) if text else ()
    except ValueError as error:
        raise ParameterError(f"--particle-values {text} is not a list of whole numbers", hint="write for instance 1,2") from error


def _document(scored: list[Scored], kind: str, parameters: dict[str, Any]) -> dict[str, Any]:
    scores = [one.score for one in scored if one.score is not None]
    return {
        "truth": kind,
        "n_images": len(scores),
        **(pool(scores).document() if scores else {}),
        "parameters": parameters,
        "failures": [{"file": one.image.name, "reason": one.error} for one in scored if one.error],
    }


def _write(scored: list[Scored], document: dict[str, Any], out: Path) -> None:
    rows = [(one.image.name, pool([one.score]).document()) for one in scored if one.score is not None]
    columns = [name for name, value in rows[0][1].items() if not isinstance(value, dict | list)] if rows else []
    write_table(
        out / "scores.csv",
        ["image", *columns],
        [[inert_image_name(image), *(csv_cell(row[name]) for name in columns)] for image, row in rows],
    )
    with replacing(out / "scores.json") as path:
        path.write_text(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2) + "\n", encoding="utf-8")


def _in_words(document: dict[str, Any]) -> str:
    """One line a score; nested groups are indented."""
    return "\n".join(_lines({name: value for name, value in document.items() if name not in ("parameters", "failures")}, ""))


def _lines(group: dict[str, Any], indent: str) -> list[str]:
    lines = []
    for name, value in group.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}", *_lines(value, indent + "  ")]
        else:
            lines.append(f"{indent}{name:<32}{value:.4f}" if isinstance(value, float) else f"{indent}{name:<32}{value}")
    return lines
