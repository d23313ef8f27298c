"""Covered area and number density of discs whose places are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lycurgus.core.types import Annotation, BBox
from lycurgus.exporters import field
from lycurgus.exporters.field import covered_fraction, covered_pixels, density_per_um2, field_pixels, statistical_weights
from reports import make_report
from shapes import instance_of, rectangle

boxes = st.builds(
    lambda y, x, h, w: BBox(y, x, y + h, x + w), st.integers(-5, 35), st.integers(-5, 35), st.integers(0, 20), st.integers(0, 20)
)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(found=st.lists(boxes, max_size=5))
def test_the_field_is_what_no_annotation_covers(found: list[BBox]) -> None:
    usable = np.ones((40, 30), dtype=bool)
    for box in found:
        usable[max(0, box.y0) : max(0, box.y1), max(0, box.x0) : max(0, box.x1)] = False
    assert field_pixels((40, 30), [Annotation("text", box) for box in found]) == np.count_nonzero(usable)


def test_a_pixel_of_two_particles_is_covered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = (40, 40)
    first, second = rectangle(shape, (15, 15), 11, 11), rectangle(shape, (20, 20), 11, 11)
    instances = [instance_of(first), instance_of(second)]
    assert covered_pixels(instances, shape) == np.count_nonzero(first | second) < 2 * 121
    monkeypatch.setattr(field, "BAND_ROWS", 7)
    assert covered_pixels(instances, shape) == np.count_nonzero(first | second)


def test_density_counts_weighted_particles_on_the_field() -> None:
    entry = make_report(1, 20).entries[0]
    weights = sum(particle.measurement.border_weight for particle in entry.result.counted)
    area_um2 = entry.shape[0] * entry.shape[1] * (0.25e-3) ** 2
    assert density_per_um2(entry) == pytest.approx(weights / area_um2)
    assert density_per_um2(make_report(1, 20, calibrated=False).entries[0]) is None


def test_without_border_weights_every_particle_counts_once() -> None:
    entry = make_report(1, 20).entries[0]
    params = entry.result.params
    for other in (
        params.model_copy(update={"cleaning": params.cleaning.model_copy(update={"border": "keep"})}),
        params.model_copy(update={"statistics": params.statistics.model_copy(update={"border_weights": False})}),
    ):
        assert statistical_weights(replace(entry.result, params=other)) == [1.0] * len(entry.result.counted)


def test_an_image_that_is_all_annotation_has_no_covered_share() -> None:
    entry = make_report(1, 0).entries[0]
    result = replace(entry.result, annotations=(Annotation("frame", BBox(0, 0, *entry.shape)),))
    assert covered_fraction(replace(entry, result=result)) is None
    assert covered_fraction(entry) == 0
