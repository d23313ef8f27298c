"""Names of inputs: unambiguous in tables, never overwriting each other on disk."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lycurgus.services.inputs import MAX_STEM_BYTES, name_inputs

names = st.text(alphabet="ab.=A ü_*", min_size=1, max_size=8).map(lambda name: name + ".tif")
folders = st.sampled_from(["", "x", "x/y", "X", "z"])
paths = st.builds(lambda folder, name: Path("root", folder, name), folders, names)


def test_a_lone_file_keeps_its_name() -> None:
    (named,) = name_inputs([Path("some/where/particle.dm3")])
    assert (named.image, named.stem) == ("particle.dm3", "particle")


def test_one_stem_in_two_formats_gets_two_outputs() -> None:
    named = name_inputs([Path("a.tif"), Path("a.png")])
    assert [one.image for one in named] == ["a.tif", "a.png"]
    assert [one.stem for one in named] == ["a_tif", "a_png"]


def test_one_name_in_two_folders_is_told_apart_by_the_folder() -> None:
    named = name_inputs([Path("day 1/a.tif"), Path("day 2/a.tif"), Path("day 2/b.tif")])
    assert [one.image for one in named] == ["day 1/a.tif", "day 2/a.tif", "b.tif"]
    assert [one.stem for one in named] == ["day 1_a_tif", "day 2_a_tif", "b"]


def test_the_same_file_twice_counts_once() -> None:
    assert len(name_inputs([Path("a.tif"), Path("./a.tif"), Path("x/../a.tif")])) == 1


def test_a_name_too_long_for_a_suffix_is_shortened() -> None:
    first, second = name_inputs([Path("ü" * 110 + "1.tif"), Path("ü" * 110 + "2.tif")])
    assert len(first.stem.encode()) <= MAX_STEM_BYTES
    assert first.stem != second.stem


@pytest.mark.parametrize("name", ["con", "NUL", "lpt1", "Com9", "aux.old", "nul ", "COM²"])
def test_no_output_is_called_like_a_device_of_windows(name: str) -> None:
    (named,) = name_inputs([Path(f"{name}.tif")])
    assert named.stem == f"image_{name.strip()}"


def test_console_is_no_device() -> None:
    assert name_inputs([Path("console.tif")])[0].stem == "console"


def test_one_name_in_two_encodings_of_its_accents_gets_two_outputs() -> None:
    composed, decomposed = name_inputs([Path("caf\u00e9.tif"), Path("cafe\u0301.tif")])
    assert unicodedata.normalize("NFC", composed.stem) != unicodedata.normalize("NFC", decomposed.stem)


@settings(derandomize=True, max_examples=200)
@given(st.lists(paths, min_size=1, max_size=12, unique=True))
def test_no_two_inputs_share_a_name_or_a_stem(inputs: list[Path]) -> None:
    named = name_inputs(inputs)
    assert len({one.image for one in named}) == len(named)
    assert len({one.stem.casefold() for one in named}) == len(named)
    assert [one.path for one in named] == inputs
