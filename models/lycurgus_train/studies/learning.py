"""One cell of a study in which a network learns: train it briefly, score it as the application would use it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from lycurgus.core.errors import LycurgusError, ParameterError
from lycurgus.detectors.network import NetworkDetector
from lycurgus_train.candidates import opened
from lycurgus_train.checkpoint import Checkpoint, build, load_checkpoint, save_checkpoint
from lycurgus_train.config import NetworkConfig, TrainConfig
from lycurgus_train.data.pool import INDEX, Pool, write_pool
from lycurgus_train.judging import detection_params, judge, scores_document
from lycurgus_train.labelled import LabelledImage
from lycurgus_train.store import Prepared, prepare
from lycurgus_train.studies.cells import Figures, identifier
from lycurgus_train.studies.plan import Plan
from lycurgus_train.synth.parameters import SynthesisParams
from lycurgus_train.synth.simulators import SIMULATORS, pictures
from lycurgus_train.synth.synthesis import synthesize
from lycurgus_train.train import LAST, train

Images = Sequence[LabelledImage]
REPORTED = ("precision_50", "recall_50", "f1_50", "f1_75")
AS_SHIPPED: Mapping[str, tuple[str, ...]] = {"": ()}

THRESHOLDS = (0.3, 0.45, 0.6, 0.75)
"""Score thresholds that are tried: a network that has learnt little is right at lower scores than the shipped one."""

TRIED_ON = 6
"""Images of those that a network was trained on, by which its threshold is chosen, at most."""

CHOSEN_SO = (
    f"Each network is read at the score threshold, of {', '.join(f'{one:g}' for one in THRESHOLDS[:-1])} and {THRESHOLDS[-1]:g}, that does "
    f"best on {TRIED_ON} of the images that it learnt from."
)
"""A note for reports."""


class Learner:
    """Trains and scores; images are prepared once for all trainings of a study.

    Parameters
    ----------
    held_out : images to score with.
    others : further such images, by a name.
    """

    def __init__(self, plan: Plan, *, held_out: Images, others: Mapping[str, Images] | None = None) -> None:
        self._plan = plan
        self._held_out = held_out
        self._others = dict(others or {})
        self._prepared: dict[tuple[str, str], Prepared] = {}

    def figures(
        self,
        name: str,
        sources: Sequence[tuple[float, Images]],
        *,
        seed: int,
        head: str = "star-convex",
        readings: Mapping[str, Sequence[str]] = AS_SHIPPED,
    ) -> dict[str, Figures]:
        """Return the scores on the held-out images after training on weighted sources.

        Parameters
        ----------
        name : of the cell.
        readings : how the network's answers are turned into particles: name -> settings of the analysis.

        Returns
        -------
        reading -> precision_50, recall_50, f1_50, f1_75, None where undefined; the same of other images with ", " and their name behind;
        and "score", the threshold that was chosen.
        """
        config = self._config(head, seed)
        key = {
            "training": config.model_dump(mode="json", exclude={"train", "validation", "workers", "name"}),
            "images": [[weight, [f"{image.kind}/{image.name}" for image in images]] for weight, images in sources],
            "scored": [image.name for image in chain(self._held_out, *self._others.values())],
            "start": None if self._plan.start is None else hashlib.sha256(self._plan.start.read_bytes()).hexdigest(),
            "readings": {reading: list(settings) for reading, settings in readings.items()},
            "thresholds": THRESHOLDS,
        }
        return self._plan.cells.get(name, key, lambda: self._learn(identifier(name, key), config, sources, readings))

    def _learn(
        self, name: str, config: TrainConfig, sources: Sequence[tuple[float, Images]], readings: Mapping[str, Sequence[str]]
    ) -> dict[str, Figures]:
        out = self._plan.out / "runs" / name
        prepared = [(weight, [self._ready(image) for image in images]) for weight, images in sources]
        start = None if self._plan.start is None else adapted(self._plan.start, config.network, out / "start.pt")
        train(config, prepared, [], out, start_from=start, device=self._plan.device)
        with opened(out / LAST, sample=self._held_out[0].pixels) as model:
            detector = NetworkDetector(model)
            known = typical(sources, TRIED_ON)
            return {reading: self._score(detector, known, settings) for reading, settings in readings.items()}

    def _score(self, detector: NetworkDetector, known: Images, settings: Sequence[str]) -> Figures:
        """Score the held-out images at the threshold that does best on known ones; of equally good ones the lower."""
        tried = {threshold: self._figures(detector, known, threshold, settings)["f1_50"] or 0.0 for threshold in THRESHOLDS}
        best = max(tried, key=lambda threshold: (tried[threshold], -threshold))
        figures = self._figures(detector, self._held_out, best, settings) | {"score": best}
        for name, images in self._others.items():
            figures |= {f"{measure}, {name}": value for measure, value in self._figures(detector, images, best, settings).items()}
        return figures

    def _figures(self, detector: NetworkDetector, images: Images, threshold: float, settings: Sequence[str]) -> Figures:
        params = detection_params("network", [*settings, f"detector.score={threshold:g}"])
        judged = list(judge(images, params, truth="instances", detector=detector, device=self._plan.device))
        failed = next((one for one in judged if one.error), None)
        if failed is not None:
            raise LycurgusError(f"{failed.image.name} cannot be analysed", hint=failed.error)
        document = scores_document(judged)
        return {measure: document[measure] for measure in REPORTED}

    def _ready(self, image: LabelledImage) -> Prepared:
        key = image.kind, image.name
        if key not in self._prepared:
            self._prepared[key] = prepare(image)
        return self._prepared[key]

    def _config(self, head: str, seed: int) -> TrainConfig:
        effort = self._plan.effort
        network: dict[str, Any] = {"head": head, "widths": effort.widths}
        if self._plan.start is not None:
            network = load_checkpoint(self._plan.start).network.model_dump() | {"head": head}
        document = {
            "seed": seed,
            "steps": effort.steps,
            "batch": effort.batch,
            "learning_rate": effort.learning_rate,
            "warmup_steps": min(100, effort.steps // 10),
            "averaging": min(0.998, 1 - 20 / max(40, effort.steps)),
            "workers": self._plan.workers,
            "check_every": min(500, effort.steps),
            "network": network,
            "crops": {"crop_px": effort.crop_px, "largest_px": min(110.0, 0.45 * effort.crop_px)},
            "train": [{"path": "images in memory"}],
        }
        return TrainConfig.model_validate(document)


def typical(sources: Sequence[tuple[float, Images]], count: int) -> list[LabelledImage]:
    """Return evenly drawn images of weighted sources, of each its share of ``count``, but at least one."""
    total = sum(weight for weight, _ in sources)
    chosen = []
    for weight, images in sources:
        share = min(len(images), max(1, round(count * weight / total)))
        chosen += [images[number * len(images) // share] for number in range(share)]
    return chosen


def adapted(start: Path, network: NetworkConfig, path: Path) -> Path:
    """Write a checkpoint of a network with another head: what both have is taken over, the rest is new.

    Raises
    ------
    ParameterError
        The trunks differ.
    """
    found = load_checkpoint(start)
    if (found.network.widths, found.network.depth) != (network.widths, network.depth):
        raise ParameterError(f"{start.name} has another trunk than the networks of this study")
    weights = build(network).state_dict()
    weights.update({name: value for name, value in found.weights.items() if name in weights})
    save_checkpoint(path, Checkpoint(network, weights, {}, 0))
    return path


def synthetic_pool(plan: Plan, images: Images, *, count: int, seed: int) -> Pool:
    """Return synthetic images made of real ones, made now if they are not there.

    Raises
    ------
    SynthesisError
        Nothing can be cut out of the images.
    """
    params = SynthesisParams(count=count, size_px=plan.effort.picture_px)
    made_of = {"of": [image.name for image in images], "seed": seed, "parameters": params.model_dump(mode="json")}
    name = identifier("synthetic", made_of)
    folder = plan.out / "pools" / name
    if not (folder / INDEX).exists():
        write_pool((replace(image, name=f"{name}-{image.name}") for image in synthesize(tuple(images), params, seed=seed)), folder)
    return Pool(folder)


def simulated_pool(plan: Plan, *, each: int, seed: int) -> Pool:
    """Return so many simulated images of every simulator, made now if they are not there."""
    folder = plan.out / "pools" / f"simulated-{each}-{plan.effort.picture_px}-{seed}"
    if not (folder / INDEX).exists():
        numbers = range(each)
        write_pool(
            chain.from_iterable(pictures(one, numbers, size_px=plan.effort.picture_px, seed=seed) for one in SIMULATORS.values()), folder
        )
    return Pool(folder)


def richest(images: Images, count: int) -> list[LabelledImage]:
    """Return the images with most particles away from the border: those that one would annotate if it were but one."""

    def inner(image: LabelledImage) -> int:
        height, width = image.shape
        return sum(i.bbox.y0 > 0 and i.bbox.x0 > 0 and i.bbox.y1 < height and i.bbox.x1 < width for i in image.instances)

    ranked = sorted(images, key=lambda image: (-inner(image), image.name))
    if not ranked or not inner(ranked[0]):
        raise LycurgusError("no image has a whole particle", hint="this study needs images with outlines")
    return ranked[:count]
