"""The data that flows from a file to a report: small frozen types without behaviour of their own.

Arrays are indexed (y, x), the origin is the top left corner and pixel centres lie on whole numbers. Units are
suffixes of names (``_px``, ``_nm``, ``_deg``, ``_s``); a length in px is never labelled nm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite, sqrt
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.errors import CalibrationError
from lycurgus.core.measurement import Measurement
from lycurgus.core.params import AnalysisParams

Polarity = Literal["bright", "dark"]
PixelSizeSource = Literal["metadata", "scale bar", "data bar", "user"]
Mask = NDArray[np.bool_]
Plane = NDArray[Any]
NO_NETWORK = "no network"
"""The provider of detectors that run none."""


class BBox(NamedTuple):
    """A half-open box of pixels: rows y0 ... y1 - 1, columns x0 ... x1 - 1."""

    y0: int
    x0: int
    y1: int
    x1: int

    @property
    def height(self) -> int:
        return self.y1 - self.y0

    @property
    def width(self) -> int:
        return self.x1 - self.x0

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    def touches_border(self, shape: tuple[int, ...]) -> bool:
        """Tell whether the box reaches the edge of an image of this shape (H, W)."""
        return self.y0 <= 0 or self.x0 <= 0 or self.y1 >= shape[0] or self.x1 >= shape[1]


@dataclass(frozen=True, slots=True)
class PixelSize:
    """How many nanometres one pixel is high and wide, and who says so.

    Attributes
    ----------
    uncertainty_nm : of the source, where it states or implies one.
    accepted : whether the user has looked at what ``source`` says, and made it his word.

    Raises
    ------
    CalibrationError
        A size is not a positive finite number.
    """

    y_nm: float
    x_nm: float
    source: PixelSizeSource
    uncertainty_nm: float | None = None
    accepted: bool = False

    def __post_init__(self) -> None:
        for size in (self.y_nm, self.x_nm):
            if not (isfinite(size) and size > 0):
                raise CalibrationError(f"a pixel size of {size} nm is impossible")

    @property
    def mean_nm(self) -> float:
        """Side of the square pixel of the same area, in nm."""
        return sqrt(self.y_nm * self.x_nm)

    @property
    def is_users_word(self) -> bool:
        """Whether it holds over whatever file and picture say: stated or accepted by the user."""
        return self.accepted or self.source == "user"

    @property
    def is_square(self) -> bool:
        """True where y and x agree to 0.1 %: closer than any microscope is calibrated."""
        return abs(self.y_nm / self.x_nm - 1) < 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Micrograph:
    """One real-space image as it was recorded.

    Attributes
    ----------
    path : the file it came from.
    pixels : (H, W), the numbers as stored (RGB turned to grey), never rescaled; native byte order.
    pixel_size : None where nothing in the file states it.
    signal : what was detected, as the file names it ("HAADF", "BF", "TEM", "SE" ...), or "".
    plane, planes : the plane that was read, and all planes that the file offers.
    metadata : the vendor's statements that a report may want to cite, flat, JSON-compatible values.
    sha256 : of the file's bytes, hexadecimal.
    warnings : what a user should know before trusting this image, sentences.
    """

    path: Path
    pixels: Plane
    pixel_size: PixelSize | None = None
    signal: str = ""
    plane: str = ""
    planes: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        height, width = self.pixels.shape
        return height, width

    def with_pixel_size(self, pixel_size: PixelSize | None) -> Micrograph:
        return replace(self, pixel_size=pixel_size)


@dataclass(frozen=True, slots=True, eq=False)
class Annotation:
    """Something that was burnt into the image and is no part of the specimen.

    Attributes
    ----------
    kind : "data bar", "scale bar", "text" (a label or panel letter) or "frame".
    bbox : the box that is masked for it.
    """

    kind: Literal["data bar", "scale bar", "text", "frame"]
    bbox: BBox


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One region that was found. Instances may overlap: a pixel can belong to two of them.

    Attributes
    ----------
    bbox : tight box around the mask.
    mask : (h, w) bool, cropped to the box.
    score : confidence in 0 ... 1, or nan where the detector has none.
    flags : what later stages must know: "separated", "non_convex" ...
    """

    bbox: BBox
    mask: Mask
    score: float = float("nan")
    flags: frozenset[str] = frozenset()

    @property
    def area_px(self) -> int:
        return int(np.count_nonzero(self.mask))


@dataclass(frozen=True, slots=True)
class ModelUsed:
    """A network that took part, as a report must name it."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """What a detector says before particles exist.

    Attributes
    ----------
    foreground : (H, W) bool.
    polarity : whether particles are brighter or darker than what surrounds them.
    probability : (H, W) float32 in 0 ... 1, or None; a region's score is its mean.
    details : what a report should state, for instance the threshold ({"threshold": 113.0}).
    instances : the particles, from a detector that tells them apart by itself; None from one that knows foreground only.
    provider : where the detector's network really ran ("cpu", "cuda" ...).
    models : the networks that took part.
    warnings : what a user should know, sentences.
    """

    foreground: Mask
    polarity: Polarity
    probability: NDArray[np.float32] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    instances: tuple[Instance, ...] | None = None
    provider: str = NO_NETWORK
    models: tuple[ModelUsed, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Particle:
    """A measured instance.

    Attributes
    ----------
    id : 1 ... n, the same in table, overlay, labels and ROI names.
    classes : task -> (name, {name: probability}).
    flags : "touches_border", "cut_by_annotation", "non_convex", "separated", "overlapping", "edited", "drawn" ...
    excluded : why it is left out of the statistics, or None.
    """

    id: int
    instance: Instance
    measurement: Measurement
    classes: Mapping[str, tuple[str, Mapping[str, float]]] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    excluded: str | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a result comes from.

    Attributes
    ----------
    app_version : of Lycurgus.
    provider : where networks really ran ("cpu", "cuda" ...); "no network" for classical detectors.
    models : empty for classical detectors.
    params_digest : sha256 of the parameters, hexadecimal.
    analysed_at : ISO 8601, with time zone.
    times_s : stage -> seconds.
    manual_edits : how many corrections were made by hand.
    """

    app_version: str
    provider: str
    params_digest: str
    analysed_at: str
    models: tuple[ModelUsed, ...] = ()
    times_s: Mapping[str, float] = field(default_factory=dict)
    manual_edits: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class AnalysisResult:
    """Everything that is known about one analysed image.

    Attributes
    ----------
    particles : all of them, the excluded ones too.
    detection : polarity, thresholds and the like, for the report (``Detection.details`` and polarity).
    removed : what never became a particle: reason -> count ("speck", "marker too small" ...).
    annotations : what was masked before detection.
    warnings : sentences.
    """

    micrograph: Micrograph
    particles: tuple[Particle, ...]
    params: AnalysisParams
    provenance: Provenance
    detection: Mapping[str, Any] = field(default_factory=dict)
    removed: Mapping[str, int] = field(default_factory=dict)
    annotations: tuple[Annotation, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def counted(self) -> tuple[Particle, ...]:
        """The particles that enter statistics."""
        return tuple(particle for particle in self.particles if particle.excluded is None)
