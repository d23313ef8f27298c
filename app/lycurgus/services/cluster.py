"""A batch spread over a Dask cluster: workers read, analyse and write each image's files; results come back to the one project file."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from queue import Empty, Queue
from time import perf_counter
from typing import Any

from lycurgus import __version__
from lycurgus.core.errors import LycurgusError, ParameterError
from lycurgus.core.progress import CancelToken, never
from lycurgus.exporters.base import FailedFile
from lycurgus.services.batch import Engine, Made
from lycurgus.services.failures import failed
from lycurgus.services.flow import Finished, ImageTask, Seconds, Stages
from lycurgus.services.lanes import DIED
from lycurgus.services.project_records import absolute

LOCAL = "local:"
_POLL_S = 0.5
_CONNECT_S = 20
_AHEAD = 2
"""Images given out for each thread of the cluster, so that none waits for the next."""

Answer = tuple[str, Made | FailedFile, Seconds]
"""The worker's version of Lycurgus, what came of the image, and how long it took."""


def cluster_engine(address: str) -> Engine:
    """Return what works off tasks on a cluster.

    Parameters
    ----------
    address : of the scheduler, a scheduler file, or "local:N" for N processes of this machine.

    Raises
    ------
    ParameterError
        "local:" is followed by no number.
    LycurgusError
        Dask is not installed; while it works, that the cluster cannot be reached, or that a worker runs another version of Lycurgus.
    """
    try:
        import distributed  # noqa: F401 - said now rather than after a search for thousands of files
    except ImportError as error:
        raise LycurgusError("--dask needs Dask, which is not installed", hint="pip install 'lycurgus[cluster]'") from error
    if address.startswith(LOCAL) and not (address.removeprefix(LOCAL).isdecimal() and int(address.removeprefix(LOCAL))):
        raise ParameterError(f"'{address}' does not say how many processes", hint="write local:4 for four of them")
    return lambda tasks, stages, cancel: _on_cluster(address, tasks, stages, cancel)


def work(task: ImageTask, stages: Stages[Made]) -> Answer:
    """Do one task on a worker."""
    began = perf_counter()
    times = [began]
    outcome: Any
    try:
        read = stages.read(task)
        times.append(perf_counter())
        analysed = stages.analyse(task, read, never)
        times.append(perf_counter())
        outcome = stages.write(task, analysed)
    except Exception as error:
        outcome = failed(task.source.path, error)
    times += [perf_counter()] * (4 - len(times))
    return __version__, outcome, Seconds(times[1] - times[0], times[2] - times[1], times[3] - times[2])


def _on_cluster(address: str, tasks: Sequence[ImageTask], stages: Stages[Made], cancel: CancelToken) -> Iterator[Finished[Made]]:
    """Keep the cluster busy, and yield what is finished; an image whose worker dies is given to another one."""
    if not tasks:
        return
    done: Queue[Any] = Queue()
    waiting = deque(tasks)
    given: dict[str, tuple[ImageTask, Any]] = {}
    with ExitStack() as stack:
        client = _client(address, stack)
        stack.callback(lambda: _take_back(client, [future for _, future in given.values()]))
        while waiting or given:
            cancel.check()
            # Looked at anew each time: a cluster may grow while it works.
            most = max(1, _AHEAD * _threads(client, address))
            while waiting and len(given) < most:
                task = waiting.popleft()
                future = client.submit(work, _anywhere(task), stages, pure=False)
                given[future.key] = task, future
                future.add_done_callback(done.put)
            with suppress(Empty):
                future = done.get(timeout=_POLL_S)
                task, _ = given.pop(future.key)
                if future.status in ("cancelled", "lost"):
                    waiting.append(task)
                else:
                    yield _finished(task, future)


def _client(address: str, stack: ExitStack) -> Any:
    """Connect to a cluster, or make one; both are left with the stack."""
    distributed: Any = import_module("distributed")
    if address.startswith(LOCAL):
        cluster = distributed.LocalCluster(
            n_workers=int(address.removeprefix(LOCAL)), threads_per_worker=1, dashboard_address=None, silence_logs="CRITICAL"
        )
        return stack.enter_context(distributed.Client(stack.enter_context(cluster)))
    place = {"scheduler_file": address} if Path(address).is_file() else {"address": address}
    try:
        return stack.enter_context(distributed.Client(**place, timeout=_CONNECT_S, set_as_default=False))
    except (OSError, TimeoutError, ValueError) as error:
        raise _unreachable(address, error) from error


def _threads(client: Any, address: str) -> int:
    try:
        return sum(client.nthreads().values())
    except (OSError, TimeoutError) as error:
        raise _unreachable(address, error) from error


def _unreachable(address: str, error: Exception) -> LycurgusError:
    return LycurgusError(
        f"the cluster at {address} cannot be reached ({error})",
        hint="check that its scheduler runs; what is finished is kept, start the same command again to go on",
    )


def _take_back(client: Any, futures: list[Any]) -> None:
    """Let a cluster that goes on without us do nothing more for us."""
    with suppress(OSError, TimeoutError):
        client.cancel(futures)


def _anywhere(task: ImageTask) -> ImageTask:
    """Name files so that every worker finds them: its folder is another one."""
    return replace(task, source=replace(task.source, path=absolute(task.source.path)), out=absolute(task.out))


def _finished(task: ImageTask, future: Any) -> Finished[Made]:
    """Return an answer; a task that killed every worker it was given to, or that could not travel, is a failed file."""
    import distributed

    path = task.source.path
    try:
        version, outcome, seconds = future.result()
    except distributed.scheduler.KilledWorker:
        return Finished(task, FailedFile(path, DIED), Seconds())
    except Exception as error:
        return Finished(task, failed(path, error), Seconds())
    if version != __version__:
        raise LycurgusError(f"a worker of the cluster runs Lycurgus {version}, here it is {__version__}", hint="install the same on both")
    return Finished(task, replace(outcome, path=path) if isinstance(outcome, FailedFile) else outcome, seconds)
