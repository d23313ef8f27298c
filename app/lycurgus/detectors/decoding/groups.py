"""Which pixels show the same particle: valleys of the distance and the votes of the rays, weighed against each other.

A valley alone cuts a rod in two where noise makes a dip, and leaves two crossing rods in one piece; rays alone are poor for tiny and
ragged particles. So the foreground is cut generously first, pieces whose pixels mean the same outline are joined, and pieces whose
pixels do not agree on one outline are taken apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lycurgus.detectors.decoding.basins import Basins, climb, join_shallow, passes, renumbered
from lycurgus.detectors.decoding.distance import foreground_of, smoothed
from lycurgus.detectors.decoding.params import DecodingParams
from lycurgus.detectors.decoding.polygons import Floats, likeness
from lycurgus.detectors.decoding.splitting import split_discordant
from lycurgus.detectors.decoding.votes import Outlines, agree, ask, choose_voters, on_half_grid

FIRST_CUT = 0.4
"""Valleys from this part of the wanted depth on cut at first."""

ALIKE_WITHOUT_VALLEY, ALIKE_ACROSS_VALLEY = 0.5, 0.85
"""Least likeness of the outlines of two pieces that are one particle, where the valley between them is shallow, and where it is deep.
0.85 is an IoU of about 0.5 between equal discs."""


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """The visible parts of particles, and their whole outlines.

    Attributes
    ----------
    labels : (H, W) int32, group i has the value i + 1, 0 in the background.
    outlines : one for each group.
    """

    labels: NDArray[np.int32]
    outlines: Outlines

    def __len__(self) -> int:
        return len(self.outlines.known)


def group_pixels(fields: Floats, rays: Floats, params: DecodingParams) -> Groups:
    """Part the foreground into the visible parts of particles.

    Parameters
    ----------
    fields : (2, H, W), foreground logit and normalised distance.
    rays : (n, H/2, W/2), natural logarithms of the distance to the outline, px.
    """
    height = smoothed(fields[1], params.smoothing_px)
    basins = climb(height, foreground_of(fields[0], params))
    basins = join_shallow(basins, height, depth=FIRST_CUT * params.seed_depth, least_peak=params.seed_height)
    pairs, levels = passes(basins.labels, height, len(basins))
    if len(pairs):
        outlines = _outlines(basins.labels, len(basins), height, rays)
        basins = _join_alike(basins, outlines, pairs, levels, params.seed_depth)
    outlines = _outlines(basins.labels, len(basins), height, rays)
    labels = split_discordant(basins.labels, outlines, height, rays, least_px=params.min_area_px)
    if labels is basins.labels:
        return Groups(labels, outlines)
    count = int(labels.max())
    return Groups(labels, _outlines(labels, count, height, rays))


def _outlines(labels: NDArray[np.int32], count: int, height: Floats, rays: Floats) -> Outlines:
    owner, depth = on_half_grid(labels, height)
    return agree(ask(choose_voters(owner, depth, count), owner, depth, rays), count)


def _join_alike(basins: Basins, outlines: Outlines, pairs: NDArray[np.int64], levels: Floats, seed_depth: float) -> Basins:
    """Join neighbouring pieces whose pixels mean the same outline, most alike first."""
    a, b = pairs[:, 0] - 1, pairs[:, 1] - 1
    alike = likeness(outlines.ellipses[a], outlines.ellipses[b])
    dips = 1 - levels / np.maximum(np.minimum(basins.peaks[a], basins.peaks[b]), 1e-6)
    needed = np.where(dips < seed_depth, ALIKE_WITHOUT_VALLEY, ALIKE_ACROSS_VALLEY)
    both = outlines.known[a] & outlines.known[b]
    # Where nobody could be asked, the valley decides.
    joined = np.where(both, alike >= needed, dips < seed_depth)
    owner = list(range(len(basins) + 1))

    def find(piece: int) -> int:
        while owner[piece] != piece:
            owner[piece] = owner[owner[piece]]
            piece = owner[piece]
        return piece

    order = np.argsort(-alike[joined], kind="stable")
    for first, second in pairs[joined][order].tolist():
        first, second = find(first), find(second)
        if first != second:
            owner[max(first, second)] = min(first, second)
    return renumbered(basins, np.array([find(piece) for piece in range(len(owner))], dtype=np.int64))
