"""The baseline that a method is compared with: another way to find particles, and nothing else that could shift sizes."""

from __future__ import annotations

from lycurgus.parameters import default_params, with_settings
from lycurgus.services.comparison import baseline_params


def test_the_baseline_differs_in_how_particles_are_found_alone() -> None:
    tuned = [
        "input.plane=BF",
        "annotations.data_bar=40",
        "calibration.scale_bar=off",
        "preprocess.flatten=gaussian",
        "detector.threshold=99",
        "separator.convexity=0.8",
        "cleaning.speck_px=7",
        "cleaning.border=keep",
        "statistics.descriptor=feret_max",
    ]
    chosen = with_settings(default_params(detector="otsu"), tuned)
    baseline = baseline_params(chosen, separator="none")
    ours, theirs = chosen.document(), baseline.document()
    assert {stage for stage in ours if ours[stage] != theirs[stage]} == {"preprocess", "detector", "separator"}
    assert baseline.separator.name == "none"


def test_where_the_detector_tells_particles_the_usual_separator_stands_in_for_it() -> None:
    chosen = default_params(detector="network")
    assert baseline_params(chosen, separator=chosen.separator.name).separator == default_params(detector="otsu").separator
