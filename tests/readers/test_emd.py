"""EMD files of both families."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from lycurgus.core.errors import ReadError
from lycurgus.readers.door import read
from readers.made_files import ramp, write_ncem, write_velox


def test_a_velox_image_keeps_its_numbers_and_its_scale(tmp_path: Path) -> None:
    micrograph = read(write_velox(tmp_path / "a.emd", {"BF": ramp()}, pixel=("2e-9", "3e-9", "m")))
    np.testing.assert_array_equal(micrograph.pixels, ramp())
    assert micrograph.pixel_size is not None
    assert (micrograph.pixel_size.y_nm, micrograph.pixel_size.x_nm) == pytest.approx((3.0, 2.0))
    assert micrograph.metadata["voltage_kV"] == 300


def test_haadf_is_the_default_and_any_detector_a_choice(tmp_path: Path) -> None:
    path = write_velox(tmp_path / "a.emd", {"BF": ramp(), "HAADF": ramp() + 1, "DF4": ramp() + 2})
    assert read(path).signal == "HAADF"
    assert read(path, plane="bf").pixels[0, 0] == 0
    assert read(path, plane="2").pixels[0, 0] == 2
    with pytest.raises(ReadError, match=r"no plane 'SE'.*0 BF, 1 HAADF, 2 DF4"):
        read(path, plane="SE")


def test_a_velox_stack_is_y_x_frames(tmp_path: Path) -> None:
    frames = np.stack([ramp(), ramp() + 1], axis=-1)
    path = write_velox(tmp_path / "a.emd", {"Ceta": frames})
    assert any("2 frames" in warning for warning in read(path).warnings)
    np.testing.assert_array_equal(read(path, plane="1").pixels, ramp() + 1)


def test_a_velox_diffraction_pattern_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"diffraction pattern \(unit 1/m\)"):
        read(write_velox(tmp_path / "a.emd", {"Ceta": ramp()}, pixel=("1e8", "1e8", "1/m")))


def test_a_file_with_spectra_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="holds only spectra"):
        read(write_velox(tmp_path / "a.emd", {}, spectrum=True))


def test_a_velox_fft_beside_the_image_is_not_offered(tmp_path: Path) -> None:
    path = write_velox(tmp_path / "a.emd", {"FFT": ramp().astype(np.complex64), "HAADF": ramp()})
    assert read(path).planes == ("HAADF",)
    with pytest.raises(ReadError, match="complex"):
        read(path, plane="FFT")


@pytest.mark.parametrize("size", ["-1e-9", "0", "nan", "nonsense"])
def test_a_velox_size_that_is_none_is_not_believed(size: str, tmp_path: Path) -> None:
    assert read(write_velox(tmp_path / "a.emd", {"BF": ramp()}, pixel=(size, size, "m"))).pixel_size is None


def test_ncem_arrays_that_come_transposed_are_turned_by_the_names_of_their_axes(tmp_path: Path) -> None:
    turned = read(write_ncem(tmp_path / "a.emd", ramp().T.copy(), [("x", 1.0, "nm"), ("y", 20.0, "A")]))
    straight = read(write_ncem(tmp_path / "b.emd", ramp(), [("y", 20.0, "A"), ("x", 1.0, "nm")]))
    for micrograph in (turned, straight):
        np.testing.assert_array_equal(micrograph.pixels, ramp())
        assert micrograph.pixel_size is not None
        assert (micrograph.pixel_size.y_nm, micrograph.pixel_size.x_nm) == pytest.approx((2.0, 1.0))


def test_an_ncem_file_without_units_is_uncalibrated(tmp_path: Path) -> None:
    micrograph = read(write_ncem(tmp_path / "a.emd", ramp(), [("", 1.0, ""), ("", 1.0, "")]))
    assert micrograph.pixel_size is None


def test_an_ncem_number_without_a_unit_is_doubted_aloud(tmp_path: Path) -> None:
    micrograph = read(write_ncem(tmp_path / "a.emd", ramp(), [("y", 0.3, ""), ("x", 0.3, "")]))
    assert micrograph.pixel_size is None
    assert "has no unit" in micrograph.warnings[0]


def test_an_ncem_stack_has_frames(tmp_path: Path) -> None:
    path = write_ncem(tmp_path / "a.emd", np.stack([ramp(), ramp() + 1]), [("t", 1.0, "s"), ("y", 1.0, "nm"), ("x", 1.0, "nm")])
    np.testing.assert_array_equal(read(path, plane="1").pixels, ramp() + 1)


def test_an_ncem_diffraction_pattern_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="diffraction"):
        read(write_ncem(tmp_path / "a.emd", ramp(), [("ky", 0.1, "n_m^-1"), ("kx", 0.1, "n_m^-1")]))


def test_links_out_of_the_file_are_not_followed(tmp_path: Path) -> None:
    secret = write_ncem(tmp_path / "secret.emd", ramp(), [("y", 1.0, "nm"), ("x", 1.0, "nm")])
    path = tmp_path / "a.emd"
    with h5py.File(path, "w") as file:
        file["data"] = h5py.ExternalLink(str(secret), "/data")
    with pytest.raises(ReadError, match="without a micrograph"):
        read(path)


def test_pixels_that_lie_in_another_file_are_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(ramp().tobytes())
    path = tmp_path / "a.emd"
    with h5py.File(path, "w") as file:
        group = file.create_group("data/picture")
        group.attrs["emd_group_type"] = 1
        group.create_dataset("data", shape=(12, 17), dtype="<u2", external=[(str(tmp_path / "raw"), 0, 408)])
    with pytest.raises(ReadError, match="in another file"):
        read(path)


def test_an_image_that_was_declared_but_never_written_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.emd"
    with h5py.File(path, "w") as file:
        group = file.create_group("data/picture")
        group.attrs["emd_group_type"] = 1
        group.create_dataset("data", shape=(40_000, 40_000), dtype="<f8", chunks=(512, 512))
    with pytest.raises(ReadError, match="not in the file"):
        read(path)


@pytest.mark.timeout(60)
def test_a_damaged_heap_of_texts_does_not_send_the_library_round_in_circles(tmp_path: Path) -> None:
    path = write_ncem(tmp_path / "a.emd", ramp(), [("y", 1.0, "nm"), ("x", 1.0, "nm")])
    raw = bytearray(path.read_bytes())
    heap = raw.index(b"GCOL")
    # The first text now seems to end where nothing but zeros follows: a free object of size 0.
    raw[heap + 16 + 8 : heap + 16 + 16] = (2048).to_bytes(8, "little")
    path.write_bytes(bytes(raw))
    with pytest.raises(ReadError, match="stores its texts"):
        read(path)
