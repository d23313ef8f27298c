"""Corrections by hand: what each does to particles, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hand_work import DISCS, EVERYWHERE, SHAPE, canvas, disc_at, everything_about, full_mask, numbers_of, particles_on
from lycurgus.core import edits
from lycurgus.core.drawn_shapes import circle
from lycurgus.core.edits import Canvas, Edit
from lycurgus.core.errors import EditError
from lycurgus.core.measure import measure
from lycurgus.core.types import AnalysisResult, Particle, PixelSize, Provenance
from lycurgus.parameters import default_params
from shapes import instance_of

GROUND = canvas()
FOUND = particles_on(GROUND)
NEXT = len(FOUND) + 1


def at(y: float, x: float, particles: tuple[Particle, ...] = FOUND) -> Particle:
    """The particle with the nearest centre."""
    return min(particles, key=lambda particle: (particle.measurement.y_px - y) ** 2 + (particle.measurement.x_px - x) ** 2)


def by_id(particles: tuple[Particle, ...]) -> dict[int, Particle]:
    return {particle.id: particle for particle in particles}


LONE, FIRST_OF_PAIR, SECOND_OF_PAIR, BORDER = at(90, 40), at(30, 80), at(45, 96), at(4, 140)
THROUGH_LONE = [(90.0, 10.0), (90.0, 70.0)]


def test_the_scene_is_as_described() -> None:
    assert len(FOUND) == len(DISCS)
    assert {FIRST_OF_PAIR.id, SECOND_OF_PAIR.id} == {particle.id for particle in FOUND if "overlapping" in particle.flags}
    assert BORDER.excluded == "touches the border"


def test_a_deleted_particle_is_gone_and_the_others_are_untouched() -> None:
    after = edits.apply(FOUND, edits.delete(FOUND, [LONE.id]))
    assert after == tuple(particle for particle in FOUND if particle is not LONE)


def test_a_particle_whose_only_neighbour_goes_overlaps_nobody() -> None:
    after = by_id(edits.apply(FOUND, edits.delete(FOUND, [FIRST_OF_PAIR.id])))
    assert "overlapping" not in after[SECOND_OF_PAIR.id].flags


def test_a_drawn_particle_is_measured_as_a_detected_one() -> None:
    lone = disc_at(60, 135, 25)
    drawn = by_id(edits.apply(FOUND, edits.draw(FOUND, circle((60, 135), 12.5, shape=SHAPE), GROUND, first_id=NEXT)))[NEXT]
    (detected,) = measure([lone], GROUND.micrograph, EVERYWHERE, GROUND.cleaning)
    assert numbers_of(drawn) == numbers_of(detected)
    assert drawn.flags == {"drawn"}
    assert np.isnan(drawn.instance.score)


def test_drawing_across_a_particle_marks_both_as_overlapping() -> None:
    after = by_id(edits.apply(FOUND, edits.draw(FOUND, circle((75, 40), 8, shape=SHAPE), GROUND, first_id=NEXT)))
    assert after[NEXT].flags == {"drawn", "overlapping"}
    assert after[LONE.id].flags == LONE.flags | {"overlapping"}


@pytest.mark.parametrize(("border", "excluded"), [("exclude", True), ("remove", True), ("keep", False)])
def test_the_border_rule_holds_for_drawn_particles(border: str, excluded: bool) -> None:
    ground = canvas(border=border)
    (drawn,) = edits.draw((), circle((60, 2), 9, shape=SHAPE), ground, first_id=1).added
    assert "touches_border" in drawn.flags
    assert (drawn.excluded == "touches the border") is excluded


def test_a_shape_is_cut_off_where_the_data_bar_begins() -> None:
    usable = EVERYWHERE.copy()
    usable[100:] = False
    (drawn,) = edits.draw((), circle((98, 80), 12, shape=SHAPE), canvas(usable=usable), first_id=1).added
    assert drawn.instance.bbox.y1 == 100
    assert drawn.excluded == "touches the border"


def test_shapes_that_are_no_particles_are_refused_with_a_sentence() -> None:
    usable = EVERYWHERE.copy()
    usable[100:] = False
    with pytest.raises(EditError, match="outside the picture"):
        edits.draw((), circle((112, 80), 6, shape=SHAPE), canvas(usable=usable), first_id=1)
    with pytest.raises(EditError, match="smallest particle is 30 px"):
        edits.draw((), circle((50, 50), 2, shape=SHAPE), GROUND, first_id=1)


def test_the_parts_of_a_split_share_out_the_whole() -> None:
    edit = edits.split(FOUND, LONE.id, THROUGH_LONE, GROUND, first_id=NEXT)
    upper, lower = edit.added
    masks = [full_mask(part.instance) for part in edit.added]
    assert (upper.id, lower.id) == (NEXT, NEXT + 1)
    assert upper.measurement.y_px < 90 < lower.measurement.y_px
    assert not (masks[0] & masks[1]).any()
    assert np.array_equal(masks[0] | masks[1], full_mask(LONE.instance))
    assert upper.measurement.area_px == pytest.approx(lower.measurement.area_px, rel=0.1)
    assert upper.flags == lower.flags == {"edited"}


def test_a_slanted_line_splits_too() -> None:
    assert len(edits.split(FOUND, LONE.id, [(60, 12), (119, 71)], GROUND, first_id=NEXT).added) == 2


def test_a_zigzag_splits_into_several_parts() -> None:
    zigzag = [(82, 10), (82, 70), (98, 70), (98, 10)]
    edit = edits.split(FOUND, LONE.id, zigzag, GROUND, first_id=NEXT)
    assert [part.id for part in edit.added] == [NEXT, NEXT + 1, NEXT + 2]
    assert sum(part.instance.area_px for part in edit.added) == LONE.instance.area_px


@pytest.mark.parametrize(
    "line",
    [[(90, 10), (90, 45)], [(90, 30), (90, 50)], [(5, 5), (5, 60)], [(75, 10), (75, 70)], [(75.0, 10.0)], [(np.nan, 1.0), (2.0, 3.0)]],
    ids=["ends inside", "lies inside", "misses", "cuts off a crumb", "one point", "no number"],
)
def test_a_line_that_does_not_cut_is_refused(line: list[tuple[float, float]]) -> None:
    with pytest.raises(EditError):
        edits.split(FOUND, LONE.id, line, GROUND, first_id=NEXT)


def test_merging_the_parts_gives_the_whole_back() -> None:
    halves = edits.apply(FOUND, edits.split(FOUND, LONE.id, THROUGH_LONE, GROUND, first_id=NEXT))
    (whole,) = edits.merge(halves, [NEXT, NEXT + 1], GROUND, first_id=NEXT + 2).added
    assert np.array_equal(full_mask(whole.instance), full_mask(LONE.instance))
    assert numbers_of(whole) == numbers_of(LONE)
    assert (whole.id, whole.flags) == (NEXT + 2, {"edited"})


def test_overlapping_particles_merge_to_their_union() -> None:
    after = by_id(edits.apply(FOUND, edits.merge(FOUND, [FIRST_OF_PAIR.id, SECOND_OF_PAIR.id], GROUND, first_id=NEXT)))
    union = full_mask(FIRST_OF_PAIR.instance) | full_mask(SECOND_OF_PAIR.instance)
    assert np.array_equal(full_mask(after[NEXT].instance), union)
    assert after[NEXT].flags == {"edited"}


def test_a_narrow_gap_is_closed_and_notches_elsewhere_stay() -> None:
    left = np.zeros(SHAPE, dtype=np.bool_)
    left[40:60, 40:60] = True
    left[40:44, 48:50] = False
    right = np.zeros(SHAPE, dtype=np.bool_)
    right[40:60, 63:80] = True
    apart = measure([instance_of(left), instance_of(right)], GROUND.micrograph, EVERYWHERE, GROUND.cleaning)
    (merged,) = edits.merge(apart, [1, 2], GROUND, first_id=3).added
    mask = full_mask(merged.instance)
    assert mask[left | right].all()
    assert not mask[40:44, 48:50].any()
    assert 0 < mask.sum() - left.sum() - right.sum() <= 3 * 20


def test_particles_far_apart_are_not_merged() -> None:
    with pytest.raises(EditError, match="apart"):
        edits.merge(FOUND, [LONE.id, FIRST_OF_PAIR.id], GROUND, first_id=NEXT)


def test_one_particle_cannot_be_merged() -> None:
    with pytest.raises(EditError, match="at least two"):
        edits.merge(FOUND, [LONE.id], GROUND, first_id=NEXT)


def test_an_exclusion_by_hand_stands_over_the_border_rule_and_gives_way_to_it_again() -> None:
    excluded = edits.apply(FOUND, edits.exclude(FOUND, [BORDER.id, LONE.id], " out of\nfocus "))
    assert {by_id(excluded)[number].excluded for number in (BORDER.id, LONE.id)} == {"by hand: out of focus"}
    included = by_id(edits.apply(excluded, edits.include(excluded, [BORDER.id, LONE.id], GROUND.cleaning)))
    assert included[BORDER.id].excluded == "touches the border"
    assert included[LONE.id].excluded is None


def test_the_border_rule_cannot_be_overruled_for_one_particle() -> None:
    with pytest.raises(EditError, match="border rule"):
        edits.include(FOUND, [BORDER.id], GROUND.cleaning)
    with pytest.raises(EditError, match="excluded by hand"):
        edits.include(FOUND, [LONE.id], GROUND.cleaning)


def test_an_exclusion_without_words_is_one() -> None:
    (after,) = edits.exclude(FOUND, [LONE.id], "  ").added
    assert after.excluded == "by hand"
    assert edits.is_excluded_by_hand(after)
    with pytest.raises(EditError, match="already"):
        edits.exclude((after,), [LONE.id], "")


def test_exclusions_by_hand_go_over_to_parts_and_wholes() -> None:
    pair = [FIRST_OF_PAIR.id, SECOND_OF_PAIR.id]
    marked = edits.apply(FOUND, edits.exclude(FOUND, pair[:1], "drift"))
    marked = edits.apply(marked, edits.exclude(marked, [pair[1], LONE.id], "dirt"))
    (merged,) = (particle for particle in edits.merge(marked, pair, GROUND, first_id=NEXT).added if particle.id == NEXT)
    parts = edits.split(marked, LONE.id, THROUGH_LONE, GROUND, first_id=NEXT).added
    assert merged.excluded == "by hand: drift; dirt"
    assert [part.excluded for part in parts] == ["by hand: dirt"] * 2


def test_a_class_stated_by_hand_is_certain_and_marked() -> None:
    (after,) = edits.reclassify(FOUND, [LONE.id], "shape", "rod").added
    assert after.classes == {"shape": ("rod", {"rod": 1.0})}
    assert after.flags == LONE.flags | {"edited"}
    assert after.instance is LONE.instance
    assert after.measurement is LONE.measurement
    with pytest.raises(EditError, match="already"):
        edits.reclassify((after,), [after.id], "shape", "rod")
    with pytest.raises(EditError, match="needs a name"):
        edits.reclassify(FOUND, [LONE.id], "shape", " ")


@pytest.mark.parametrize(
    "build",
    [
        lambda ids: edits.delete(FOUND, ids),
        lambda ids: edits.exclude(FOUND, ids, "dirt"),
        lambda ids: edits.include(FOUND, ids, GROUND.cleaning),
        lambda ids: edits.reclassify(FOUND, ids, "shape", "rod"),
        lambda ids: edits.merge(FOUND, ids, GROUND, first_id=NEXT),
    ],
    ids=["delete", "exclude", "include", "reclassify", "merge"],
)
def test_nothing_selected_and_unknown_particles_are_refused(build) -> None:
    with pytest.raises(EditError, match="no particle is selected"):
        build([])
    with pytest.raises(EditError, match="no particle 99"):
        build([LONE.id, 99])


def test_an_edit_of_other_particles_is_refused() -> None:
    edit = edits.delete(FOUND, [LONE.id])
    with pytest.raises(EditError, match="to change"):
        edits.apply(edits.apply(FOUND, edit), edit)
    with pytest.raises(EditError, match="already"):
        edits.apply(FOUND, Edit("draw", "twice", (), (LONE,)))


def test_lengths_in_nm_come_with_the_pixel_size() -> None:
    (drawn,) = edits.draw((), circle((60, 60), 10, shape=SHAPE), canvas(PixelSize(0.5, 0.5, "user")), first_id=1).added
    assert drawn.measurement.equivalent_diameter_nm == pytest.approx(10, rel=0.02)


def test_a_canvas_needs_the_picture() -> None:
    params = default_params()
    result = AnalysisResult(GROUND.micrograph, FOUND, params, Provenance("0", "cpu", params.digest, ""))
    assert Canvas.of(result).analysed == (0, 0, *SHAPE)
    with pytest.raises(EditError, match="not loaded"):
        Canvas.of(replace(result, micrograph=replace(GROUND.micrograph, pixels=np.zeros((0, 0)))))


def test_an_inverse_undoes() -> None:
    edit = edits.split(FOUND, SECOND_OF_PAIR.id, [(45, 70), (45, 120)], GROUND, first_id=NEXT)
    assert edits.apply(edits.apply(FOUND, edit), edit.inverse) == FOUND
    assert everything_about(FOUND) == everything_about(particles_on(GROUND))
