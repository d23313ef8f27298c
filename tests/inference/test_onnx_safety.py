"""Whatever leads out of a model file is seen, wherever it hides, and no bytes break the look."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from lycurgus.inference.onnx_safety import NotOnnxError, has_external_data
from networks import blob_network

CONTENT = blob_network("star-convex").SerializeToString()


def outside() -> TensorProto:
    tensor = numpy_helper.from_array(np.zeros(3, dtype=np.float32), "outside")
    onnx.external_data_helper.set_external_data(tensor, location="/etc/passwd")
    tensor.ClearField("raw_data")
    return tensor


def empty_graph(**parts: list[TensorProto]) -> onnx.GraphProto:
    return helper.make_graph([], "inner", [], [], **parts)


def with_node(node: onnx.NodeProto) -> onnx.ModelProto:
    return helper.make_model(helper.make_graph([node], "outer", [], []))


def in_a_branch() -> onnx.ModelProto:
    return with_node(helper.make_node("If", ["c"], ["y"], then_branch=empty_graph(initializer=[outside()]), else_branch=empty_graph()))


def in_a_constant() -> onnx.ModelProto:
    return with_node(helper.make_node("Constant", [], ["y"], value=outside()))


def in_a_list() -> onnx.ModelProto:
    node = helper.make_node("Thing", [], ["y"])
    attribute = node.attribute.add(name="values", type=onnx.AttributeProto.TENSORS)
    attribute.tensors.append(outside())
    return with_node(node)


def in_a_function() -> onnx.ModelProto:
    model = helper.make_model(empty_graph())
    node = helper.make_node("Constant", [], ["y"], value=outside())
    model.functions.append(helper.make_function("d", "f", [], ["y"], [node], [helper.make_opsetid("", 17)]))
    return model


def in_a_sparse_tensor() -> onnx.ModelProto:
    model = helper.make_model(empty_graph())
    model.graph.sparse_initializer.add().values.CopyFrom(outside())
    return model


def in_training_steps() -> onnx.ModelProto:
    model = helper.make_model(empty_graph())
    model.training_info.add().initialization.CopyFrom(empty_graph(initializer=[outside()]))
    return model


def by_location_alone() -> onnx.ModelProto:
    tensor = numpy_helper.from_array(np.zeros(3, dtype=np.float32), "outside")
    tensor.data_location = TensorProto.EXTERNAL
    return helper.make_model(empty_graph(initializer=[tensor]))


def test_a_model_that_stands_by_itself_is_let_through() -> None:
    assert not has_external_data(CONTENT)


@pytest.mark.parametrize(
    "model", [in_a_branch, in_a_constant, in_a_list, in_a_function, in_a_sparse_tensor, in_training_steps, by_location_alone]
)
def test_external_data_is_seen_wherever_it_hides(model: object) -> None:
    assert has_external_data(model().SerializeToString())  # type: ignore[operator]


def test_graphs_that_nest_without_end_are_refused() -> None:
    graph = b""
    for _ in range(80):
        graph = wrapped(1, wrapped(5, wrapped(6, graph)))
    with pytest.raises(NotOnnxError, match="nested too deeply"):
        has_external_data(wrapped(7, graph))


def wrapped(number: int, message: bytes) -> bytes:
    """A message as a field of another one."""
    length, size = len(message), b""
    while length >= 0x80:
        size += bytes([length & 0x7F | 0x80])
        length >>= 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + message


def test_the_runtimes_own_format_is_refused() -> None:
    with pytest.raises(NotOnnxError):
        has_external_data(b"\x20\0\0\0ORTM" + bytes(100))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=200) | st.integers(0, len(CONTENT) - 1).map(lambda length: CONTENT[:length]))
def test_no_bytes_break_the_look(content: bytes) -> None:
    with suppress(NotOnnxError):
        assert has_external_data(content) in (True, False)
