"""Networks that are to be judged: model folders, installed models by name, and checkpoints, all run as the application runs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.errors import ModelError
from lycurgus.inference.catalog import InstalledModel, find_model
from lycurgus.inference.manifest import MANIFEST_FILE, read_manifest
from lycurgus.inference.session import forget_networks
from lycurgus_train.facts import for_head, read_facts


@contextmanager
def opened(model: str | Path, *, sample: NDArray[np.generic], facts: Mapping[str, Any] | None = None) -> Iterator[InstalledModel]:
    """Make a network ready to be run; a checkpoint is exported to a folder that is gone afterwards.

    Parameters
    ----------
    model : a model folder, a checkpoint, or the name of an installed model ("default" for the one that users get).
    sample : any picture, to prove a checkpoint's export with.
    facts : for a checkpoint: scales and thresholds and the rest, those of the shipped network where None.

    Raises
    ------
    ModelError
        There is no such model, it is damaged, or a checkpoint's export does not compute what it computes.
    """
    path = Path(model)
    if (path / MANIFEST_FILE).exists():
        yield InstalledModel(path, read_manifest(path), bundled=False)
    elif path.is_dir():
        raise ModelError(path, "is a folder without a model", hint="name the folder of one model, or a checkpoint")
    elif path.suffix or path.exists():
        with TemporaryDirectory(prefix="lycurgus-") as folder:
            yield exported(path, Path(folder), sample=sample, facts=facts)
            forget_networks()
    else:
        yield find_model(str(model))


def exported(checkpoint: Path, folder: Path, *, sample: NDArray[np.generic], facts: Mapping[str, Any] | None = None) -> InstalledModel:
    """Export a checkpoint, single precision only; see ``opened``."""
    from lycurgus_train.checkpoint import load_checkpoint, trained
    from lycurgus_train.export import export, golden_side_px

    loaded = load_checkpoint(checkpoint)
    chosen = for_head(read_facts() if facts is None else facts, loaded.network.head)
    model = trained(loaded)
    missing = [max(0, golden_side_px(model.stride) - side) for side in sample.shape]
    export(model, folder, chosen, sample=np.pad(sample, [(0, more) for more in missing], mode="symmetric"), half=False)
    return InstalledModel(folder, read_manifest(folder), bundled=False)
