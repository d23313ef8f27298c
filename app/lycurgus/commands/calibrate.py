"""``lycurgus calibrate``: how large a pixel is, who says so, and how far the sources agree."""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lycurgus.calibration.evidence import Candidate, Evidence, examine, from_folder
from lycurgus.commands.common import print_json, say
from lycurgus.core.errors import LycurgusError
from lycurgus.core.params import CalibrationParams
from lycurgus.readers.discover import find_files
from lycurgus.readers.door import read


@dataclass(frozen=True, slots=True)
class _Examined:
    """One file: its shape, its warnings and what was heard about it, or why it could not be read."""

    path: Path
    shape: tuple[int, int] | None = None
    evidence: Evidence = field(default_factory=Evidence)
    warnings: tuple[str, ...] = ()
    error: str | None = None


def run(options: argparse.Namespace) -> int:
    """Print the choice and every candidate of each file, or a JSON list."""
    params = CalibrationParams(scale_bar="off" if options.no_scale_bar else "auto")
    paths = find_files(options.paths, recursive=options.recursive)
    rows = [_row(one) for one in _with_folders([_examined(path, options.plane, params) for path in paths])]
    if options.json:
        print_json(rows)
    else:
        for row in rows:
            if row["error"]:
                say(row["error"])
            else:
                print(_in_words(row))
    return 1 if any(row["error"] for row in rows) else 0


def _examined(path: Path, plane: str, params: CalibrationParams) -> _Examined:
    try:
        micrograph = read(path, plane=plane)
        evidence = examine(micrograph, params)
    except LycurgusError as error:
        return _Examined(path, error=str(error))
    return _Examined(path, micrograph.shape, evidence, (*micrograph.warnings, *evidence.warnings))


def _with_folders(images: list[_Examined]) -> list[_Examined]:
    """Hold each image against the others of its folder, which may know what it does not know."""
    by_folder: defaultdict[Path, list[_Examined]] = defaultdict(list)
    for image in images:
        if image.shape is not None:
            by_folder[image.path.parent].append(image)
    result = []
    for image in images:
        if image.shape is None:
            result.append(image)
            continue
        others = [(other.shape, other.evidence) for other in by_folder[image.path.parent] if other is not image and other.shape is not None]
        evidence = from_folder(image.evidence, image.shape, others)
        more = evidence.warnings[len(image.evidence.warnings) :] if image.evidence.chosen is not None else ()
        result.append(_Examined(image.path, image.shape, evidence, (*image.warnings, *more)))
    return result


def _row(image: _Examined) -> dict[str, Any]:
    chosen = image.evidence.chosen
    return {
        "file": str(image.path),
        "shape": None if image.shape is None else list(image.shape),
        "pixel_size_nm": None if chosen is None else [chosen.y_nm, chosen.x_nm],
        "source": None if chosen is None else chosen.source,
        "candidates": [_candidate(candidate, chosen) for candidate in image.evidence.candidates],
        "warnings": list(image.warnings),
        "error": image.error,
    }


def _candidate(candidate: Candidate, chosen: Candidate | None) -> dict[str, Any]:
    return {
        "source": candidate.source,
        "pixel_size_nm": [candidate.y_nm, candidate.x_nm],
        "uncertainty_nm": candidate.uncertainty_nm,
        "confidence": round(candidate.confidence, 3),
        "reason": candidate.reason,
        "chosen": candidate is chosen,
    }


def _in_words(row: dict[str, Any]) -> str:
    name, (height, width) = Path(row["file"]).name, row["shape"]
    if row["pixel_size_nm"] is None:
        head = f"{name}: {width} x {height} px, no pixel size is known; state it with --pixel-size"
    else:
        head = f"{name}: {width} x {height} px, pixel size {_size(row['pixel_size_nm'])} ({row['source']})"
    only_the_file = len(row["candidates"]) == 1 and row["source"] == "metadata"
    listed = [] if only_the_file else [_candidate_in_words(candidate) for candidate in row["candidates"]]
    return "\n".join([head, *listed, *(f"  warning: {warning}" for warning in row["warnings"])])


def _candidate_in_words(candidate: dict[str, Any]) -> str:
    mark = "*" if candidate["chosen"] else "?"
    uncertainty = f" ± {candidate['uncertainty_nm']:.2g}" if candidate["uncertainty_nm"] else ""
    size = _size(candidate["pixel_size_nm"])
    return f"  {mark} {size}{uncertainty}, {candidate['source']}: {candidate['reason']} (confidence {candidate['confidence']:.2f})"


def _size(size_nm: list[float]) -> str:
    y_nm, x_nm = size_nm
    return f"{x_nm:.6g} nm" if y_nm == x_nm else f"x {x_nm:.6g} nm, y {y_nm:.6g} nm"
