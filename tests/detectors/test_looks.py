"""How a picture is shown to a network: as it is and as its negative, and at which further scales."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from lycurgus.core.types import BBox
from lycurgus.detectors.decoding import Candidate
from lycurgus.detectors.looks import with_mirror_images, with_negatives
from lycurgus.detectors.scales import further_scales
from lycurgus.inference.manifest import ModelManifest
from networks import manifest_document

RAYS = 8


def _answer(batch: NDArray[np.float32]) -> dict[str, NDArray[np.floating]]:
    """A network whose fields are the picture and its square, and whose ray k is 1000 k + 100 row + column."""
    height, width = batch.shape[2] // 2, batch.shape[3] // 2
    ray, row, column = np.ogrid[:RAYS, :height, :width]
    rays = np.broadcast_to((1000 * ray + 100 * row + column).astype(np.float32), (len(batch), RAYS, height, width))
    return {"fields": np.concatenate([batch, batch**2], axis=1), "rays": rays}


def test_a_negative_undoes_what_depends_on_contrast_and_keeps_what_does_not() -> None:
    batch = np.random.default_rng(1).normal(size=(2, 1, 6, 8)).astype(np.float32)
    fields = with_negatives(_answer)(batch)["fields"]
    np.testing.assert_allclose(fields[:, 0], 0, atol=1e-6)
    np.testing.assert_allclose(fields[:, 1], batch[:, 0] ** 2, rtol=1e-6)


def test_rays_of_the_turned_picture_are_turned_back() -> None:
    rays = with_negatives(_answer)(np.zeros((1, 1, 6, 8), np.float32))["rays"]
    ray, row, column = np.ogrid[:RAYS, :3, :4]
    opposite = 1000 * ((ray + RAYS // 2) % RAYS) + 100 * (2 - row) + (3 - column)
    np.testing.assert_allclose(rays[0], (1000 * ray + 100 * row + column + opposite) / 2)


def test_a_picture_and_its_negative_upside_down_get_the_same_answer() -> None:
    rng = np.random.default_rng(2)
    batch = rng.normal(size=(1, 1, 8, 8)).astype(np.float32)
    weights = rng.normal(size=(1, 1, 8, 8)).astype(np.float32)
    ask = with_negatives(lambda seen: {"fields": seen * weights + np.abs(seen)})
    turned = ask(np.ascontiguousarray(-batch[..., ::-1, ::-1]))["fields"][..., ::-1, ::-1]
    np.testing.assert_allclose(ask(batch)["fields"], turned, rtol=1e-5)


@pytest.mark.parametrize("count", [8, 9])
def test_rays_of_a_mirror_image_are_those_of_the_picture(count: int) -> None:
    def slopes(batch: NDArray[np.float32]) -> dict[str, NDArray[np.floating]]:
        """A network whose ray k is the slope of the picture along 2πk/n, and to which up and down are the same."""
        down, right = np.gradient(batch[:, 0], axis=(1, 2))
        angles = 2 * np.pi * np.arange(count)[:, None, None] / count
        return {"fields": batch, "rays": np.cos(angles) * right[:, None] - np.sin(angles) * down[:, None]}

    batch = np.random.default_rng(3).normal(size=(2, 1, 6, 8)).astype(np.float32)
    once, both = slopes(batch), with_mirror_images(slopes)(batch)
    np.testing.assert_allclose(both["rays"], once["rays"], atol=1e-5)
    np.testing.assert_allclose(both["fields"], once["fields"], atol=1e-6)


def test_a_picture_and_its_mirror_image_get_the_same_answer() -> None:
    rng = np.random.default_rng(4)
    batch, weights = rng.normal(size=(2, 1, 1, 8, 8)).astype(np.float32)
    ask = with_mirror_images(lambda seen: {"fields": seen * weights})
    mirrored = ask(np.ascontiguousarray(batch[..., ::-1, :]))["fields"][..., ::-1, :]
    np.testing.assert_allclose(ask(batch)["fields"], mirrored, rtol=1e-5)
    assert not np.allclose(ask(batch)["fields"], batch * weights)


def _manifest() -> ModelManifest:
    document = manifest_document(b"network") | {"diameter_px": {"smallest": 10.0, "largest": 70.0}, "name": "made"}
    return ModelManifest.model_validate(json.loads(json.dumps(document)))


def _rectangle(height: int, width: int) -> Candidate:
    return Candidate(BBox(0, 0, height, width), np.ones((height, width), np.bool_), 0.9, height * width)


def test_the_minor_axis_is_that_of_the_ellipse_of_the_same_moments() -> None:
    ys, xs = np.mgrid[:81, :81] - 40
    disc = ys**2 + xs**2 <= 30.5**2
    rows = np.flatnonzero(disc.any(axis=1))
    cropped = np.ascontiguousarray(disc[rows[0] : rows[-1] + 1, rows[0] : rows[-1] + 1])
    assert Candidate(BBox(0, 0, *cropped.shape), cropped, 0.9, int(cropped.sum())).minor_axis_px == pytest.approx(61, rel=0.01)
    # A rectangle's second moment across it is b²/12, that of an ellipse a sixteenth of the square of its axis.
    assert _rectangle(8, 60).minor_axis_px == pytest.approx(8 * 4 / 12**0.5, rel=1e-6)
    assert _rectangle(60, 8).minor_axis_px == _rectangle(8, 60).minor_axis_px
    assert _rectangle(1, 1).minor_axis_px == pytest.approx(4 / 12**0.5)


def test_thin_rods_call_for_a_finer_scale_and_discs_of_their_area_do_not() -> None:
    assert further_scales(_manifest(), (512, 512), 1.0, [_rectangle(6, 70)] * 5) == (2.0,)
    assert further_scales(_manifest(), (512, 512), 1.0, [_rectangle(20, 21)] * 5) == ()


def test_a_small_picture_is_enlarged_for_particles_that_are_nearly_too_small() -> None:
    small = [_rectangle(10, 10)] * 5
    assert further_scales(_manifest(), (800, 800), 1.0, small) == (2.0,)
    assert further_scales(_manifest(), (800, 801), 1.0, small) == ()
    assert further_scales(_manifest(), (800, 800), 1.0, [_rectangle(11, 11)] * 5) == ()
    assert further_scales(_manifest(), (800, 800), 2.0, small) == (1.0,)


def test_enlarging_a_small_picture_pushes_no_other_scale_out() -> None:
    mixed = [_rectangle(side, side) for side in (8, 100, 250, 600) for _ in range(5)]
    large = further_scales(_manifest(), (801, 800), 1.0, mixed)
    assert len(large) >= 2
    assert set(large) <= set(further_scales(_manifest(), (800, 800), 1.0, mixed))
    assert further_scales(_manifest(), (800, 800), 2.0, mixed) == further_scales(_manifest(), (801, 800), 2.0, mixed)
