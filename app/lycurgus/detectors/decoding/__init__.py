"""From what a network says of each pixel to particles; the same functions in training as in use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lycurgus.detectors.decoding.candidates import Candidate, in_reading_order
from lycurgus.detectors.decoding.completed import decode_completed
from lycurgus.detectors.decoding.distance import decode_distance
from lycurgus.detectors.decoding.params import DecodingParams, Head
from lycurgus.detectors.decoding.polygons import Rays
from lycurgus.detectors.decoding.semantic import decode_semantic
from lycurgus.detectors.decoding.star_convex import decode_star_convex

__all__ = ["Candidate", "DecodingParams", "Head", "decode", "finite"]


def decode(fields: NDArray[np.float32], rays: Rays | None, params: DecodingParams) -> list[Candidate]:
    """Turn the output of a network into particles.

    Parameters
    ----------
    fields : (C, H, W), foreground logit and, but for the semantic head, normalised distance: 0 at a particle's outline, 1 at its deepest.
    rays : (n, H/2, W/2), natural logarithm of the distance in px from pixel (2i + 0.5, 2j + 0.5) to the outline of its particle, along
        2πk/n counter-clockwise from +x, in half or single precision; needed by the heads "star-convex" and "completed".

    Returns
    -------
    From top to bottom and left to right; masks may overlap but for the heads "semantic" and "distance".

    Raises
    ------
    ValueError
        The arrays are not what the head needs.
    """
    channels = 1 if params.head == "semantic" else 2
    if fields.ndim != 3 or len(fields) < channels:
        raise ValueError(f"the head {params.head!r} needs fields of shape ({channels}, H, W), not {fields.shape}")
    fields = finite(np.ascontiguousarray(fields[:channels], dtype=np.float32))
    if params.head == "semantic":
        return in_reading_order(decode_semantic(fields, params))
    if params.head == "distance":
        return in_reading_order(decode_distance(fields, params))
    height, width = fields.shape[1:]
    if rays is None or rays.ndim != 3 or len(rays) < 3 or rays.shape[1:] != (height / 2, width / 2):
        shape = "none" if rays is None else str(rays.shape)
        raise ValueError(f"the head {params.head!r} needs rays of half the size of fields {fields.shape}, not {shape}")
    decode_with_rays = decode_star_convex if params.head == "star-convex" else decode_completed
    return in_reading_order(decode_with_rays(fields, np.ascontiguousarray(rays), params))


def finite(fields: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return fields without values that are no finite numbers, the same array where it has none; what is not a number is no particle."""
    if np.isfinite(fields).all():
        return fields
    return np.asarray(np.nan_to_num(fields, nan=-30.0, posinf=30.0, neginf=-30.0), dtype=np.float32)
