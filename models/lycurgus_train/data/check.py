"""Everything that is wrong with a data set, found before training starts rather than an hour later."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import cv2
import numpy as np

from lycurgus.core.errors import LycurgusError
from lycurgus.core.progress import Progress, silent
from lycurgus.core.types import Instance
from lycurgus_train.labelled import LabelledImage

MANY_PARTICLES = 5_000
FEWEST_PIXELS = 4
ALL_COVERED = 0.98


class Unread(Protocol):
    """One image of a data set, before it is read."""

    @property
    def name(self) -> str: ...

    def load_with_remarks(self) -> tuple[LabelledImage, tuple[str, ...]]:
        """Read it with its truth, and say what a user may want to know.

        Raises
        ------
        LycurgusError
            It cannot be read.
        """
        ...


class Checkable(Protocol):
    """What can be checked: a ``DataSet`` or a ``Pool``."""

    @property
    def title(self) -> str:
        """How sentences call it."""
        ...

    @property
    def entries(self) -> Sequence[Unread]: ...

    @property
    def problems(self) -> Sequence[str]:
        """What is known to be missing already, sentences."""
        ...


class DataError(LycurgusError):
    """Data that cannot be used; lists every problem, and says what was not done with them."""

    def __init__(self, problems: Sequence[str], *, undone: str = "trained") -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n  ".join([f"{count} in the data, nothing was {undone}:", *problems]))
        self.problems = tuple(problems)


@dataclass(slots=True)
class Checked:
    """What was found in a data set.

    Attributes
    ----------
    problems : what must be put right before training, sentences.
    notes : what is allowed but worth a look, sentences.
    n_images, n_instances, n_boxes : what could be read.
    n_without : images without any particle.
    diameters_px : of all particles; boxes by the geometric mean of their sides.
    """

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    n_images: int = 0
    n_instances: int = 0
    n_boxes: int = 0
    n_without: int = 0
    diameters_px: list[float] = field(default_factory=list)
    pictures: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Digest of an image's pixels -> its name and the digest of its truth."""

    @property
    def shows_background_only(self) -> bool:
        """Whether no image has a particle: good beside other images, and of no use alone."""
        return 0 < self.n_images == self.n_without


def check(data: Checkable, *, progress: Progress = silent, visit: Callable[[LabelledImage], None] | None = None) -> Checked:
    """Read every image with its truth and list what is wrong; an image that fails stops nobody.

    Parameters
    ----------
    visit : called with each image that could be read.
    """
    checked = Checked(problems=list(data.problems))
    for number, entry in enumerate(data.entries):
        progress("check", number, len(data.entries))
        try:
            image, remarks = entry.load_with_remarks()
        except LycurgusError as error:
            checked.problems.append(_about(entry, error))
            continue
        except MemoryError:
            checked.problems.append(f"{entry.name}: needs more memory than this computer has free")
            continue
        _examine(image, remarks, checked)
        if visit is not None:
            visit(image)
    return checked


def background_only(checked: Sequence[Checked]) -> list[str]:
    """Return the problem of images of which none has a particle, if it is theirs."""
    read = [one for one in checked if one.n_images]
    if not read or not all(one.shows_background_only for one in read):
        return []
    return [f"none of the {sum(one.n_images for one in read)} images has a particle: nothing can be learnt but background"]


def check_before_training(
    train: Sequence[Checkable], validation: Sequence[Checkable] = (), *, problems: Sequence[str] = (), progress: Progress = silent
) -> tuple[list[Checked], list[Checked]]:
    """Check all data sets of a training, and that no picture is both trained on and used for validation.

    Parameters
    ----------
    problems : what is known to be wrong already, sentences.

    Raises
    ------
    DataError
        Any problem; it lists all of them.
    """
    sides = [[check(data, progress=progress) for data in side] for side in (train, validation)]
    # Both sides of a split repeat what is wrong with their common folder.
    found = list(dict.fromkeys([*problems, *(problem for side in sides for checked in side for problem in checked.problems)]))
    trained = {digest: name for checked in sides[0] for digest, (name, _) in checked.pictures.items()}
    for checked in sides[1]:
        both = [(name, trained[digest]) for digest, (name, _) in checked.pictures.items() if digest in trained]
        found += [f"{name} of the validation images is the same picture as {other}, which is trained on" for name, other in both]
    found += _contradictions(train, sides[0])
    found += background_only(sides[0])
    if not any(checked.n_images for checked in sides[0]):
        found.append("there is no image to train on")
    if found:
        raise DataError(found)
    return sides[0], sides[1]


