"""High-angle annular dark-field pictures: bright particles whose signal is thickness x density x Z^1.6...2."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from lycurgus_train.labelled import LabelledImage
from lycurgus_train.synth.arrangement import Arrangement
from lycurgus_train.synth.burnt_in import BurntInParams, burn_in
from lycurgus_train.synth.fields import amorphous_carbon, holey_film, lacey_web, power_law_field
from lycurgus_train.synth.materials import PARTICLE_MATERIALS
from lycurgus_train.synth.population import PopulationParams, Range, choose, draw_population, log_uniform, uniform
from lycurgus_train.synth.shapes import ProjectedShape
from lycurgus_train.synth.stem import StemParams, draw_exposure, expose, store
from lycurgus_train.synth.structure import Kind, Structure, draw_structure, signal_of
from lycurgus_train.synth.visibility import Contribution, above_bar, clutter_of, grey_step, judge, summed

Plane = NDArray[np.float32]

SHAPE_WEIGHTS = {
    "sphere": 4.0,
    "ellipsoid": 2.0,
    "rod": 1.5,
    "cube": 1.5,
    "bar": 0.7,
    "concave cube": 0.8,
    "octahedron": 1.2,
    "truncated octahedron": 2.0,
    "faceted": 3.0,
    "tetrahedron": 0.5,
    "triangular plate": 0.7,
    "hexagonal plate": 0.7,
    "disc": 0.4,
    "blob": 2.5,
}

ARRANGEMENTS: dict[Arrangement, float] = {
    "none": 0.03,
    "single": 0.06,
    "sparse": 0.2,
    "crowd": 0.32,
    "clusters": 0.17,
    "layer": 0.14,
    "jammed": 0.08,
}

STRUCTURES: dict[Kind, float] = {
    "pure": 0.4,
    "solid solution": 0.2,
    "core-shell": 0.18,
    "nested": 0.06,
    "hollow": 0.06,
    "lattice": 0.1,
}


class HaadfParams(BaseModel):
    """Ranges of dark-field pictures; probabilities where a single number stands.

    Attributes
    ----------
    exponent : of the atomic number.
    kinds : how many kinds of particles (materials and structures) a picture holds.
    structures : kind of structure -> how often.
    eccentric : standard deviation of where cores lie, in units of half the particle's box.
    film : mean signal of the supporting film relative to a typical particle's (logarithmic).
    film_roughness : standard deviation of the film's thickness over its mean (logarithmic).
    supports : kind of support -> how often.
    dirt : probability of soft patches of contamination.
    dirt_strength : their signal relative to a typical particle's.
    recording : of the microscope.
    """

    model_config = ConfigDict(frozen=True)

    population: PopulationParams = PopulationParams(
        shapes=SHAPE_WEIGHTS, arrangements=ARRANGEMENTS, overlap=(0.0, 0.8), spread=(1.0, 1.7), coverage=(0.015, 0.9), most=350
    )
    burnt_in: BurntInParams = BurntInParams()
    exponent: Range = (1.6, 2.0)
    kinds: tuple[int, int] = (1, 3)
    structures: dict[Kind, float] = STRUCTURES
    eccentric: Range = (0.0, 0.12)
    film: Range = (0.01, 1.2)
    film_roughness: Range = (0.01, 0.35)
    supports: dict[str, float] = {"vacuum": 0.15, "film": 0.5, "lacey": 0.15, "holey": 0.08, "clouds": 0.12}
    dirt: float = 0.2
    dirt_strength: Range = (0.02, 0.4)
    recording: StemParams = StemParams()


DEFAULT = HaadfParams()


def simulate(rng: np.random.Generator, *, shape: tuple[int, int] = (512, 512), params: HaadfParams = DEFAULT) -> LabelledImage:
    """Make one picture (H, W) of 8 or 16 bit or float32 with the whole outline of each particle that it shows.

    What is so small, faint or buried that nobody could find it is neither asked for nor counted as background: it is ignored.
    """
    particles = draw_population(rng, shape, params.population)
    contributions = contribute(rng, particles, params)
    size = float(np.median([particle.diameter_px for particle in particles])) if particles else 30.0
    film = support(rng, shape, params)
    total = summed(contributions, shape) + film
    exposure = draw_exposure(rng, params.recording, largest_probe_px=max(0.4, 0.15 * size))
    picture = store(rng, expose(rng, total, exposure, params.recording), params.recording)
    instances, ignore = judge(
        contributions,
        total=total,
        noise=exposure.noise(total),
        clutter=clutter_of(film, diameter_px=size),
        least_step=grey_step(total),
        resolution_px=max(0.2 * size, 2.2 * exposure.probe_px, 2.5),
    )
    pixels: NDArray[np.generic] = picture
    if picture.dtype == np.uint8:
        pixels, bar = burn_in(picture.astype(np.uint8), rng, params=params.burnt_in)
        instances, ignore = above_bar(instances, ignore, bar)
    return LabelledImage(name=f"haadf-{int(rng.integers(2**31)):08x}", pixels=pixels, instances=instances, ignore=ignore, kind="haadf")


class HaadfSimulator:
    name = "haadf"
    label = "particles on thin films, dark-field STEM"
    params_model = HaadfParams
    simulate = staticmethod(simulate)


def contribute(rng: np.random.Generator, particles: list[ProjectedShape], params: HaadfParams) -> list[Contribution]:
    """Give each particle a composition and return what it adds to the signal; the median particle's mean signal is 1."""
    if not particles:
        return []
    median_px = float(np.median([particle.diameter_px for particle in particles]))
    exponent = uniform(rng, params.exponent)
    kinds = [_structure(rng, params, exponent, median_px) for _ in range(int(rng.integers(params.kinds[0], params.kinds[1] + 1)))]
    shares = rng.dirichlet(np.full(len(kinds), 1.5))
    eccentricity = uniform(rng, params.eccentric) if rng.random() < 0.6 else 0.0
    made = []
    for particle in particles:
        structure = kinds[int(rng.choice(len(kinds), p=shares))]
        made.append(Contribution(particle, signal_of(rng, particle, structure, eccentricity=eccentricity)))
    unit = float(np.median([one.signal[one.particle.mask].mean() for one in made if one.particle.mask.any()]))
    return [Contribution(one.particle, one.signal / np.float32(max(unit, 1e-9))) for one in made]


