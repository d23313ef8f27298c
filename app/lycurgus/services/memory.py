"""How many images can be analysed side by side in the memory and on the cores that are there."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

FEW_IMAGES = 8
MOST_JOBS = 16
_PROCESS_BYTES = 300 << 20
# Measured: 12 times the picture while one is analysed and written; with the next one read and the last one's overlay drawn, a third more.
_TIMES_THE_PICTURE = 16
_COMPRESSED = {".png": 3, ".jpg": 8, ".jpeg": 8}
_SHARE = 0.8


def sensible_jobs(files: Sequence[Path]) -> int:
    """Choose how many processes are worth their start: one for a handful of images, else one a core while memory lasts."""
    if len(files) < FEW_IMAGES:
        return 1
    return max(1, min(usable_cores(), MOST_JOBS, jobs_in_memory(files)))


def jobs_in_memory(files: Sequence[Path]) -> int:
    """Estimate from the largest file how many processes fit into the memory that is free; 1 or more."""
    available = available_bytes()
    if available is None:
        return MOST_JOBS
    each = _PROCESS_BYTES + _TIMES_THE_PICTURE * max((_picture_bytes(path) for path in files), default=0)
    return max(1, int(_SHARE * available / each))


def usable_cores() -> int:
    """Count the cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def available_bytes() -> int | None:
    """Return the memory that programs can still take, None where the system does not tell."""
    if os.name == "nt":
        return _available_on_windows()
    with suppress(OSError, ValueError, IndexError):
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
        return int(lines["MemAvailable"].split()[0]) << 10
    with suppress(OSError, ValueError, AttributeError):
        # Elsewhere only the whole is told; half of it is what other programs usually leave.
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return None


def _picture_bytes(path: Path) -> int:
    try:
        return path.stat().st_size * _COMPRESSED.get(path.suffix.lower(), 1)
    except OSError:
        return 0


class _MemoryStatus(ctypes.Structure):
    """MEMORYSTATUSEX of the Windows API."""

    _fields_ = (
        ("length", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        *((name, ctypes.c_uint64) for name in ("total", "available", "total_page", "available_page", "total_virtual", "available_virtual")),
        ("available_extended", ctypes.c_uint64),
    )


def _available_on_windows() -> int | None:
    status = _MemoryStatus()
    status.length = ctypes.sizeof(status)
    library = getattr(ctypes, "windll", None)
    if library is None or not library.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    return int(status.available)
