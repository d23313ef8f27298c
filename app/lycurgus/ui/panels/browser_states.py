"""How the state of an image is shown: a sign, a word and a colour, so that none of them has to be relied on alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from PySide6.QtGui import QColor

from lycurgus.exporters import palette
from lycurgus.ui.store import Document, ImageState
from lycurgus.ui.workbench import plural


@dataclass(frozen=True, slots=True)
class StateLook:
    """A state as the browser shows it.

    Attributes
    ----------
    colour : of the sign; None for that of the text.
    help : for the tooltip, one sentence.
    """

    sign: str
    word: str
    colour: QColor | None
    help: str


def _look(sign: str, word: str, colour: palette.Colour | None, explanation: str) -> StateLook:
    return StateLook(sign, word, None if colour is None else QColor(*colour), explanation)


LOOKS: dict[ImageState, StateLook] = {
    ImageState.NEW: _look("○", "New", None, "Not analysed yet."),
    ImageState.QUEUED: _look("…", "Queued", None, "Waits for its analysis."),
    ImageState.ANALYSING: _look("▶", "Analysing", palette.SKY_BLUE, "Is being analysed now."),
    ImageState.DONE: _look("✓", "Done", palette.GREEN, "Analysed with the parameters that are set now."),
    ImageState.EDITED: _look("✎", "Edited", palette.PURPLE, "Analysed, and corrected by hand."),
    ImageState.STALE: _look("↻", "Stale", palette.ORANGE, "Analysed with other parameters or another pixel size than are set now."),
    ImageState.FAILED: _look("✕", "Failed", palette.VERMILLION, "Could not be read or analysed."),
}

STAGES = ("read", "prepare", "detect", "separate", "clean", "measure")
"""What an analysis goes through, in its order."""


def share_done(stage: str) -> float:
    """Say how far an analysis has come when a stage begins, 0 ... 1."""
    return STAGES.index(stage) / len(STAGES) if stage in STAGES else 0.0


def tooltip(document: Document, state: ImageState) -> str:
    """Say all that the row has no room for."""
    lines = [str(document.path), f"{LOOKS[state].word}: {document.reason or LOOKS[state].help}"]
    if document.analysed is not None:
        left_out = sum(particle.excluded is not None for particle in document.particles)
        found = plural(len(document.particles), "particle")
        lines.append(f"{found}, {left_out:,} of them excluded from statistics" if left_out else found)
    if document.history.n_edits:
        lines.append(plural(document.history.n_edits, "correction") + " by hand")
    return "\n".join(lines)


def headline(states: Counter[ImageState]) -> str:
    """Sum up a list: "37 images, 12 done, 1 failed"."""
    total = states.total()
    if not total:
        return "No images"
    done = states[ImageState.DONE] + states[ImageState.EDITED]
    running = states[ImageState.QUEUED] + states[ImageState.ANALYSING]
    parts = ((done, "done"), (running, "to come"), (states[ImageState.STALE], "stale"), (states[ImageState.FAILED], "failed"))
    return ", ".join([plural(total, "image"), *(f"{count:,} {word}" for count, word in parts if count)])
