"""Small particles on a support: when they are looked for, what the network is then shown, and when it is believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from detecting import detect, drawn, found, iou
from lycurgus.core.tiling import predict_tiled
from lycurgus.core.types import BBox
from lycurgus.detectors import believing, looks
from lycurgus.detectors.decoding import Candidate
from lycurgus.detectors.decoding.candidates import crop
from lycurgus.detectors.looks import Finder, Less, Seen
from lycurgus.detectors.supports import are_borne_out, is_doubtful, makes_surer, support_scales
from lycurgus.detectors.surroundings import of_one_polarity
from networks import make_model
from shapes import disc

SHAPE = (280, 280)
SPOTS = [disc(SHAPE, (y, x), 16) for y in range(20, 270, 30) for x in range(20, 270, 30)]
SPOTTED = np.where(np.logical_or.reduce(SPOTS), 300.0, 0.0)
SURE, CROWD = 0.5, 0.2

pytestmark = pytest.mark.usefixtures("models")


@pytest.fixture
def crowded(models: Path) -> str:
    """A network that believes one of many at a lower score."""
    make_model(models / "crowded", thresholds={"score": SURE, "crowd_score": CROWD, "overlap": 0.4, "foreground": 0.5})
    return "crowded"


def hills() -> NDArray[np.float64]:
    """A support that varies far more than its particles stand out, over lengths of a hundred pixels."""
    ys, xs = np.ogrid[: SHAPE[0], : SHAPE[1]]
    return np.asarray(2000 * (1 + np.sin(ys / 45) * np.cos(xs / 55)))


def scored(seen: Seen, score: float) -> Seen:
    return replace(seen, look=replace(seen.look, candidates=[replace(one, score=score) for one in seen.look.candidates]))


def with_scores(monkeypatch: pytest.MonkeyPatch, before: float, less_surroundings: float | None = None) -> list[tuple[float, Less]]:
    """Let the network be so sure of all that it finds, before and when the surroundings are taken away; returns what it looks at."""
    look = Finder.look
    seen: list[tuple[float, Less]] = []

    def changed(self: Finder, scale: float, *, less: Less = "nothing") -> Seen:
        seen.append((scale, less))
        one, score = look(self, scale, less=less), less_surroundings if less == "surroundings" else before
        return one if score is None else scored(one, score)

    monkeypatch.setattr(Finder, "look", changed)
    return seen


def only(less: Less, monkeypatch: pytest.MonkeyPatch, *, scale: float = 1.0) -> None:
    """Let the network look at pictures in no other way."""
    look = Finder.look
    monkeypatch.setattr(Finder, "look", lambda self, *_, **__: look(self, scale, less=less))


@pytest.mark.parametrize(("threshold", "expected"), [(CROWD, True), (CROWD + 0.04, True), (CROWD + 0.06, False), (SURE, False)])
def test_many_finds_of_which_few_are_sure_are_doubted(threshold: float, expected: bool) -> None:
    assert is_doubtful(threshold, crowd=CROWD, sure=SURE) is expected


def test_where_a_crowd_needs_nearly_the_score_of_a_single_find_nothing_is_doubted_that_is_sure() -> None:
    assert not is_doubtful(SURE, crowd=SURE - 0.04, sure=SURE)
    assert is_doubtful(SURE - 0.01, crowd=SURE - 0.04, sure=SURE)
    assert not is_doubtful(SURE, crowd=SURE, sure=SURE)


@pytest.mark.parametrize(
    ("scales", "believed", "side", "expected"),
    [
        ([1.0, 0.5, 0.25], [1.0], 640, (2.0, 1.0, 0.5, 0.25)),
        ([1.0, 0.5, 0.25], [0.5], 1024, (1.0, 0.5, 0.25)),
        ([1.0, 0.5, 0.25], [1.0, 1.4142, 2.0], 1024, (2.0, 1.0, 0.5, 0.25)),
        ([1.0, 0.5], [1.0, 1.4142], 640, (1.4142, 1.0, 0.5)),
        ([0.3], [0.3], 640, (0.3,)),
    ],
)
def test_all_scales_are_looked_at_and_a_small_picture_enlarged(
    scales: Sequence[float], believed: Sequence[float], side: int, expected: tuple[float, ...]
) -> None:
    assert support_scales(scales, believed, (side, side)) == expected


def test_more_has_to_be_sure_than_before() -> None:
    mask = np.ones((4, 4), np.bool_)
    sure, unsure = (Candidate(BBox(0, 0, 4, 4), mask, score, 16) for score in (SURE, SURE - 0.01))
    assert makes_surer([sure] * 7 + [unsure] * 7, [sure] * 5 + [unsure] * 9, sure=SURE)
    assert not makes_surer([sure] * 6, [sure] * 5, sure=SURE)
    assert not makes_surer([unsure] * 60, [unsure] * 5, sure=SURE)
    assert not makes_surer([sure] * 49, [unsure] * 50, sure=SURE)
    assert makes_surer([sure] + [unsure] * 49, [unsure] * 50, sure=SURE)


def row(sure: int, unsure: int = 0, *, y: int = 0, side: int = 4) -> list[Candidate]:
    """Squares side by side, the sure ones first."""
    mask = np.ones((side, side), np.bool_)
    scores = [SURE] * sure + [SURE - 0.01] * unsure
    return [Candidate(BBox(y, 20 * place, y + side, 20 * place + side), mask, score, side**2) for place, score in enumerate(scores)]


@pytest.mark.parametrize(
    ("before", "found", "expected"),
    [
        (row(10), row(20), True),
        (row(10), row(6) + row(9, y=40), True),
        (row(10), row(5) + row(10, y=40), False),
        (row(10, 10), row(10) + row(10, y=40), True),
        (row(10), row(10) + row(10, y=40, side=9), True),
        (row(10, side=9), row(20), False),
        (row(0, 10), row(20, y=40), True),
        (row(10), row(20, 79), True),
        (row(10), row(20, 81), False),
        (row(10), row(11, 20), False),
    ],
    ids=[
        "all again",
        "six of ten again",
        "five of ten again",
        "the unsure need not be found again",
        "others beside them",
        "only parts of what was sure",
        "nothing was sure",
        "a fifth is sure",
        "less than a fifth is sure",
        "hardly surer",
    ],
)
def test_looks_less_the_surroundings_show_again_what_was_sure_and_are_sure_of_enough(
    before: list[Candidate], found: list[Candidate], expected: bool
) -> None:
    """Less its surroundings a wide particle is gone, and the grain of a carbon film is thousands of finds."""
    assert are_borne_out(found, before, sure=SURE) is expected


@pytest.mark.parametrize(("less", "expected"), [("nothing", False), ("surroundings", True)])
def test_without_its_surroundings_a_picture_shows_spots_and_no_hills(less: Less, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    planes = []

    def noted(plane: NDArray[np.float32], *rest: Any, **more: Any) -> Any:
        planes.append(plane)
        return predict_tiled(plane, *rest, **more)

    only(less, monkeypatch)
    monkeypatch.setattr(looks, "predict_tiled", noted)
    detect(hills() + SPOTTED, diameter_px=24)
    spots = np.logical_or.reduce(SPOTS)
    plane = planes[0][: SHAPE[0], : SHAPE[1]]
    contrast = (plane[spots].mean() - plane[~spots].mean()) / plane[~spots].std()
    assert (contrast > 1.5) == expected


def test_what_is_much_wider_than_its_surroundings_is_no_particle(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network finds all of these discs in the picture as it is, and would find them without their surroundings."""
    small, wide = disc(SHAPE, (70, 70), 24), disc(SHAPE, (180, 180), 44)
    picture = np.where(small | wide, 300.0, 0.0)
    assert len(found(detect(picture, diameter_px=24))) == 2
    only("surroundings", monkeypatch)
    assert len(found(detect(picture, diameter_px=24))) == 2
    monkeypatch.setattr(looks, "WIDEST", 36 / looks.SURROUNDINGS_PX)
    (one,) = found(detect(picture, diameter_px=24))
    assert iou(small, drawn((one,), SHAPE)[0]) > 0.5


