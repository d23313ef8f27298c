"""``lycurgus calibrate``: how large a pixel is, and who says so."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lycurgus.commands.common import print_json, say
from lycurgus.core.errors import LycurgusError
from lycurgus.core.types import Micrograph
from lycurgus.readers.discover import find_files
from lycurgus.readers.door import read


def run(options: argparse.Namespace) -> int:
    """Print one line a file, or a JSON list."""
    rows = [_row(path, options.plane) for path in find_files(options.paths, recursive=options.recursive)]
    if options.json:
        print_json(rows)
    else:
        for row in rows:
            if row["error"]:
                say(row["error"])
            else:
                print(_in_words(row))
    return 1 if any(row["error"] for row in rows) else 0


def _row(path: Path, plane: str) -> dict[str, Any]:
    try:
        micrograph = read(path, plane=plane)
    except LycurgusError as error:
        return {"file": str(path), "shape": None, "pixel_size_nm": None, "source": None, "candidates": [], "error": str(error)}
    candidates = _candidates(micrograph)
    chosen = candidates[0] if candidates else {"pixel_size_nm": None, "source": None}
    return {
        "file": str(path),
        "shape": list(micrograph.shape),
        "pixel_size_nm": chosen["pixel_size_nm"],
        "source": chosen["source"],
        "candidates": candidates,
        "warnings": list(micrograph.warnings),
        "error": None,
    }


def _candidates(micrograph: Micrograph) -> list[dict[str, Any]]:
    """List every pixel size that is known, the chosen one first."""
    size = micrograph.pixel_size
    if size is None:
        return []
    return [{"source": size.source, "pixel_size_nm": [size.y_nm, size.x_nm], "uncertainty_nm": size.uncertainty_nm}]


def _in_words(row: dict[str, Any]) -> str:
    name, (height, width) = Path(row["file"]).name, row["shape"]
    if row["pixel_size_nm"] is None:
        return f"{name}: {width} x {height} px, no pixel size in the file; state it with --pixel-size"
    y_nm, x_nm = row["pixel_size_nm"]
    size = f"{x_nm:.6g} nm" if y_nm == x_nm else f"x {x_nm:.6g} nm, y {y_nm:.6g} nm"
    return f"{name}: {width} x {height} px, pixel size {size} ({row['source']})"
