"""What would stop a run, or surprise its user, is found out before its data are read: device, folder, checkpoints, changed settings."""

from __future__ import annotations

import os
from pathlib import Path

from lycurgus.core.errors import ExportError
from lycurgus.exporters.atomic import HINT
from lycurgus_train.checkpoint import load_checkpoint
from lycurgus_train.config import TrainConfig, changes, deciding
from lycurgus_train.train import LAST, processes, schedule, uses_cuda
from lycurgus_train.unfolding import starting_weights


def look_ahead(config: TrainConfig, out: Path, *, start_from: Path | None, device: str) -> list[str]:
    """Find out whether a run can begin, or go on, in a folder.

    Returns
    -------
    What is allowed but worth a look, sentences.

    Raises
    ------
    ExportError
        The folder cannot be made or written to.
    ModelError
        The checkpoint to go on with, or what to start from, is missing, damaged, or of another network.
    ParameterError
        A GPU is asked for and there is none.
    """
    uses_cuda(device)
    _check_folder(out)
    if not (out / LAST).exists():
        if start_from is not None:
            starting_weights(start_from, expected=config.network)
        return _too_long_a_warmup(config)
    last = load_checkpoint(out / LAST, expected=config.network)
    notes = []
    if start_from is not None:
        unused = f"--from {start_from.name} is not used"
        notes.append(f"{out} holds a run of {last.step:,} steps, which goes on: {unused}; to begin with it, name another folder with --out")
    changed = changes(last.run, deciding(config, processes=processes())) if last.run else []
    if last.step >= config.steps:
        other = "; ".join(one for one in changed if not one.startswith("steps "))
        unused = f"; what is set differently now has no part in it ({other})" if other else ""
        return [*notes, f"{out} holds a run of {last.step:,} steps, {config.steps:,} were asked for: there is nothing left to do{unused}"]
    if changed:
        notes.append(
            f"{out} holds a run that began with other settings ({'; '.join(changed)}): it goes on with the new ones, and will not end "
            "as one that had them from the beginning; to begin anew, name another folder with --out"
        )
    return notes


def _too_long_a_warmup(config: TrainConfig) -> list[str]:
    if config.warmup_steps < config.steps:
        return []
    part = schedule(config.steps - 1, config.steps, config.warmup_steps)
    reached = f"gets to {part * config.learning_rate:.2g} instead of {config.learning_rate:.2g}, and " if part < 1 else ""
    return [
        f"the learning rate rises for {config.warmup_steps:,} steps (warmup_steps), the run has {config.steps:,}: it {reached}never falls"
    ]


def _check_folder(out: Path) -> None:
    """Ask for the folder that is there already: nothing is made before the data are known to be good."""
    there = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not there.is_dir():
        raise ExportError(out, f"{there.name} is no folder", hint="name another one with --out")
    if not os.access(there, os.W_OK):
        raise ExportError(out, "permission denied", hint=HINT)
