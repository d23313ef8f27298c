"""``lycurgus-train train``: train a network, or go on where a run stopped."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from lycurgus.core.errors import ParameterError

NOTES_SHOWN = 10


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe ``train``."""
    parser = subparsers.add_parser(
        "train",
        help="train a network, or go on where a run stopped",
        description="Train a network as a TOML file says. Started again on the same folder, a run goes on where it stopped. "
        "Several GPUs: torchrun --nproc-per-node N -m lycurgus_train.cli train ...",
    )
    parser.add_argument("config", type=Path, nargs="?", help="the run's TOML file")
    parser.add_argument("--describe", action="store_true", help="print a TOML file with everything that can stand in one, and stop")
    parser.add_argument("--out", type=Path, help="folder for checkpoints, logs and pictures")
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="TOML that overrides the file, for instance steps=500",
    )
    parser.add_argument(
        "--from",
        dest="start_from",
        type=Path,
        metavar="CHECKPOINT",
        help="start with the weights of a checkpoint, or of a model folder as 'export' makes it: the shipped network's, for instance",
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")


def run(options: argparse.Namespace) -> int:
    """Check the run, then the data, train, and return the exit status; or describe what a run can be told."""
    if options.describe:
        from lycurgus_train.template import describe

        print(describe(), end="")
        return 0
    if options.config is None or options.out is None:
        raise ParameterError("a TOML file and --out are needed", hint="for instance: lycurgus-train train run.toml --out run")

    from lycurgus_train.beginning import look_ahead
    from lycurgus_train.checkpoint import load_checkpoint
    from lycurgus_train.commands.bar import Bar
    from lycurgus_train.config import read_config
    from lycurgus_train.sources import check_sources, load_sources
    from lycurgus_train.train import LAST, train

    # torchrun starts this command once for each GPU; where one of them fails, it ends the others.
    leads = os.environ.get("RANK", "0") == "0"
    bar = Bar(active=leads)
    config = read_config(options.config, tuple(options.settings))
    if leads:
        begins = not (options.out / LAST).exists()
        _show(look_ahead(config, options.out, start_from=options.start_from, device=options.device))
        if begins and options.start_from is not None:
            print(f"begins with the weights of {options.start_from}")
        _show(check_sources(config, progress=bar))
    validation = load_sources(config.validation, progress=bar) if leads else []
    sources = load_sources(config.train, progress=bar)
    train(config, sources, validation, options.out, start_from=options.start_from, device=options.device)
    if leads:
        last = options.out / LAST
        print(f"{last} holds the network after {load_checkpoint(last).step:,} steps")
    return 0


def _show(notes: list[str]) -> None:
    if notes:
        more = [f"and {len(notes) - NOTES_SHOWN} more, see lycurgus-train data check"] if len(notes) > NOTES_SHOWN else []
        print("worth a look:", *notes[:NOTES_SHOWN], *more, sep="\n  ", file=sys.stderr)
