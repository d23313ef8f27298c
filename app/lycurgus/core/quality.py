"""What a user should know before trusting a result: each check is one function that returns a sentence or nothing."""

# ruff: noqa: ARG001 - every check takes what some of them need

from __future__ import annotations

from collections.abc import Callable
from statistics import median

import numpy as np

from lycurgus.core.edges import look_at_edges
from lycurgus.core.noise import estimate_noise, estimate_snr, sample
from lycurgus.core.types import AnalysisResult, Mask

MIN_SIDE_PX = 128
MIN_PARTICLES = 10
MIN_DIAMETER_PX = 10.0
MAX_COVERED = 0.6
MAX_AT_BORDER = 0.5
MAX_DROPPED = 0.2
MAX_AT_TOP = 0.01
MAX_AT_BOTTOM = 0.1
MIN_SNR_DB = 0.0
MIN_CONTRAST = 2.0
MIN_CERTAINTY = 0.75
MIN_BLUR_PX = 5.0
MAX_BLUR = 0.3

Check = Callable[[AnalysisResult, Mask], str | None]
"""A check gets the result and what was usable, (H, W) bool, of which at least one pixel is."""


def quality_warnings(result: AnalysisResult, usable: Mask) -> tuple[str, ...]:
    """Judge an analysed picture.

    Parameters
    ----------
    result : with the micrograph's pixels still in it.
    usable : (H, W) bool, what was analysed.

    Returns
    -------
    Sentences, each with the number that gave rise to it and what to do; empty where nothing is wrong.
    """
    if not usable.any():
        return ("0 pixels of the image could be analysed, all are masked or not finite: check the file and the data bar's setting.",)
    values = sample(result.micrograph.pixels, usable)
    if values.size == 0 or np.ptp(values) == 0:
        stated = f"{values[0]:g}" if values.size else "not finite"
        return (f"The image is constant (every value is {stated}), so nothing can be found: check the file or choose another plane of it.",)
    return tuple(sentence for check in CHECKS if (sentence := check(result, usable)))


def uncalibrated(result: AnalysisResult, usable: Mask) -> str | None:
    """Sizes without a unit."""
    if result.micrograph.pixel_size is not None:
        return None
    count = len(result.particles)
    return f"No pixel size is known, so the sizes of all {count} particles are in px only: enter it or calibrate with the scale bar."


def small_image(result: AnalysisResult, usable: Mask) -> str | None:
    """A field too small to be a sample of anything."""
    side = min(result.micrograph.shape)
    if side >= MIN_SIDE_PX:
        return None
    return (
        f"The image is only {side} px on its short side: thresholds and border "
        f"corrections are unreliable below {MIN_SIDE_PX} px, use the original file."
    )


def not_finite(result: AnalysisResult, usable: Mask) -> str | None:
    """Values that are no numbers."""
    pixels = result.micrograph.pixels
    if not np.issubdtype(pixels.dtype, np.inexact):
        return None
    count = pixels.size - int(np.count_nonzero(np.isfinite(pixels)))
    if count == 0:
        return None
    return f"{count} pixels ({_percent(count / pixels.size)}) are not finite and were left out: check how the file was processed."


def saturated(result: AnalysisResult, usable: Mask) -> str | None:
    """Values cut off at the top of the scale: contrast, and with it the outline, is lost there."""
    values = sample(result.micrograph.pixels, usable)
    top = float(values.max())
    share = float(np.mean(values == top))
    if share <= MAX_AT_TOP:
        return None
    return (
        f"{_percent(share)} of the pixels have the highest value ({top:g}), so "
        "bright parts are saturated: lower the detector's gain or brightness."
    )


def clipped(result: AnalysisResult, usable: Mask) -> str | None:
    """Values cut off at the bottom of the scale."""
    values = sample(result.micrograph.pixels, usable)
    bottom = float(values.min())
    share = float(np.mean(values == bottom))
    if share <= MAX_AT_BOTTOM:
        return None
    return (
        f"{_percent(share)} of the pixels have the lowest value ({bottom:g}), "
        "so dark parts are cut off: raise the detector's offset (brightness)."
    )


def noisy(result: AnalysisResult, usable: Mask) -> str | None:
    """More noise than picture."""
    snr = estimate_snr(result.micrograph.pixels, usable)
    if not snr < MIN_SNR_DB:
        return None
    stated = f"{snr:.1f} dB" if np.isfinite(snr) else "too low to measure"
    return (
        f"The signal-to-noise ratio is {stated} (limit {MIN_SNR_DB:g} dB): acquire longer, or denoise more strongly or by non-local means."
    )


def nothing_found(result: AnalysisResult, usable: Mask) -> str | None:
    """No particles, or too few to speak of a population."""
    count = len(result.counted)
    if count >= MIN_PARTICLES:
        return None
    if not result.particles:
        return "0 particles were found: check polarity, threshold and the smallest particle's size, or try another detector."
    return f"Only {count} particles of this image enter the statistics: analyse more images of the sample before quoting a distribution."


