"""``lycurgus-train study``: rerun a study and print its table beside what was published."""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from lycurgus.core.errors import ParameterError
from lycurgus_train.studies import STUDIES

if TYPE_CHECKING:
    from lycurgus_train.studies.plan import Effort

TRAINING = ("synthetic", "one-image", "few-images", "ablation")
HEEDED_BY = {"steps": TRAINING, "scored": TRAINING, "images": ("synthetic", "ablation"), "start": TRAINING, "data": TRAINING}
"""Option -> the studies whose figures it decides."""

EPILOG = """\
studies:
  synthetic   real images, synthetic ones made of them, and both
  one-image   one annotated image, alone and with synthetic images of it
  few-images  5, 10, 20 and 30 annotated images, with and without five synthetic ones each
  noise       particles found against the ratio of signal to noise, by a network and by Otsu, without and with denoising
  ablation    heads and data, each combination for equally many steps

examples:
  lycurgus-train study noise --out studies/noise
  lycurgus-train study ablation --full --data emps/ --split emps --out studies/ablation --markdown docs/studies.md

A study that was stopped goes on where it stopped.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe ``study``."""
    parser = subparsers.add_parser(
        "study",
        help="rerun a study: what data, heads and noise do to the result",
        description="Rerun a study; small by default, so that it ends in minutes and shows that it runs, at full size by --full.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=tuple(STUDIES), metavar="NAME", help=", ".join(STUDIES))
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="for the table (study.csv, study.md) and what is finished of it"
    )
    parser.add_argument("--full", action="store_true", help="full size: hours on a GPU, days on a CPU, but for 'noise'")
    parser.add_argument("--data", type=Path, metavar="DIR", help="images with truth, or a packed pool; not for 'noise'")
    parser.add_argument("--split", metavar="FILE", help="of the data: a file, or the name of one that ships")
    parser.add_argument("--validation", type=Path, metavar="DIR", help="instead of a split: other images to score with")
    parser.add_argument(
        "--model", default="default", help="for 'noise': a model folder, checkpoint or installed name (default: the shipped network)"
    )
    parser.add_argument("--start", type=Path, metavar="CHECKPOINT", help="every training starts with these weights")
    parser.add_argument("--steps", type=int, metavar="N", help="of every training, instead of the study's own; not for 'noise'")
    parser.add_argument(
        "--images",
        type=int,
        metavar="N",
        help="so many real images to train on, at most, and about as many of each other kind; for 'ablation' and 'synthetic'",
    )
    parser.add_argument("--scored", type=int, metavar="N", help="so many real images to score with, at most; not for 'noise'")
    parser.add_argument("--repeats", type=int, default=1, metavar="N", help="with so many seeds (default: 1)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the first of them (default: 1)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="processes that draw crops (default: 0)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also put the table into this page")


def run(options: argparse.Namespace) -> int:
    """Run the study; print and write its table."""
    from lycurgus.exporters.atomic import replacing
    from lycurgus_train.studies.plan import FULL, SMALL, Plan
    from lycurgus_train.studies.report import Report

    for name in ("steps", "images", "scored", "repeats"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise ParameterError(f"--{name} {value} is impossible", hint="give 1 or more")
    for name, studies in HEEDED_BY.items():
        if getattr(options, name) is not None and options.name not in studies:
            raise ParameterError(f"--{name} means nothing to the study '{options.name}'", hint="leave it out")
    if options.seed < 0 or options.workers < 0:
        raise ParameterError("--seed and --workers are 0 or more")
    plan = Plan(
        out=options.out,
        command=command_of(options),
        effort=_effort(FULL if options.full else SMALL, options),
        full=options.full,
        data=options.data,
        split=options.split,
        validation=options.validation,
        model=options.model,
        start=options.start,
        seeds=tuple(range(options.seed, options.seed + options.repeats)),
        device=options.device,
        workers=options.workers,
    )
    plan.check_data()
    report: Report = import_module(STUDIES[options.name]).run(plan)
    print(report.text())
    print(f"{plan.cells.seconds:,.0f} s were spent on it, {len(report.rows)} rows", file=sys.stderr)
    report.write_csv(options.out / "study.csv")
    with replacing(options.out / "study.md") as temporary:
        temporary.write_text(report.markdown(), encoding="utf-8", newline="\n")
    if options.markdown is not None:
        report.put_into(options.markdown)
    return 0


def _effort(effort: Effort, options: argparse.Namespace) -> Effort:
    """Return an effort with the numbers that were given in place of its own."""
    from lycurgus_train.synth.simulators import SIMULATORS

    wanted = {"steps": options.steps, "scored": options.scored, "real": options.images, "synthetic": options.images}
    if options.images is not None:
        wanted["simulated"] = -(-options.images // len(SIMULATORS))
    return replace(effort, **{name: value for name, value in wanted.items() if value is not None})


def command_of(options: argparse.Namespace) -> str:
    """Return the command that gives a study's figures again; folders by their names, since others have theirs elsewhere."""
    words = ["lycurgus-train", "study", options.name]
    words += ["--full"] if options.full else []
    words += ["--data", options.data.name] if options.data else []
    words += ["--split", Path(options.split).name] if options.split else []
    words += ["--validation", options.validation.name] if options.validation else []
    words += ["--model", Path(options.model).name] if options.model != "default" else []
    words += ["--start", options.start.name] if options.start else []
    for name in ("steps", "images", "scored"):
        words += [f"--{name}", str(getattr(options, name))] if getattr(options, name) is not None else []
    words += ["--repeats", str(options.repeats)] if options.repeats != 1 else []
    words += ["--seed", str(options.seed)] if options.seed != 1 else []
    return shlex.join([*words, "--out", options.out.name])
