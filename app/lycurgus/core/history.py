"""The corrections of one image in their order: done, undone, done again, and kept as a journal that can be replayed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from lycurgus.core.edits import DRAWN, Canvas, Edit, EditKind, Particles, apply
from lycurgus.core.errors import EditError
from lycurgus.core.measure import measure_within
from lycurgus.core.particle_data import particle_data, particle_from, remarks_data, with_remarks
from lycurgus.core.types import AnalysisResult, Particle

JOURNAL_VERSION = 1
DELETED = "deleted by hand"


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What was found, what was corrected since, and what it comes to.

    A value: each step returns a new history, so that one thread can keep it while another goes on. ``History.of(result.particles)``
    begins one; ``History()`` is that of an image without particles.

    Attributes
    ----------
    analysed : the particles as the analysis left them.
    particles : as they are now.
    done : edits in their order, the last one is the next to be undone.
    undone : the last one is the next to be done again.
    next_id : an id that no particle of this history ever had, undone and forgotten edits included: a row of a report
        keeps its meaning.
    """

    analysed: Particles = ()
    particles: Particles = ()
    done: tuple[Edit, ...] = ()
    undone: tuple[Edit, ...] = ()
    next_id: int = 1

    @classmethod
    def of(cls, analysed: Particles) -> History:
        """Return the history of particles that nobody has touched."""
        return cls(analysed, analysed, (), (), 1 + max((particle.id for particle in analysed), default=0))

    @property
    def n_edits(self) -> int:
        """How many corrections are in force."""
        return len(self.done)

    @property
    def can_undo(self) -> bool:
        return bool(self.done)

    @property
    def can_redo(self) -> bool:
        return bool(self.undone)

    @property
    def undo_label(self) -> str | None:
        """What ``undo`` would undo, or None."""
        return self.done[-1].label if self.done else None

    @property
    def redo_label(self) -> str | None:
        """What ``redo`` would do again, or None."""
        return self.undone[-1].label if self.undone else None

    def do(self, edit: Edit) -> History:
        """Return the history after one more edit; what was undone before is forgotten.

        Raises
        ------
        EditError
            The edit was built for other particles.
        """
        next_id = max([self.next_id, *(particle.id + 1 for particle in edit.added)])
        return History(self.analysed, apply(self.particles, edit), (*self.done, edit), (), next_id)

    def undo(self) -> History:
        """Return the history before the last edit; itself where there is none."""
        if not self.done:
            return self
        *done, edit = self.done
        return History(self.analysed, apply(self.particles, edit.inverse), tuple(done), (*self.undone, edit), self.next_id)

    def redo(self) -> History:
        """Return the history with the last undone edit in force again; itself where there is none."""
        if not self.undone:
            return self
        *undone, edit = self.undone
        return History(self.analysed, apply(self.particles, edit), (*self.done, edit), tuple(undone), self.next_id)

    def journal(self) -> dict[str, Any]:
        """Return all edits, done and undone, as plain JSON data."""
        return {
            "version": JOURNAL_VERSION,
            "next_id": self.next_id,
            "done": len(self.done),
            "edits": [_edit_data(edit) for edit in (*self.done, *reversed(self.undone))],
        }

    @classmethod
    def replayed(cls, analysed: Particles, journal: Mapping[str, Any]) -> History:
        """Return the history that wrote a journal.

        Parameters
        ----------
        analysed : the same particles that the journal's history began with.

        Raises
        ------
        EditError
            The journal belongs to other particles, is damaged, or comes from a later version.
        """
        try:
            if journal["version"] > JOURNAL_VERSION:
                raise EditError("the corrections were written by a later version", hint="install that version or a newer one")
            history = cls.of(analysed)
            for data in journal["edits"]:
                history = history.do(_edit_from(data, history.particles))
            for _ in range(len(history.done) - journal["done"]):
                history = history.undo()
            return replace(history, next_id=max(history.next_id, journal["next_id"]))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
            raise EditError("the record of corrections is damaged", hint=f"{type(error).__name__}: {error}") from error

    def remeasured(self, canvas: Canvas) -> History:
        """Return the same history with all numbers measured anew, after the pixel size was corrected for instance.

        Ids, flags, classes and exclusions stay: nothing is found or lost by it.
        """
        states = {id(state): state for state in self.analysed}
        states |= {id(state): state for edit in (*self.done, *self.undone) for state in (*edit.removed, *edit.added)}
        instances = {id(state.instance): state.instance for state in states.values()}
        measured = measure_within(canvas.analysed, list(instances.values()), canvas.micrograph, canvas.cleaning)
        numbers = {id(particle.instance): particle.measurement for particle in measured}
        new = {key: replace(state, measurement=numbers[id(state.instance)]) for key, state in states.items()}

        def renewed(particles: Particles) -> Particles:
            return tuple(new[id(particle)] for particle in particles)

        def renewed_edits(edits: tuple[Edit, ...]) -> tuple[Edit, ...]:
            return tuple(replace(edit, removed=renewed(edit.removed), added=renewed(edit.added)) for edit in edits)

        return History(renewed(self.analysed), renewed(self.particles), renewed_edits(self.done), renewed_edits(self.undone), self.next_id)


def edited_result(result: AnalysisResult, history: History) -> AnalysisResult:
    """Return the result as corrected by hand: what the window shows and every exporter writes.

    The provenance tells the number of edits, and deleted particles are counted among what was removed. Warnings are those of the
    analysis.
    """
    removed = {reason: count for reason, count in result.removed.items() if reason != DELETED}
    if deleted := sum(_found_and_gone(edit) for edit in history.done):
        removed[DELETED] = deleted
    provenance = replace(result.provenance, manual_edits=history.n_edits)
    return replace(result, particles=history.particles, provenance=provenance, removed=removed)


def _found_and_gone(edit: Edit) -> int:
    if edit.kind != "delete":
        return 0
    staying = {particle.id for particle in edit.added}
    return sum(particle.id not in staying and DRAWN not in particle.flags for particle in edit.removed)


def _edit_data(edit: Edit) -> dict[str, Any]:
    """Describe an edit for a replay, where the particles that go are known: their ids are enough."""
    before = {particle.id: particle for particle in edit.removed}
    return {
        "kind": edit.kind,
        "label": edit.label,
        "removed": [particle.id for particle in edit.removed],
        "added": [_added_data(particle, before.get(particle.id)) for particle in edit.added],
    }


def _added_data(particle: Particle, before: Particle | None) -> dict[str, Any]:
    """Describe a particle, or only its remarks where outline and numbers stay those of the particle it replaces."""
    same = before is not None and before.instance is particle.instance and before.measurement is particle.measurement
    return remarks_data(particle) if same else particle_data(particle)


def _edit_from(data: Mapping[str, Any], current: Particles) -> Edit:
    if data["kind"] not in get_args(EditKind):
        raise ValueError(f"'{data['kind']}' is no kind of edit")
    known = {particle.id: particle for particle in current}
    if missing := [number for number in data["removed"] if number not in known]:
        raise EditError(f"the record of corrections belongs to another analysis: there is no particle {missing[0]}")
    added = [particle_from(one) if "instance" in one else with_remarks(known[one["id"]], one) for one in data["added"]]
    return Edit(data["kind"], data["label"], tuple(known[number] for number in data["removed"]), tuple(added))
