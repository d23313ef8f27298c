"""``lycurgus watch``: the images of a folder measured as they land in it, the report kept up to date."""

from __future__ import annotations

import argparse
import threading
from math import isfinite
from pathlib import Path

from lycurgus.calibration.evidence import doubts_of_scale
from lycurgus.commands.common import device_of, params_of, pixel_size_nm_of, say, shown
from lycurgus.commands.reporting import deliver, grouping_of, plan_of, say_doubts
from lycurgus.core.progress import CancelToken
from lycurgus.services.live import ImageNote, LiveSnapshot
from lycurgus.services.upkeep import with_usual_pictures
from lycurgus.services.watch import Watch
from lycurgus.services.watch_events import ImageDone, ImageDropped, ImageFailed, ImageRepeated, Said, WatchEvent

_SUMMED_UP_EVERY_S = 5.0


def run(options: argparse.Namespace) -> int:
    """Watch until Ctrl+C or the end of an idle time, then write the report once more and say what it says."""
    params = params_of(options)
    plan, grouping = plan_of(options), grouping_of(options)
    teller = _Teller()
    with Watch.open(
        options.folder,
        params,
        plan,
        tell=teller.tell,
        recursive=options.recursive,
        pixel_size_nm=pixel_size_nm_of(options),
        device=device_of(options, params),
        grouping=grouping,
        anew=options.anew,
    ) as watch:
        for remark in watch.remarks:
            say(f"note: {remark}")
        ends = "at Ctrl+C" if options.idle_exit is None else f"when nothing happens for {options.idle_exit:g} s"
        say(f"watching {shown(options.folder)}; results in {shown(plan.out)}; ends {ends}")
        _watch(watch, teller, options.idle_exit)
        watch.finish(report=False)
        waiting = watch.status.retrying
        if watch.duplicates:
            names = ", ".join(sorted(path.name for path in watch.duplicates)[:5])
            say(f"{len(watch.duplicates)} not counted, with the content of others: {names}{' ...' if len(watch.duplicates) > 5 else ''}")
        if not watch.batch.sources:
            say("no image has come")
            return 0
        entries, samples = watch.batch.entries(even_if_changed=True)
        status = deliver(
            with_usual_pictures(entries),
            watch.batch.failures(),
            watch.batch.sources,
            plan,
            params.statistics,
            as_json=options.json,
            grouping=grouping,
            samples=samples,
        )
        if trouble := watch.status.trouble:
            say(f"{trouble}: start the same command again to go on")
        return 1 if trouble and waiting else status


def _watch(watch: Watch, teller: _Teller, idle_exit_s: float | None) -> None:
    """Run beside the thread that hears Ctrl+C."""
    stop = CancelToken()
    crash: list[BaseException] = []

    def work() -> None:
        try:
            watch.run(cancel=stop, idle_exit_s=idle_exit_s)
        except BaseException as error:
            crash.append(error)

    thread = threading.Thread(target=work, name="lycurgus watch")
    thread.start()
    try:
        while thread.is_alive():
            thread.join(timeout=_SUMMED_UP_EVERY_S)
            if teller.has_news():
                say(in_short(watch.live.snapshot()))
    except KeyboardInterrupt:
        say("\nstopping; the image in work is left for the next time")
    finally:
        stop.cancel()
        thread.join()
    if crash:
        raise crash[0]


class _Teller:
    """Prints what happens, one line each."""

    def __init__(self) -> None:
        self._news = threading.Event()

    def has_news(self) -> bool:
        """Tell whether images were counted since the last question."""
        news = self._news.is_set()
        self._news.clear()
        return news

    def tell(self, event: WatchEvent) -> None:
        if isinstance(event, ImageDone):
            self._news.set()
            say(_line(event.note, again=event.again))
            say_doubts({event.note.path.name: doubts_of_scale(event.result.warnings)})
        elif isinstance(event, ImageFailed):
            say(f"{event.path.name}: {event.reason}{'' if event.final else '; it is tried again'}")
        elif isinstance(event, ImageRepeated):
            say(f"{event.path.name}: not counted, it has the content of {_name(event.original, event.path)}")
        elif isinstance(event, ImageDropped):
            say(f"{event.path.name}: not counted any more, {event.why}")
        elif isinstance(event, Said):
            say(event.text)


def _name(path: Path, other: Path) -> str:
    return path.name if path.parent == other.parent else str(path)


def _line(note: ImageNote, *, again: bool) -> str:
    found = f"{note.path.name}: {note.n_particles:,} particle{'' if note.n_particles == 1 else 's'}"
    median = "" if note.median is None else f", median {note.median:.3g}{' ' if note.unit else ''}{note.unit}"
    unlike = f"; unlike the others: {'; '.join(note.reasons)}" if note.reasons else ""
    return f"{found}{median}{' (the file has changed)' if again else ''}{unlike}"


def in_short(snapshot: LiveSnapshot) -> str:
    """Say how far a sample is, in one line."""
    so_far = snapshot.convergence
    images = f"{snapshot.n_images:,} image{'' if snapshot.n_images == 1 else 's'}"
    if not so_far.n:
        return f"{images}, no particles yet"
    unit = f" {snapshot.unit}" if snapshot.unit else ""
    gsd = f", GSD {so_far.gsd:.3f}" if isfinite(so_far.gsd) else ""
    counted = f"{so_far.n:,} particles in {images}: geometric mean {so_far.geometric_mean:.4g}{unit}{gsd}"
    wanted = f"± {100 * so_far.precision:g} %"
    if so_far.enough:
        return f"{counted}; enough for {wanted}"
    if not so_far.remaining_particles or so_far.remaining_images is None:
        return counted if so_far.reliable else f"{counted}; a few more images to know the spread between them"
    return f"{counted}; about {so_far.remaining_particles:,} more particles ({so_far.remaining_images:,} more images) for {wanted}"
