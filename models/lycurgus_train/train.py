"""The training loop: resumable, seeded, on the CPU or on any number of GPUs by the same command."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from lycurgus.core.errors import ParameterError
from lycurgus_train.checkpoint import Checkpoint, build, load_checkpoint, save_checkpoint
from lycurgus_train.config import TrainConfig, deciding
from lycurgus_train.crops import CropDataset, RunOrder, batches, to_batch
from lycurgus_train.log import RunLog
from lycurgus_train.losses import Batch, total_loss
from lycurgus_train.networks import ParticleNetwork
from lycurgus_train.store import Prepared
from lycurgus_train.unfolding import starting_weights, with_statistics_of

Sources = Sequence[tuple[float, Sequence[Prepared]]]
LAST = "last.pt"
VALIDATION_CROPS = 48
STATISTICS_CROPS = 128

LOSSES_EVERY = 20
"""Losses are noted and shown once in so many steps, and after the last: asking a GPU for a number makes it wait."""

RECENT = 0.05
"""Weight of a step's loss in the mean that is shown."""


@dataclass(frozen=True, slots=True)
class Process:
    """Which process of a run this is; torchrun says so through the environment."""

    rank: int
    world: int
    device: torch.device

    @property
    def leads(self) -> bool:
        return self.rank == 0


def train(
    config: TrainConfig,
    sources: Sources,
    validation: Sources,
    out: Path,
    *,
    start_from: Path | None = None,
    device: str = "auto",
    after_check: Callable[[int], None] | None = None,
) -> ParticleNetwork:
    """Train a network, or go on with a run that was interrupted, and return its averaged weights.

    Parameters
    ----------
    sources, validation : (weight, images); validation may be empty.
    out : the run's folder: ``last.pt``, ``log.csv``, TensorBoard events, ``pictures/``. A run goes on where ``last.pt`` stands.
    start_from : checkpoint, or model folder, whose weights a new run starts with.
    device : "auto", "cpu" or "cuda".
    after_check : called with the step after each checkpoint.

    Raises
    ------
    ModelError
        A checkpoint, or the model folder to start from, is damaged or of another architecture.
    ParameterError
        A GPU is asked for and there is none.
    """
    with _joined(device) as process:
        return _train(config, sources, validation, out, process, start_from, after_check)


def _train(
    config: TrainConfig,
    sources: Sources,
    validation: Sources,
    out: Path,
    process: Process,
    start_from: Path | None,
    after_check: Callable[[int], None] | None,
) -> ParticleNetwork:
    torch.manual_seed(config.seed)
    model = build(config.network).to(process.device)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload, unused-ignore]
    optimizer = torch.optim.AdamW(_parameter_groups(model, config.weight_decay), lr=config.learning_rate)
    averaging = get_ema_multi_avg_fn(config.averaging)  # type: ignore[no-untyped-call]
    averaged = AveragedModel(model, multi_avg_fn=averaging, use_buffers=True)
    crops = config.crops
    dataset = CropDataset(sources, crops, seed=config.seed, with_rays=config.network.head == "star-convex")
    step, begun_with = 0, deciding(config, processes=process.world)
    if (out / LAST).exists():
        last = load_checkpoint(out / LAST, expected=config.network)
        step, begun_with = _restore(last, model, optimizer, averaged), last.run or begun_with
    elif start_from is not None:
        model.load_state_dict(starting_weights(start_from, expected=config.network))
        if start_from.is_dir():
            with_statistics_of(model, _pictures(dataset, process.device))
        averaged.module.load_state_dict(model.state_dict())
    running: nn.Module = model
    if process.world > 1:
        running = nn.parallel.DistributedDataParallel(model)

    order = RunOrder(first_step=step, steps=config.steps, batch=config.batch, rank=process.rank, world=process.world)
    held_out = CropDataset(validation, crops, seed=0, with_rays=config.network.head == "star-convex") if validation else None
    loader = batches(dataset, order, batch=config.batch, workers=config.workers)
    with (
        RunLog(out, active=process.leads, first_step=step) as log,
        tqdm(total=config.steps, initial=step, disable=not process.leads) as bar,
    ):
        shown: dict[str, str] = {}
        recent: Tensor | None = None
        for tensors in loader:
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * schedule(step, config.steps, config.warmup_steps)
            losses = _one_step(running, optimizer, to_batch(tensors, process.device), config)
            averaged.update_parameters(model)
            step += 1
            bar.update()
            recent = losses["total"] if recent is None else torch.lerp(recent, losses["total"], RECENT)
            if process.leads and (step % LOSSES_EVERY == 0 or step == config.steps):
                log.losses(step, losses, optimizer.param_groups[0]["lr"])
                shown["loss"] = f"{float(recent):.4f}"
                bar.set_postfix(shown)
            if process.leads and (step % config.check_every == 0 or step == config.steps):
                if held_out is not None:
                    shown["validation"] = f"{_validate(averaged.module, held_out, config, process, log, step):.4f}"
                    bar.set_postfix(shown)
                save_checkpoint(out / LAST, _snapshot(config, model, optimizer, averaged, step, begun_with))
                if after_check is not None:
                    after_check(step)
    _share_buffers(averaged.module, process)
    final = averaged.module.eval()
    assert isinstance(final, ParticleNetwork)
    return final


