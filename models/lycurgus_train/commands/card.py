"""``lycurgus-train card``: write a model folder's card anew, with scores and pictures of failures."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe ``card``."""
    parser = subparsers.add_parser(
        "card",
        help="write the card of an exported network: data, licences, scores, failures",
        description="Write the card of an exported network from its manifest, the scores of evaluations, and simulated pictures that it "
        "gets wrong.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the model folder")
    parser.add_argument("--scores", type=Path, nargs="+", default=[], metavar="FILE", help="scores.json of evaluations of this network")
    parser.add_argument(
        "--pictures", type=int, default=6, metavar="N", help="simulated for each kind; the worst is drawn (default: 6, 0 for none)"
    )
    parser.add_argument("--device", default="auto", metavar="NAME", help="auto, cpu or cuda (default: auto)")


def run(options: argparse.Namespace) -> int:
    """Write the card."""
    from lycurgus.detectors.network import NetworkDetector
    from lycurgus.inference.catalog import InstalledModel
    from lycurgus.inference.manifest import read_manifest
    from lycurgus_train.failures import draw_failures
    from lycurgus_train.judging import detection_params
    from lycurgus_train.model_card import CARD_FILE, read_scores, write_card

    documents = read_scores(options.scores)
    model = InstalledModel(options.folder, read_manifest(options.folder), bundled=False)
    failures = []
    if options.pictures > 0:
        failures = draw_failures(
            options.folder, detection_params(), NetworkDetector(model), pictures=options.pictures, device=options.device
        )
    manifest = write_card(options.folder, documents=documents, failures=failures)
    print(f"{options.folder / CARD_FILE}: scores on {len(manifest.metrics)} data sets, {len(failures)} pictures of failures")
    return 0
