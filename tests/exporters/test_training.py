"""Training data: what was corrected in the application is what a network is trained on, to the pixel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from lycurgus.cli import main
from lycurgus.core.edits import exclude
from lycurgus.core.errors import ExportError
from lycurgus.core.types import Annotation, BBox, PixelSize
from lycurgus.exporters.training import TrainingExporter
from lycurgus.readers.door import read
from lycurgus_train.data.check import check
from lycurgus_train.data.folder import load_folder
from particles import entry_of, particles_of
from shapes import disc, rectangle

SHAPE = (70, 90)
LARGE, SMALL, AT_EDGE = disc(SHAPE, (30, 40), 40), disc(SHAPE, (32, 44), 9), rectangle(SHAPE, (60, 88), 20, 10)
PIXELS = np.random.default_rng(0).integers(0, 60_000, SHAPE).astype(np.uint16)


def full(instance, shape=SHAPE):
    mask = np.zeros(shape, bool)
    mask[instance.bbox.slices] = instance.mask
    return mask


def write_and_load(entry, folder: Path):
    TrainingExporter().write(entry, folder)
    return load_folder(folder / "training")


def test_particles_come_back_as_they_were_where_they_overlap_too(tmp_path):
    (image,) = write_and_load(entry_of(particles_of(LARGE, SMALL, AT_EDGE), PIXELS), tmp_path)
    assert np.array_equal(image.pixels, PIXELS)
    assert image.pixels.dtype == np.uint16
    assert [full(instance).tolist() for instance in image.instances] == [LARGE.tolist(), SMALL.tolist(), AT_EDGE.tolist()]
    assert image.ignore is None


def test_particles_that_touch_the_border_are_learnt_but_those_excluded_by_hand_are_neither_particle_nor_background(tmp_path):
    at_edge = particles_of(AT_EDGE, excluded="touches the border")
    others = [replace(particle, id=particle.id + 1) for particle in particles_of(LARGE, SMALL)]
    edit = exclude(others, [3], "dirt")
    particles = [*at_edge, others[0], *edit.added]
    (image,) = write_and_load(entry_of(particles, PIXELS), tmp_path)
    assert [full(instance).tolist() for instance in image.instances] == [AT_EDGE.tolist(), LARGE.tolist()]
    assert np.array_equal(image.ignore, SMALL)
    labels = tifffile.imread(tmp_path / "training" / "labels" / "sample.tif")
    assert set(np.unique(labels)) == {0, 1, 2}


def test_nothing_is_learnt_where_a_data_bar_lies(tmp_path):
    bar = Annotation("data bar", BBox(60, -2, 75, 95))
    (image,) = write_and_load(entry_of(particles_of(SMALL), PIXELS, annotations=[bar]), tmp_path)
    assert image.ignore[60:].all()
    assert not image.ignore[:60].any()


def test_an_image_without_particles_is_an_example_too(tmp_path):
    TrainingExporter().write(entry_of([], PIXELS, stem="empty"), tmp_path)
    data = write_and_load(entry_of(particles_of(LARGE), PIXELS[::-1]), tmp_path)
    assert [len(image.instances) for image in data] == [0, 1]
    checked = check(data)
    assert not checked.problems
    assert checked.notes == ["empty: has no particle; it is learnt from as background"]


def test_the_pixel_size_stays_with_the_picture(tmp_path):
    TrainingExporter().write(entry_of(particles_of(LARGE), PIXELS, pixel_size=PixelSize(0.5, 0.25, "user")), tmp_path)
    found = read(tmp_path / "training" / "images" / "sample.tif").pixel_size
    assert (found.y_nm, found.x_nm) == pytest.approx((0.5, 0.25), rel=1e-6)


def test_without_the_picture_nothing_is_written(tmp_path):
    entry = entry_of(particles_of(LARGE), PIXELS)
    gone = replace(entry, result=replace(entry.result, micrograph=replace(entry.result.micrograph, pixels=np.zeros((0, 0), np.uint8))))
    with pytest.raises(ExportError, match="no longer in memory"):
        TrainingExporter().write(gone, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_command_line_writes_them_when_asked_and_only_then(tmp_path):
    picture = np.full(SHAPE, 30, np.uint8)
    picture[LARGE | AT_EDGE] = 200
    tifffile.imwrite(tmp_path / "a.tif", picture)
    assert main(["analyze", str(tmp_path / "a.tif"), "--out", str(tmp_path / "usual"), "--detector", "otsu"]) == 0
    assert not (tmp_path / "usual" / "training").exists()
    asked = ["--out", str(tmp_path / "out"), "--formats", "training", "--detector", "otsu", "--separator", "none"]
    assert main(["analyze", str(tmp_path / "a.tif"), *asked]) == 0
    (image,) = load_folder(tmp_path / "out" / "training")
    assert np.array_equal(image.pixels, picture)
    assert len(image.instances) == 2
