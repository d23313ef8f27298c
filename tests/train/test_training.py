"""Networks learn, runs go on as if they had not stopped, and checkpoints are not taken for what they are not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba")
pytest.importorskip("tensorboard")

from lycurgus.core.errors import ModelError, ParameterError
from lycurgus.core.normalise import normalise
from lycurgus.core.overlap import match
from lycurgus.core.types import Instance
from lycurgus.detectors.decoding import DecodingParams, decode
from lycurgus_train import train as training
from lycurgus_train.checkpoint import load_checkpoint
from lycurgus_train.config import NetworkConfig, read_config
from lycurgus_train.crops import RunOrder
from lycurgus_train.labelled import LabelledImage
from lycurgus_train.log import RunLog
from lycurgus_train.train import LAST, LOSSES_EVERY, RECENT, schedule, train
from train.runs import SIDE, config, picture, prepared


@pytest.mark.parametrize("head", ["semantic", "distance", "star-convex"])
def test_a_network_learns_two_images_by_heart(tmp_path: Path, head: str) -> None:
    images = [picture(1), picture(2)]
    model = train(
        config(head, steps=110, warmup_steps=10, learning_rate=4e-3, averaging=0.9, check_every=110), prepared(images), [], tmp_path
    )
    for image in images:
        with torch.inference_mode():
            outputs = [output[0].numpy() for output in model.export_forward(torch.from_numpy(normalise(image.pixels)[None, None]))]
        decoder = "completed" if head == "star-convex" else head
        found = decode(outputs[0], outputs[1] if len(outputs) > 1 else None, DecodingParams(head=decoder, score=0.3, min_area_px=30))
        instances = [Instance(one.bbox, one.mask, one.score) for one in found]
        if head == "semantic":
            predicted, true = np.zeros((SIDE, SIDE), np.bool_), np.zeros((SIDE, SIDE), np.bool_)
            for which, group in ((predicted, instances), (true, image.instances)):
                for one in group:
                    which[one.bbox.slices] |= one.mask
            assert np.count_nonzero(predicted & true) / np.count_nonzero(predicted | true) > 0.85
        else:
            assert len(match(instances, image.instances, threshold=0.7)) >= 8
            assert len(instances) <= 11


def test_a_run_that_goes_on_ends_as_one_that_did_not_stop(tmp_path: Path) -> None:
    images = prepared([picture(3)])
    whole = train(config(), images, images, tmp_path / "whole")
    stopped = tmp_path / "stopped"
    with pytest.raises(KeyboardInterrupt):
        train(config(), images, images, stopped, after_check=_interrupt)
    assert load_checkpoint(stopped / LAST).step == 3
    resumed = train(config(), images, images, stopped)
    for name, value in whole.state_dict().items():
        # Two runs without a stop differ in the last bit as well: sums are taken in the order that memory happens to suit.
        assert torch.allclose(value, resumed.state_dict()[name], rtol=0, atol=1e-6), name


def _interrupt(_step: int) -> None:
    raise KeyboardInterrupt


def test_a_run_leaves_figures_and_pictures(tmp_path: Path) -> None:
    images = prepared([picture(4)])
    train(config(), images, images, tmp_path)
    rows = (tmp_path / "log.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "step,part,quantity,value"
    assert any(row.startswith("6,validation,total,") for row in rows)
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == ["0000003.png", "0000006.png"]
    assert list(tmp_path.glob("events.out.tfevents.*"))


def test_the_losses_of_a_run_are_shown_while_it_lasts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a running mean on the terminal, as they are in the log; after the last step, too."""
    one_step, steps = training._one_step, LOSSES_EVERY + 3
    totals: list[float] = []

    def noted(*arguments: Any) -> dict[str, Any]:
        losses = one_step(*arguments)
        totals.append(float(losses["total"]))
        return losses

    monkeypatch.setattr(training, "_one_step", noted)
    images = prepared([picture(4)])
    train(config(steps=steps, check_every=steps), images, images, tmp_path)
    mean = totals[0]
    for total in totals[1:]:
        mean += RECENT * (total - mean)
    rows = [row.split(",") for row in (tmp_path / "log.csv").read_text(encoding="utf-8").splitlines()]
    logged = {int(row[0]): float(row[3]) for row in rows if row[1:3] == ["train", "total"]}
    (validation,) = [float(row[3]) for row in rows if row[1:3] == ["validation", "total"]]
    assert logged == {step: pytest.approx(totals[step - 1], rel=1e-4) for step in (LOSSES_EVERY, steps)}
    shown = re.findall(r"loss=([\d.]+), validation=([\d.]+)", capsys.readouterr().err)[-1]
    assert [float(value) for value in shown] == pytest.approx([mean, validation], abs=1e-3)


