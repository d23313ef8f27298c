"""From a checkpoint to a model folder that the application takes: ONNX, manifest, golden sample, card."""

from __future__ import annotations

import copy
import hashlib
import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lycurgus.core.errors import ExportError, ModelError, ParameterError
from lycurgus.core.normalise import normalise
from lycurgus.exporters.atomic import HINT, TEMPORARY_PREFIX
from lycurgus.exporters.json import write_json
from lycurgus.inference.manifest import GOLDEN_FILE, HALF_FILE, MANIFEST_FILE, MODEL_FILE, ModelManifest
from lycurgus_train.networks import ParticleNetwork
from lycurgus_train.targets import RAYS, STRIDE

OPSET = 18
GOLDEN_SIDE_PX = 192
PARITY = 2e-3
"""Largest difference that is allowed between ONNX Runtime and torch, relative to 1 + |value|: weights are stored in half precision."""

HALF_PARITY = 1e-2
"""The same for the variant that computes in half precision: a probability moves by no more than 0.004, a radius of 20 px by 4 %."""

HALVED_SUFFIX = ".half"
"""What the name of an initialiser ends with that is stored in half precision."""

WRAPPED = "model."
"""What the names of a network's weights begin with in the file."""

LEAST_CONTEXT_PX = 256
"""How far tiles of a large picture overlap at least, and by two strides. At 128 px from a change of the picture the foreground
probability of a trained network of six levels still moved by 0.08, at 256 px by 0.002, which is no seam any more."""

LEAST_HALVED = 1024
"""Initialisers of fewer values stay in single precision: they save nothing."""


@dataclass(frozen=True, slots=True)
class Parity:
    """Largest differences between ONNX Runtime and torch on the golden sample, by output, relative to 1 + |value|.

    Attributes
    ----------
    largest : of the network.
    half : of its variant in half precision; None where none was asked for.
    """

    largest: Mapping[str, float]
    half: Mapping[str, float] | None = None

    @property
    def holds(self) -> bool:
        return _within(self.largest, PARITY)

    @property
    def half_holds(self) -> bool:
        return self.half is not None and _within(self.half, HALF_PARITY)


def _within(differences: Mapping[str, float], limit: float) -> bool:
    # What is no number is within no limit, which max() would not tell.
    return all(value <= limit for value in differences.values())


def export(model: ParticleNetwork, folder: Path, facts: Mapping[str, Any], *, sample: NDArray[np.generic], half: bool = True) -> Parity:
    """Write a model folder and prove that it computes what torch computes; where that fails, a model before stays as it was.

    Parameters
    ----------
    facts : what the manifest says beyond the network itself: name, version, title, diameter_px, scales, thresholds, licence,
        training_data, metrics ...
    sample : (H, W), any picture with particles, of which the golden sample is cut.
    half : also write the variant that computes in half precision, for GPUs; it is left out where rounding changes too much of what the
        network says.

    Raises
    ------
    ExportError
        The folder cannot be written.
    ModelError
        ONNX Runtime and torch disagree.
    ParameterError
        The facts make no valid manifest.
    """
    model = model.eval().to("cpu", torch.float32)
    picture = _golden_picture(sample, golden_side_px(model.stride))
    with torch.inference_mode():
        expected = [output.numpy() for output in model.export_forward(torch.from_numpy(picture))]
    names = [output["name"] for output in outputs_of(model)]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=TEMPORARY_PREFIX, dir=folder.parent) as temporary:
            made = Path(temporary)
            # Rounded weights change what some networks say by more than is allowed: theirs are stored as they are.
            for halved in (True, False):
                _write_onnx(model, made / MODEL_FILE, names, dtype=torch.float32, halved=halved)
                parity = Parity(_differences(made / MODEL_FILE, picture, names, expected))
                if parity.holds:
                    break
            else:
                raise ModelError(folder, f"ONNX Runtime and torch differ by {max(parity.largest.values()):.2g}, allowed is {PARITY}")
            if half:
                _write_onnx(model, made / HALF_FILE, names, dtype=torch.float16)
                parity = replace(parity, half=_half_differences(model, made / HALF_FILE, picture, names, expected))
                if not parity.half_holds:
                    (made / HALF_FILE).unlink()
            np.savez_compressed(made / GOLDEN_FILE, allow_pickle=False, **dict(zip(("image", *names), (picture, *expected), strict=True)))
            write_json(made / MANIFEST_FILE, _manifest(model, made, facts, half=parity.half_holds).document())
            _move(made, folder)
    except OSError as error:
        raise ExportError(folder, f"the model cannot be written ({error.strerror})", hint=HINT) from error
    return parity


def _move(made: Path, folder: Path) -> None:
    """Put finished files in the place of those of a model before, the manifest last: until then their hashes do not match."""
    folder.mkdir(exist_ok=True)
    for name in (MODEL_FILE, HALF_FILE, GOLDEN_FILE, MANIFEST_FILE):
        if (made / name).exists():
            (made / name).replace(folder / name)
        else:
            (folder / name).unlink(missing_ok=True)


def outputs_of(model: ParticleNetwork) -> list[dict[str, Any]]:
    """Describe what a network answers, as the manifest has it."""
    fields = {"name": "fields", "channels": 2, "stride": 1}
    return [fields] if model.rays is None else [fields, {"name": "rays", "channels": RAYS, "stride": STRIDE}]


