"""The network's detector: what it finds does not depend on how the picture is cut, and its parameters do what they say."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lycurgus import analyze
from lycurgus.core.errors import Cancelled, ModelError, ParameterError
from lycurgus.core.progress import CancelToken, never, silent
from lycurgus.core.tiling import Layout
from lycurgus.core.types import BBox, Detection, Instance, Mask, Micrograph, PixelSize
from lycurgus.detectors import DETECTORS, Scene, looks
from lycurgus.detectors.decoding.candidates import Candidate, crop
from lycurgus.detectors.looks import Finder, Seen
from lycurgus.detectors.network import NetworkDetector, NetworkParams
from lycurgus.detectors.scales import Scaling, first_scales
from lycurgus.inference.manifest import read_manifest
from lycurgus.inference.session import Network
from lycurgus.parameters import default_params, with_settings
from networks import make_model
from shapes import disc

SHAPE = (300, 410)
CENTRES = [(y + 5 * (x // 40 % 3), x + 3 * (y // 40 % 2)) for y in range(25, 290, 40) for x in range(25, 400, 40)]
DISCS = [disc(SHAPE, centre, 24) for centre in CENTRES]
FOREGROUND = np.logical_or.reduce(DISCS)
PICTURE = np.where(FOREGROUND, 3000.0, 1000.0) + np.random.default_rng(1).normal(0, 60, SHAPE)


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's model folder, with two networks that find bright blobs of 24 px."""
    monkeypatch.setenv("LYCURGUS_HOME", str(tmp_path))
    folder = tmp_path / "data" / "models"
    make_model(folder / "blobs")
    make_model(folder / "stars", head="star-convex", decoder="star-convex")
    return folder


def detect(
    pixels: NDArray[np.floating],
    usable: Mask | None = None,
    *,
    model: str = "blobs",
    pixel_size: PixelSize | None = None,
    cancel: CancelToken = never,
    **settings: object,
) -> Detection:
    usable = np.ones(pixels.shape, dtype=bool) if usable is None else usable
    params = NetworkParams.model_validate({"model": model, **settings})
    scene = Scene(pixels.astype(np.float32), usable, pixel_size)
    return NetworkDetector().detect(scene, params, device="cpu", progress=silent, cancel=cancel)


def found(detection: Detection) -> tuple[Instance, ...]:
    assert detection.instances is not None
    return detection.instances


def drawn(instances: tuple[Instance, ...], shape: tuple[int, int] = SHAPE) -> list[Mask]:
    masks = []
    for instance in instances:
        mask = np.zeros(shape, dtype=bool)
        mask[instance.bbox.slices] = instance.mask
        masks.append(mask)
    return masks


def alike(first: tuple[Instance, ...], second: tuple[Instance, ...]) -> bool:
    def key(one: Instance) -> tuple[object, ...]:
        return one.bbox, one.mask.tobytes(), one.score

    return sorted(map(key, first)) == sorted(map(key, second))


def iou(a: Mask, b: Mask) -> float:
    return float(np.count_nonzero(a & b) / np.count_nonzero(a | b))


def micrograph(pixels: NDArray[np.floating] = PICTURE) -> Micrograph:
    return Micrograph(Path("made.tif"), pixels, PixelSize(1.0, 1.0, "user"))


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


@pytest.mark.parametrize(
    ("diameter_px", "low", "high"), [(24, 1, 1), (8, 1, 1), (60, 1, 1), (219, 0.05, 0.25), (4, 2, 2), (1, 2, 2), (20_000, 0.05, 0.1)]
)
def test_an_expected_diameter_chooses_one_scale(models: Path, diameter_px: float, low: float, high: float) -> None:
    (scale,) = first_scales(read_manifest(models / "blobs"), (1500, 1500), diameter_px)
    assert low <= scale <= high


def test_large_pictures_are_not_enlarged_beyond_reason(models: Path) -> None:
    manifest = read_manifest(models / "blobs")
    assert first_scales(manifest, (3072, 3072), 4) == (1.0,)
    assert first_scales(manifest, (2048, 2048), 4) == (1.5,)


def test_nanometres_go_before_pixels() -> None:
    pixel_size = PixelSize(0.5, 0.5, "user")
    assert detect(PICTURE, pixel_size=pixel_size, diameter_nm=12, diameter_px=999).details["scales"] == [1.0]
    (scale,) = detect(PICTURE, pixel_size=pixel_size, diameter_nm=60).details["scales"]
    assert scale < 0.6


def test_nanometres_without_a_pixel_size_choose_nothing_and_say_so() -> None:
    in_px, alone = detect(PICTURE, diameter_nm=12, diameter_px=24), detect(PICTURE, diameter_nm=12)
    assert in_px.details["scales"] == [1.0]
    assert len(found(alone)) == len(DISCS)
    assert in_px.warnings == ("The expected diameter of 12 nm could not be used without a pixel size; that in px was taken.",)
    assert alone.warnings == ("The expected diameter of 12 nm could not be used without a pixel size; several scales were looked at.",)
    assert detect(PICTURE, diameter_px=24).warnings == ()


def test_a_network_that_knows_both_contrasts_is_shown_the_negative_too(models: Path) -> None:
    """Its logit is 12 (m - 0.2) with m the picture's mean over a few pixels, so that of picture and negative together it is -2.4."""
    make_model(models / "both", negatives=True)
    detection = detect(PICTURE, model="both", score=0)
    assert detection.probability is not None
    np.testing.assert_allclose(detection.probability, 1 / (1 + np.exp(2.4)), rtol=1e-3)
    assert not found(detection)


