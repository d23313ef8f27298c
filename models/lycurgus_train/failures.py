"""Where a network fails, shown on simulated pictures that no training has seen: for its card."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path

import numpy as np

from lycurgus.core.overlap import match
from lycurgus.core.params import AnalysisParams
from lycurgus.detectors import Detector
from lycurgus_train.canvas import write_png
from lycurgus_train.finds import draw_finds
from lycurgus_train.judging import Judged, judge
from lycurgus_train.model_card import Failure
from lycurgus_train.synth.simulators import SIMULATORS
from lycurgus_train.synth.simulators import pictures as simulated

SEED = 20_261_121
"""Of the pictures; training uses other numbers."""

FOLDER = "failures"
SIDE_PX = 384


def draw_failures(
    folder: Path, params: AnalysisParams, detector: Detector, *, pictures: int = 6, kinds: Sequence[str] = (), device: str = "auto"
) -> list[Failure]:
    """Draw the worst picture of each simulator into a model folder and say what is wrong in it.

    Parameters
    ----------
    pictures : of each simulator, of which the worst is drawn.
    kinds : simulators; all where none is named.

    Raises
    ------
    ExportError
        A picture cannot be written.
    """
    failures = []
    for kind in kinds or tuple(SIMULATORS):
        judged = list(
            judge(
                simulated(SIMULATORS[kind], range(pictures), size_px=SIDE_PX, seed=SEED),
                params,
                truth="instances",
                detector=detector,
                device=device,
            )
        )
        scored = [one for one in judged if isfinite(one.fit)]
        if not scored:
            continue
        worst = min(scored, key=lambda one: one.fit)
        file = f"{FOLDER}/{kind}.png"
        says = _in_words(kind, worst)
        write_png(folder / file, draw_finds(worst, min_side_px=SIDE_PX, title=f"{SIMULATORS[kind].label}: F1 {worst.fit:.2f}"))
        failures.append(Failure(file, says))
    return failures


def _in_words(kind: str, judged: Judged) -> str:
    pairs = match(judged.found, judged.image.instances, threshold=0.5)
    known = {pair.truth for pair in pairs}
    missed = [2 * np.sqrt(one.area_px / np.pi) for number, one in enumerate(judged.image.instances) if number not in known]
    n_true, strays = len(judged.image.instances), len(judged.found) - len(pairs)
    if not n_true:
        return f"{SIMULATORS[kind].label}: no particle is there, {strays} are reported."
    said = f"{SIMULATORS[kind].label}: {len(known)} of {n_true} particles found, {strays} wrong finds"
    return f"{said}; the missed ones are {np.median(missed):.0f} px wide (median)." if missed else f"{said}."