class _Exported(nn.Module):
    """The network as the application calls it: single precision in and out, whatever it computes in."""

    def __init__(self, model: ParticleNetwork, dtype: torch.dtype) -> None:
        super().__init__()
        self.model = model
        self.dtype = dtype

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        return tuple(output.float() for output in self.model.export_forward(image.to(self.dtype)))


def _write_onnx(model: ParticleNetwork, path: Path, names: list[str], *, dtype: torch.dtype, halved: bool = True) -> None:
    import onnx

    exported = _Exported(copy.deepcopy(model).to(dtype), dtype).eval()
    batch, high, wide = (torch.export.Dim(name, min=1) for name in ("batch", "high", "wide"))
    # Sides are multiples of the stride; said so, the exporter need not guard the sums of skip connections.
    shape = {"image": {0: batch, 2: model.stride * high, 3: model.stride * wide}}
    with warnings.catch_warnings():
        # The exporter warns of its own deprecated parts, and of a library that it could do more with and that nothing here needs.
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
        program = torch.onnx.export(
            exported,
            (torch.zeros(2, 1, 2 * model.stride, 3 * model.stride),),
            dynamo=True,
            dynamic_shapes=shape,
            input_names=["image"],
            output_names=names,
            opset_version=OPSET,
            external_data=False,
            optimize=True,
            verbose=False,
        )
    assert program is not None
    proto = _slimmed(program.model_proto, halved=halved)
    onnx.checker.check_model(proto)
    onnx.save_model(proto, str(path))


def _slimmed(proto: Any, *, halved: bool) -> Any:
    """Drop what the exporter notes of the machine and the source files it ran on, and store large initialisers in half precision.

    Each of these is followed by a cast that ONNX Runtime folds when it opens the model.
    """
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for initializer in proto.graph.initializer:
        values = numpy_helper.to_array(initializer)
        if not halved or values.dtype != np.float32 or values.size < LEAST_HALVED:
            continue
        name = initializer.name
        initializer.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + HALVED_SUFFIX))
        casts.append(helper.make_node("Cast", [name + HALVED_SUFFIX], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *proto.graph.node]
    for node in nodes:
        node.doc_string = ""
        del node.metadata_props[:]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    del proto.metadata_props[:]
    del proto.graph.metadata_props[:]
    for value in (*proto.graph.value_info, *proto.graph.input, *proto.graph.output):
        del value.metadata_props[:]
    del proto.graph.value_info[:]
    return proto


def _differences(path: Path, picture: NDArray[np.float32], names: list[str], expected: list[NDArray[np.float32]]) -> dict[str, float]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    return _largest(names, session.run(names, {"image": picture}), expected)


def _half_differences(
    model: ParticleNetwork, path: Path, picture: NDArray[np.float32], names: list[str], expected: list[NDArray[np.float32]]
) -> dict[str, float]:
    """Compare the file, and torch computing in half precision: on CPUs ONNX Runtime computes such a file in single precision."""
    rounding = _Exported(copy.deepcopy(model).half(), torch.float16).eval()
    with torch.inference_mode():
        rounded = [output.numpy() for output in rounding(torch.from_numpy(picture))]
    by_torch, by_file = _largest(names, rounded, expected), _differences(path, picture, names, expected)
    return {name: float(np.maximum(by_torch[name], by_file[name])) for name in names}


def _largest(names: list[str], found: list[NDArray[np.float32]], expected: list[NDArray[np.float32]]) -> dict[str, float]:
    return {
        name: float((np.abs(there - here) / (1 + np.abs(here))).max()) for name, there, here in zip(names, found, expected, strict=True)
    }


def golden_side_px(stride: int) -> int:
    """Return the side of the golden sample: the least that shows something and that the network can halve to its bottom."""
    return stride * ceil(GOLDEN_SIDE_PX / stride)


def _golden_picture(sample: NDArray[np.generic], side_px: int) -> NDArray[np.float32]:
    """Return the middle of a picture, normalised, (1, 1, side, side)."""
    if min(sample.shape) < side_px:
        raise ParameterError(f"the sample has {sample.shape[1]} × {sample.shape[0]} px, needed are {side_px} each way")
    y, x = ((side - side_px) // 2 for side in sample.shape)
    return normalise(sample[y : y + side_px, x : x + side_px])[None, None]


def _manifest(model: ParticleNetwork, folder: Path, facts: Mapping[str, Any], *, half: bool) -> ModelManifest:
    document = {
        "format": 1,
        "task": "particles",
        "head": model.head,
        "input": {"name": "image", "stride": model.stride, "context_px": max(LEAST_CONTEXT_PX, 2 * model.stride)},
        "outputs": outputs_of(model),
        "normalisation": {"low": 0.5, "high": 99.5},
        "opset": OPSET,
        "model": _file(folder / MODEL_FILE),
        "half": _file(folder / HALF_FILE) if half else None,
        "golden": {"absolute": PARITY, "relative": PARITY},
        "created": date.today().isoformat(),
        **facts,
    }
    try:
        return ModelManifest.model_validate(document)
    except ValueError as error:
        raise ParameterError(f"the facts make no valid manifest: {error}") from error


def _file(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
