"""``lycurgus models``: which detectors, separators and networks there are."""

from __future__ import annotations

import argparse
from typing import Any

from lycurgus.commands.common import print_json
from lycurgus.core.separate import SEPARATORS
from lycurgus.detectors import DETECTORS
from lycurgus.folders import models_folder
from lycurgus.inference.catalog import InstalledModel, UnusableModel, installed, usable
from lycurgus.parameters import default_detector, default_value


def run(options: argparse.Namespace) -> int:
    """Print the choices for --detector and --separator, and the installed networks."""
    detector = default_detector()
    separator = default_value("separator", "name", detector)
    detectors = [{"name": name, "label": entry.label, "default": name == detector} for name, entry in DETECTORS.items()]
    separators = [{"name": name, "label": entry.label, "default": name == separator} for name, entry in SEPARATORS.items()]
    networks = [_row(model) for model in installed()]
    default = usable()[:1]
    for row in networks:
        row["default"] = any(row["name"] == model.manifest.name for model in default) and "problem" not in row
    if options.json:
        print_json({"detectors": detectors, "separators": separators, "networks": networks, "models_folder": str(models_folder())})
        return 0
    for title, rows in (("Detectors", detectors), ("Separators", separators)):
        print(title)
        for row in rows:
            print(f"  {row['name']:<12}{row['label']}{' (default)' if row['default'] else ''}")
    print("Networks (choose with --set detector.model=NAME)")
    for row in networks:
        print("\n".join(f"  {line}" for line in _in_words(row)))
    if not networks:
        print("  none is installed")
    print(f"  add your own to {models_folder()}")
    return 0


def _row(model: InstalledModel | UnusableModel) -> dict[str, Any]:
    if isinstance(model, UnusableModel):
        return {"name": model.folder.name, "folder": str(model.folder), "problem": model.problem}
    manifest = model.manifest
    return {
        "name": manifest.name,
        "version": manifest.version,
        "title": manifest.title,
        "head": manifest.head,
        "sha256": manifest.model.sha256,
        "size_bytes": manifest.model.size_bytes,
        "licence": manifest.licence,
        "diameter_px": manifest.diameter_px.model_dump(),
        "scales": list(manifest.scales),
        "bundled": model.bundled,
        "folder": str(model.folder),
    }


def _in_words(row: dict[str, Any]) -> list[str]:
    if "problem" in row:
        return [f"{row['name']:<12}cannot be used: {row['problem']}"]
    range_px = row["diameter_px"]
    origin = "comes with Lycurgus" if row["bundled"] else "added by you"
    return [
        f"{row['name']:<12}{row['title']}, version {row['version']} ({origin}){' (default)' if row['default'] else ''}",
        f"{'':<12}{row['head']}, particles of {range_px['smallest']:g} to {range_px['largest']:g} px at scales "
        f"{', '.join(f'{scale:g}' for scale in row['scales'])}; licence {row['licence']}",
        f"{'':<12}sha256 {row['sha256']}",
    ]
