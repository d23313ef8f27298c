"""Otsu's threshold: the classical baseline that every network is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lycurgus.core.background import smooth_background
from lycurgus.core.noise import is_mostly_noise
from lycurgus.core.params import DetectorParams
from lycurgus.core.polarity import decide_polarity, polarity_of_exceptions
from lycurgus.core.progress import CancelToken, Progress
from lycurgus.core.threshold import Histogram, class_means, clear_of_noise, histogram, multi_otsu, otsu
from lycurgus.core.types import Detection, Mask
from lycurgus.detectors import Scene

# The protocol's arguments that a threshold has no use for keep their names.
# ruff: noqa: ARG002


class OtsuParams(DetectorParams):
    """A threshold, or several, that part the grey values into classes of least variance."""

    name: Literal["otsu"] = "otsu"
    method: Literal["global", "local", "multi-level"] = Field(
        "global",
        title="Threshold",
        description="'global' has one; 'local' lets it follow the local mean; 'multi-level' parts the values into several classes",
    )
    polarity: Literal["auto", "bright", "dark"] = Field(
        "auto", title="Particles are", description="Brighter or darker than what surrounds them; 'auto' decides from the picture"
    )
    threshold: float | None = Field(
        None,
        title="Fixed threshold",
        description="Replaces the computed one (global only), in units of the stored values",
        json_schema_extra={"only_if": {"method": ["global"]}},
    )
    offset: float = Field(
        0.0,
        ge=-1,
        le=1,
        title="Threshold offset",
        description="Moves the threshold towards the particles' values (positive: fewer pixels); 1 is the distance of the class means",
    )
    noise_margin: float = Field(
        4.0,
        ge=0,
        le=20,
        title="Noise margin",
        description="Where noise hides the valley, how many of its deviations particles must stand out; 0 for Otsu's threshold alone",
        json_schema_extra={"only_if": {"method": ["global", "local"]}},
    )
    window_px: float = Field(
        100.0,
        ge=3,
        le=4096,
        title="Local window",
        description="For 'local': sigma of the window of the local mean, wider than the largest particle",
        json_schema_extra={"unit": "px", "only_if": {"method": ["local"]}},
    )
    levels: int = Field(
        3,
        ge=3,
        le=6,
        title="Classes",
        description="For 'multi-level': into how many classes the values are parted",
        json_schema_extra={"only_if": {"method": ["multi-level"]}},
    )
    particle_levels: int = Field(
        1,
        ge=1,
        le=5,
        title="Particle classes",
        description="For 'multi-level': how many of them are particles, from their end of the scale",
        json_schema_extra={"only_if": {"method": ["multi-level"]}},
    )


class OtsuDetector:
    """Thresholds the prepared plane; no state."""

    name = "otsu"
    label = "Otsu threshold"
    params_model: type[DetectorParams] = OtsuParams
    runs_network = False

    def detect(self, scene: Scene, params: DetectorParams, *, device: str, progress: Progress, cancel: CancelToken) -> Detection:
        """Part the usable pixels into particles and background.

        The probability is a logistic function of the distance to the threshold: 0.5 on it, 0.9 at the mean of the particles'
        class; monotone, but not calibrated. ``details`` states ``threshold`` (of the plane; for 'local' that of the
        plane less its local mean), ``thresholds`` (multi-level: all of them), ``method`` and ``polarity_source``.
        """
        assert isinstance(params, OtsuParams)
        plane = scene.plane
        hist = histogram(plane, scene.usable)
        if params.method == "local" and hist is not None:
            background = smooth_background(plane, scene.usable, sigma_px=params.window_px)
            plane = np.subtract(plane, background, out=background)
            hist = histogram(plane, scene.usable)
        cancel.check()
        details: dict[str, Any] = {"method": params.method, "polarity_source": "image" if params.polarity == "auto" else "user"}
        if hist is None:
            empty = np.zeros(plane.shape, dtype=bool)
            return Detection(empty, "dark" if params.polarity == "dark" else "bright", details={**details, "threshold": None})

        # The mean that was taken off for "local" held the level as well.
        level = 0.0 if params.method == "local" else scene.level
        levels = multi_otsu(hist, classes=params.levels) if params.method == "multi-level" else ()
        low, high = _between(levels, params) if levels else _thresholds(plane, scene.usable, hist, params, level=level)
        if params.polarity == "auto":
            bright, dark = (plane > high) & scene.usable, (plane < low) & scene.usable
            has_margin = high > low and not levels
            polarity, certainty = polarity_of_exceptions(bright, dark) if has_margin else decide_polarity(plane, bright, dark, scene.usable)
            details["polarity_certainty"] = round(certainty, 3)
        else:
            polarity = params.polarity
        if params.method == "multi-level":
            details["thresholds"] = [value + level for value in levels]
        cancel.check()

        threshold = high if polarity == "bright" else low
        below, above = class_means(hist, threshold)
        towards_particles = 1.0 if polarity == "bright" else -1.0
        threshold += towards_particles * params.offset * (above - below)
        foreground = plane > threshold if polarity == "bright" else plane < threshold
        foreground &= scene.usable
        reach = abs((above if polarity == "bright" else below) - threshold)
        probability = _confidence(plane, threshold, towards_particles * reach)
        return Detection(foreground, polarity, probability, {**details, "threshold": threshold + level})


def _between(levels: Sequence[float], params: OtsuParams) -> tuple[float, float]:
    """Return what dark particles stay below, and what bright particles exceed, where several thresholds part the values."""
    count = min(params.particle_levels, len(levels))
    return levels[count - 1], levels[-count]


def _thresholds(plane: NDArray[np.float32], usable: Mask, hist: Histogram, params: OtsuParams, *, level: float) -> tuple[float, float]:
    """Return what dark particles stay below, and what bright particles exceed; a fixed threshold is one of the stored values."""
    if params.threshold is not None and params.method == "global":
        return params.threshold - level, params.threshold - level
    value = otsu(hist)
    cleared = clear_of_noise(hist, value, margin=params.noise_margin)
    is_cut_through_noise = params.noise_margin > 0 and cleared != (value, value) and is_mostly_noise(plane, usable)
    return cleared if is_cut_through_noise else (value, value)


def _confidence(plane: NDArray[np.float32], threshold: float, reach: float) -> NDArray[np.float32] | None:
    """1 / (1 + 9^(-d)), d = (value - threshold) / reach; None where no reach is known, for nothing passes the threshold."""
    if reach == 0:
        return None
    # In place: at 8192 x 8192 every temporary of float32 is 256 MB.
    probability = np.subtract(plane, np.float32(threshold), order="C")
    probability *= np.float32(-np.log(9) / reach)
    np.clip(probability, -30, 30, out=probability)
    cv2.exp(probability, dst=probability)
    probability += 1
    np.reciprocal(probability, out=probability)
    return probability