@pytest.mark.parametrize("side", [480, 840])
def test_the_finest_scales_are_looked_at_without_shading_too(side: int, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_model(models / "scaled", scales=[1.0, 0.5, 0.25])
    looks = []
    look = Finder.look

    def noted(self: Finder, scale: float, *, flattened: bool = False) -> Seen:
        looks.append((scale, flattened))
        return look(self, scale, flattened=flattened)

    monkeypatch.setattr(Finder, "look", noted)
    picture = np.resize(PICTURE[:280, :400], (side, side))
    detect(picture, model="scaled")
    coarse = {(0.5, False), (0.5, True), (0.25, False)}
    first = set(looks[:5])
    if side == 480:
        assert first == coarse | {(1.0, False), (1.0, True)}
    else:
        assert first - coarse in ({(1.0, False)}, {(1.0, True)})
        assert len([one for one in looks if one[0] == 1]) == 1


def test_numbers_that_are_none_are_no_particle_and_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Network.predict

    def damaged(self: Network, batch: NDArray[np.float32]) -> dict[str, NDArray[np.floating]]:
        said = answer(self, batch)
        said["fields"][:, :, :60] = np.nan
        return said

    monkeypatch.setattr(Network, "predict", damaged)
    detection = detect(PICTURE)
    assert detection.probability is not None
    assert np.isfinite(detection.probability).all()
    assert detection.probability[:60].max() < 1e-6
    assert 0 < len(found(detection)) < len(DISCS)
    assert "no numbers" in " ".join(detection.warnings)


def test_large_particles_are_found_where_their_size_is_told_and_where_it_is_not(models: Path) -> None:
    shape = (900, 900)
    discs = [disc(shape, centre, 200) for centre in ((200, 200), (200, 600), (620, 300), (650, 700))]
    picture = np.where(np.logical_or.reduce(discs), 3000.0, 1000.0) + np.random.default_rng(2).normal(0, 60, shape)
    make_model(models / "scaled", scales=[1.0, 0.5, 0.25, 0.125])
    for model, settings in (("blobs", {"diameter_px": 200}), ("scaled", {})):
        masks = drawn(found(detect(picture, model=model, **settings)), shape)
        for truth in discs:
            assert max(iou(truth, mask) for mask in masks) > 0.85


def test_a_particle_found_at_several_scales_is_one(models: Path) -> None:
    make_model(models / "scaled", scales=[1.0, 0.5])
    detection = detect(PICTURE, model="scaled")
    assert detection.details["scales"][:2] == [1.0, 0.5]
    masks = drawn(found(detection))
    for truth in DISCS:
        assert sum(iou(truth, mask) > 0.4 for mask in masks) == 1


def test_small_particles_call_for_an_enlarged_picture() -> None:
    shape = (200, 200)
    discs = [disc(shape, (y, x), 6) for y in range(15, 190, 20) for x in range(15, 190, 20)]
    picture = np.where(np.logical_or.reduce(discs), 3000.0, 1000.0)
    assert detect(picture).details["scales"] == [1.0, 2.0]
    assert detect(PICTURE).details["scales"] == [1.0]


def test_an_enlarged_picture_that_shows_less_surely_what_there_is_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = (200, 200)
    discs = [disc(shape, (y, x), 10) for y in range(15, 190, 20) for x in range(15, 190, 20)]
    picture = np.where(np.logical_or.reduce(discs), 3000.0, 1000.0)
    plain = detect(picture)
    look = Finder.look

    def doubtful(self: Finder, scale: float, *, flattened: bool = False) -> Seen:
        seen = look(self, scale, flattened=flattened)
        if scale <= 1:
            return seen
        candidates = [replace(one, score=0.4 * one.score) for one in seen.look.candidates]
        return replace(seen, look=replace(seen.look, candidates=candidates))

    monkeypatch.setattr(Finder, "look", doubtful)
    detection = detect(picture)
    assert plain.details["believed_scales"] == plain.details["scales"] == detection.details["scales"] == [1.0, 2.0]
    assert detection.details["believed_scales"] == [1.0]
    assert alike(found(detection), found(detect(picture, diameter_px=24)))


def test_round_particles_that_were_found_as_one_are_told_apart_where_outlines_are_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = [disc((160, 160), centre, 50) for centre in ((70, 60), (86, 84))]
    union = np.logical_or.reduce(truth)
    cropped = crop(union, 0, 0)
    assert cropped is not None
    monkeypatch.setattr(Finder, "merged", lambda _self, _seen: [Candidate(*cropped, 0.9, int(union.sum()))])
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


@pytest.mark.parametrize("shape", [(96, 40), (40, 96), (1, 64)])
def test_a_reduced_picture_holds_means_and_nothing_moves(shape: tuple[int, int]) -> None:
    """However narrow the picture is: single points, taken as they are, would turn lattices into stripes."""
    picture = np.random.default_rng(0).normal(100, 30, shape).astype(np.float32)
    rows = max(shape[0] // 2, 1)
    half = Scaling(shape, (rows, shape[1] // 2)).resize(picture)
    np.testing.assert_allclose(half, picture.reshape(rows, -1, shape[1] // 2, 2).mean(axis=(1, 3)), rtol=1e-5)
    ramp = np.add.outer(np.arange(shape[0]), 2 * np.arange(shape[1])).astype(np.float32)
    for factor in (0.5, 2.0):
        scaling = Scaling.by(factor, shape)
        inner = np.s_[2:-2, 2:-2] if rows > 1 else np.s_[:, 2:-2]
        np.testing.assert_allclose(scaling.back(scaling.resize(ramp))[inner], ramp[inner], atol=0.01 * ramp.max())


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
