"""``lycurgus models``: which detectors, separators and networks there are; networks added, removed and checked."""

from __future__ import annotations

import argparse
from typing import Any

from lycurgus.commands.common import print_json, say
from lycurgus.core.separate import SEPARATORS
from lycurgus.detectors import DETECTORS
from lycurgus.folders import models_folder
from lycurgus.inference.catalog import InstalledModel, Listed, ShadowedModel, UnusableModel, installed, usable
from lycurgus.inference.manifest import CARD_FILE
from lycurgus.parameters import default_detector, default_value
from lycurgus.services.models import ModelCheck, add_model, check_models, is_bundled, name_of, remove_model

OK, SOME_FAILED = 0, 1


def run(options: argparse.Namespace) -> int:
    """Do what the ACTION says; list where there is none."""
    return _ACTIONS[options.action or "list"](options)


def _list(options: argparse.Namespace) -> int:
    """Print the choices for --detector and --separator, and the installed networks."""
    detector = default_detector()
    separator = default_value("separator", "name", detector)
    detectors = [{"name": name, "label": entry.label, "default": name == detector} for name, entry in DETECTORS.items()]
    separators = [{"name": name, "label": entry.label, "default": name == separator} for name, entry in SEPARATORS.items()]
    default = usable()[:1]
    networks = [_row(listed, is_default=listed in default) for listed in installed()]
    if options.json:
        print_json({"detectors": detectors, "separators": separators, "networks": networks, "models_folder": str(models_folder())})
        return OK
    for title, rows in (("Detectors", detectors), ("Separators", separators)):
        print(title)
        for row in rows:
            print(f"  {row['name']:<12}{row['label']}{' (default)' if row['default'] else ''}")
    print("Networks (choose with --set detector.model=NAME)")
    for row in networks:
        print("\n".join(f"  {line}" for line in _in_words(row)))
    if not networks:
        print("  none is installed")
    print("  add your own with 'lycurgus models add FOLDER_OR_ZIP'; they are kept in")
    print(f"  {models_folder()}")
    return OK


def _add(options: argparse.Namespace) -> int:
    added = add_model(options.source)
    for name in added.left_out:
        say(f"note: left out, for it does not belong to a model: {name}")
    if options.json:
        row = _row(added.model, is_default=added.model in usable()[:1])
        print_json({**row, "replaced": list(added.replaced), "updates": added.updates or None, "left_out": list(added.left_out)})
        return OK
    print(added.in_words())
    print(f"It met its golden sample {added.golden.in_words()}.")
    print(f"Choose it with --set detector.model={added.model.manifest.name}")
    return OK


def _remove(options: argparse.Namespace) -> int:
    removed = remove_model(options.name)
    if options.json:
        print_json({"name": removed.name, "versions": list(removed.versions), "bundled_is_used": removed.bundled is not None})
        return OK
    print(removed.in_words())
    return OK


def _check(options: argparse.Namespace) -> int:
    rows = []
    for checked in check_models(options.names):
        rows.append(_checked_row(checked))
        if not options.json:
            print(_checked_in_words(checked), flush=True)
    if options.json:
        print_json(rows)
    elif not rows:
        print("no network is installed")
    return SOME_FAILED if any(row["problem"] for row in rows) else OK


_ACTIONS = {"list": _list, "add": _add, "remove": _remove, "check": _check}


def _row(listed: Listed, *, is_default: bool) -> dict[str, Any]:
    if isinstance(listed, UnusableModel):
        return {"name": name_of(listed), "folder": str(listed.folder), "problem": listed.problem, "default": False, "used": False}
    by = listed.by if isinstance(listed, ShadowedModel) else None
    model: InstalledModel = listed.model if isinstance(listed, ShadowedModel) else listed
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
        "card": str(model.folder / CARD_FILE) if (model.folder / CARD_FILE).is_file() else None,
        "default": is_default,
        "used": by is None,
        "used_instead": None if by is None else {"version": by.manifest.version, "bundled": by.bundled},
    }


def _in_words(row: dict[str, Any]) -> list[str]:
    name = f"{row['name']:<12}" if len(row["name"]) < 12 else f"{row['name']} "
    if "problem" in row:
        return [f"{name}cannot be used: {row['problem']}"]
    range_px = row["diameter_px"]
    origin = "comes with Lycurgus" if row["bundled"] else "added by you"
    headline = f"{name}{row['title']}, version {row['version']} ({origin})"
    if not row["used"]:
        instead = row["used_instead"]
        whose = "that comes with Lycurgus" if instead["bundled"] else "that you have added"
        return [headline, f"{'':<12}not used: version {instead['version']} {whose} is used instead"]
    return [
        f"{headline}{' (default)' if row['default'] else ''}",
        f"{'':<12}{row['head']}, particles of {range_px['smallest']:g} to {range_px['largest']:g} px at scales "
        f"{', '.join(f'{scale:g}' for scale in row['scales'])}; licence {row['licence']}",
        f"{'':<12}sha256 {row['sha256']}",
    ]


def _checked_row(checked: ModelCheck) -> dict[str, Any]:
    listed, golden = checked.listed, checked.golden
    version = None
    if not isinstance(listed, UnusableModel):
        version = (listed.model if isinstance(listed, ShadowedModel) else listed).manifest.version
    return {
        "name": name_of(listed),
        "version": version,
        "bundled": is_bundled(listed),
        "runs_on": checked.runs_on or None,
        "largest_difference": golden.largest_difference if golden else None,
        "problem": checked.problem,
    }


def _checked_in_words(checked: ModelCheck) -> str:
    row = _checked_row(checked)
    name = f"{row['name']} {row['version']}" if row["version"] else row["name"]
    if checked.problem or checked.golden is None:
        return f"failed   {name}: {checked.problem}"
    return f"ok       {name}: golden sample met {checked.golden.in_words()}; analyses run it on {checked.runs_on}"
