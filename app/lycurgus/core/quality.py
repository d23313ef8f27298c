"""What a user should know before trusting a result: each check is one function that returns a sentence or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.cleaning import AT_BORDER, SPECK, least_area_px
from lycurgus.core.edges import Edges, look_at_edges
from lycurgus.core.heavy_weights import heavy_weights
from lycurgus.core.masked import AT_MASK
from lycurgus.core.noise import estimate_noise, estimate_snr, sample
from lycurgus.core.types import AnalysisResult, Mask

MIN_SIDE_PX = 128
MIN_PARTICLES = 10
MIN_DIAMETER_PX = 10.0
MAX_COVERED = 0.6
MAX_AT_BORDER = 0.5
MAX_DROPPED = 0.2
MAX_IRREGULAR = 1 / 3
MIN_SUPPORT = 0.2
MIN_SPREAD = 1.6
MIN_PIECES = 5
"""Micrographs on which these four agree were nearly all segmented wrongly, see docs/decisions/warnings.md."""

MAX_SPECKS = 0.2
NEAR_LIMIT = 1.5
MAX_NEAR_LIMIT = 0.2
MAX_AT_TOP = 0.01
MAX_AT_BOTTOM = 0.1
PILE = 3
"""Cut-off values pile up on the last level: it is this much more frequent than the one before."""

MIN_SNR_DB = 0.0
MIN_CONTRAST = 2.0
MIN_CERTAINTY = 0.75
MIN_BLUR_PX = 5.0
MAX_BLUR = 0.3


@dataclass(frozen=True, eq=False)
class Look:
    """A result with what several checks need to know about its picture, found out once and only when asked for.

    Attributes
    ----------
    result : with the micrograph's pixels still in it.
    usable : (H, W) bool, what was analysed; at least one pixel.
    """

    result: AnalysisResult
    usable: Mask

    @cached_property
    def values(self) -> NDArray[np.floating[Any]]:
        """(n,) finite usable values of a regular grid."""
        return sample(self.result.micrograph.pixels, self.usable)

    @cached_property
    def noise(self) -> float:
        """Standard deviation of the noise, in units of the stored values."""
        return estimate_noise(self.result.micrograph.pixels, self.usable)

    @cached_property
    def edges(self) -> Edges | None:
        return look_at_edges(self.result)


Check = Callable[[Look], str | None]


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
    look = Look(result, usable)
    if look.values.size == 0 or np.ptp(look.values) == 0:
        stated = f"{look.values[0]:g}" if look.values.size else "not finite"
        return (f"The image is constant (every value is {stated}), so nothing can be found: check the file or choose another plane of it.",)
    return tuple(sentence for check in CHECKS if (sentence := check(look)))


def uncalibrated(look: Look) -> str | None:
    """Sizes without a unit."""
    if look.result.micrograph.pixel_size is not None:
        return None
    count = len(look.result.particles)
    return f"No pixel size is known, so the sizes of all {count} particles are in px only: enter it or calibrate with the scale bar."


def small_image(look: Look) -> str | None:
    """A field too small to be a sample of anything."""
    side = min(look.result.micrograph.shape)
    if side >= MIN_SIDE_PX:
        return None
    return (
        f"The image is only {side} px on its short side: thresholds and border "
        f"corrections are unreliable below {MIN_SIDE_PX} px, use the original file."
    )


def not_finite(look: Look) -> str | None:
    """Values that are no numbers."""
    pixels = look.result.micrograph.pixels
    if not np.issubdtype(pixels.dtype, np.inexact):
        return None
    count = pixels.size - int(np.count_nonzero(np.isfinite(pixels)))
    if count == 0:
        return None
    return f"{count} pixels ({_percent(count / pixels.size)}) are not finite and were left out: check how the file was processed."


def saturated(look: Look) -> str | None:
    """Values cut off at the top of the scale: contrast, and with it the outline, is lost there."""
    share = _piled_up(look.values)
    if share <= MAX_AT_TOP:
        return None
    return (
        f"{_percent(share)} of the pixels have the highest value ({look.values.max():g}), so "
        "bright parts are saturated: lower the detector's gain or brightness."
    )


def clipped(look: Look) -> str | None:
    """Values cut off at the bottom of the scale."""
    share = _piled_up(-look.values)
    if share <= MAX_AT_BOTTOM:
        return None
    return (
        f"{_percent(share)} of the pixels have the lowest value ({look.values.min():g}), "
        "so dark parts are cut off: raise the detector's offset (brightness)."
    )


def noisy(look: Look) -> str | None:
    """More noise than picture."""
    snr = estimate_snr(look.result.micrograph.pixels, look.usable, noise=look.noise)
    if not snr < MIN_SNR_DB:
        return None
    stated = f"{snr:.1f} dB" if np.isfinite(snr) else "too low to measure"
    return (
        f"The signal-to-noise ratio is {stated} (limit {MIN_SNR_DB:g} dB): acquire longer, or denoise more strongly or by non-local means."
    )


def nothing_found(look: Look) -> str | None:
    """No particles, or too few to speak of a population."""
    count = len(look.result.counted)
    if count >= MIN_PARTICLES:
        return None
    if not look.result.particles:
        settings = "the score threshold" if _tells_particles(look) else "polarity, threshold"
        return f"0 particles were found: check {settings} and the smallest particle's size, or try another detector."
    found = len(look.result.particles)
    return f"Only {count} of {found} particles enter the statistics: analyse more images of the sample before quoting a distribution."


def coarsely_sampled(look: Look) -> str | None:
    """Too few pixels a particle."""
    if not look.result.counted:
        return None
    diameter = median(particle.measurement.equivalent_diameter_px for particle in look.result.counted)
    if diameter >= MIN_DIAMETER_PX:
        return None
    return (
        f"The median particle is {diameter:.1f} px wide: below {MIN_DIAMETER_PX:g} px a single row of pixels changes sizes by "
        f"{_percent(1 / diameter)} and shapes even more, so record at a higher magnification."
    )


def covered(look: Look) -> str | None:
    """Nearly everything detected: background taken for particles."""
    share = sum(particle.instance.area_px for particle in look.result.particles) / int(np.count_nonzero(look.usable))
    if share <= MAX_COVERED:
        return None
    return (
        f"Particles cover {_percent(min(share, 1))} of the image: check the overlay, "
        "the background may have been taken for particles (polarity, threshold)."
    )


def at_border(look: Look) -> str | None:
    """Particles larger than the field can hold."""
    count = sum("touches_border" in particle.flags for particle in look.result.particles)
    if count < 2 or count <= MAX_AT_BORDER * len(look.result.particles):
        return None
    return (
        f"{count} of {len(look.result.particles)} particles touch the border, so large ones are under-represented: "
        "record at a lower magnification or analyse more images."
    )


def heavy_in_the_field(look: Look) -> str | None:
    """Few particles that speak for all, by their border weights."""
    params = look.result.params
    if not params.statistics.border_weights or params.cleaning.border == "keep":
        return None
    return heavy_weights(np.array([particle.measurement.border_weight for particle in look.result.counted]))


def many_dropped(look: Look) -> str | None:
    """Parts that the separation gave up."""
    dropped = _dropped_for(look)
    count = sum(dropped.values())
    share = count / (count + len(look.result.particles)) if count else 0.0
    if count < 3 or share <= MAX_DROPPED:
        return None
    reasons = ", ".join(f"{reason}: {number}" for reason, number in dropped.items())
    return (
        f"{count} parts ({_percent(share)}) were dropped while particles were "
        f"separated ({reasons}): check the overlay or lower the separator's limits."
    )


def support_segmented(look: Look) -> str | None:
    """A support, or something else that is no particle, taken for the particles on it.

    Its pieces are irregular: the separation drops many, and those that stay differ in size far more than particles that were found whole.
    """
    particles = look.result.particles
    dropped = sum(_dropped_for(look).values())
    if len(particles) < MIN_PIECES or dropped < MAX_IRREGULAR * (dropped + len(particles)):
        return None
    areas = np.array([particle.instance.area_px for particle in particles], dtype=np.float64)
    covered = areas.sum() / int(np.count_nonzero(look.usable))
    spread = float(np.sqrt((areas**2).sum() / areas.sum() / np.median(areas)))
    if not MIN_SUPPORT <= covered <= MAX_COVERED or spread < MIN_SPREAD:
        return None
    return (
        f"Most of the foreground may be the support or something else that is no particle: {dropped} of {dropped + len(particles)} parts "
        f"were dropped while particles were separated, and those left cover {_percent(covered)} of the image with typical widths "
        f"{spread:.1f} times the median: check the overlay before quoting sizes, and try another preset, polarity or flattening."
    )


def cut_off_by_the_speck_limit(look: Look) -> str | None:
    """A population whose small end went as specks."""
    specks = look.result.removed.get(SPECK, 0)
    particles = look.result.particles
    if not particles or specks <= MAX_SPECKS * len(particles):
        return None
    size = look.result.micrograph.pixel_size
    limit = least_area_px(look.result.params.cleaning, size)
    close = sum(particle.instance.area_px < NEAR_LIMIT * limit for particle in particles)
    if close <= MAX_NEAR_LIMIT * len(particles):
        return None
    setting = "cleaning.speck_px" if size is None else "cleaning.speck_nm"
    return (
        f"{specks} regions below {limit:.0f} px went as specks, and {_percent(close / len(particles))} of the {len(particles)} particles "
        f"that stay are below {NEAR_LIMIT * limit:.0f} px, so the limit cuts through a population: lower {setting} if these are "
        "particles, raise it if they are noise."
    )


def doubtful_polarity(look: Look) -> str | None:
    """A coin's toss whether particles are bright or dark."""
    certainty = look.result.detection.get("polarity_certainty")
    if not isinstance(certainty, float) or certainty >= MIN_CERTAINTY or not look.result.particles:
        return None
    polarity = look.result.detection.get("polarity")
    if _tells_particles(look):
        return (
            f"Only {_percent(certainty)} of the particles are {polarity} against what surrounds them, the others are not: "
            "check the overlay, gaps between particles may have been taken for particles."
        )
    return (
        f"Particles were taken to be {polarity} with a certainty of only "
        f"{_percent(certainty)}: check the overlay and set the polarity if it is wrong."
    )


