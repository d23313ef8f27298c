"""The networks that can be trained, by the name that configurations and checkpoints carry."""

from __future__ import annotations

from lycurgus_train.networks.unet import ParticleNetwork, ResidualUNet

__all__ = ["ParticleNetwork", "ResidualUNet"]
