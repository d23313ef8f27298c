"""What the pixels of each region say about their particle's whole outline, and what they agree on.

Every inner pixel knows, by its rays, the whole polygon. The moments of these polygons show whether all pixels of a region mean the
same particle; the polygon itself is the mean of those seen from near the particle's centre, where rays meet the outline squarely.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lycurgus.detectors.decoding.polygons import LEAST_LOG, MOST_LOG, Ellipses, Floats, Rays, directions, ellipses_of, likeness

MOST_VOTERS = 64
"""Of a large region every second, fourth ... pixel along each axis is asked, so that this many answer."""

INNER = 0.5
"""Pixels of at least this part of the region's greatest depth are asked: rays from near an outline are short on one side and poor."""


@dataclass(frozen=True, slots=True, eq=False)
class Voters:
    """Pixels that are asked, ordered by region.

    Attributes
    ----------
    owners : (n,) int64, the number of the region, from 0, rising.
    origins : (n, 2) float32, where their rays leave from, (y, x), px.
    weights : (n,) float32, their depth squared.
    radii : (n, rays) float32, px.
    ellipses : of their polygons.
    """

    owners: NDArray[np.int64]
    origins: Floats
    weights: Floats
    radii: Floats
    ellipses: Ellipses

    def __len__(self) -> int:
        return len(self.owners)

    def regrouped(self, number: NDArray[np.int64]) -> Voters:
        """Let the voters of region i speak for region ``number[i]``."""
        return self.grouped(np.arange(len(self)), number[self.owners])

    def grouped(self, some: NDArray[np.int64], owners: NDArray[np.int64]) -> Voters:
        """Let some voters, by their places, speak for the regions in ``owners``."""
        order = np.argsort(owners, kind="stable")
        some = some[order]
        return Voters(owners[order], self.origins[some], self.weights[some], self.radii[some], self.ellipses[some])


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """What the pixels of each region agree on.

    Attributes
    ----------
    known : (n,) bool, False for regions too small for anyone to be asked; their other rows mean nothing.
    ellipses : (n) moments of the particle.
    polygons : (n, rays, 2) float32, corners (y, x), px.
    agreement : (n,) float32, mean likeness of what was said with what was agreed on, 0 ... 1.
    """

    known: NDArray[np.bool_]
    ellipses: Ellipses
    polygons: Floats
    agreement: Floats


def voters_of(labels: NDArray[np.int32], distance: Floats, rays: Rays, count: int) -> Voters:
    """Ask pixels of each region.

    Parameters
    ----------
    labels : (H, W), region i of ``count`` has the value i + 1.
    distance : (H, W), normalised distance.
    rays : (n, H/2, W/2), natural logarithms of the distance to the outline, px.
    """
    owner, depth = on_half_grid(labels, distance)
    return ask(choose_voters(owner, depth, count), owner, depth, rays)


def on_half_grid(labels: NDArray[np.int32], distance: Floats) -> tuple[NDArray[np.int32], Floats]:
    """Reduce labels and distance to the rays' grid: of each 2 × 2 pixels the deepest one counts.

    Returns
    -------
    Both (H/2, W/2).
    """
    best, owner = distance[::2, ::2].copy(), labels[::2, ::2].copy()
    for here in (np.s_[::2, 1::2], np.s_[1::2, ::2], np.s_[1::2, 1::2]):
        deeper = (distance[here] > best) & (labels[here] > 0) | (owner == 0)
        np.copyto(best, distance[here], where=deeper)
        np.copyto(owner, labels[here], where=deeper)
    return owner, best


def choose_voters(owner: NDArray[np.int32], depth: Floats, count: int) -> NDArray[np.int64]:
    """Choose which pixels of the half grid are asked.

    Parameters
    ----------
    owner, depth : (H/2, W/2), labels 1 ... count and distance.

    Returns
    -------
    Flat places in the half grid, ordered by region.
    """
    place = np.flatnonzero(owner)
    region, deep = owner.ravel()[place], depth.ravel()[place]
    peaks = np.zeros(count + 1, dtype=np.float32)
    np.maximum.at(peaks, region, deep)
    inner = deep >= INNER * peaks[region]
    place, region = place[inner], region[inner]
    stride = np.exp2(np.ceil(np.log2(np.maximum(np.bincount(region, minlength=count + 1) / MOST_VOTERS, 1)) / 2)).astype(np.int64)[region]
    row, column = np.divmod(place, owner.shape[1])
    asked = (row % stride == 0) & (column % stride == 0)
    # A long thin region may slip between the rows and columns of its grid.
    missed = np.bincount(region[asked], minlength=count + 1) * 8 < np.minimum(np.bincount(region, minlength=count + 1), MOST_VOTERS)
    asked |= missed[region]
    place, region = place[asked], region[asked]
    return np.asarray(place[np.argsort(region, kind="stable")], dtype=np.int64)


