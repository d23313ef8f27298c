"""What a model folder says about its network: everything that the application needs to know, and states in reports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lycurgus.core.errors import ModelError

FORMAT = 1
MANIFEST_FILE = "manifest.json"
MODEL_FILE = "model.onnx"
HALF_FILE = "model.half.onnx"
GOLDEN_FILE = "golden.npz"
CARD_FILE = "MODEL_CARD.md"
LARGEST_MANIFEST_BYTES = 1 << 20

Head = Literal["semantic", "distance", "star-convex"]
Decoder = Literal["semantic", "distance", "star-convex", "completed"]
DECODERS: Mapping[str, tuple[Decoder, ...]] = {
    "semantic": ("semantic",),
    "distance": ("distance", "semantic"),
    "star-convex": ("completed", "star-convex", "distance", "semantic"),
}
"""Head -> the decoders that its outputs are enough for, the best first."""
Share = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)


class InputSpec(_Part):
    """What the network takes: (N, 1, H, W) float32, normalised.

    Attributes
    ----------
    stride : H and W must be multiples of it.
    context_px : how far around a pixel the picture still matters; parts of a large picture overlap by that much on every side.
    """

    name: Text = "image"
    stride: Annotated[int, Field(ge=1, le=1024)]
    context_px: Annotated[int, Field(ge=0, le=1024)]


class OutputSpec(_Part):
    """One output of the network: (N, channels, H / stride, W / stride)."""

    name: Text
    channels: Annotated[int, Field(ge=1, le=1024)]
    stride: Literal[1, 2, 4, 8] = 1


class Normalisation(_Part):
    """The percentiles that ``core.normalise`` maps to -1 and 1."""

    low: Annotated[float, Field(ge=0, lt=100)]
    high: Annotated[float, Field(gt=0, le=100)]


class DiameterRange(_Part):
    """Equivalent diameters, at the analysed scale, that the network finds best."""

    smallest: Annotated[float, Field(gt=0)]
    largest: Annotated[float, Field(gt=0, le=10_000)]


class Thresholds(_Part):
    """What the decoder's parameters stand at where nobody has set them; None where the decoder's own default is right.

    Attributes
    ----------
    score : from which a particle is believed.
    crowd_score : the same for one of many in a picture, see ``detectors.decoding.credibility.score_threshold``; None for no difference.
    overlap : from which IoU on two candidates are one particle.
    foreground : from which probability on a pixel is part of a particle.
    seed_depth, seed_height, smoothing_px : see ``detectors.decoding.DecodingParams``.
    """

    score: Share
    crowd_score: Share | None = None
    overlap: Share
    foreground: Annotated[float, Field(gt=0, lt=1)] = 0.5
    seed_depth: Share | None = None
    seed_height: Share | None = None
    smoothing_px: Annotated[float, Field(ge=0, le=50)] | None = None


class ModelFile(_Part):
    """A file of the folder by what must not change."""

    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0)]


class Tolerance(_Part):
    """How far outputs may be from the golden ones: |difference| <= absolute + relative · |golden|."""

    absolute: Annotated[float, Field(ge=0, le=1)]
    relative: Annotated[float, Field(ge=0, le=1)] = 0.0


class TrainingData(_Part):
    """One source that the network has learnt from.

    Attributes
    ----------
    attribution : authors and where it was published, as the licence wants it.
    """

    name: Text
    licence: Text
    attribution: str = ""
    images: Annotated[int, Field(ge=0)]


class ModelManifest(_Part):
    """A network, as ``manifest.json`` describes it.

    Attributes
    ----------
    format : version of this description.
    name, version, title : the folder's name, the release, and what a user reads.
    head : "semantic" tells foreground alone, "distance" also the depth inside each particle, "star-convex" also the rays to its outline.
    decoder : how particles are made of the outputs where nobody has chosen; the best that the head allows where None.
    diameter_px : at the analysed scale.
    scales : factors by which a picture is resized before it is analysed, where no size is expected.
    negatives : whether pictures are shown as negatives too, and both answers averaged: for a network that has learnt from both alike.
    model, half : ``model.onnx``, and ``model.half.onnx`` where there is one: the same network computing in half precision, for GPUs.
    golden : how near ``golden.npz`` must be met.
    metrics : data set -> measure -> value.
    """

    format: Literal[1]
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,40}$")]
    title: Annotated[str, Field(min_length=1, max_length=80)]
    description: str = ""
    task: Literal["particles"]
    head: Head
    decoder: Decoder | None = None
    input: InputSpec
    outputs: Annotated[tuple[OutputSpec, ...], Field(strict=False, min_length=1)]
    normalisation: Normalisation
    diameter_px: DiameterRange
    scales: Annotated[tuple[Annotated[float, Field(ge=1 / 32, le=8)], ...], Field(strict=False, min_length=1, max_length=8)]
    negatives: bool = False
    thresholds: Thresholds
    opset: Annotated[int, Field(ge=11)]
    model: ModelFile
    half: ModelFile | None = None
    golden: Tolerance
    licence: Text
    training_data: Annotated[tuple[TrainingData, ...], Field(strict=False)]
    metrics: Mapping[str, Mapping[str, float]] = {}
    created: Annotated[date, Field(strict=False)]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.normalisation.low >= self.normalisation.high:
            raise ValueError("normalisation: the low percentile must lie below the high one")
        if self.diameter_px.smallest >= self.diameter_px.largest:
            raise ValueError("diameter_px: the smallest must lie below the largest")
        if self.thresholds.crowd_score is not None and self.thresholds.crowd_score > self.thresholds.score:
            raise ValueError("thresholds: crowd_score must not lie above score")
        names = [output.name for output in self.outputs]
        if len(set(names)) < len(names):
            raise ValueError("outputs: two have the same name")
        fields = self.output("fields")
        needed = 1 if self.head == "semantic" else 2
        if fields is None or fields.channels < needed or fields.stride != 1:
            raise ValueError(f"outputs: a {self.head} head has 'fields' with {needed} channels or more at stride 1")
        rays = self.output("rays")
        if (rays is not None) != (self.head == "star-convex") or (rays is not None and (rays.channels < 8 or rays.stride != 2)):
            raise ValueError("outputs: a star-convex head has 'rays', 8 or more at stride 2, and no other head has them")
        if self.negatives and rays is not None and rays.channels % 2:
            raise ValueError("negatives: a ray and its opposite must both be there, so their number must be even")
        if self.decoder is not None and self.decoder not in DECODERS[self.head]:
            raise ValueError(f"decoder: a {self.head} head allows {', '.join(DECODERS[self.head])}")
        if any(self.input.stride % output.stride for output in self.outputs):
            raise ValueError("outputs: each stride must divide that of the input")
        return self

    def output(self, name: str) -> OutputSpec | None:
        """Return an output by its name, None where there is none of that name."""
        return next((output for output in self.outputs if output.name == name), None)

    @property
    def decoders(self) -> tuple[Decoder, ...]:
        """The decoders that can be chosen, the default first."""
        possible = DECODERS[self.head]
        first = self.decoder or possible[0]
        return (first, *(name for name in possible if name != first))

    @property
    def rays(self) -> int:
        """How many rays lead from a pixel to the outline; 0 where the network has none."""
        rays = self.output("rays")
        return 0 if rays is None else rays.channels

    def document(self) -> dict[str, Any]:
        """Return the manifest as plain JSON data, every field included."""
        return self.model_dump(mode="json")


def read_manifest(folder: Path) -> ModelManifest:
    """Read the manifest of a model folder.

    Raises
    ------
    ModelError
        It is missing, no JSON, of a newer format, or says something impossible.
    """
    path = folder / MANIFEST_FILE
    try:
        if path.stat().st_size > LARGEST_MANIFEST_BYTES:
            raise ModelError(folder, f"{MANIFEST_FILE} is larger than {LARGEST_MANIFEST_BYTES >> 20} MB", hint="it is no manifest")
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise ModelError(folder, f"{MANIFEST_FILE} cannot be read: {error.strerror}", hint="export the model again") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(folder, f"{MANIFEST_FILE} is not valid JSON", hint=str(error)) from error
    if not isinstance(document, dict):
        raise ModelError(folder, f"{MANIFEST_FILE} describes no model", hint="export the model again")
    version = document.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise ModelError(folder, f"its manifest has format {version}, this version of Lycurgus knows {FORMAT}", hint="update Lycurgus")
    try:
        return ModelManifest.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = str(first["msg"]).removeprefix("Value error, ")
        raise ModelError(folder, f"{MANIFEST_FILE}: {f'{where}: ' if where else ''}{reason[:1].lower()}{reason[1:]}") from error
