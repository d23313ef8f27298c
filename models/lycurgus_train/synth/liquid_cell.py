"""Scanning transmission microscopy in a liquid cell: noisy particles between silicon nitride windows under uneven liquid.

After Yao, Ou, Luo, Xu and Chen, ACS Central Science 6 (2020) 1421, who simulate such pictures with given dose rate, windows
and liquid to learn segmentation, and measure noise as a ratio of signal to noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from lycurgus_train.labelled import LabelledImage
from lycurgus_train.synth.burnt_in import BurntInParams, burn_in
from lycurgus_train.synth.fields import gaussian_field, holey_film, shading
from lycurgus_train.synth.population import PopulationParams, Range, choose, draw_population, log_uniform, uniform
from lycurgus_train.synth.recording import (
    correlated_noise,
    detector_blur,
    line_streaks,
    lowest_snr_db,
    poisson_counts,
    to_8bit,
    with_snr,
    with_snr_before_saving,
)
from lycurgus_train.synth.shapes import ProjectedShape
from lycurgus_train.synth.truth import cut_off
from lycurgus_train.synth.visibility import Contribution, clutter_of, judge

Picture = NDArray[np.float32]
Signal = Literal["HAADF", "BF"]


@dataclass(frozen=True, slots=True)
class Medium:
    """Matter in the beam.

    Attributes
    ----------
    density_g_cm3 : mass density.
    atomic_number, atomic_mass : mean over the atoms, the mass in g/mol.
    """

    density_g_cm3: float
    atomic_number: float
    atomic_mass: float


WATER = Medium(1.0, 3.33, 6.0)
NITRIDE = Medium(3.1, 10.0, 20.0)
PARTICLES: Mapping[str, Medium] = {
    "Au": Medium(19.3, 79, 197.0),
    "Pt": Medium(21.4, 78, 195.1),
    "Ag": Medium(10.5, 47, 107.9),
    "Pd": Medium(12.0, 46, 106.4),
    "Fe3O4": Medium(5.2, 12.9, 33.1),
    "SiO2": Medium(2.2, 10.0, 20.0),
}

_PATH_NM: Mapping[Signal, float] = {"HAADF": 90.0, "BF": 12.0}
"""Mean free path in gold at 200 kV for scattering onto the annular detector and out of the bright-field disc, rounded."""
_EXPONENT: Mapping[Signal, float] = {"HAADF": 1.7, "BF": 4 / 3}


class LiquidCellParams(BaseModel):
    """Ranges of liquid-cell pictures.

    Attributes
    ----------
    bright_field : probability of dark particles (bright-field detector); else they are bright (annular dark field).
    pixel_nm : edge of a pixel (logarithmic).
    window_nm : thickness of each of the two nitride windows.
    liquid_nm : mean thickness of the liquid (logarithmic).
    bulge : how much thicker or thinner the liquid is elsewhere, share of its mean thickness.
    dose_rate_per_nm2_s : electrons per nm² and second (logarithmic).
    frame_s : exposure of a frame (logarithmic).
    energy_kev : of the beam.
    bubbles : probability of places without liquid.
    snr_db : wanted ratio of signal to noise, None for a picture without noise; drawn where ``wanted_snr`` says so.
    wanted_snr : how often the noise is set by that ratio instead of the dose.
    contrast : grey levels between the background and the particles of such pictures, 0..255 (logarithmic).
    slope : grey levels that the background of such pictures varies by.
    """

    model_config = ConfigDict(frozen=True)

    population: PopulationParams = PopulationParams(
        shapes={"sphere": 3.0, "rod": 3.0, "concave cube": 2.5, "cube": 1.0, "triangular plate": 0.5, "faceted": 0.7, "ellipsoid": 0.5},
        arrangements={"none": 0.03, "single": 0.07, "sparse": 0.5, "crowd": 0.15, "clusters": 0.17, "layer": 0.08},
        diameter_px=(10.0, 110.0),
        overlap=(0.0, 0.3),
        lying=0.9,
        mixed=0.15,
    )
    burnt_in: BurntInParams = BurntInParams(scale_bar=0.2, letter=0.1)
    bright_field: float = 0.5
    pixel_nm: Range = (0.2, 3.0)
    window_nm: Range = (10.0, 50.0)
    liquid_nm: Range = (50.0, 1000.0)
    bulge: Range = (0.0, 0.4)
    dose_rate_per_nm2_s: Range = (100.0, 10000.0)
    frame_s: Range = (0.1, 4.0)
    energy_kev: Range = (80.0, 300.0)
    bubbles: float = 0.12
    snr_db: tuple[float | None, ...] = (None, 14.55, 7.49, 3.0, 0.0)
    wanted_snr: float = 0.55
    contrast: Range = (12.0, 160.0)
    slope: Range = (0.0, 170.0)


DEFAULT = LiquidCellParams()


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """A cell as drawn: thickness of the liquid (H, W) in nm, of both windows together in nm, and the edge of a pixel in nm."""

    liquid_nm: Picture
    windows_nm: float
    pixel_nm: float


def simulate(rng: np.random.Generator, *, shape: tuple[int, int] = (512, 512), params: LiquidCellParams = DEFAULT) -> LabelledImage:
    """Make one picture (H, W) uint8 (or uint16, counts) with the whole outline of each particle that it shows."""
    particles = draw_population(rng, shape, params.population)
    signal: Signal = "BF" if rng.random() < params.bright_field else "HAADF"
    cell = draw_cell(rng, shape, params)
    medium = PARTICLES[choose(rng, dict.fromkeys(PARTICLES, 1.0))]
    blur_px = (
        beam_width_nm(float(cell.liquid_nm.mean()) * float(rng.uniform(0, 1)), energy_kev=uniform(rng, params.energy_kev)) / cell.pixel_nm
    )
    blur_px = float(min(blur_px, 0.12 * _size(particles), 6.0)) + float(rng.uniform(0.3, 0.8))
    thickness = np.zeros(shape, dtype=np.float32)
    for particle in particles:
        particle.add_to(thickness)
    bare = transmitted(cell, np.zeros_like(thickness), medium, signal)
    ideal = detector_blur(transmitted(cell, thickness, medium, signal), sigma_px=blur_px)
    if rng.random() < params.wanted_snr:
        pixels, reference, clean, sigma = _at_ratio(rng, ideal, bare, params)
    else:
        pixels, reference, clean, sigma = _at_dose(rng, ideal, bare, cell, params)
    instances, ignore = judge(
        [_difference(particle, reference, clean) for particle in particles],
        total=np.abs(reference - clean),
        noise=np.full(shape, sigma, dtype=np.float32),
        clutter=clutter_of(clean, diameter_px=_size(particles)),
    )
    if pixels.dtype == np.uint8:
        pixels, bar = burn_in(pixels.astype(np.uint8), rng, params=params.burnt_in)
        instances = tuple(cut_off(instances, bar))
        ignore = None if ignore is None else ignore & ~bar
    return LabelledImage(
        name=f"liquid-cell-{int(rng.integers(2**31)):08x}", pixels=pixels, instances=instances, ignore=ignore, kind="liquid cell"
    )


def draw_cell(rng: np.random.Generator, shape: tuple[int, int], params: LiquidCellParams) -> Cell:
    """Draw windows, liquid and magnification."""
    liquid = log_uniform(rng, params.liquid_nm) * shading(shape, rng, strength=uniform(rng, params.bulge))
    if rng.random() < params.bubbles:
        size = float(rng.uniform(0.1, 0.5) * min(shape))
        liquid = liquid * (np.float32(rng.uniform(0, 0.6)) + np.float32(0.4) * holey_film(shape, rng, hole_px=size, spacing_px=2 * size))
    salt = gaussian_field(shape, rng, correlation_px=float(rng.uniform(3, 30))) * np.float32(rng.uniform(0, 0.01))
    windows = float(rng.uniform(*params.window_nm) + rng.uniform(*params.window_nm))
    return Cell(np.asarray(liquid * (1 + salt), dtype=np.float32), windows, log_uniform(rng, params.pixel_nm))


def scattering_per_nm(medium: Medium, signal: Signal) -> float:
    """Inverse mean free path in 1/nm: that of gold scaled by atoms per volume times Z^1.7 (annular) or Z^(4/3) (bright field)."""
    gold = PARTICLES["Au"]
    atoms = (medium.density_g_cm3 / medium.atomic_mass) / (gold.density_g_cm3 / gold.atomic_mass)
    return float(atoms * (medium.atomic_number / gold.atomic_number) ** _EXPONENT[signal] / _PATH_NM[signal])


def transmitted(cell: Cell, thickness_px: Picture, medium: Medium, signal: Signal) -> Picture:
    """Return the share of the beam that reaches the detector, (H, W): exp(-Σ t / λ) in bright field, 1 - exp(-Σ t / λ) in dark field.

    Particles displace liquid, but not more than there is.
    """
    body = thickness_px * np.float32(cell.pixel_nm)
    liquid = np.clip(cell.liquid_nm - body, 0, None)
    depth = body * np.float32(scattering_per_nm(medium, signal)) + liquid * np.float32(scattering_per_nm(WATER, signal))
    passed = np.exp(-(depth + np.float32(cell.windows_nm * scattering_per_nm(NITRIDE, signal))))
    return np.asarray(passed if signal == "BF" else 1 - passed, dtype=np.float32)


def beam_width_nm(liquid_nm: float, *, energy_kev: float) -> float:
    """Broadening of the beam by the liquid above a particle: b = 625 (Z / E) √(ρ / A) t^1.5 with b and t in cm, E in keV.

    Goldstein, Costley, Lorimer and Reed (1977). b is the diameter that holds 90 % of the electrons; returned is the standard
    deviation of the Gaussian of the same diameter, b / 4.29.
    """
    cm = liquid_nm * 1e-7
    return float(625 * WATER.atomic_number / energy_kev * np.sqrt(WATER.density_g_cm3 / WATER.atomic_mass) * cm**1.5 * 1e7 / 4.29)


def _at_ratio(
    rng: np.random.Generator, ideal: Picture, bare: Picture, params: LiquidCellParams
) -> tuple[NDArray[np.generic], Picture, Picture, float]:
    """Scale to grey levels, then add noise of a wanted ratio: picture, the same without noise, without particles, noise."""
    scale = log_uniform(rng, params.contrast) / max(float(np.percentile(np.abs(ideal - bare), 99.5)), 1e-9)
    slope = uniform(rng, params.slope)
    middle = float(np.median(bare))
    uneven = (shading((bare.shape[0], bare.shape[1]), rng, strength=1.0) - 1) * np.float32(slope / 2)
    level = float(rng.uniform(20, 150) if ideal.mean() >= bare.mean() else rng.uniform(100, 230))
    # The liquid's own unevenness is limited so that the wanted contrast and slope decide.
    film = (bare - np.float32(middle)) * np.float32(min(scale, slope / max(float(np.ptp(bare)), 1e-9)))
    clean = np.clip(level + film + uneven, 0, 255).astype(np.float32)
    reference = np.clip(level + film + uneven + (ideal - bare) * np.float32(scale), 0, 255).astype(np.float32)
    wanted = params.snr_db[int(rng.integers(len(params.snr_db)))]
    if wanted is None:
        return np.rint(reference).astype(np.uint8), reference, clean, 1.0
    sigma = float(np.sqrt(np.mean(reference.astype(np.float64) ** 2) / 10 ** (wanted / 10)))
    strict = wanted > lowest_snr_db(reference) + 1 and rng.random() < 0.5
    noisy = with_snr(reference, rng, wanted_db=wanted) if strict else with_snr_before_saving(reference, rng, wanted_db=wanted)
    return noisy, reference, clean, sigma


def _at_dose(
    rng: np.random.Generator, ideal: Picture, bare: Picture, cell: Cell, params: LiquidCellParams
) -> tuple[NDArray[np.generic], Picture, Picture, float]:
    """Count electrons of a dose rate and exposure: picture, mean counts, those without particles, noise in counts."""
    dose = max(1.0, log_uniform(rng, params.dose_rate_per_nm2_s) * log_uniform(rng, params.frame_s) * cell.pixel_nm**2)
    counts = poisson_counts(ideal, rng, dose=dose)
    readout = float(rng.uniform(0, 0.6)) * float(np.sqrt(max(counts.mean(), 1e-6)))
    counts = counts + correlated_noise((ideal.shape[0], ideal.shape[1]), rng, along_px=float(rng.uniform(0, 0.6))) * np.float32(readout)
    if rng.random() < 0.2:
        counts = line_streaks(counts, rng, amplitude=float(rng.uniform(0.02, 0.15)) * float(counts.std()))
    sigma = float(np.sqrt((ideal * dose).mean() + readout**2))
    mean, clean = np.asarray(ideal * dose, dtype=np.float32), np.asarray(bare * dose, dtype=np.float32)
    if rng.random() < 0.15:
        return np.clip(counts * rng.uniform(1, 20) + 100, 0, 65535).astype(np.uint16), mean, clean, sigma
    if rng.random() < 0.3:
        counts = detector_blur(counts, sigma_px=float(rng.uniform(0.4, 1.5)))
    grey = to_8bit(counts, low=0.2, high=99.8, black=float(rng.uniform(0, 50)), white=float(rng.uniform(160, 255)))
    return grey, mean, clean, sigma


def _difference(particle: ProjectedShape, reference: Picture, clean: Picture) -> Contribution:
    """What a particle changes, in grey levels or counts, on its own pixels."""
    signal = np.zeros(particle.mask.shape, dtype=np.float32)
    where = particle.slices((clean.shape[0], clean.shape[1]))
    if where is not None:
        signal[where[1]] = np.abs(reference[where[0]] - clean[where[0]])
    return Contribution(particle, signal)


def _size(particles: Sequence[ProjectedShape]) -> float:
    return float(np.median([particle.diameter_px for particle in particles])) if particles else 30.0


class LiquidCellSimulator:
    """Row of the table of simulators; see `simulate`."""

    name: ClassVar[str] = "liquid-cell"
    label: ClassVar[str] = "Liquid-cell STEM"
    params_model: ClassVar[type[BaseModel]] = LiquidCellParams

    def simulate(
        self, rng: np.random.Generator, *, shape: tuple[int, int] = (512, 512), params: LiquidCellParams = DEFAULT
    ) -> LabelledImage:
        return simulate(rng, shape=shape, params=params)