def contradictory_polarity(look: Look) -> str | None:
    """Dark particles in a dark-field picture, or bright ones in bright field."""
    signal = look.result.micrograph.signal.upper()
    is_dark_field = any(name in signal for name in ("HAADF", "ADF", "DARK"))
    is_bright_field = not is_dark_field and signal in {"BF", "BRIGHT FIELD", "BRIGHTFIELD", "STEM BF", "TEM BF"}
    polarity = look.result.detection.get("polarity")
    if not look.result.particles or (polarity, True) not in (("dark", is_dark_field), ("bright", is_bright_field)):
        return None
    what_to_do = (
        "the background may have been taken for particles, check the overlay."
        if _tells_particles(look)
        else "check the overlay and set the polarity if it is wrong."
    )
    found = f"{len(look.result.particles)} particles were taken to be {polarity}"
    return f"{found}, unusual for a {look.result.micrograph.signal} signal: {what_to_do}"


def blurred(look: Look) -> str | None:
    """Outlines so wide that the threshold decides the size."""
    edges = look.edges
    if edges is None:
        return None
    width, diameter = edges.width_px, edges.diameter_px
    if width <= max(MIN_BLUR_PX, MAX_BLUR * diameter):
        return None
    return (
        f"Outlines are blurred over {width:.0f} px on particles of {diameter:.0f} px, so sizes depend on the threshold: "
        "focus, correct drift or astigmatism, and record again."
    )


