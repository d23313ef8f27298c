"""The fast erosion does what the plain one does, and contours describe masks to the pixel."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from lycurgus.core.outline import convexity
from lycurgus.core.separate.contours import contours_of
from lycurgus.core.separate.erosion import Erosion, convexities_of, erode_until_convex, parts_at, regrow
from lycurgus.core.separate.front import erode
from shapes import Mask, disc

CROSS = ndimage.generate_binary_structure(2, 1)
SQUARE = ndimage.generate_binary_structure(2, 2)


def one_region(seed: int, sigma: float, shape: tuple[int, int] = (70, 90)) -> Mask:
    """Draw the largest of some ragged blobs, cropped to its box."""
    smooth = cv2.GaussianBlur(np.random.default_rng(seed).standard_normal(shape), (0, 0), sigma)
    labels, _ = ndimage.label(smooth > np.quantile(smooth, 0.45), SQUARE)
    largest = int(np.bincount(labels.ravel())[1:].argmax()) + 1
    return np.asarray(labels[ndimage.find_objects(labels)[largest - 1]] == largest)


def run(region: Mask) -> Erosion:
    (erosion,) = erode_until_convex([region], threshold=0.95, smallest_px=30)
    return erosion


def plain_markers(region: Mask) -> set[tuple[int, bytes]]:
    """Erode the whole region and label it at every depth."""
    markers, rest, depth = set(), region.copy(), 0
    while rest.any():
        rest = ndimage.binary_erosion(rest, SQUARE if depth % 2 else CROSS)
        depth += 1
        labels, count = ndimage.label(rest, SQUARE)
        for number in range(1, count + 1):
            part = labels == number
            if part.sum() < 30:
                rest &= ~part
            elif convexity(part) >= 0.95:
                markers.add((depth, part.tobytes()))
                rest &= ~part
    return markers


seeds, sigmas = st.integers(0, 10_000), st.floats(1.5, 6)


@given(seed=seeds, sigma=sigmas)
@settings(max_examples=15, derandomize=True, deadline=None)
def test_markers_are_those_of_plain_erosion(seed: int, sigma: float) -> None:
    region = one_region(seed, sigma)
    found = set()
    for marker in run(region).markers:
        plane = np.zeros_like(region)
        plane[marker.bbox.slices] = marker.mask
        found.add((marker.depth, plane.tobytes()))
    assert found == plain_markers(region)


@given(seed=seeds, sigma=sigmas)
@settings(max_examples=15, derandomize=True, deadline=None)
def test_growing_back_is_dilation_step_by_step_within_the_region(seed: int, sigma: float) -> None:
    region = one_region(seed, sigma)
    for marker in run(region).markers:
        plain = np.zeros_like(region)
        plain[marker.bbox.slices] = marker.mask
        for step in reversed(range(marker.depth)):
            plain = ndimage.binary_dilation(plain, SQUARE if step % 2 else CROSS, mask=region)
        grown = regrow(marker)
        assert grown.mask.sum() == plain.sum()
        np.testing.assert_array_equal(plain[grown.bbox.slices], grown.mask)


@given(seed=seeds, steps=st.integers(1, 9), start=st.integers(0, 9))
@settings(max_examples=15, derandomize=True, deadline=None)
def test_many_steps_at_once_are_the_steps_one_by_one(seed: int, steps: int, start: int) -> None:
    mask = plain = one_region(seed, 4)
    for depth in range(start, start + steps):
        plain = ndimage.binary_erosion(plain, SQUARE if depth % 2 else CROSS)
    np.testing.assert_array_equal(erode(mask, start, start + steps).astype(bool), plain)


@given(seed=seeds, sigma=sigmas)
@settings(max_examples=15, derandomize=True, deadline=None)
def test_lost_branches_can_be_cut_out_again_and_hold_no_marker(seed: int, sigma: float) -> None:
    region = one_region(seed, sigma)
    erosion = run(region)
    parts = list(parts_at(region, erosion.lost))
    assert len(parts) == len(erosion.lost)
    for part in parts:
        assert part.mask.sum() >= 30
        for marker in erosion.markers:
            plane = np.zeros_like(region)
            plane[marker.bbox.slices] = marker.mask
            assert not (plane[part.bbox.slices] & part.mask).any()


@given(seed=seeds, share=st.floats(0.05, 0.95), shape=st.tuples(st.integers(1, 30), st.integers(1, 30)))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_contours_give_back_their_mask_and_its_areas(seed: int, share: float, shape: tuple[int, int]) -> None:
    mask = np.random.default_rng(seed).random(shape) < share
    contours = contours_of(mask)
    rebuilt = np.zeros(shape, dtype=int)
    for index in range(len(contours)):
        bbox, cut = contours.cut(index)
        assert cut.sum() == contours.areas_px[index]
        rebuilt[bbox.slices] += cut
    np.testing.assert_array_equal(rebuilt, mask)
    assert len(contours) == ndimage.label(mask, SQUARE)[1]
    holes = ndimage.label(np.pad(~mask, 1, constant_values=True))[1] - 1
    assert sum(map(len, contours.holes)) == holes


def test_convexity_by_bounds_falls_on_the_same_side() -> None:
    masks = [one_region(seed, 2 + seed % 9) for seed in range(80)] + [disc((40, 40), (20, 20), size) for size in (5, 9, 20, 30)]
    exact = np.array([convexity(mask) for mask in masks])
    for enough in (0.6, 0.8, 0.95, 0.99):
        bounds = np.array(convexities_of([contours_of(mask).outer[0] for mask in masks], enough=enough))
        np.testing.assert_array_equal(bounds >= enough, exact >= enough)


def test_an_outline_that_fills_its_box_is_not_convex() -> None:
    comb = np.zeros((600, 600), dtype=bool)
    comb[:, ::2] = comb[0] = True
    (value,) = convexities_of(contours_of(comb).outer, enough=0.95)
    assert value < 0.1


def test_a_region_far_thicker_than_it_is_looked_at_step_by_step_is_separated() -> None:
    region = disc((700, 1250), (350, 350), 640) | disc((700, 1250), (350, 930), 600)
    markers = run(region).markers
    assert min(marker.depth for marker in markers) > 64
    assert sorted(np.sqrt(4 / np.pi * regrow(marker).mask.sum()) for marker in markers) == pytest.approx([600, 640], rel=0.02)
