"""Which pixels show the same particle, for polygons: valleys of the distance and the votes of the rays, weighed against each other.

A valley alone cuts a rod in two where noise makes a dip, and leaves two crossing rods in one piece; rays alone are poor for tiny and
ragged particles. So the foreground is cut generously first, pieces whose pixels mean the same outline are joined, and pieces whose
pixels do not agree on one outline are taken apart. It asks for good rays: where a trained network's are noisy, too many pieces
stay apart and the valleys alone count better (``docs/decisions/decoding.md``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lycurgus.detectors.decoding.basins import Basins, Passes, Union, climb, join_shallow, merged, passes, peaks_of
from lycurgus.detectors.decoding.distance import foreground_of, smoothed
from lycurgus.detectors.decoding.params import DecodingParams
from lycurgus.detectors.decoding.polygons import Floats, Rays, likeness
from lycurgus.detectors.decoding.splitting import split_discordant
from lycurgus.detectors.decoding.votes import Outlines, Voters, agree, voters_of

FIRST_CUT = 0.3
"""Valleys from this part of the wanted depth on cut at first."""

ALIKE_WITHOUT_VALLEY, ALIKE_ACROSS_VALLEY = 0.7, 0.85
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


def group_pixels(fields: Floats, rays: Rays, params: DecodingParams) -> Groups:
    """Part the foreground into the visible parts of particles.

    Parameters
    ----------
    fields : (2, H, W), foreground logit and normalised distance.
    rays : (n, H/2, W/2), natural logarithms of the distance to the outline, px.
    """
    height = smoothed(fields[1], params.smoothing_px)
    basins = climb(height, foreground_of(fields[0], params))
    ways = passes(basins.labels, height)
    owner = join_shallow(basins, ways, depth=FIRST_CUT * params.seed_depth, least_peak=params.seed_height)
    pieces, ways = merged(basins, owner), ways.between(owner)
    pieces, outlines = _joined(pieces, ways, voters_of(pieces.labels, height, rays, len(pieces)), params.seed_depth)
    labels = split_discordant(pieces.labels, outlines, height, rays, least_px=params.min_area_px)
    if labels is not pieces.labels:
        # What was taken apart belongs in part to its neighbours: the arms of crossing rods were cut from where they cross.
        count = int(labels.max())
        pieces = Basins(labels, peaks_of(labels, height, count))
        pieces, outlines = _joined(pieces, passes(labels, height), voters_of(labels, height, rays, count), params.seed_depth)
    return Groups(pieces.labels, outlines)


def _joined(pieces: Basins, ways: Passes, voters: Voters, seed_depth: float) -> tuple[Basins, Outlines]:
    """Join neighbouring pieces whose pixels mean the same outline."""
    outlines = agree(voters, len(pieces))
    owner = _join_alike(pieces, outlines, ways, seed_depth)
    whole = merged(pieces, owner)
    return whole, outlines if whole is pieces else agree(voters.regrouped(owner[1:] - 1), len(whole))


def _join_alike(pieces: Basins, outlines: Outlines, ways: Passes, seed_depth: float) -> NDArray[np.int64]:
    """Tell which neighbouring pieces mean the same outline; returns what ``merged`` takes."""
    a, b = ways.pairs[:, 0] - 1, ways.pairs[:, 1] - 1
    alike = likeness(outlines.ellipses[a], outlines.ellipses[b])
    shallow = 1 - ways.heights / np.maximum(np.minimum(pieces.peaks[a], pieces.peaks[b]), 1e-6) < seed_depth
    needed = np.where(shallow, ALIKE_WITHOUT_VALLEY, ALIKE_ACROSS_VALLEY)
    # Where nobody could be asked, the valley decides.
    joined = np.where(outlines.known[a] & outlines.known[b], alike >= needed, shallow)
    union = Union(len(pieces) + 1)
    for first, second in ways.pairs[joined].tolist():
        union.join(first, second)
    return union.numbers()