def _pictures(dataset: CropDataset, device: torch.device) -> Iterator[Tensor]:
    """The pictures of crops of a run, from which an exported network's normalisations learn what comes to them."""
    for tensors in batches(dataset, RunOrder(first_step=0, steps=STATISTICS_CROPS // 8, batch=8), batch=8, workers=0):
        yield to_batch(tensors, device).picture


def schedule(step: int, steps: int, warmup: int) -> float:
    """Return the part of the learning rate at a step: a linear rise, then a cosine to zero (Loshchilov and Hutter 2017)."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + cos(pi * (step - warmup) / max(1, steps - warmup)))


def _one_step(model: nn.Module, optimizer: torch.optim.Optimizer, batch: Batch, config: TrainConfig) -> dict[str, Tensor]:
    model.train()
    losses = _losses(model, batch, config)
    optimizer.zero_grad(set_to_none=True)
    losses["total"].backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    return {name: value.detach() for name, value in losses.items()}


def _losses(model: nn.Module, batch: Batch, config: TrainConfig) -> dict[str, Tensor]:
    with _precision(config, batch.picture.device):
        logits, rays = model(batch.picture)
    return total_loss(
        logits.float(), None if rays is None else rays.float(), batch, config.loss, with_depth=config.network.head != "semantic"
    )


def _validate(model: nn.Module, dataset: CropDataset, config: TrainConfig, process: Process, log: RunLog, step: int) -> float:
    """Return the mean loss of the same crops each time, and save a picture of the first."""
    model.eval()
    sums: dict[str, float] = {}
    loader = batches(dataset, RunOrder(first_step=0, steps=VALIDATION_CROPS // 8, batch=8), batch=8, workers=0)
    with torch.inference_mode():
        for number, tensors in enumerate(loader):
            batch = to_batch(tensors, process.device)
            for name, value in _losses(model, batch, config).items():
                sums[name] = sums.get(name, 0.0) + float(value)
            if number == 0:
                log.picture(step, batch.picture, model(batch.picture)[0], batch.depth)
    means = {name: value / len(loader) for name, value in sums.items()}
    log.validation(step, means)
    return means["total"]


def _parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Leave scales and offsets of normalisations alone: pulling them to zero helps nothing."""
    matrices = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def _snapshot(
    config: TrainConfig, model: nn.Module, optimizer: torch.optim.Optimizer, averaged: AveragedModel, step: int, begun_with: dict[str, Any]
) -> Checkpoint:
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "averaged": averaged.state_dict()}
    return Checkpoint(config.network, averaged.module.state_dict(), state, step, begun_with)


def _restore(checkpoint: Checkpoint, model: nn.Module, optimizer: torch.optim.Optimizer, averaged: AveragedModel) -> int:
    model.load_state_dict(checkpoint.state["model"])
    optimizer.load_state_dict(checkpoint.state["optimizer"])
    averaged.load_state_dict(checkpoint.state["averaged"])
    return checkpoint.step


def _precision(config: TrainConfig, device: torch.device) -> AbstractContextManager[object]:
    if config.precision == "float32" or (config.precision == "auto" and not computes_in_bfloat16(device)):
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def computes_in_bfloat16(device: torch.device) -> bool:
    """Tell whether bfloat16 is faster than float32: GPUs since Ampere, CPUs with matrix units; elsewhere it is emulated."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= 8
    return bool(torch.cpu._is_amx_tile_supported())


def processes() -> int:
    """Return how many processes train together, as torchrun says."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def uses_cuda(device: str) -> bool:
    """Tell whether "auto", "cpu" or "cuda" means a GPU here.

    Raises
    ------
    ParameterError
        A GPU is asked for and torch finds none.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ParameterError("torch finds no CUDA GPU", hint="leave --device out, or install torch with CUDA")
    return device != "cpu" and torch.cuda.is_available()


@contextmanager
def _joined(device: str) -> Iterator[Process]:
    """Join the other processes where torchrun started several, and leave them however the run ends."""
    world, rank = processes(), int(os.environ.get("RANK", "0"))
    cuda = uses_cuda(device)
    here = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(here)
    if world > 1:
        torch.distributed.init_process_group("nccl" if cuda else "gloo")
    try:
        yield Process(rank, world, here)
    finally:
        if world > 1:
            torch.distributed.destroy_process_group()


def _share_buffers(model: nn.Module, process: Process) -> None:
    """Give all processes the statistics of the first, which are the ones that are saved; nobody leaves before it is done."""
    if process.world > 1:
        for buffer in model.buffers():
            torch.distributed.broadcast(buffer, src=0)
