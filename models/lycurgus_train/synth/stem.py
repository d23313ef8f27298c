"""How a scanning transmission microscope records a signal: probe, counts, the faults of scanning, storage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from lycurgus_train.synth.fields import shading
from lycurgus_train.synth.population import Range, log_uniform, uniform
from lycurgus_train.synth.recording import correlated_noise, detector_blur, jpeg, line_streaks, poisson_counts, scan_jitter, to_8bit

Picture = NDArray[np.float32]


class StemParams(BaseModel):
    """Ranges of recording in a scanning microscope; probabilities where a single number stands.

    Attributes
    ----------
    dose : counts per pixel where the signal is 1 (logarithmic).
    probe_px : standard deviation of the probe (logarithmic).
    offset : detector's reading without beam, in units of the signal.
    readout : standard deviation of the detector's own noise, in counts.
    slow : probability of a slow detector or interpolated picture, whose noise is smeared over neighbours.
    jitter, jitter_px : probability and standard deviation of sideways shifts of lines.
    streaks, streak : probability and standard deviation of the intensity of lines, in units of the signal.
    flyback : probability that the left columns are brightened by the returning scan.
    shaded, shade : probability and strength of uneven illumination.
    clip_low, clip_high : percentiles that are stored as black and white; the rest saturates.
    gamma : of the stored picture (logarithmic).
    deep : probability of 16 bit or floating-point storage rather than 8 bit.
    compressed : probability of lossy compression of 8-bit pictures.
    """

    model_config = ConfigDict(frozen=True)

    dose: Range = (6.0, 2500.0)
    probe_px: Range = (0.3, 2.2)
    offset: Range = (0.0, 0.25)
    readout: Range = (0.0, 2.0)
    slow: float = 0.35
    jitter: float = 0.3
    jitter_px: Range = (0.1, 0.7)
    streaks: float = 0.3
    streak: Range = (0.003, 0.03)
    flyback: float = 0.08
    shaded: float = 0.25
    shade: Range = (0.03, 0.35)
    clip_low: Range = (0.0, 2.0)
    clip_high: Range = (98.5, 100.0)
    gamma: Range = (0.6, 1.5)
    deep: float = 0.1
    compressed: float = 0.4


@dataclass(frozen=True, slots=True)
class Exposure:
    """How one picture is counted, drawn before it is known what is on it.

    Attributes
    ----------
    dose, probe_px, offset, readout : as in ``StemParams``.
    along_px, across_px : standard deviations by which noise is smeared along and across the scan.
    """

    dose: float
    probe_px: float
    offset: float
    readout: float
    along_px: float = 0.0
    across_px: float = 0.0

    def noise(self, signal: Picture) -> Picture:
        """Return the noise of the mean over A pixels times √A, in units of the signal, (H, W): a pixel's own where noise isn't smeared.

        Smeared by Gaussians, 2 √π σ neighbours along and across fluctuate as one.
        """
        together = np.prod([max(1.0, 2 * np.sqrt(np.pi) * sigma) for sigma in (self.along_px, self.across_px)])
        counted = (np.maximum(signal, 0) + np.float32(self.offset)) * np.float32(together / self.dose)
        return np.asarray(np.sqrt(counted + np.float32(self.readout / self.dose) ** 2), dtype=np.float32)


def draw_exposure(rng: np.random.Generator, params: StemParams, *, largest_probe_px: float = np.inf) -> Exposure:
    """Draw dose, probe and detector; the probe is at most ``largest_probe_px`` wide, or particles would be lost in it."""
    low, high = params.probe_px
    probe = log_uniform(rng, (min(low, largest_probe_px), min(high, largest_probe_px)))
    along = float(rng.uniform(0.4, 1.4)) if rng.random() < params.slow else 0.0
    across = along if rng.random() < 0.5 else 0.0
    return Exposure(log_uniform(rng, params.dose), probe, uniform(rng, params.offset), uniform(rng, params.readout), along, across)


def expose(rng: np.random.Generator, signal: Picture, exposure: Exposure, params: StemParams) -> Picture:
    """Scan the probe over a specimen and count.

    Parameters
    ----------
    signal : (H, W), >= 0, a typical particle giving 1.

    Returns
    -------
    (H, W) float32 in units of the signal, not clipped.
    """
    if rng.random() < params.shaded:
        signal = signal * shading(signal.shape, rng, strength=uniform(rng, params.shade))
    sharp = detector_blur(signal, sigma_px=exposure.probe_px)
    if rng.random() < params.jitter:
        sharp = scan_jitter(sharp, rng, amplitude_px=uniform(rng, params.jitter_px), correlation_lines=float(rng.uniform(0, 3)))
    mean = np.maximum(sharp, 0) + np.float32(exposure.offset)
    if exposure.along_px > 0:
        # Smearing averages counts; the noise keeps its amplitude here, for the dose that was drawn is that of the stored pixels.
        noise = correlated_noise((signal.shape[0], signal.shape[1]), rng, along_px=exposure.along_px, across_px=exposure.across_px)
        picture = mean + noise * np.sqrt(mean / np.float32(exposure.dose))
    else:
        picture = poisson_counts(mean, rng, dose=exposure.dose) / np.float32(exposure.dose)
    if exposure.readout > 0:
        picture = picture + rng.standard_normal(signal.shape, dtype=np.float32) * np.float32(exposure.readout / exposure.dose)
    if rng.random() < params.streaks:
        picture = line_streaks(picture, rng, amplitude=uniform(rng, params.streak), correlation_lines=float(rng.uniform(0, 4)))
    if rng.random() < params.flyback:
        fall = np.exp(-np.arange(signal.shape[1], dtype=np.float32) / np.float32(rng.uniform(1, 12)))
        picture = picture + np.float32(rng.uniform(0.05, 0.5)) * fall
    return np.asarray(picture, dtype=np.float32)


def store(rng: np.random.Generator, picture: Picture, params: StemParams) -> NDArray[np.generic]:
    """Store a picture as instruments and operators do: mostly stretched to 8 bit, sometimes 16 bit or float32, sometimes compressed."""
    if rng.random() < params.deep:
        if rng.random() < 0.3:
            return picture * np.float32(log_uniform(rng, (1e-3, 1e4)))
        span = max(float(picture.max() - picture.min()), 1e-9)
        base, top = rng.uniform(0, 5000), rng.uniform(8000, 60000)
        counts = np.rint(base + (picture - picture.min()) / span * (top - base))
        return np.asarray(np.clip(counts, 0, 65535), dtype=np.uint16)
    faded = rng.random() < 0.25
    black, white = (float(rng.uniform(0, 90)), float(rng.uniform(120, 255))) if faded else (0.0, 255.0)
    low = uniform(rng, params.clip_low) * float(rng.random() < 0.7)
    high = uniform(rng, params.clip_high)
    stored = to_8bit(picture, low=low, high=high, black=black, white=white, gamma=log_uniform(rng, params.gamma))
    return jpeg(stored, quality=int(rng.integers(40, 97))) if rng.random() < params.compressed else stored
