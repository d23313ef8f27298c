"""A packed image is the image that was packed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lycurgus.core.errors import LycurgusError, ReadError
from lycurgus.core.types import BBox, Instance
from lycurgus_train.data.pool import INDEX, Pool, load_labelled, save_labelled, write_pool
from lycurgus_train.labelled import LabelledImage

DTYPES = (np.uint8, np.uint16, np.float16, np.float32, np.int32)


def random_image(seed: int, *, n_instances: int = 4, dtype: type = np.uint8) -> LabelledImage:
    rng = np.random.default_rng(seed)
    shape = tuple(int(side) for side in rng.integers(9, 40, 2))
    instances = []
    for _ in range(n_instances):
        y0, x0 = (int(rng.integers(0, side - 3)) for side in shape)
        y1, x1 = int(rng.integers(y0 + 1, shape[0] + 1)), int(rng.integers(x0 + 1, shape[1] + 1))
        flags = frozenset({"edited", "drawn"}) if rng.random() < 0.5 else frozenset()
        instances.append(Instance(BBox(y0, x0, y1, x1), rng.random((y1 - y0, x1 - x0)) < 0.7, float(rng.random()), flags))
    return LabelledImage(
        name=f"bild {seed} µ",
        pixels=(rng.random(shape) * 200).astype(dtype),
        instances=tuple(instances),
        boxes=rng.random((3, 4)).astype(np.float32),
        foreground=rng.random(shape) < 0.5 if rng.random() < 0.5 else None,
        ignore=rng.random(shape) < 0.5 if rng.random() < 0.5 else None,
        group=f"article {seed}",
        kind="haadf",
    )


def assert_same(found: LabelledImage, truth: LabelledImage) -> None:
    assert (found.name, found.group, found.kind) == (truth.name, truth.group, truth.kind)
    assert found.pixels.dtype == truth.pixels.dtype
    for name in ("pixels", "boxes", "foreground", "ignore"):
        ours, theirs = getattr(found, name), getattr(truth, name)
        assert (ours is None) == (theirs is None)
        assert ours is None or np.array_equal(ours, theirs)
    assert len(found.instances) == len(truth.instances)
    for ours, theirs in zip(found.instances, truth.instances, strict=True):
        assert ours.bbox == theirs.bbox
        assert np.array_equal(ours.mask, theirs.mask)
        assert ours.flags == theirs.flags
        assert np.array_equal(ours.score, theirs.score, equal_nan=True)


@settings(max_examples=25, derandomize=True, deadline=None)
@given(seed=st.integers(0, 10**6), n_instances=st.integers(0, 9), dtype=st.sampled_from(DTYPES))
def test_an_image_comes_back_as_it_was(tmp_path_factory, seed, n_instances, dtype):
    image = random_image(seed, n_instances=n_instances, dtype=dtype)
    path = tmp_path_factory.mktemp("pool") / "one.npz"
    save_labelled(path, image)
    assert_same(load_labelled(path), image)


def test_pools_are_joined_and_divided_by_name(tmp_path):
    truth = [random_image(seed) for seed in range(5)]
    first, second = write_pool(truth[:2], tmp_path / "a"), write_pool(iter(truth[2:]), tmp_path / "b")
    both = Pool(tmp_path / "a", tmp_path / "b")
    assert [entry.name for entry in both.entries] == [image.name for image in truth] == [e.name for e in (first + second).entries]
    for found, expected in zip(both, truth, strict=True):
        assert_same(found, expected)
    chosen = both.only([truth[3].name, truth[0].name])
    assert [image.name for image in chosen] == [truth[0].name, truth[3].name]
    assert [image.name for image in both[3:]] == [image.name for image in truth[3:]]
    assert_same(both[-1], truth[-1])
    assert both.entries[0].shape == truth[0].shape
    assert both.entries[0].n_particles == 7


def test_a_pool_that_was_interrupted_is_not_taken_for_a_whole_one(tmp_path):
    def interrupted():
        yield random_image(0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_pool(interrupted(), tmp_path / "pool")
    with pytest.raises(ReadError, match="no finished pool"):
        Pool(tmp_path / "pool")


def test_a_finished_pool_is_not_written_over(tmp_path):
    write_pool([random_image(0)], tmp_path)
    with pytest.raises(LycurgusError, match="holds a pool already"):
        write_pool([random_image(1)], tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", b"\x93NUMPY"])
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "bad.npz").write_bytes(content)
    with pytest.raises(ReadError, match=r"bad\.npz"):
        load_labelled(tmp_path / "bad.npz")


@pytest.mark.parametrize("content", ["", "[]", '{"format": 7}', '{"format": 1, "images": [{}]}'])
def test_a_damaged_index_is_named(tmp_path, content):
    (tmp_path / INDEX).write_text(content)
    with pytest.raises(ReadError, match=r"pool\.json"):
        Pool(tmp_path)
