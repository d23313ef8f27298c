"""``lycurgus-train export``: from a checkpoint to a model folder that the application takes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from lycurgus.core.errors import ExportError


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe ``export``."""
    parser = subparsers.add_parser(
        "export",
        help="make a model folder for the application of a checkpoint",
        description="Make a model folder for the application of a checkpoint: ONNX, manifest, golden sample and card. "
        "Put it into the folder that 'lycurgus models' names, and the application offers it.",
    )
    parser.add_argument(
        "checkpoints",
        type=Path,
        nargs="+",
        metavar="CHECKPOINT",
        help="as 'lycurgus-train train' writes it; of several, which must have come from one another, the mean of the weights is taken",
    )
    parser.add_argument(
        "--facts", type=Path, metavar="TOML", help="name, scales, thresholds, licence, data ... (default: the shipped network's)"
    )
    parser.add_argument(
        "--sample", required=True, type=Path, metavar="IMAGE", help="a picture with particles; its middle goes into the folder"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="the model folder; called as the model")
    parser.add_argument("--no-half", action="store_true", help="leave out the variant in half precision, for GPUs")
    parser.add_argument(
        "--scores", type=Path, nargs="+", default=[], metavar="FILE", help="scores.json of evaluations, for manifest and card"
    )
    parser.add_argument("--replace", action="store_true", help="write over a model that is there")


def run(options: argparse.Namespace) -> int:
    """Export, prove that it computes the same, and write the card."""
    from lycurgus.inference.manifest import MANIFEST_FILE
    from lycurgus.readers.door import read
    from lycurgus_train.checkpoint import load_mean, trained
    from lycurgus_train.export import HALF_PARITY, export
    from lycurgus_train.facts import SHIPPED_FACTS, for_head, left_as_shipped, read_facts
    from lycurgus_train.model_card import read_scores, write_card

    if (options.out / MANIFEST_FILE).exists() and not options.replace:
        raise ExportError(options.out, "holds a model already", hint="name another folder, or say --replace")
    facts = read_facts(options.facts or SHIPPED_FACTS)
    documents = read_scores(options.scores)
    sample = read(options.sample).pixels
    checkpoint = load_mean(options.checkpoints)
    parity = export(trained(checkpoint), options.out, for_head(facts, checkpoint.network.head), sample=sample, half=not options.no_half)
    write_card(options.out, documents=documents)
    differences = _listed(parity.largest)
    if parity.half is not None:
        differences += f", in half precision by {_listed(parity.half)}"
    mean = "" if len(options.checkpoints) == 1 else f"the mean of {len(options.checkpoints)} checkpoints, the last of them "
    print(f"{options.out} holds {mean or 'the network '}after {checkpoint.step:,} steps; ONNX Runtime differs from torch by {differences}")
    if parity.half is not None and not parity.half_holds:
        print(f"no variant in half precision was kept: allowed is {HALF_PARITY:g}; GPUs will compute in single precision", file=sys.stderr)
    if options.facts is None:
        said = "name, version, licence and data are said to be those of the shipped network"
        print(f"{said} ({facts['name']} {facts['version']}): name --facts for one of your own", file=sys.stderr)
    elif unchanged := left_as_shipped(facts, read_facts()):
        said = f"{options.facts.name} calls the network {facts['name']}, but still says of it what is true of the shipped one"
        print(f"{said}: {', '.join(unchanged)}; change that and export again with --replace", file=sys.stderr)
    return 0


def _listed(differences: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.1e}" for name, value in differences.items())
