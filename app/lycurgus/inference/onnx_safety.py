"""Looks into an ONNX file before ONNX Runtime does: a model must stand by itself and lead to no other file.

Initialisers may name an external file that the runtime would open, wherever it lies. The onnx package, which could tell, is no part of
the application; protocol buffers are simple enough to be walked through: https://protobuf.dev/programming-guides/encoding/, with the
field numbers of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

DEEPEST = 64
"""Graphs nest in attributes of nodes (loops, branches); no network nests this deep."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_TENSOR = "TensorProto"
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
_CHILDREN: Mapping[str, Mapping[int, str]] = {
    "ModelProto": {7: "GraphProto", 20: "TrainingInfoProto", 25: "FunctionProto"},
    "GraphProto": {1: "NodeProto", 5: _TENSOR, 15: "SparseTensorProto"},
    "TrainingInfoProto": {1: "GraphProto", 2: "GraphProto"},
    "FunctionProto": {7: "NodeProto", 11: "AttributeProto"},
    "NodeProto": {5: "AttributeProto"},
    "AttributeProto": {5: _TENSOR, 6: "GraphProto", 10: _TENSOR, 11: "GraphProto", 22: "SparseTensorProto", 23: "SparseTensorProto"},
    "SparseTensorProto": {1: _TENSOR, 2: _TENSOR},
    _TENSOR: {},
}


class NotOnnxError(ValueError):
    """The bytes are no ONNX model."""


def has_external_data(model: bytes) -> bool:
    """Tell whether any tensor of a model says that its values lie in another file.

    Raises
    ------
    NotOnnxError
        The bytes do not form a model.
    """
    if model[4:8] == b"ORTM":
        raise NotOnnxError("it is in ONNX Runtime's own format")
    return _leads_elsewhere(memoryview(model), "ModelProto", 0)


def _leads_elsewhere(message: memoryview, kind: str, depth: int) -> bool:
    if depth > DEEPEST:
        raise NotOnnxError("it is nested too deeply")
    children = _CHILDREN[kind]
    for number, value in _fields(message):
        if kind == _TENSOR:
            if number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != 0):
                return True
        elif number in children:
            if not isinstance(value, memoryview):
                raise NotOnnxError("a part of it is not what it should be")
            if _leads_elsewhere(value, children[number], depth + 1):
                return True
    return False


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield number and value of each field of a message: a whole number, or the bytes of what has a length."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == _BYTES:
            length, at = _varint(message, at)
        elif wire in (_FIXED32, _FIXED64):
            length = 4 if wire == _FIXED32 else 8
        else:
            raise NotOnnxError("it holds fields of an unknown kind")
        if number == 0 or length > len(message) - at:
            raise NotOnnxError("it is cut off or damaged")
        yield number, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, the lowest first; return it and where the next field begins."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise NotOnnxError("it is cut off or damaged")
