"""What is exported computes what was trained, at every size, and tells nobody where it was made."""

from __future__ import annotations

import getpass
import socket
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")
pytest.importorskip("numba")

from lycurgus.core.errors import ModelError, ParameterError
from lycurgus.inference.catalog import InstalledModel
from lycurgus.inference.golden import check_golden
from lycurgus.inference.manifest import GOLDEN_FILE, HALF_FILE, MANIFEST_FILE, MODEL_FILE, read_manifest
from lycurgus.inference.session import open_network
from lycurgus_train import export as exporting
from lycurgus_train.export import LEAST_HALVED, PARITY, Parity, export
from lycurgus_train.facts import for_head, read_facts
from lycurgus_train.networks import ParticleNetwork
from train.runs import network, picture

SAMPLE = np.tile(picture(1).pixels, (2, 2))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[ParticleNetwork, InstalledModel, Parity]:
    model, folder = network("star-convex"), tmp_path_factory.mktemp("star-convex")
    parity = export(model, folder, read_facts(), sample=SAMPLE)
    return model, InstalledModel(folder, read_manifest(folder), bundled=False), parity


@pytest.mark.parametrize("shape", [(1, 64, 64), (3, 64, 136), (2, 192, 72), (1, 8, 8)])
def test_onnx_and_torch_agree_at_every_size(exported: tuple[ParticleNetwork, InstalledModel, Parity], shape: tuple[int, int, int]) -> None:
    model, installed, _ = exported
    batch = np.random.default_rng(shape[2]).uniform(-1, 1, (shape[0], 1, *shape[1:])).astype(np.float32)
    found = open_network(installed, "cpu").predict(batch)
    with torch.inference_mode():
        expected = dict(zip(("fields", "rays"), (output.numpy() for output in model.export_forward(torch.from_numpy(batch))), strict=True))
    for name, values in expected.items():
        assert found[name].dtype == np.float32
        assert found[name].shape == values.shape
        assert (np.abs(found[name] - values) <= PARITY * (1 + np.abs(values))).all()


def test_the_golden_sample_is_met(exported: tuple[ParticleNetwork, InstalledModel, Parity]) -> None:
    _, installed, parity = exported
    assert parity.holds
    assert set(parity.largest) == {"fields", "rays"}
    assert check_golden(installed).passed
    with np.load(installed.folder / GOLDEN_FILE, allow_pickle=False) as golden:
        assert golden["image"].shape == (1, 1, 192, 192)
        assert np.ptp(golden["fields"][0, 1]) > 0.01


def test_weights_are_stored_in_half_precision(exported: tuple[ParticleNetwork, InstalledModel, Parity]) -> None:
    model, installed, _ = exported
    stored = onnx.load(installed.folder / MODEL_FILE).graph.initializer
    large = [one for one in stored if np.prod(one.dims) >= LEAST_HALVED]
    assert len(large) >= 10
    assert {one.data_type for one in large} == {onnx.TensorProto.FLOAT16}
    values = sum(parameter.numel() for parameter in model.parameters())
    assert (installed.folder / MODEL_FILE).stat().st_size < 2.5 * values + 60_000


