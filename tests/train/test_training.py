"""Networks learn, runs go on as if they had not stopped, and checkpoints are not taken for what they are not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba")
pytest.importorskip("tensorboard")

from lycurgus.core.errors import ModelError, ParameterError
from lycurgus.core.normalise import normalise
from lycurgus.core.overlap import match
from lycurgus.core.types import BBox, Instance
from lycurgus.detectors.decoding import DecodingParams, decode
from lycurgus_train.checkpoint import load_checkpoint
from lycurgus_train.config import NetworkConfig, TrainConfig, read_config
from lycurgus_train.labelled import LabelledImage
from lycurgus_train.store import Prepared, prepare
from lycurgus_train.train import LAST, schedule, train

SIDE = 128


def picture(seed: int, *, particles: int = 9) -> LabelledImage:
    """Bright discs, some touching, on a noisy background."""
    rng = np.random.default_rng(seed)
    pixels = rng.normal(60, 6, (SIDE, SIDE))
    ys, xs = np.ogrid[0:SIDE, 0:SIDE]
    instances = []
    for number in range(particles):
        centre = 22 + 42 * (number // 3), 22 + 42 * (number % 3)
        mask = np.hypot(ys - centre[0], xs - centre[1]) <= rng.uniform(12, 20)
        pixels[mask] += 90
        rows, columns = np.nonzero(mask)
        box = BBox(int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)
        instances.append(Instance(box, mask[box.slices]))
    return LabelledImage(f"picture-{seed}", pixels.astype(np.float32), tuple(instances))


def prepared(images: Sequence[LabelledImage]) -> list[tuple[float, list[Prepared]]]:
    return [(1.0, [prepare(image) for image in images])]


def config(head: str = "star-convex", **changes: object) -> TrainConfig:
    document = {
        "steps": 6,
        "batch": 4,
        "workers": 0,
        "check_every": 3,
        "warmup_steps": 2,
        "precision": "float32",
        "network": {"head": head, "widths": (12, 16, 24)},
        "crops": {"crop_px": 64, "smallest_px": 20, "largest_px": 40, "disturbance": 0.0},
        "train": [{"path": "unused"}],
        **changes,
    }
    return TrainConfig.model_validate(document)


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


def test_an_image_without_particles_teaches_that_there_are_none(tmp_path: Path) -> None:
    empty = LabelledImage("empty", np.random.default_rng(5).normal(50, 5, (SIDE, SIDE)).astype(np.float32))
    model = train(config(steps=40, averaging=0.8, learning_rate=4e-3), prepared([empty]), [], tmp_path)
    with torch.inference_mode():
        fields = model.export_forward(torch.from_numpy(normalise(empty.pixels)[None, None]))[0]
    assert float(fields[0, 0].sigmoid().max()) < 0.5


def test_a_checkpoint_of_another_network_is_refused_by_name(tmp_path: Path) -> None:
    train(config(steps=1, check_every=1), prepared([picture(6)]), [], tmp_path)
    with pytest.raises(ModelError, match=r"star-convex U-Net 12-16-24.*distance U-Net 12-16-24"):
        load_checkpoint(tmp_path / LAST, expected=NetworkConfig(head="distance", widths=(12, 16, 24)))


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
    path.write_text('[[train]]\npath = "pool"\n', encoding="utf-8")
    run = read_config(path, ("steps=7", 'network.head="distance"'))
    assert (run.steps, run.network.head, run.train[0].path) == (7, "distance", tmp_path / "pool")
