"""Results with every kind of content that a project file has to give back, and the comparison that looks at all of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hand_work import everything_about
from lycurgus.core.types import AnalysisResult, Annotation, BBox, Micrograph, ModelUsed, PixelSize
from lycurgus.parameters import default_params, with_settings
from lycurgus.pipeline import analyze
from scenes import scene

PARAMS = with_settings(default_params(detector="otsu"), ["separator.convexity=0.9"])
SIZE = PixelSize(0.5, 0.25, "user", 0.01)


def analysed(pixel_size: PixelSize | None = SIZE) -> AnalysisResult:
    micrograph = Micrograph(
        Path("micrographs/ä.tif"),
        scene(),
        pixel_size,
        signal="HAADF",
        plane="HAADF",
        planes=("HAADF", "BF"),
        metadata={"voltage_kV": 200, "operator": "Ω", "nested": {"a": [1, 2.5, None]}, "missing": float("nan")},
        sha256="ab" * 32,
        warnings=("a warning of the reader",),
    )
    return analyze(micrograph, PARAMS)


FULL = analysed()


def decorated(result: AnalysisResult = FULL) -> AnalysisResult:
    """The result with every kind of content that a classifier or a network would add."""
    first, second, *others = result.particles
    first = replace(
        first,
        classes={"shape": ("rod", {"rod": 0.75, "sphere": 0.25}), "order": ("none", {})},
        flags=frozenset({"separated", "überlappend"}),
        excluded="by hand: drift",
        instance=replace(first.instance, score=float("nan"), flags=frozenset({"separated"})),
    )
    second = replace(second, measurement=replace(second.measurement, convexity=float("inf"), intensity_mean=float("nan"), solidity=-0.0))
    return replace(
        result,
        particles=(first, second, *others),
        provenance=replace(result.provenance, models=(ModelUsed("net", "1.2", "cd" * 32),), times_s={"detect": 0.1}),
        annotations=(Annotation("data bar", BBox(190, 0, 200, 240)), Annotation("text", BBox(1, 2, 3, 4))),
        removed={"speck": 3},
        warnings=("one", "two"),
    )


def assert_same(loaded: AnalysisResult, saved: AnalysisResult) -> None:
    assert everything_about(loaded.particles) == everything_about(saved.particles)
    assert loaded.params == saved.params
    assert loaded.provenance == saved.provenance
    assert (loaded.warnings, loaded.removed, dict(loaded.detection)) == (saved.warnings, saved.removed, dict(saved.detection))
    assert [(a.kind, a.bbox) for a in loaded.annotations] == [(a.kind, a.bbox) for a in saved.annotations]
    ours, theirs = loaded.micrograph, saved.micrograph
    assert (ours.path, ours.pixel_size, ours.signal, ours.plane, ours.planes) == (
        theirs.path,
        theirs.pixel_size,
        theirs.signal,
        theirs.plane,
        theirs.planes,
    )
    assert (ours.sha256, ours.warnings, repr(ours.metadata)) == (theirs.sha256, theirs.warnings, repr(theirs.metadata))
    assert (ours.pixels.shape, ours.pixels.dtype) == ((0, 0), theirs.pixels.dtype)
