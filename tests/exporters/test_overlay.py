"""Overlays and segmentation maps: what is drawn lies where it belongs, on pictures of any kind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from data import shared
from lycurgus.core.errors import ExportError
from lycurgus.core.types import Annotation, BBox, PixelSize
from lycurgus.exporters import palette
from lycurgus.exporters.drawing import THUMBNAIL_PX, dashed, draw_overlay, figure_scale, thumbnail
from lycurgus.exporters.overlay import OverlayExporter, segmentation_map
from lycurgus.readers.door import read
from particles import entry_of, particles_of
from reports import make_report
from shapes import disc

SHAPE = (900, 1200)
NM = PixelSize(0.5, 0.5, "user")


def noise(shape: tuple[int, int] = SHAPE, dtype: Any = np.uint8) -> NDArray[Any]:
    return np.random.default_rng(0).normal(100, 10, shape).astype(dtype)


def overlay(*masks: NDArray[np.bool_], pixels: NDArray[Any] | None = None, **options: Any) -> NDArray[np.uint8]:
    picture = noise() if pixels is None else pixels
    entry = entry_of(particles_of(*masks), picture, pixel_size=NM)
    return draw_overlay(entry.result.micrograph, entry.result.particles, **options)


def coloured(picture: NDArray[np.uint8], colour: palette.Colour, *, tolerance: int = 25) -> NDArray[np.bool_]:
    return np.asarray(np.abs(picture.astype(int) - colour).max(axis=2) <= tolerance)


def test_an_outline_runs_along_the_edge_of_its_particle() -> None:
    drawn = coloured(overlay(disc(SHAPE, (400.0, 500.0), 200)), palette.COUNTED)
    y, x = np.nonzero(drawn)
    radius = np.hypot(y - 400, x - 500)
    assert np.all(np.abs(radius - 100) < 3)
    assert len(np.unique(np.rint(np.rad2deg(np.arctan2(y - 400, x - 500))))) >= 355
    assert radius.mean() == pytest.approx(100, abs=0.5)


@pytest.mark.parametrize("max_side_px", [None, 640, 300])
@pytest.mark.parametrize("shape", [(120, 150), (900, 1200), (1500, 800)])
def test_outlines_stay_in_place_at_every_scale(shape: tuple[int, int], max_side_px: int | None) -> None:
    centre, diameter = (0.4 * shape[0], 0.6 * shape[1]), 0.5 * min(shape)
    picture = overlay(disc(shape, centre, diameter), pixels=noise(shape), max_side_px=max_side_px, ids=False)
    scale = picture.shape[0] / shape[0]
    y, x = np.nonzero(coloured(picture, palette.COUNTED, tolerance=60))
    expected = [(coordinate + 0.5) * scale - 0.5 for coordinate in centre]
    # Thin lines are coloured fully in places only, so the mean of their pixels says little.
    assert [(y.min() + y.max()) / 2, (x.min() + x.max()) / 2] == pytest.approx(expected, abs=1)
    assert np.hypot(y - expected[0], x - expected[1]).mean() == pytest.approx(diameter / 2 * scale, abs=0.5)


def test_excluded_particles_are_dashed_and_grey() -> None:
    entry = entry_of(particles_of(disc(SHAPE, (400, 500), 300), excluded="touches the border"), np.full(SHAPE, 7.0))
    picture = draw_overlay(entry.result.micrograph, entry.result.particles, ids=False)
    assert not coloured(picture, palette.COUNTED).any()
    angles = np.rint(np.rad2deg(np.arctan2(*(np.argwhere(coloured(picture, palette.EXCLUDED)) - (400, 500)).T)))
    assert 120 < len(np.unique(angles)) < 320


def test_dashes_cover_four_sevenths_of_an_outline() -> None:
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    outline = 50 * np.column_stack([np.sin(angle), np.cos(angle)])
    dashes = dashed(outline, 5)
    lengths = [np.hypot(*np.diff(dash, axis=0).T).sum() for dash in dashes]
    assert sum(lengths) == pytest.approx(2 * np.pi * 50 / 1.75, rel=0.01)
    assert lengths == pytest.approx([5] * len(dashes), rel=0.05)


def test_classes_have_colours_of_their_own_and_a_legend() -> None:
    first, second = particles_of(disc(SHAPE, (300, 300), 200), disc(SHAPE, (300, 800), 200))
    classified = [
        replace(particle, classes={"shape": (name, {name: 1.0})})
        for particle, name in zip((first, second), ("cube", "sphere"), strict=True)
    ]
    micrograph = entry_of([], np.full(SHAPE, 7.0)).result.micrograph
    picture = draw_overlay(micrograph, classified, ids=False)
    ring = np.zeros(SHAPE, bool)
    ring[150:450] = True
    for colour, left, right in ((palette.CLASSES[0], 150, 450), (palette.CLASSES[1], 650, 950)):
        found = coloured(picture, colour)
        assert found[150:450, left:right].any()
        assert not found[150:450, : left - 50].any()
        assert found[~ring].any(), "the legend is missing"


def test_ids_are_written_where_there_is_room_only() -> None:
    roomy, tiny = disc(SHAPE, (400, 500), 200), [disc((210, 210), (y, x), 5) for y in range(20, 200, 6) for x in range(20, 200, 6)]
    with_ids, without = (overlay(roomy, pixels=np.full(SHAPE, 7.0), ids=ids) for ids in (True, False))
    y, x = np.nonzero((with_ids != without).any(axis=2))
    assert (y.mean(), x.mean()) == pytest.approx((400, 500), abs=3)
    crowd = [overlay(*tiny, pixels=np.full(SHAPE, 7.0), ids=ids) for ids in (True, False)]
    changed = (crowd[0] != crowd[1]).any(axis=2)
    assert not changed[30:185, 30:185].any()


def test_the_scale_bar_is_as_long_as_it_says() -> None:
    picture = overlay(pixels=np.zeros(SHAPE), ids=False)
    rows = coloured(picture, (255, 255, 255), tolerance=0).sum(axis=1)
    # 600 nm wide: the bar of 100 nm is 200 px long.
    assert rows.max() == 200


def test_a_masked_annotation_is_hatched_and_keeps_the_scale_bar_away() -> None:
    entry = entry_of([], np.full(SHAPE, 7.0), pixel_size=NM)
    bar = Annotation("data bar", BBox(820, 0, 900, 1200))
    plain, hatched = (draw_overlay(entry.result.micrograph, [], annotations) for annotations in ([], [bar]))
    assert len(np.unique(hatched[850:890].reshape(-1, 3), axis=0)) >= 2
    assert coloured(plain, (255, 255, 255), tolerance=0)[820:].any()
    assert not coloured(hatched, (255, 255, 255), tolerance=0)[820:].any()
    assert coloured(hatched, (255, 255, 255), tolerance=0)[:820].any()


def test_thumbnails_are_small_and_keep_their_proportions() -> None:
    entry = entry_of(particles_of(disc(SHAPE, (400, 500), 200)), noise())
    assert thumbnail(entry.result.micrograph, entry.result.particles).shape == (480, THUMBNAIL_PX, 3)


@pytest.mark.parametrize(
    ("shape", "max_side_px", "scale"),
    [
        ((100, 80), None, 9),
        ((1000, 800), None, 1),
        ((4000, 8192), 2048, 0.25),
        ((100, 80), 640, 6),
        ((500, 640), 640, 1),
        ((1, 1), None, 900),
    ],
)
def test_small_pictures_grow_by_whole_factors_and_large_ones_shrink(shape: tuple[int, int], max_side_px: int | None, scale: float) -> None:
    assert figure_scale(shape, max_side_px) == scale


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "pixels",
    [
        noise(dtype=np.uint8),
        noise(dtype=np.uint16) * 300,
        noise(dtype=np.int16),
        noise(dtype=np.int32),
        noise(dtype=np.uint32),
        noise(dtype=np.float32),
        noise(dtype=np.float64) * 1e300,
        np.where(noise() > 100, np.nan, noise(dtype=np.float32)),
        np.where(noise() > 100, np.inf, noise(dtype=np.float32)),
        np.full(SHAPE, np.nan),
        np.zeros(SHAPE),
        noise().astype(bool),
        noise((1, 1)),
        noise((1, 3000)),
        noise((3000, 1)),
    ],
    ids=lambda pixels: f"{pixels.dtype} {pixels.shape} from {pixels.flat[0]:.3g}",
)
def test_any_picture_can_be_drawn(pixels: NDArray[Any]) -> None:
    particles = particles_of(np.ones(pixels.shape, bool)) if min(pixels.shape) < 4 else particles_of(disc(SHAPE, (400, 500), 200))
    for pixel_size in (NM, None):
        entry = entry_of(particles, pixels, pixel_size=pixel_size)
        for picture in (
            draw_overlay(entry.result.micrograph, particles),
            thumbnail(entry.result.micrograph, particles),
        ):
            assert picture.dtype == np.uint8
            assert picture.ndim == 3


def test_the_micrograph_is_not_changed() -> None:
    pixels = noise()
    before = pixels.copy()
    overlay(disc(SHAPE, (400, 500), 200), pixels=pixels)
    assert np.array_equal(pixels, before)


def test_the_map_is_white_wherever_a_particle_is() -> None:
    masks = disc(SHAPE, (400, 500), 200), disc(SHAPE, (400, 600), 200)
    counted, excluded = particles_of(*masks)
    assert np.array_equal(segmentation_map([counted, replace(excluded, excluded="by hand")], SHAPE) == 255, masks[0] | masks[1])


def test_both_files_are_pngs_in_their_folders(tmp_path: Path) -> None:
    entry = make_report(1, 20).entries[0]
    files = OverlayExporter().write(entry, tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in files] == ["overlays/sample_001.png", "maps/sample_001.png"]
    with Image.open(files[0]) as drawn, Image.open(files[1]) as segmentation:
        assert drawn.mode == "RGB"
        assert segmentation.mode == "L"
        assert segmentation.size == entry.shape[::-1]
        assert set(np.unique(np.asarray(segmentation))) == {0, 255}
        assert np.array_equal(np.asarray(drawn), draw_overlay(entry.result.micrograph, entry.result.particles, entry.result.annotations))


def test_a_picture_that_was_let_go_is_told(tmp_path: Path) -> None:
    entry = make_report(1, 3).entries[0]
    micrograph = replace(entry.result.micrograph, pixels=np.zeros((0, 0)))
    with pytest.raises(ExportError, match="no longer in memory"):
        OverlayExporter().write(replace(entry, result=replace(entry.result, micrograph=micrograph)), tmp_path)


def test_real_micrographs_can_be_drawn() -> None:
    for path in sorted(shared("catalyst-boxes").glob("images/*"))[:2]:
        micrograph = read(path)
        picture = thumbnail(micrograph, [])
        assert max(picture.shape) == THUMBNAIL_PX
        assert picture.std() > 5
