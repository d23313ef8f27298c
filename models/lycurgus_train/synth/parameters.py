"""Every hyperparameter of synthesis: the published table of UTILE-Gen, and what Lycurgus adds to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from lycurgus.core.errors import ParameterError
from lycurgus.core.params import StageParams

Placement = Literal["overlapping", "non-overlapping", "grid", "clustered", "mixed"]
BackgroundFrom = Literal["any", "same", "other"]

Counts = tuple[Annotated[int, Field(ge=1, le=5000)], Annotated[int, Field(ge=1, le=5000)]]
Sources = tuple[Annotated[int, Field(ge=1, le=100)], Annotated[int, Field(ge=1, le=100)]]
Factors = tuple[Annotated[float, Field(ge=0.05, le=20)], Annotated[float, Field(ge=0.05, le=20)]]
Shares = tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]]
Signed = tuple[Annotated[float, Field(ge=-1, le=1)], Annotated[float, Field(ge=-1, le=1)]]
Lengths = tuple[Annotated[float, Field(ge=0, le=200)], Annotated[float, Field(ge=0, le=200)]]


def _about(group: str, unit: str = "", *, published: bool = False) -> dict[str, Any]:
    return {"group": group, "unit": unit, "published": published}


class SynthesisParams(StageParams):
    """How synthetic images are composed.

    Fields marked published are the arguments and fixed choices of UTILE-Gen ("Automated Image Analysis in Nanoscience Using Synthetic
    Dataset Generator and Deep Learning", ChemRxiv 6442981cdf78ec501526883f, and the notebook in its repository andyco98/UTILE-Gen).
    A range is drawn from evenly, once an image or once a particle as its description says.
    """

    count: int = Field(
        100, ge=1, title="Images", description="How many images are made", json_schema_extra=_about("output", published=True)
    )
    size_px: int = Field(
        1024,
        ge=64,
        le=8192,
        title="Size",
        description="Height and width of each image",
        json_schema_extra=_about("output", "px", published=True),
    )
    bits: Literal[8, 16] = Field(8, title="Bit depth", description="Of the images", json_schema_extra=_about("output", "bit"))

    edge_particles: bool = Field(
        False,
        title="Edge particles",
        description="Keep particles that touch the edge of their image: they are cut",
        json_schema_extra=_about("particle pool"),
    )
    min_area_ratio: float = Field(
        0.6,
        ge=0,
        le=1,
        title="Smallest area",
        description="Particles under this share of the mean area of their image's particles are left out, as fragments",
        json_schema_extra=_about("particle pool", published=True),
    )
    min_area_px: int = Field(
        20,
        ge=1,
        title="Smallest area in pixels",
        description="Smaller particles are left out: they are too few pixels to turn and scale",
        json_schema_extra=_about("particle pool", "px"),
    )
    feather_px: float = Field(
        2.0,
        ge=0,
        le=50,
        title="Feather",
        description="How far outside its outline a particle fades out; with foreground probabilities, how far outside they count",
        json_schema_extra=_about("particle pool", "px"),
    )
    synthetic_particles: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Synthetic particles",
        description="Share of the particles whose inner texture is made anew (same brightness profile and grain, random structure); "
        "0 pastes real ones only",
        json_schema_extra=_about("particle pool", published=True),
    )

    particles: Counts = Field(
        (10, 60), title="Particles", description="An image, from ... to", json_schema_extra=_about("population", published=True)
    )
    sources_per_image: Sources = Field(
        (1, 2),
        title="Populations",
        description="From how many of the given images the particles of one image are taken",
        json_schema_extra=_about("population"),
    )
    mixed_polarity: float = Field(
        0.1,
        ge=0,
        le=1,
        title="Mixed polarity",
        description="Share of the images whose populations may be bright and dark side by side; in the others all are what the first is",
        json_schema_extra=_about("population"),
    )
    scaling: Factors = Field(
        (0.3, 2.0), title="Scaling", description="Of particles, from ... to", json_schema_extra=_about("population", published=True)
    )
    size_spread: float = Field(
        0.5,
        ge=0,
        le=1,
        title="Spread of scaling",
        description="1 draws the scaling of every particle by itself (as published), 0 draws one scaling an image",
        json_schema_extra=_about("population"),
    )
    max_coverage: float = Field(
        0.6,
        gt=0,
        le=10,
        title="Largest coverage",
        description="Areas of all particles over the area of the image; scaling, then the number of particles are kept low enough, "
        "within their ranges",
        json_schema_extra=_about("population"),
    )
    rotation: bool = Field(True, title="Rotation", description="Turn each particle by any angle", json_schema_extra=_about("population"))
    flips: bool = Field(True, title="Flips", description="Mirror half of the particles", json_schema_extra=_about("population"))

    placement: Placement = Field(
        "mixed",
        title="Placement",
        description="'overlapping' anywhere; 'non-overlapping'; 'grid' one particle a cell, never overlapping; 'clustered' particles "
        "attach to each other; 'mixed' draws one of these for each image",
        json_schema_extra=_about("placement", published=True),
    )
    max_overlap: float = Field(
        0.5,
        ge=0,
        le=1,
        title="Largest overlap",
        description="Share of a particle that others may hide, where they overlap at all",
        json_schema_extra=_about("placement"),
    )
    gap_px: int = Field(
        1,
        ge=0,
        le=100,
        title="Smallest gap",
        description="Between particles that do not overlap",
        json_schema_extra=_about("placement", "px"),
    )
    cut_by_border: bool = Field(
        True,
        title="Cut by the border",
        description="Particles may reach beyond the border of the image, with their centres inside; never on a grid",
        json_schema_extra=_about("placement"),
    )
    cluster_size: Counts = Field((2, 25), title="Cluster size", description="Particles a cluster", json_schema_extra=_about("placement"))

    contrast: Factors = Field(
        (0.7, 1.3),
        title="Contrast",
        description="Factor on the difference between particles and background, once an image",
        json_schema_extra=_about("appearance"),
    )
    brightness: Factors = Field(
        (0.8, 1.2),
        title="Brightness",
        description="Factor on the difference between particle and background, once a particle",
        json_schema_extra=_about("appearance"),
    )
    transparency: Shares = Field(
        (0.0, 0.5),
        title="Transparency",
        description="0: a particle hides what lies under it (SEM); 1: contrasts add up (TEM); once an image",
        json_schema_extra=_about("appearance"),
    )
    min_visibility: float = Field(
        2.0,
        ge=0,
        le=20,
        title="Smallest visibility",
        description="Median contrast of the particles over the standard deviation of the background's texture, which is made weaker "
        "where it would hide them; 0 leaves it as it is",
        json_schema_extra=_about("appearance"),
    )
    inversion: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Inversion",
        description="Share of the images whose contrast is turned around; particles keep being what they were, bright or dark, at 0",
        json_schema_extra=_about("appearance"),
    )
    halo_chance: float = Field(
        0.25, ge=0, le=1, title="Halo", description="Share of the images with a directional halo", json_schema_extra=_about("appearance")
    )
    halo_strength: Signed = Field(
        (-0.3, 0.3),
        title="Halo strength",
        description="Over the full range of grey; negative is a shadow",
        json_schema_extra=_about("appearance"),
    )
    halo_width_px: Lengths = Field(
        (1.0, 8.0),
        title="Halo width",
        description="Blur and shift of the halo",
        json_schema_extra=_about("appearance", "px"),
    )

    synthetic_backgrounds: float = Field(
        0.25,
        ge=0,
        le=1,
        title="Synthetic backgrounds",
        description="Share of the images on a background made of a mean level with matched texture, the others on an inpainted one; "
        "0 is real backgrounds only",
        json_schema_extra=_about("background", published=True),
    )
    background_from: BackgroundFrom = Field(
        "any",
        title="Background from",
        description="'same' image as the (first) particles, an 'other' one, or 'any'",
        json_schema_extra=_about("background"),
    )
    min_free_area: float = Field(
        0.3,
        ge=0,
        le=1,
        title="Smallest free area",
        description="Images with a smaller share free of particles give no inpainted background, only synthetic ones",
        json_schema_extra=_about("background"),
    )
    clean_backgrounds: bool = Field(
        True,
        title="Clean backgrounds",
        description="Also inpaint what looks like particles that nobody has outlined: as bright or dark against the background",
        json_schema_extra=_about("background"),
    )
    background_scaling: Factors = Field(
        (0.7, 1.5), title="Background scaling", description="Once an image", json_schema_extra=_about("background")
    )
    shading: float = Field(
        0.15,
        ge=0,
        le=1,
        title="Shading",
        description="Up to this share of the full range, brightness changes smoothly across the image",
        json_schema_extra=_about("background"),
    )

    max_salt_and_pepper_percent: float = Field(
        0.2,
        ge=0,
        le=50,
        title="Salt and pepper",
        description="Up to this many of the pixels, half of them black and half white",
        json_schema_extra=_about("noise", "%", published=True),
    )
    max_blur_px: float = Field(
        2.0,
        ge=0,
        le=50,
        title="Gaussian blur",
        description="Up to this standard deviation",
        json_schema_extra=_about("noise", "px", published=True),
    )
    max_gaussian_noise: float = Field(
        0.06,
        ge=0,
        le=1,
        title="Gaussian noise",
        description="Up to this standard deviation, over the full range of grey",
        json_schema_extra=_about("noise"),
    )

    @model_validator(mode="after")
    def _ranges_ascend(self) -> SynthesisParams:
        for name, info in type(self).model_fields.items():
            value = getattr(self, name)
            if isinstance(value, tuple) and value[0] > value[1]:
                raise ValueError(
                    f"{(info.title or name).lower()} from {value[0]} to {value[1]} is no range: the smaller number stands first"
                )
        return self


def synthesis_params(settings: Mapping[str, Any]) -> SynthesisParams:
    """Build parameters from plain values, numbers as text included.

    Raises
    ------
    ParameterError
        An unknown name, or a value out of range.
    """
    try:
        return SynthesisParams(**settings)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        if first["type"] == "extra_forbidden":
            raise ParameterError(f"synthesis has no parameter called '{name}'", hint="list them with --describe") from error
        what = first["msg"].removeprefix("Value error, ")
        raise ParameterError(f"{name}: {what[:1].lower()}{what[1:]}" if name else what) from error


def parse_setting(text: str) -> tuple[str, Any]:
    """Read ``name=value``; a value with a comma is a range, and one number where a range is wanted is a range of nothing else.

    Raises
    ------
    ParameterError
        It is no setting.
    """
    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals and value):
        raise ParameterError(f"'{text}' is not a setting", hint="write name=value, for instance particles=10,60")
    if "," in value:
        return name, tuple(part.strip() for part in value.split(","))
    field = SynthesisParams.model_fields.get(name)
    number = int(value) if value.isdecimal() else value
    return name, (number, number) if field is not None and isinstance(field.default, tuple) else number


def load_preset(path: Path) -> dict[str, Any]:
    """Read parameters from JSON: an object of them, or one that holds it as "parameters".

    Raises
    ------
    ParameterError
        The file cannot be read or holds no such object.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParameterError(f"the preset {path.name} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ParameterError(f"the preset {path.name} is not valid JSON", hint=str(error)) from error
    settings = document.get("parameters", document) if isinstance(document, dict) else None
    if not isinstance(settings, dict):
        raise ParameterError(f"the preset {path.name} holds no settings", hint='it should look like {"particles": [10, 60]}')
    return settings
