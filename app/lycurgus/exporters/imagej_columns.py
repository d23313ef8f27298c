"""The ImageJ preset: ImageJ's own headings in ImageJ's order and with ImageJ's definitions, from the same measurements.

What differs from ImageJ, and is said in the definitions: the perimeter's estimator, "Circ." is not clipped at 1, and the last three
columns (image, particle, why it is excluded) are ours.
"""

from __future__ import annotations

from collections.abc import Callable
from math import nan, sqrt

from lycurgus.core.measurement import Measurement
from lycurgus.core.types import BBox, Particle
from lycurgus.exporters.base import Report, ReportEntry
from lycurgus.exporters.columns import Group, ParticleColumn, is_calibrated
from lycurgus.exporters.text import Value

Number = Callable[[ReportEntry, Particle], float]


def imagej_columns(report: Report) -> tuple[ParticleColumn, ...]:
    """Return the columns of the ImageJ preset: lengths in nm where the whole report is calibrated, else in px."""
    length = "nm" if is_calibrated(report) else "px"
    area = f"{length}²"
    everything = ((entry, particle) for entry in report.entries for particle in entry.particles)
    rows = {(id(entry), particle.id): row for row, (entry, particle) in enumerate(everything, start=1)}

    def scaled(measure: Callable[[Measurement, BBox], float], *, axis: str) -> Number:
        """Turn a length in px into the report's unit."""

        def value(entry: ReportEntry, particle: Particle) -> float:
            return measure(particle.measurement, particle.instance.bbox) * _size(entry, axis, length)

        return value

    def known(name: str, *, suffix: str = "") -> Number:
        """Take a measured field as it is."""
        return lambda _, particle: float(getattr(particle.measurement, name + suffix))

    def elongation(particle: Particle) -> float:
        """Long over short axis of the ellipse of the same second moments, in the report's unit; nan for a line without width."""
        measured = particle.measurement
        major, minor = getattr(measured, f"major_axis_{length}"), getattr(measured, f"minor_axis_{length}")
        return float(major / minor) if minor > 0 else nan

    unit = f"_{length}"
    # An ellipse of the same area has axes of ECD·√r and ECD/√r, r being their ratio.
    diameter = known("equivalent_diameter", suffix=unit)
    return (
        _column(" ", "", "identity", lambda entry, particle: rows[id(entry), particle.id], "number of the row"),
        _column("Label", "", "identity", _label, "image:particle"),
        _column("Area", area, "size", known("area", suffix="_nm2" if length == "nm" else "_px"), "number of pixels × pixel area"),
        _column("Mean", "", "intensity", known("intensity_mean"), "mean of the stored values"),
        _column("StdDev", "", "intensity", known("intensity_sd"), "standard deviation of the stored values (n − 1)"),
        _column("Min", "", "intensity", known("intensity_min"), "smallest stored value"),
        _column("Max", "", "intensity", known("intensity_max"), "largest stored value"),
        _column("X", length, "position", scaled(lambda m, _: m.x_px + 0.5, axis="x"), "centroid from the left edge of the image"),
        _column("Y", length, "position", scaled(lambda m, _: m.y_px + 0.5, axis="y"), "centroid from the top edge of the image"),
        _column("Perim.", length, "size", known("perimeter", suffix=unit), "length of the outline, by our own estimator"),
        _column("BX", length, "position", scaled(lambda _, box: box.x0, axis="x"), "left edge of the bounding box"),
        _column("BY", length, "position", scaled(lambda _, box: box.y0, axis="y"), "top edge of the bounding box"),
        _column("Width", length, "position", scaled(lambda _, box: box.x1 - box.x0, axis="x"), "width of the bounding box"),
        _column("Height", length, "position", scaled(lambda _, box: box.y1 - box.y0, axis="y"), "height of the bounding box"),
        _column(
            "Major",
            length,
            "size",
            lambda e, p: diameter(e, p) * sqrt(elongation(p)),
            "long axis of the ellipse of the same second moments, scaled to the particle's area",
        ),
        _column("Minor", length, "size", lambda e, p: diameter(e, p) / sqrt(elongation(p)), "short axis of that ellipse"),
        _column("Angle", "°", "position", known("orientation_deg"), "of Major, counter-clockwise from +x"),
        _column("Circ.", "", "shape", known("circularity"), "4π·Area/Perim.²; not clipped at 1"),
        _column("Feret", length, "size", known("feret_max", suffix=unit), "largest distance between parallel tangents"),
        _column("FeretAngle", "°", "position", known("feret_angle_deg"), "of Feret, counter-clockwise from +x"),
        _column("MinFeret", length, "size", known("feret_min", suffix=unit), "smallest distance between parallel tangents"),
        _column("AR", "", "shape", lambda _, particle: elongation(particle), "Major/Minor"),
        _column("Round", "", "shape", lambda _, particle: 1 / elongation(particle), "4·Area/(π·Major²)"),
        _column("Solidity", "", "shape", known("solidity"), "Area/convex area"),
        ParticleColumn("image", "Image", "", "identity", lambda entry, _: entry.image, "name of the image's file"),
        _column("id", "", "identity", lambda _, particle: particle.id, "number of the particle in its image"),
        _column("excluded", "", "remarks", lambda _, particle: particle.excluded, "why it is left out of statistics"),
    )


def _column(name: str, unit: str, group: Group, value: Callable[[ReportEntry, Particle], Value], definition: str) -> ParticleColumn:
    return ParticleColumn(name, name, unit, group, value, definition, "ImageJ")


def _label(entry: ReportEntry, particle: Particle) -> str:
    return f"{entry.image}:{particle.id}"


def _size(entry: ReportEntry, axis: str, length: str) -> float:
    """Length of a pixel's side in the report's unit."""
    pixel_size = entry.result.micrograph.pixel_size
    if length == "px" or pixel_size is None:
        return 1.0
    return pixel_size.y_nm if axis == "y" else pixel_size.x_nm
