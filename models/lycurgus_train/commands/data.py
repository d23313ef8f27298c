"""``lycurgus-train data``: look at data before training, split it by group, pack it."""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lycurgus.core.errors import LycurgusError, ParameterError, ReadError
from lycurgus_train.commands.bar import Bar

if TYPE_CHECKING:
    from lycurgus_train.data.check import Checked
    from lycurgus_train.data.folder import DataSet

KINDS = ("auto", "masks", "semantic", "coco", "yolo")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe ``data`` and its three commands."""
    data = subparsers.add_parser("data", help="check, split and pack labelled images", description="Check, split and pack labelled images.")
    actions = data.add_subparsers(dest="action", metavar="ACTION", required=True)

    check = actions.add_parser("check", help="list what is wrong with a folder, and draw what was understood")
    _add_folder(check)
    check.add_argument("--out", type=Path, metavar="DIR", help="write contact sheets here: images with outlines, boxes, ignored areas")
    check.add_argument("--each", action="store_true", help="with --out, also a large picture of every image")

    split = actions.add_parser("split", help="decide by group which images are trained on and which validate, and fix it in a file")
    _add_folder(split)
    split.add_argument("--out", required=True, type=Path, metavar="FILE", help="the split, as JSON")
    split.add_argument("--validation", type=float, default=0.15, metavar="SHARE", help="share of the groups (default: 0.15)")
    split.add_argument("--seed", type=int, default=0, metavar="N", help="another number gives another split (default: 0)")
    source = split.add_mutually_exclusive_group()
    source.add_argument("--groups", type=Path, metavar="CSV", help="the first column names the image, the second its group")
    source.add_argument(
        "--group-pattern", metavar="REGEX", help=r"the first parenthesis of this regular expression is the group: '(.+?)\d+$'"
    )

    pack = actions.add_parser("pack", help="pack a folder, or one side of its split, for fast reading")
    _add_folder(pack)
    pack.add_argument("--out", required=True, type=Path, metavar="DIR", help="a new folder for the packed images")
    pack.add_argument("--split", metavar="FILE", help="a split file, or the name of one that ships: emps, nanoshapes, catalyst-boxes")
    pack.add_argument("--side", choices=("train", "validation"), default="train", help="of the split (default: train)")


def run(options: argparse.Namespace) -> int:
    """Run the chosen action and return the exit status."""
    return {"check": _check, "split": _split, "pack": _pack}[options.action](options)


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="images with masks or boxes, or a COCO file")
    parser.add_argument("--kind", choices=KINDS, default="auto", help="of the truth (default: auto, recognised)")
    parser.add_argument("--images", type=Path, metavar="DIR", help="where the images are, if not in FOLDER")
    parser.add_argument(
        "--particle-values", metavar="LIST", help="values of a semantic mask that mean particle: 2, or 1,2, or '>127' (default: all but 0)"
    )


def _load(options: argparse.Namespace) -> DataSet:
    from lycurgus.readers.truth import ParticleValues
    from lycurgus_train.data.folder import load_folder

    try:
        values = ParticleValues.parse(options.particle_values) if options.particle_values else None
    except ParameterError as error:
        raise ParameterError(f"--particle-values: {error.reason}", hint=error.hint) from error
    return load_folder(options.folder, kind=None if options.kind == "auto" else options.kind, images=options.images, particle_values=values)


def _check(options: argparse.Namespace) -> int:
    from lycurgus_train.canvas import write_png
    from lycurgus_train.data.check import background_only, check
    from lycurgus_train.data.sheet import ContactSheets, draw_labelled
    from lycurgus_train.labelled import LabelledImage

    data = _load(options)
    sheets = ContactSheets(options.out) if options.out else None

    def draw(image: LabelledImage) -> None:
        if sheets is not None:
            sheets.add(image)
            if options.each:
                write_png(options.out / "images" / f"{image.name.replace('/', '_')}.png", draw_labelled(image, min_side_px=1000))

    checked = check(data, progress=Bar(), visit=draw)
    checked.problems += background_only([checked])
    if sheets is not None:
        sheets.close()
        print(f"drawn: {', '.join(str(path) for path in sheets.written) or 'nothing'}")
    print(_in_words(data, checked))
    _list("note", checked.notes)
    _list("problem", checked.problems)
    return 1 if checked.problems else 0


def _list(title: str, sentences: Sequence[str]) -> None:
    if sentences:
        print(f"{len(sentences)} {title}{'s' * (len(sentences) > 1)}:", *sentences, sep="\n  ", file=sys.stderr)


def _in_words(data: DataSet, checked: Checked) -> str:
    import numpy as np

    lines = [f"{data.folder}: {checked.n_images} image{'s' * (checked.n_images != 1)} with {_KINDS[data.kind]}"]
    if checked.diameters_px:
        small, typical, large = np.percentile(checked.diameters_px, (5, 50, 95))
        lines.append(
            f"{len(checked.diameters_px):,} particles, diameters {small:.0f} to {large:.0f} px (5 to 95 %), median {typical:.0f} px"
        )
    if checked.n_without:
        lines.append(f"images without a particle: {checked.n_without}")
    return "\n".join(lines)


_KINDS = {"masks": "instance masks", "semantic": "semantic masks", "coco": "COCO annotations", "yolo": "boxes"}


def _split(options: argparse.Namespace) -> int:
    from lycurgus_train.data.splits import image_statistics, make_split, write_split

    data = _load(options)
    if options.groups:
        groups, source = _groups_of(options.groups, data.names), f"{options.groups.name}, first and second column"
    elif options.group_pattern:
        groups, source = _groups_by(options.group_pattern, data.names), f"file name, pattern {options.group_pattern}"
    else:
        groups, source = {name: name for name in data.names}, "each image is a group"
    progress = Bar()
    statistics = {}
    for number, entry in enumerate(data.entries):
        progress("look", number, len(data))
        statistics[entry.name] = image_statistics(entry.load())
    made = {"data": data.folder.name, "groups_from": source}
    split = make_split(groups, validation=options.validation, seed=options.seed, statistics=statistics, made=made)
    write_split(split, options.out)
    print(f"{len(split.train)} images to train on, {len(split.validation)} for validation; groups: {source}")
    return 0


def _groups_of(path: Path, names: tuple[str, ...]) -> Mapping[str, str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = {row[0]: row[1] for row in csv.reader(stream) if len(row) > 1}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ReadError(path, "is no table of groups that can be read") from error
    stems = {Path(name).stem if name not in names else name: group for name, group in rows.items()}
    missing = [name for name in names if name not in stems]
    if missing:
        raise LycurgusError(f"{path.name} gives no group for {', '.join(missing[:3])}", hint=f"{len(missing)} images lack one")
    return {name: stems[name] for name in names}


def _groups_by(pattern: str, names: tuple[str, ...]) -> Mapping[str, str]:
    try:
        found = {name: re.match(pattern, name) for name in names}
    except re.error as error:
        raise ParameterError(f"--group-pattern {pattern} is no regular expression ({error})") from error
    groups = {name: match.group(1) for name, match in found.items() if match is not None and match.re.groups}
    missing = [name for name in names if name not in groups]
    if missing:
        raise ParameterError(f"--group-pattern {pattern} finds no group in {missing[0]}", hint="put the group in parentheses")
    return groups


def _pack(options: argparse.Namespace) -> int:
    from lycurgus_train.data.check import DataError, check
    from lycurgus_train.data.pool import check_free, write_pool
    from lycurgus_train.data.splits import read_split

    check_free(options.out)
    data, absent = _load(options), []
    if options.split:
        split = read_split(options.split)
        split.check(data.names)
        absent = split.absent(data.names, options.side)
        data = data.only(split.side(options.side))
    # What a pool leaves out nobody would miss later: a folder is packed whole or not at all.
    checked = check(data, progress=Bar())
    _list("note", checked.notes)
    if absent or checked.problems:
        raise DataError([*absent, *checked.problems], undone="packed")
    pool = write_pool(data, options.out, progress=Bar())
    print(f"{len(pool)} images packed into {options.out}")
    return 0
