"""Where a network can run on this machine: ONNX Runtime's execution providers, in the order in which they are tried."""

from __future__ import annotations

import ctypes
import importlib.util
import logging
import os
import sys
from functools import cache

from lycurgus.core.errors import ParameterError

DEVICES = ("auto", "cpu", "cuda", "directml", "tensorrt")
"""What a user can ask for; "auto" takes the fastest that works."""

CPU = "CPUExecutionProvider"
NAMES = {CPU: "cpu", "CUDAExecutionProvider": "cuda", "DmlExecutionProvider": "directml", "TensorrtExecutionProvider": "tensorrt"}
"""ONNX Runtime's names and ours."""

MOST_THREADS = 16
_TRIED = {
    "auto": ("CUDAExecutionProvider", "DmlExecutionProvider"),
    "cpu": (),
    "cuda": ("CUDAExecutionProvider",),
    "directml": ("DmlExecutionProvider",),
    "tensorrt": ("TensorrtExecutionProvider", "CUDAExecutionProvider"),
}
_NEEDS_NVIDIA = frozenset({"CUDAExecutionProvider", "TensorrtExecutionProvider"})
_log = logging.getLogger(__name__)


def available_providers() -> tuple[str, ...]:
    """Return the execution providers that this build of ONNX Runtime was made with.

    CUDA is listed by a CUDA build on machines without a GPU too: only a session's own ``get_providers`` tells what runs.
    """
    import onnxruntime

    return tuple(onnxruntime.get_available_providers())


def candidates(device: str) -> tuple[str, ...]:
    """Return the providers that are worth trying for a device, the fastest first, without the CPU, which is always the last resort.

    TensorRT builds an engine for minutes, so it is tried only where it is asked for.

    Raises
    ------
    ParameterError
        There is no such device.
    """
    if device not in _TRIED:
        raise ParameterError(f"there is no device called '{device}'", hint=f"choose one of {', '.join(DEVICES)}")
    built = available_providers()
    return tuple(name for name in _TRIED[device] if name in built and (name not in _NEEDS_NVIDIA or nvidia_gpus() > 0))


@cache
def nvidia_gpus() -> int:
    """Count the GPUs that NVIDIA's driver shows; 0 without a driver.

    Asked before CUDA is tried: without a GPU the attempt takes a second and fills the terminal with the runtime's complaints.
    """
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


@cache
def preload_cuda() -> None:
    """Let CUDA and cuDNN be found where they are installed as Python packages; must come before the first session."""
    if importlib.util.find_spec("nvidia") is None:
        return
    import onnxruntime

    try:
        onnxruntime.preload_dlls()
    except Exception as error:
        _log.warning("CUDA's libraries could not be loaded: %s", error)


def thread_count() -> int:
    """Return how many threads a network may take: the cores this process may use, fewer where OMP_NUM_THREADS says so.

    ONNX Runtime itself does not heed that variable, by which worker processes are told to leave the other cores alone.
    """
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    wanted = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return max(1, min(cores, MOST_THREADS, int(wanted) if wanted.isdecimal() and int(wanted) > 0 else cores))
