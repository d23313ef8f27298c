"""Domain-randomised images from as little as one labelled one: its particles, turned and scaled, on backgrounds without particles."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lycurgus_train.data.check import FEWEST_PIXELS
from lycurgus_train.labelled import LabelledImage
from lycurgus_train.synth.background_pool import framed, inpainted, shading, synthetic
from lycurgus_train.synth.compose import calmed, compose
from lycurgus_train.synth.errors import SynthesisError
from lycurgus_train.synth.parameters import SynthesisParams
from lycurgus_train.synth.particle_pool import ParticlePool, cut_out, is_clear, retextured
from lycurgus_train.synth.placement import place
from lycurgus_train.synth.randomise import randomise
from lycurgus_train.synth.source import Source, check_pairs, polarity, prepare
from lycurgus_train.synth.stamp import Stamp, make_stamp

__all__ = ["SynthesisParams", "Synthesiser", "synthesize"]

Float = NDArray[np.float32]

KIND = "synthesis"

REMEMBERED_BYTES = 256 << 20
"""Prepared images are kept up to this much memory; the others are prepared again when they are drawn again."""

_BACKGROUND = 0xB9


class Synthesiser:
    """Makes image number i, any i, in any order, always the same.

    Parameters
    ----------
    pairs : the labelled images; those without particles give backgrounds only.
    seed : everything that is drawn depends on it and on the number of the image alone.
    probabilities : foreground probability (H, W) in 0 ... 1 by the name of the image, taken as soft alpha where given.

    Raises
    ------
    SynthesisError
        There is no image or no usable particle, or masks or probabilities do not fit their images.
    """

    def __init__(
        self,
        pairs: Sequence[LabelledImage],
        params: SynthesisParams,
        *,
        seed: int,
        probabilities: Mapping[str, NDArray[Any]] | None = None,
    ) -> None:
        self.pairs, self.params, self.seed = tuple(pairs), params, seed
        self._probabilities = probabilities or {}
        check_pairs(self.pairs)
        _check_probabilities(self.pairs, self._probabilities)
        self.pool = ParticlePool.of(self.pairs, params)
        self._prepared: OrderedDict[tuple[int, str], Any] = OrderedDict()
        self._bytes = 0
        self._polarities: dict[int, int] = {}
        self._clear_members: dict[int, tuple[int, ...]] = {}

    def image(self, index: int) -> LabelledImage:
        """Make one image.

        Returns
        -------
        LabelledImage of (size_px, size_px) uint8 or uint16; its instances lie in the order of pasting, the last on top.
        """
        params, rng = self.params, np.random.default_rng([self.seed, index])
        shape = params.size_px, params.size_px
        sources = self._choose_sources(rng)
        behind = self._choose_background(sources[0], rng)
        background = self._background(behind, shape, rng)
        stamps = self._stamps(sources, shape, rng)
        background = calmed(background, stamps, min_visibility=params.min_visibility)
        picture, instances = compose(background, place(stamps, shape, params, rng), params, rng)
        if rng.random() < params.inversion:
            picture = 1 - picture
        pixels = _stored(randomise(_in_range(picture), params, rng), params.bits)
        groups = sorted({self.pairs[source].group for source in (*sources, behind)} - {""})
        return LabelledImage(f"synthetic-{self.seed}-{index:06d}", pixels, tuple(instances), group="+".join(groups), kind=KIND)

    def _choose_sources(self, rng: np.random.Generator) -> list[int]:
        low, high = self.params.sources_per_image
        count = min(int(rng.integers(low, high + 1)), len(self.pool.sources))
        drawn: list[int] = rng.choice(self.pool.sources, len(self.pool.sources), replace=False).tolist()
        if count > 1 and rng.random() >= self.params.mixed_polarity:
            alike = (k for k in drawn if self._polarity(k) == self._polarity(drawn[0]))
            return list(islice(alike, count))
        return drawn[:count]

    def _polarity(self, index: int) -> int:
        if index not in self._polarities:
            self._polarities[index] = polarity(self.pairs[index])
        return self._polarities[index]

    def _choose_background(self, of_particles: int, rng: np.random.Generator) -> int:
        if self.params.background_from == "same" or len(self.pairs) == 1:
            return of_particles
        others = [k for k in range(len(self.pairs)) if k != of_particles or self.params.background_from == "any"]
        return others[int(rng.integers(len(others)))]

    def _background(self, index: int, shape: tuple[int, int], rng: np.random.Generator) -> Float:
        params, source = self.params, self._source(index)
        made = rng.random() < params.synthetic_backgrounds or float(source.free.mean()) < params.min_free_area
        scale = float(rng.uniform(*params.background_scaling))
        background = synthetic(source, shape, rng) if made else framed(self._inpainted(index), shape, rng, scale=scale)
        return background + np.float32(rng.uniform(0, params.shading)) * shading(shape, rng)

    def _stamps(self, sources: Sequence[int], shape: tuple[int, int], rng: np.random.Generator) -> list[Stamp]:
        """Draw particles and their scaling, rotation and flip; too large ones are drawn smaller and too many fewer, within the ranges."""
        params = self.params
        count = int(rng.integers(params.particles[0], params.particles[1] + 1))
        drawn = [self._draw(sources, rng) for _ in range(count)]
        areas = np.array([self.pairs[source].instances[member].area_px for source, member in drawn], dtype=np.float64)
        scales = _draw_scales(count, params, rng)
        room = params.max_coverage * shape[0] * shape[1]
        for _ in range(4):  # scales that reach the lower limit stay there, so that the others have to give way again
            excess = float((areas * scales**2).sum()) / room
            if excess <= 1:
                break
            scales = np.maximum(scales / np.sqrt(excess), params.scaling[0])
        enough = int(np.searchsorted(np.cumsum(areas * scales**2), room, side="right"))
        count = min(count, max(enough, params.particles[0]))
        stamps = (self._stamp(source, member, float(scale), rng) for (source, member), scale in zip(drawn[:count], scales, strict=False))
        # What is scaled down to nothing would be painted, and not be in the truth.
        return [stamp for stamp in stamps if stamp.area_px >= FEWEST_PIXELS]

    def _draw(self, sources: Sequence[int], rng: np.random.Generator) -> tuple[int, int]:
        source = sources[int(rng.integers(len(sources)))]
        members = self._members(source)
        return source, members[int(rng.integers(len(members)))]

    def _members(self, index: int) -> tuple[int, ...]:
        """Return the particles of an image without those that lettering covers; where it covers all, then as they are."""
        if index not in self._clear_members:
            members, source = self.pool.members[index], self._source(index)
            clear = tuple(k for k in members if is_clear(source, k))
            self._clear_members[index] = clear or members
        return self._clear_members[index]

    def _stamp(self, index: int, member: int, scale: float, rng: np.random.Generator) -> Stamp:
        params, source = self.params, self._source(index)
        probability = self._probabilities.get(source.image.name)
        particle = cut_out(source, member, feather_px=params.feather_px, probability=probability)
        angle = float(rng.uniform(0, 360)) if params.rotation else 0.0
        mirrored = params.flips and rng.random() < 0.5
        if rng.random() < params.synthetic_particles:
            particle = retextured(particle, rng)
        return make_stamp(particle, scale=scale, angle_deg=angle, mirrored=bool(mirrored))

    def _source(self, index: int) -> Source:
        found: Source | None = self._recall((index, "source"))
        if found is None:
            found = prepare(self.pairs[index])
            self._remember((index, "source"), found, found.plane.nbytes + found.level.nbytes + found.usable.nbytes + found.free.nbytes)
        return found

    def _inpainted(self, index: int) -> Float:
        found: Float | None = self._recall((index, "background"))
        if found is None:
            # Of its own seed: the same however often and for whichever image it is made.
            rng = np.random.default_rng([self.seed, index, _BACKGROUND])
            found = inpainted(self._source(index), rng, clean=self.params.clean_backgrounds)
            self._remember((index, "background"), found, found.nbytes)
        return found

    def _recall(self, key: tuple[int, str]) -> Any:
        if key not in self._prepared:
            return None
        self._prepared.move_to_end(key)
        return self._prepared[key][0]

    def _remember(self, key: tuple[int, str], value: Any, size: int) -> None:
        self._prepared[key] = value, size
        self._bytes += size
        while self._bytes > REMEMBERED_BYTES and len(self._prepared) > 1:
            self._bytes -= self._prepared.popitem(last=False)[1][1]


def synthesize(
    pairs: Sequence[LabelledImage],
    params: SynthesisParams,
    *,
    seed: int,
    probabilities: Mapping[str, NDArray[Any]] | None = None,
) -> Iterator[LabelledImage]:
    """Make ``params.count`` images, one at a time; image i is the same whatever the count.

    Raises
    ------
    SynthesisError
        At once, before the first image is asked for: see ``Synthesiser``.
    """
    maker = Synthesiser(pairs, params, seed=seed, probabilities=probabilities)
    return (maker.image(index) for index in range(params.count))


def _draw_scales(count: int, params: SynthesisParams, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw scaling factors evenly on a logarithmic scale: the image's own, moved towards each particle's own by the spread."""
    low, high = np.log(params.scaling)
    common, own = rng.uniform(low, high), rng.uniform(low, high, count)
    scales: NDArray[np.float64] = np.clip(np.exp(common + params.size_spread * (own - common)), *params.scaling)
    return scales