def ask(place: NDArray[np.int64], owner: NDArray[np.int32], depth: Floats, rays: Rays) -> Voters:
    """Read the rays at flat places of the half grid, ordered by region; a ray that is not a number reaches nowhere."""
    row, column = np.divmod(place, owner.shape[1])
    origins = np.stack([2 * row, 2 * column], axis=1).astype(np.float32) + np.float32(0.5)
    logs = np.nan_to_num(rays.reshape(len(rays), -1)[:, place].T.astype(np.float32), nan=LEAST_LOG)
    radii = np.exp(np.clip(logs, LEAST_LOG, MOST_LOG)).astype(np.float32)
    weights = np.square(np.maximum(depth.ravel()[place], 1e-3)).astype(np.float32)
    return Voters(owner.ravel()[place].astype(np.int64) - 1, origins, weights, radii, ellipses_of(radii, origins))


def agree(voters: Voters, count: int) -> Outlines:
    """Find what the voters of each region 0 ... count - 1 agree on; those who differ from most count little."""
    rays = voters.radii.shape[1]
    known = np.zeros(count, dtype=np.bool_)
    known[voters.owners] = True
    if not len(voters):
        none = Ellipses(np.zeros((count, 2), np.float32), np.zeros((count, 3), np.float32))
        return Outlines(known, none, np.zeros((count, rays, 2), np.float32), np.zeros(count, np.float32))
    starts = np.flatnonzero(np.append(True, np.diff(voters.owners) > 0))
    row = np.cumsum(np.append(False, np.diff(voters.owners) > 0))
    said = np.concatenate([voters.ellipses.centres, voters.ellipses.covariances], axis=1)
    weights = voters.weights
    for _ in range(3):
        agreed = _means(said, weights, starts)
        ellipses = Ellipses(agreed[:, :2], agreed[:, 2:])
        alike = likeness(voters.ellipses, ellipses[row])
        # Who means something else must not bend the outline: his weight falls much faster than the likeness.
        weights = voters.weights * alike**4 + np.float32(1e-9)
    agreement = _means(alike[:, None], voters.weights, starts)[:, 0]
    away = np.square(voters.origins - ellipses.centres[row]).sum(axis=1)
    equal_radius = np.sqrt(np.sqrt(np.maximum(_determinant(ellipses), 1e-6))) * 2
    near_px = np.maximum(1.0, 0.15 * equal_radius)[row]
    nearest = np.minimum.reduceat(away, starts)[row]
    weights = weights * np.exp(-np.minimum((away - nearest) / (2 * near_px**2), 50)).astype(np.float32)
    # The mean of corners along one direction is the mean origin and the mean radius along it.
    radii, origins = _means(voters.radii, weights, starts), _means(voters.origins, weights, starts)
    polygons = origins[:, None, :] + radii[:, :, None] * directions(rays)
    return Outlines(known, *_spread(known, ellipses, polygons, agreement))


def _spread(known: NDArray[np.bool_], ellipses: Ellipses, polygons: Floats, agreement: Floats) -> tuple[Ellipses, Floats, Floats]:
    """Give regions without voters empty rows."""
    rows = np.flatnonzero(known)

    def spread(values: Floats) -> Floats:
        whole = np.zeros((len(known), *values.shape[1:]), dtype=np.float32)
        whole[rows] = values
        return whole

    return Ellipses(spread(ellipses.centres), spread(ellipses.covariances)), spread(polygons), spread(agreement)


def _means(values: Floats, weights: Floats, starts: NDArray[np.int64]) -> Floats:
    """Weighted means of runs of rows that begin at ``starts``."""
    totals = np.add.reduceat(weights, starts)
    return np.asarray(np.add.reduceat(values * weights[:, None], starts, axis=0) / totals[:, None], dtype=np.float32)


def _determinant(ellipses: Ellipses) -> Floats:
    yy, xx, yx = ellipses.covariances.T
    return np.asarray(yy * xx - yx**2, dtype=np.float32)
