"""A real network's output is blurred and noisy: the count must hold, and the decoding must not depend on what does not matter."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lycurgus.detectors.decoding import Candidate, DecodingParams, Head, decode
from lycurgus.detectors.decoding.candidates import iou
from lycurgus.detectors.decoding.polygons import Ellipses, likeness
from particle_fields import Truth, disc_outline, fields_of, rectangle_outline

SHAPE = (192, 192)
HEADS: tuple[Head, ...] = ("distance", "star-convex", "completed")
WITH_RAYS: tuple[Head, ...] = ("star-convex", "completed")
Floats = NDArray[np.float32]


def noisy(truth: Truth, seed: int, *, logit: float = 1.5, distance: float = 0.08, ray: float = 0.08) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    fields = truth.fields + rng.normal(0, 1, truth.fields.shape) * np.array([logit, distance])[:, None, None]
    return fields.astype(np.float32), (truth.rays + rng.normal(0, ray, truth.rays.shape)).astype(np.float32)


def same(a: list[Candidate], b: list[Candidate]) -> bool:
    return len(a) == len(b) and all(
        x.bbox == y.bbox and np.array_equal(x.mask, y.mask) and x.score == pytest.approx(y.score, abs=1e-5)
        for x, y in zip(a, b, strict=True)
    )


@pytest.fixture(scope="module")
def scene() -> Truth:
    return fields_of(
        SHAPE,
        [
            disc_outline((40, 40), 44),
            disc_outline((44, 71), 40),
            rectangle_outline((100, 60), 65, 10, 20),
            rectangle_outline((140, 60), 30, 30, 10),
            rectangle_outline((140, 92), 30, 30, 10),
            disc_outline((120, 150), 12),
            disc_outline((150, 150), 25),
        ],
    )


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("seed", range(4))
def test_noise_changes_no_count(scene: Truth, head: Head, seed: int) -> None:
    assert len(decode(*noisy(scene, seed), DecodingParams(head=head))) == len(scene.masks)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("angle", [0, 30, 45, 77, 90, 120])
def test_a_noisy_rod_is_one(head: Head, angle: int) -> None:
    truth = fields_of((128, 128), [rectangle_outline((63.4, 64.7), 65, 10, angle)])
    for seed in range(3):
        assert len(decode(*noisy(truth, seed), DecodingParams(head=head))) == 1


@pytest.mark.parametrize("head", WITH_RAYS)
def test_rays_heal_a_rod_that_a_deep_dip_cuts_in_two(head: Head) -> None:
    truth = fields_of((128, 128), [rectangle_outline((63.4, 64.7), 65, 12)])
    fields = truth.fields.copy()
    fields[1][:, 58:70] *= 0.4
    assert len(decode(fields, truth.rays, DecodingParams(head="distance"))) == 2
    assert len(decode(fields, truth.rays, DecodingParams(head=head))) == 1


def test_rays_part_discs_that_no_valley_parts_for_star_convex_only() -> None:
    truth = fields_of((128, 128), [disc_outline((64, 45), 40), disc_outline((64, 73), 40)])
    fields = truth.fields.copy()
    fields[1] = cv2.morphologyEx(fields[1], cv2.MORPH_CLOSE, np.ones((41, 41), np.uint8)) * (fields[0] > 0)
    counts = {head: len(decode(fields, truth.rays, DecodingParams(head=head))) for head in HEADS}
    assert counts == {"distance": 1, "completed": 1, "star-convex": 2}


@pytest.mark.parametrize("angle", [0, 30, 77])
@pytest.mark.parametrize("farthest_px", [16, 24, 32])
def test_rays_that_end_too_soon_cut_no_long_rod_unless_they_are_asked_to_count(angle: int, farthest_px: float) -> None:
    truth = fields_of(SHAPE, [rectangle_outline((95.4, 96.7), 140, 14, angle)])
    rays = np.minimum(truth.rays, np.log(farthest_px)).astype(np.float32)
    (rod,) = decode(truth.fields, rays, DecodingParams(head="completed"))
    assert rod.area_px == truth.masks[0].sum()
    assert len(decode(truth.fields, rays, DecodingParams(head="star-convex"))) > 1


@pytest.mark.parametrize("seed", range(4))
def test_rays_full_of_noise_split_no_particle(scene: Truth, seed: int) -> None:
    patchy = [cv2.GaussianBlur(plane, (0, 0), 2) for plane in np.random.default_rng(seed).normal(0, 1, scene.rays.shape)]
    rays = (scene.rays + 0.5 * np.stack(patchy) / np.std(patchy)).astype(np.float32)
    visible = decode(scene.fields, rays, DecodingParams(head="distance"))
    whole = decode(scene.fields, rays, DecodingParams(head="completed"))
    assert len(whole) == len(visible) == len(scene.masks)
    assert [one.score for one in whole] == [one.score for one in visible]


@pytest.mark.parametrize("head", HEADS)
@settings(max_examples=5, deadline=None, derandomize=True)
@given(dy=st.integers(0, 2), dx=st.integers(0, 2))
def test_a_shift_by_the_stride_shifts_the_particles_and_nothing_else(scene: Truth, head: Head, dy: int, dx: int) -> None:
    fields, rays = noisy(scene, 7)
    shift = (64 * dy, 64 * dx)
    far = np.full((2, SHAPE[0] + 128, SHAPE[1] + 128), 0, dtype=np.float32)
    far[0] = -20
    far[:, shift[0] : shift[0] + SHAPE[0], shift[1] : shift[1] + SHAPE[1]] = fields
    far_rays = np.zeros((32, far.shape[1] // 2, far.shape[2] // 2), dtype=np.float32)
    far_rays[:, shift[0] // 2 : (shift[0] + SHAPE[0]) // 2, shift[1] // 2 : (shift[1] + SHAPE[1]) // 2] = rays
    here, there = decode(fields, rays, DecodingParams(head=head)), decode(far, far_rays, DecodingParams(head=head))
    assert [(c.bbox.y0 - shift[0], c.bbox.x0 - shift[1], c.area_px) for c in there] == [(c.bbox.y0, c.bbox.x0, c.area_px) for c in here]


@pytest.mark.parametrize("head", [*HEADS, "semantic"])
def test_decoding_twice_gives_the_same(scene: Truth, head: Head) -> None:
    fields, rays = noisy(scene, 3)
    before = fields.copy(), rays.copy()
    assert same(decode(fields, rays, DecodingParams(head=head)), decode(fields, rays, DecodingParams(head=head)))
    assert np.array_equal(fields, before[0])
    assert np.array_equal(rays, before[1])


@pytest.mark.parametrize("head", [*HEADS, "semantic"])
def test_an_empty_picture_holds_nothing(head: Head) -> None:
    fields = np.stack([np.full((64, 128), -6.0), np.zeros((64, 128))]).astype(np.float32)
    assert decode(fields, np.zeros((32, 32, 64), np.float32), DecodingParams(head=head)) == []


@pytest.mark.parametrize("head", [*HEADS, "semantic"])
def test_wild_numbers_harm_nobody(scene: Truth, head: Head) -> None:
    fields, rays = scene.fields.copy(), scene.rays.copy()
    fields[0, :20, 150:170], fields[1, :20, 150:170] = np.nan, np.inf
    fields[0, :, -10:] = -np.inf
    rays[:, :10, 75:85] = np.nan
    assert len(decode(fields, rays, DecodingParams(head=head))) == (6 if head == "semantic" else len(scene.masks))


@pytest.mark.parametrize("head", WITH_RAYS)
def test_half_precision_is_enough_for_rays(scene: Truth, head: Head) -> None:
    fields, rays = noisy(scene, 5)
    single = decode(fields, rays, DecodingParams(head=head))
    half = decode(fields, rays.astype(np.float16), DecodingParams(head=head))
    assert len(half) == len(single) == len(scene.masks)
    for one, other in zip(single, half, strict=True):
        assert iou(one, other) > 0.98
        assert one.score == pytest.approx(other.score, abs=1e-3)


@pytest.mark.parametrize("wild", [np.nan, np.inf, -np.inf])
def test_wild_rays_cost_no_visible_particle(scene: Truth, wild: float) -> None:
    rays = scene.rays.copy()
    rays[3:9] = wild
    visible = decode(scene.fields, rays, DecodingParams(head="distance"))
    assert same(decode(scene.fields, np.full_like(rays, wild), DecodingParams(head="completed")), visible)
    assert len(decode(scene.fields, rays, DecodingParams(head="completed"))) == len(scene.masks)
    for candidate in decode(scene.fields, rays, DecodingParams(head="star-convex")):
        assert np.isfinite(candidate.score)


@pytest.mark.parametrize("seed", range(2))
def test_pure_noise_never_fails(seed: int) -> None:
    rng = np.random.default_rng(seed)
    fields = rng.normal(0, 1, (2, 128, 128)).astype(np.float32)
    rays = rng.normal(2, 3, (32, 64, 64)).astype(np.float32)
    for head in HEADS:
        for candidate in decode(fields, rays, DecodingParams(head=head, score=0)):
            assert all(edge.any() for edge in (candidate.mask[0], candidate.mask[-1], candidate.mask[:, 0], candidate.mask[:, -1]))
            assert candidate.mask.sum() == candidate.area_px
            assert 0 <= candidate.score <= 1


@pytest.mark.parametrize("head", HEADS)
def test_five_thousand_particles_are_found_in_one_picture(head: Head) -> None:
    rng = np.random.default_rng(0)
    centres = [(14.0 * (i // 71) + 10 + rng.uniform(-1, 1), 14.0 * (i % 71) + 10 + rng.uniform(-1, 1)) for i in range(5000)]
    truth = fields_of((1024, 1024), [disc_outline(centre, rng.uniform(8, 11), corners=24) for centre in centres], keep_masks=False)
    assert len(decode(truth.fields, truth.rays, DecodingParams(head=head))) == 5000


@pytest.mark.parametrize(
    ("fields", "rays"),
    [((1, 64, 64), (32, 32, 32)), ((2, 64, 64), None), ((2, 64, 64), (32, 64, 64)), ((64, 64), (32, 32, 32))],
)
def test_arrays_of_the_wrong_shape_are_refused(fields: tuple[int, ...], rays: tuple[int, ...] | None) -> None:
    with pytest.raises(ValueError, match="needs"):
        decode(np.zeros(fields, np.float32), None if rays is None else np.zeros(rays, np.float32), DecodingParams(head="completed"))


@pytest.mark.parametrize("wrong", [{"score": 1.5}, {"foreground": 0}, {"overlap": -1}, {"smoothing_px": -1}, {"min_area_px": 0}])
def test_impossible_thresholds_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        DecodingParams(**wrong)


def test_what_is_too_doubtful_to_be_a_particle_takes_nothing_from_one() -> None:
    """A rod lies before a lump whose outline claims some of it; the lump's score is below the threshold."""
    rod, lump = rectangle_outline((64, 64), 71, 10, 34), disc_outline((78, 50), 37)
    truth, alone = fields_of((128, 128), [rod, lump]), fields_of((128, 128), [rod])
    front, half = truth.masks[0], truth.masks[0][::2, ::2] | truth.masks[0][1::2, 1::2]
    fields, rays = truth.fields.copy(), truth.rays.copy()
    fields[1][front], rays[:, half] = alone.fields[1][front], alone.rays[:, half]
    behind = truth.masks[1] & ~front
    fields[0][behind] = 0.4
    fields[1][behind] *= 0.7
    kept = {}
    for head in ("distance", "completed"):
        (found,) = decode(fields, rays, DecodingParams(head=head, score=0.8))
        whole = np.zeros(front.shape, np.bool_)
        whole[found.bbox.slices] = found.mask
        kept[head] = int(np.count_nonzero(whole & front))
    assert kept["completed"] == kept["distance"] > 0.9 * np.count_nonzero(front)


def test_shapes_whose_moments_rounding_has_spoilt_are_not_more_alike_than_alike() -> None:
    needles = Ellipses(np.array([[0, 0], [30, 30]], np.float32), np.array([[100, 100, 100.5]] * 2, np.float32))
    alike = likeness(needles[slice(0, 1)], needles)
    assert ((alike >= 0) & (alike <= 1)).all()
