"""What several subcommands share: parameters from options, sentences for failures, JSON on stdout."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lycurgus.core.lengths import parse_length_nm
from lycurgus.core.params import AnalysisParams
from lycurgus.detectors import DETECTORS
from lycurgus.exporters.base import FailedFile
from lycurgus.exporters.json import plain
from lycurgus.parameters import NO_NETWORK_AT_HAND, default_params, is_network_at_hand, load_preset, with_settings

INTERRUPTED = 130
"""Exit status after Ctrl+C, as shells expect it."""


def params_of(options: argparse.Namespace) -> AnalysisParams:
    """Combine preset, --detector, --separator and --set, the later over the earlier."""
    if not (options.preset or options.detector or is_network_at_hand()):
        say(f"note: {NO_NETWORK_AT_HAND}")
    params = load_preset(options.preset) if options.preset else default_params()
    chosen = [f"{stage}.name={getattr(options, stage)}" for stage in ("detector", "separator") if getattr(options, stage)]
    return with_settings(params, [*chosen, *options.settings])


def device_of(options: argparse.Namespace, params: AnalysisParams) -> str:
    """Return --device; where it cannot matter, say so rather than let anybody believe that a GPU has worked."""
    if options.device not in ("auto", "cpu") and not DETECTORS[params.detector.name].runs_network:
        say(f"note: --device {options.device} has no effect: the detector '{params.detector.name}' runs no network")
    return str(options.device)


def pixel_size_nm_of(options: argparse.Namespace) -> float | None:
    return parse_length_nm(options.pixel_size) if options.pixel_size else None


def bar_options(*, quiet: bool) -> dict[str, Any]:
    """Return how progress over images is drawn: on a terminal alone, for in a log its lines would bury what is said.

    Parameters
    ----------
    quiet : on no terminal either.
    """
    return {"unit": "image", "leave": False, "disable": quiet or None}


def print_json(document: Any) -> None:
    """Print one JSON document, strictly: no NaN and no broken characters of file names, which other readers refuse."""
    json.dump(plain(document), sys.stdout, ensure_ascii=False, allow_nan=False, indent=1)
    sys.stdout.write("\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Tell the user something that is not a result."""
    print(text, file=sys.stderr)


def say_failures(failures: Iterable[FailedFile]) -> None:
    failed = list(failures)
    if failed:
        say(f"{len(failed)} {'file' if len(failed) == 1 else 'files'} failed:")
        for failure in failed:
            say(f"  {failure.path}: {failure.reason}")


def shown(path: Path) -> str:
    """Name a path as the user would: relative to where he stands, if that is shorter."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
