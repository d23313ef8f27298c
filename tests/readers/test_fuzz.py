"""Whatever is in a file, reading it ends in a micrograph or in a sentence: thousands of damaged files say so."""

from __future__ import annotations

import faulthandler
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from data import SHARED
from lycurgus.core.errors import LycurgusError
from lycurgus.core.types import Micrograph
from lycurgus.readers.door import read
from readers.made_files import zoo

try:
    import resource
except ImportError:  # Windows
    resource = None

CASES = 2400
MOST_BYTES = 1 << 30
SMALL_BYTES = 120_000
HANGS_AFTER_S = 30
BOUNDARY_VALUES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def _mutate(random: np.random.Generator, seed: bytes, other: bytes) -> bytes:
    """Damage a file the way disks, copies and wrong programs do, headers more often than pixels."""
    data = bytearray(seed)
    kind = random.integers(6)
    if kind == 0:
        return bytes(data[: random.integers(1, len(data))])
    if kind == 1:
        cut = int(random.integers(1, min(len(seed), len(other))))
        return seed[:cut] + other[cut:]
    if kind == 2:
        start = int(random.integers(len(data)))
        data[start : start + int(random.integers(1, 64))] = random.bytes(int(random.integers(0, 64)))
        return bytes(data) or b"\x00"
    for _ in range(int(random.integers(1, 6))):
        near = int(min(len(data) - 1, random.exponential(len(data) / 8 if random.random() < 0.5 else 200)))
        if kind == 3:
            data[near] ^= 1 << int(random.integers(8))
        elif kind == 4:
            data[near] = int(random.integers(256))
        else:
            width = int(random.choice([1, 2, 4, 8]))
            value = int(random.choice(BOUNDARY_VALUES)) & ((1 << 8 * width) - 1)
            data[near : near + width] = value.to_bytes(width, "little" if random.random() < 0.5 else "big")
    return bytes(data)


def _peak_bytes() -> int:
    """Give the most memory that this process has had, where the system says so."""
    if resource is None:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _outcome(path: Path) -> str:
    """Say "read", "refused", or what else happened, which is never right."""
    try:
        micrograph = read(path)
    except LycurgusError as error:
        sentence = str(error)
        named = sentence.startswith(path.stem.removesuffix("_1"))
        return "refused" if named and "\n" not in sentence else f"refused without a sentence: {sentence}"
    except BaseException as error:
        return f"raised {error!r}"
    fits = (
        isinstance(micrograph, Micrograph) and micrograph.pixels.ndim == 2 and micrograph.pixels.size and micrograph.pixels.dtype.isnative
    )
    return "read" if fits else f"read as {micrograph}"


def _native() -> list[Path]:
    folder = SHARED / "native"
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".csv") if folder.is_dir() else []
    return [path for path in found if path.stat().st_size <= SMALL_BYTES]


def _seeds(folder: Path, source: str) -> list[Path]:
    seeds = zoo(folder) if source == "made" else _native()
    if not seeds:
        pytest.skip("no real micrographs: set LYCURGUS_TEST_DATA")
    return seeds


@pytest.mark.timeout(240)
@pytest.mark.parametrize("source", ["made", "native"])
def test_a_damaged_file_ends_in_a_micrograph_or_a_sentence(source: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    seeds = _seeds(tmp_path / "whole", source)
    contents = [seed.read_bytes() for seed in seeds]
    random = np.random.default_rng(20_26)
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    outcomes = {"read": 0, "refused": 0}
    before = _peak_bytes()
    for case in range(CASES):
        number = case % len(seeds)
        # Its own number in the name: a companion of another case must not be found beside it.
        path = damaged / f"case{case}{'_1' if seeds[number].suffix == '.ser' else ''}{seeds[number].suffix}"
        path.write_bytes(_mutate(random, contents[number], contents[int(random.integers(len(seeds)))]))
        if seeds[number].suffix == ".emi":
            shutil.copy(next(seed for seed in seeds if seed.suffix == ".ser"), damaged / f"case{case}_1.ser")
        faulthandler.dump_traceback_later(HANGS_AFTER_S, exit=True)
        outcome = _outcome(path)
        faulthandler.cancel_dump_traceback_later()
        assert outcome in outcomes, f"case {case} of {seeds[number].name}: {outcome}"
        outcomes[outcome] += 1
        path.unlink()
    assert capfd.readouterr().out == ""
    assert _peak_bytes() - before < MOST_BYTES
    # Neither answer may be the only one: then the damage would be too small, or the readers too shy, to test anything.
    assert min(outcomes.values()) > CASES / 20, outcomes
