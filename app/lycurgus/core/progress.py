"""Progress and cancellation, handed down every long call."""

from __future__ import annotations

import threading
from typing import Protocol

from lycurgus.core.errors import Cancelled


class Progress(Protocol):
    """Called now and then from long work with ``done`` of ``total`` parts of a stage; must be cheap and must not raise.

    Within one stage of one analysis the share that is done never falls.
    """

    def __call__(self, stage: str, done: int, total: int) -> None: ...


def silent(stage: str, done: int, total: int) -> None:
    """Report to nobody."""


class Parts:
    """Reports several works, one after the other, as parts of one stage, so that what is done does not fall back with each of them.

    Parameters
    ----------
    total : the most works that there can be; with fewer the stage ends early.
    """

    _STEPS = 100

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._begun = 0

    def next(self) -> Progress:
        """Begin the next work, and return what it reports to."""
        before = self._begun * self._STEPS
        self._begun += 1

        def tell(stage: str, done: int, total: int) -> None:
            self._progress(stage, before + self._STEPS * done // total, self._total * self._STEPS)

        return tell


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
