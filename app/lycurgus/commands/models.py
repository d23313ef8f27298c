"""``lycurgus models``: which detectors, separators and networks there are."""

from __future__ import annotations

import argparse

from lycurgus.commands.common import print_json
from lycurgus.core.separate import SEPARATORS
from lycurgus.detectors import DETECTORS
from lycurgus.parameters import DEFAULT_DETECTOR, DEFAULT_SEPARATOR


def run(options: argparse.Namespace) -> int:
    """Print the choices for --detector and --separator."""
    detectors = [{"name": name, "label": entry.label, "default": name == DEFAULT_DETECTOR} for name, entry in DETECTORS.items()]
    separators = [{"name": name, "label": entry.label, "default": name == DEFAULT_SEPARATOR} for name, entry in SEPARATORS.items()]
    if options.json:
        print_json({"detectors": detectors, "separators": separators, "networks": []})
        return 0
    for title, rows in (("Detectors", detectors), ("Separators", separators)):
        print(title)
        for row in rows:
            print(f"  {row['name']:<12}{row['label']}{' (default)' if row['default'] else ''}")
    print("Networks\n  none is installed: this version detects by classical thresholding")
    return 0
