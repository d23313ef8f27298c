"""What another look is sure of is shown where it is apart from what is believed and clearly differs from its surroundings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from detecting import detect, found
from lycurgus.core.types import Mask
from lycurgus.detectors import believing
from lycurgus.detectors.decoding import Candidate
from lycurgus.detectors.decoding.candidates import crop
from lycurgus.detectors.looks import Finder, Less, Seen
from lycurgus.detectors.standing_out import standing_out
from lycurgus.inference.catalog import has_default
from shapes import disc

SHAPE = (120, 150)
EVERYWHERE = np.ones(SHAPE, dtype=np.bool_)
SPOT = disc(SHAPE, (60, 50), 14)


def candidate(mask: Mask, score: float = 0.9) -> Candidate:
    cropped = crop(mask, 0, 0)
    assert cropped is not None
    return Candidate(*cropped, score, int(np.count_nonzero(mask)))


def spotted(contrast: float, *spots: Mask, noise: float = 1.0) -> NDArray[np.float32]:
    plane = np.random.default_rng(3).normal(100, noise, SHAPE)
    plane[np.logical_or.reduce(spots or (SPOT,))] += contrast
    return plane.astype(np.float32)


@pytest.mark.parametrize(("contrast", "expected"), [(9.5, True), (-9.5, True), (7, False), (-7, False), (0, False)])
def test_a_particle_stands_out_by_eight_standard_deviations(contrast: float, expected: bool) -> None:
    spot = candidate(SPOT)
    assert standing_out([spot], [], spotted(contrast), EVERYWHERE) == ([spot] if expected else [])


def test_without_noise_any_contrast_stands_out_and_none_does_not() -> None:
    spot = candidate(SPOT)
    assert standing_out([spot], [], spotted(0.5, noise=0), EVERYWHERE) == [spot]
    assert standing_out([spot], [], spotted(0, noise=0), EVERYWHERE) == []


@pytest.mark.parametrize(("apart_px", "expected"), [(0, False), (13, False), (15, True)])
def test_what_meets_something_believed_is_left_out(apart_px: int, expected: bool) -> None:
    other = disc(SHAPE, (60, 50 + apart_px), 14) & ~(SPOT if apart_px else np.zeros_like(SPOT))
    spot = candidate(SPOT)
    assert (standing_out([spot], [candidate(other)], spotted(30, SPOT, other), EVERYWHERE) == [spot]) is expected


def test_a_sharp_spot_on_a_slope_stands_out_and_a_hill_does_not() -> None:
    ys, xs = np.ogrid[: SHAPE[0], : SHAPE[1]]
    slope = spotted(40) + 0.3 * xs
    hill = (100 + 40 * np.exp(-((ys - 60) ** 2 + (xs - 50) ** 2) / (2 * 9.0**2))).astype(np.float32)
    spot = candidate(SPOT)
    assert standing_out([spot], [], slope.astype(np.float32), EVERYWHERE) == [spot]
    assert standing_out([spot], [], hill, EVERYWHERE) == []


@pytest.mark.parametrize(("inside", "expected"), [([], True), ([(60, 40)], False), ([(60, 40), (60, 60)], False)])
def test_what_holds_something_believed_is_no_particle_beside_it(inside: list[tuple[int, int]], expected: bool) -> None:
    large = disc(SHAPE, (60, 50), 60)
    small = [disc(SHAPE, place, 8) for place in inside]
    assert (standing_out([candidate(large)], [candidate(one) for one in small], spotted(30, large), EVERYWHERE) != []) is expected


def test_what_lies_where_the_picture_shows_no_specimen_says_nothing() -> None:
    """A dark label over one half of what has no contrast in the other, and one over all of it."""
    half, spot = np.zeros_like(SPOT), candidate(SPOT)
    half[:, :51] = SPOT[:, :51]
    plane = spotted(-40, half)
    assert standing_out([spot], [], plane, EVERYWHERE) == [spot]
    assert standing_out([spot], [], plane, ~half) == []
    assert standing_out([spot], [], spotted(-40), ~SPOT) == []
    assert standing_out([spot], [], spotted(-40), ~EVERYWHERE) == []


def test_a_grey_level_where_values_are_cut_off_is_no_contrast() -> None:
    plane = np.where(SPOT, 1.0, 0.0).astype(np.float32)
    plane[:, 100:] = 200
    spot = candidate(SPOT)
    assert standing_out([spot], [], plane, EVERYWHERE) == []
    assert standing_out([spot], [], np.where(SPOT, 20, plane).astype(np.float32), EVERYWHERE) == [spot]


def test_neighbours_do_not_hide_each_other() -> None:
    spots = [disc(SHAPE, (60, x), 14) for x in (30, 48, 66)]
    row = [candidate(spot) for spot in spots]
    assert standing_out(row, [], spotted(20, *spots), EVERYWHERE) == row


def test_what_has_no_surroundings_says_nothing() -> None:
    spot = candidate(SPOT)
    assert standing_out([spot], [], spotted(50), SPOT) == []
    assert standing_out([], [spot], spotted(50), EVERYWHERE) == []


def of_two_looks(monkeypatch: pytest.MonkeyPatch, score: float) -> None:
    """Let the picture as it is show the left half of its particles, and the one without shading the right half, of such a score."""
    look = Finder.look

    def halves(self: Finder, scale: float, *, less: Less = "nothing") -> Seen:
        one = look(self, scale, less=less)
        middle = one.look.shape[1] / 2
        halves = [[c for c in one.look.candidates if (c.bbox.x0 < middle) == is_left] for is_left in (True, False)]
        kept = halves[0] if less == "nothing" and scale == 1 else [replace(c, score=score) for c in halves[1]] if scale == 1 else []
        return replace(one, look=replace(one.look, candidates=kept))

    monkeypatch.setattr(Finder, "look", halves)
    monkeypatch.setattr(believing, "_most_credible", lambda looks, _: looks[0])


SPOTS = [disc((200, 260), (y, x), 16) for y in (40, 80, 120, 160) for x in (30, 70, 190, 230)]
PICTURE = np.where(np.logical_or.reduce(SPOTS), 300.0, 0.0) + np.random.default_rng(0).normal(0, 5, (200, 260))


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("score", "settings", "besides"),
    [(0.9, {}, 8), (0.25, {}, 0), (0.9, {"score": 0.2}, 8), (0.25, {"score": 0.2}, 0), (0.8, {"score": 0.85}, 0)],
)
def test_the_detector_shows_what_a_look_is_sure_of_that_it_does_not_believe(
    score: float, settings: dict[str, Any], besides: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_two_looks(monkeypatch, score)
    detection = detect(PICTURE, **settings)
    right = [one for one in found(detection) if one.bbox.x0 > 130]
    assert detection.details["found_besides"] == len(right) == besides
    boxes = [one.bbox for one in found(detection)]
    assert boxes == sorted(boxes)


@pytest.mark.shipped_default
@pytest.mark.skipif(not has_default(), reason="no network comes with this checkout")
def test_black_dots_are_found_beside_large_pale_blobs() -> None:
    """The look that shows the blobs best is the most credible one; the dots are what anybody sees first."""
    rng = np.random.default_rng(0)
    ys, xs = np.ogrid[:640, :640]
    picture = np.full((640, 640), 190.0)
    for _ in range(3):
        (y, x), radius = rng.uniform(80, 560, 2), rng.uniform(25, 45)
        picture -= 25 * np.clip((radius - np.hypot(ys - y, xs - x)) / 6 + 0.5, 0, 1)
    dots: list[NDArray[np.float64]] = []
    while len(dots) < 9:
        place = rng.uniform(30, 610, 2)
        if all(np.hypot(*(place - other)) > 60 for other in dots):
            dots.append(place)
    for y, x in dots:
        picture -= 120 * np.clip(6 - np.hypot(ys - y, xs - x), 0, 1)
    picture = cv2.GaussianBlur(picture, (0, 0), 1) + rng.normal(0, 4, picture.shape)
    detection = detect(np.clip(picture, 0, 255), model="default")
    small = [one.bbox for one in found(detection) if one.bbox.height < 24]
    assert all(any(box.y0 <= y < box.y1 and box.x0 <= x < box.x1 for box in small) for y, x in dots)
    assert detection.details["found_besides"] >= 5
    assert len(found(detection)) <= len(dots) + 3