def _contradictions(data: Sequence[Checkable], checked: Sequence[Checked]) -> list[str]:
    """Return which pictures have another truth in another data set; within one ``check`` has found them."""
    known: dict[str, tuple[str, str]] = {}
    found = []
    for images, one in zip(data, checked, strict=True):
        for digest, (name, truth) in one.pictures.items():
            other, others_truth = known.setdefault(digest, (f"{name} of {images.title}", truth))
            if truth != others_truth:
                found.append(_with_another_truth(f"{name} of {images.title}", other))
    return found


def _with_another_truth(name: str, other: str) -> str:
    return f"{name}: is the same picture as {other}, with another truth; keep the right one"


def _about(entry: Unread, error: LycurgusError) -> str:
    """Name the image where the error speaks of another file, a COCO file for instance."""
    text = str(error)
    return text if entry.name in text else f"{entry.name}: {text}"


def _examine(image: LabelledImage, remarks: Sequence[str], checked: Checked) -> None:
    checked.n_images += 1
    checked.n_instances += len(image.instances)
    checked.n_boxes += len(image.boxes)
    areas = np.array([instance.area_px for instance in image.instances], np.float64)
    sides = image.boxes[:, 2:] - image.boxes[:, :2]
    checked.diameters_px += [*np.sqrt(4 / np.pi * areas).tolist(), *np.sqrt(sides.prod(axis=1)).tolist()]
    notes = [*remarks, *_notes(image, areas)]
    n_particles = len(image.instances) + len(image.boxes)
    if not n_particles and (image.foreground is None or not image.foreground.any()):
        checked.n_without += 1
        notes.append("has no particle; it is learnt from as background")
    checked.notes += [f"{image.name}: {note}" for note in notes]
    _compare(image, checked)


def _notes(image: LabelledImage, areas: np.ndarray) -> list[str]:
    notes = []
    n_particles = len(image.instances) + len(image.boxes)
    if n_particles >= MANY_PARTICLES:
        notes.append(f"has {n_particles:,} particles")
    tiny = int((areas < FEWEST_PIXELS).sum())
    if tiny:
        notes.append(f"particles of fewer than {FEWEST_PIXELS} pixels: {tiny}")
    scattered = sum(_pieces(instance) > 1 for instance in image.instances)
    if scattered:
        notes.append(f"particles in several pieces: {scattered}; was a number used twice?")
    twice = len(image.instances) - len({(instance.bbox, instance.mask.tobytes()) for instance in image.instances})
    if twice:
        notes.append(f"particles that are drawn twice: {twice}")
    covered = _covered(image)
    if covered > ALL_COVERED:
        notes.append(f"particles cover {covered:.0%} of the image; are particle and background confused?")
    if image.pixels.min() == image.pixels.max():
        notes.append("the image has one grey value only")
    return notes


def _pieces(instance: Instance) -> int:
    return int(cv2.connectedComponents(instance.mask.view(np.uint8), connectivity=8)[0]) - 1


def _covered(image: LabelledImage) -> float:
    """Return which share of the image particles cover, by the sum of areas at most."""
    if image.foreground is not None:
        return float(image.foreground.mean())
    if sum(instance.area_px for instance in image.instances) < ALL_COVERED * image.pixels.size:
        return 0.0
    union = np.zeros(image.shape, bool)
    for instance in image.instances:
        union[instance.bbox.slices] |= instance.mask
    return float(union.mean())


def _compare(image: LabelledImage, checked: Checked) -> None:
    """Find out whether the picture was there before, with the same truth or another."""
    picture, truth = digest_of_pixels(image), digest_of_truth(image)
    if picture not in checked.pictures:
        checked.pictures[picture] = (image.name, truth)
        return
    other, others_truth = checked.pictures[picture]
    if truth == others_truth:
        checked.notes.append(f"{image.name}: is the same picture as {other}, with the same truth")
    else:
        checked.problems.append(_with_another_truth(image.name, other))


def digest_of_pixels(image: LabelledImage) -> str:
    """Tell an image's pixels from all others."""
    return hashlib.sha256(f"{image.shape} {image.pixels.dtype}".encode() + np.ascontiguousarray(image.pixels).tobytes()).hexdigest()


def digest_of_truth(image: LabelledImage) -> str:
    """Tell what is known of an image from anything else that could be known of it; in which order is the same."""
    digest = hashlib.sha256(image.boxes[np.lexsort(image.boxes.T[::-1])].tobytes())
    for instance in sorted(image.instances, key=lambda one: (one.bbox, one.mask.tobytes())):
        digest.update(str(tuple(map(int, instance.bbox))).encode() + instance.mask.tobytes())
    for mask in (image.foreground, image.ignore):
        digest.update(mask.tobytes() if mask is not None and mask.any() else b"-")
    return digest.hexdigest()
