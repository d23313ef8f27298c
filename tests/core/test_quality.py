"""Warnings appear when, and only when, the picture gives reason for them, and each says what to do."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lycurgus.core.edges import look_at_edges
from lycurgus.core.measurement import Measurement
from lycurgus.core.params import CleaningParams, StatisticsParams
from lycurgus.core.quality import CHECKS, quality_warnings
from lycurgus.core.types import AnalysisResult, Micrograph, Particle, PixelSize
from lycurgus.parameters import default_params
from shapes import disc, instance_of

SHAPE = (256, 320)


def spots(diameter: float, *, step: int = 64) -> list[NDArray[np.bool_]]:
    return [disc(SHAPE, (y, x), diameter) for y, x in product(range(32, 256, step), range(32, 320, step))]


def result_of(
    pixels: NDArray[Any], masks: list[NDArray[np.bool_]], *, flags: frozenset[str] = frozenset(), **changes: Any
) -> AnalysisResult:
    """A result with just what the checks look at: diameter and border weight are the only measurements among it."""
    weights = changes.pop("weights", [1.0] * len(masks))
    particles = tuple(
        Particle(
            number,
            instance_of(mask),
            cast("Measurement", SimpleNamespace(equivalent_diameter_px=float(np.sqrt(4 * mask.sum() / np.pi)), border_weight=weight)),
            flags=flags,
        )
        for number, (mask, weight) in enumerate(zip(masks, weights, strict=True), start=1)
    )
    micrograph = Micrograph(Path("image.tif"), pixels, PixelSize(0.5, 0.5, "metadata"), signal=changes.pop("signal", ""))
    unused = cast("Any", None)
    detection = {"polarity": "bright", "polarity_certainty": 0.99}
    return replace(AnalysisResult(micrograph, particles, default_params(), unused, detection), **changes)


def picture(masks: list[NDArray[np.bool_]], *, contrast: float = 1000, noise: float = 50, blur: float = 0) -> NDArray[np.float32]:
    plane = (2000 + contrast * np.logical_or.reduce(masks)).astype(np.float32)
    if blur:
        plane = cv2.GaussianBlur(plane, (0, 0), blur)
    return plane + np.random.default_rng(0).normal(0, noise, SHAPE).astype(np.float32)


def warnings_of(result: AnalysisResult, usable: NDArray[np.bool_] | None = None) -> str:
    shape = result.micrograph.shape
    return "\n".join(quality_warnings(result, np.ones(shape, dtype=bool) if usable is None else usable))


GOOD = spots(24)


def test_a_good_picture_gives_no_warning() -> None:
    assert warnings_of(result_of(picture(GOOD), GOOD)) == ""


def test_a_missing_pixel_size_is_said() -> None:
    result = result_of(picture(GOOD), GOOD)
    result = replace(result, micrograph=result.micrograph.with_pixel_size(None))
    assert "sizes of all 20 particles are in px only" in warnings_of(result)


@pytest.mark.parametrize(("sigma", "is_blurred"), [(0.5, False), (1.5, False), (6.0, True)])
def test_blur_is_seen_where_outlines_are_wide(sigma: float, is_blurred: bool) -> None:
    assert ("Outlines are blurred" in warnings_of(result_of(picture(GOOD, blur=sigma), GOOD))) == is_blurred


@pytest.mark.parametrize("sigma", [1.5, 2.5, 4.0])
@pytest.mark.parametrize("contrast", [1000.0, -1000.0])
def test_the_width_of_a_gaussian_edge_is_that_of_theory(sigma: float, contrast: float) -> None:
    large = [disc(SHAPE, (128, 80), 90), disc(SHAPE, (128, 240), 90)]
    edges = look_at_edges(result_of(picture(large, contrast=contrast, blur=sigma), large))
    assert edges is not None
    assert edges.width_px == pytest.approx(np.sqrt(2 * np.pi) * sigma, rel=0.1)
    assert edges.contrast == pytest.approx(contrast, rel=0.05)


def test_saturation_is_said_with_its_share() -> None:
    pixels = np.clip(picture(GOOD), 0, 2900)
    share = np.mean(pixels == 2900)
    assert f"{100 * share:.0f} % of the pixels have the highest value (2900)" in warnings_of(result_of(pixels, GOOD))


def test_a_cut_off_dark_end_is_said() -> None:
    assert "have the lowest value (2000)" in warnings_of(result_of(np.clip(picture(GOOD), 2000, None), GOOD))


def test_counts_of_few_electrons_are_neither_saturated_nor_cut_off() -> None:
    text = warnings_of(result_of(np.random.default_rng(0).poisson(0.7 + 1.5 * np.logical_or.reduce(GOOD)), GOOD))
    assert "highest value" not in text
    assert "lowest value" not in text


def test_values_that_are_not_finite_are_counted() -> None:
    pixels = picture(GOOD)
    pixels[5, :7] = np.nan
    assert "7 pixels" in warnings_of(result_of(pixels, GOOD), np.isfinite(pixels))


def test_noise_and_faint_particles_are_said() -> None:
    text = warnings_of(result_of(picture(GOOD, contrast=1000, noise=1500), GOOD))
    assert "signal-to-noise ratio is -" in text
    assert "by only 0.7 standard deviations of the noise" in text


def test_small_particles_are_said() -> None:
    tiny = spots(6)
    assert "The median particle is 6.1 px wide" in warnings_of(result_of(picture(tiny), tiny))


def test_nothing_and_little_are_said() -> None:
    assert "0 particles were found" in warnings_of(result_of(picture(GOOD), []))
    assert "Only 4 of 4 particles" in warnings_of(result_of(picture(GOOD), GOOD[:4]))


def test_the_background_taken_for_particles_is_said() -> None:
    background = ~np.logical_or.reduce(GOOD)
    text = warnings_of(result_of(picture(GOOD), [background]))
    assert f"Particles cover {100 * background.mean():.0f} % of the image" in text


def test_many_particles_at_the_border_are_said() -> None:
    assert "20 of 20 particles touch the border" in warnings_of(result_of(picture(GOOD), GOOD, flags=frozenset({"touches_border"})))


def test_particles_that_border_weights_let_speak_for_all_are_said() -> None:
    weights = [1.1] * 18 + [77.0, 34.0]
    text = warnings_of(result_of(picture(GOOD), GOOD, weights=weights))
    assert "2 of 20 counted particles are so large in the field" in text
    assert "more than 5 times, up to 77: 85 % of the total weight, as reliable as 2 equal particles" in text
    assert "lower magnification" in text
    assert "statistics.border_weights=false" in text
    unweighted = default_params().model_copy(update={"statistics": StatisticsParams(border_weights=False)})
    assert warnings_of(result_of(picture(GOOD), GOOD, weights=weights, params=unweighted)) == ""
    assert warnings_of(result_of(picture(GOOD), GOOD, weights=[1.0 + 0.1 * i for i in range(20)])) == ""


def test_dropped_parts_are_said_and_specks_are_not() -> None:
    assert warnings_of(result_of(picture(GOOD), GOOD, removed={"speck": 900, "touches the border": 50, "no convex core": 2})) == ""
    text = warnings_of(result_of(picture(GOOD), GOOD, removed={"speck": 900, "no convex core": 20}))
    assert "20 parts (50 %) were dropped" in text
    assert "no convex core: 20" in text


def test_a_support_taken_for_particles_is_said() -> None:
    whole = [disc(SHAPE, (70, 70), 120), disc(SHAPE, (180, 230), 130), *spots(12)[-6:]]
    dropped = {"speck": 5, "marker too small": 5, "no convex core": 1}
    text = warnings_of(result_of(picture(whole), whole, removed=dropped))
    assert "Most of the foreground may be the support" in text
    assert "6 of 14 parts were dropped" in text
    assert "31 % of the image" in text
    for masks, removed in ((whole, {"no convex core": 3}), (GOOD, dropped | {"no convex core": 9}), (spots(12), dropped)):
        assert "may be the support" not in warnings_of(result_of(picture(masks), masks, removed=removed))


def test_a_population_that_the_speck_limit_cuts_is_said() -> None:
    tiny = spots(6.3)
    limit = {"cleaning": CleaningParams(speck_px=30, speck_nm=3)}
    params = default_params().model_copy(update=limit)
    uncalibrated = result_of(picture(tiny), tiny, removed={"speck": 80}, params=params)
    assert "80 regions below 28 px went as specks" in warnings_of(uncalibrated)
    assert "lower cleaning.speck_nm if these are particles" in warnings_of(uncalibrated)
    uncalibrated = replace(uncalibrated, micrograph=uncalibrated.micrograph.with_pixel_size(None))
    text = warnings_of(uncalibrated)
    assert "80 regions below 30 px went as specks, and 100 % of the 20 particles that stay are below 45 px" in text
    assert "lower cleaning.speck_px" in text
    assert "went as specks" not in warnings_of(replace(uncalibrated, removed={"speck": 3}))
    assert "went as specks" not in warnings_of(result_of(picture(GOOD), GOOD, removed={"speck": 900}, params=params))


def test_doubtful_and_contradictory_polarity_are_said() -> None:
    doubtful = result_of(picture(GOOD), GOOD, detection={"polarity": "dark", "polarity_certainty": 0.55})
    assert "dark with a certainty of only 55 %" in warnings_of(doubtful)
    for signal, polarity, is_odd in (("HAADF", "dark", True), ("HAADF", "bright", False), ("BF", "bright", True), ("SE", "dark", False)):
        result = result_of(picture(GOOD), GOOD, signal=signal, detection={"polarity": polarity})
        assert (f"unusual for a {signal} signal" in warnings_of(result)) == is_odd


def test_polarity_that_a_network_read_off_its_particles_is_not_said_to_be_a_setting() -> None:
    read_off = {"polarity": "dark", "polarity_certainty": 0.55, "polarity_source": "particles"}
    text = warnings_of(result_of(picture(GOOD), GOOD, signal="HAADF", detection=read_off))
    assert "Only 55 % of the particles are dark against what surrounds them" in text
    assert "unusual for a HAADF signal: the background may have been taken for particles" in text
    nothing = warnings_of(result_of(picture(GOOD), [], detection=read_off))
    assert "0 particles were found: check the score threshold" in nothing
    assert "set the polarity" not in text + nothing


def test_a_small_picture_is_said() -> None:
    small = np.random.default_rng(0).normal(100, 5, (40, 90))
    assert "only 40 px on its short side" in warnings_of(result_of(small, []))


@pytest.mark.parametrize("shape", [(1, 1), (300, 300)])
def test_of_a_constant_picture_only_that_is_said(shape: tuple[int, int]) -> None:
    text = warnings_of(result_of(np.full(shape, 7, dtype=np.uint8), []))
    assert text.startswith("The image is constant (every value is 7)")
    assert "\n" not in text


def test_of_a_picture_without_usable_pixels_only_that_is_said() -> None:
    text = warnings_of(result_of(np.full((9, 9), np.nan), []), np.zeros((9, 9), dtype=bool))
    assert text.startswith("0 pixels of the image could be analysed")
    assert "\n" not in text


def test_every_warning_is_a_sentence_with_a_number_and_advice() -> None:
    bad = np.random.default_rng(0).normal(0, 1, (100, 100))
    bad[:50, :50], bad[50:, 50:] = 3.0, -4.0
    bad[0, 0] = np.nan
    masks = [disc((100, 100), (20 + 4 * i, 50), 5) for i in range(3)]
    result = result_of(
        bad,
        masks,
        flags=frozenset({"touches_border"}),
        removed={"lost": 30},
        detection={"polarity": "dark", "polarity_certainty": 0.5},
        signal="ADF",
    )
    result = replace(result, micrograph=result.micrograph.with_pixel_size(None))
    sentences = quality_warnings(result, np.isfinite(bad))
    assert len(sentences) > len(CHECKS) / 2
    for sentence in sentences:
        assert sentence[0].isupper() or sentence[0].isdigit()
        assert sentence.endswith(".")
        assert any(character.isdigit() for character in sentence)
        assert ": " in sentence or "," in sentence
