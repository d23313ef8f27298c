"""Which file of a folder is an image, which is its truth, and of what kind that is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np

from lycurgus.core.errors import LycurgusError, ParameterError, ReadError
from lycurgus.readers.discover import find_files, natural_key
from lycurgus.readers.truth import MASK_SUFFIXES, CocoTruth, ParticleValues, names_classes, read_coco, read_labels
from lycurgus_train.data.truths import CocoAnnotations, LabelMask, SemanticMask, Truth, YoloBoxes

Kind = Literal["masks", "semantic", "coco", "yolo"]
KINDS: tuple[Kind, ...] = get_args(Kind)

IMAGE_FOLDERS = ("images", "image", "imgs", "img", "micrographs")
IMAGE_ENDINGS = ("_img", "_image")
MASK_FOLDERS = ("masks", "mask", "labels", "label", "instances", "annotations", "truth", "gt")
BOX_FOLDERS = ("boxes", "labels", "label", "annotations", "truth", "gt")
MASK_ENDINGS = ("_mask", "_masks", "-mask", ".mask", "_label", "_labels", "_instances", "_seg", "_segmentation", "_gt")
LOOKED_AT = 20
"""So many masks decide whether their values number particles or name classes."""
NOT_BOXES = ("classes.txt", "readme.txt", "license.txt", "notes.txt", "obj.names")


@dataclass(frozen=True, slots=True)
class Found:
    """What a folder holds: the kind of truth, images with their truth, and sentences on what lacks its counterpart."""

    kind: Kind
    pairs: tuple[tuple[Path, Truth], ...]
    problems: tuple[str, ...]


def find_truths(path: Path, *, kind: Kind | None, images: Path | None, particle_values: ParticleValues | None) -> Found:
    """Find images and their truth; see ``lycurgus_train.data.folder.load_folder``.

    Raises
    ------
    LycurgusError
        There is no such folder, or nothing in it that can be used.
    """
    if kind is not None and kind not in KINDS:
        raise ParameterError(f"there is no kind of truth called '{kind}'", hint=f"choose from {', '.join(KINDS)}")
    folder = path.parent if path.is_file() else path
    for needed in (folder, images):
        if needed is not None and not needed.is_dir():
            raise LycurgusError(f"there is no folder {needed}", hint="check the name")
    coco_files = [path] if path.is_file() else _coco_files(folder) if kind in (None, "coco") else []
    if coco_files:
        return _coco(coco_files, _images(images or _subfolder(folder, IMAGE_FOLDERS) or folder, recursive=True))
    if kind == "coco":
        raise LycurgusError(f"{folder} holds no COCO file", hint="name the file itself")
    image_folder = images or _subfolder(folder, IMAGE_FOLDERS) or folder
    pictures = _images(image_folder)
    boxes = _box_files(folder, pictures) if kind in (None, "yolo") else []
    if boxes or kind == "yolo":
        return _paired("yolo", pictures, [(box.stem, YoloBoxes(box)) for box in boxes])
    pictures, masks = _masks(folder, image_folder, pictures)
    # Whoever says which values mean particle says that values name classes.
    chosen: Kind = kind or ("semantic" if particle_values else _kind_of([mask for _, mask in masks]))
    truths: list[tuple[str, Truth]] = [
        (stem, LabelMask(mask) if chosen == "masks" else SemanticMask(mask, particle_values)) for stem, mask in masks
    ]
    return _paired(chosen, pictures, truths)


def _images(folder: Path, *, recursive: bool = False) -> list[Path]:
    try:
        return find_files([folder], recursive=recursive)
    except LycurgusError:
        return []


def _subfolder(folder: Path, names: Sequence[str]) -> Path | None:
    present = {entry.name.casefold(): entry for entry in folder.iterdir() if entry.is_dir()}
    exact = (present[name] for name in names if name in present)
    longer = (place for name in names for own, place in sorted(present.items()) if own.endswith((f"_{name}", f"-{name}")))
    return next(exact, None) or next(longer, None)


def _coco_files(folder: Path) -> list[Path]:
    places = [folder, *filter(None, [_subfolder(folder, ("annotations",))])]
    return [file for place in places for file in sorted(place.glob("*.json")) if _looks_like_coco(file)]


def _looks_like_coco(path: Path) -> bool:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # A broken file is named by what reads it, if it is meant to be the truth.
        return "coco" in path.name.casefold()
    return isinstance(document, dict) and {"images", "annotations"} <= document.keys()


def _coco(files: Sequence[Path], pictures: Sequence[Path]) -> Found:
    by_name: dict[str, list[Path]] = {}
    for picture in pictures:
        for name in {picture.name, picture.stem}:
            by_name.setdefault(name, []).append(picture)
    pairs: list[tuple[Path, Truth]] = []
    problems = []
    for name, truth in _merged(files).items():
        beside = truth.path.parent / name
        candidates = [beside] if beside.is_file() else by_name.get(Path(name).name) or by_name.get(Path(name).stem) or []
        if len(candidates) == 1:
            pairs.append((candidates[0], CocoAnnotations(truth)))
        elif candidates:
            problems.append(f"{name}: {len(candidates)} images could be meant, in {' and '.join(str(one.parent) for one in candidates)}")
        else:
            problems.append(f"{name}: named in {truth.path.name}, but there is no such image")
    used = {picture for picture, _ in pairs}
    where = files[0].name if len(files) == 1 else "any of the COCO files"
    problems += [f"{picture.name}: the image is not named in {where}" for picture in pictures if picture not in used]
    return Found("coco", tuple(sorted(pairs, key=lambda pair: natural_key(pair[0]))), tuple(problems))


def _merged(files: Sequence[Path]) -> dict[str, CocoTruth]:
    """Read several COCO files as one, as long as each speaks of images of its own."""
    found: dict[str, CocoTruth] = {}
    for file in files:
        for name, truth in read_coco(file).items():
            if name in found:
                raise ReadError(file, f"and {found[name].path.name} both speak of {name}", hint="name the file that is meant")
            found[name] = truth
    return found


def _box_files(folder: Path, pictures: Sequence[Path]) -> list[Path]:
    """List text files with boxes: all of a folder made for them, or those beside the images that are called as one of them."""
    place = next((place for name in BOX_FOLDERS if (place := _subfolder(folder, (name,))) and any(place.glob("*.txt"))), None)
    stems = {picture.stem for picture in pictures}
    files = [file for file in sorted((place or folder).glob("*.txt"), key=natural_key) if file.name.casefold() not in NOT_BOXES]
    return files if place else [file for file in files if file.stem in stems]


def _masks(folder: Path, image_folder: Path, pictures: list[Path]) -> tuple[list[Path], list[tuple[str, Path]]]:
    """Return the images, and the masks with the stem of the image that each is for."""
    place = _subfolder(folder, MASK_FOLDERS)
    if place is not None and place != image_folder:
        by_key = {_without_ending(picture.stem, IMAGE_ENDINGS): picture.stem for picture in pictures}
        stems = set(by_key.values())
        files = [file for file in sorted(place.iterdir(), key=natural_key) if file.suffix.lower() in MASK_SUFFIXES]
        keys = [(file, _without_ending(file.stem, MASK_ENDINGS)) for file in files]
        return pictures, [(file.stem if file.stem in stems else by_key.get(key, key), file) for file, key in keys]
    stripped = [(_without_ending(picture.stem, MASK_ENDINGS), picture) for picture in pictures]
    masks = [(stem, picture) for stem, picture in stripped if stem != picture.stem]
    taken = {mask for _, mask in masks}
    return [picture for picture in pictures if picture not in taken], masks


def _without_ending(stem: str, endings: Sequence[str]) -> str:
    ending = next((ending for ending in endings if stem.casefold().endswith(ending)), "")
    return stem[: len(stem) - len(ending)]


def _kind_of(masks: Sequence[Path]) -> Kind:
    """Tell from some masks whether values number particles; what cannot be read says so when it is loaded.

    A mask without particles says nothing of it. Where all others hold one and the same value, and most of them several regions, it does
    not number them, be the regions ever so few.
    """
    votes: list[bool] = []
    values: set[int] = set()
    in_regions = []
    step = max(1, len(masks) // LOOKED_AT)
    for mask in (mask for first in range(step) for mask in masks[first::step]):
        if len(votes) == LOOKED_AT:
            break
        try:
            labels = read_labels(mask)
        except (ReadError, MemoryError):
            continue
        if not labels.any():
            continue
        values |= set(np.unique(labels).tolist()) - {0}
        in_regions.append(cv2.connectedComponents((labels != 0).astype(np.uint8))[0] > 2)
        try:
            votes.append(names_classes(labels))
        except LycurgusError as error:
            raise ReadError(
                mask, str(error), hint="where it is a grey picture of a mask, say which values mean particle, for instance >127"
            ) from error
    of_one_value = len(values) == 1 and 2 * sum(in_regions) > len(in_regions)
    return "semantic" if of_one_value or 2 * sum(votes) > len(votes) else "masks"


def _paired(kind: Kind, pictures: Sequence[Path], truths: Iterable[tuple[str, Truth]]) -> Found:
    by_stem: dict[str, list[Truth]] = {}
    for stem, truth in truths:
        by_stem.setdefault(stem, []).append(truth)
    images: dict[str, list[Path]] = {}
    for picture in pictures:
        images.setdefault(picture.stem, []).append(picture)
    pairs: list[tuple[Path, Truth]] = []
    problems = []
    for stem, named in images.items():
        mine = by_stem.get(stem, [])
        if len(named) > 1:
            problems.append(f"{', '.join(one.name for one in named)}: several images of one name, so that no truth can be told theirs")
        elif len(mine) > 1:
            problems.append(f"{named[0].name}: more than one truth: {', '.join(one.path.name for one in mine)}")
        elif not mine:
            problems.append(f"{named[0].name}: has no {'boxes' if kind == 'yolo' else 'mask'}")
        else:
            pairs.append((named[0], mine[0]))
    problems += [f"{one.path.name}: there is no image for it" for stem, mine in by_stem.items() if stem not in images for one in mine]
    return Found(kind, tuple(pairs), tuple(problems))
