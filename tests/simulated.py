"""Truths that hold for the pictures of every simulator."""

import numpy as np

from lycurgus_train.labelled import LabelledImage


def assert_sound(image: LabelledImage, shape: tuple[int, int]) -> None:
    """The picture is finite and of the wanted size, masks are tight in boxes within it, and what is to be ignored is not empty."""
    assert image.shape == shape
    assert image.pixels.dtype in (np.uint8, np.uint16, np.float32)
    assert np.isfinite(image.pixels).all()
    for instance in image.instances:
        box = instance.bbox
        assert 0 <= box.y0 < box.y1 <= shape[0]
        assert 0 <= box.x0 < box.x1 <= shape[1]
        assert instance.mask.shape == (box.height, box.width)
        for side in (instance.mask[0], instance.mask[-1], instance.mask[:, 0], instance.mask[:, -1]):
            assert side.any()
    if image.ignore is not None:
        assert image.ignore.shape == shape
        assert image.ignore.any()


def same(one: LabelledImage, other: LabelledImage) -> bool:
    """Tell whether two pictures and their truths are equal in every pixel."""
    return (
        one.name == other.name
        and np.array_equal(one.pixels, other.pixels)
        and len(one.instances) == len(other.instances)
        and all(a.bbox == b.bbox and np.array_equal(a.mask, b.mask) for a, b in zip(one.instances, other.instances, strict=True))
        and (one.ignore is None) == (other.ignore is None)
        and (one.ignore is None or np.array_equal(one.ignore, other.ignore))
    )
