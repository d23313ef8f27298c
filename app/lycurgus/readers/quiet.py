"""Keeps the chatter of file libraries (warnings, log lines) away from users; safe when several threads read at once."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_reading: ContextVar[bool] = ContextVar("reading", default=False)
_lock = threading.Lock()
_readers_inside = 0
_saved = warnings.catch_warnings()


class _WhileReading(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - the protocol of logging
        return not _reading.get()


for _name in ("tifffile", "PIL", "PIL.PngImagePlugin", "PIL.TiffImagePlugin", "h5py", "h5py._conv", "imagecodecs"):
    logging.getLogger(_name).addFilter(_WhileReading())


@contextmanager
def quiet() -> Iterator[None]:
    """Silence warnings and the libraries' loggers while a file is read.

    The filters of ``warnings`` belong to the process: two threads that save and restore them by turns would leave
    them silent for ever, so the first one in saves and the last one out restores.
    """
    global _readers_inside, _saved
    with _lock:
        if _readers_inside == 0:
            _saved = warnings.catch_warnings()
            _saved.__enter__()
            warnings.simplefilter("ignore")
        _readers_inside += 1
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)
        with _lock:
            _readers_inside -= 1
            if _readers_inside == 0:
                _saved.__exit__(None, None, None)