def test_weights_stay_as_they_are_where_rounding_them_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounded ones differ by about 1e-3, those in single precision by about 1e-6."""
    monkeypatch.setattr(exporting, "PARITY", 2e-5)
    parity = export(network("distance"), tmp_path, for_head(read_facts(), "distance"), sample=SAMPLE, half=False)
    assert max(parity.largest.values()) <= 2e-5
    stored = onnx.load(tmp_path / MODEL_FILE).graph.initializer
    assert {one.data_type for one in stored if np.prod(one.dims) >= LEAST_HALVED} == {onnx.TensorProto.FLOAT}


def test_the_variant_in_half_precision_finds_the_same(exported: tuple[ParticleNetwork, InstalledModel, Parity]) -> None:
    import onnxruntime

    _, installed, parity = exported
    content = installed.half_bytes()
    assert {one.data_type for one in onnx.load_from_string(content).graph.initializer if np.prod(one.dims) >= LEAST_HALVED} == {
        onnx.TensorProto.FLOAT16
    }
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    with np.load(installed.folder / GOLDEN_FILE, allow_pickle=False) as golden:
        fields, rays = session.run(["fields", "rays"], {"image": golden["image"]})
        assert fields.dtype == rays.dtype == np.float32
        assert np.abs(fields - golden["fields"]).max() < 0.1
        assert np.abs(rays - golden["rays"]).max() < 0.1
    assert parity.half is not None
    assert parity.half_holds
    assert min(parity.half.values()) > 1e-5


def test_a_variant_in_half_precision_that_says_something_else_is_left_out(tmp_path: Path) -> None:
    """Half precision ends at 65,504; ONNX Runtime on a CPU, which widens it, would not show it."""
    model = network("distance").eval()
    last = [module for module in model.modules() if isinstance(module, torch.nn.Conv2d)][-1]
    with torch.no_grad():
        last.weight *= 1e7
    parity = export(model, tmp_path, for_head(read_facts(), "distance"), sample=SAMPLE)
    assert parity.holds
    assert parity.half is not None
    assert not np.isfinite(parity.half["fields"])
    assert not parity.half_holds
    assert not (tmp_path / HALF_FILE).exists()
    assert read_manifest(tmp_path).half is None


@pytest.mark.parametrize("file", [MODEL_FILE, HALF_FILE, MANIFEST_FILE])
def test_a_model_says_nothing_of_the_machine_it_was_made_on(exported: tuple[ParticleNetwork, InstalledModel, Parity], file: str) -> None:
    content = (exported[1].folder / file).read_bytes()
    here = [str(Path(exporting.__file__).parent), str(Path(torch.__file__).parent), str(exported[1].folder), str(Path.home()) + "/"]
    for trace in (*here, f"{getpass.getuser()}@", socket.gethostname() + ".", ".py", "site-packages", "Traceback"):
        assert trace.encode() not in content, trace


@pytest.mark.parametrize("head", ["semantic", "distance"])
def test_networks_without_rays_are_exported_too(tmp_path: Path, head: str) -> None:
    export(network(head), tmp_path, for_head(read_facts(), head), sample=SAMPLE, half=False)
    manifest = read_manifest(tmp_path)
    assert (manifest.head, manifest.rays, manifest.half) == (head, 0, None)
    assert check_golden(InstalledModel(tmp_path, manifest, bundled=False)).passed
    assert not (tmp_path / HALF_FILE).exists()


def test_the_golden_sample_of_the_deepest_network_fits_its_levels(tmp_path: Path) -> None:
    deepest = network("semantic", (16,) * 7)
    parity = export(deepest, tmp_path, for_head(read_facts(), "semantic"), sample=np.tile(SAMPLE, (2, 2)), half=False)
    assert parity.holds
    with np.load(tmp_path / GOLDEN_FILE, allow_pickle=False) as golden:
        assert golden["image"].shape == (1, 1, 256, 256)


def test_an_export_that_fails_leaves_the_model_before_as_it_was(
    exported: tuple[ParticleNetwork, InstalledModel, Parity], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (MODEL_FILE, MANIFEST_FILE):
        (tmp_path / name).write_bytes((exported[1].folder / name).read_bytes())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ParameterError, match="no valid manifest"):
        export(network("distance"), tmp_path, {**for_head(read_facts(), "distance"), "scales": []}, sample=SAMPLE, half=False)
    monkeypatch.setattr(exporting, "PARITY", 0.0)
    with pytest.raises(ModelError, match="ONNX Runtime and torch differ by"):
        export(network("distance"), tmp_path, for_head(read_facts(), "distance"), sample=SAMPLE, half=False)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_sample_that_is_too_small_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="needed are 192 each way"):
        export(network("semantic"), tmp_path / "model", for_head(read_facts(), "semantic"), sample=SAMPLE[:100], half=False)
    assert not (tmp_path / "model").exists()
