"""The chosen method scored against masks drawn by hand, image by image and pooled."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.errors import LycurgusError, ReadError
from lycurgus.core.metrics import ImageScore, instances_from_labels, score_image, score_semantic
from lycurgus.core.params import AnalysisParams
from lycurgus.core.types import AnalysisResult, Instance
from lycurgus.pipeline import analyze
from lycurgus.readers.door import read
from lycurgus.readers.truth import CocoTruth, find_masks, read_coco, read_labels

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
    known: Mapping[str, Path | CocoTruth] = _coco_by_stem(truth) if truth.is_file() else find_masks(truth)
    pairs = [Pair(image, known[image.stem]) for image in images if image.stem in known]
    if not pairs:
        raise LycurgusError(f"none of the {len(images)} images has a truth in {truth}", hint="masks must have the images' stems")
    return pairs, [image for image in images if image.stem not in known]


def _coco_by_stem(path: Path) -> dict[str, CocoTruth]:
    return {Path(name).stem: entry for name, entry in read_coco(path).items()}


def truth_kind(pairs: Sequence[Pair]) -> TruthKind:
    """Tell masks that number particles from masks that name classes.

    A mask that numbers its particles has about as many values as separate regions; where one value covers several regions in most
    masks, it names a class.
    """
    semantic = 0
    looked_at = pairs[:50]
    for pair in looked_at:
        if isinstance(pair.truth, CocoTruth):
            return "instances"
        labels = read_labels(pair.truth)
        values = np.count_nonzero(np.unique(labels))
        regions = cv2.connectedComponents((labels != 0).astype(np.uint8))[0] - 1
        semantic += regions > 2 * values
    return "semantic" if 2 * semantic > len(looked_at) else "instances"


def evaluate(
    pairs: Sequence[Pair],
    params: AnalysisParams,
    *,
    kind: TruthKind,
    particle_values: Collection[int] = (),
    pixel_size_nm: float | None = None,
    device: str = "auto",
) -> Iterator[Scored]:
    """Analyse and score each image; one that fails is reported with its reason.

    Parameters
    ----------
    particle_values : of a semantic mask; everything but 0 where empty.

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
            yield Scored(pair.image, score)
        except LycurgusError as error:
            yield Scored(pair.image, None, str(error))


def _instance_truth(truth: Path | CocoTruth, shape: tuple[int, int]) -> list[Instance]:
    if isinstance(truth, CocoTruth):
        _check_shape(Path("the COCO entry"), truth.shape, shape)
        return list(truth.instances)
    labels = read_labels(truth)
    _check_shape(truth, labels.shape, shape)
    return list(instances_from_labels(labels))


def _semantic_truth(truth: Path, values: Collection[int], shape: tuple[int, int]) -> NDArray[np.bool_]:
    labels = read_labels(truth)
    _check_shape(truth, labels.shape, shape)
    return np.isin(labels, list(values)) if values else labels != 0


def _check_shape(path: Path, found: tuple[int, ...], expected: tuple[int, int]) -> None:
    if tuple(found) != expected:
        raise ReadError(path, f"the mask has {found[0]} x {found[1]} px, its image {expected[0]} x {expected[1]}")


def _union(result: AnalysisResult) -> NDArray[np.bool_]:
    """All pixels that belong to some particle, (H, W) bool."""
    union = np.zeros(result.micrograph.shape, bool)
    for particle in result.particles:
        union[particle.instance.bbox.slices] |= particle.instance.mask
    return union
