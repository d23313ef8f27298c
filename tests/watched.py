"""Watches to run in tests: images to drop, what a watch tells, and the report to compare with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lycurgus.core.progress import CancelToken
from lycurgus.parameters import default_params, with_settings
from lycurgus.services.analysis import run_tasks
from lycurgus.services.flow import ImageTask
from lycurgus.services.inputs import name_inputs
from lycurgus.services.plan import ExportPlan
from lycurgus.services.report import build_report, write_report
from lycurgus.services.watch import Watch
from lycurgus.services.watch_events import ImageDone, WatchEvent
from scenes import scene, write

PARAMS = with_settings(default_params(), ["detector.name=otsu", "separator.name=none", "statistics.bootstrap=20"])
PATIENCE_S = 120.0


def image(path: Path, seed: int, *, size: int = 20) -> Path:
    return write(path, scene(seed=seed, shape=(64, 64), discs=(((30.0, 30.0), float(size)), ((10.0, 52.0), 9.0))), pixel_size_nm=0.5)


class Told:
    """What a watch said, and a way to wait for it."""

    def __init__(self) -> None:
        self.events: list[WatchEvent] = []
        self._news = threading.Condition()

    def __call__(self, event: WatchEvent) -> None:
        with self._news:
            self.events.append(event)
            self._news.notify_all()

    def wait(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so, looked at whenever something is said."""
        with self._news:
            assert self._news.wait_for(is_so, timeout=PATIENCE_S), self.events

    def of(self, kind: type[WatchEvent]) -> list[WatchEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def done(self) -> list[str]:
        return [event.note.path.name for event in self.events if isinstance(event, ImageDone)]

    def wait_for_done(self, *names: str) -> None:
        self.wait(lambda: set(names) <= set(self.done))


@contextmanager
def watching(folder: Path, told: Told, *, formats: tuple[str, ...] = ("csv",), **options: object) -> Iterator[Watch]:
    """Watch until the block ends, then settle and write."""
    stop, crash = CancelToken(), []
    folder.mkdir(exist_ok=True)
    with Watch.open(folder, PARAMS, ExportPlan(folder.parent / "out", formats), tell=told, **options) as watch:

        def run() -> None:
            try:
                watch.run(cancel=stop)
            except BaseException as error:
                crash.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield watch
        finally:
            stop.cancel()
            thread.join(PATIENCE_S)
        assert not crash
        watch.finish()


def run_until_idle(folder: Path, told: Told | None = None, **options: object) -> Told:
    told = told or Told()
    with Watch.open(folder, PARAMS, ExportPlan(folder.parent / "out", ("csv",)), tell=told, **options) as watch:
        watch.run(idle_exit_s=0.3)
        watch.finish()
    return told


def report(folder: Path, name: str = "particles.csv") -> bytes:
    return (folder / name).read_bytes()


def plain_report(paths: list[Path], out: Path) -> bytes:
    """What ``lycurgus analyze`` would write."""
    tasks = [ImageTask(source, PARAMS, out) for source in name_inputs(paths)]
    write_report(build_report([outcome for _, outcome in run_tasks(tasks)], [], PARAMS.statistics), out, ("csv",))  # type: ignore[misc]
    return report(out)
