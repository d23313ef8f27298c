"""Several works told as one: what is done only grows, whatever each of them says of itself."""

from __future__ import annotations

import pytest

from lycurgus.core.errors import Cancelled
from lycurgus.core.progress import CancelToken, Parts, never


def test_parts_of_a_stage_never_fall_back() -> None:
    told: list[tuple[str, int, int]] = []
    parts = Parts(lambda *said: told.append(said), 4)
    for tiles in (7, 1, 3):
        tell = parts.next()
        for done in range(tiles):
            tell("detect", done, tiles)
    shares = [done / total for _, done, total in told]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[7] == 1 / 4
    assert shares[8] == 2 / 4
    assert shares[-1] < 3 / 4
    assert {stage for stage, _, _ in told} == {"detect"}


def test_a_token_stays_raised_and_the_one_that_nobody_cancels_is_not() -> None:
    token = CancelToken()
    token.check()
    token.cancel()
    assert token.is_cancelled
    for _ in range(2):
        with pytest.raises(Cancelled):
            token.check()
    never.check()
