"""Background between particles is no particle, however sure of it a look was."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from detecting import detect, found
from lycurgus.core.types import Mask
from lycurgus.detectors.decoding import Candidate
from lycurgus.detectors.decoding.candidates import crop
from lycurgus.detectors.gaps import without_gaps
from lycurgus.inference.catalog import has_default
from shapes import disc

SHAPE = (200, 240)
EVERYWHERE = np.ones(SHAPE, dtype=np.bool_)
CORNERS = [disc(SHAPE, place, 60) for place in ((60, 70), (60, 140), (130, 70), (130, 140))]
"""Four particles that nearly touch."""


def candidate(mask: Mask) -> Candidate:
    cropped = crop(mask, 0, 0)
    assert cropped is not None
    return Candidate(*cropped, 0.8, int(np.count_nonzero(mask)))


def between(*particles: Mask, y: slice, x: slice) -> Mask:
    """What lies between particles within a rectangle."""
    gap = np.zeros(SHAPE, dtype=np.bool_)
    gap[y, x] = True
    return gap & ~np.logical_or.reduce(particles)


def pictured(levels: Sequence[tuple[Mask, float]], noise: float = 10) -> NDArray[np.float32]:
    """Discs that are brighter than the background, or darker, on a background of 100."""
    plane = np.full(SHAPE, 100.0)
    for mask, level in levels:
        plane[mask] = level
    plane = cv2.GaussianBlur(plane, (0, 0), 1) + np.random.default_rng(5).normal(0, noise, SHAPE)
    return plane.astype(np.float32)


BESIDE = between(*CORNERS, y=slice(60, 131), x=slice(25, 71))


@pytest.mark.parametrize("level", [160, 40])
def test_background_between_particles_is_left_out(level: float) -> None:
    particles = [candidate(one) for one in CORNERS]
    gap = candidate(BESIDE)
    plane = pictured([(one, level) for one in CORNERS])
    assert without_gaps([*particles, gap], plane, EVERYWHERE) == particles


def block(y: slice, x: slice) -> Mask:
    mask = np.zeros(SHAPE, dtype=np.bool_)
    mask[y, x] = True
    return mask


def test_what_borders_on_gaps_alone_is_left_out_when_these_have_gone() -> None:
    """A corridor between three bars, open to the left: only the first piece of it has background beside it."""
    bars = [block(np.s_[40:80], np.s_[30:200]), block(np.s_[120:160], np.s_[30:200]), block(np.s_[80:120], np.s_[180:220])]
    pieces = [block(np.s_[80:120], np.s_[x : x + 50]) for x in (30, 80, 130)]
    plane = pictured([(bar, 160) for bar in bars])
    everything = [candidate(one) for one in (*bars, *pieces)]
    assert without_gaps(everything, plane, EVERYWHERE) == everything[:3]
    assert without_gaps([*everything[:3], *everything[4:]], plane, EVERYWHERE) == everything[:3]
    # Closed, none of them has any.
    closed = pictured([(bar, 160) for bar in (*bars, block(np.s_[40:160], np.s_[10:30]))])
    stopper = candidate(block(np.s_[40:160], np.s_[10:30]))
    assert without_gaps([*everything, stopper], closed, EVERYWHERE) == [*everything, stopper]


def test_a_majority_of_gaps_is_left_out_too() -> None:
    bars = [block(np.s_[y : y + 16], np.s_[60:180]) for y in (20, 70, 120)]
    gaps = [block(np.s_[y + 16 : y + 50], np.s_[x : x + 40]) for y in (20, 70) for x in (60, 100, 140)]
    everything = [candidate(one) for one in (*bars, *gaps)]
    assert without_gaps(everything, pictured([(bar, 160) for bar in bars]), EVERYWHERE) == everything[:3]


@pytest.mark.parametrize("level", [115, 85])
def test_a_weak_particle_beside_strong_ones_stays(level: float) -> None:
    """Gold on a carrier: a tenth of the gold's contrast, but more than the noise."""
    everything = [candidate(one) for one in (*CORNERS, BESIDE)]
    plane = pictured([*((one, 250) for one in CORNERS), (BESIDE, level)])
    assert without_gaps(everything, plane, EVERYWHERE) == everything


