"""What each process of the test of training on several does; torchrun starts it: train, and save what this process ended with."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lycurgus_train.train import train
from train.runs import config, picture, prepared

if __name__ == "__main__":
    torch.set_num_threads(1)
    out, rank = Path(sys.argv[1]), int(os.environ["RANK"])
    images = prepared([picture(1), picture(2)])
    model = train(config(steps=4, batch=2, check_every=2), images, images if rank == 0 else [], out / "run", device="cpu")
    torch.save(model.state_dict(), out / f"{rank}.pt")
