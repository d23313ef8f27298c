"""A batch on a Dask cluster: the same numbers, and workers that die are survived."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from lycurgus.cli import main
from lycurgus.core.errors import LycurgusError, ParameterError
from lycurgus.parameters import default_params, with_settings
from lycurgus.services import batch as batch_service
from lycurgus.services.analysis import read_image
from lycurgus.services.batch import BATCH_STAGES, Batch
from lycurgus.services.flow import ImageTask
from lycurgus.services.inputs import name_inputs
from lycurgus.services.plan import ExportPlan
from scenes import scene, write

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'lycurgus[cluster]'")
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")

from lycurgus.services.cluster import cluster_engine  # noqa: E402 - imports Dask's names

PARAMS = with_settings(default_params(), ["detector.name=otsu", "separator.name=none", "statistics.bootstrap=20"])
METHOD = ["--detector", "otsu", "--separator", "none", "--set", "statistics.bootstrap=20", "--formats", "csv,labels"]


def images(folder: Path, count: int) -> list[Path]:
    return [
        write(folder / f"{n}.tif", scene(seed=n, shape=(64, 64), discs=(((30.0, 30.0), 24.0),)), pixel_size_nm=0.5) for n in range(count)
    ]


def kills_its_worker_once(task: ImageTask) -> object:
    """Stand in for reading: the first worker that gets the poisoned image dies, the next one does not."""
    mark = task.out.parent / "has killed"
    if task.source.stem == "1" and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return BATCH_STAGES.read(task)


def test_a_cluster_finds_the_same_to_the_digit(tmp_path: Path) -> None:
    images(tmp_path / "in", 4)
    (tmp_path / "in" / "bad.tif").write_bytes(b"nonsense")
    assert main(["batch", str(tmp_path / "in"), "--out", str(tmp_path / "cluster"), "--dask", "local:2", *METHOD]) == 1
    assert main(["batch", str(tmp_path / "in"), "--out", str(tmp_path / "here"), "--jobs", "1", *METHOD]) == 1
    assert (tmp_path / "cluster" / "particles.csv").read_bytes() == (tmp_path / "here" / "particles.csv").read_bytes()
    for path in (tmp_path / "here" / "labels").iterdir():
        assert (tmp_path / "cluster" / "labels" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_worker_that_dies_costs_no_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = name_inputs(images(tmp_path / "in", 4))
    monkeypatch.setattr(batch_service, "BATCH_STAGES", type(BATCH_STAGES)(kills_its_worker_once, BATCH_STAGES.analyse, BATCH_STAGES.write))
    with Batch.open(sources, PARAMS, ExportPlan(tmp_path / "out", ("csv",))) as batch:
        steps = list(batch.run(cluster_engine("local:2")))
    assert (tmp_path / "has killed").exists()
    assert sorted(step.source.stem for step in steps) == ["0", "1", "2", "3"]
    assert all(step.failure is None for step in steps)


def test_a_cluster_that_is_not_there_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lycurgus.services.cluster._CONNECT_S", 1)
    sources = name_inputs(images(tmp_path / "in", 1))
    with (
        Batch.open(sources, PARAMS, ExportPlan(tmp_path / "out", ("csv",))) as batch,
        pytest.raises(LycurgusError, match="cannot be reached"),
    ):
        list(batch.run(cluster_engine("tcp://127.0.0.1:9")))


@pytest.mark.parametrize("address", ["local:", "local:0", "local:many"])
def test_a_number_of_processes_is_needed(address: str) -> None:
    with pytest.raises(ParameterError, match="does not say how many processes"):
        cluster_engine(address)


def test_paths_reach_workers_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lycurgus.services.cluster import _anywhere

    images(tmp_path, 1)
    monkeypatch.chdir(tmp_path)
    (source,) = name_inputs([Path("0.tif")])
    task = _anywhere(ImageTask(source, PARAMS, Path("out")))
    assert task.source.path == tmp_path / "0.tif"
    assert task.out == tmp_path / "out"
    assert read_image(task).shape == (64, 64)