def test_a_particle_with_fringes_stays_though_its_mean_is_the_backgrounds() -> None:
    fringes = np.indices(SHAPE)[1] // 3 % 2 == 0
    everything = [candidate(one) for one in (*CORNERS, BESIDE)]
    plane = pictured([*((one, 160) for one in CORNERS), (BESIDE & fringes, 140), (BESIDE & ~fringes, 60)])
    assert without_gaps(everything, plane, EVERYWHERE) == everything


def test_what_is_as_dark_as_its_neighbours_stays_beside_particles_that_were_not_found() -> None:
    layer = block(np.s_[:], np.s_[:150])
    squares = [block(np.s_[y : y + 40], np.s_[x : x + 40]) for y in (60, 100) for x in (40, 80)]
    apart = [disc(SHAPE, (y, 200), 40) for y in (40, 100, 160)]
    everything = [candidate(one) for one in (*squares, *apart)]
    plane = pictured([(layer, 160), *((one, 160) for one in apart)])
    assert without_gaps(everything, plane, EVERYWHERE) == everything


def test_a_large_shell_stays_for_its_rim() -> None:
    """In the middle it is background, and even with its rim its mean and what its pixels vary by are hardly others."""
    large = disc(SHAPE, (100, 110), 110)
    inner = disc(SHAPE, (100, 110), 98)
    beside = [block(np.s_[45:155], np.s_[10:80]) & ~large, block(np.s_[45:155], np.s_[140:215]) & ~large]
    everything = [candidate(one) for one in (large, *beside)]
    plane = pictured([*((one, 160) for one in beside), (large & ~inner, 122)])
    assert without_gaps(everything, plane, EVERYWHERE) == everything
    assert without_gaps(everything, pictured([(one, 160) for one in beside]), EVERYWHERE) == everything[1:]


@pytest.mark.parametrize("level", [85, 130])
def test_what_differs_from_the_background_stays(level: float) -> None:
    """By a quarter, or by a half, of what the others do."""
    everything = [candidate(one) for one in (*CORNERS, BESIDE)]
    plane = pictured([*((one, 160) for one in CORNERS), (BESIDE, level)])
    assert without_gaps(everything, plane, EVERYWHERE) == everything


def test_what_has_no_contrast_but_borders_on_nothing_stays() -> None:
    """A network may see what a mean does not tell: texture, for instance."""
    alone = candidate(disc(SHAPE, (170, 215), 36))
    particles = [candidate(one) for one in CORNERS]
    plane = pictured([(one, 160) for one in CORNERS])
    assert without_gaps([*particles, alone], plane, EVERYWHERE) == [*particles, alone]


def test_where_no_background_is_seen_nothing_is_known_of_gaps() -> None:
    everything = [candidate(one) for one in (*CORNERS, BESIDE)]
    plane = pictured([(one, 160) for one in CORNERS])
    assert without_gaps(everything, plane, np.logical_or.reduce([*CORNERS, BESIDE])) == everything
    assert without_gaps([], plane, EVERYWHERE) == []


@pytest.mark.shipped_default
@pytest.mark.skipif(not has_default(), reason="no network comes with this checkout")
def test_nothing_is_found_between_large_cubes_with_hollow_sides() -> None:
    """Pictures of such cubes were covered with particles that were none, with scores as high as the cubes'."""
    rng, side, hollow = np.random.default_rng(0), 100, 0.12
    t = np.linspace(-0.5, 0.5, 40)
    edge = np.column_stack([np.full_like(t, 0.5) - hollow * (1 - 4 * t**2), t])
    turns = [np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) for a in np.arange(4) * np.pi / 2]
    outline = side * np.vstack([edge @ turn.T for turn in turns])
    picture = np.full((768, 768), 80.0, dtype=np.float32)
    places = [(y + rng.uniform(-12, 12), x + rng.uniform(-12, 12)) for y in (130, 290, 450, 610) for x in (130, 290, 450, 610)]
    for place in places:
        angle = rng.uniform(0, np.pi)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        drawn = np.zeros((768, 768), dtype=np.uint8)
        cv2.fillPoly(drawn, [np.round((outline @ turn.T + place)[:, ::-1]).astype(np.int32)], 1)
        picture += 42 * drawn
    detection = detect(np.clip(picture + rng.normal(0, 37, picture.shape), 0, 255), model="default")
    widths = [max(one.bbox.height, one.bbox.width) for one in found(detection)]
    assert len(widths) == len(places)
    assert max(widths) < 1.6 * side
