"""One cell of a study in which a network learns: train it briefly, score it as the application would use it at a set score threshold."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from lycurgus import __version__
from lycurgus.core.errors import LycurgusError, ParameterError
from lycurgus.detectors.network import NetworkDetector
from lycurgus_train.candidates import opened
from lycurgus_train.checkpoint import Checkpoint, build, load_checkpoint, save_checkpoint
from lycurgus_train.config import NetworkConfig, TrainConfig
from lycurgus_train.data.check import digest_of_pixels, digest_of_truth
from lycurgus_train.data.pool import INDEX, Pool, write_pool
from lycurgus_train.facts import read_facts
from lycurgus_train.judging import detection_params, judge, scores_document
from lycurgus_train.labelled import LabelledImage
from lycurgus_train.store import Prepared, prepare
from lycurgus_train.studies.cells import Figures, identifier
from lycurgus_train.studies.plan import Plan, evenly
from lycurgus_train.synth.parameters import SynthesisParams
from lycurgus_train.synth.simulators import SIMULATORS, pictures
from lycurgus_train.synth.synthesis import synthesize
from lycurgus_train.train import LAST, train

Images = Sequence[LabelledImage]
REPORTED = ("precision_50", "recall_50", "f1_50", "f1_75")
AS_SHIPPED: Mapping[str, tuple[str, ...]] = {"": ()}

THRESHOLDS = (0.3, 0.45, 0.6, 0.75)
"""Score thresholds that are tried: a network that has learnt little is sure of little, and the shipped one's would leave nothing of it."""

TRIED_ON = 6
"""Images by which thresholds are chosen, at most."""

CHOSEN_SO = (
    f"Each reading of each network has the score threshold, of {', '.join(f'{one:g}' for one in THRESHOLDS)}, that gives the best F1 at an "
    f"IoU of 0.5 on up to {TRIED_ON} of the real images of the training part; it may suit a network less that knows these by heart."
)
"""A note for reports."""


class Learner:
    """Trains and scores; images are prepared once for all trainings of a study.

    Parameters
    ----------
    held_out : images to score with.
    also : name -> further images to score with.
    """

    def __init__(self, plan: Plan, *, held_out: Images, also: Mapping[str, Images] | None = None) -> None:
        self._plan = plan
        self._held_out = held_out
        self._also = dict(also or {})
        self._prepared: dict[tuple[str, str], Prepared] = {}

    def figures(
        self,
        name: str,
        sources: Sequence[tuple[float, Images]],
        *,
        known: Images,
        seed: int,
        head: str = "star-convex",
        readings: Mapping[str, Sequence[str]] = AS_SHIPPED,
    ) -> dict[str, Figures]:
        """Return the scores on the held-out images after training on weighted sources.

        Parameters
        ----------
        name : of the cell.
        known : images of the training part by which score thresholds are chosen.
        readings : how the network's answers are turned into particles: name -> settings of the analysis.

        Returns
        -------
        reading -> precision_50, recall_50, f1_50, f1_75, None where undefined; "score_threshold"; "also", name -> the same four.
        """
        config = self._config(head, seed)
        training = {
            "training": config.model_dump(mode="json", exclude={"train", "validation", "workers", "name"}),
            "images": [[weight, _digest(images)] for weight, images in sources],
            "start": None if self._plan.start is None else hashlib.sha256(self._plan.start.read_bytes()).hexdigest(),
            "version": __version__,
        }
        tried = evenly([image for image in known if image.instances], TRIED_ON)
        key = training | {
            "scored": _digest(self._held_out),
            "also": {also: _digest(images) for also, images in self._also.items()},
            "tried on": _digest(tried),
            "thresholds": THRESHOLDS,
            "facts": read_facts(),
            "readings": {reading: list(settings) for reading, settings in readings.items()},
        }
        run = identifier(name, training)
        return self._plan.cells.get(name, key, lambda: self._learn(run, config, sources, tried, readings))

    def _learn(
        self,
        run: str,
        config: TrainConfig,
        sources: Sequence[tuple[float, Images]],
        tried: Images,
        readings: Mapping[str, Sequence[str]],
    ) -> dict[str, Figures]:
        out = self._plan.out / "runs" / run
        prepared = [(weight, [self._ready(image) for image in images]) for weight, images in sources]
        start = None if self._plan.start is None else adapted(self._plan.start, config.network, out / "start.pt")
        train(config, prepared, [], out, start_from=start, device=self._plan.device)
        with opened(out / LAST, sample=self._held_out[0].pixels) as model:
            detector = NetworkDetector(model)
            return {reading: self._read(detector, tried, settings) for reading, settings in readings.items()}

    def _read(self, detector: NetworkDetector, tried: Images, settings: Sequence[str]) -> Figures:
        """Score at the threshold that does best on images that were tried; of equally good ones the lower, as new images are less sure."""
        reached = {threshold: self._score(detector, tried, threshold, settings)["f1_50"] or 0.0 for threshold in THRESHOLDS}
        best = max(reached, key=lambda threshold: (reached[threshold], -threshold))
        also = {name: self._score(detector, images, best, settings) for name, images in self._also.items()}
        return self._score(detector, self._held_out, best, settings) | {"score_threshold": best, "also": also}

    def _score(self, detector: NetworkDetector, images: Images, threshold: float, settings: Sequence[str]) -> Figures:
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


def thresholds_of(runs: Sequence[Figures]) -> str:
    """Write the score thresholds of several runs, each once."""
    return ", ".join(f"{one:g}" for one in sorted({run["score_threshold"] for run in runs}))


def _digest(images: Images) -> str:
    """Tell these images, as they are, from all others."""
    digest = hashlib.sha256()
    for image in images:
        # Synthesis draws particles by their numbers, so that their order matters, too.
        order = [tuple(map(int, instance.bbox)) for instance in image.instances]
        digest.update(f"{image.kind}/{image.name} {digest_of_pixels(image)} {digest_of_truth(image)} {order} ".encode())
    return digest.hexdigest()


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
    made_of = {"of": _digest(images), "seed": seed, "parameters": params.model_dump(mode="json"), "version": __version__}
    name = identifier("synthetic", made_of)
    folder = plan.out / "pools" / name
    if not (folder / INDEX).exists():
        write_pool((replace(image, name=f"{name}-{image.name}") for image in synthesize(tuple(images), params, seed=seed)), folder)
    return Pool(folder)


def simulated_pool(plan: Plan, *, each: int, seed: int) -> Pool:
    """Return so many simulated images of every simulator, made now if they are not there."""
    folder = plan.out / "pools" / f"simulated-{each}-{plan.effort.picture_px}-{seed}-{__version__}"
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
