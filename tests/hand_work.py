"""An analysed scene to correct by hand, and comparisons that look at every field of a particle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from lycurgus.core.cleaning import analysed_field
from lycurgus.core.edits import Canvas
from lycurgus.core.measure import measure
from lycurgus.core.measurement import Measurement
from lycurgus.core.params import CleaningParams
from lycurgus.core.types import Instance, Micrograph, Particle, PixelSize
from shapes import disc, instance_of

SHAPE = (120, 160)
EVERYWHERE = np.ones(SHAPE, dtype=np.bool_)
PIXELS = np.random.default_rng(5).integers(0, 4000, SHAPE).astype(np.uint16)
DISCS = (((30, 30), 28), ((30, 80), 30), ((45, 96), 24), ((90, 40), 32), ((88, 130), 30), ((4, 140), 22))
"""(centre (y, x), diameter); the second and third overlap, the last reaches the border."""


def canvas(pixel_size: PixelSize | None = None, *, border: str = "exclude", usable: np.ndarray = EVERYWHERE) -> Canvas:
    cleaning = CleaningParams.model_validate({"border": border})
    return Canvas(Micrograph(Path("made.tif"), PIXELS, pixel_size), analysed_field(usable), cleaning)


def particles_on(ground: Canvas) -> tuple[Particle, ...]:
    return measure([disc_at(*centre, diameter) for centre, diameter in DISCS], ground.micrograph, EVERYWHERE, ground.cleaning)


def disc_at(y: float, x: float, diameter: float) -> Instance:
    return instance_of(disc(SHAPE, (y, x), diameter))


def full_mask(instance: Instance, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    mask = np.zeros(shape, dtype=np.bool_)
    mask[instance.bbox.slices] = instance.mask
    return mask


def everything_about(particles: Sequence[Particle]) -> list[dict[str, Any]]:
    """Plain data that are equal exactly where every field of every particle is, nan counting as itself."""
    return [
        {
            "id": particle.id,
            "bbox": particle.instance.bbox,
            "mask": (particle.instance.mask.dtype, particle.instance.mask.shape, particle.instance.mask.tobytes()),
            "score": repr(particle.instance.score),
            "instance flags": particle.instance.flags,
            "measurement": {name: repr(value) for name, value in asdict(particle.measurement).items()},
            "classes": {task: (name, dict(shares)) for task, (name, shares) in particle.classes.items()},
            "flags": particle.flags,
            "excluded": particle.excluded,
        }
        for particle in particles
    ]


def numbers_of(particle: Particle) -> dict[str, str]:
    return {field.name: repr(getattr(particle.measurement, field.name)) for field in fields(Measurement)}