def test_a_shadow_beside_bright_particles_is_none_of_them() -> None:
    bright = [disc(SHAPE, (y, x), 16) for y in range(30, 200, 40) for x in range(30, 260, 40)]
    dark = disc(SHAPE, (240, 140), 30)
    plane = np.where(np.logical_or.reduce(bright), 300.0, 100.0).astype(np.float32)
    plane[dark] = 20
    everything = [as_candidate(mask) for mask in (*bright, dark)]
    usable = np.ones(SHAPE, np.bool_)
    assert of_one_polarity(everything, plane, usable) == everything[:-1]
    assert of_one_polarity(everything, -plane, usable) == everything[:-1]
    mixed = [everything[0], everything[-1]]
    assert of_one_polarity(mixed, plane, usable) == mixed
    assert of_one_polarity([], plane, usable) == []
    assert of_one_polarity(everything, plane, np.zeros(SHAPE, np.bool_)) == everything


def as_candidate(mask: NDArray[np.bool_]) -> Candidate:
    cropped = crop(mask, 0, 0)
    assert cropped is not None
    return Candidate(*cropped, 0.6, int(mask.sum()))


@pytest.mark.parametrize("scale", [2.0, 1.0, 0.5])
def test_surroundings_are_as_wide_as_the_look_is_coarse(scale: float, monkeypatch: pytest.MonkeyPatch) -> None:
    widths = []
    smooth = looks.smooth_background

    def noted(plane: NDArray[np.float32], usable: NDArray[np.bool_], *, sigma_px: float) -> NDArray[np.float32]:
        widths.append(sigma_px)
        return smooth(plane, usable, sigma_px=sigma_px)

    only("surroundings", monkeypatch, scale=scale)
    monkeypatch.setattr(looks, "smooth_background", noted)
    detect(SPOTTED, diameter_px=24)
    assert set(widths) == {looks.SURROUNDINGS_PX / scale}


