"""The parameters of an analysis: frozen data from which panel, command line and report are made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, field_validator

from lycurgus.core.measurement import SUMMARISABLE


class StageParams(BaseModel):
    """Base of every stage's parameters. A field carries its title, help, range and, in json_schema_extra, its unit, and which values of
    another field of the stage make it matter: {"only_if": {"denoise": ["gaussian", "median"]}}.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


class DetectorParams(StageParams):
    """Base of the parameters of a detector plug-in.

    Attributes
    ----------
    prefers : stage -> field -> value, where other stages stand with this detector as long as nobody has set them.
    """

    prefers: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    name: str


class SeparatorParams(StageParams):
    """Base of the parameters of a separator plug-in."""

    name: str


class InputParams(StageParams):
    """Which picture of a file is analysed."""

    plane: str = Field(
        "auto",
        coerce_numbers_to_str=True,
        title="Plane",
        description="Part of the name, or the number (from 0), of the detector or frame to read from files with several; "
        "'auto' takes the real-space image, HAADF where one is named",
    )


class AnnotationParams(StageParams):
    """What is burnt into the picture: data bar, scale bar, panel letters."""

    data_bar: Literal["auto", "none"] | Annotated[int, Field(ge=0)] = Field(
        "auto",
        title="Data bar",
        description="'auto' finds it; a number masks that many rows at the bottom; 'none' masks nothing",
        json_schema_extra={"unit": "px"},
    )
    labels: Literal["auto", "none"] = Field(
        "auto", title="Scale bar and letters", description="'auto' finds and masks burnt-in scale bars, text and panel letters"
    )


class CalibrationParams(StageParams):
    """How large a pixel is, where the file does not say it."""

    scale_bar: Literal["auto", "off"] = Field(
        "auto",
        title="Burnt-in scale bar",
        description="'auto' reads scale bar and data bar: used where the file states no pixel size and the reading is sure, "
        "compared with the file's where it states one; 'off' reads nothing",
    )


class PreprocessParams(StageParams):
    """What is done to the picture before detection; intensities are measured on the picture as stored."""

    flatten: Literal["none", "gaussian", "rolling ball", "polynomial"] = Field(
        "none", title="Flatten background", description="Removes shading that is wider than the particles"
    )
    flatten_radius_px: float = Field(
        100.0,
        ge=2,
        le=4096,
        title="Background radius",
        description="Wider than the largest particle",
        json_schema_extra={"unit": "px", "only_if": {"flatten": ["gaussian", "rolling ball"]}},
    )
    denoise: Literal["none", "gaussian", "median", "non-local means"] = Field(
        "gaussian", title="Denoise", description="Applied after flattening"
    )
    sigma_px: float = Field(
        1.0,
        ge=0.1,
        le=50,
        title="Denoise radius",
        description="Gaussian sigma, or median radius",
        json_schema_extra={"unit": "px", "only_if": {"denoise": ["gaussian", "median"]}},
    )
    nlm_strength: float = Field(
        1.0,
        ge=0.05,
        le=10,
        title="Non-local means strength",
        description="Filter strength h in units of the estimated noise",
        json_schema_extra={"only_if": {"denoise": ["non-local means"]}},
    )


class CleaningParams(StageParams):
    """What is too small, and what reaches the border."""

    speck_nm: float = Field(
        0.5, ge=0, title="Smallest particle", description="Equivalent diameter; smaller specks go", json_schema_extra={"unit": "nm"}
    )
    speck_px: int = Field(
        30,
        ge=1,
        title="Smallest particle",
        description="Area, where the pixel size is unknown, and never fewer than 4 px with it",
        json_schema_extra={"unit": "px"},
    )
    hole_nm: float = Field(
        0.5,
        ge=0,
        title="Largest filled hole",
        description="Equivalent diameter; smaller holes are filled",
        json_schema_extra={"unit": "nm"},
    )
    hole_px: int = Field(
        30, ge=0, title="Largest filled hole", description="Area, where the pixel size is unknown", json_schema_extra={"unit": "px"}
    )
    border: Literal["exclude", "keep", "remove"] = Field(
        "exclude",
        title="Particles at the border",
        description="'exclude' keeps them out of statistics and corrects the bias by weights; 'keep' counts them; 'remove' drops them. "
        "Those that a masked label, scale bar or area of missing pixels cuts are treated likewise, without weights",
    )


class StatisticsParams(StageParams):
    """How the population is summarised."""

    descriptor: str = Field(
        "equivalent_diameter",
        title="Descriptor",
        description="The size that is summarised and fitted",
        json_schema_extra={"enum": list(SUMMARISABLE)},
    )
    border_weights: bool = Field(
        True, title="Border weights", description="Weight by 1/P after Miles and Lantuejoul while border particles are excluded"
    )
    bootstrap: int = Field(1000, ge=0, le=100_000, title="Bootstrap samples", description="For confidence intervals; 0 for none")
    confidence: float = Field(0.95, gt=0.5, lt=1, title="Confidence level")
    precision: float = Field(0.05, gt=0, lt=1, title="Wanted precision", description="Of the mean, for the number of particles needed")
    seed: int = Field(0, ge=0, title="Random seed", description="Of the bootstrap")

    @field_validator("descriptor")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in SUMMARISABLE:
            raise ValueError(f"there is no such descriptor; choose one of {', '.join(SUMMARISABLE)}")
        return name


class AnalysisParams(StageParams):
    """Everything that decides a result, one nested model a stage."""

    input: InputParams = InputParams()
    annotations: AnnotationParams = AnnotationParams()
    calibration: CalibrationParams = CalibrationParams()
    preprocess: PreprocessParams = PreprocessParams()
    detector: SerializeAsAny[DetectorParams]
    separator: SerializeAsAny[SeparatorParams]
    cleaning: CleaningParams = CleaningParams()
    statistics: StatisticsParams = StatisticsParams()

    def document(self) -> dict[str, Any]:
        """Return the parameters as plain JSON data, every field of every plug-in included."""
        return self.model_dump(mode="json")

    @property
    def digest(self) -> str:
        """sha256 of the canonical JSON form: equal digests mean equal parameters."""
        return _digest(self)


_DIGESTS: dict[int, tuple[AnalysisParams, str]] = {}


def _digest(params: AnalysisParams) -> str:
    """Asked for once an image and again, with thousands of images open and the same few parameters.

    Known by identity: hashing and comparing parameters by value takes 0.1 ms each time. Keeping the parameters keeps their id theirs.
    """
    known = _DIGESTS.get(id(params))
    if known is None:
        if len(_DIGESTS) >= 64:
            _DIGESTS.clear()
        known = params, hashlib.sha256(json.dumps(params.document(), sort_keys=True).encode()).hexdigest()
        _DIGESTS[id(params)] = known
    return known[1]
