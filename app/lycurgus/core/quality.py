"""What a user should know before trusting a result: each check is one function that returns a sentence or nothing."""

from __future__ import annotations

from collections.abc import Callable

from lycurgus.core.types import AnalysisResult, Mask

Check = Callable[[AnalysisResult, Mask], str | None]


def quality_warnings(result: AnalysisResult, usable: Mask) -> tuple[str, ...]:
    """Judge an analysed picture.

    Parameters
    ----------
    result : with the micrograph's pixels still in it.
    usable : (H, W) bool, what was analysed.

    Returns
    -------
    Sentences, each with the number that gave rise to it and what to do; empty where nothing is wrong.
    """
    if not usable.any():
        return ("No pixel of the image could be analysed: all of it is masked or not finite.",)
    return tuple(sentence for check in CHECKS if (sentence := check(result, usable)))


def uncalibrated(result: AnalysisResult, usable: Mask) -> str | None:  # noqa: ARG001
    """Sizes without a unit."""
    if result.micrograph.pixel_size is not None:
        return None
    return "No pixel size is known, so sizes are in px only: state the pixel size or calibrate with the scale bar."


CHECKS: tuple[Check, ...] = (uncalibrated,)
