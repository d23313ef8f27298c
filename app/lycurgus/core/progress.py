"""Progress and cancellation, handed down every long call."""

from __future__ import annotations

import threading
from typing import Protocol

from lycurgus.core.errors import Cancelled


class Progress(Protocol):
    """Called now and then from long work; must be cheap and must not raise."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


def silent(stage: str, done: int, total: int) -> None:
    """Report to nobody."""


class CancelToken:
    """A flag that one thread raises and another looks at between steps."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def is_cancelled(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raise ``Cancelled`` once somebody has asked for it."""
        if self._event.is_set():
            raise Cancelled


never = CancelToken()
"""The token that nobody cancels."""
