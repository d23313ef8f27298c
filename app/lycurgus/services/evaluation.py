"""The chosen method scored against masks drawn by hand, image by image and pooled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.errors import LycurgusError, ParameterError, ReadError
from lycurgus.core.metrics import ImageScore, instances_from_labels, score_image, score_semantic
from lycurgus.core.params import AnalysisParams
from lycurgus.core.types import AnalysisResult, Instance
from lycurgus.pipeline import analyze
from lycurgus.readers.door import read
from lycurgus.readers.truth import CocoTruth, ParticleValues, find_masks, names_classes, read_coco, read_labels
from lycurgus.services.failures import failed

TruthKind = Literal["instances", "semantic"]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """An image and its truth: a mask file, or the instances of a COCO file."""

    image: Path
    truth: Path | CocoTruth


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """The score of one image, or why there is none."""

    image: Path
    score: ImageScore | None
    error: str = ""


def pair_up(images: Sequence[Path], truth: Path) -> tuple[list[Pair], list[Path]]:
    """Find each image's truth; return the pairs and the images without truth.

    Parameters
    ----------
    truth : a folder of masks of the same stems, or a COCO file that names the images.

    Raises
    ------
    LycurgusError
        There is no truth at all, or none for any of the images.
    """
    if not truth.exists():
        raise ParameterError(f"there is no truth at {truth}", hint="name a folder of masks or a COCO file")
    known: Iterable[tuple[Path, Path | CocoTruth]]
    known = ((Path(name), entry) for name, entry in read_coco(truth).items()) if truth.is_file() else ((m, m) for m in find_masks(truth))
    by_stem: dict[str, list[tuple[Path, Path | CocoTruth]]] = {}
    for name, entry in known:
        by_stem.setdefault(name.stem, []).append((name, entry))
    pairs = [Pair(image, _nearest(image, by_stem[image.stem])) for image in images if image.stem in by_stem]
    if not pairs:
        raise LycurgusError(f"none of the {len(images)} images has a truth in {truth}", hint="masks must have the images' stems")
    return pairs, [image for image in images if image.stem not in by_stem]


def _nearest(image: Path, candidates: Sequence[tuple[Path, Path | CocoTruth]]) -> Path | CocoTruth:
    """Choose the truth whose path agrees with the image's over the most parts, from the end.

    Raises
    ------
    LycurgusError
        Several agree equally well.
    """
    agreement = [_common_parts(image, name) for name, _ in candidates]
    if agreement.count(max(agreement)) > 1:
        names = " and ".join(str(name) for (name, _), parts in zip(candidates, agreement, strict=True) if parts == max(agreement))
        raise LycurgusError(f"{image.name} has more than one truth: {names}", hint="keep one, or score one folder of images at a time")
    return candidates[agreement.index(max(agreement))][1]


def _common_parts(one: Path, other: Path) -> int:
    count = 0
    for mine, theirs in zip(reversed(one.absolute().parts), reversed(other.parts), strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def truth_kind(pairs: Sequence[Pair]) -> TruthKind:
    """Tell masks that number particles from masks that name classes.

    A mask that numbers its particles has about as many values as separate regions; where one value covers several regions in most
    masks, it names a class.
    """
    semantic = readable = 0
    looked_at = pairs[:50]
    for pair in looked_at:
        if isinstance(pair.truth, CocoTruth):
            return "instances"
        try:
            labels = read_labels(pair.truth)
        except (LycurgusError, MemoryError):
            # Scoring says what is wrong with it; the others tell what kind they are.
            continue
        readable += 1
        try:
            semantic += names_classes(labels)
        except LycurgusError as error:
            raise LycurgusError(
                f"{pair.truth.name} {error}",
                hint="where it is a grey picture of a mask, say which values mean particle, for instance --particle-values '>127'",
            ) from error
    return "semantic" if 2 * semantic > readable else "instances"


def evaluate(
    pairs: Sequence[Pair],
    params: AnalysisParams,
    *,
    kind: TruthKind,
    particle_values: ParticleValues | None = None,
    pixel_size_nm: float | None = None,
    device: str = "auto",
) -> Iterator[Scored]:
    """Analyse and score each image; one that fails, for whatever reason, is reported with it.

    Parameters
    ----------
    particle_values : of a semantic mask; everything but 0 where None.

    Notes
    -----
    Every particle that was found is scored, those at the border too: truth masks hold them as well.
    """
    for pair in pairs:
        try:
            micrograph = read(pair.image, plane=params.input.plane, pixel_size=pixel_size_nm)
            result = analyze(micrograph, params, device=device)
            if kind == "semantic" and isinstance(pair.truth, Path):
                score = score_semantic(_union(result), _semantic_truth(pair.truth, particle_values, micrograph.shape))
            else:
                found = [particle.instance for particle in result.particles]
                score = score_image(found, _instance_truth(pair.truth, micrograph.shape), micrograph.shape)
            scored = Scored(pair.image, score)
        except Exception as error:
            scored = Scored(pair.image, None, failed(pair.image, error).reason)
        yield scored


def _instance_truth(truth: Path | CocoTruth, shape: tuple[int, int]) -> list[Instance]:
    if isinstance(truth, CocoTruth):
        _check_shape(truth.path, truth.shape, shape)
        return truth.instances()
    labels = read_labels(truth)
    _check_shape(truth, labels.shape, shape)
    return list(instances_from_labels(labels))


def _semantic_truth(truth: Path, values: ParticleValues | None, shape: tuple[int, int]) -> NDArray[np.bool_]:
    labels = read_labels(truth)
    _check_shape(truth, labels.shape, shape)
    return labels != 0 if values is None else values.of(labels)


def _check_shape(path: Path, found: tuple[int, ...], expected: tuple[int, int]) -> None:
    if tuple(found) != expected:
        raise ReadError(path, f"the mask has {found[0]} x {found[1]} px, its image {expected[0]} x {expected[1]}")


def _union(result: AnalysisResult) -> NDArray[np.bool_]:
    """All pixels that belong to some particle, (H, W) bool."""
    union = np.zeros(result.micrograph.shape, bool)
    for particle in result.particles:
        union[particle.instance.bbox.slices] |= particle.instance.mask
    return union
