"""``lycurgus-train simulate``: pictures of particles that were never in a microscope, with exact truth."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lycurgus.core.errors import ParameterError

if TYPE_CHECKING:
    from lycurgus_train.synth.simulators import Simulator

LEAST_PX, MOST_PX = 64, 8192

EPILOG = """\
examples:
  lycurgus-train simulate --list
  lycurgus-train simulate catalyst --count 200 --size 512 --out catalysts
  lycurgus-train simulate haadf --count 110 --seed 11 --pool pools/sim-haadf
  lycurgus-train simulate liquid-cell --describe
  lycurgus-train simulate liquid-cell --set wanted_snr=1 --set snr_db=[7.49] --set 'population.shapes={rod=1}' --out rods
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe ``simulate``."""
    parser = subparsers.add_parser(
        "simulate",
        help="make labelled images from the physics of a microscope",
        description="Make labelled images from the physics of a microscope: image and label TIFF, and a COCO file that keeps overlaps.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kind", nargs="?", metavar="KIND", help="what is simulated; --list names the choices")
    parser.add_argument("--list", action="store_true", help="list what can be simulated and stop")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--out", type=Path, metavar="DIR", help="an empty or new folder for images, masks and the COCO file")
    where.add_argument("--pool", type=Path, metavar="DIR", help="a new folder for the images packed for training, instead of --out")
    parser.add_argument("--count", type=int, default=100, metavar="N", help="how many images (default: 100)")
    parser.add_argument("--size", type=int, default=512, metavar="PX", help="height and width of each (default: 512)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another number gives other images (default: 0)")
    parser.add_argument(
        "--set", action="append", default=[], dest="settings", metavar="NAME=VALUE", help="TOML, what is drawn from: 'liquid_nm=[100, 200]'"
    )
    parser.add_argument("--describe", action="store_true", help="list what KIND draws from and stop")


def run(options: argparse.Namespace) -> int:
    """Make the images, or list what can be made."""
    from lycurgus_train.synth.simulator_params import describe
    from lycurgus_train.synth.simulators import SIMULATORS

    if options.list:
        for name, simulator in SIMULATORS.items():
            print(f"{name:<14} {simulator.label}")
        return 0
    if options.kind is None or (options.out is None and options.pool is None and not options.describe):
        raise ParameterError("KIND and --out or --pool are needed", hint="for instance: lycurgus-train simulate haadf --out pictures")
    if options.kind not in SIMULATORS:
        raise ParameterError(f"there is no simulator called '{options.kind}'", hint=f"choose one of {', '.join(SIMULATORS)}")
    if options.describe:
        print(describe(SIMULATORS[options.kind].params_model))
        return 0
    for value, name, least, most in ((options.count, "--count", 1, 10**6), (options.size, "--size", LEAST_PX, MOST_PX)):
        if not least <= value <= most:
            raise ParameterError(f"{name} {value} is impossible", hint=f"give {least} to {most}")
    if options.seed < 0:
        raise ParameterError(f"--seed {options.seed} is negative", hint="give 0 or more")
    return _simulate(SIMULATORS[options.kind], options)


def _simulate(simulator: Simulator, options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from lycurgus_train.data.pool import write_pool
    from lycurgus_train.synth.simulator_params import simulator_params
    from lycurgus_train.synth.simulators import pictures
    from lycurgus_train.synth.writing import check_output, write_data_set

    params = simulator_params(simulator.params_model, options.settings)
    numbers = tqdm(range(options.count), unit="image", leave=False, disable=None, file=sys.stderr)
    images = pictures(simulator, numbers, size_px=options.size, seed=options.seed, params=params)
    if options.pool is not None:
        print(f"{len(write_pool(images, options.pool))} images packed into {options.pool}")
        return 0
    check_output(options.out)
    words = ["simulate", simulator.name, "--size", str(options.size), "--seed", str(options.seed)]
    words += [word for setting in options.settings for word in ("--set", setting)]
    what = f"{simulator.label}, by lycurgus-train {shlex.join(words)}"
    written = write_data_set(images, options.out, description=what, total=options.count)
    print(f"{written} images in {options.out}")
    return 0
