"""A split never tears a group apart, is the same for the same seed, and gives both sides all sizes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lycurgus.core.errors import LycurgusError, ParameterError, ReadError
from lycurgus_train.config import read_config
from lycurgus_train.data.splits import SHIPPED, Split, image_statistics, make_split, read_split, write_split
from lycurgus_train.labelled import LabelledImage
from shapes import disc, instance_of


def invented(n_groups: int, seed: int = 0):
    """Groups of one to four images; the particles of a group are alike."""
    rng = np.random.default_rng(seed)
    groups, statistics = {}, {}
    for group in range(n_groups):
        size, count = float(rng.lognormal(3, 1)), int(rng.integers(1, 200))
        for image in range(int(rng.integers(1, 5))):
            groups[f"{group}-{image}"] = f"article {group}"
            statistics[f"{group}-{image}"] = (count, size * rng.uniform(0.9, 1.1))
    return groups, statistics


@settings(max_examples=40, derandomize=True, deadline=None)
@given(n_groups=st.integers(4, 80), validation=st.floats(0.25, 0.75), seed=st.integers(0, 1000), stratified=st.booleans())
def test_a_group_stands_on_one_side_and_no_image_is_lost(n_groups, validation, seed, stratified):
    groups, statistics = invented(n_groups, seed)
    split = make_split(groups, validation=validation, seed=seed, statistics=statistics if stratified else None)
    sides = [{groups[name] for name in side} for side in (split.train, split.validation)]
    assert not sides[0] & sides[1]
    assert sorted((*split.train, *split.validation)) == sorted(groups)
    assert abs(len(sides[1]) - validation * n_groups) <= 1


def test_equal_seeds_give_equal_splits_whatever_the_order_of_the_images():
    groups, statistics = invented(40)
    one = make_split(groups, validation=0.2, seed=3, statistics=statistics)
    other = make_split(dict(reversed(groups.items())), validation=0.2, seed=3, statistics=statistics)
    assert one == other
    assert one != make_split(groups, validation=0.2, seed=4, statistics=statistics)


def test_every_class_of_size_is_validated_in_proportion():
    groups, statistics = invented(180)
    size = {group: statistics[name][1] for name, group in groups.items()}
    third = {group: int(rank * 3 // len(size)) for rank, group in enumerate(sorted(size, key=size.__getitem__))}
    for seed in range(5):
        split = make_split(groups, validation=0.15, seed=seed, statistics=statistics)
        found = Counter(third[group] for group in {groups[name] for name in split.validation})
        assert all(7 <= found[number] <= 11 for number in range(3))


@pytest.mark.parametrize("validation", [0.0, 1.0, -0.1, float("nan")])
def test_an_impossible_share_is_refused(validation):
    with pytest.raises(ParameterError, match="cannot be kept for validation"):
        make_split({"a": "1", "b": "2"}, validation=validation, seed=0)


def test_one_group_cannot_be_split():
    with pytest.raises(ParameterError, match="leaves one side empty"):
        make_split({"a": "1", "b": "1"}, validation=0.5, seed=0)


def test_a_split_is_read_as_it_was_written(tmp_path):
    split = Split(("a", "µ"), ("c",), {"seed": 1})
    write_split(split, tmp_path / "deep" / "split.json")
    assert read_split(tmp_path / "deep" / "split.json") == split


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "is no split"),
        ("[]", "is no split"),
        ('{"format": 9}', "is a split of format 9"),
        ('{"format": 1, "train": ["a"]}', "is no split"),
        ('{"format": 1, "train": ["a"], "validation": ["a"]}', "has a on both sides"),
    ],
)
def test_a_damaged_split_is_named(tmp_path, content, why):
    (tmp_path / "split.json").write_text(content)
    with pytest.raises(ReadError, match=why):
        read_split(tmp_path / "split.json")


def test_images_that_a_split_does_not_know_are_named():
    Split(("a",), ("b",), {}).check(["b", "a"])
    with pytest.raises(LycurgusError, match="knows nothing of c, d, e and 1 more"):
        Split(("a",), ("b",), {}).check(["f", "e", "d", "c", "a"])


@pytest.mark.parametrize("name", ["emps", "nanoshapes", "catalyst-boxes"])
def test_shipped_splits_are_whole(name):
    split = read_split(name)
    assert (SHIPPED / f"{name}.json").is_file()
    assert split.train
    assert split.validation
    assert split.made["seed"] >= 0


def test_a_folder_of_images_called_as_a_shipped_split_is_not_taken_for_it(tmp_path, monkeypatch):
    (tmp_path / "emps").mkdir()
    (tmp_path / "run.toml").write_text('[[train]]\npath = "emps"\nsplit = "emps"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert read_split("emps") == read_split(SHIPPED / "emps.json")
    assert read_split(read_config(Path("run.toml")).train[0].split) == read_split(SHIPPED / "emps.json")


def test_the_size_of_particles_is_that_of_discs_and_of_boxes():
    shape = (100, 100)
    discs = tuple(instance_of(disc(shape, (30, 30 + 20 * number), diameter)) for number, diameter in enumerate((10, 20)))
    image = LabelledImage("a", np.zeros(shape), discs, np.array([[0, 0, 40, 90]], np.float32))
    assert image_statistics(image) == (3, pytest.approx(20, abs=0.3))
    count, diameter = image_statistics(LabelledImage("b", np.zeros(shape)))
    assert count == 0
    assert np.isnan(diameter)
