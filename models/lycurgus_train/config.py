"""A training run as data: one TOML file says everything that decides its result."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from lycurgus.core.errors import ParameterError
from lycurgus_train.settings import merge, parse_setting

# Of fewer channels torch 2.13 takes the gradient of strided 1 × 1 convolutions wrongly on CPUs: it writes beyond its memory.
Width = Annotated[int, Field(ge=16)]
Depth = Annotated[int, Field(ge=1, le=6)]


AnySource = TypeVar("AnySource", bound="Source")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Source(_Section):
    """Images to learn from: a packed pool, or a folder of any kind that ``lycurgus-train data check`` understands."""

    path: Path = Field(description="Folder; a relative path starts at the folder of this file")
    weight: float = Field(1.0, gt=0, description="How often crops come from here, beside the other sources' weights")
    split: str | None = Field(None, description="Split file, or the name of one that ships (emps, nanoshapes, catalyst-boxes)")
    part: Literal["train", "validation", "all"] = Field("train", description="Which part of the split is taken, where one is named")


class ValidationSource(Source):
    """The same, to validate with: of a split its validation part, where nothing else is said."""

    part: Literal["train", "validation", "all"] = Field("validation", description="Which part of the split is taken, where one is named")


class NetworkConfig(_Section):
    """The network to train."""

    head: Literal["semantic", "distance", "star-convex"] = Field(
        "star-convex", description="What it tells: foreground; depth in the particle, too; and the way to the outline in 32 directions"
    )
    widths: tuple[Width, ...] = Field(
        (32, 48, 64, 96, 128, 192), min_length=2, max_length=7, description="Channels of each level, each half as fine as the one before"
    )
    depth: tuple[Depth, ...] = Field(
        1,
        validate_default=True,
        description="Residual blocks of each level of the encoder; a single number is that of all levels but the first, which then has one",
    )

    @field_validator("depth", mode="before")
    @classmethod
    def _of_each_level(cls, depth: object, info: ValidationInfo) -> object:
        levels = len(info.data.get("widths", ()))
        if isinstance(depth, int):
            return (1, *[depth] * (levels - 1))
        if isinstance(depth, (list, tuple)) and levels and len(depth) != levels:
            raise ValueError(f"{len(depth)} numbers for {levels} levels")
        return depth


class CropConfig(_Section):
    """Crops and the scales at which particles are shown."""

    crop_px: int = Field(256, ge=64, description="Side; a multiple of 2 to the number of levels")
    smallest_px: float = Field(7.0, gt=2, description="Least diameter that a particle is scaled to")
    largest_px: float = Field(110.0, gt=4, description="Greatest diameter that a particle is scaled to")
    smallest_scale: float = Field(0.15, gt=0.02, description="Least factor of that scaling")
    largest_scale: float = Field(
        3.0, le=8, description="Greatest factor of that scaling; a small picture is enlarged beyond it until it fills most of the crop"
    )
    as_recorded: float = Field(
        0.5,
        ge=0,
        le=1,
        description="How often a crop keeps about the scale of its picture instead, however large its particles are: what lies within a "
        "large particle must not be taken for particles",
    )
    disturbance: float = Field(1.0, ge=0, le=1, description="Part of the usual chance of noise, blur, inversion and the like")

    @model_validator(mode="after")
    def _ranges_are_ranges(self) -> Self:
        if self.smallest_px > self.largest_px or self.smallest_scale > self.largest_scale:
            raise ValueError("the smallest particle and scale must not be larger than the largest")
        return self


class LossConfig(_Section):
    """Weights of the parts of the loss, the foreground's cross-entropy being 1."""

    dice: float = Field(0.5, ge=0, description="Dice loss of the foreground")
    depth: float = Field(1.5, ge=0, description="Depth in the particle")
    rays: float = Field(0.8, ge=0, description="Ways to the outline")


