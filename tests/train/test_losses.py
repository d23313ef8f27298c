"""What training minimises says what it should about pictures whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba")

from lycurgus_train.config import LossConfig
from lycurgus_train.losses import Batch, ray_loss, total_loss
from lycurgus_train.targets import Targets, compute_targets
from shapes import disc


def batch_of(targets: Targets) -> Batch:
    def tensor(plane: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(plane.astype(np.float32))[None]

    everywhere = np.ones(targets.depth.shape)
    return Batch(
        picture=tensor(targets.depth)[None],
        foreground=tensor(targets.foreground),
        depth=tensor(targets.depth),
        known=tensor(everywhere),
        depth_known=tensor(everywhere),
        rays=tensor(targets.rays),
        complete=torch.from_numpy(targets.complete)[None],
    )


@pytest.fixture
def layer() -> np.ndarray:
    return disc((64, 64), (32, 32), 30).astype(np.int32)


def test_rays_that_are_wrong_by_a_tenth_cost_the_same_however_many_of_them_were_computed(layer: np.ndarray) -> None:
    all_rays, every_other = (batch_of(compute_targets([layer], every_other=thin)) for thin in (False, True))
    costs = [float(ray_loss(batch.rays + np.log(1.1), batch)) for batch in (all_rays, every_other)]

    assert costs[0] == pytest.approx(costs[1], rel=0.02)
    assert costs[0] > 0


def test_a_ray_that_the_picture_cuts_may_be_longer_but_not_shorter() -> None:
    cut = np.zeros((64, 64), np.int32)
    cut[20:44, 40:] = 1
    batch = batch_of(compute_targets([cut]))
    towards_the_edge = torch.where(batch.complete, batch.rays, batch.rays + 1.0)

    assert float(ray_loss(towards_the_edge, batch)) == pytest.approx(0, abs=1e-6)
    assert float(ray_loss(torch.where(batch.complete, batch.rays, batch.rays - 1.0), batch)) > 0.1


def test_the_perfect_answer_costs_nearly_nothing_and_its_contrary_much(layer: np.ndarray) -> None:
    batch = batch_of(compute_targets([layer]))
    depth = batch.depth.clamp(1e-4, 1 - 1e-4)
    perfect = torch.stack([20 * (2 * batch.foreground - 1), torch.logit(depth)], dim=1)

    right = total_loss(perfect, batch.rays, batch, LossConfig())
    wrong = total_loss(-perfect, batch.rays, batch, LossConfig())

    assert float(right["total"]) < 0.01
    assert float(wrong["total"]) > 5
