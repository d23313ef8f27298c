"""The network's detector: what it finds does not depend on how the picture is cut, and its parameters do what they say."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from detecting import CENTRES, DISCS, FOREGROUND, PICTURE, SHAPE, alike, detect, drawn, found, iou, micrograph
from lycurgus import analyze
from lycurgus.core.errors import Cancelled, ModelError, ParameterError
from lycurgus.core.progress import CancelToken
from lycurgus.core.tiling import Layout
from lycurgus.core.types import BBox, Instance
from lycurgus.detectors import DETECTORS, looks, network
from lycurgus.detectors.decoding.candidates import Candidate, crop
from lycurgus.detectors.looks import Finder
from lycurgus.detectors.network import NetworkDetector, NetworkParams
from lycurgus.inference.session import Network
from lycurgus.parameters import default_params, with_settings
from networks import make_model
from shapes import disc

pytestmark = pytest.mark.usefixtures("models")


def test_the_table_of_detectors_offers_it() -> None:
    assert isinstance(DETECTORS["network"], NetworkDetector)
    assert DETECTORS["network"].runs_network
    assert NetworkParams().name == NetworkDetector.name


@pytest.mark.parametrize("model", ["blobs", "stars"])
def test_every_particle_is_found_once(model: str) -> None:
    masks = drawn(found(detect(PICTURE, model=model)))
    assert len(masks) == len(DISCS)
    for truth in DISCS:
        assert max(iou(truth, mask) for mask in masks) > 0.8


@pytest.mark.parametrize("model", ["blobs", "stars"])
@pytest.mark.parametrize("offset_px", [(0, 0), (64, 64), (30, 100)])
def test_shifting_the_grid_of_tiles_changes_no_instance(model: str, offset_px: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = detect(PICTURE, model=model)
    monkeypatch.setattr(looks, "Layout", partial(Layout, tile_px=192, whole_px=1, offset_px=offset_px))
    tiled = detect(PICTURE, model=model)
    assert alike(found(whole), found(tiled))
    np.testing.assert_array_equal(whole.foreground, tiled.foreground)


@pytest.mark.parametrize("is_transparent", [False, True])
def test_particles_are_parted_by_their_outline_where_nothing_is_seen_through_them(
    is_transparent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    planes, calls = [], []

    def through(candidates: list[Candidate], plane: NDArray[np.float32], **_: object) -> list[Candidate] | None:
        planes.append(plane)
        return candidates[:3] if is_transparent else None

    def opaque(candidates: list[Candidate], shape: tuple[int, int], **_: object) -> list[Candidate]:
        calls.append(shape)
        return candidates[:5]

    monkeypatch.setattr(network, "part_transparent", through)
    monkeypatch.setattr(network, "part_round", opaque)
    detection = detect(PICTURE, model="stars", outlines="completed")
    assert len(found(detection)) == (3 if is_transparent else 5)
    assert calls == ([] if is_transparent else [SHAPE])
    np.testing.assert_array_equal(planes[0], PICTURE.astype(np.float32))


def test_details_and_provenance_name_what_ran() -> None:
    detection = detect(PICTURE)
    assert detection.provider == "cpu"
    assert [(used.name, used.version) for used in detection.models] == [("blobs", "1.0.0")]
    assert detection.details["model"] == "blobs 1.0.0"
    assert detection.details["scales"] == [1.0]
    assert detection.details["score_threshold"] == 0.3
    assert 0 < found(detection)[0].score <= 1


def test_probability_and_foreground_fit_the_picture_and_the_instances() -> None:
    detection = detect(PICTURE)
    assert detection.probability is not None
    assert detection.probability.shape == detection.foreground.shape == SHAPE
    assert detection.probability[FOREGROUND].mean() > 0.85
    assert detection.probability[~FOREGROUND].mean() < 0.1
    np.testing.assert_array_equal(detection.foreground, np.logical_or.reduce(drawn(found(detection))))


def test_polarity_is_told_from_the_particles(models: Path) -> None:
    make_model(models / "holes", dark=True)
    bright, dark = detect(PICTURE), detect(4000 - PICTURE, model="holes")
    assert (bright.polarity, dark.polarity) == ("bright", "dark")
    assert len(found(dark)) == len(DISCS)
    assert bright.details["polarity_certainty"] == dark.details["polarity_certainty"] == 1.0


def test_what_is_not_usable_is_never_foreground() -> None:
    usable = np.ones(SHAPE, dtype=bool)
    usable[200:] = False
    usable[:, 62:66] = False
    detection = detect(PICTURE, usable)
    assert not detection.foreground[~usable].any()
    assert detection.probability is not None
    assert not detection.probability[~usable].any()
    assert all(mask[usable].any() for mask in drawn(found(detection)))
    kept = sum(bool((truth & usable).sum() > 0.8 * truth.sum()) for truth in DISCS)
    assert len(found(detection)) >= kept > 0


@pytest.mark.parametrize("model", ["blobs", "stars"])
def test_a_frame_around_a_picture_changes_nothing_within(model: str) -> None:
    """Data bar, frame, rows of missing pixels: a particle that they cut ends there, as at the edge of the picture."""
    inner = PICTURE[15:, 20:]
    y, x = 31, 7
    framed = np.full((SHAPE[0] + 90, SHAPE[1] + 40), 60.0)
    framed[y : y + inner.shape[0], x : x + inner.shape[1]] = inner
    usable = np.zeros(framed.shape, dtype=bool)
    usable[y : y + inner.shape[0], x : x + inner.shape[1]] = True
    alone, within = detect(inner, model=model), detect(framed, usable, model=model)
    assert len(found(alone)) == len(found(within)) > 0
    at_edge = [one for one in found(alone) if one.bbox.touches_border(inner.shape)]
    assert len(at_edge) > 5
    back = tuple(
        Instance(BBox(box.y0 - y, box.x0 - x, box.y1 - y, box.x1 - x), one.mask, one.score) for one in found(within) for box in [one.bbox]
    )
    assert alike(found(alone), back)
    assert alone.probability is not None
    assert within.probability is not None
    np.testing.assert_array_equal(within.probability[usable], alone.probability.ravel())
    np.testing.assert_array_equal(within.foreground[usable], alone.foreground.ravel())


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (63, 65), (64, 64), (5, 129)])
def test_pictures_of_any_shape_are_analysed(shape: tuple[int, int]) -> None:
    detection = detect(np.zeros(shape))
    assert detection.foreground.shape == shape
    assert found(detection) == ()


def test_the_score_threshold_leaves_out_what_is_doubtful() -> None:
    scores = sorted(instance.score for instance in found(detect(PICTURE, score=0.0)))
    middle = scores[len(scores) // 2]
    assert len(found(detect(PICTURE, score=middle))) == sum(score >= middle for score in scores)
    assert found(detect(PICTURE, score=1.0)) == ()


def test_a_network_that_knows_both_contrasts_is_shown_the_negative_too(models: Path) -> None:
    """Its logit is 12 (m - 0.2) with m the picture's mean over a few pixels, so that of picture and negative together it is -2.4."""
    make_model(models / "both", negatives=True)
    detection = detect(PICTURE, model="both", score=0)
    assert detection.probability is not None
    np.testing.assert_allclose(detection.probability, 1 / (1 + np.exp(2.4)), rtol=1e-3)
    assert not found(detection)


