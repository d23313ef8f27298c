"""The measured numbers of one particle, and what each of them means: the one table behind headers, definitions and columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["position", "size", "shape", "intensity", "statistics"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What was measured on one particle; every ``_nm`` field is None without calibration, and what is undefined for a shape is nan.

    The definitions stand in ``DESCRIPTORS``.
    """

    y_px: float
    x_px: float
    area_px: float
    area_nm2: float | None
    equivalent_diameter_px: float
    equivalent_diameter_nm: float | None
    fitted_circle_diameter_px: float
    fitted_circle_diameter_nm: float | None
    feret_max_px: float
    feret_max_nm: float | None
    feret_min_px: float
    feret_min_nm: float | None
    feret_90_px: float
    feret_90_nm: float | None
    feret_angle_deg: float
    perimeter_px: float
    perimeter_nm: float | None
    convex_perimeter_px: float
    convex_perimeter_nm: float | None
    convex_area_px: float
    convex_area_nm2: float | None
    major_axis_px: float
    major_axis_nm: float | None
    minor_axis_px: float
    minor_axis_nm: float | None
    orientation_deg: float
    eccentricity: float
    ellipse_ratio: float
    circularity: float
    circularity_iso: float
    roundness: float
    compactness: float
    aspect_ratio: float
    solidity: float
    convexity: float
    extent: float
    intensity_mean: float
    intensity_sd: float
    intensity_min: float
    intensity_max: float
    border_weight: float


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One measured quantity.

    Attributes
    ----------
    name : stem of the field; lengths and areas exist as ``<name>_px`` and ``<name>_nm`` (``_nm2`` for areas).
    label : as printed in a header, without unit.
    dimension : "length", "area", "angle", "count" ... decides the unit.
    formula : plain text, for the definitions sheet.
    reference : the standard or paper that defines it.
    imagej : ImageJ's own heading, or "".
    """

    name: str
    label: str
    kind: Kind
    dimension: Literal["length", "area", "angle", "ratio", "intensity", "coordinate", "weight"]
    formula: str
    reference: str = ""
    imagej: str = ""

    def field(self, *, calibrated: bool) -> str:
        """Name of the Measurement field, for instance ``area_nm2``; ratios have one field for both."""
        suffix = {"length": ("_px", "_nm"), "area": ("_px", "_nm2"), "coordinate": ("_px", "_px"), "angle": ("_deg", "_deg")}.get(
            self.dimension, ("", "")
        )
        return self.name + suffix[calibrated]

    def unit(self, *, calibrated: bool) -> str:
        """Unit of that field as printed in a header, "" for a ratio."""
        units = {"length": ("px", "nm"), "area": ("px²", "nm²"), "coordinate": ("px", "px"), "angle": ("°", "°")}
        return units.get(self.dimension, ("", ""))[calibrated]


DESCRIPTORS: tuple[Descriptor, ...] = (
    Descriptor("y", "Centroid y", "position", "coordinate", "mean row of the pixels; 0 is the centre of the top row", imagej="Y"),
    Descriptor("x", "Centroid x", "position", "coordinate", "mean column of the pixels; 0 is the centre of the left column", imagej="X"),
    Descriptor("area", "Area", "size", "area", "A = number of pixels × pixel area", "ISO 9276-6", "Area"),
    Descriptor("equivalent_diameter", "Equivalent circular diameter", "size", "length", "ECD = √(4A/π)", "ISO 9276-6, x_A"),
    Descriptor(
        "fitted_circle_diameter",
        "Fitted-circle diameter",
        "size",
        "length",
        "diameter of the least-squares circle through the outline; empty where it is above 1.5 Fmax (crescents, straight strips)",
        "Taubin 1991",
    ),
    Descriptor(
        "feret_max",
        "Feret diameter, maximum",
        "size",
        "length",
        "Fmax = largest distance between parallel tangents",
        "ISO 9276-6, x_Fmax",
        "Feret",
    ),
    Descriptor(
        "feret_min",
        "Feret diameter, minimum",
        "size",
        "length",
        "Fmin = smallest distance between parallel tangents",
        "ISO 9276-6, x_Fmin",
        "MinFeret",
    ),
    Descriptor(
        "feret_90",
        "Feret diameter at 90° to the maximum",
        "size",
        "length",
        "F90 = distance between the tangents parallel to Fmax",
        "ISO 9276-6, x_LF",
    ),
    Descriptor(
        "feret_angle",
        "Angle of the maximum Feret diameter",
        "position",
        "angle",
        "counter-clockwise from +x, 0° ≤ α < 180°",
        imagej="FeretAngle",
    ),
    Descriptor(
        "perimeter", "Perimeter", "size", "length", "P = length of the outline, see the note on its estimator", "ISO 9276-6", "Perim."
    ),
    Descriptor("convex_perimeter", "Convex perimeter", "size", "length", "Pc = length of the convex hull's outline", "ISO 9276-6"),
    Descriptor("convex_area", "Convex area", "size", "area", "Ac = area of the convex hull", "ISO 9276-6"),
    Descriptor(
        "major_axis",
        "Major axis",
        "size",
        "length",
        "long axis of the ellipse with the same second moments (Legendre ellipse)",
        "ISO 9276-6, x_Lmax",
        "Major",
    ),
    Descriptor(
        "minor_axis",
        "Minor axis",
        "size",
        "length",
        "short axis of the ellipse with the same second moments",
        "ISO 9276-6, x_Lmin",
        "Minor",
    ),
    Descriptor(
        "orientation", "Orientation", "position", "angle", "of the major axis, counter-clockwise from +x, 0° ≤ φ < 180°", imagej="Angle"
    ),
    Descriptor("eccentricity", "Eccentricity", "shape", "ratio", "√(1 − (minor/major)²)"),
    Descriptor("ellipse_ratio", "Ellipse ratio", "shape", "ratio", "minor axis / major axis", "ISO 9276-6"),
    Descriptor("circularity", "Circularity", "shape", "ratio", "4πA/P² (form factor of ISO 9276-6)", "ISO 9276-6, form factor", "Circ."),
    Descriptor("circularity_iso", "Circularity (ISO 9276-6)", "shape", "ratio", "√(4πA/P²)", "ISO 9276-6, circularity"),
    Descriptor("roundness", "Roundness", "shape", "ratio", "4A/(π Fmax²)", "ISO 9276-6"),
    Descriptor("compactness", "Compactness", "shape", "ratio", "√(4A/π)/Fmax", "ISO 9276-6"),
    Descriptor("aspect_ratio", "Aspect ratio", "shape", "ratio", "Fmin/Fmax", "ISO 9276-6"),
    Descriptor("solidity", "Solidity", "shape", "ratio", "A/Ac", "ISO 9276-6", "Solidity"),
    Descriptor("convexity", "Convexity", "shape", "ratio", "Pc/P", "ISO 9276-6"),
    Descriptor("extent", "Extent", "shape", "ratio", "A/(Fmax·Fmin)", "ISO 9276-6"),
    Descriptor("intensity_mean", "Mean intensity", "intensity", "intensity", "mean of the stored values", imagej="Mean"),
    Descriptor(
        "intensity_sd", "SD of intensity", "intensity", "intensity", "standard deviation of the stored values (n − 1)", imagej="StdDev"
    ),
    Descriptor("intensity_min", "Minimum intensity", "intensity", "intensity", "smallest stored value", imagej="Min"),
    Descriptor("intensity_max", "Maximum intensity", "intensity", "intensity", "largest stored value", imagej="Max"),
    Descriptor(
        "border_weight",
        "Border weight",
        "statistics",
        "weight",
        "1/P, P = (W − 1 − Fx)(H − 1 − Fy)/(W·H); Fx, Fy axis-parallel Feret diameters, W, H the analysed field, in px",
        "Miles 1974; Lantuéjoul 1980",
    ),
)

SUMMARISED_KINDS = ("size", "shape")
SUMMARISABLE = {descriptor.name: descriptor for descriptor in DESCRIPTORS if descriptor.kind in (*SUMMARISED_KINDS, "intensity")}
"""What a population can be described by: not positions, which mean nothing across images."""