def test_steps_that_are_done_again_are_noted_once(tmp_path: Path) -> None:
    losses = {"total": torch.tensor(1.0)}
    with RunLog(tmp_path) as log:
        for step in range(20, 101, 20):
            log.losses(step, losses, 0.1)
    with RunLog(tmp_path, first_step=50) as log:
        for step in range(60, 101, 20):
            log.losses(step, losses, 0.2)
    rows = [row.split(",") for row in (tmp_path / "log.csv").read_text(encoding="utf-8").splitlines()[1:]]
    rates = {int(step): value for step, _, name, value in rows if name == "learning_rate"}
    assert rates == {20: "0.1", 40: "0.1", 60: "0.2", 80: "0.2", 100: "0.2"}
    assert len(rows) == 2 * len(rates)


def test_an_image_without_particles_teaches_that_there_are_none(tmp_path: Path) -> None:
    empty = LabelledImage("empty", np.random.default_rng(5).normal(50, 5, (SIDE, SIDE)).astype(np.float32))
    model = train(config(steps=60, averaging=0.8, learning_rate=2e-2), prepared([empty]), [], tmp_path)
    with torch.inference_mode():
        fields = model.export_forward(torch.from_numpy(normalise(empty.pixels)[None, None]))[0]
    assert float(fields[0, 0].sigmoid().max()) < 0.25


def test_a_checkpoint_of_another_network_is_refused_by_name(tmp_path: Path) -> None:
    train(config(steps=1, check_every=1), prepared([picture(6)]), [], tmp_path)
    with pytest.raises(ModelError, match=r"star-convex U-Net 16-20-24.*distance U-Net 16-20-24"):
        load_checkpoint(tmp_path / LAST, expected=NetworkConfig(head="distance", widths=(16, 20, 24)))


def test_a_pickle_is_no_checkpoint(tmp_path: Path) -> None:
    import pickle

    path = tmp_path / "evil.pt"
    path.write_bytes(pickle.dumps({"format": 1, "weights": Path}))
    with pytest.raises(ModelError, match="damaged or no checkpoint"):
        load_checkpoint(path)
    with pytest.raises(ModelError, match="no such checkpoint"):
        load_checkpoint(tmp_path / "absent.pt")


def test_the_learning_rate_rises_and_falls() -> None:
    rates = [schedule(step, 100, 10) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == 1.0
    assert rates[-1] < 0.001
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_processes_share_the_crops_of_a_step_that_one_would_draw_alone() -> None:
    alone = list(RunOrder(first_step=3, steps=5, batch=6))
    together = [list(RunOrder(first_step=3, steps=5, batch=2, rank=rank, world=3)) for rank in range(3)]
    assert sorted(number for numbers in together for number in numbers) == alone
    assert [numbers[:2] for numbers in together] == [[18, 19], [20, 21], [22, 23]]
    assert len(RunOrder(first_step=3, steps=5, batch=2, rank=1, world=3)) == 4


def test_two_processes_train_one_network(tmp_path: Path) -> None:
    """Each draws crops of its own, gradients are shared, and one of them writes."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"), "1")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*launcher, str(Path(__file__).with_name("two_processes.py")), str(tmp_path)],
        env={**os.environ, **threads},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2))
    assert first.keys() == second.keys()
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    saved = load_checkpoint(tmp_path / "run" / LAST)
    assert saved.step == 4
    assert all(torch.equal(value, saved.weights[name]) for name, value in first.items())
    assert len(list((tmp_path / "run").glob("events.out.tfevents.*"))) == 1
    rows = (tmp_path / "run" / "log.csv").read_text(encoding="utf-8").splitlines()
    assert sum(row.startswith("4,validation,total,") for row in rows) == 1


def test_bfloat16_trains_on_the_cpu_too(tmp_path: Path) -> None:
    images = prepared([picture(7)])
    model = train(config(precision="bfloat16", steps=2, check_every=2), images, images, tmp_path)
    assert all(value.dtype == torch.float32 and torch.isfinite(value).all() for value in model.parameters())


def test_a_run_is_refused_that_cannot_work(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text('steps = 0\n[[train]]\npath = "pool"\n', encoding="utf-8")
    with pytest.raises(ParameterError, match="steps"):
        read_config(path)
    path.write_text("steps = [\n", encoding="utf-8")
    with pytest.raises(ParameterError, match="not valid TOML"):
        read_config(path)
    with pytest.raises(ParameterError, match="cannot be read"):
        read_config(tmp_path / "absent.toml")
    for setting, reason in (
        ("crops.crop_px=100", "crops.crop_px is 100, but 6 levels need a multiple of 64"),
        ("crops.smallest_px=120.0", "must not be larger than the largest"),
        ("network.widths=[16]", "network.widths"),
        ("network.widths=[12, 16]", "network.widths.0: input should be greater than or equal to 16"),
        ("momentum=0.9", "momentum"),
    ):
        path.write_text('[[train]]\npath = "pool"\n', encoding="utf-8")
        with pytest.raises(ParameterError, match=reason):
            read_config(path, (setting,))
    run = read_config(path, ("steps=7", 'network.head="distance"'))
    assert (run.steps, run.network.head, run.train[0].path) == (7, "distance", tmp_path / "pool")
