"""What is drawn of a population: bars that add up, curves of the right area, cumulative shares."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest

from lycurgus.core.params import StatisticsParams
from lycurgus.ui.panels.distribution_data import Picture, PlotChoice, gather, picture_of
from lycurgus.ui.panels.distribution_items import SizeAxis
from reports import make_report

PARAMS = StatisticsParams(bootstrap=0)
RESULT = make_report(1, 400, thumbnails=False).entries[0].result
ALL_FITS = frozenset({"normal", "log-normal", "weibull", "kde"})


def picture(**choice: object) -> Picture:
    population = gather([RESULT], PARAMS, str(choice.get("descriptor", "equivalent_diameter")), complete=True)
    return picture_of(population, PlotChoice(**choice))  # type: ignore[arg-type]


@pytest.mark.parametrize("logarithmic", [False, True])
@pytest.mark.parametrize("bins", [None, 2, 37])
def test_every_particle_is_in_one_bar(bins: int | None, logarithmic: bool) -> None:
    drawn = picture(bins=bins, log=logarithmic)
    values = drawn.population.statistics.values
    assert drawn.counts.sum() == len(values) == len(RESULT.counted)
    assert drawn.heights.sum() == pytest.approx(len(values))
    assert (drawn.edges[drawn.places] <= values * (1 + 1e-9)).all()
    assert (values <= drawn.edges[drawn.places + 1] * (1 + 1e-9)).all()
    if bins:
        assert len(drawn.heights) == bins
    steps = np.diff(np.log(drawn.edges)) if logarithmic else np.diff(drawn.edges)
    assert steps == pytest.approx(np.full(len(steps), steps[0]), rel=0.01)


def test_by_volume_a_particle_of_twice_the_diameter_counts_eight_times() -> None:
    drawn = picture(weighting="volume")
    values, weights = drawn.population.statistics.values, drawn.population.statistics.weights
    assert drawn.shares / drawn.shares[0] == pytest.approx((weights * values**3) / (weights[0] * values[0] ** 3))
    assert drawn.heights.sum() == pytest.approx(100)
    assert drawn.markers["D50"] == drawn.population.statistics.d50_volume
    assert drawn.y_title == "Volume (%)"


def test_volume_is_for_lengths_alone() -> None:
    drawn = picture(descriptor="circularity", weighting="volume")
    assert drawn.weighting == "number"
    assert drawn.population.has_volume is False


@pytest.mark.parametrize("weighting", ["number", "volume"])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_curves_enclose_what_the_bars_enclose(weighting: str, logarithmic: bool) -> None:
    drawn = picture(weighting=weighting, log=logarithmic, fits=ALL_FITS)
    assert len(drawn.curves) == 4
    for curve in drawn.curves:
        x = np.log(curve.x) if logarithmic else curve.x
        width = log(drawn.edges[-1] / drawn.edges[0]) if logarithmic else drawn.edges[-1] - drawn.edges[0]
        area = np.trapezoid(curve.y, x) / (width / len(drawn.heights))
        assert area == pytest.approx(drawn.heights.sum(), rel=0.06), curve.name


def test_classes_are_parts_of_the_whole() -> None:
    names = ("cube", "", "sphere")
    particles = tuple(replace(one, classes={"class": (names[one.id % 3], {})} if one.id % 3 != 1 else {}) for one in RESULT.particles)
    population = gather([replace(RESULT, particles=particles)], PARAMS, "feret_max", complete=True)
    stacked = picture_of(population, PlotChoice(descriptor="feret_max", task="class"))
    assert [one.name for one in stacked.series] == ["cube", "sphere", "no class"]
    assert sum(one.heights for one in stacked.series) == pytest.approx(stacked.heights)
    assert stacked.series[2].below + stacked.series[2].heights == pytest.approx(stacked.heights)
    outlined = picture_of(population, PlotChoice(descriptor="feret_max", task="class", outlined=True))
    assert all(not one.below.any() for one in outlined.series)


def test_the_cumulative_curve_is_the_share_at_or_below() -> None:
    x, y = picture().cumulative
    statistics = picture().population.statistics
    assert y[0] == 0
    assert y[-1] == pytest.approx(1)
    assert (np.diff(x) >= 0).all()
    assert (np.diff(y) >= 0).all()
    assert np.interp(statistics.d50, x, y) == pytest.approx(0.5, abs=0.01)


def test_nobody_counted_is_an_empty_picture() -> None:
    nobody = replace(RESULT, particles=tuple(replace(one, excluded="by hand") for one in RESULT.particles))
    drawn = picture_of(gather([nobody], PARAMS, "area", complete=True), PlotChoice(descriptor="area", log=True, bins=7))
    assert drawn.heights.sum() == 0
    assert drawn.curves == ()
    assert drawn.log is False


@pytest.mark.parametrize(("low", "high", "labels"), [(1, 100, {"1", "2", "5", "10", "50", "100"}), (3.1, 4.9, {"3.5", "4", "4.5"})])
def test_marks_of_a_logarithmic_axis_are_round(qapp: object, low: float, high: float, labels: set[str]) -> None:
    assert qapp is not None
    axis = SizeAxis()
    axis.set_logarithmic(True)
    values = [value for _, level in axis.tickValues(np.log10(low), np.log10(high), 800) for value in level]
    assert labels <= set(axis.tickStrings(values, 1, 1))
    assert all(np.log10(low) <= value <= np.log10(high) for value in values)
