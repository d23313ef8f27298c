"""Corrections by hand as values: each says which particles go and which come, and so can be undone, kept and replayed.

Builders look at the particles as they are now and return an ``Edit``; ``apply`` carries it out. What comes is measured exactly as a
detected particle is. The reasons behind the rules stand in docs/decisions/edits.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.annotations import usable_area
from lycurgus.core.cleaning import AT_BORDER, analysed_field, clean, least_area_px
from lycurgus.core.drawn_shapes import Points, cropped
from lycurgus.core.errors import EditError
from lycurgus.core.mask_surgery import cut, joined
from lycurgus.core.masked import AT_MASK, MaskedArea
from lycurgus.core.measure import OVERLAPPING, exclusion_of, measure_within
from lycurgus.core.overlap import overlaps_of
from lycurgus.core.params import CleaningParams
from lycurgus.core.types import AnalysisResult, BBox, Instance, Micrograph, Particle

DRAWN = "drawn"
EDITED = "edited"
BY_HAND = "by hand"

EditKind = Literal["delete", "exclude", "include", "draw", "split", "merge", "reclassify"]
Particles = tuple[Particle, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """One correction.

    Attributes
    ----------
    kind : what was done; an inverse keeps it.
    label : for the undo menu, for instance "Delete 3 particles".
    removed, added : particles as they were before and as they are after. A particle that merely changes (its class, its exclusion, its
        "overlapping" flag because a neighbour came or went) stands in both with the same id.
    """

    kind: EditKind
    label: str
    removed: Particles
    added: Particles

    @property
    def inverse(self) -> Edit:
        """The edit that undoes this one."""
        return replace(self, removed=self.added, added=self.removed)


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """What measuring needs besides a mask.

    Attributes
    ----------
    micrograph : with its pixels.
    analysed : box of the field without data bar and frame.
    cleaning : its limits of size and its border rule hold for hand work too.
    masked : labels and missing pixels inside the field, or None; they cut what was found, but not what was drawn across them.
    """

    micrograph: Micrograph
    analysed: BBox
    cleaning: CleaningParams
    masked: MaskedArea | None = None

    @classmethod
    def of(cls, result: AnalysisResult) -> Canvas:
        """Return the canvas of an analysed image.

        Raises
        ------
        EditError
            The result came without its picture (``pipeline.without_pixels``).
        """
        if not result.micrograph.pixels.size:
            raise EditError("the image is not loaded, so nothing can be measured on it", hint="open the image first")
        usable = usable_area(result.micrograph.pixels, result.annotations)
        analysed = analysed_field(usable)
        return cls(result.micrograph, analysed, result.params.cleaning, MaskedArea.of(usable, analysed))

    @property
    def least_px(self) -> float:
        """Area from which a shape is a particle."""
        return least_area_px(self.cleaning, self.micrograph.pixel_size)


def apply(particles: Sequence[Particle], edit: Edit) -> Particles:
    """Carry out an edit; the particles come ordered by id.

    Raises
    ------
    EditError
        The edit belongs to other particles.
    """
    staying = {particle.id: particle for particle in particles}
    for particle in edit.removed:
        if staying.pop(particle.id, None) is None:
            raise EditError(f"there is no particle {particle.id} to change")
    for particle in edit.added:
        if particle.id in staying:
            raise EditError(f"there is a particle {particle.id} already")
        staying[particle.id] = particle
    return tuple(staying[number] for number in sorted(staying))


def delete(current: Sequence[Particle], ids: Iterable[int]) -> Edit:
    """Take particles away, as if they had never been found."""
    return _settled("delete", _label("Delete", chosen := _chosen(current, ids)), current, chosen, ())


def exclude(current: Sequence[Particle], ids: Iterable[int], reason: str) -> Edit:
    """Leave particles out of the statistics; ``excluded`` becomes "by hand: REASON", whatever another rule says.

    Parameters
    ----------
    reason : the operator's words; line breaks become spaces, and it may be empty.
    """
    words = " ".join(reason.split())
    excluded = f"{BY_HAND}: {words}" if words else BY_HAND
    changing = [particle for particle in _chosen(current, ids) if particle.excluded != excluded]
    if not changing:
        raise EditError("the chosen particles are excluded for that reason already")
    return _changed("exclude", "Exclude", changing, [replace(particle, excluded=excluded) for particle in changing])


def include(current: Sequence[Particle], ids: Iterable[int], cleaning: CleaningParams) -> Edit:
    """Take exclusions by hand back; where the border rule excludes a particle too, that exclusion stands again.

    Raises
    ------
    EditError
        None of the particles was excluded by hand. The border rule is not overruled one by one: border weights are right only where
        all particles at the border are left out.
    """
    chosen = _chosen(current, ids)
    changing = [particle for particle in chosen if is_excluded_by_hand(particle)]
    if changing:
        return _changed(
            "include", "Include", changing, [replace(particle, excluded=_border_rule(particle, cleaning)) for particle in changing]
        )
    if any(particle.excluded == AT_MASK for particle in chosen):
        raise EditError("particles that a masked area cuts are left out by the border rule", hint="draw the whole particle by hand")
    if any(particle.excluded == AT_BORDER for particle in chosen):
        raise EditError("particles at the border are left out by the border rule", hint="set Cleaning, Particles at the border, to 'keep'")
    raise EditError("none of the chosen particles was excluded by hand")


def reclassify(current: Sequence[Particle], ids: Iterable[int], task: str, name: str) -> Edit:
    """State a class by hand; it is certain, so its probability is 1."""
    if not (task.strip() and name.strip()):
        raise EditError("a class needs a name")
    stated = (name, {name: 1.0})
    changing = [particle for particle in _chosen(current, ids) if particle.classes.get(task) != stated]
    if not changing:
        raise EditError(f"the chosen particles are of the class '{name}' already")
    changed = [replace(particle, classes={**particle.classes, task: stated}, flags=particle.flags | {EDITED}) for particle in changing]
    return _changed("reclassify", f"Classify as {name}:", changing, changed)


def draw(current: Sequence[Particle], shape: Instance, canvas: Canvas, *, first_id: int) -> Edit:
    """Add a particle drawn by hand.

    Parameters
    ----------
    shape : of ``drawn_shapes``. What lies over a data bar or frame is cut off; a label inside the picture is drawn across, for a
        particle goes on beneath it.
    first_id : an id that was never used.

    Raises
    ------
    EditError
        Nothing of the shape lies on the picture, or too little.
    """
    field = canvas.analysed
    y0, x0 = max(shape.bbox.y0, field.y0), max(shape.bbox.x0, field.x0)
    y1, x1 = min(shape.bbox.y1, field.y1), min(shape.bbox.x1, field.x1)
    if y1 <= y0 or x1 <= x0:
        raise EditError("the shape lies outside the picture")
    inside = shape.mask[y0 - shape.bbox.y0 : y1 - shape.bbox.y0, x0 - shape.bbox.x0 : x1 - shape.bbox.x0]
    instance = replace(_cleaned(cropped(inside, BBox(y0, x0, y1, x1)), canvas), flags=frozenset({DRAWN}))
    return _settled("draw", "Draw a particle", current, (), _measured([instance], canvas, first_id))


def split(current: Sequence[Particle], particle_id: int, line: Points, canvas: Canvas, *, first_id: int) -> Edit:
    """Cut one particle along a line into two or more new ones, which together cover the same pixels.

    An exclusion by hand goes over to the parts, classes do not.

    Parameters
    ----------
    line : (n, 2) (y, x) in px, from outside the particle across it to the outside.
    first_id : an id that was never used; the parts are numbered from it in reading order.

    Raises
    ------
    EditError
        The line does not cut it into parts that are large enough to be particles.
    """
    (whole,) = _chosen(current, [particle_id])
    flags = _inherited([whole])
    parts = [replace(part, flags=flags) for part in cut(whole.instance, line, least_px=canvas.least_px)]
    added = _measured(parts, canvas, first_id, excluded=_exclusion_by_hand([whole]))
    return _settled("split", f"Split particle {whole.id}", current, (whole,), added)


def merge(current: Sequence[Particle], ids: Iterable[int], canvas: Canvas, *, first_id: int) -> Edit:
    """Make one new particle of several.

    Gaps of a few pixels between them are closed. An exclusion by hand of any of them goes over to the whole, classes do not.

    Raises
    ------
    EditError
        Fewer than two particles, or they lie too far apart.
    """
    chosen = _chosen(current, ids)
    if len(chosen) < 2:
        raise EditError("merging needs at least two particles", hint="select them with Shift or by a box")
    union = _cleaned(joined([particle.instance for particle in chosen]), canvas)
    added = _measured([replace(union, flags=_inherited(chosen))], canvas, first_id, excluded=_exclusion_by_hand(chosen))
    return _settled("merge", _label("Merge", chosen), current, chosen, added)


def is_excluded_by_hand(particle: Particle) -> bool:
    """Tell whether an operator, rather than a rule, left the particle out."""
    return particle.excluded is not None and (particle.excluded == BY_HAND or particle.excluded.startswith(f"{BY_HAND}: "))


def _chosen(current: Sequence[Particle], ids: Iterable[int]) -> Particles:
    wanted = set(ids)
    chosen = tuple(particle for particle in current if particle.id in wanted)
    if not wanted:
        raise EditError("no particle is selected")
    if missing := wanted - {particle.id for particle in chosen}:
        raise EditError(f"there is no particle {min(missing)}")
    return chosen


def _changed(kind: EditKind, verb: str, before: Sequence[Particle], after: Sequence[Particle]) -> Edit:
    return Edit(kind, _label(verb, before), tuple(before), tuple(after))


def _label(verb: str, particles: Sequence[Particle]) -> str:
    return f"{verb} particle {particles[0].id}" if len(particles) == 1 else f"{verb} {len(particles)} particles"


def _cleaned(instance: Instance, canvas: Canvas) -> Instance:
    """Fill small holes as after detection; EditError for a speck."""
    # The field is asked for only where particles at the border are dropped, and what a hand drew is not dropped for that.
    anywhere = canvas.cleaning.model_copy(update={"border": "keep"})
    cleaned = clean([instance], np.ones((1, 1), dtype=np.bool_), anywhere, canvas.micrograph.pixel_size)
    if not cleaned.kept:
        raise EditError(
            f"the shape covers {instance.area_px} px, and the smallest particle is {canvas.least_px:.0f} px",
            hint="draw it larger, or lower Cleaning, Smallest particle",
        )
    return cleaned.kept[0]


def _inherited(sources: Sequence[Particle]) -> frozenset[str]:
    drawn = any(DRAWN in particle.flags for particle in sources)
    return frozenset({EDITED, DRAWN}) if drawn else frozenset({EDITED})


def _exclusion_by_hand(sources: Sequence[Particle]) -> str | None:
    """Return the exclusion that an operator gave any of them; different reasons are all kept."""
    given = [particle.excluded for particle in sources if particle.excluded is not None and is_excluded_by_hand(particle)]
    words = dict.fromkeys(text.removeprefix(BY_HAND).removeprefix(": ") for text in given)
    reasons = "; ".join(filter(None, words))
    return (f"{BY_HAND}: {reasons}" if reasons else BY_HAND) if given else None


def _border_rule(particle: Particle, cleaning: CleaningParams) -> str | None:
    # Under "remove" only a particle drawn by hand can be at the border; the weights ask for it to be left out as well.
    return exclusion_of(particle.flags) if cleaning.border != "keep" else None


def _measured(instances: Sequence[Instance], canvas: Canvas, first_id: int, *, excluded: str | None = None) -> Particles:
    """Measure new instances; "overlapping" is left to ``_settled``, which knows their neighbours."""
    particles = []
    if canvas.masked is not None:
        instances = [one if DRAWN in one.flags else canvas.masked.flagged([one])[0] for one in instances]
    for particle in measure_within(canvas.analysed, instances, canvas.micrograph, canvas.cleaning):
        reason = excluded or _border_rule(particle, canvas.cleaning)
        particles.append(replace(particle, id=first_id - 1 + particle.id, excluded=reason, flags=particle.flags - {OVERLAPPING}))
    return tuple(particles)


def _settled(kind: EditKind, label: str, current: Sequence[Particle], removed: Collection[Particle], added: Sequence[Particle]) -> Edit:
    """Complete an edit by the neighbours whose "overlapping" flag changes with it."""
    gone = {particle.id for particle in removed}
    staying = [particle for particle in current if particle.id not in gone]
    after, changed = [*staying, *added], [*removed, *added]
    boxes = np.array([particle.instance.bbox for particle in after]).reshape(-1, 4)
    # Who comes may make anybody overlap, who goes can only end what was.
    suspects = np.array([bool(added) or OVERLAPPING in particle.flags for particle in after], dtype=np.bool_)
    places = np.flatnonzero(suspects & _meets(boxes, changed))
    touched = overlaps_of([particle.instance for particle in changed], [after[place].instance for place in places]).truth
    near = places[np.unique(touched)]
    around = np.flatnonzero(_meets(boxes, [after[place] for place in near]))
    met = overlaps_of([after[place].instance for place in near], [after[place].instance for place in around])
    # Every instance meets itself; who meets two or more overlaps another.
    overlapping = np.bincount(met.predicted, minlength=len(near)) > 1
    before, settled = list(removed), []
    for place, overlaps in zip(near.tolist(), overlapping.tolist(), strict=True):
        particle = after[place]
        if place >= len(staying):
            settled.append(replace(particle, flags=particle.flags | {OVERLAPPING}) if overlaps else particle)
        elif overlaps != (OVERLAPPING in particle.flags):
            before.append(particle)
            settled.append(replace(particle, flags=particle.flags ^ {OVERLAPPING}))
    return Edit(kind, label, tuple(before), tuple(settled))


def _meets(boxes: NDArray[np.int64], particles: Sequence[Particle]) -> NDArray[np.bool_]:
    """Tell which boxes (n, 4) meet the common box of the particles."""
    if not particles:
        return np.zeros(len(boxes), dtype=np.bool_)
    corners = np.array([particle.instance.bbox for particle in particles])
    low, high = corners[:, :2].min(axis=0), corners[:, 2:].max(axis=0)
    return np.asarray((boxes[:, :2] < high).all(axis=1) & (boxes[:, 2:] > low).all(axis=1))
