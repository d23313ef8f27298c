"""``lycurgus-train synthesize``: many labelled images from few, or from one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lycurgus.core.errors import ParameterError, ReadError

if TYPE_CHECKING:
    from lycurgus_train.labelled import LabelledImage
    from lycurgus_train.synth.parameters import SynthesisParams

KINDS = ("auto", "masks", "semantic", "coco")

EPILOG = """\
examples:
  lycurgus-train synthesize particles.tif --mask particles_mask.png --out synthetic --count 500
  lycurgus-train synthesize annotated/ --out synthetic --set particles=50,200 --set placement=clustered
  lycurgus-train synthesize pools/emps-train --count 100 --set size_px=512 --pool pools/syn-emps
  lycurgus-train synthesize --describe
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe ``synthesize``."""
    parser = subparsers.add_parser(
        "synthesize",
        help="make labelled images from the particles and backgrounds of a few, or of one",
        description="Make labelled images from the particles and backgrounds of a few, or of one.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "source", nargs="?", type=Path, metavar="SOURCE", help="a folder of images with masks, a COCO file, a packed pool, or an image"
    )
    parser.add_argument("--mask", type=Path, metavar="FILE", help="the mask, where SOURCE is one image")
    parser.add_argument("--kind", choices=KINDS, default="auto", help="of the truth in a folder (default: auto, recognised)")
    parser.add_argument("--images", type=Path, metavar="DIR", help="where the images are, if not in SOURCE")
    parser.add_argument(
        "--particle-values", metavar="LIST", help="values of a semantic mask that mean particle: 2, or 1,2, or '>127' (default: all but 0)"
    )
    parser.add_argument(
        "--probabilities", type=Path, metavar="DIR", help="foreground probabilities, called as the images, for soft outlines"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--out", type=Path, metavar="DIR", help="an empty or new folder for images, masks and the COCO file")
    where.add_argument("--pool", type=Path, metavar="DIR", help="a new folder for the images packed for training, instead of --out")
    parser.add_argument("--count", type=int, metavar="N", help="how many images (default: 100)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another number gives other images (default: 0)")
    parser.add_argument("--preset", type=Path, metavar="FILE", help="parameters as JSON, as synthesis.json of an earlier run holds them")
    parser.add_argument(
        "--set", action="append", default=[], dest="settings", metavar="NAME=VALUE", help="change a parameter; a range as 10,60"
    )
    parser.add_argument("--describe", action="store_true", help="list all parameters and stop")


def run(options: argparse.Namespace) -> int:
    """Make the images, or list the parameters."""
    from lycurgus_train.synth.describing import parameter_table

    if options.describe:
        print(parameter_table())
        return 0
    if options.source is None or (options.out is None and options.pool is None):
        raise ParameterError(
            "SOURCE and --out or --pool are needed", hint="for instance: lycurgus-train synthesize annotated/ --out synthetic"
        )
    if options.seed < 0:
        raise ParameterError(f"--seed {options.seed} is negative", hint="give 0 or more")
    params = _params(options)
    return _synthesize(options, params)


def _synthesize(options: argparse.Namespace, params: SynthesisParams) -> int:
    from lycurgus.exporters.json import write_json
    from lycurgus_train.data.pool import write_pool
    from lycurgus_train.synth.given import read_probabilities
    from lycurgus_train.synth.synthesis import synthesize
    from lycurgus_train.synth.writing import check_output, write_data_set

    if options.out is not None:
        check_output(options.out)
    pairs = _pairs(options)
    probabilities = read_probabilities(options.probabilities, tuple(pair.name for pair in pairs)) if options.probabilities else None
    images = synthesize(pairs, params, seed=options.seed, probabilities=probabilities)
    counted = _Counted(images, params.count)
    out = options.pool or options.out
    if options.pool is not None:
        written = len(write_pool(counted, out))
    else:
        written = write_data_set(counted, out, description="synthetic images by lycurgus-train synthesize", total=params.count)
    document = {"parameters": params.model_dump(mode="json"), "seed": options.seed, "sources": [pair.name for pair in pairs]}
    write_json(out / "synthesis.json", document)
    print(f"{written} images with {counted.particles:,} particles in {out}")
    return 0


class _Counted:
    """Counts particles while images pass by, and shows the progress on a terminal."""

    def __init__(self, images: Iterator[LabelledImage], total: int) -> None:
        self._images, self._total = images, total
        self.particles = 0

    def __iter__(self) -> Iterator[LabelledImage]:
        from tqdm import tqdm

        for image in tqdm(self._images, total=self._total, unit="image", leave=False, disable=None, file=sys.stderr):
            self.particles += len(image.instances)
            yield image


def _pairs(options: argparse.Namespace) -> tuple[LabelledImage, ...]:
    from lycurgus.readers.truth import ParticleValues
    from lycurgus_train.data.pool import INDEX, Pool
    from lycurgus_train.synth.given import read_folder, read_pair, with_instances

    if options.mask is not None:
        if options.source.is_dir():
            raise ParameterError("--mask goes with one image, SOURCE is a folder", hint="leave --mask out; masks are found in the folder")
        return (read_pair(options.source, options.mask),)
    if (options.source / INDEX).exists():
        return tuple(with_instances(image) for image in Pool(options.source))
    if options.source.suffix.lower() != ".json" and not options.source.is_dir():
        if not options.source.exists():
            raise ReadError(options.source, "does not exist", hint="check the name and the folder")
        raise ParameterError(f"{options.source.name} has no mask", hint="name it with --mask")
    values = ParticleValues.parse(options.particle_values) if options.particle_values else None
    kind = None if options.kind == "auto" else options.kind
    return read_folder(options.source, kind=kind, images=options.images, particle_values=values)


def _params(options: argparse.Namespace) -> SynthesisParams:
    from lycurgus_train.synth.parameters import load_preset, parse_setting, synthesis_params

    settings: dict[str, Any] = load_preset(options.preset) if options.preset else {}
    settings |= dict(parse_setting(text) for text in options.settings)
    if options.count is not None:
        settings["count"] = options.count
    return synthesis_params(settings)