def coarsely_sampled(result: AnalysisResult, usable: Mask) -> str | None:
    """Too few pixels a particle."""
    if not result.counted:
        return None
    diameter = median(particle.measurement.equivalent_diameter_px for particle in result.counted)
    if diameter >= MIN_DIAMETER_PX:
        return None
    return (
        f"The median particle is {diameter:.1f} px wide: below {MIN_DIAMETER_PX:g} px a single row of pixels changes sizes by "
        f"{_percent(1 / diameter)} and shapes even more, so record at a higher magnification."
    )


def covered(result: AnalysisResult, usable: Mask) -> str | None:
    """Nearly everything detected: background taken for particles."""
    share = sum(particle.instance.area_px for particle in result.particles) / int(np.count_nonzero(usable))
    if share <= MAX_COVERED:
        return None
    return (
        f"Particles cover {_percent(min(share, 1))} of the image: check the overlay, "
        "the background may have been taken for particles (polarity, threshold)."
    )


def at_border(result: AnalysisResult, usable: Mask) -> str | None:
    """Particles larger than the field can hold."""
    count = sum("touches_border" in particle.flags for particle in result.particles)
    if count < 2 or count <= MAX_AT_BORDER * len(result.particles):
        return None
    return (
        f"{count} of {len(result.particles)} particles touch the border, so large ones are under-represented: "
        "record at a lower magnification or analyse more images."
    )


def many_dropped(result: AnalysisResult, usable: Mask) -> str | None:
    """Parts that the separation gave up."""
    dropped = {reason: count for reason, count in result.removed.items() if "speck" not in reason and "border" not in reason}
    count = sum(dropped.values())
    share = count / (count + len(result.particles)) if count else 0.0
    if count < 3 or share <= MAX_DROPPED:
        return None
    reasons = ", ".join(f"{reason}: {number}" for reason, number in dropped.items())
    return (
        f"{count} parts ({_percent(share)}) were dropped while particles were "
        f"separated ({reasons}): check the overlay or lower the separator's limits."
    )


def doubtful_polarity(result: AnalysisResult, usable: Mask) -> str | None:
    """A coin's toss whether particles are bright or dark."""
    certainty = result.detection.get("polarity_certainty")
    if not isinstance(certainty, float) or certainty >= MIN_CERTAINTY or not result.particles:
        return None
    polarity = result.detection.get("polarity")
    return (
        f"Particles were taken to be {polarity} with a certainty of only "
        f"{_percent(certainty)}: check the overlay and set the polarity if it is wrong."
    )


def contradictory_polarity(result: AnalysisResult, usable: Mask) -> str | None:
    """Dark particles in a dark-field picture, or bright ones in bright field."""
    signal = result.micrograph.signal.upper()
    is_dark_field = any(name in signal for name in ("HAADF", "ADF", "DARK"))
    is_bright_field = not is_dark_field and signal in {"BF", "BRIGHT FIELD", "BRIGHTFIELD", "STEM BF", "TEM BF"}
    polarity = result.detection.get("polarity")
    if not result.particles or (polarity, True) not in (("dark", is_dark_field), ("bright", is_bright_field)):
        return None
    return (
        f"{len(result.particles)} particles were taken to be {polarity}, unusual for a {result.micrograph.signal} signal: "
        "check the overlay and set the polarity if it is wrong."
    )


def blurred(result: AnalysisResult, usable: Mask) -> str | None:
    """Outlines so wide that the threshold decides the size."""
    edges = look_at_edges(result)
    if edges is None:
        return None
    width, diameter = edges.width_px, edges.diameter_px
    if width <= max(MIN_BLUR_PX, MAX_BLUR * diameter):
        return None
    return (
        f"Outlines are blurred over {width:.0f} px on particles of {diameter:.0f} px, so sizes depend on the threshold: "
        "focus, correct drift or astigmatism, and record again."
    )


def faint(result: AnalysisResult, usable: Mask) -> str | None:
    """Particles that hardly stand out."""
    edges = look_at_edges(result)
    noise = estimate_noise(result.micrograph.pixels, usable)
    if edges is None or not abs(edges.contrast) < MIN_CONTRAST * noise:
        return None
    return (
        f"Particles differ from their surroundings by only {abs(edges.contrast) / noise:.1f} standard deviations of the noise: "
        "acquire longer, or denoise more strongly, and check the overlay."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"


CHECKS: tuple[Check, ...] = (
    uncalibrated,
    small_image,
    not_finite,
    saturated,
    clipped,
    noisy,
    nothing_found,
    coarsely_sampled,
    covered,
    at_border,
    many_dropped,
    doubtful_polarity,
    contradictory_polarity,
    blurred,
    faint,
)
