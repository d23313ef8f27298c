"""Pictures of isolated particles of one shape and size in known places, with a wanted ratio of signal to noise: for the noise study."""

from __future__ import annotations

from math import ceil, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lycurgus_train.labelled import LabelledImage
from lycurgus_train.synth.bodies import Body, ConcaveCube, Spherocylinder
from lycurgus_train.synth.fields import shading
from lycurgus_train.synth.recording import detector_blur, with_snr
from lycurgus_train.synth.shapes import project, sphere
from lycurgus_train.synth.truth import instances_of

GridShape = Literal["sphere", "rod", "concave cube"]

ROD_ASPECT = 6.5
"""Length over width of the rods: 65 x 10 px is the size that is known from published noise studies."""

_DEPTH = 0.15
_ROOM = 1.9


def simulate_grid(
    shape_name: GridShape,
    size_px: float,
    snr_db: float | None,
    count: int,
    rng: np.random.Generator,
    *,
    polarity: Literal["bright", "dark"] = "bright",
    contrast: float = 110.0,
    unevenness: float = 0.0,
) -> LabelledImage:
    """Make a picture of isolated particles that lie on a jittered grid and are turned at random in its plane.

    Parameters
    ----------
    shape_name : "sphere", "rod" (``ROD_ASPECT``) or "concave cube".
    size_px : diameter of spheres, length of rods, edge of cubes.
    snr_db : 10 log10(mean(reference²) / mse) of the saved picture on 0..255; None adds no noise.
    count : of particles.
    contrast : grey levels between the background and the thickest part of a particle.
    unevenness : grey levels by which the background varies over the picture.

    Returns
    -------
    The picture, uint8, as large as its particles need; ``instances`` row by row, none touching another or the border.

    Raises
    ------
    ValueError
        The count or size is not positive, contrast and unevenness leave 0..255, or the ratio cannot be reached (`with_snr`).
    """
    if count < 1 or size_px <= 0:
        raise ValueError(f"{count} particles of {size_px} px cannot be drawn")
    if not 0 <= contrast + unevenness <= 235:
        raise ValueError(f"a contrast of {contrast} on a background that varies by {unevenness} leaves 0..255")
    columns = ceil(sqrt(1.5 * count))
    rows = ceil(count / columns)
    cell = ceil(_ROOM * size_px)
    shape = (rows * cell, columns * cell)
    particles = []
    for number in range(count):
        body = _body(shape_name, size_px)
        # A particle turned anyhow reaches at most its radius from its middle; what is left of the cell is room to move.
        slack = max(0.0, cell / 2 - body.radius_px - 1.5)
        middle = (np.array(divmod(number, columns)) + 0.5) * cell + rng.uniform(-slack, slack, 2)
        particles.append(project(body, centre=(float(middle[0]), float(middle[1])), rotation=_turned(rng), name=shape_name))
    thickness = np.zeros(shape, dtype=np.float32)
    for particle in particles:
        particle.add_to(thickness)
    sign = 1 if polarity == "bright" else -1
    # Dark particles lie on a background no brighter than needed: on a white one no noise within 0..255 reaches 0 dB.
    background = (10 if polarity == "bright" else 10 + contrast + unevenness) + sign * unevenness / 2
    uneven = (shading(shape, rng, strength=1.0) - 1) * np.float32(unevenness / 2)
    signal = detector_blur(thickness / thickness.max(), sigma_px=0.7) * np.float32(sign * contrast)
    reference = np.clip(background + uneven + signal, 0, 255)
    pixels = np.rint(reference).astype(np.uint8) if snr_db is None else with_snr(reference, rng, wanted_db=snr_db)
    instances, _ = instances_of(particles, shape)
    ratio = "none" if snr_db is None else f"{snr_db:g}"
    return LabelledImage(
        name=f"{shape_name.replace(' ', '-')}-{size_px:g}px-{ratio}db", pixels=pixels, instances=tuple(instances), kind="noise grid"
    )


def _body(shape_name: GridShape, size_px: float) -> Body:
    match shape_name:
        case "sphere":
            return sphere(size_px)
        case "rod":
            return Spherocylinder(size_px, size_px / ROD_ASPECT)
        case "concave cube":
            return ConcaveCube(size_px, _DEPTH)
    raise ValueError(f"there is no shape called '{shape_name}' in the noise study: choose sphere, rod or concave cube")


def _turned(rng: np.random.Generator) -> NDArray[np.float64]:
    angle = rng.uniform(0, 2 * np.pi)
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
