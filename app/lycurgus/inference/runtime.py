"""ONNX Runtime as it is installed here."""

from __future__ import annotations


def available_providers() -> tuple[str, ...]:
    """Return the execution providers that this build of ONNX Runtime was made with.

    CUDA is listed by a CUDA build on machines without a GPU too: only a session's own ``get_providers`` tells what runs.
    """
    import onnxruntime

    return tuple(onnxruntime.get_available_providers())
