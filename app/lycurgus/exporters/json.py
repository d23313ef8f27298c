"""The whole report but its single particles as one strict JSON document: what a script reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from lycurgus import __version__
from lycurgus.core.summary import PopulationStatistics, SampleSummary
from lycurgus.exporters.atomic import replacing
from lycurgus.exporters.base import Group, Report, ReportEntry
from lycurgus.exporters.image_columns import image_row
from lycurgus.exporters.text import clean

SCHEMA_VERSION = 1
_POPULATION_ITSELF = frozenset({"values", "weights", "images"})


class JsonExporter:
    """summary.json: statistics, images, parameters, provenance, failures and warnings."""

    name = "json"
    label = "JSON summary"

    def write(self, report: Report, out: Path) -> tuple[Path, ...]:
        """Write summary.json.

        Raises
        ------
        ExportError
            The folder cannot be written.
        """
        target = out / "summary.json"
        write_json(target, summary_document(report))
        return (target,)


def write_json(target: Path, document: Any) -> None:
    """Write a document as strict JSON, whatever texts and numbers it holds.

    Raises
    ------
    ExportError
        The file cannot be written.
    """
    text = json.dumps(plain(document), ensure_ascii=False, allow_nan=False, indent=2)
    with replacing(target) as path:
        path.write_text(text + "\n", encoding="utf-8", newline="\n")


def summary_document(report: Report) -> dict[str, Any]:
    """Return the report as plain JSON data.

    Keys that end in ``_nm`` or ``_px`` carry that unit, statistics state their ``unit``; numbers that are unknown or not finite are None.
    """
    results = [entry.result for entry in report.entries]
    models = {model.sha256: model for result in results for model in result.provenance.models}
    document = {
        "schema": "lycurgus.summary",
        "schema_version": SCHEMA_VERSION,
        "app_version": __version__,
        "n_images": len(report.entries),
        "n_failed": len(report.failures),
        "n_particles": sum(entry.n_particles for entry in report.entries),
        "n_counted": sum(entry.n_counted for entry in report.entries),
        "sample": _sample(report.summary) if report.summary else None,
        **({"groups": [_group(group) for group in report.groups]} if report.groups else {}),
        "images": [_image(entry) for entry in report.entries],
        "parameters": {result.provenance.params_digest: result.params.document() for result in results},
        "models": [{"name": model.name, "version": model.version, "sha256": model.sha256} for model in models.values()],
        "failures": [{"file": failure.path.name, "reason": failure.reason} for failure in report.failures],
        "warnings": list(report.summary.warnings) if report.summary else [],
    }
    told: dict[str, Any] = plain(document)
    return told


def _sample(summary: SampleSummary) -> dict[str, Any]:
    simple = {field.name: getattr(summary, field.name) for field in fields(summary) if field.name not in ("main", "others", "warnings")}
    others = {name: _population(statistics) for name, statistics in summary.others.items()}
    return {**simple, "main": _population(summary.main), "others": others}


def _group(group: Group) -> dict[str, Any]:
    return {"name": group.name, "images": group.images, "warnings": group.summary.warnings, **_sample(group.summary)}


def _population(statistics: PopulationStatistics) -> dict[str, Any]:
    """Everything that is known about a population but the population itself, which particles.csv holds."""
    simple = {field.name: getattr(statistics, field.name) for field in fields(statistics) if field.name not in _POPULATION_ITSELF}
    intervals = {name: {"low": interval.low, "high": interval.high} for name, interval in statistics.intervals.items()}
    fits = [{field.name: getattr(fit, field.name) for field in fields(fit)} for fit in statistics.fits]
    histogram = {field.name: getattr(statistics.histogram, field.name) for field in fields(statistics.histogram)}
    return {**simple, "intervals": intervals, "fits": fits, "histogram": histogram}


def _image(entry: ReportEntry) -> dict[str, Any]:
    result = entry.result
    provenance = result.provenance
    return {
        "file": result.micrograph.path.name,
        **{name: value for name, value in image_row(entry).items() if name not in ("error", "removed", "warnings", "time_s")},
        "pixel_size_uncertainty_nm": result.micrograph.pixel_size.uncertainty_nm if result.micrograph.pixel_size else None,
        "removed": result.removed,
        "warnings": result.warnings,
        "detection": result.detection,
        "annotations": [{"kind": annotation.kind, "bbox_px": list(annotation.bbox)} for annotation in result.annotations],
        "app_version": provenance.app_version,
        "provider": provenance.provider,
        "models": [model.name for model in provenance.models],
        "times_s": provenance.times_s,
    }


def plain(value: Any) -> Any:
    """Turn arrays, NumPy scalars and tuples into what JSON knows, numbers that are not finite into None, and clean every text."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {clean(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    if isinstance(value, float) and not isfinite(value):
        return None
    if value is None or isinstance(value, bool | int | float):
        return value
    return clean(str(value))
