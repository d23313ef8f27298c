"""Small networks made for tests: exact, with a known field of view, in folders like those that training exports."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

STRIDE = 64
CONTEXT_PX = 32
RAYS = 32
RADIUS_PX = 12.0
OPSET = 17


def make_model(
    folder: Path,
    *,
    head: str = "distance",
    external: bool = False,
    half: bool = False,
    dark: bool = False,
    golden_offset: float = 0.0,
    **changes: Any,
) -> Path:
    """Write a model folder whose network finds bright blobs about 24 px wide; a pixel's result depends on 13 px around it.

    Parameters
    ----------
    external : the network says that its weights lie in another file.
    dark : it finds dark blobs instead.
    half : a variant in half precision beside it.
    golden_offset : added to the golden output, so that it is wrong.
    changes : of the manifest's entries.
    """
    folder.mkdir(parents=True, exist_ok=True)
    network = blob_network(head, dark=dark)
    if external:
        weights = network.graph.initializer[0]
        onnx.external_data_helper.set_external_data(weights, location="../elsewhere.bin")
        weights.data_location = TensorProto.EXTERNAL
        weights.ClearField("raw_data")
    content = network.SerializeToString()
    (folder / "model.onnx").write_bytes(content)
    document = manifest_document(content, head=head)
    if half:
        (folder / "model.half.onnx").write_bytes(content)
        document["half"] = document["model"]
    if not external:
        write_golden(folder, content, head, golden_offset)
    (folder / "manifest.json").write_text(json.dumps({**document, "name": folder.name, **changes}))
    return folder


def manifest_document(content: bytes, *, head: str = "distance") -> dict[str, Any]:
    """Return a manifest as plain data."""
    outputs: list[dict[str, Any]] = [{"name": "fields", "channels": 2, "stride": 1}]
    if head == "star-convex":
        outputs.append({"name": "rays", "channels": RAYS, "stride": 2})
    return {
        "format": 1,
        "name": "blobs",
        "version": "1.0.0",
        "title": "Bright blobs",
        "task": "particles",
        "head": head,
        "input": {"name": "image", "stride": STRIDE, "context_px": CONTEXT_PX},
        "outputs": outputs,
        "normalisation": {"low": 0.5, "high": 99.5},
        "diameter_px": {"smallest": 8.0, "largest": 60.0},
        "scales": [1.0],
        "thresholds": {"score": 0.3, "overlap": 0.4, "foreground": 0.5},
        "opset": OPSET,
        "model": {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)},
        "golden": {"absolute": 1e-4},
        "licence": "MIT",
        "training_data": [{"name": "none", "licence": "MIT", "images": 0}],
        "created": "2026-11-21",
    }


def blob_network(head: str = "distance", *, dark: bool = False) -> onnx.ModelProto:
    """Build a network: foreground where the mean of 5 x 5 px is above 0.2, distance from how much foreground there is in 17 x 17 px.

    The picture is averaged over 2 x 2 px and spread again, so that parts of a picture must start at even pixels.
    """
    nodes = [
        helper.make_node("AveragePool", ["image"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node(
            "Resize", ["pooled", "", "twice"], ["spread"], mode="nearest", nearest_mode="floor", coordinate_transformation_mode="asymmetric"
        ),
        helper.make_node("Conv", ["spread", "mean5", "threshold"], ["level"], pads=[2, 2, 2, 2]),
        helper.make_node("Mul", ["level", "steepness"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["probability"]),
        helper.make_node("Conv", ["probability", "mean17"], ["filled"], pads=[8, 8, 8, 8]),
        helper.make_node("Mul", ["filled", "probability"], ["distance"]),
        helper.make_node("Concat", ["logit", "distance"], ["fields"], axis=1),
    ]
    constants = {
        "twice": np.array([1, 1, 2, 2], dtype=np.float32),
        "mean5": np.full((1, 1, 5, 5), (-1 if dark else 1) / 25, dtype=np.float32),
        "threshold": np.array([-0.2], dtype=np.float32),
        "mean17": np.full((1, 1, 17, 17), 1 / 289, dtype=np.float32),
        "steepness": np.array(12, dtype=np.float32),
    }
    outputs = [helper.make_tensor_value_info("fields", TensorProto.FLOAT, ["n", 2, "h", "w"])]
    if head == "star-convex":
        nodes.append(helper.make_node("Conv", ["pooled", "nothing", "radius"], ["rays"]))
        constants["nothing"] = np.zeros((RAYS, 1, 1, 1), dtype=np.float32)
        constants["radius"] = np.full(RAYS, np.log(RADIUS_PX), dtype=np.float32)
        outputs.append(helper.make_tensor_value_info("rays", TensorProto.FLOAT, ["n", RAYS, "h2", "w2"]))
    graph = helper.make_graph(
        nodes,
        "blobs",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 1, "h", "w"])],
        outputs,
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)


def write_golden(folder: Path, content: bytes, head: str, offset: float) -> None:
    import onnxruntime

    image = np.random.default_rng(0).uniform(-1, 1, (1, 1, STRIDE, STRIDE)).astype(np.float32)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = ["fields", "rays"] if head == "star-convex" else ["fields"]
    values: dict[str, NDArray[np.float32]] = dict(zip(names, session.run(names, {"image": image}), strict=True))
    values["fields"] = values["fields"] + np.float32(offset)
    np.savez(folder / "golden.npz", image=image, **values)
