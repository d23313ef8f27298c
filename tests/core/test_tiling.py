"""Cutting a picture into overlapping parts changes nothing of what a network says of it."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lycurgus.core.errors import Cancelled
from lycurgus.core.progress import CancelToken
from lycurgus.core.tiling import Layout, OutputPlane, Span, pad_to_multiple, predict_tiled, tiles_of

OUTPUTS = {"full": OutputPlane(1), "half": OutputPlane(2, stride=2, dtype=np.float16)}
SMALL = {"tile_px": 64, "whole_px": 1}
layouts = st.builds(
    Layout,
    stride=st.sampled_from([2, 8, 16]),
    context_px=st.integers(5, 20),
    tile_px=st.integers(16, 96),
    whole_px=st.sampled_from([1, 100, 200]),
    batch=st.integers(1, 5),
    offset_px=st.tuples(st.integers(0, 200), st.integers(0, 200)),
)
shapes = st.tuples(st.integers(1, 230), st.integers(1, 230))


def blur(batch: NDArray[np.float32]) -> Mapping[str, NDArray[np.floating]]:
    """Work like a network: look 5 px around each pixel of a grid of 2 x 2 px, see nothing beyond the part."""
    pairs = batch.reshape(len(batch), batch.shape[2] // 2, 2, batch.shape[3] // 2, 2).mean(axis=(2, 4))
    spread = np.repeat(np.repeat(pairs, 2, axis=1), 2, axis=2)
    full = np.stack([cv2.blur(each, (9, 9), borderType=cv2.BORDER_CONSTANT) for each in spread])[:, None]
    return {"full": full, "half": np.stack([pairs, -pairs], axis=1)}


def picture(shape: tuple[int, int]) -> NDArray[np.float32]:
    return np.random.default_rng(shape[0]).normal(size=shape).astype(np.float32)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(shape=shapes, layout=layouts)
def test_every_pixel_is_kept_once_from_a_part_with_enough_around_it(shape: tuple[int, int], layout: Layout) -> None:
    height, width = (-(-side // layout.stride) * layout.stride for side in shape)
    kept = np.zeros((height, width), dtype=np.int32)
    sizes = set()
    for tile in tiles_of((height, width), layout):
        for span, length in ((tile.rows, height), (tile.columns, width)):
            assert span.start % layout.stride == span.stop % layout.stride == 0
            assert span.keep_start - span.start >= layout.context_px or span.start == 0
            assert span.stop - span.keep_stop >= layout.context_px or span.stop == length
            assert 0 <= span.start <= span.keep_start < span.keep_stop <= span.stop <= length
        kept[tile.rows.keep_start : tile.rows.keep_stop, tile.columns.keep_start : tile.columns.keep_stop] += 1
        sizes.add((tile.rows.stop - tile.rows.start, tile.columns.stop - tile.columns.start))
    assert (kept == 1).all()
    assert len(sizes) == 1


@settings(max_examples=40, deadline=None, derandomize=True)
@given(shape=shapes, layout=layouts)
def test_parts_give_what_the_whole_gives_wherever_they_lie(shape: tuple[int, int], layout: Layout) -> None:
    plane = picture(shape)
    whole = predict_tiled(plane, blur, OUTPUTS, Layout(layout.stride, 0, whole_px=10_000))
    cut = predict_tiled(plane, blur, OUTPUTS, layout)
    for name in OUTPUTS:
        np.testing.assert_array_equal(cut[name], whole[name])


def test_too_little_context_shows_as_seams() -> None:
    """Otherwise the test above would say nothing."""
    plane = picture((192, 192))
    whole = predict_tiled(plane, blur, OUTPUTS, Layout(2, 0))
    cut = predict_tiled(plane, blur, OUTPUTS, Layout(2, 0, tile_px=64, whole_px=1))
    assert np.abs(cut["full"] - whole["full"]).max() > 0.01


def test_outputs_are_as_large_as_the_picture_and_of_the_wanted_precision() -> None:
    planes = predict_tiled(picture((101, 77)), blur, OUTPUTS, Layout(8, 5, **SMALL))
    assert planes["full"].shape == (1, 101, 77)
    assert planes["full"].dtype == np.float32
    assert planes["half"].shape == (2, 51, 39)
    assert planes["half"].dtype == np.float16


def test_a_network_never_sees_more_than_a_batch_of_parts() -> None:
    seen = []

    def watched(batch: NDArray[np.float32]) -> Mapping[str, NDArray[np.floating]]:
        seen.append(batch.shape)
        return blur(batch)

    predict_tiled(picture((500, 300)), watched, OUTPUTS, Layout(8, 8, tile_px=64, whole_px=1, batch=3))
    assert {shape[1:] for shape in seen} == {(1, 64, 64)}
    assert {shape[0] for shape in seen[:-1]} == {3}


def test_pictures_are_continued_by_reflection() -> None:
    padded = pad_to_multiple(np.array([[1, 2, 3]], dtype=np.float32), 4)
    np.testing.assert_array_equal(padded[0], [1, 2, 3, 2])
    assert padded.shape == (4, 4)


def test_a_picture_that_fits_is_not_cut() -> None:
    (tile,) = tiles_of((64, 2048), Layout(64, 64))
    assert tile.columns == Span(0, 2048, 0, 2048)


def test_work_stops_between_batches() -> None:
    cancel = CancelToken()
    calls = []

    def once(batch: NDArray[np.float32]) -> Mapping[str, NDArray[np.floating]]:
        calls.append(len(batch))
        cancel.cancel()
        return blur(batch)

    with pytest.raises(Cancelled):
        predict_tiled(picture((256, 256)), once, OUTPUTS, Layout(8, 8, **SMALL), cancel=cancel)
    assert calls == [1]


def test_progress_counts_parts() -> None:
    told = []
    predict_tiled(
        picture((128, 64)), blur, OUTPUTS, Layout(8, 8, **SMALL), progress=lambda stage, done, total: told.append((stage, done, total))
    )
    assert told == [("detect", done, len(told)) for done in range(len(told))]
    assert len(told) > 1
