"""The filter line: whatever an operator types is either understood or answered with a sentence."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lycurgus.core.errors import ParameterError
from lycurgus.core.history import History
from lycurgus.ui.panels.particles_filter import parse_filter
from lycurgus.ui.panels.particles_table import ParticleTable
from lycurgus.ui.store import Document
from reports import make_report

_RESULTS = [entry.result for entry in make_report(2, 30, classified=True, thumbnails=False).entries]
_DOCUMENTS = [Document(one.micrograph.path, analysed=one, history=History.of(one.particles)) for one in _RESULTS]
TABLE = ParticleTable(_DOCUMENTS, images=True)
DIAMETERS = TABLE.numbers("equivalent_diameter")


def passing(text: str, table: ParticleTable = TABLE) -> set[int]:
    condition = parse_filter(text)
    assert condition is not None
    return set(np.flatnonzero(condition(table)).tolist())


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("d > 4", DIAMETERS > 4),
        ("d>4", DIAMETERS > 4),
        ("4 < d", DIAMETERS > 4),
        ("diameter ≥ 4 nm", DIAMETERS >= 4),
        ("d > 4,2", DIAMETERS > 4.2),
        ("3.5 < d <= 4.5", (DIAMETERS > 3.5) & (DIAMETERS <= 4.5)),
        ("3.5 nm < equivalent diameter < 4.5 nm", (DIAMETERS > 3.5) & (DIAMETERS < 4.5)),
        ("d > 0.004 µm", DIAMETERS > 4),
        ("d > 16 px", DIAMETERS > 4),
        ("not d > 4", ~(DIAMETERS > 4)),
        ("d > 4 and aspect ratio < 0.8", (DIAMETERS > 4) & (TABLE.numbers("aspect_ratio") < 0.8)),
        ("d > 4, ar < 0.8", (DIAMETERS > 4) & (TABLE.numbers("aspect_ratio") < 0.8)),
        ("d > 4 ar < 0.8", (DIAMETERS > 4) & (TABLE.numbers("aspect_ratio") < 0.8)),
        ("d < 3.5 or d > 4.5", (DIAMETERS < 3.5) | (DIAMETERS > 4.5)),
        ("circ < .9", TABLE.numbers("circularity") < 0.9),
        ("score >= 0.8", TABLE.numbers("score") >= 0.8),
        ("#12", TABLE.numbers("id") == 12),
        ("#3-5, 9", np.isin(TABLE.numbers("id"), [3, 4, 5, 9])),
        ("id <= 3", TABLE.numbers("id") <= 3),
    ],
)
def test_comparisons_mean_what_they_say(text: str, truth: np.ndarray) -> None:
    assert 0 < np.count_nonzero(truth) < len(TABLE)
    assert passing(text) == set(np.flatnonzero(truth).tolist())


def test_words_are_looked_for_in_flags_reasons_classes_and_names() -> None:
    third = {2, 32}
    assert third <= passing("border")
    assert passing("excluded") == passing('"touches the border"') == passing("excluded = border")
    assert passing("counted") == set(range(60)) - passing("excluded")
    assert passing("-excluded") == passing("not excluded") == passing("counted")
    assert passing("overlapping separated") >= {0, 1, 30, 31}
    assert passing("sample_002") == set(range(30, 60))
    assert passing("class = crystal") == passing("single") == set(range(60))
    assert passing("class != crystal") == set()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("d >", "compares with"),
        ("d > five", "not a number"),
        ("colour > 5", "no column called 'colour'"),
        ("> 5", "name of a column"),
        ("5 <", "compared with"),
        ("d > 5 or", "either side"),
        ("not", "needs a term"),
        ("class > 5", "text"),
        ("5 < flags", "text"),
    ],
)
def test_what_cannot_be_understood_is_answered_with_a_sentence(text: str, says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        parse_filter(text)


def test_nothing_typed_is_no_filter() -> None:
    assert parse_filter("") is None
    assert parse_filter("   ") is None


def test_nm_without_a_scale_is_refused_rather_than_taken_for_px() -> None:
    result = make_report(1, 10, calibrated=False, thumbnails=False).entries[0].result
    table = ParticleTable([Document(Path("a.tif"), analysed=result, history=History.of(result.particles))], images=False)
    condition = parse_filter("d > 4 nm")
    assert condition is not None
    with pytest.raises(ParameterError, match="pixel size"):
        condition(table)
    assert passing("d > 16", table) == passing("d > 16 px", table)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.text(alphabet="d5#<>=!.,-\"' anotr|µm²xé", max_size=24))
def test_no_text_makes_the_filter_fall_over(text: str) -> None:
    with suppress(ParameterError):
        condition = parse_filter(text)
        if condition is not None:
            truths = condition(TABLE)
            assert truths.shape == (len(TABLE),)
            assert truths.dtype == np.bool_
