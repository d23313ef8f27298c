"""A history of corrections: undone, done again, kept and replayed, for any sequence of them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hand_work import SHAPE, canvas, everything_about, numbers_of, particles_on
from lycurgus.core import edits
from lycurgus.core.drawn_shapes import circle, polygon
from lycurgus.core.errors import EditError
from lycurgus.core.history import History, edited_result
from lycurgus.core.measure import overlapping
from lycurgus.core.types import AnalysisResult, PixelSize, Provenance
from lycurgus.parameters import default_params

GROUND = canvas(PixelSize(0.5, 0.4, "metadata"))
FOUND = particles_on(GROUND)
KINDS = ("delete", "exclude", "include", "draw", "split", "merge", "reclassify", "undo", "redo")

steps = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 2**32 - 1)), max_size=14)
few = settings(max_examples=25, derandomize=True, deadline=None)


def step(history: History, kind: str, seed: int) -> History:
    """Take one step with choices that follow from the seed; one that is refused changes nothing."""
    random = np.random.default_rng(seed)
    current = history.particles
    ids = [particle.id for particle in current]
    some = random.choice(ids, size=min(len(ids), int(random.integers(1, 4))), replace=False).tolist() if ids else []
    y, x = random.uniform((0, 0), SHAPE)
    try:
        match kind:
            case "undo":
                return history.undo()
            case "redo":
                return history.redo()
            case "delete":
                edit = edits.delete(current, some)
            case "exclude":
                edit = edits.exclude(current, some, str(random.choice(["dirt", "drift", ""])))
            case "include":
                edit = edits.include(current, some, GROUND.cleaning)
            case "reclassify":
                edit = edits.reclassify(current, some, "shape", str(random.choice(["rod", "sphere"])))
            case "draw" if seed % 2:
                edit = edits.draw(current, circle((y, x), random.uniform(2, 20), shape=SHAPE), GROUND, first_id=history.next_id)
            case "draw":
                outline = np.array([y, x]) + random.uniform(-20, 20, (7, 2))
                edit = edits.draw(current, polygon(outline, shape=SHAPE), GROUND, first_id=history.next_id)
            case "split":
                chosen = next(particle for particle in current if particle.id in some)
                centre = np.array([chosen.measurement.y_px, chosen.measurement.x_px])
                across = random.normal(size=2) * 80
                edit = edits.split(current, chosen.id, [centre - across, centre + across], GROUND, first_id=history.next_id)
            case _:
                edit = edits.merge(current, some, GROUND, first_id=history.next_id)
    except (EditError, StopIteration):
        return history
    return history.do(edit)


def walked(walk: list[tuple[str, int]]) -> History:
    history = History.of(FOUND)
    for kind, seed in walk:
        history = step(history, kind, seed)
    return history


@given(steps)
@few
def test_undoing_everything_restores_the_very_same_particles_and_redoing_the_corrected_ones(walk: list[tuple[str, int]]) -> None:
    history = undone = walked(walk)
    while undone.can_undo:
        undone = undone.undo()
    assert undone.particles == FOUND
    redone = undone
    for _ in range(history.n_edits):
        redone = redone.redo()
    assert redone.particles == history.particles


@given(steps)
@few
def test_a_journal_replayed_on_the_analysis_gives_the_same_particles_and_the_same_steps(walk: list[tuple[str, int]]) -> None:
    history = walked(walk)
    replayed = History.replayed(FOUND, json.loads(json.dumps(history.journal(), allow_nan=False)))
    assert everything_about(replayed.particles) == everything_about(history.particles)
    assert replayed.next_id == history.next_id
    assert [edit.label for edit in replayed.done] == [edit.label for edit in history.done]
    while history.can_redo or replayed.can_redo:
        history, replayed = history.redo(), replayed.redo()
        assert everything_about(replayed.particles) == everything_about(history.particles)
    assert replayed.journal() == history.journal()


@given(steps)
@few
def test_overlaps_ids_and_exclusions_stay_consistent_through_all_corrections(walk: list[tuple[str, int]]) -> None:
    history = walked(walk)
    particles = history.particles
    flagged = ["overlapping" in particle.flags for particle in particles]
    assert flagged == overlapping([particle.instance for particle in particles]).tolist()
    ids = [particle.id for particle in particles]
    assert ids == sorted(set(ids))
    assert max(ids, default=0) < history.next_id
    for particle in particles:
        assert particle.instance.mask.shape == (particle.instance.bbox.height, particle.instance.bbox.width)
        assert particle.measurement.area_px == particle.instance.area_px >= 4
        assert particle.excluded is not None or "touches_border" not in particle.flags


@given(st.floats(0, 180), st.floats(-6, 6), st.sampled_from(FOUND))
@few
def test_splitting_conserves_the_area_and_merging_the_parts_gives_the_mask_back(angle: float, offset: float, whole) -> None:
    direction = np.array([np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))])
    middle = np.array([whole.measurement.y_px, whole.measurement.x_px]) + offset * direction[::-1] * (1, -1)
    edit = edits.split(FOUND, whole.id, [middle - 60 * direction, middle + 60 * direction], GROUND, first_id=100)
    parts = [particle for particle in edit.added if particle.id >= 100]
    assert sum(part.instance.area_px for part in parts) == whole.instance.area_px
    merged = edits.merge(edits.apply(FOUND, edit), [part.id for part in parts], GROUND, first_id=200)
    (again,) = (particle for particle in merged.added if particle.id == 200)
    assert again.instance.bbox == whole.instance.bbox
    assert np.array_equal(again.instance.mask, whole.instance.mask)
    assert numbers_of(again) == numbers_of(whole)


def test_an_id_is_never_used_twice_even_after_its_edit_is_undone_and_forgotten() -> None:
    history = History.of(FOUND)
    drawn = history.do(edits.draw(history.particles, circle((60, 130), 9, shape=SHAPE), GROUND, first_id=history.next_id))
    forgotten = drawn.undo().do(edits.delete(FOUND, [1]))
    assert not forgotten.can_redo
    assert forgotten.next_id == drawn.next_id == len(FOUND) + 2
    kept = History.replayed(FOUND, json.loads(json.dumps(forgotten.journal())))
    assert kept.next_id == forgotten.next_id


def test_there_is_nothing_to_undo_or_redo_at_first() -> None:
    for history in (History(), History.of(FOUND)):
        assert history.undo() is history
        assert history.redo() is history
        assert (history.undo_label, history.redo_label, history.n_edits) == (None, None, 0)


def test_a_step_leaves_the_history_before_it_as_it_was() -> None:
    before = History.of(FOUND)
    after = before.do(edits.delete(FOUND, [1, 2]))
    assert before.particles == FOUND
    assert (after.undo_label, after.undo().redo_label) == ("Delete 2 particles", "Delete 2 particles")


def test_changed_remarks_cost_the_journal_no_outline() -> None:
    history = History.of(FOUND).do(edits.exclude(FOUND, [particle.id for particle in FOUND], "dirt"))
    assert all("instance" not in added for added in history.journal()["edits"][0]["added"])


@pytest.mark.parametrize(
    "damage",
    [
        lambda journal: journal.pop("edits"),
        lambda journal: journal["edits"][0].pop("removed"),
        lambda journal: journal["edits"][0].update(kind="explode"),
        lambda journal: journal["edits"][0].update(removed=[99]),
        lambda journal: journal["edits"][1]["added"][0].update(measurement={}),
        lambda journal: journal["edits"][1]["added"][0]["instance"].update(bbox=[1, 2]),
        lambda journal: journal.update(version=99),
        lambda journal: journal.update(next_id="7"),
    ],
)
def test_a_damaged_or_foreign_journal_is_refused_with_a_sentence(damage) -> None:
    history = History.of(FOUND).do(edits.delete(FOUND, [1]))
    history = history.do(edits.draw(history.particles, circle((60, 130), 9, shape=SHAPE), GROUND, first_id=history.next_id))
    journal = json.loads(json.dumps(history.journal()))
    damage(journal)
    with pytest.raises(EditError):
        History.replayed(FOUND, journal)


def test_the_result_shows_the_corrections_and_counts_them() -> None:
    params = default_params()
    result = AnalysisResult(GROUND.micrograph, FOUND, params, Provenance("0", "cpu", params.digest, ""), removed={"speck": 2})
    history = History.of(FOUND)
    history = history.do(edits.draw(history.particles, circle((60, 130), 9, shape=SHAPE), GROUND, first_id=history.next_id))
    history = history.do(edits.delete(history.particles, [1, 2, history.next_id - 1]))
    shown = edited_result(result, history)
    assert shown.particles == history.particles
    assert shown.provenance.manual_edits == 2
    # The particle that was drawn before was never found, so deleting it removes nothing from the analysis.
    assert shown.removed == {"speck": 2, "deleted by hand": 2}
    assert edited_result(shown, history.undo()).removed == {"speck": 2}


def test_a_corrected_pixel_size_changes_the_numbers_and_nothing_else() -> None:
    history = walked([("draw", 11), ("split", 5), ("exclude", 3), ("delete", 2), ("draw", 31), ("undo", 0)])
    assert history.n_edits >= 3
    finer = replace(GROUND, micrograph=replace(GROUND.micrograph, pixel_size=PixelSize(0.25, 0.2, "user")))
    again = history.remeasured(finer)
    assert [particle.id for particle in again.particles] == [particle.id for particle in history.particles]
    for old, new in zip(history.particles, again.particles, strict=True):
        assert new.measurement.equivalent_diameter_nm == pytest.approx(old.measurement.equivalent_diameter_nm / 2)
        assert (new.measurement.area_px, new.flags, new.excluded) == (old.measurement.area_px, old.flags, old.excluded)
    undone = again
    while undone.can_undo:
        undone = undone.undo()
    assert undone.particles == again.analysed
    assert everything_about(again.remeasured(GROUND).particles) == everything_about(history.particles)