def test_numbers_that_are_none_are_no_particle_and_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Network.predict

    def damaged(self: Network, batch: NDArray[np.float32]) -> dict[str, NDArray[np.floating]]:
        said = answer(self, batch)
        said["fields"][:, :, :60] = np.nan
        return said

    monkeypatch.setattr(Network, "predict", damaged)
    # At one scale: what is cut off is narrow, and would call for an enlarged picture, whose numbers are damaged elsewhere.
    detection = detect(PICTURE, diameter_px=24)
    assert detection.probability is not None
    assert np.isfinite(detection.probability).all()
    assert detection.probability[:60].max() < 1e-6
    assert 0 < len(found(detection)) < len(DISCS)
    assert "no numbers" in " ".join(detection.warnings)


def test_round_particles_that_were_found_as_one_are_told_apart_where_outlines_are_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = [disc((160, 160), centre, 50) for centre in ((70, 60), (86, 84))]
    union = np.logical_or.reduce(truth)
    cropped = crop(union, 0, 0)
    assert cropped is not None
    monkeypatch.setattr(Finder, "merged", lambda _self, _seen, **_: [Candidate(*cropped, 0.9, int(union.sum()))])
    picture = np.where(union, 3000.0, 1000.0)
    instances = found(detect(picture, model="stars", outlines="completed"))
    assert sorted(max(iou(mask, one) for one in drawn(instances, (160, 160))) > 0.9 for mask in truth) == [True, True]
    assert len(instances) == 2
    assert len(found(detect(picture, model="stars", outlines="star-convex"))) == 1