def faint(look: Look) -> str | None:
    """Particles that hardly stand out."""
    edges = look.edges
    if edges is None or not abs(edges.contrast) < MIN_CONTRAST * look.noise:
        return None
    return (
        f"Particles differ from their surroundings by only {abs(edges.contrast) / look.noise:.1f} standard deviations of the noise: "
        "acquire longer, or denoise more strongly, and check the overlay."
    )


def _tells_particles(look: Look) -> bool:
    """Whether the detector found particles first and their polarity from them: then nobody can set it, and it decided nothing."""
    return look.result.detection.get("polarity_source") == "particles"


def _dropped_for(look: Look) -> dict[str, int]:
    """What the separation gave up, by reason; masked areas and the border are no fault of it."""
    return {reason: count for reason, count in look.result.removed.items() if reason not in (SPECK, AT_BORDER, AT_MASK)}


def _piled_up(values: NDArray[np.floating[Any]]) -> float:
    """Share of the highest value, or 0 where the next lower one is nearly as frequent: few levels are no saturation."""
    at_top = values == values.max()
    below = values[~at_top]
    count = np.count_nonzero(at_top)
    return count / values.size if count > PILE * np.count_nonzero(below == below.max()) else 0.0


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
    heavy_in_the_field,
    many_dropped,
    support_segmented,
    cut_off_by_the_speck_limit,
    doubtful_polarity,
    contradictory_polarity,
    blurred,
    faint,
)
