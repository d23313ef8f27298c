"""With what a run would analyse its images, in a few lines for the dialogs that begin one."""

from __future__ import annotations

from lycurgus.core.params import AnalysisParams
from lycurgus.core.separate import SEPARATORS
from lycurgus.detectors import DETECTORS
from lycurgus.services.presets import DEFAULT, Presets

Lines = list[tuple[str, str]]
"""Title and value of each line."""


def method_lines(params: AnalysisParams) -> Lines:
    """Say how particles would be found and parted."""
    return [("Detector", DETECTORS[params.detector.name].label), ("Separation", SEPARATORS[params.separator.name].label)]


def parameter_lines(params: AnalysisParams, presets: Presets, preset: str) -> Lines:
    """Say the same, and from which preset the parameters come: from the defaults where there is none of that name."""
    name, wanted = next((one.name, one.params) for one in (presets.named(preset), presets.named(DEFAULT)) if one is not None)
    border = {"exclude": "left out of statistics", "keep": "counted", "remove": "removed"}[params.cleaning.border]
    return [("Preset", name if params == wanted else f"{name}, changed since"), *method_lines(params), ("Particles at the border", border)]
