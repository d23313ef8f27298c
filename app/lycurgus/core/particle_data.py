"""Particles as plain JSON data and back, without loss; masks as COCO's compressed run lengths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from lycurgus.core.measurement import Measurement
from lycurgus.core.types import BBox, Instance, Mask, Particle


def particle_data(particle: Particle) -> dict[str, Any]:
    """Return everything about a particle as JSON data; numbers that are not finite become their names."""
    return {
        "instance": instance_data(particle.instance),
        "measurement": {name: number_data(value) for name, value in asdict(particle.measurement).items()},
        **remarks_data(particle),
    }


def particle_from(data: Mapping[str, Any]) -> Particle:
    """Return the particle that ``particle_data`` described.

    Raises
    ------
    KeyError, TypeError, ValueError
        The data describe no particle.
    """
    numbers: dict[str, Any] = {name: number_from(value) for name, value in data["measurement"].items()}
    return with_remarks(Particle(0, instance_from(data["instance"]), Measurement(**numbers)), data)


def remarks_data(particle: Particle) -> dict[str, Any]:
    """Return what can change about a particle without its outline: id, classes, flags, exclusion."""
    return {
        "id": particle.id,
        "classes": {
            task: [name, {label: number_data(share) for label, share in shares.items()}]
            for task, (name, shares) in particle.classes.items()
        },
        "flags": sorted(particle.flags),
        "excluded": particle.excluded,
    }


def with_remarks(particle: Particle, data: Mapping[str, Any]) -> Particle:
    """Return a particle of the same outline and numbers with the remarks of ``remarks_data``."""
    classes = {
        task: (name, {label: _certain(number_from(share)) for label, share in shares.items()})
        for task, (name, shares) in data["classes"].items()
    }
    return Particle(data["id"], particle.instance, particle.measurement, classes, frozenset(data["flags"]), data["excluded"])


def instance_data(instance: Instance) -> dict[str, Any]:
    """Return an instance as JSON data."""
    return {
        "bbox": list(instance.bbox),
        "mask": mask_text(instance.mask),
        "score": number_data(instance.score),
        "flags": sorted(instance.flags),
    }


def instance_from(data: Mapping[str, Any]) -> Instance:
    """Return the instance that ``instance_data`` described."""
    bbox = BBox(*data["bbox"])
    mask = mask_from(data["mask"], (bbox.height, bbox.width))
    return Instance(bbox, mask, _certain(number_from(data["score"])), frozenset(data["flags"]))


def mask_text(mask: Mask) -> str:
    """Return a mask (h, w) as COCO's compressed run lengths."""
    encoded: bytes = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))["counts"]
    return encoded.decode("ascii")


def mask_from(text: str, shape: tuple[int, int]) -> Mask:
    """Return the mask of this shape that ``mask_text`` wrote; ValueError for any other text."""
    decoded = coco_mask.decode({"size": list(shape), "counts": text.encode("ascii")})
    mask = np.ascontiguousarray(decoded, dtype=np.bool_)
    # Runs that are too short leave what happened to be in memory, without a word.
    if mask_text(mask) != text:
        raise ValueError("the run lengths do not fill the mask")
    return mask


def number_data(value: float | None) -> float | str | None:
    """Return a number as strict JSON knows it: nan and the infinities by name."""
    return value if value is None or isfinite(value) else str(value)


def number_from(value: float | str | None) -> float | None:
    """Return the number that ``number_data`` wrote."""
    return float(value) if isinstance(value, str) else value


def _certain(value: float | None) -> float:
    if value is None:
        raise ValueError("a number is missing")
    return value
