"""Particles: numbering, flags, border weights and units."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from lycurgus.core.cleaning import reaches_edge
from lycurgus.core.measure import border_weights, measure
from lycurgus.core.measurement import DESCRIPTORS, Measurement
from lycurgus.core.params import CleaningParams
from lycurgus.core.types import BBox, Instance, Micrograph, Particle, PixelSize
from shapes import disc, ellipse, instance_of, rectangle

SHAPE = (120, 160)
EVERYWHERE = np.ones(SHAPE, dtype=np.bool_)


def micrograph(pixel_size: PixelSize | None = None) -> Micrograph:
    pixels = np.random.default_rng(3).integers(0, 4000, SHAPE).astype(np.uint16)
    return Micrograph(Path("made.tif"), pixels, pixel_size)


def at(y: float, x: float, diameter: float = 14) -> Instance:
    return instance_of(disc(SHAPE, (y, x), diameter))


def measured(*instances: Instance, pixel_size: PixelSize | None = None, border: str = "exclude") -> tuple[Particle, ...]:
    return measure(instances, micrograph(pixel_size), EVERYWHERE, CleaningParams.model_validate({"border": border}))


def test_nothing_found_gives_no_particles() -> None:
    assert measured() == ()


def test_particles_are_numbered_in_reading_order() -> None:
    particles = measured(at(80, 30), at(30, 100), at(30, 40), at(80, 110))
    assert [particle.id for particle in particles] == [1, 2, 3, 4]
    assert [(round(p.measurement.y_px), round(p.measurement.x_px)) for p in particles] == [(30, 40), (30, 100), (80, 30), (80, 110)]


def test_the_order_of_instances_does_not_change_the_numbers() -> None:
    instances = [at(20 + 25 * i, 20 + 30 * ((3 * i) % 4)) for i in range(4)]
    forwards, backwards = measured(*instances), measured(*reversed(instances))
    assert [particle.measurement for particle in forwards] == [particle.measurement for particle in backwards]


def test_flags_of_instances_are_kept() -> None:
    particle = measured(replace(at(50, 50), flags=frozenset({"separated"})))[0]
    assert particle.flags == {"separated"}


@pytest.mark.parametrize(("y", "x"), [(6, 60), (113, 60), (60, 6), (60, 153)])
def test_a_particle_at_an_image_edge_is_excluded(y: int, x: int) -> None:
    particle = measured(at(y, x, 15))[0]
    assert "touches_border" in particle.flags
    assert particle.excluded == "touches the border"


def test_a_particle_one_pixel_from_the_edge_is_counted() -> None:
    particle = measured(at(8, 60, 15))[0]
    assert particle.instance.bbox.y0 == 1
    assert particle.excluded is None
    assert not particle.flags


def test_a_particle_on_a_data_bar_touches_the_border() -> None:
    usable = EVERYWHERE.copy()
    usable[100:] = False
    on_bar, clear = at(92, 30, 15), at(60, 30, 15)
    clear_particle, bar_particle = measure([on_bar, clear], micrograph(), usable, CleaningParams())
    assert bar_particle.excluded == "touches the border"
    assert clear_particle.excluded is None
    height, width = clear.bbox.height, clear.bbox.width
    assert clear_particle.measurement.border_weight == pytest.approx(100 * 160 / ((99 - height) * (159 - width)))


def test_kept_border_particles_count_and_nothing_is_weighted() -> None:
    border, inner = measured(at(6, 60, 15), at(60, 60, 15), border="keep")
    assert border.excluded is None
    assert "touches_border" in border.flags
    assert border.measurement.border_weight == inner.measurement.border_weight == 1


@pytest.mark.parametrize("diameter", [3.0, 8.3, 40.0, 75.6])
def test_border_weights_make_up_for_the_particles_that_border_exclusion_loses(diameter: float) -> None:
    """Discs at every place, to a quarter of a pixel, whose centre lies in the field: those that are counted stand for all of them."""
    field = BBox(0, 0, 100, 140)

    def boxes(length: int) -> list[tuple[int, int]]:
        centres = np.arange(-0.375, length - 0.5, 0.25)
        return list(zip(np.ceil(centres - diameter / 2).astype(int), np.floor(centres + diameter / 2).astype(int) + 1, strict=True))

    rows, columns = Counter(boxes(100)), Counter(boxes(140))
    counted = [
        (BBox(int(y0), int(x0), int(y1), int(x1)), rows[y0, y1] * columns[x0, x1])
        for (y0, y1), (x0, x1) in product(rows, columns)
        if not reaches_edge(BBox(y0, x0, y1, x1), field)
    ]
    weights = border_weights([Instance(box, EVERYWHERE) for box, _ in counted], field)
    times = np.array([count for _, count in counted])
    everything = sum(rows.values()) * sum(columns.values())
    assert times.sum() < 0.97 * everything
    assert (weights * times).sum() == pytest.approx(everything, rel=1e-3)


def test_the_weight_of_a_particle_that_fills_the_field_is_finite() -> None:
    whole = Instance(BBox(0, 0, *SHAPE), EVERYWHERE)
    assert 1 <= measured(whole)[0].measurement.border_weight < np.inf


def test_particles_that_share_pixels_are_flagged_and_others_are_not() -> None:
    one, two, alone = at(50, 50), at(50, 58), at(50, 120)
    flagged = {round(p.measurement.x_px): "overlapping" in p.flags for p in measured(one, two, alone)}
    assert flagged == {50: True, 58: True, 120: False}


def test_boxes_that_overlap_without_a_shared_pixel_are_no_overlap() -> None:
    one = instance_of(ellipse(SHAPE, (50, 50), 40, 8, 45))
    two = instance_of(ellipse(SHAPE, (62, 62), 40, 8, 45))
    assert one.bbox.x1 > two.bbox.x0
    assert not any("overlapping" in particle.flags for particle in measured(one, two))


def test_without_calibration_every_nm_field_is_none() -> None:
    measurement = measured(at(50, 50))[0].measurement
    for field in fields(Measurement):
        assert (getattr(measurement, field.name) is None) == field.name.endswith(("_nm", "_nm2"))


def test_every_descriptor_has_a_finite_number() -> None:
    measurement = measured(at(50, 50), pixel_size=PixelSize(0.4, 0.4, "user"))[0].measurement
    for descriptor in DESCRIPTORS:
        for calibrated in (False, True):
            assert np.isfinite(getattr(measurement, descriptor.field(calibrated=calibrated)))


def test_lengths_and_areas_scale_with_the_pixel_size() -> None:
    measurement = measured(at(50, 50), pixel_size=PixelSize(0.4, 0.4, "metadata"))[0].measurement
    assert measurement.feret_max_nm == pytest.approx(0.4 * measurement.feret_max_px)
    assert measurement.perimeter_nm == pytest.approx(0.4 * measurement.perimeter_px)
    assert measurement.area_nm2 == pytest.approx(0.16 * measurement.area_px)


def test_a_square_on_pixels_that_are_not_square_is_measured_as_it_is() -> None:
    """24 rows of 0.5 nm and 40 columns of 0.3 nm are a square of 12 nm."""
    mask = np.zeros(SHAPE, dtype=np.bool_)
    mask[20:44, 30:70] = True
    measurement = measured(instance_of(mask), pixel_size=PixelSize(0.5, 0.3, "metadata"))[0].measurement
    assert measurement.feret_min_px == pytest.approx(24)
    assert measurement.feret_min_nm == pytest.approx(12, rel=1e-4)
    assert measurement.feret_max_nm == pytest.approx(12 * np.sqrt(2), rel=1e-2)
    assert measurement.area_nm2 == pytest.approx(144)
    assert measurement.perimeter_nm == pytest.approx(48, rel=1e-2)
    assert measurement.ellipse_ratio == pytest.approx(1, rel=1e-6)
    assert measurement.solidity == 1


def test_a_round_particle_on_pixels_that_are_not_square_is_round() -> None:
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    mask = np.hypot((y - 60) * 0.5, (x - 80) * 0.3) <= 10
    measurement = measured(instance_of(mask), pixel_size=PixelSize(0.5, 0.3, "metadata"))[0].measurement
    assert measurement.equivalent_diameter_nm == pytest.approx(20, rel=0.01)
    assert measurement.fitted_circle_diameter_nm == pytest.approx(20, rel=0.01)
    assert measurement.feret_max_nm == pytest.approx(20, rel=0.02)
    assert measurement.feret_min_nm == pytest.approx(20, rel=0.02)
    assert measurement.circularity == pytest.approx(1, rel=0.02)
    assert measurement.feret_max_px > 1.5 * measurement.feret_min_px


def test_intensities_are_those_of_the_stored_pixels_under_the_mask() -> None:
    image, instance = micrograph(), instance_of(rectangle(SHAPE, (50, 60), 30, 12, 25))
    measurement = measure([instance], image, EVERYWHERE, CleaningParams())[0].measurement
    values = image.pixels[instance.bbox.slices][instance.mask].astype(float)
    assert measurement.intensity_mean == pytest.approx(values.mean())
    assert measurement.intensity_sd == pytest.approx(values.std(ddof=1))
    assert (measurement.intensity_min, measurement.intensity_max) == (values.min(), values.max())
