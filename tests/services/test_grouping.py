"""Images belong together by folder or by name; groups are summarised as samples of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from lycurgus.core.errors import ParameterError
from lycurgus.services.grouping import NO_GROUP, Grouping


def groups(text: str, *names: str) -> list[str]:
    paths = [Path("/data") / name for name in names]
    found = Grouping(text).names(paths)
    return [found[path] for path in paths]


def test_folders_are_named_from_where_they_differ():
    assert groups("folder", "run/A/1.tif", "run/A/2.tif", "run/B/deep/1.tif") == ["A", "A", "B/deep"]
    assert groups("folder", "run/1.tif", "run/A/1.tif") == ["run", "A"]
    assert groups("folder", "run/1.tif", "run/2.tif") == ["run", "run"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("dose_[0-9]+", ["dose_5", "dose_10", NO_GROUP]),
        ("dose_([0-9]+)", ["5", "10", NO_GROUP]),
        ("^([a-z]+)_", ["dose", "dose", NO_GROUP]),
        ("dose_(?:5|(10))", ["dose_5", "10", NO_GROUP]),
        ("dose*, *", ["dose*", "dose*", "*"]),
        ("*_5*", ["*_5*", NO_GROUP, NO_GROUP]),
        ("DOSE*", ["DOSE*", "DOSE*", NO_GROUP]),
    ],
)
def test_names_are_told_apart_by_pattern(pattern: str, expected: list[str]):
    assert groups(pattern, "dose_5.tif", "dose_10.tif", "blank.tif") == expected


def test_a_pattern_that_is_none_is_wrong_usage():
    with pytest.raises(ParameterError, match="cannot be used to group images"):
        Grouping("(")
