"""Looks at several scales must agree on one list: each particle once, neither in fragments nor melted together."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from skimage.draw import polygon2mask

from lycurgus.core.types import BBox
from lycurgus.detectors.decoding.candidates import Candidate, crop, iou, meeting, suppress
from lycurgus.detectors.decoding.scales import Look, at_full_size, choose_scales, merge_scales, trust
from particle_fields import disc_outline

FULL = (256, 320)
BEST = (20.0, 60.0)


def disc_at(centre: tuple[float, float], diameter: float, *, scale: float = 1, score: float = 0.9) -> Candidate:
    """A disc, given in px of the full picture, as a look at a scale sees it."""
    shape = shape_at(scale)
    zoom = (shape[0] / FULL[0], shape[1] / FULL[1])
    placed = ((centre[0] + 0.5) * zoom[0] - 0.5, (centre[1] + 0.5) * zoom[1] - 0.5)
    cropped = crop(polygon2mask(shape, disc_outline(placed, diameter * scale)), 0, 0)
    assert cropped is not None
    return Candidate(*cropped, score, int(cropped[1].sum()))


def shape_at(scale: float) -> tuple[int, int]:
    return round(FULL[0] * scale), round(FULL[1] * scale)


def merged(looks: dict[float, list[Candidate]]) -> list[Candidate]:
    return merge_scales([Look(shape_at(scale), found) for scale, found in looks.items()], FULL, best_px=BEST, overlap=0.4)


@pytest.mark.parametrize("scale", [0.25, 0.5, 0.707, 1.414, 2])
@pytest.mark.parametrize("diameter", [30, 100])
def test_a_disc_comes_back_where_it_was_and_as_large(scale: float, diameter: float) -> None:
    found = at_full_size(disc_at((127.3, 130.8), diameter, scale=scale), shape_at(scale), FULL)
    assert found is not None
    truth = disc_at((127.3, 130.8), diameter)
    assert iou(found, truth) > 1 - 2.2 / (diameter * min(scale, 1))
    assert found.diameter_px == pytest.approx(diameter, rel=max(0.01, 0.3 / (diameter * min(scale, 1))))


def test_a_disc_at_the_border_still_reaches_it() -> None:
    found = at_full_size(disc_at((10, 310), 60, scale=0.5), shape_at(0.5), FULL)
    assert found is not None
    assert (found.bbox.y0, found.bbox.x1) == (0, FULL[1])


def test_what_every_look_sees_is_one_particle() -> None:
    looks = {scale: [disc_at((100, 100), 40, scale=scale), disc_at((150, 220), 30, scale=scale)] for scale in (0.5, 1, 2)}
    assert len(merged(looks)) == 2


def test_a_large_particle_found_whole_by_a_coarse_look_displaces_its_fragments() -> None:
    fragments = [disc_at((100 + dy, 150 + dx), 45, score=0.6) for dy in (-40, 15) for dx in (-40, 15)]
    found = merged({1: fragments, 0.25: [disc_at((100, 150), 180, scale=0.25)]})
    assert [round(one.diameter_px, -1) for one in found] == [180]


def test_small_particles_displace_the_blur_that_a_coarse_look_makes_of_them() -> None:
    small = [disc_at((100 + dy, 150 + dx), 24) for dy in (-12, 12) for dx in (-12, 12)]
    found = merged({1: small, 0.25: [disc_at((100, 150), 50, scale=0.25)]})
    assert len(found) == 4


def test_a_thin_rod_seen_whole_at_a_finer_scale_displaces_its_pieces() -> None:
    def bar(y0: int, x0: int, height: int, width: int, score: float) -> Candidate:
        return Candidate(BBox(y0, x0, y0 + height, x0 + width), np.ones((height, width), np.bool_), score, height * width)

    pieces = [bar(100, 100, 10, 60, 0.82), bar(100, 162, 10, 60, 0.82)]
    whole = [bar(200, 200, 20, 244, 0.8)]
    assert [one.bbox.width for one in merged({1: pieces, 2: whole})] == [122]


def test_a_small_particle_on_a_large_one_that_one_look_sees_stays() -> None:
    found = merged({1: [disc_at((100, 150), 60), disc_at((100, 160), 20)], 0.5: [disc_at((100, 150), 60, scale=0.5)]})
    assert len(found) == 2


@pytest.mark.parametrize(("small", "kept"), [(1, 2), (2, 2), (3, 3)])
def test_what_holds_several_particles_on_a_support_is_a_piece_of_it(small: int, kept: int) -> None:
    lump = disc_at((120, 150), 160, scale=0.5, score=0.9)
    particles = [disc_at((120, 100 + 45 * number), 25, score=0.6) for number in range(small)]
    looks = [Look(shape_at(0.5), [lump]), Look(FULL, particles)]
    found = merge_scales(looks, FULL, best_px=BEST, overlap=0.4, carried=True)
    assert len(found) == kept
    assert (max(one.diameter_px for one in found) > 100) == (small == 1)
    assert max(one.diameter_px for one in merge_scales(looks, FULL, best_px=BEST, overlap=0.4)) > 100
    together = Look(FULL, [*particles, disc_at((120, 150), 160, score=0.9)])
    assert len(merge_scales([together], FULL, best_px=BEST, overlap=0.4, carried=True)) == kept


def test_the_order_of_looks_and_candidates_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    looks = {
        scale: [disc_at(tuple(rng.uniform(40, 200, 2)), rng.uniform(16, 90), scale=scale, score=rng.uniform(0.5, 1)) for _ in range(12)]
        for scale in (0.5, 1.0, 2.0)
    }
    expected = [(one.bbox, one.area_px) for one in merged(looks)]
    for order in permutations(looks):
        shuffled = {scale: looks[scale][::-1] for scale in order}
        assert [(one.bbox, one.area_px) for one in merged(shuffled)] == expected


@pytest.mark.parametrize("diameter", [5, 8, 12, 18, 30, 59, 80, 200, 600])
def test_the_typical_particle_is_brought_among_the_best_sizes_or_upscaled_by_two(diameter: float) -> None:
    (scale,) = choose_scales([diameter] * 9, best_px=BEST)
    assert BEST[0] <= diameter * scale <= BEST[1] or scale == 2


def test_a_wide_population_gets_several_looks_and_an_unknown_one_what_was_asked_for() -> None:
    scales = choose_scales([8] * 30 + [40] * 40 + [300] * 30, best_px=BEST)
    assert scales[0] == 1
    assert max(scales) == 2
    assert 20 <= 300 * min(scales) <= 60
    assert choose_scales([], best_px=BEST, unknown=(1.0, 2.0)) == (1.0, 2.0)


def test_trust_is_full_within_the_best_sizes_and_falls_off_beyond() -> None:
    assert trust(20, BEST) == trust(60, BEST) == 1
    assert 1 > trust(15, BEST) > trust(10, BEST) > trust(4, BEST)
    assert 1 > trust(80, BEST) > trust(200, BEST)


def test_boxes_that_meet_are_found_as_comparing_all_of_them_does() -> None:
    rng = np.random.default_rng(1)
    corner = rng.integers(0, 400, (150, 2))
    boxes = np.concatenate([corner, corner + rng.integers(1, [[90, 12]], (150, 2))], axis=1)
    all_pairs = {
        (i, j) for i in range(150) for j in range(i + 1, 150) if (boxes[i, :2] < boxes[j, 2:]).all() and (boxes[j, :2] < boxes[i, 2:]).all()
    }
    assert set(map(tuple, meeting(boxes).tolist())) == all_pairs


def test_suppression_keeps_overlapping_particles_and_drops_doubles_in_any_order() -> None:
    one, double, neighbour = disc_at((100, 100), 40), disc_at((103, 100), 40, score=0.8), disc_at((100, 125), 40, score=0.7)
    for order in permutations([one, double, neighbour]):
        assert {id(kept) for kept in suppress(order, overlap=0.4)} == {id(one), id(neighbour)}
