"""Kills batches at random moments and looks what is left; run as a program of its own, so that it can fork.

    python batch_killer.py IMAGES OUT KILLS SEED

Prints one JSON document. A batch that is killed in a forked child starts in milliseconds, so that many kills fit into a test.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sqlite3
import sys
import time
from pathlib import Path

import cv2

from lycurgus.parameters import default_params, with_settings
from lycurgus.pipeline import analyze
from lycurgus.readers.door import read
from lycurgus.services import batch as batch_service
from lycurgus.services.analysis import analyse_image
from lycurgus.services.batch import BATCH_STAGES, PROJECT_NAME, Batch, local_engine
from lycurgus.services.inputs import NamedInput, name_inputs
from lycurgus.services.plan import ExportPlan

PARAMS = with_settings(default_params(), ["detector.name=otsu", "separator.name=none"])
FORMATS = ("csv", "labels")


def main() -> None:
    images, out, kills, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    cv2.setNumThreads(1)
    sources = name_inputs(sorted(images.iterdir()))
    analyze(read(sources[0].path), PARAMS)
    rng = random.Random(seed)
    told = {"kills": 0, "lost": 0, "damaged": 0, "most_unsaid": 0, "idle_kills": 0}
    done = 0
    while told["kills"] < kills and done < len(sources):
        acknowledged, killed = killed_run(sources, out, rng)
        told["kills"] += killed
        told["idle_kills"] += killed and not acknowledged
        before, done = done, kept(sources, out, told)
        # Everything that the batch said to be kept is kept; and at most one more, killed between the disk and the saying.
        told["lost"] += max(0, before + acknowledged - done)
        told["most_unsaid"] = max(told["most_unsaid"], done - before - acknowledged)
    told["done_by_then"] = done
    finish(sources, out)
    told["done"] = kept(sources, out, told)
    told["images"] = len(sources)
    told["analyses"] = len((out / "analyses.log").read_text().splitlines())
    told["leftovers"] = len(list(out.rglob(".lycurgus-*")))
    print(json.dumps(told))


def killed_run(sources: tuple[NamedInput, ...], out: Path, rng: random.Random) -> tuple[int, bool]:
    """Let a child work until it is killed; return how many images it said to be kept, and whether the kill came before its end."""
    said, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(said)
        work(sources, out, tell)
        os._exit(0)
    os.close(tell)
    wait_for_moment(said, out, rng)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    acknowledged = COUNTED.pop() if COUNTED else 0
    while piece := os.read(said, 4096):
        acknowledged += len(piece)
    os.close(said)
    return acknowledged, os.WIFSIGNALED(status)


COUNTED: list[int] = []


def wait_for_moment(said: int, out: Path, rng: random.Random) -> None:
    """Wait for a random time, for a random number of images, or for a random number of bytes on the disk."""
    COUNTED.clear()
    kind = rng.choice(("time", "images", "bytes"))
    if kind == "time":
        time.sleep(rng.uniform(0, 0.25))
    elif kind == "images":
        count = wanted = rng.randint(1, 5)
        while count and select.select([said], [], [], 20)[0] and (piece := os.read(said, count)):
            count -= len(piece)
        COUNTED.append(wanted - count)
        time.sleep(rng.uniform(0, 0.02))
    else:
        log = out / f"{PROJECT_NAME}-wal"
        enough = size_of(log) + rng.randint(1, 60_000)
        give_up = time.monotonic() + 2
        while size_of(log) < enough and time.monotonic() < give_up:
            time.sleep(0.0005)


def size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def work(sources: tuple[NamedInput, ...], out: Path, tell: int | None) -> None:
    """Run the batch, log each analysis, and say each image that is kept."""
    log = os.open(out / "analyses.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def counted(task, read, cancel):
        os.write(log, f"{task.source.stem}\n".encode())
        return read[0], analyse_image(task, read[1], cancel)

    batch_service.BATCH_STAGES = type(BATCH_STAGES)(BATCH_STAGES.read, counted, BATCH_STAGES.write)
    with Batch.open(sources, PARAMS, ExportPlan(out, FORMATS)) as batch:
        for _ in batch.run(local_engine(1)):
            if tell is not None:
                os.write(tell, b".")


def finish(sources: tuple[NamedInput, ...], out: Path) -> None:
    work(sources, out, None)


def kept(sources: tuple[NamedInput, ...], out: Path, told: dict[str, int]) -> int:
    """Count the images that are kept, every one of which must be whole."""
    if not (out / PROJECT_NAME).exists():
        return 0
    connection = sqlite3.connect(out / PROJECT_NAME)
    told["damaged"] += connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok"
    connection.close()
    with Batch.open(sources, PARAMS, ExportPlan(out, FORMATS)) as batch:
        entries, _ = batch.entries()
        told["damaged"] += sum(len(entry.particles) != entry.n_particles for entry in entries)
        told["damaged"] += sum(not (out / "labels" / f"{entry.stem}.tif").exists() for entry in entries)
        told["damaged"] += len(batch.sources) - len(batch.pending) != len(entries)
    return len(entries)


if __name__ == "__main__":
    main()
