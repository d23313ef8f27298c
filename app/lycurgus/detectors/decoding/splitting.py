"""Regions whose pixels do not mean one particle, taken apart by what they mean: crossing rods, particles in front of each other.

Only the head "star-convex" does so: rays as noisy as a trained network's may take a single particle apart too.
"""

from __future__ import annotations

import cv2
import numpy as np
import scipy  # parts of it load when they are first used, so that starting need not wait for them
from numpy.typing import NDArray

from lycurgus.core.types import BBox, Mask
from lycurgus.detectors.decoding.basins import Union
from lycurgus.detectors.decoding.polygons import Floats, Rays, fillable, likeness
from lycurgus.detectors.decoding.votes import Outlines, Voters, agree, ask

DISCORDANT = 0.88
"""Regions whose voters agree less than this are looked at: one particle with pixel noise of 0.08 reaches 0.9, two crossing rods 0.6."""

ONE_MEANING = 0.75
"""Least likeness of a pixel's outline with that of its party."""

MOST_PARTIES = 8
MOST_SPEAKERS = 48
LEAST_SHARE = 0.08
"""A party with a lesser part of the region's weight is noise."""

BETTER_BY = 0.05
"""By how much the parties' outlines must cover the region better than a single outline does."""


def split_discordant(labels: NDArray[np.int32], outlines: Outlines, height: Floats, rays: Rays, *, least_px: int) -> NDArray[np.int32]:
    """Take regions apart whose pixels mean several particles.

    Parameters
    ----------
    labels : (H, W), region i has the value i + 1.
    height : (H, W), smoothed normalised distance.
    rays : (n, H/2, W/2), natural logarithms of the distance to the outline, px.
    least_px : a region is left whole where one of its parts would be smaller.

    Returns
    -------
    (H, W), ``labels`` itself where nothing was split; otherwise the numbers have no gaps.
    """
    doubtful = np.flatnonzero(outlines.known & (outlines.agreement < DISCORDANT))
    if not doubtful.size:
        return labels
    boxes = scipy.ndimage.find_objects(labels, max_label=len(outlines.known))
    split, count = labels, len(outlines.known)
    for region in doubtful.tolist():
        rows, columns = boxes[region]
        bbox = BBox(rows.start // 2 * 2, columns.start // 2 * 2, -(-rows.stop // 2) * 2, -(-columns.stop // 2) * 2)
        there = labels[bbox.slices]
        own = there == region + 1
        half = np.s_[:, bbox.y0 // 2 : bbox.y1 // 2, bbox.x0 // 2 : bbox.x1 // 2]
        corner = np.array([bbox.y0, bbox.x0], dtype=np.float32)
        parties = _parties(own, there > 0, height[bbox.slices], rays[half], outlines.polygons[region] - corner)
        if parties is None or np.bincount(parties[own]).min() < least_px:
            continue
        if split is labels:
            split = labels.copy()
        # The first party keeps the region's number.
        for number in range(1, int(parties.max()) + 1):
            count += 1
            split[bbox.slices][own & (parties == number)] = count
    return split


def _parties(own: Mask, foreground: Mask, height: Floats, rays: Rays, polygon: Floats) -> NDArray[np.int64] | None:
    """Number the party of each pixel of a box, from 0, or return None where one outline covers the region as well as several do."""
    rows, columns = own.shape[0] // 2, own.shape[1] // 2
    cells = np.asarray(own.reshape(rows, 2, columns, 2).any(axis=(1, 3)), dtype=np.int32)
    depth = np.where(own, height, 0).reshape(rows, 2, columns, 2).max(axis=(1, 3))
    place = np.flatnonzero(cells)
    voters = ask(place, cells, depth, np.ascontiguousarray(rays))
    speakers = _speakers(voters)
    if len(speakers) < 2:
        return None
    alike = np.stack([likeness(voters.ellipses, voters.ellipses[one : one + 1]) for one in speakers])
    party = _with_neighbours(alike, cells).argmax(axis=0)
    clear = alike.max(axis=0) >= ONE_MEANING
    if np.unique(party[clear]).size < len(speakers):
        return None
    party, outlines = _allied(voters, party, clear)
    if len(outlines.known) < 2:
        return None
    if _covered(own, foreground, outlines.polygons) < _covered(own, foreground, polygon[None]) + BETTER_BY:
        return None
    chosen = np.zeros(cells.shape, dtype=np.int64)
    chosen.ravel()[place] = party
    parties = np.repeat(np.repeat(chosen, 2, axis=0), 2, axis=1)
    return parties if np.unique(parties[own]).size == len(outlines.known) else None


def _allied(voters: Voters, party: NDArray[np.int64], clear: NDArray[np.bool_]) -> tuple[NDArray[np.int64], Outlines]:
    """Unite parties whose outlines are alike after all, speakers being single pixels with their noise.

    Parameters
    ----------
    party : (n,), the party of each voter.
    clear : (n,) bool, those whose vote counts; every party has one.
    """
    while True:
        count = int(party.max()) + 1
        heard = np.flatnonzero(clear)
        outlines = agree(voters.grouped(heard, party[heard]), count)
        union = Union(count)
        for one in range(count):
            for other in np.flatnonzero(likeness(outlines.ellipses, outlines.ellipses[one : one + 1]) >= ONE_MEANING).tolist():
                union.join(one, other)
        numbers = union.numbers()
        if numbers.max() + 1 == count:
            return party, outlines
        party = numbers[party]


def _with_neighbours(alike: Floats, cells: NDArray[np.int32]) -> Floats:
    """Mean of what each cell and its neighbours say, (parties, voters), so that a party holds together."""
    around = np.zeros((len(alike), *cells.shape), dtype=np.float32)
    around[:, cells > 0] = alike
    return np.stack([cv2.blur(one, (3, 3), borderType=cv2.BORDER_CONSTANT)[cells > 0] for one in around])


def _speakers(voters: Voters) -> list[int]:
    """Choose a voter for each party: greedily the one whose meaning most of the weight that is left shares."""
    left = voters.weights.astype(np.float64)
    total = left.sum()
    chosen: list[int] = []
    while len(chosen) < MOST_PARTIES:
        free = np.flatnonzero(left)
        if not free.size:
            break
        some = free[np.argsort(-left[free], kind="stable")][:: max(1, -(-free.size // MOST_SPEAKERS))]
        shared = np.stack([likeness(voters.ellipses, voters.ellipses[one : one + 1]) >= ONE_MEANING for one in some])
        support = shared @ left
        best = int(support.argmax())
        if support[best] < LEAST_SHARE * total:
            break
        chosen.append(int(some[best]))
        left[shared[best]] = 0
    return chosen


def _covered(own: Mask, foreground: Mask, polygons: Floats) -> float:
    """How well polygons explain a region, 0 ... 1: its pixels in them, of its pixels and those where they claim background."""
    claimed = np.zeros(own.shape, dtype=np.bool_)
    shapes = fillable(polygons, own.shape)
    for index in range(len(polygons)):
        claimed[shapes.bbox(index).slices] |= shapes.fill(index)
    return float(np.count_nonzero(claimed & own) / (np.count_nonzero(own) + np.count_nonzero(claimed & ~foreground)))
