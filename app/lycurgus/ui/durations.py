"""Times as the window writes them: one wording for progress, remaining and past times."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """Write a length of time in s as "0:42", "3:40" or "1:02:05"; less than nothing is nothing."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def remaining(seconds: float | None) -> str:
    """Write an estimate in s, which is never better than a few per cent: "3:40 left", "a few seconds left", "" where there is none."""
    if seconds is None:
        return ""
    if seconds < 5:
        return "a few seconds left"
    if seconds < 120:
        return f"{clock(seconds)} left"
    # Beyond two minutes single seconds would only jump about.
    return f"{clock(10 * round(seconds / 10))} left"
