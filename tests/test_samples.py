"""The bundled micrographs: small, readable, calibrated as they claim, and found wherever Lycurgus is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from data import ROOT
from lycurgus import resources
from lycurgus.core.errors import LycurgusError
from lycurgus.readers.door import read
from lycurgus.resources import resource, sample_micrographs, sample_truth

EXPECTED = {
    "bf_tem_dark_particles": ((640, 640), np.uint8, None),
    "haadf_stem_metal_on_carbon": ((640, 640), np.uint16, 0.12),
    "sem_spheres_and_cubes": ((684, 640), np.uint8, 2.5),
}


def test_there_are_three_samples() -> None:
    assert [path.stem for path in sample_micrographs()] == sorted(EXPECTED)


@pytest.mark.parametrize("path", sample_micrographs(), ids=lambda path: path.stem)
def test_a_sample_reads_with_its_calibration_and_its_truth(path: Path) -> None:
    shape, dtype, nm_per_px = EXPECTED[path.stem]
    micrograph = read(path)
    assert micrograph.shape == shape
    assert micrograph.pixels.dtype == dtype
    if nm_per_px is None:
        assert micrograph.pixel_size is None
    else:
        assert micrograph.pixel_size is not None
        assert (micrograph.pixel_size.y_nm, micrograph.pixel_size.x_nm) == pytest.approx((nm_per_px, nm_per_px))
        assert micrograph.pixel_size.source == "metadata"
    labels = tifffile.imread(sample_truth(path))
    assert labels.shape == shape
    ids = np.unique(labels)
    assert np.array_equal(ids, np.arange(ids.size))
    assert ids.size > 50


@pytest.mark.parametrize("path", sample_micrographs(), ids=lambda path: path.stem)
def test_particles_of_the_truth_stand_out(path: Path) -> None:
    pixels, labels = read(path).pixels[:640].astype(float), tifffile.imread(sample_truth(path))[:640]
    inside, outside = pixels[labels > 0], pixels[labels == 0]
    contrast = (inside.mean() - outside.mean()) / outside.std()
    assert (contrast < -2) if "bf_tem" in path.name else (contrast > 2)


def test_samples_are_small() -> None:
    sizes = [path.stat().st_size for path in resource("samples").rglob("*") if path.is_file()]
    assert max(sizes) < 300_000
    assert sum(sizes) < 1_000_000


def test_samples_can_be_made_again(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(ROOT / "build_scripts" / "make_samples.py"), str(tmp_path)], check=True, timeout=120)
    for path in sample_micrographs():
        again, bundled = (read(folder / path.name).pixels.astype(float) for folder in (tmp_path, path.parent))
        # Another version of NumPy may draw other numbers; the picture then is another one of the same kind.
        assert again.shape == bundled.shape
        assert again.mean() == pytest.approx(bundled.mean(), rel=0.2)
        assert again.std() == pytest.approx(bundled.std(), rel=0.3)


def test_resources_lie_beside_the_package_once_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site-packages" / "lycurgus"
    (package / "_resources" / "samples").mkdir(parents=True)
    monkeypatch.setattr(resources, "PACKAGE", package)
    assert resource("samples") == package / "_resources" / "samples"


def test_resources_lie_in_the_unpacked_folder_of_a_frozen_application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lycurgus" / "_resources" / "samples").mkdir(parents=True)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert resource("samples") == tmp_path / "lycurgus" / "_resources" / "samples"


def test_a_strangers_folder_called_resources_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lib" / "resources" / "samples").mkdir(parents=True)
    monkeypatch.setattr(resources, "PACKAGE", tmp_path / "lib" / "site-packages" / "lycurgus")
    with pytest.raises(LycurgusError, match="the bundled file 'samples' is missing: the installation is incomplete"):
        resource("samples")


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LycurgusError, match=r"'samples/nothing\.tif' is missing"):
        resource("samples/nothing.tif")
    (tmp_path / "_resources" / "samples").mkdir(parents=True)
    monkeypatch.setattr(resources, "PACKAGE", tmp_path)
    with pytest.raises(LycurgusError, match="sample micrographs are missing"):
        sample_micrographs()


def test_the_font_of_the_overlays_has_the_signs_that_labels_need() -> None:
    from PIL import ImageFont

    font = ImageFont.truetype(resource("fonts/DejaVuSans.ttf"), 20)
    absent = bytes(font.getmask("￿"))
    assert all(bytes(font.getmask(sign)) != absent for sign in "µμ²³Åγα°±×–äößéł")
    assert resource("fonts/LICENSE_DEJAVU.txt").is_file()
