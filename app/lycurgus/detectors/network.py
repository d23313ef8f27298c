"""The neural network: finds particles one by one, whatever their contrast, at several scales, without being told anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lycurgus.core.cleaning import analysed_field
from lycurgus.core.errors import ModelError
from lycurgus.core.params import DetectorParams
from lycurgus.core.progress import CancelToken, Parts, Progress
from lycurgus.core.separate.regions import moved
from lycurgus.core.types import BBox, Detection, Instance, Mask, PixelSize
from lycurgus.detectors import Scene
from lycurgus.detectors.believing import Belief, Scores, believe, found_besides, most_looks
from lycurgus.detectors.decoding import Candidate, DecodingParams
from lycurgus.detectors.decoding.arcs import part_round
from lycurgus.detectors.decoding.candidates import crop, in_reading_order
from lycurgus.detectors.decoding.convex_parts import part_convex
from lycurgus.detectors.decoding.credibility import LIKELY
from lycurgus.detectors.decoding.transparent import part_transparent
from lycurgus.detectors.looks import Finder, Seen
from lycurgus.detectors.scales import first_scales
from lycurgus.detectors.surroundings import polarity_of
from lycurgus.inference.catalog import DEFAULT_MODEL, InstalledModel, find_model
from lycurgus.inference.session import open_network

Auto = Literal["auto"]


class NetworkParams(DetectorParams):
    """A network that has learnt what particles look like."""

    prefers: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "preprocess": {"denoise": "none"},
        "separator": {"name": "detector"},
        "cleaning": {"speck_px": 12},
    }

    name: Literal["network"] = "network"
    model: str = Field(
        DEFAULT_MODEL,
        coerce_numbers_to_str=True,
        title="Model",
        description="Name of an installed network, as 'lycurgus models' lists them; 'default' is the one that comes with Lycurgus",
    )
    diameter_nm: Auto | Annotated[float, Field(gt=0, le=1e7)] = Field(
        "auto",
        title="Expected diameter",
        description="About how wide the particles are; the picture is then analysed at the one scale that suits them. "
        "'auto' looks at several scales",
        json_schema_extra={"unit": "nm"},
    )
    diameter_px: Auto | Annotated[float, Field(ge=1, le=16_384)] = Field(
        "auto",
        title="Expected diameter",
        description="The same in px, where the pixel size is unknown or none is given in nm",
        json_schema_extra={"unit": "px"},
    )
    score: Auto | Annotated[float, Field(ge=0, le=1)] = Field(
        "auto",
        title="Score threshold",
        description="Particles that the network is less sure of are left out. 'auto' takes the model's own, less for one of many alike",
    )
    overlap: Auto | Annotated[float, Field(ge=0, le=1)] = Field(
        "auto",
        title="Overlap threshold",
        description="Two finds that share more of their area (intersection over union) are one particle; 'auto' takes the model's own",
    )
    foreground: Auto | Annotated[float, Field(gt=0, lt=1)] = Field(
        "auto", title="Foreground threshold", description="Least probability of a particle's pixels; 'auto' takes the model's own"
    )
    outlines: Literal["auto", "completed", "star-convex", "distance", "semantic"] = Field(
        "auto",
        title="Outlines",
        description="'completed' draws visible outlines, adds hidden parts and tells overlapping convex particles apart; "
        "'star-convex' draws smooth polygons; 'distance' keeps visible pixels only; 'semantic' does not part touching particles; "
        "'auto' is the model's own choice",
    )


class NetworkDetector:
    """Runs an installed network; no state, opened networks are shared.

    Parameters
    ----------
    model : the one that is run whatever the parameters name: one that is not installed, to be judged before it is.
    """

    name = "network"
    label = "Neural network"
    params_model: type[DetectorParams] = NetworkParams
    runs_network = True

    def __init__(self, model: InstalledModel | None = None) -> None:
        self._model = model

    def detect(self, scene: Scene, params: DetectorParams, *, device: str, progress: Progress, cancel: CancelToken) -> Detection:
        """Find particles.

        The picture is looked at as it is at several scales, and without slow shading at the finest ones; the most credible look is
        believed (``decoding.credibility``), and further scales are added to it where the sizes found there call for them. Where many are
        found and few are sure, small particles on a support are looked for (``supports``); gaps between particles are left out
        (``gaps``), and where no look is sure of anything, what is clearly there is believed unless the user has set a score (``faint``).
        What lies beyond the box of all that is usable, as a data bar, is no part of the picture: a particle that it cuts ends there, as
        at the picture's edge.

        ``details`` states the ``model``, the ``scales`` looked at, the ``believed_scales``, what was ``taken_away`` of the picture there,
        how many finds of other looks are ``found_besides`` these (``standing_out``), and how many were ``gaps_left_out``, the
        ``score_threshold``, ``overlap_threshold`` and ``outlines`` that were used, and ``polarity_certainty``, the share of the particles
        that are brighter (or darker) than what surrounds them.

        Raises
        ------
        ModelError
            The model is not installed, damaged or does not run.
        Cancelled
        """
        assert isinstance(params, NetworkParams)
        network = open_network(self._model or find_model(params.model), device)
        manifest = network.model.manifest
        decoding, scores = _decoding(network.model, params)
        expected = _expected_px(params, scene.pixel_size)
        field = _field(scene.usable)
        scales = first_scales(manifest, (field.height, field.width), expected)
        parts = Parts(progress, most_looks(scales, further=expected is None))
        finder = Finder(_within_field(scene, field), network, decoding, parts, cancel)

        belief, looks = believe(finder, scales, scores, further=expected is None)
        cancel.check()
        besides = found_besides(finder, looks, belief, scores)
        found = in_reading_order([*belief.found, *besides])
        if decoding.head == "completed":
            apart = part_transparent(found, finder.scene.plane, cancel=cancel)
            if apart is None:
                apart = part_convex(part_round(found, finder.shape, cancel=cancel), finder.shape, cancel=cancel)
            found = in_reading_order(apart)

        usable = (_within(one, finder.scene.usable) for one in found)
        instances = tuple(replace(one, bbox=moved(one.bbox, field.y0, field.x0)) for one in usable if one is not None)
        foreground = np.zeros(scene.plane.shape, dtype=np.bool_)
        for instance in instances:
            foreground[instance.bbox.slices] |= instance.mask
        polarity, certainty = polarity_of(instances, scene.plane, scene.usable & ~foreground)
        details = {
            "model": f"{manifest.name} {manifest.version}",
            "scales": list(dict.fromkeys(round(one.scale, 4) for one in looks)),
            "believed_scales": [round(scale, 4) for scale in belief.scales],
            "taken_away": belief.looks[0].less,
            "found_besides": len(besides),
            "gaps_left_out": belief.gaps,
            "outlines": decoding.head,
            "score_threshold": round(belief.threshold, 4),
            "overlap_threshold": decoding.overlap,
            "polarity_source": "particles",
            "polarity_certainty": round(certainty, 3),
        }
        return Detection(
            foreground,
            polarity,
            _probability(belief.looks, scene.usable, field),
            details,
            instances,
            network.provider,
            (network.model.used,),
            (*network.warnings, *_warnings(params, scene.pixel_size, looks, belief)),
        )


def _decoding(model: InstalledModel, params: NetworkParams) -> tuple[DecodingParams, Scores]:
    """Combine what the user has set with what the model says.

    Returns
    -------
    The decoding, whose score is the least that counts for anything, and the scores that decide.

    Raises
    ------
    ModelError
        The model does not say what the wanted outlines need.
    """
    manifest, own = model.manifest, model.manifest.thresholds
    head = manifest.decoders[0] if params.outlines == "auto" else params.outlines
    if head not in manifest.decoders:
        raise ModelError(model.folder, f"the network cannot draw outlines '{head}'", hint=f"choose one of {', '.join(manifest.decoders)}")
    set_by_user = {name: value for name in ("score", "overlap", "foreground") if (value := getattr(params, name)) != "auto"}
    thresholds = own.model_dump(exclude_none=True, exclude={"crowd_score"}) | set_by_user
    crowd = own.score if own.crowd_score is None else own.crowd_score
    scores = Scores(own.score, crowd, max(own.score - LIKELY, 0.0), set_by_user.get("score"))
    least = min(score for score in (scores.crowd, scores.likely, scores.wanted) if score is not None)
    return DecodingParams(**(thresholds | {"head": head, "score": least})), scores


def _expected_px(params: NetworkParams, pixel_size: PixelSize | None) -> float | None:
    if params.diameter_nm != "auto" and pixel_size is not None:
        return params.diameter_nm / pixel_size.mean_nm
    return None if params.diameter_px == "auto" else params.diameter_px


def _warnings(params: NetworkParams, pixel_size: PixelSize | None, looks: Sequence[Seen], belief: Belief) -> tuple[str, ...]:
    warnings = []
    if params.diameter_nm != "auto" and pixel_size is None:
        instead = "several scales were looked at" if params.diameter_px == "auto" else "that in px was taken"
        warnings.append(f"The expected diameter of {params.diameter_nm:g} nm could not be used without a pixel size; {instead}.")
    if not all(one.is_finite for one in looks):
        warnings.append("The network gave values that are no numbers; nothing is found where it did. Another device may help.")
    if belief.gaps:
        warnings.append(f"{belief.gaps} finds were left out, which do not differ from the background between particles: check the overlay.")
    if belief.is_faint:
        warnings.append(
            "The network was sure of no particle; taken were those that are likely and clearly differ from what is around them."
        )
    if belief.looks[0].less == "surroundings":
        warnings.append("Few of many finds were sure, as on a rough support: small particles were looked for without what surrounds them.")
    return tuple(warnings)


def _field(usable: Mask) -> BBox:
    """Box of what is looked at: of all that is usable, and the whole picture where nothing is."""
    height, width = usable.shape
    return analysed_field(usable) if usable.any() else BBox(0, 0, height, width)


def _within_field(scene: Scene, field: BBox) -> Scene:
    if (field.height, field.width) == scene.plane.shape:
        return scene
    return replace(scene, plane=np.ascontiguousarray(scene.plane[field.slices]), usable=np.ascontiguousarray(scene.usable[field.slices]))


def _probability(looks: Sequence[Seen], usable: Mask, field: BBox) -> NDArray[np.float32]:
    """Foreground probability in the picture's own pixels: the largest of all scales, 0 where nothing is usable."""
    largest = looks[0].scaling.back(looks[0].probability)
    for look in looks[1:]:
        np.maximum(largest, look.scaling.back(look.probability), out=largest)
    if largest.shape != usable.shape:
        inner, largest = largest, np.zeros(usable.shape, dtype=np.float32)
        largest[field.slices] = inner
    largest[~usable] = 0
    return largest


def _within(candidate: Candidate, usable: Mask) -> Instance | None:
    """Cut a particle to what is usable; None where most of it is not: something burnt in was taken for it."""
    seen = usable[candidate.bbox.slices]
    mask = candidate.mask & seen
    if 2 * np.count_nonzero(mask) < candidate.area_px:
        return None
    cropped = crop(mask, candidate.bbox.y0, candidate.bbox.x0)
    return None if cropped is None else Instance(*cropped, candidate.score)