class TrainConfig(_Section):
    """One run."""

    name: str = Field("particles", description="For whoever reads this file; an exported network has the name that its facts give it")
    seed: int = Field(1, ge=0, description="Another number gives another network as good as this one")
    steps: int = Field(20_000, ge=1, description="How often the weights are changed")
    batch: int = Field(8, ge=1, description="Crops a step and process")
    learning_rate: float = Field(2e-3, gt=0, description="Of AdamW at its highest; it falls as a cosine")
    weight_decay: float = Field(0.02, ge=0, description="Of AdamW")
    warmup_steps: int = Field(300, ge=0, description="Steps in which the learning rate rises; fewer than all")
    averaging: float = Field(0.998, ge=0, lt=1, description="Decay of the moving average of the weights, which is what ships")
    workers: int = Field(1, ge=0, description="Processes that draw crops")
    precision: Literal["auto", "float32", "bfloat16"] = Field("auto", description="auto: bfloat16 where the processor computes in it")
    check_every: int = Field(500, ge=1, description="Steps between validations, checkpoints and pictures")
    network: NetworkConfig = NetworkConfig()
    crops: CropConfig = CropConfig()
    loss: LossConfig = LossConfig()
    train: tuple[Source, ...] = Field(min_length=1)
    validation: tuple[ValidationSource, ...] = ()

    @model_validator(mode="after")
    def _crops_fit_the_network(self) -> Self:
        stride = 2 ** len(self.network.widths)
        if self.crops.crop_px % stride:
            raise ValueError(f"crops.crop_px is {self.crops.crop_px}, but {len(self.network.widths)} levels need a multiple of {stride}")
        return self


def read_config(path: Path, settings: tuple[str, ...] = ()) -> TrainConfig:
    """Read a run's TOML file; ``settings`` such as ``network.head="distance"`` or ``steps=100`` come on top.

    Relative paths of sources and splits start at the file's folder.

    Raises
    ------
    ParameterError
        The file is missing or no TOML, or a value is unknown or out of range.
    """
    try:
        document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParameterError(f"{path} cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ParameterError(f"{path} is not valid TOML: {error}") from error
    for setting in settings:
        merge(document, parse_setting(setting))
    try:
        config = TrainConfig.model_validate(document)
    except ValidationError as error:
        # What is misspelt first: the run may lack the very name that was meant.
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        where = ".".join(str(part) for part in first["loc"]) or "the run"
        if first["type"] == "extra_forbidden":
            hint = "'lycurgus-train train --describe' lists all that there is"
            raise ParameterError(f"{path.name}: there is nothing called '{where}' to set", hint=hint) from error
        what = first["msg"].removeprefix("Value error, ")
        raise ParameterError(f"{path.name}: {where}: {what[0].lower()}{what[1:]}") from error
    return config.model_copy(
        update={
            "train": tuple(_anchored(source, path.parent) for source in config.train),
            "validation": tuple(_anchored(source, path.parent) for source in config.validation),
        }
    )


def changes(before: Mapping[str, Any], now: Mapping[str, Any], *, within: str = "") -> list[str]:
    """Say which settings of a run differ from those that it began with, "seed 1, now 2"; ``before`` as ``deciding`` returned it.

    Of what the version that it began with did not note nothing is said.
    """
    found: list[str] = []
    for name, old in before.items():
        new = now.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += changes(old, new, within=f"{within}{name}.")
        elif old != new:
            found.append(f"{within}{name} {json.dumps(old)}, now {json.dumps(new)}")
    return found


def deciding(config: TrainConfig, *, processes: int = 1) -> dict[str, Any]:
    """Return what decides a run's result, as plain data; sources by their names, since folders may be moved.

    Parameters
    ----------
    processes : that train together, each of which has a batch of its own.
    """
    document = config.model_dump(mode="json", include={"seed", "steps", "batch", "learning_rate", "weight_decay", "warmup_steps"})
    document |= config.model_dump(mode="json", include={"averaging", "precision", "crops", "loss"})
    train = [f"{source.path.name} {source.weight:g}" for source in config.train]
    parts = ["all" if source.split is None else f"{source.part} of {Path(source.split).name}" for source in config.train]
    return document | {"train": train, "parts": parts, "processes": processes}


def _anchored(source: AnySource, folder: Path) -> AnySource:
    split = source.split
    if split is not None and (folder / split).is_file():
        split = str(folder / split)
    return source.model_copy(update={"path": folder / source.path, "split": split})