def _in_range(picture: Float) -> Float:
    """Bring a picture into 0 ... 1 without clipping more than 0.1 %: stretched only where it does not fit as it is."""
    low, high = (float(value) for value in np.percentile(picture, (0.05, 99.95)))
    low, high = min(low, 0.0), max(high, 1.0)
    return (picture - np.float32(low)) / np.float32(high - low)


def _stored(picture: Float, bits: int) -> NDArray[np.uint8] | NDArray[np.uint16]:
    highest = (1 << bits) - 1
    levels: Float = np.clip(np.rint(picture * np.float32(highest)), 0, highest)
    return levels.astype(np.uint8) if bits == 8 else levels.astype(np.uint16)


def _check_probabilities(pairs: Sequence[LabelledImage], probabilities: Mapping[str, NDArray[Any]]) -> None:
    shapes = {pair.name: pair.shape for pair in pairs}
    for name, probability in probabilities.items():
        if name not in shapes:
            raise SynthesisError(f"there is a foreground probability for {name}, but no such image")
        if probability.shape != shapes[name]:
            raise SynthesisError(f"the foreground probability of {name} has {probability.shape} px, its image {shapes[name]}")
        if not np.isfinite(probability).all() or probability.min() < 0 or probability.max() > 1:
            raise SynthesisError(f"the foreground probability of {name} is not between 0 and 1")
