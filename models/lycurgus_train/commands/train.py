"""lycurgus-train train: train a network, or go on where a run stopped."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
    from lycurgus_train.config import read_config
    from lycurgus_train.sources import check_crops, load_sources
    from lycurgus_train.train import train

    config = read_config(args.config, tuple(args.settings))
    check_crops(config)
    validation = load_sources(config.validation)
    train(config, load_sources(config.train), validation, args.out, start_from=args.start_from, device=args.device)
    print(f"{args.out / 'last.pt'} holds the network after {config.steps:,} steps")
    return 0
