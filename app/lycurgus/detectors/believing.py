"""Which looks at a picture a network's detector believes, and which of their finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from lycurgus.detectors.decoding import Candidate
from lycurgus.detectors.decoding.credibility import credibilities, most_credible, score_threshold
from lycurgus.detectors.decoding.outlines import foreground_of
from lycurgus.detectors.faint import clearly_there
from lycurgus.detectors.gaps import without_gaps
from lycurgus.detectors.looks import Finder, Seen
from lycurgus.detectors.scales import MOST_FURTHER, further_scales, same_scale
from lycurgus.detectors.standing_out import standing_out
from lycurgus.detectors.supports import MOST_ENLARGED, are_borne_out, is_doubtful, makes_surer, support_scales
from lycurgus.detectors.surroundings import of_one_polarity

FLATTENED = 2
"""The finest scales, so many, are looked at without shading too; coarser ones show particles that shading does not hide."""

BOTH_PX = 800**2
"""A picture of more pixels is not looked at twice at its finest scale, with shading and without: the next one decides between them."""

NEARLY = 0.97
"""So much of the credibility of another look is nearly as much: which of both is believed is chance."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores from which a find is believed whatever else is found, as one of many, and from which it counts as likely.

    ``wanted`` is what the user has set: it decides what is reported, not how the picture is looked at.
    """

    sure: float
    crowd: float
    likely: float
    wanted: float | None = None


@dataclass(frozen=True, slots=True)
class Belief:
    """Looks that are believed and what is found by them.

    ``threshold`` is the score that it takes, ``own_threshold`` the one that it would take if the user had set none, by which ``own_found``
    would be found; ``at_once`` tells whether the first of these looks had shown something by itself, ``is_faint`` whether no look
    was sure of anything, and ``gaps`` how many finds were left out as background between particles.
    """

    looks: Sequence[Seen]
    found: Sequence[Candidate]
    own_found: Sequence[Candidate]
    threshold: float
    own_threshold: float
    at_once: bool = True
    is_faint: bool = False
    gaps: int = 0

    @property
    def scales(self) -> list[float]:
        return [one.scale for one in self.looks]


def most_looks(scales: Sequence[float], *, further: bool) -> int:
    """How often a picture is looked at, at most."""
    return 2 * len(scales) + len(scales[:FLATTENED]) + (MOST_FURTHER + MOST_ENLARGED if further else 0)


def believe(finder: Finder, scales: tuple[float, ...], scores: Scores, *, further: bool) -> tuple[Belief, list[Seen]]:
    """Look at a picture and decide what to believe.

    Parameters
    ----------
    scales : at which it is looked at in any case, the finest first.
    further : whether at others, too, where what is found calls for them.

    Returns
    -------
    What is believed, and all looks.

    Raises
    ------
    Cancelled
    """
    first = _first_looks(finder, scales, scores.likely)
    looks = list(first)
    belief = _believed(finder, looks, scores, further=further)
    plane, usable = finder.scene.plane, finder.scene.usable
    if _is_doubtful(first, belief, scores):
        wanted = support_scales(scales, belief.scales, finder.shape) if further else scales
        near = [finder.look(scale, less="surroundings") for scale in wanted]
        looks += near
        instead = _belief(finder, near, scores)
        found, own_found = (of_one_polarity(some, plane, usable) for some in (instead.found, instead.own_found))
        if are_borne_out(own_found, belief.own_found, sure=scores.sure):
            belief = replace(instead, found=found, own_found=own_found)
    # Last, since it takes time; looks have been compared with their gaps.
    found = without_gaps(belief.found, plane, usable, cancel=finder.cancel)
    gaps = len(belief.found) - len(found)
    if scores.wanted is None:
        belief = replace(belief, found=found, own_found=found, gaps=gaps)
        return belief if found or gaps else _faint(finder, looks, belief, scores), looks
    own_found = without_gaps(belief.own_found, plane, usable, cancel=finder.cancel)
    return replace(belief, found=found, own_found=own_found, gaps=gaps), looks


def _first_looks(finder: Finder, scales: tuple[float, ...], likely: float) -> list[Seen]:
    """Look at a picture at scales, the finest first, with its shading and at the finest ones without."""
    finest, *coarser = scales
    looks = [finder.look(scale) for scale in coarser] + [finder.look(scale, less="shading") for scale in coarser[: FLATTENED - 1]]
    if coarser and prod(finder.shape) > BOTH_PX:
        less = _most_credible([one for one in looks if one.scale == coarser[0]], likely).less
        return [finder.look(finest, less=less), *looks]
    return [finder.look(finest), finder.look(finest, less="shading"), *looks]


def _most_credible(looks: Sequence[Seen], likely: float) -> Seen:
    """The most credible look, by what is likely in each."""
    return looks[most_credible([one.look.down_to(likely) for one in looks])]


def _believed(finder: Finder, looks: list[Seen], scores: Scores, *, further: bool) -> Belief:
    """Believe the most credible of the first looks, and beside it those at further scales that it calls for; ``looks`` gets these too."""
    first = _most_credible(looks, scores.likely)
    belief = _belief(finder, [first], scores)
    if not further:
        return belief
    nothing_sure = not belief.found
    if nothing_sure:
        # Enlarged noise has many grains that are alike: each has to be sure by itself.
        scores = replace(scores, crowd=scores.sure)
    manifest = finder.network.model.manifest
    least = min(scores.likely, belief.threshold)
    likely = [] if nothing_sure else [one for one in finder.merged([first]) if one.score >= least]
    for scale in further_scales(manifest, finder.shape, first.scale, likely):
        known = (one for one in looks if one.less == first.less and same_scale(one.scale, scale))
        more = next(known, None)
        if more is None:
            more = finder.look(scale, less=first.less)
            looks.append(more)
        if nothing_sure and scale > max(1.0, first.scale):
            # Sure of the particle or not, a look at the picture has seen that something is there; grains it took for background.
            place = looks.index(more)
            more = looks[place] = more.borne_out_by(first, foreground=finder.decoding.foreground)
        # Enlarged particles break up, and noise has grains: they are known by lower scores. A reduced picture has neither, and
        # shows large particles alone, so that the looks cannot be compared.
        if scale < first.scale or _most_credible([first, more], scores.likely) is more:
            belief = _belief(finder, [*belief.looks, more], scores)
    return replace(belief, at_once=not nothing_sure)


def _is_doubtful(first: Sequence[Seen], belief: Belief, scores: Scores) -> bool:
    """Tell whether what is believed is, or what another first look shows that is nearly as credible and surer of more particles.

    Where nothing was believed at first there is nothing to doubt: noise has many grains at some scale.
    """
    if not (belief.found and belief.at_once):
        return False
    credible = dict(zip(first, credibilities([one.look.down_to(scores.likely) for one in first]), strict=True))
    least = NEARLY * credible[belief.looks[0]]
    thresholds = [belief.own_threshold]
    for one in first:
        found = one.look.candidates
        if one is not belief.looks[0] and credible[one] >= least and makes_surer(found, belief.own_found, sure=scores.sure):
            thresholds.append(score_threshold([candidate.score for candidate in found], sure=scores.sure, crowd=scores.crowd))
    return any(is_doubtful(threshold, crowd=scores.crowd, sure=scores.sure) for threshold in thresholds)


def _belief(finder: Finder, looks: Sequence[Seen], scores: Scores) -> Belief:
    """Find what is to be believed of the finds of all looks that are."""
    own = score_threshold([one.score for one in finder.merged(looks)], sure=scores.sure, crowd=scores.crowd)
    threshold = own if scores.wanted is None else scores.wanted
    # Once more without the others: what is not believed must not have taken the place of what is.
    found = finder.merged(looks, least=threshold)
    return Belief(looks, found, found if scores.wanted is None else finder.merged(looks, least=own), threshold, own)


def _faint(finder: Finder, looks: Sequence[Seen], belief: Belief, scores: Scores) -> Belief:
    """Where no look is sure of anything, believe what is clearly there of what the network thinks possible, in the look that shows most."""
    shown = [one for one in looks if one.less != "surroundings"]
    if any(candidate.score >= scores.sure for one in shown for candidate in one.look.candidates):
        return belief
    plane, usable, least = finder.scene.plane, finder.scene.usable, min(scores.likely, scores.crowd)
    best, most = belief, 0.0
    for one in shown:
        there = clearly_there(finder.merged([one], least=least), plane, usable)
        found = without_gaps(there, plane, usable, cancel=finder.cancel)
        worth = sum(candidate.score * candidate.area_px for candidate in found)
        if worth > most:
            best, most = replace(belief, looks=[one], found=found, own_found=found, threshold=least, is_faint=True), worth
    return best


def found_besides(finder: Finder, looks: Sequence[Seen], belief: Belief, scores: Scores) -> list[Candidate]:
    """Return what stands out in other looks and is believed in none; on a support there is too much of that in looks that show it."""
    if belief.looks[0].less == "surroundings":
        return []
    # What a set score leaves out is no more to be found in another look than what it lets in.
    known = [*belief.found, *belief.own_found]
    taken = foreground_of(known, finder.shape)
    others = [one.without(taken) for one in looks if one not in belief.looks and one.less != "surroundings"]
    sure = finder.merged(others, least=scores.sure if scores.wanted is None else max(scores.sure, scores.wanted))
    return standing_out(sure, known, finder.scene.plane, finder.scene.usable)
