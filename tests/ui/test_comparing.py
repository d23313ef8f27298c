"""What stands beside an image in a comparison is what the analysis itself worked with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lycurgus.core.progress import never, silent
from lycurgus.core.types import Micrograph
from lycurgus.parameters import default_params
from lycurgus.ui.viewer.comparing import Content, counterpart
from scenes import scene


@pytest.mark.parametrize("content", ["denoised", "probability"])
@pytest.mark.parametrize("offset", [0, 2_000_000_000])
def test_counts_on_a_large_offset_are_seen_as_without_it(content: Content, offset: int) -> None:
    """The planes of an analysis are single precision, which cannot tell such counts apart as they are stored."""
    params = default_params(detector="otsu")
    expected, beside = (
        counterpart(content, Micrograph(Path("a.tif"), pixels), (), params, device="cpu", progress=silent, cancel=never).levels[0]
        for pixels in (scene(), scene().astype(np.int64) + offset)
    )
    assert np.ptp(expected) > 0
    np.testing.assert_allclose(beside - beside.min(), expected - expected.min(), atol=0.01 * np.ptp(expected))
