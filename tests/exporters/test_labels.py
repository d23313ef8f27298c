"""Label images: every particle under its own number, small ones on large ones, the pixel size where ImageJ looks for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from lycurgus.core.types import PixelSize
from lycurgus.exporters.labels import LabelExporter, label_image
from lycurgus.readers.door import read
from particles import entry_of, particles_of
from reports import make_report
from shapes import disc

SHAPE = (60, 80)
LARGE, SMALL = disc(SHAPE, (30, 40), 40), disc(SHAPE, (32, 44), 9)


@pytest.mark.parametrize("order", [(LARGE, SMALL), (SMALL, LARGE)])
def test_a_small_particle_on_a_large_one_is_seen_whole(order: tuple[np.ndarray, np.ndarray]) -> None:
    labels = label_image(particles_of(*order), SHAPE)
    small_id = 1 + next(i for i, mask in enumerate(order) if mask is SMALL)
    assert np.array_equal(labels == small_id, SMALL)
    assert np.array_equal(labels == 3 - small_id, LARGE & ~SMALL)


def test_of_equal_particles_the_later_lies_on_top() -> None:
    first, second = disc(SHAPE, (30, 30), 20), disc(SHAPE, (30, 40), 20)
    labels = label_image(particles_of(first, second), SHAPE)
    assert np.array_equal(labels == 2, second)


discs = st.lists(st.tuples(st.floats(0, 59), st.floats(0, 79), st.floats(2, 40)), min_size=1, max_size=8)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(discs)
def test_background_is_zero_and_no_pixel_is_given_to_a_stranger(specification: list[tuple[float, float, float]]) -> None:
    masks = [mask for y, x, diameter in specification if (mask := disc(SHAPE, (y, x), diameter)).any()]
    labels = label_image(particles_of(*masks), SHAPE) if masks else np.zeros(SHAPE)
    assert np.array_equal(labels > 0, np.any(masks, axis=0) if masks else np.zeros(SHAPE, bool))
    assert all(np.all(mask[labels == number]) for number, mask in enumerate(masks, start=1))


def test_the_file_holds_all_particles_the_excluded_ones_too(tmp_path: Path) -> None:
    entry = make_report(1, 20).entries[0]
    (path,) = LabelExporter().write(entry, tmp_path)
    assert path == tmp_path / "labels" / "sample_001.tif"
    labels = tifffile.imread(path)
    assert labels.shape == entry.shape
    assert labels.dtype == np.uint16
    assert any(particle.excluded for particle in entry.result.particles)
    assert set(np.unique(labels)) == {0, *(particle.id for particle in entry.result.particles)}


def test_ids_beyond_16_bits_are_kept(tmp_path: Path) -> None:
    (particle,) = particles_of(SMALL)
    (path,) = LabelExporter().write(entry_of([replace(particle, id=70_000)], np.zeros(SHAPE)), tmp_path)
    labels = tifffile.imread(path)
    assert labels.dtype == np.uint32
    assert np.array_equal(labels == 70_000, SMALL)


@pytest.mark.parametrize("highest", [70_000, 1])
def test_the_pixel_size_comes_back(tmp_path: Path, highest: int) -> None:
    (particle,) = particles_of(SMALL)
    size = PixelSize(0.5, 0.2, "user")
    (path,) = LabelExporter().write(entry_of([replace(particle, id=highest)], np.zeros(SHAPE), pixel_size=size), tmp_path)
    with tifffile.TiffFile(path) as file:
        assert file.is_imagej
        assert file.imagej_metadata is not None
        assert file.imagej_metadata["unit"] == "nm"
    found = read(path).pixel_size
    assert found is not None
    assert (found.y_nm, found.x_nm) == pytest.approx((0.5, 0.2))


def test_without_calibration_nothing_is_claimed(tmp_path: Path) -> None:
    (path,) = LabelExporter().write(entry_of(particles_of(SMALL), np.zeros(SHAPE)), tmp_path)
    assert read(path).pixel_size is None


def test_an_image_without_particles_is_all_background(tmp_path: Path) -> None:
    (path,) = LabelExporter().write(entry_of([], np.zeros(SHAPE)), tmp_path)
    assert not tifffile.imread(path).any()
    assert tifffile.imread(path).shape == SHAPE


def test_labels_are_compressed(tmp_path: Path) -> None:
    (path,) = LabelExporter().write(entry_of(particles_of(disc((1000, 1000), (500, 500), 600)), np.zeros((1000, 1000))), tmp_path)
    assert path.stat().st_size < 1000 * 1000 * 2 / 50