def support(rng: np.random.Generator, shape: tuple[int, int], params: HaadfParams) -> Plane:
    """Return what the specimen's support adds to the signal, (H, W), relative to a typical particle."""
    level = log_uniform(rng, params.film)
    rough = log_uniform(rng, params.film_roughness)
    kind = choose(rng, params.supports)
    if kind == "vacuum":
        plane = np.zeros(shape, dtype=np.float32)
    elif kind == "clouds":
        hills = power_law_field(shape, rng, exponent=float(rng.uniform(2.6, 4.2)), outer_px=float(rng.uniform(60, 600)))
        plane = np.float32(level) * np.clip(1 + np.float32(rng.uniform(0.2, 0.7)) * hills, 0, None)
    else:
        grain = amorphous_carbon(shape, rng, grain_px=log_uniform(rng, (2, 12)), sharpness=float(rng.uniform(0.8, 3)))
        plane = np.float32(level) * np.clip(1 + np.float32(rough) * grain, 0, None)
        size = float(rng.uniform(0.2, 1.0) * min(shape))
        if kind == "lacey":
            plane = plane * lacey_web(shape, rng, hole_px=size, strand_px=float(rng.uniform(0.08, 0.4)) * size)
        elif kind == "holey":
            plane = plane * holey_film(shape, rng, hole_px=size, spacing_px=float(rng.uniform(1.1, 2.0)) * size)
    if rng.random() < params.dirt:
        patch = power_law_field(shape, rng, exponent=float(rng.uniform(2.9, 4.2)), outer_px=float(rng.uniform(50, 300)))
        plane = plane + np.float32(uniform(rng, params.dirt_strength)) * np.clip(patch - np.float32(rng.uniform(0, 1.5)), 0, None)
    return np.asarray(plane, dtype=np.float32)


def _structure(rng: np.random.Generator, params: HaadfParams, exponent: float, median_px: float) -> Structure:
    names = list(PARTICLE_MATERIALS)
    first, second, third = (PARTICLE_MATERIALS[names[int(i)]].scattering(exponent) for i in rng.choice(len(names), 3, replace=False))
    return draw_structure(rng, kind=choose(rng, params.structures), scattering=(first, second, third), diameter_px=median_px)
