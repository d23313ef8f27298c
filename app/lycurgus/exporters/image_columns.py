"""The columns of image tables, the same in every format; files without a result have rows too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import fsum

import numpy as np

from lycurgus.core.moments import characteristics
from lycurgus.exporters.base import FailedFile, Report, ReportEntry
from lycurgus.exporters.field import covered_fraction, density_per_um2, statistical_weights
from lycurgus.exporters.text import Value


@dataclass(frozen=True, slots=True)
class ImageColumn:
    """One column of an image table: heading in CSV, heading and unit in a workbook, definition."""

    name: str
    label: str
    unit: str
    definition: str

    @property
    def heading(self) -> str:
        return f"{self.label} ({self.unit})" if self.unit else self.label


_MEAN = "weighted mean of the equivalent circular diameter of the counted particles"
_MEDIAN = "weighted median of the equivalent circular diameter of the counted particles"
_SD = "standard deviation of the equivalent circular diameter of the counted particles"

IMAGE_COLUMNS: tuple[ImageColumn, ...] = (
    ImageColumn("image", "Image", "", "name of the file, with as much of its folder as makes it unique"),
    ImageColumn("n_particles", "Particles", "", "particles found; empty where the file has no result"),
    ImageColumn("n_counted", "Counted", "", "particles that enter statistics"),
    ImageColumn("n_excluded", "Excluded", "", "particles left out of statistics"),
    ImageColumn("error", "Error", "", "why the file has no result"),
    ImageColumn("pixel_size_y_nm", "Pixel height", "nm", "empty without calibration"),
    ImageColumn("pixel_size_x_nm", "Pixel width", "nm", "empty without calibration"),
    ImageColumn("pixel_size_source", "Pixel size from", "", "metadata, scale bar, data bar or user"),
    ImageColumn(
        "calibration",
        "Calibration",
        "",
        "what a pixel size that was read from the picture rests on: label and length of the scale bar, whether accepted",
    ),
    ImageColumn("height_px", "Height", "px", "rows of the image"),
    ImageColumn("width_px", "Width", "px", "columns of the image"),
    ImageColumn("plane", "Plane", "", "detector or frame that was read"),
    ImageColumn("signal", "Signal", "", "what was recorded, as the file names it"),
    ImageColumn("detector", "Detector", "", "what told particles from their support"),
    ImageColumn("separator", "Separator", "", "what separated touching particles"),
    ImageColumn("threshold", "Threshold", "", "of the detector, in units of the stored values"),
    ImageColumn("score_threshold", "Score threshold", "", "of the network: least score, 0 to 1, of what it reports"),
    ImageColumn(
        "believed_scales",
        "Scales believed",
        "",
        "sizes at which the picture was shown to the network and what it found is reported: 0.5 half its size, 2 twice",
    ),
    ImageColumn(
        "taken_away",
        "Taken away before",
        "",
        "subtracted before the network saw it: nothing, shading (slow changes) or surroundings (all that is wider than small particles)",
    ),
    ImageColumn(
        "found_besides",
        "Found besides",
        "",
        "particles added that only showed at another size or without shading, where nothing else is reported and they clearly differ",
    ),
    ImageColumn("gaps_left_out", "Gaps left out", "", "finds of the network that were background between particles"),
    ImageColumn("polarity", "Polarity", "", "particles brighter or darker than the support"),
    ImageColumn("equivalent_diameter_mean_px", "Diameter, mean", "px", _MEAN),
    ImageColumn("equivalent_diameter_median_px", "Diameter, median", "px", _MEDIAN),
    ImageColumn("equivalent_diameter_sd_px", "Diameter, SD", "px", _SD),
    ImageColumn("equivalent_diameter_mean_nm", "Diameter, mean", "nm", _MEAN),
    ImageColumn("equivalent_diameter_median_nm", "Diameter, median", "nm", _MEDIAN),
    ImageColumn("equivalent_diameter_sd_nm", "Diameter, SD", "nm", _SD),
    ImageColumn(
        "density_per_um2",
        "Number density",
        "µm⁻²",
        "Σw/field; w = border weight of each counted particle, field = image without burnt-in parts",
    ),
    ImageColumn("covered_fraction", "Covered area", "", "share of the field under particles, excluded ones too, overlaps counted once"),
    ImageColumn("n_removed", "Removed", "", "regions that never became particles"),
    ImageColumn("removed", "Removed, by reason", "", "reason: number"),
    ImageColumn("manual_edits", "Manual edits", "", "corrections made by hand"),
    ImageColumn("warnings", "Warnings", "", "what to know before trusting the image"),
    ImageColumn("analysed_at", "Analysed at", "", "ISO 8601"),
    ImageColumn("time_s", "Time", "s", "of the analysis"),
    ImageColumn("params_digest", "Parameters' digest", "", "sha256 of the parameters"),
    ImageColumn("sha256", "File's sha256", "", "of the file's bytes"),
)

DETECTION_COLUMNS = ("threshold", "score_threshold", "believed_scales", "taken_away", "found_besides", "gaps_left_out", "polarity")
"""What detectors say of a detection, each what it has; an image's analysis keeps it under these names."""

