"""Looks into a watched folder again and again: what is complete, what is to be tried again, whether the folder is there at all."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from lycurgus.services.arrivals import Look, look_into
from lycurgus.services.settling import Settling, Sight

DELAYS_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Waits between attempts to read a file; after the last one it has failed until it changes."""
_RATE_OVER_S = 600.0
_RATE_OF = 64

Looking = Callable[[Path], Look]


@dataclass(slots=True)
class _Retry:
    attempts: int
    due_s: float
    reason: str = ""


class Lookout:
    """Keeps count of a folder; may be used from several threads.

    Parameters
    ----------
    handled : versions of files that need no work.
    clock : monotonic seconds: the time of day may jump, and times of files are only compared for being equal.
    look : returns what is in the folder, or raises OSError.

    Attributes
    ----------
    trouble : a sentence while the folder cannot be reached, else "".
    closed : subfolders that may not be searched.
    companions : files that belong to others, as seen at the last look.
    """

    def __init__(
        self,
        folder: Path,
        *,
        handled: Mapping[Path, Sight] | None = None,
        clock: Callable[[], float] = monotonic,
        look: Looking = look_into,
    ) -> None:
        self._folder, self._clock, self._look = folder, clock, look
        self._settling = Settling(handled)
        self._lock = threading.RLock()
        self._seen: dict[Path, Sight] = {}
        self._retries: dict[Path, _Retry] = {}
        self._looks = 0
        self._arrivals: deque[float] = deque(maxlen=_RATE_OF)
        self._active_s = clock()
        self.trouble = ""
        self.closed: tuple[Path, ...] = ()
        self.companions: dict[Path, Path] = {}

    def poll(self) -> list[Path]:
        """Look once and return the files to work on: complete now, or due to be tried again."""
        try:
            look = self._look(self._folder)
        except OSError as error:
            # What is known stays as it is: a share that returns shows the same files again.
            self.trouble = f"{self._folder} cannot be reached ({(error.strerror or type(error).__name__).lower()})"
            return []
        self.trouble, self.closed, self.companions = "", look.closed, look.companions
        with self._lock:
            now = self._clock()
            new = [path for path in look.sights if path not in self._seen and self._settling.handled(path) is None]
            if self._looks:
                self._arrivals.extend([now] * len(new))
            if look.sights != self._seen or self._looks == 0:
                self._active_s = now
            self._seen, self._looks = look.sights, self._looks + 1
            ready = self._settling.look(look.sights)
            for path in [path for path in self._retries if path in ready or path not in look.sights]:
                del self._retries[path]
            due = [path for path, retry in self._retries.items() if retry.due_s <= now]
            for path in due:
                self._retries[path].due_s = float("inf")
            if ready:
                self._active_s = now
            return [*ready, *due]

    def sight(self, path: Path) -> Sight | None:
        """Return the version of a file that was handed out last."""
        with self._lock:
            return self._settling.handled(path)

    def succeeded(self, path: Path) -> None:
        """Forget about attempts that failed."""
        with self._lock:
            self._retries.pop(path, None)
            self._active_s = self._clock()

    def again(self, path: Path) -> None:
        """Hand a file out once more, when it is still again: it changed while it was worked on."""
        with self._lock:
            self._retries.pop(path, None)
            self._settling.again(path)
            self._active_s = self._clock()

    def failed(self, path: Path, reason: str) -> bool:
        """Try a file again later; True where that was the last attempt and it has failed."""
        with self._lock:
            retry = self._retries.setdefault(path, _Retry(0, 0.0))
            retry.attempts, retry.reason = retry.attempts + 1, reason
            if retry.attempts > len(DELAYS_S):
                del self._retries[path]
                return True
            retry.due_s = self._clock() + DELAYS_S[retry.attempts - 1]
            return False

    def postpone(self, path: Path, reason: str, *, delay_s: float) -> None:
        """Try a file again later, however often: the file is not what is wrong."""
        with self._lock:
            retry = self._retries.setdefault(path, _Retry(0, 0.0))
            retry.due_s, retry.reason = self._clock() + delay_s, reason

    def attempts(self, path: Path) -> int:
        """How often a file could not be read."""
        with self._lock:
            return self._retries[path].attempts if path in self._retries else 0

    def retrying(self) -> dict[Path, str]:
        """Return the files that wait for another attempt, with the reasons."""
        with self._lock:
            return {path: retry.reason for path, retry in self._retries.items()}

    @property
    def n_growing(self) -> int:
        """Files that are not complete yet."""
        with self._lock:
            return self._settling.n_waiting

    @property
    def is_settling(self) -> bool:
        """Whether looks will soon show a file to be complete."""
        with self._lock:
            return self._settling.is_settling

    @property
    def idle_s(self) -> float:
        """Time since anything changed in the folder or any work came of it; 0 while a file is not yet known to be complete."""
        with self._lock:
            return 0.0 if self._settling.is_settling else self._clock() - self._active_s

    @property
    def images_per_minute(self) -> float | None:
        """How fast new files come, over the last ten minutes; what was there at the beginning does not count. None for too few."""
        with self._lock:
            now = self._clock()
            times = [time for time in self._arrivals if now - time <= _RATE_OVER_S]
        # Up to now rather than to the last one: the rate falls when the microscope stops.
        return 60 * len(times) / max(now - times[0], 1.0) if len(times) > 1 else None
