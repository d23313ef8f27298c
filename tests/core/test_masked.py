"""Particles that a label, a bar or missing pixels cut are no whole particles, and are not counted as such."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lycurgus.core.cleaning import analysed_field, clean
from lycurgus.core.edits import Canvas, draw, include, split
from lycurgus.core.errors import EditError
from lycurgus.core.masked import MaskedArea
from lycurgus.core.params import CleaningParams
from lycurgus.core.types import AnalysisResult, Micrograph, Particle
from lycurgus.parameters import params_from
from lycurgus.pipeline import analyze
from shapes import Mask, disc, instance_of, rectangle

SHAPE = (300, 400)
ALL = np.ones(SHAPE, dtype=np.bool_)


def picture(*discs: Mask, nan: Mask | None = None) -> NDArray[np.float32]:
    pixels = np.random.default_rng(5).normal(1000, 30, SHAPE) + 1000 * np.logical_or.reduce(discs)
    if nan is not None:
        pixels[nan] = np.nan
    return np.asarray(pixels, dtype=np.float32)


def analysed(pixels: NDArray[np.float32], border: str = "exclude") -> AnalysisResult:
    params = params_from({"cleaning": {"border": border}, "annotations": {"labels": "none", "data_bar": "none"}})
    return analyze(Micrograph(Path("made.tif"), pixels), params)


def states(particles: tuple[Particle, ...]) -> dict[tuple[int, int], str | None]:
    """Where each particle is, in tens of pixels, and why it is not counted."""
    return {(round(one.measurement.y_px / 10), round(one.measurement.x_px / 10)): one.excluded for one in particles}


def test_a_disc_that_a_wedge_of_missing_pixels_cuts_is_not_counted() -> None:
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    wedge = (y > 150) & (x > 300 + (300 - y) / 3)
    cut_x = 300 + (300 - 220) / 3
    result = analysed(picture(disc(SHAPE, (220, cut_x - 5), 40), disc(SHAPE, (80, 330), 40), disc(SHAPE, (220, 100), 40), nan=wedge))
    cut = [one for one in result.particles if one.excluded]
    assert [one.excluded for one in cut] == ["cut by a masked area"]
    assert "cut_by_annotation" in cut[0].flags
    assert cut[0].measurement.x_px > 250
    assert [one.measurement.equivalent_diameter_px for one in result.counted] == pytest.approx([40, 40], rel=0.03)


@pytest.mark.parametrize(
    ("border", "excluded", "removed"), [("exclude", ["cut by a masked area"], 0), ("keep", [None], 0), ("remove", [], 1)]
)
def test_the_border_rule_holds_for_what_a_masked_area_cuts(border: str, excluded: list[str | None], removed: int) -> None:
    result = analysed(picture(disc(SHAPE, (150, 190), 40), nan=rectangle(SHAPE, (150, 215), 40, 40)), border)
    assert [one.excluded for one in result.particles] == excluded
    assert all("cut_by_annotation" in one.flags for one in result.particles)
    assert result.removed.get("cut by a masked area", 0) == removed


def test_a_disc_under_a_burnt_in_scale_bar_and_its_text_is_not_counted() -> None:
    discs = [disc(SHAPE, (258, 40), 40), disc(SHAPE, (235, 90), 30), disc(SHAPE, (100, 200), 40), disc(SHAPE, (60, 60), 40)]
    pixels = np.clip(np.random.default_rng(5).normal(60, 8, SHAPE) + 80 * np.logical_or.reduce(discs), 0, 200).astype(np.uint8)
    cv2.rectangle(pixels, (30, 268), (150, 275), 255, -1)
    cv2.putText(pixels, "100 nm", (50, 258), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, 2)
    result = analyze(Micrograph(Path("made.tif"), pixels), params_from({}))
    assert {one.kind for one in result.annotations} == {"scale bar", "text"}
    found = states(result.particles)
    assert found.pop((10, 20)) is found.pop((6, 6)) is None
    assert len(found) >= 2
    assert set(found.values()) == {"cut by a masked area"}


def cut(mask: Mask, masked: Mask) -> bool:
    usable = ~masked
    instances = clean([instance_of(mask)], usable, CleaningParams(), None).kept
    return any("cut_by_annotation" in one.flags for one in instances)


def test_a_particle_beside_a_masked_box_is_cut_only_where_it_reaches_the_box() -> None:
    box = np.zeros(SHAPE, dtype=np.bool_)
    box[100:120, 100:140] = True
    for gap, expected in ((0, True), (1, False), (5, False)):
        particle = np.zeros(SHAPE, dtype=np.bool_)
        particle[100:130, 60 - gap : 100 - gap] = True
        assert cut(particle, box) is expected


def test_touching_a_corner_is_touching() -> None:
    box, particle = np.zeros(SHAPE, dtype=np.bool_), np.zeros(SHAPE, dtype=np.bool_)
    box[100:120, 100:140] = True
    particle[120:140, 140:160] = True
    assert cut(particle, box)


def test_dead_pixels_cut_nothing_and_a_dead_row_does() -> None:
    particle = rectangle(SHAPE, (150, 150), 41, 41)
    spot, row = np.zeros(SHAPE, dtype=np.bool_), np.zeros(SHAPE, dtype=np.bool_)
    spot[170:172, 150:152] = True
    row[171, :] = True
    assert not cut(particle & ~spot, spot)
    assert cut(particle & ~row, row)


def test_a_letter_within_a_particle_damages_it_unless_its_hole_is_filled() -> None:
    particle, letter, speck = disc(SHAPE, (150, 150), 80), rectangle(SHAPE, (150, 150), 12, 12), rectangle(SHAPE, (150, 150), 5, 5)
    assert cut(particle & ~letter, letter)
    assert not cut(particle & ~speck, speck)


def test_what_lies_beyond_the_field_cuts_nothing() -> None:
    usable = ALL.copy()
    usable[250:] = False
    assert MaskedArea.of(usable, analysed_field(usable)) is None


def test_a_particle_drawn_across_a_masked_area_is_whole_and_parts_of_a_cut_one_are_not() -> None:
    result = analysed(picture(disc(SHAPE, (150, 180), 60), nan=rectangle(SHAPE, (150, 220), 40, 40)))
    canvas = Canvas.of(result)
    drawn = draw(result.particles, instance_of(disc(SHAPE, (150, 200), 60)), canvas, first_id=7).added
    assert [one.excluded for one in drawn if one.id == 7] == [None]
    line = np.array([[100.0, 170.0], [200.0, 170.0]])
    left, right = sorted(split(result.particles, 1, line, canvas, first_id=2).added, key=lambda one: one.measurement.x_px)
    assert (left.excluded, right.excluded) == (None, "cut by a masked area")
    with pytest.raises(EditError, match="masked area"):
        include(result.particles, [1], canvas.cleaning)
    by_hand = replace(result.particles[0], excluded="by hand")
    assert include([by_hand], [1], canvas.cleaning).added[0].excluded == "cut by a masked area"
