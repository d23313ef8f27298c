"""Networks opened with ONNX Runtime: on the fastest device that really works, shared between threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.errors import ModelError
from lycurgus.inference.catalog import InstalledModel
from lycurgus.inference.providers import CPU, NAMES, candidates, preload_cuda, thread_count

_FATAL_ONLY = 4
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """An opened network; may be used by several threads at once, which take turns on a GPU.

    Attributes
    ----------
    provider : where it really runs: "cpu", "cuda" ..., with ", half precision" where it computes so.
    warnings : sentences, if it does not run where it was wanted.
    """

    model: InstalledModel
    provider: str
    warnings: tuple[str, ...]
    _session: Any
    _half_input: bool
    _turn: AbstractContextManager[object]

    @property
    def on_gpu(self) -> bool:
        return not self.provider.startswith(NAMES[CPU])

    def predict(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.floating]]:
        """Run the network.

        Parameters
        ----------
        batch : (N, 1, H, W) float32, normalised; H and W multiples of the manifest's stride.

        Returns
        -------
        Output's name -> (N, C, H / stride, W / stride), float32, or float16 from a network in half precision.

        Raises
        ------
        ModelError
            It does not run: memory is short, or the model is not what its manifest says.
        """
        manifest = self.model.manifest
        given = batch.astype(np.float16) if self._half_input else np.ascontiguousarray(batch)
        names = [output.name for output in manifest.outputs]
        try:
            with self._turn:
                values = self._session.run(names, {manifest.input.name: given})
        except Exception as error:
            raise ModelError(
                self.model.folder, f"the network does not run on {self.provider}", hint=f"{_first_line(error)}; --device cpu may help"
            ) from error
        results = dict(zip(names, values, strict=True))
        for output in manifest.outputs:
            expected = (len(batch), output.channels, batch.shape[2] // output.stride, batch.shape[3] // output.stride)
            if results[output.name].shape != expected:
                found = results[output.name].shape
                raise ModelError(self.model.folder, f"output '{output.name}' has shape {found}, its manifest promises {expected}")
        return results


_opened: dict[tuple[str, str, str], Network] = {}
_opening = threading.Lock()


def open_network(model: InstalledModel, device: str = "auto") -> Network:
    """Open a network, or return it where it is open already.

    The providers are tried in order, each with a small picture: one that is listed need not work. The last resort is the CPU.

    Parameters
    ----------
    device : one of ``providers.DEVICES``.

    Raises
    ------
    ModelError
        The model is damaged, unsafe or does not run.
    ParameterError
        There is no such device.
    """
    key = (str(model.folder), model.manifest.model.sha256, device)
    with _opening:
        if key not in _opened:
            _opened[key] = _open(model, device)
        return _opened[key]


def forget_networks(folder: Path | None = None) -> None:
    """Close networks that nobody uses any more, so that their memory is free: those of one model folder, or all."""
    with _opening:
        for key in [key for key in _opened if folder is None or key[0] == str(folder)]:
            del _opened[key]


def _open(model: InstalledModel, device: str) -> Network:
    tried = candidates(device)
    failures = []
    for provider in tried:
        try:
            return _on(provider, model, ())
        except ModelError as error:
            failures.append(f"{NAMES[provider]}: {error.hint or error.reason}")
            _log.warning("%s does not run on %s: %s", model.manifest.name, provider, error)
    warnings: tuple[str, ...] = ()
    if failures or device not in ("auto", "cpu"):
        reason = "; ".join(failures) or f"no {device} device that ONNX Runtime can use was found on this machine"
        warnings = (f"The network ran on the CPU instead of {'the GPU' if device == 'auto' else device}: {reason}.",)
    return _on(CPU, model, warnings)


def _on(provider: str, model: InstalledModel, warnings: tuple[str, ...]) -> Network:
    """Open a network on one provider and see that it runs there."""
    half = model.manifest.half is not None and provider not in (CPU, "DmlExecutionProvider")
    session = _session(model, provider, model.half_bytes() if half else model.model_bytes())
    running = session.get_providers()[0]
    if running != provider:
        raise ModelError(model.folder, f"ONNX Runtime chose {running} instead of {provider}")
    inputs = {each.name: each.type for each in session.get_inputs()}
    outputs = {each.name for each in session.get_outputs()}
    manifest = model.manifest
    if set(inputs) != {manifest.input.name} or not {output.name for output in manifest.outputs} <= outputs:
        raise ModelError(
            model.folder, f"the network has inputs {sorted(inputs)} and outputs {sorted(outputs)}, its manifest names others", hint=_AGAIN
        )
    name = NAMES[running] + (", half precision" if half else "")
    # DirectML forbids two runs of a session at once, and on any GPU the second would want as much memory again.
    turn: AbstractContextManager[object] = nullcontext() if running == CPU else threading.Lock()
    network = Network(model, name, warnings, session, inputs[manifest.input.name] == "tensor(float16)", turn)
    network.predict(np.zeros((1, 1, manifest.input.stride, manifest.input.stride), dtype=np.float32))
    _log.info("%s %s runs on %s", manifest.name, manifest.version, name)
    return network


def _session(model: InstalledModel, provider: str, content: bytes) -> Any:
    import onnxruntime

    if provider != CPU:
        preload_cuda()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_count()
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL_ONLY
    # Patterns of memory are remembered for each shape, and pictures come in all shapes.
    options.enable_mem_pattern = False
    settings: Mapping[str, str] = {"cudnn_conv_algo_search": "HEURISTIC"} if provider == "CUDAExecutionProvider" else {}
    try:
        return onnxruntime.InferenceSession(content, options, providers=[(provider, settings)] + ([] if provider == CPU else [CPU]))
    except Exception as error:
        raise ModelError(model.folder, f"ONNX Runtime cannot open the network on {NAMES[provider]}", hint=_first_line(error)) from error


_AGAIN = "export the model again"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
