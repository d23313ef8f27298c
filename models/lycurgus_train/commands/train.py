"""``lycurgus-train train``: train a network, or go on where a run stopped."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

NOTES_SHOWN = 10


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe ``train``."""
    parser = subparsers.add_parser(
        "train",
        help="train a network, or go on where a run stopped",
        description="Train a network as a TOML file says. Started again on the same folder, a run goes on where it stopped. "
        "Several GPUs: torchrun --nproc-per-node N -m lycurgus_train.cli train ...",
    )
    parser.add_argument("config", type=Path, help="the run's TOML file")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints, logs and pictures")
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="TOML that overrides the file, for instance steps=500",
    )
    parser.add_argument("--from", dest="start_from", type=Path, metavar="CHECKPOINT", help="start with these weights")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check the data, train, and return the exit status."""
    from lycurgus_train.commands.bar import Bar
    from lycurgus_train.config import read_config
    from lycurgus_train.sources import check_sources, load_sources
    from lycurgus_train.train import LAST, train

    # torchrun starts this command once for each GPU; where one of them fails, it ends the others.
    leads = os.environ.get("RANK", "0") == "0"
    bar = Bar(active=leads)
    config = read_config(args.config, tuple(args.settings))
    if leads:
        _show(check_sources(config, progress=bar))
    validation = load_sources(config.validation, progress=bar) if leads else []
    train(config, load_sources(config.train, progress=bar), validation, args.out, start_from=args.start_from, device=args.device)
    if leads:
        print(f"{args.out / LAST} holds the network after {config.steps:,} steps")
    return 0


def _show(notes: list[str]) -> None:
    if notes:
        more = [f"and {len(notes) - NOTES_SHOWN} more, see lycurgus-train data check"] if len(notes) > NOTES_SHOWN else []
        print("worth a look:", *notes[:NOTES_SHOWN], *more, sep="\n  ", file=sys.stderr)
