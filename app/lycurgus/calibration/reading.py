"""A scale bar read: which bar, what its label says, and how sure that is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lycurgus.calibration.label import TextReadingError, Word, prepared, read_words
from lycurgus.calibration.label_boxes import LabelBox, label_boxes
from lycurgus.calibration.lengths_in_text import LengthInText, lengths_in
from lycurgus.calibration.scale_bar import FoundBar, find_bars
from lycurgus.core.annotations import picture_area
from lycurgus.core.types import Annotation, BBox

Grey = NDArray[np.uint8]

MOST_BARS_READ = 6
PLACES_AT_ONCE, MOST_PLACES = 4, 12
SIZES_PX = (36, 28, 46)
ENOUGH = 0.5
"""A first reading as sure as this ends the search; it is read again at other sizes."""


@dataclass(frozen=True, slots=True)
class ScaleBarReading:
    """What a burnt-in scale bar says.

    Attributes
    ----------
    bar : the bar.
    label_box : where its label stands, in the picture.
    label : as it was understood: "200 nm".
    text : as it was read.
    length_nm : what the label says.
    confidence : 0 ... 1.
    reason : why no surer, a sentence; "" where nothing speaks against it.
    """

    bar: FoundBar
    label_box: BBox
    label: str
    text: str
    length_nm: float
    confidence: float
    reason: str = ""

    @property
    def pixel_size_nm(self) -> float:
        return self.length_nm / self.bar.length_px

    @property
    def uncertainty_nm(self) -> float:
        return self.pixel_size_nm * self.bar.uncertainty_px / self.bar.length_px


@dataclass(frozen=True, slots=True)
class _Vote:
    length: LengthInText
    text: str
    confidence: float


def read_scale_bar(grey: Grey, annotations: Sequence[Annotation]) -> list[ScaleBarReading]:
    """Find scale bars and read their labels, the surest reading first.

    Parameters
    ----------
    grey : (H, W) uint8.
    annotations : what was found to be burnt in.

    Raises
    ------
    TextReadingError
        A bar was found, and Tesseract is missing or gave no answer.
    """
    texts = [item.bbox for item in annotations if item.kind == "text"]
    places = [
        _Read(bar, box, _cropped(grey, box, bar))
        for bar in find_bars(grey, annotations)[:MOST_BARS_READ]
        for box in label_boxes(grey, bar, area=_area_of(grey, bar, annotations), known=texts)
    ]
    places = [place for place in places if not place.is_margin]
    places.sort(key=lambda place: -place.promise)
    for first in range(0, min(len(places), MOST_PLACES), PLACES_AT_ONCE):
        some = places[first : first + PLACES_AT_ONCE]
        _read_more(some, SIZES_PX[:1])
        if any(place.confidence >= ENOUGH for place in some):
            break
    promising = sorted((place for place in places if place.confidence > 0), key=lambda place: -place.confidence)[:2] or places[:2]
    # A machine that is too busy for a second look leaves the first one, which is less sure by itself.
    with suppress(TextReadingError):
        _read_more(promising, SIZES_PX[1:])
        _read_more(promising, SIZES_PX[:1], lengths_only=True)
    return [reading for place in sorted(places, key=lambda place: -place.confidence) if (reading := place.reading()) is not None]


@dataclass
class _Read:
    """A label in work: every way in which it was prepared has a vote."""

    bar: FoundBar
    box: LabelBox
    crop: Grey
    votes: list[_Vote | None] = field(default_factory=list)

    @property
    def is_margin(self) -> bool:
        """The bar is the free margin of the box that the label stands in."""
        bar, text = self.bar.bbox, self.box.bbox
        apart = max(bar.y0 - text.y1, text.y0 - bar.y1)
        over = min(bar.x1, text.x1) - max(bar.x0, text.x0) > 0
        return over and apart < 2 * self.box.height_px and abs(self.bar.level - float(np.median(self.crop))) < 15

    @property
    def promise(self) -> float:
        return (0.3 + self.bar.sureness) * (0.2 + self.box.nearness) * min(4, self.box.characters)

    @property
    def confidence(self) -> float:
        reading = self.reading()
        return 0.0 if reading is None else reading.confidence

    def reading(self) -> ScaleBarReading | None:
        votes = [vote for vote in self.votes if vote]
        if not votes:
            return None
        tally: dict[str, list[_Vote]] = defaultdict(list)
        for vote in votes:
            tally[vote.length.label].append(vote)
        label, winners = max(tally.items(), key=lambda item: (len(item[1]), max(vote.confidence for vote in item[1])))
        best = max(winners, key=lambda vote: vote.confidence)
        agreement = len(winners) / len(self.votes)
        against = (len(votes) - len(winners)) / len(self.votes)
        sure_text = min(1.0, 0.3 + 0.6 * agreement + 0.2 * best.confidence) * (1 - against)
        sure_place = (0.2 + 0.8 * self.bar.sureness) * (0.6 + 0.4 * self.box.nearness)
        confidence = float(np.clip(sure_text * sure_place * best.length.likelihood, 0, 1))
        return ScaleBarReading(self.bar, self.box.bbox, label, best.text, best.length.nm, confidence)


def _read_more(places: Sequence[_Read], sizes_px: Sequence[int], *, lengths_only: bool = False) -> None:
    """Let Tesseract read labels in every way at these sizes, all in one run."""
    crops: list[Grey] = []
    owners: list[_Read] = []
    for place in places:
        for size in sizes_px:
            made = prepared(
                place.crop, text_height_px=place.box.height_px, ink_level=place.box.ink_level, height_px=size, clean=place.bar.in_data_bar
            )
            crops += made
            owners += [place] * len(made)
    for owner, words in zip(owners, read_words(crops, single_line=True, lengths_only=lengths_only), strict=True):
        owner.votes.append(_vote(words))


def _area_of(grey: Grey, bar: FoundBar, annotations: Sequence[Annotation]) -> BBox:
    strips = tuple(item for item in annotations if item.kind in ("data bar", "frame"))
    if bar.in_data_bar:
        return next((item.bbox for item in strips if item.bbox.y0 <= bar.bbox.y0 < item.bbox.y1), BBox(0, 0, *grey.shape))
    return picture_area(grey.shape, strips)


def _cropped(grey: Grey, box: LabelBox, bar: FoundBar) -> Grey:
    """Cut out a label with a margin, the bar and its outline painted over."""
    margin = max(3, round(0.4 * box.height_px))
    y0, x0, y1, x1 = box.bbox
    # Wider to the sides: a first character that something touches was not recognised as one.
    y0, x0, x1 = max(0, y0 - margin), max(0, x0 - 2 * margin), x1 + 2 * margin
    crop = grey[y0 : y1 + margin, x0:x1].copy()
    if bar.style == "bar":
        by0, bx0, by1, bx1 = bar.bbox
        # With what lies on the other side of the ground than the ink, so that it is nothing to any way of preparing.
        ground = 0 if box.ink_level > np.median(crop) else 255
        crop[max(0, by0 - 2 - y0) : max(0, by1 + 2 - y0), max(0, bx0 - 2 - x0) : max(0, bx1 + 2 - x0)] = ground
    return crop


def _vote(words: Sequence[Word]) -> _Vote | None:
    text = " ".join(word.text for word in words)
    lengths = lengths_in(text)
    if not lengths:
        return None
    confidence = sum(word.confidence for word in words) / len(words)
    best = max(lengths, key=lambda length: length.likelihood)
    # Other words beside it: what a data bar says about something else.
    clutter = sum(letter.isalnum() for letter in text[: best.start] + text[best.end :]) / max(1, sum(letter.isalnum() for letter in text))
    return _Vote(replace(best, likelihood=best.likelihood * (1 - 0.5 * clutter)), text, confidence)
