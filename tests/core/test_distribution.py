"""From analysed images to one sample."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from math import pi
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from lycurgus.core.distribution import SUMMARISABLE, summarize
from lycurgus.core.measurement import DESCRIPTORS, Measurement
from lycurgus.core.params import AnalysisParams, CleaningParams, DetectorParams, SeparatorParams, StatisticsParams
from lycurgus.core.types import AnalysisResult, BBox, Instance, Micrograph, Particle, PixelSize, Provenance

QUICK = StatisticsParams(bootstrap=50)
PARAMS = AnalysisParams(detector=DetectorParams(name="none"), separator=SeparatorParams(name="none"))
INSTANCE = Instance(BBox(0, 0, 1, 1), np.ones((1, 1), dtype=bool))


def disc_of(diameter_px: float, nm_per_px: float | None, weight: float = 1.0) -> Measurement:
    """Return the measurement of an ideal disc; all that is no size is 1."""
    px = {"area": pi * diameter_px**2 / 4, "convex_area": pi * diameter_px**2 / 4, "perimeter": pi * diameter_px}
    numbers: dict[str, float | None] = dict.fromkeys((field.name for field in fields(Measurement)), 1.0)
    for one in DESCRIPTORS:
        if one.kind == "size":
            size = px.get(one.name, diameter_px)
            numbers[one.field(calibrated=False)] = size
            power = 2 if one.dimension == "area" else 1
            numbers[one.field(calibrated=True)] = None if nm_per_px is None else size * nm_per_px**power
    return Measurement(**(numbers | {"border_weight": weight}))


def image(
    diameters_px: Iterable[float],
    *,
    nm_per_px: float | None = 0.5,
    weights: Iterable[float] | None = None,
    excluded: int = 0,
    border: str = "exclude",
    digest: str = "one",
    removed: dict[str, int] | None = None,
) -> AnalysisResult:
    """Return the result of an image with discs, the last ``excluded`` of them at the border."""
    diameters = list(diameters_px)
    weights = [1.0] * len(diameters) if weights is None else list(weights)
    kept = len(diameters) - excluded
    return AnalysisResult(
        micrograph=Micrograph(Path("a.tif"), np.zeros((1, 1)), PixelSize(nm_per_px, nm_per_px, "user") if nm_per_px else None),
        particles=tuple(
            Particle(i + 1, INSTANCE, disc_of(diameter, nm_per_px, weight), excluded=None if i < kept else "touches the border")
            for i, (diameter, weight) in enumerate(zip(diameters, weights, strict=True))
        ),
        params=PARAMS.model_copy(update={"cleaning": CleaningParams(border=border)}),
        provenance=Provenance("0", "cpu", digest, "2026-01-01T00:00:00+00:00"),
        removed=removed or {},
    )


def test_particles_are_counted_and_left_out_as_they_should_be():
    summary = summarize([image([10, 20, 99], excluded=1, removed={"speck": 4}), image([30], removed={"speck": 1, "hole": 2})], QUICK)
    assert (summary.n_images, summary.n_particles, summary.n_counted) == (2, 4, 3)
    assert summary.excluded == {"touches the border": 1}
    assert summary.removed == {"speck": 5, "hole": 2}
    assert summary.main.values.tolist() == [5, 10, 15]
    assert summary.main.images.tolist() == [0, 0, 1]
    assert (summary.main.unit, summary.main.mean, summary.main.maximum) == ("nm", 10, 15)
    assert not summary.warnings


def test_every_size_and_shape_is_summarised_once():
    summary = summarize([image([10, 20, 30])], QUICK)
    assert {summary.main.descriptor, *summary.others} == {one.name for one in DESCRIPTORS if one.kind in ("size", "shape")}
    assert summary.main.descriptor not in summary.others
    assert summary.others["area"].unit == "nm²"
    assert summary.others["area"].maximum == pytest.approx(pi * 15**2 / 4)
    assert np.isnan(summary.others["area"].d32)
    assert summary.others["feret_max"].d43 == pytest.approx(summary.main.d43)


@pytest.mark.parametrize("descriptor", ["area", "circularity", "intensity_mean"])
def test_another_descriptor_can_be_the_main_one(descriptor):
    summary = summarize([image([10, 20, 30])], QUICK.model_copy(update={"descriptor": descriptor}))
    assert summary.main.descriptor == descriptor
    assert "equivalent_diameter" in summary.others


@pytest.mark.parametrize("descriptor", ["size", "orientation", "x", ""])
def test_what_is_no_size_or_shape_is_refused_with_the_choices(descriptor):
    with pytest.raises(ValidationError, match="equivalent_diameter"):
        StatisticsParams(descriptor=descriptor)


def test_without_calibration_sizes_are_in_px_and_the_report_says_so():
    summary = summarize([image([10, 20], nm_per_px=None)], QUICK)
    assert not summary.calibrated
    assert (summary.main.unit, summary.main.mean) == ("px", 15)
    assert summary.others["area"].unit == "px²"
    assert any("no pixel size: sizes are in px" in warning for warning in summary.warnings)


def test_one_uncalibrated_image_makes_the_sample_px_and_warns_of_mixed_magnifications():
    summary = summarize([image([10], nm_per_px=0.5), image([10], nm_per_px=2), image([10], nm_per_px=None)], QUICK)
    assert summary.main.values.tolist() == [10, 10, 10]
    assert any("1 of 3 images" in warning for warning in summary.warnings)
    assert any("magnifications differ" in warning for warning in summary.warnings)


def test_an_uncalibrated_image_without_counted_particles_does_not_matter():
    summary = summarize([image([10, 20]), image([], nm_per_px=None), image([10], nm_per_px=None, excluded=1)], QUICK)
    assert summary.calibrated
    assert summary.main.unit == "nm"


@pytest.mark.parametrize("n", [0, 1, 2])
def test_hardly_any_particles_are_no_reason_to_fail(n):
    summary = summarize([image([10.0, 12.0][:n])], QUICK)
    main = summary.main
    assert main.n == n
    assert np.isnan(main.mean) == (n == 0)
    assert np.isnan(main.sd) == (n < 2)
    assert main.fits == ()
    assert main.best_fit is None
    assert (main.needed is None) == (n < 2)
    assert bool(main.intervals) == (n == 2)
    assert any("No particle" in warning for warning in summary.warnings) == (n == 0)


def test_no_image_at_all_makes_an_empty_summary():
    summary = summarize([], QUICK)
    assert (summary.n_images, summary.n_counted, summary.main.n) == (0, 0, 0)


def test_different_parameters_are_mentioned():
    assert any("parameters" in warning for warning in summarize([image([10]), image([11], digest="two")], QUICK).warnings)


def test_the_order_of_particles_and_images_does_not_matter():
    rng = np.random.default_rng(0)
    groups = [rng.lognormal(2, 0.3, 30) for _ in range(4)]
    one, other = (
        summarize([image(group) for group in order], StatisticsParams(bootstrap=0))
        for order in (groups, [rng.permutation(group) for group in reversed(groups)])
    )
    for name in ("mean", "sd", "d10", "d90", "d32", "skewness", "geometric_sd"):
        assert getattr(one.main, name) == pytest.approx(getattr(other.main, name)), name
    assert one.main.fits[0].aic == pytest.approx(other.main.fits[0].aic)


def test_intervals_hold_the_estimates_and_only_what_is_defined():
    rng = np.random.default_rng(1)
    main = summarize([image(rng.lognormal(2, 0.3, 60)) for _ in range(8)], StatisticsParams(bootstrap=300)).main
    assert {"mean", "sd", "geometric_mean", "median", "d10", "d90", "d32", "d43", "span", "d50_volume"} <= set(main.intervals)
    assert "n_effective" not in main.intervals
    for name, interval in main.intervals.items():
        assert interval.low <= getattr(main, name) <= interval.high, name


def test_numbers_needed_and_fits_belong_to_a_known_population():
    rng = np.random.default_rng(2)
    main = summarize([image(np.exp(rng.normal(2, np.log(1.6), 5000)), nm_per_px=1)], StatisticsParams(bootstrap=0)).main
    assert main.best_fit == "log-normal"
    assert main.needed == pytest.approx(377, rel=0.1)
    assert main.d32 == pytest.approx(np.exp(2 + 2.5 * np.log(1.6) ** 2), rel=0.03)
    assert main.intervals == {}


def test_no_number_of_particles_is_stated_for_a_shape():
    assert summarize([image([10, 20, 30])], QUICK.model_copy(update={"descriptor": "circularity"})).main.needed is None


def field_of_discs(rng: np.random.Generator, *, size: float = 200.0, n: int = 400) -> AnalysisResult:
    """A square field of a population with as many small (10) as large (80) discs; those cut by the border are excluded."""
    diameters = rng.choice([10.0, 80.0], n)
    centres = rng.uniform(0, size, (n, 2))
    inside = np.all((centres >= diameters[:, None] / 2) & (centres <= size - diameters[:, None] / 2), axis=1)
    diameters = np.concatenate([diameters[inside], diameters[~inside]])
    probability = np.minimum((size - diameters) ** 2 / size**2, 1)
    return image(diameters, nm_per_px=1, weights=1 / probability, excluded=int((~inside).sum()))


def test_border_weights_undo_the_bias_against_large_particles():
    """Of centres inside the field (W − d)²/W² survive; the mean of the population is 45."""
    fields_of_view = [field_of_discs(np.random.default_rng(seed)) for seed in range(30)]
    weighted = summarize(fields_of_view, StatisticsParams(bootstrap=0)).main
    biased = summarize(fields_of_view, StatisticsParams(bootstrap=0, border_weights=False)).main
    assert biased.mean < 36
    assert weighted.mean == pytest.approx(45, abs=1)
    assert weighted.n_effective < weighted.n
    assert biased.n_effective == pytest.approx(biased.n)


def test_weights_are_left_alone_where_border_particles_count():
    diameters, weights = [10, 20], [1.1, 3.0]
    kept = summarize([image(diameters, weights=weights, border="keep")], QUICK).main
    removed = summarize([image(diameters, weights=weights, border="remove")], QUICK).main
    assert kept.weights.tolist() == [1, 1]
    assert removed.weights.tolist() == weights


def test_a_descriptor_that_is_undefined_for_one_particle_is_summarised_for_the_rest():
    result = image([10, 20, 30])
    holes = tuple(replace(p, measurement=replace(p.measurement, circularity=float("nan"))) if p.id == 2 else p for p in result.particles)
    summary = summarize([replace(result, particles=holes)], QUICK)
    assert (summary.main.n, summary.others["circularity"].n) == (3, 2)


def test_equal_parameters_give_equal_intervals():
    results = [image(np.random.default_rng(3).lognormal(2, 0.3, 50))]
    assert summarize(results, QUICK).main.intervals == summarize(results, QUICK).main.intervals


def test_all_that_can_be_summarised_can_be_asked_for():
    results = [image([10, 20, 30])]
    for descriptor in SUMMARISABLE:
        assert summarize(results, StatisticsParams(descriptor=descriptor, bootstrap=10)).main.n == 3


def test_a_sample_says_which_images_hold_the_particles_that_outweigh_the_others():
    even, uneven = image([10] * 30), image([10] * 29 + [200], weights=[1.0] * 29 + [31.0])
    uneven = replace(uneven, micrograph=replace(uneven.micrograph, path=Path("folder/crowded.tif")))
    (sentence,) = summarize([even, uneven], QUICK).warnings
    assert sentence.startswith("1 of 60 counted particles (in crowded.tif) is so large in the field")
    assert "up to 31: 34 % of the total weight, as reliable as 8 equal particles" in sentence
    assert not summarize([even, uneven], QUICK.model_copy(update={"border_weights": False})).warnings


def test_a_low_effective_number_is_said_though_no_single_weight_is_extreme():
    weights = [1.0] * 20 + [4.0] * 5
    (sentence,) = summarize([image([10] * 25, weights=weights)], QUICK).warnings
    assert "5 of 25 counted particles (in a.tif) are" in sentence
    assert "more than 2 times, up to 4" in sentence


def test_particles_for_which_a_descriptor_is_undefined_are_left_out_of_it_alone():
    result = image([10, 20, 30])
    bent = replace(result.particles[0], measurement=replace(result.particles[0].measurement, fitted_circle_diameter_nm=float("nan")))
    summary = summarize([replace(result, particles=(bent, *result.particles[1:]))], QUICK)
    circles = summary.others["fitted_circle_diameter"]
    assert (circles.n, circles.mean, summary.main.n) == (2, 12.5, 3)