def test_outlines_that_the_network_cannot_draw_are_refused() -> None:
    with pytest.raises(ModelError, match="cannot draw outlines 'completed': choose one of distance, semantic"):
        detect(PICTURE, outlines="completed")
    assert detect(PICTURE, outlines="semantic").details["outlines"] == "semantic"


def test_a_missing_model_is_a_sentence() -> None:
    with pytest.raises(ModelError, match=r"no model called 'unheard-of': installed: .*blobs, stars"):
        detect(PICTURE, model="unheard-of")


def test_a_cancelled_analysis_stops() -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        detect(PICTURE, cancel=cancel)


def test_progress_of_an_analysis_names_its_stages_in_order_and_never_falls_back(models: Path) -> None:
    make_model(models / "scaled", scales=[1.0, 0.5])
    told: list[tuple[str, float]] = []
    params = with_settings(default_params(detector="network"), ["detector.model=scaled"])
    small = [disc(SHAPE, centre, 6) for centre in CENTRES]
    picture = np.where(np.logical_or.reduce(small), 3000.0, 1000.0)
    result = analyze(micrograph(picture), params, progress=lambda stage, done, total: told.append((stage, done / total)))
    assert len(result.detection["scales"]) == 3
    stages = ["prepare", "detect", "separate", "clean", "measure"]
    assert list(dict.fromkeys(stage for stage, _ in told)) == stages
    assert told == sorted(told, key=lambda one: (stages.index(one[0]), one[1]))
    assert all(0 <= share <= 1 for _, share in told)
    assert len({share for stage, share in told if stage == "detect"}) == 5


def test_the_pipeline_measures_the_particles_as_they_were_found() -> None:
    params = with_settings(default_params(detector="network"), ["detector.model=blobs", "cleaning.border=keep"])
    result = analyze(micrograph(), params, device="cpu")
    assert params.separator.name == "detector"
    assert len(result.particles) == len(DISCS)
    assert result.provenance.provider == "cpu"
    assert result.provenance.models[0].name == "blobs"
    assert result.detection["polarity"] == "bright"
    assert all(0 < particle.instance.score <= 1 for particle in result.particles)
    assert result.removed == {}


@pytest.mark.parametrize("separator", ["uecs", "watershed", "none"])
def test_other_separators_take_the_networks_foreground(separator: str) -> None:
    params = with_settings(default_params(detector="network", separator=separator), ["detector.model=blobs", "cleaning.border=keep"])
    result = analyze(micrograph(), params, device="cpu")
    assert len(result.particles) == len(DISCS)
    assert params.preprocess.denoise == "none"


def test_a_detector_without_particles_of_its_own_gives_regions_and_a_note() -> None:
    params = default_params(detector="otsu", separator="detector")
    result = analyze(micrograph(), params)
    assert len(result.particles) > 0
    assert any("each connected region was taken as one particle" in warning for warning in result.warnings)


def test_specks_among_the_particles_are_cleaned_like_others() -> None:
    params = with_settings(default_params(detector="network"), ["detector.model=blobs", "cleaning.speck_nm=50"])
    result = analyze(micrograph(), params, device="cpu")
    assert result.particles == ()
    assert result.removed == {"speck": len(DISCS)}


def test_an_unknown_device_is_wrong_usage() -> None:
    with pytest.raises(ParameterError, match="no device called 'abacus'"):
        analyze(micrograph(), with_settings(default_params(detector="network"), ["detector.model=blobs"]), device="abacus")
