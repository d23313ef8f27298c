"""Networks run where they say they run, on the CPU at last, and are opened once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import helper

from lycurgus.core.errors import ModelError, ParameterError
from lycurgus.inference import providers, session
from lycurgus.inference.catalog import InstalledModel, installed
from lycurgus.inference.providers import available_providers, thread_count
from lycurgus.inference.session import forget_networks, open_network
from networks import STRIDE, blob_network, make_model, manifest_document

IMAGE = np.random.default_rng(0).uniform(-1, 1, (2, 1, STRIDE, 2 * STRIDE)).astype(np.float32)
NO_GPU = providers.nvidia_gpus() == 0


@pytest.fixture(autouse=True)
def _closed_afterwards() -> object:
    yield
    forget_networks()


def model_in(folder: Path, **options: object) -> InstalledModel:
    make_model(folder / "alpha", **options)  # type: ignore[arg-type]
    (model,) = installed([folder])
    assert isinstance(model, InstalledModel)
    return model


def test_a_network_answers_in_the_shapes_of_its_manifest(tmp_path: Path) -> None:
    network = open_network(model_in(tmp_path, head="star-convex"), "cpu")
    answers = network.predict(IMAGE)
    assert answers["fields"].shape == (2, 2, STRIDE, 2 * STRIDE)
    assert answers["rays"].shape == (2, 32, STRIDE // 2, STRIDE)
    assert (network.provider, network.warnings, network.on_gpu) == ("cpu", (), False)


def test_a_network_is_opened_once_and_shared_by_threads(tmp_path: Path) -> None:
    model = model_in(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        networks = list(pool.map(lambda _: open_network(model, "cpu"), range(8)))
        answers = list(pool.map(lambda network: network.predict(IMAGE)["fields"], networks))
    assert len({id(network) for network in networks}) == 1
    assert all(np.array_equal(answer, answers[0]) for answer in answers)


@pytest.mark.parametrize(("provider", "at_once", "patience_s"), [("CPUExecutionProvider", 2, 60), ("DmlExecutionProvider", 1, 0.2)])
def test_threads_take_turns_on_a_gpu_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str, at_once: int, patience_s: float
) -> None:
    runtime = _Runtime(provider, patience_s)
    monkeypatch.setattr(session, "_session", lambda *_: runtime)
    monkeypatch.setattr(session, "candidates", lambda _: (provider,))
    network = open_network(model_in(tmp_path), "auto")
    assert network.provider == providers.NAMES[provider]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: network.predict(IMAGE), range(2)))
    assert runtime.most_at_once == at_once


class _Runtime:
    """A session that counts how many threads are in it; each stays until another has come or has had time enough to."""

    def __init__(self, provider: str, patience_s: float) -> None:
        self.most_at_once = 0
        self._patience_s = patience_s
        self._provider = provider
        self._inside = 0
        self._counting = threading.Lock()
        self._another = threading.Event()

    def get_providers(self) -> list[str]:
        return [self._provider]

    def get_inputs(self) -> list[object]:
        return [SimpleNamespace(name="image", type="tensor(float)")]

    def get_outputs(self) -> list[object]:
        return [SimpleNamespace(name="fields")]

    def run(self, names: list[str], given: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        assert names == ["fields"]
        with self._counting:
            self._inside += 1
            self.most_at_once = max(self.most_at_once, self._inside)
            if self._inside > 1:
                self._another.set()
        image = given["image"]
        if len(image) > 1:
            self._another.wait(timeout=self._patience_s)
        with self._counting:
            self._inside -= 1
        return [np.zeros((len(image), 2, *image.shape[2:]), np.float32)]


def test_another_network_in_the_same_folder_is_another_network(tmp_path: Path) -> None:
    first = open_network(model_in(tmp_path), "cpu")
    second = open_network(model_in(tmp_path, head="star-convex"), "cpu")
    assert first is not second
    assert "rays" in second.predict(IMAGE)


@pytest.mark.skipif(not NO_GPU, reason="has a GPU")
def test_without_a_gpu_the_cpu_works_and_says_so_where_a_gpu_was_asked_for(tmp_path: Path) -> None:
    model = model_in(tmp_path)
    assert open_network(model, "auto").warnings == ()
    asked = open_network(model, "cuda")
    assert asked.provider == "cpu"
    (warning,) = asked.warnings
    assert warning.startswith("The network ran on the CPU instead of cuda: no cuda device")


@pytest.mark.skipif(not NO_GPU or "CUDAExecutionProvider" not in available_providers(), reason="needs a CUDA build without a GPU")
def test_a_provider_that_is_listed_but_does_not_work_is_passed_over_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "candidates", lambda _: ("CUDAExecutionProvider",))
    network = open_network(model_in(tmp_path), "auto")
    assert network.provider == "cpu"
    assert "instead of the GPU: cuda: " in network.warnings[0]
    assert network.predict(IMAGE)["fields"].shape[0] == 2


def test_half_precision_is_for_gpus_alone(tmp_path: Path) -> None:
    model = model_in(tmp_path, half=True)
    assert model.half_bytes() == model.model_bytes()
    assert open_network(model, "cpu").provider == "cpu"


def test_an_unknown_device_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="no device called 'abacus'"):
        open_network(model_in(tmp_path), "abacus")


def test_a_network_that_is_not_what_its_manifest_says_is_refused(tmp_path: Path) -> None:
    outputs = [{"name": "fields", "channels": 3}]
    with pytest.raises(ModelError, match=r"'fields' has shape .* its manifest promises"):
        open_network(model_in(tmp_path, outputs=outputs), "cpu")


@pytest.mark.parametrize(
    "changes",
    [
        {"input": {"name": "picture", "stride": 64, "context_px": 8}},
        {"outputs": [{"name": "fields", "channels": 2}, {"name": "more", "channels": 1}]},
    ],
)
def test_other_names_than_the_manifests_are_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="its manifest names others"):
        open_network(model_in(tmp_path, golden_offset=0.0, **changes), "cpu")


def test_a_network_of_unknown_operators_is_a_sentence(tmp_path: Path) -> None:
    network = blob_network()
    network.graph.node.append(helper.make_node("Conjure", ["fields"], ["rabbit"], domain="magic"))
    content = network.SerializeToString()
    model = model_in(tmp_path, model=manifest_document(content)["model"])
    (model.folder / "model.onnx").write_bytes(content)
    with pytest.raises(ModelError, match="cannot open the network on cpu"):
        open_network(model, "cpu")


def test_a_picture_that_does_not_fit_the_network_is_a_sentence(tmp_path: Path) -> None:
    network = open_network(model_in(tmp_path), "cpu")
    with pytest.raises(ModelError, match=r"does not run on cpu|promises"):
        network.predict(IMAGE[:, :, :63])


@pytest.mark.parametrize(("stated", "at_most"), [("1", 1), ("2,1", 2), ("many", 16), ("0", 16), ("", 16), ("999", 16)])
def test_threads_are_bounded_and_heed_the_environment(monkeypatch: pytest.MonkeyPatch, stated: str, at_most: int) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", stated)
    assert 1 <= thread_count() <= at_most
