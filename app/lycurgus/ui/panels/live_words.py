"""What the live panel says, in words and numbers."""

from __future__ import annotations

from math import isfinite, log10

from lycurgus.services.live import ImageNote, LiveSnapshot
from lycurgus.services.watch_events import WatchStatus
from lycurgus.ui.workbench import plural

NONE = "–"


def verdict(snapshot: LiveSnapshot | None) -> tuple[bool, str]:
    """Say whether there are particles enough, and how many are missing."""
    if snapshot is None or not snapshot.convergence.n:
        return False, "Waiting for the first particles"
    so_far = snapshot.convergence
    wanted = f"± {100 * so_far.precision:g} %"
    if so_far.enough:
        return True, f"Enough particles for {wanted}"
    if not so_far.remaining_particles or so_far.remaining_images is None:
        return False, "A few more images, to know how much they differ"
    particles, images = f"{_rounded(so_far.remaining_particles):,}", plural(_rounded(so_far.remaining_images), "more image")
    return False, f"About {particles} more particles ({images}) for {wanted}"


def rows(snapshot: LiveSnapshot | None, status: WatchStatus) -> list[tuple[str, str, str]]:
    """Name, value and explanation of each line of numbers."""
    lines = [*_sample_rows(snapshot)]
    rate = status.images_per_minute
    coming = [f"{status.queued:,} waiting"] if status.queued else []
    coming += [f"{status.growing:,} being written"] if status.growing else []
    coming += [f"{status.retrying:,} to try again"] if status.retrying else []
    lines.append(("Arriving", NONE if rate is None else f"{rate:.3g} images/min", "New files over the last ten minutes of the session"))
    lines.append(("Queue", ", ".join(coming) or "empty", "Files that are complete and wait, that still grow, that could not be read yet"))
    if status.failed or status.duplicates:
        left_out = [f"{status.failed:,} failed"] if status.failed else []
        left_out += [plural(status.duplicates, "duplicate")] if status.duplicates else []
        lines.append(("Left out", ", ".join(left_out), "Files that could not be analysed, and files with the content of another one"))
    return lines


def _sample_rows(snapshot: LiveSnapshot | None) -> list[tuple[str, str, str]]:
    tips = (
        "Counted particles",
        "Geometric mean",
        "Geometric standard deviation",
        *("10 % of the particles are smaller", "Half of the particles are smaller", "90 % of the particles are smaller"),
        "Half of the confidence interval of the mean, as a part of it; images are resampled",
    )
    names = ("Particles", "Geom. mean", "GSD", "D10", "D50", "D90", "Precision")
    if snapshot is None or not snapshot.convergence.n:
        return [(name, NONE, tip) for name, tip in zip(names, tips, strict=True)]
    so_far, unit = snapshot.convergence, snapshot.unit
    decimals = _decimals(so_far.geometric_mean)
    values = [
        f"{so_far.n:,} in {plural(snapshot.n_images, 'image')}",
        _with_unit(f"{so_far.geometric_mean:.{decimals}f}", unit),
        f"{so_far.gsd:.3f}" if isfinite(so_far.gsd) else NONE,
    ]
    for place in range(3):
        found = snapshot.percentiles
        value = f"{found.values[place]:.{decimals}f}" if found else NONE
        interval = found.intervals[place] if found else None
        between = f" ({interval.low:.{decimals}f}–{interval.high:.{decimals}f})" if interval else ""
        values.append(_with_unit(value + between, unit))
    error = so_far.error_by_bootstrap
    doubt = "" if so_far.reliable else ", of few images"
    values.append(f"± {100 * error:.2g} %{doubt}" if isfinite(error) else NONE)
    return list(zip(names, values, tips, strict=True))


def caption(note: ImageNote) -> str:
    """Two short lines under a picture of the strip."""
    size = "" if note.median is None else f" · {_with_unit(f'{note.median:.3g}', note.unit)}"
    return f"{'⚠ ' if note.reasons else ''}{note.n_particles:,}{size}"


def hint(note: ImageNote) -> str:
    """The whole story of a picture of the strip."""
    lines = [str(note.path), f"{plural(note.n_particles, 'particle')}, {note.n_counted:,} counted"]
    if note.median is not None:
        lines.append(f"Median {_with_unit(f'{note.median:.3g}', note.unit)}")
    lines.append(f"Particles cover {100 * note.foreground:.2g} % of the area")
    lines += [f"⚠ Unlike the others: {reason}" for reason in note.reasons]
    return "\n".join(lines)


def _rounded(count: int) -> int:
    """Two figures: nobody knows it better."""
    step = int(10 ** max(0, len(str(count)) - 2))
    return -(-count // step) * step


def _decimals(value: float) -> int:
    return max(0, 2 - int(log10(value))) if value >= 1 else 3


def _with_unit(value: str, unit: str) -> str:
    return f"{value} {unit}" if unit and value != NONE else value
