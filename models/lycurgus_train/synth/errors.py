"""What can be wrong with the images that synthesis starts from."""

from __future__ import annotations

from lycurgus.core.errors import LycurgusError


class SynthesisError(LycurgusError):
    """Nothing can be made from these images: none at all, no particles in them, or masks that do not fit."""