GROUP_COLUMN = ImageColumn("group", "Group", "", "the part of the sample that the image belongs to")


def image_columns(report: Report) -> tuple[ImageColumn, ...]:
    """Return the columns of a report's table of images; that of groups only where there are groups."""
    return (IMAGE_COLUMNS[0], GROUP_COLUMN, *IMAGE_COLUMNS[1:]) if report.groups else IMAGE_COLUMNS


def image_rows(report: Report) -> Iterator[dict[str, Value]]:
    """Return the rows of all analysed images, then those of the files without a result."""
    groups: dict[str, Value] = {image: group.name for group in report.groups for image in group.images}
    for entry in report.entries:
        yield {**image_row(entry), "group": groups.get(entry.image)}
    for failure in report.failures:
        yield {**failure_row(failure), "group": None}


def image_row(entry: ReportEntry) -> dict[str, Value]:
    """Return the values of an analysed image by column name."""
    if entry.stored is not None:
        return {**entry.stored.row, "image": entry.image}
    result = entry.result
    micrograph, pixel_size = result.micrograph, result.micrograph.pixel_size
    return {
        "image": entry.image,
        "n_particles": len(result.particles),
        "n_counted": len(result.counted),
        "n_excluded": len(result.particles) - len(result.counted),
        "error": None,
        "pixel_size_y_nm": pixel_size.y_nm if pixel_size else None,
        "pixel_size_x_nm": pixel_size.x_nm if pixel_size else None,
        "pixel_size_source": pixel_size.source if pixel_size else None,
        "calibration": _scalar(result.detection.get("calibration")),
        "height_px": entry.shape[0],
        "width_px": entry.shape[1],
        "plane": micrograph.plane,
        "signal": micrograph.signal,
        "detector": result.params.detector.name,
        "separator": result.params.separator.name,
        **{name: _scalar(result.detection.get(name)) for name in DETECTION_COLUMNS},
        **_diameters(entry),
        "density_per_um2": density_per_um2(entry),
        "covered_fraction": covered_fraction(entry),
        "n_removed": sum(result.removed.values()),
        "removed": counts_in_words(result.removed),
        "manual_edits": result.provenance.manual_edits,
        "warnings": "; ".join(result.warnings),
        "analysed_at": result.provenance.analysed_at,
        "time_s": fsum(result.provenance.times_s.values()),
        "params_digest": result.provenance.params_digest,
        "sha256": micrograph.sha256,
    }


def failure_row(failure: FailedFile) -> dict[str, Value]:
    """Return the row of a file without a result: its name and the reason, everything else empty."""
    return {**dict.fromkeys(column.name for column in IMAGE_COLUMNS), "image": failure.path.name, "error": failure.reason}


def counts_in_words(counts: Mapping[str, int]) -> str:
    """Return counts by reason as "reason: 3; another: 1"."""
    return "; ".join(f"{reason}: {count}" for reason, count in counts.items())


def _diameters(entry: ReportEntry) -> dict[str, Value]:
    weights = np.array(statistical_weights(entry.result), dtype=np.float64)
    values: dict[str, Value] = {}
    for unit in ("px", "nm"):
        field = f"equivalent_diameter_{unit}"
        numbers = np.array([getattr(particle.measurement, field) for particle in entry.result.counted], dtype=np.float64)
        order = np.argsort(numbers)
        order = order[np.isfinite(numbers[order])]
        found = characteristics(numbers[order], weights[order], np.ones((1, len(order))), spheres=True) if len(order) else {}
        values |= {f"equivalent_diameter_{name}_{unit}": float(found[name][0]) if found else None for name in ("mean", "median", "sd")}
    return values


def _scalar(value: object) -> Value:
    """A number or word as it is, anything else in words: a local threshold has no single value."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list | tuple):
        return "; ".join(f"{item:g}" if isinstance(item, float) else str(item) for item in value)
    return str(value)
