"""ImageJ ROI sets: outlines that lie where the particles are, under their ids."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from numpy.typing import NDArray
from roifile import ROI_TYPE, ImagejRoi, roiread
from skimage.draw import polygon2mask

from lycurgus.exporters.roi import RoiExporter, roi_names
from particles import entry_of, particles_of
from reports import make_report
from shapes import disc, ellipse, rectangle

SHAPE = (120, 160)


def written(tmp_path: Path, *masks: NDArray[np.bool_]) -> list[ImagejRoi]:
    (path,) = RoiExporter().write(entry_of(particles_of(*masks), np.zeros(SHAPE)), tmp_path)
    rois = roiread(path)
    assert isinstance(rois, list)
    return rois


def filled(roi: ImagejRoi, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels whose centres, half a pixel from ImageJ's corners, lie inside."""
    return np.asarray(polygon2mask(shape, roi.coordinates()[:, ::-1] - 0.5))


def overlap(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(a & b) / np.count_nonzero(a | b))


@pytest.mark.parametrize(
    ("mask", "least"),
    [
        (disc(SHAPE, (60, 80), 60), 0.98),
        (disc(SHAPE, (60.3, 80.6), 20), 0.95),
        (disc(SHAPE, (30, 30), 8), 0.9),
        (ellipse(SHAPE, (60, 80), 70, 25, 30), 0.96),
        (rectangle(SHAPE, (60, 80), 60, 40, 20), 0.96),
        (disc(SHAPE, (0, 0), 50), 0.96),
        (disc(SHAPE, (119, 159), 50), 0.96),
    ],
    ids=["large disc", "disc", "small disc", "ellipse", "rectangle", "corner at the origin", "corner at the end"],
)
def test_an_outline_encloses_its_particle(tmp_path: Path, mask: NDArray[np.bool_], least: float) -> None:
    (roi,) = written(tmp_path, mask)
    assert overlap(filled(roi, SHAPE), mask) >= least


def test_a_disc_stands_where_imagej_counts_it(tmp_path: Path) -> None:
    (roi,) = written(tmp_path, disc(SHAPE, (60, 80), 41))
    x, y = roi.coordinates().mean(axis=0)
    assert (y, x) == pytest.approx((60.5, 80.5), abs=0.02)
    assert roi.roitype == ROI_TYPE.FREEHAND
    assert roi.subpixel_coordinates is not None


def test_every_particle_of_an_image_comes_back_under_its_id(tmp_path: Path) -> None:
    entry = make_report(1, 30).entries[0]
    (path,) = RoiExporter().write(entry, tmp_path)
    assert path == tmp_path / "rois" / "sample_001.zip"
    rois = {int(roi.name): roi for roi in roiread(path)}
    assert sorted(rois) == [particle.id for particle in entry.result.particles]
    for particle in entry.result.particles:
        mask = np.zeros(entry.shape, bool)
        mask[particle.instance.bbox.slices] = particle.instance.mask
        assert overlap(filled(rois[particle.id], entry.shape), mask) >= 0.85


def test_names_sort_as_numbers() -> None:
    few = particles_of(*[disc(SHAPE, (60, 80), 10)] * 3)
    assert roi_names(few) == ["0001", "0002", "0003"]
    assert roi_names([*few, replace(few[0], id=123_456)]) == ["000001", "000002", "000003", "123456"]
    assert roi_names([]) == []


def test_members_of_the_archive_are_named_for_the_roi_manager(tmp_path: Path) -> None:
    (path,) = RoiExporter().write(entry_of(particles_of(disc(SHAPE, (60, 80), 10)), np.zeros(SHAPE)), tmp_path)
    with ZipFile(path) as archive:
        assert archive.namelist() == ["0001.roi"]
        assert archive.read("0001.roi")[:4] == b"Iout"


def test_flags_and_reasons_travel_as_properties(tmp_path: Path) -> None:
    (particle,) = particles_of(disc(SHAPE, (60, 80), 10))
    particle = replace(particle, flags=frozenset({"separated", "overlapping"}), excluded="touches the border")
    (path,) = RoiExporter().write(entry_of([particle], np.zeros(SHAPE)), tmp_path)
    (roi,) = roiread(path)
    assert roi.props == "particle: 1\nflags: overlapping, separated\nexcluded: touches the border\n"


@pytest.mark.parametrize(("planes", "plane", "position"), [((), "", 0), (("HAADF",), "HAADF", 0), (("BF", "HAADF"), "HAADF", 2)])
def test_an_outline_belongs_to_the_plane_that_was_analysed(tmp_path: Path, planes: tuple[str, ...], plane: str, position: int) -> None:
    entry = entry_of(particles_of(disc(SHAPE, (60, 80), 10)), np.zeros(SHAPE), plane=plane, planes=planes)
    (roi,) = roiread(RoiExporter().write(entry, tmp_path)[0])
    assert roi.position == position


def test_a_particle_in_two_pieces_has_one_outline_around_both(tmp_path: Path) -> None:
    both = disc(SHAPE, (60, 40), 30) | disc(SHAPE, (60, 110), 30)
    (roi,) = written(tmp_path, both)
    assert overlap(filled(roi, SHAPE), both) >= 0.95


def test_outlines_beyond_the_reach_of_16_bit_coordinates_are_right(tmp_path: Path) -> None:
    (particle,) = particles_of(disc(SHAPE, (60, 80), 30))
    box = particle.instance.bbox
    far = replace(particle, instance=replace(particle.instance, bbox=type(box)(box.y0, box.x0 + 70_000, box.y1, box.x1 + 70_000)))
    (path,) = RoiExporter().write(replace(entry_of([far], np.zeros((1, 1))), shape=(120, 80_000)), tmp_path)
    (roi,) = roiread(path)
    assert roi.coordinates()[:, 0].mean() == pytest.approx(70_080.5, abs=0.05)


def test_an_image_without_particles_gives_an_empty_set(tmp_path: Path) -> None:
    (path,) = RoiExporter().write(entry_of([], np.zeros(SHAPE)), tmp_path)
    with ZipFile(path) as archive:
        assert archive.namelist() == []