def test_where_little_is_sure_particles_are_looked_for_without_their_surroundings(crowded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = with_scores(monkeypatch, before=CROWD + 0.02, less_surroundings=SURE)
    detection = detect(SPOTTED, model=crowded)
    assert [one for one in seen if one[1] == "surroundings"] == [(2.0, "surroundings"), (1.0, "surroundings")]
    assert detection.details["taken_away"] == "surroundings"
    assert detection.details["believed_scales"] == [2.0, 1.0]
    assert any("without what surrounds them" in warning for warning in detection.warnings)
    masks = drawn(found(detection), SHAPE)
    assert sum(max(iou(spot, mask) for mask in masks) > 0.5 for spot in SPOTS) > 0.9 * len(SPOTS)


def test_what_makes_nothing_surer_is_not_believed(crowded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = with_scores(monkeypatch, before=CROWD + 0.02, less_surroundings=CROWD + 0.03)
    detection = detect(SPOTTED, model=crowded)
    assert (1.0, "surroundings") in seen
    assert detection.details["taken_away"] != "surroundings"
    assert detection.warnings == ()
    assert len(found(detection)) == len(SPOTS)


def test_a_sure_picture_is_looked_at_as_before(crowded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = with_scores(monkeypatch, before=SURE)
    detect(SPOTTED, model=crowded)
    assert all(less != "surroundings" for _, less in seen)


@pytest.mark.parametrize("score", [0.1, 0.21, 0.4])
def test_a_score_that_is_set_decides_what_is_reported_not_how_the_picture_is_looked_at(
    score: float, crowded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = with_scores(monkeypatch, before=CROWD + 0.02)
    detect(SPOTTED, model=crowded)
    by_itself = list(seen)
    seen.clear()
    detection = detect(SPOTTED, model=crowded, score=score)
    if score <= CROWD + 0.02:
        assert seen == by_itself
    assert detection.details["score_threshold"] == score
    assert all(one.score is not None and one.score >= score for one in found(detection))


def test_an_expected_diameter_chooses_the_one_scale_on_a_support_too(crowded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = with_scores(monkeypatch, before=CROWD + 0.02, less_surroundings=SURE)
    detection = detect(SPOTTED, model=crowded, diameter_px=24)
    assert {scale for scale, _ in seen} == {1.0}
    assert detection.details["taken_away"] == "surroundings"


@pytest.mark.parametrize(
    ("score", "sure", "expected"),
    [(SURE + 0.02, 15, True), (SURE + 0.1, 15, False), (SURE + 0.02, 11, False)],
    ids=["nearly as credible", "less credible", "hardly surer"],
)
def test_another_look_that_is_nearly_as_credible_may_bring_the_doubt(
    score: float, sure: int, expected: bool, crowded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The picture as it is shows ten particles, without shading it shows more, and many that it is not sure of."""
    look = Finder.look
    seen = []

    def changed(self: Finder, scale: float, *, less: Less = "nothing") -> Seen:
        seen.append(less)
        one = look(self, scale, less=less)
        found = sorted(one.look.candidates, key=lambda candidate: candidate.bbox)
        few = [replace(candidate, score=score) for candidate in found[:10]]
        many = [replace(candidate, score=SURE if number < sure else CROWD + 0.02) for number, candidate in enumerate(found)]
        return replace(one, look=replace(one.look, candidates=few if less == "nothing" else many))

    monkeypatch.setattr(Finder, "look", changed)
    detect(SPOTTED, model=crowded)
    assert ("surroundings" in seen) == expected


def test_where_nothing_is_believed_no_look_is_doubted(crowded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise has many grains at some scale; were they looked for, they would be found."""
    look = Finder.look
    seen = []

    def changed(self: Finder, scale: float, *, less: Less = "nothing") -> Seen:
        seen.append(less)
        one = scored(look(self, scale, less=less), CROWD + 0.02 if scale <= 1 else CROWD - 0.1)
        first, *others = one.look.candidates
        found = others[:15] if less == "nothing" else [replace(first, score=SURE), *others]
        return replace(one, look=replace(one.look, candidates=found))

    monkeypatch.setattr(Finder, "look", changed)
    monkeypatch.setattr(believing, "_most_credible", lambda looks, _: looks[0])
    monkeypatch.setattr(believing, "clearly_there", lambda *_: [])
    detection = detect(SPOTTED, model=crowded)
    # The one that a look is sure of, and that stands out; no other.
    assert len(found(detection)) == detection.details["found_besides"] == 1
    assert "shading" in seen
    assert "surroundings" not in seen
