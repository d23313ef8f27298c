"""Scores against truths that can be counted by hand."""

from __future__ import annotations

import contextlib
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lycurgus.core.metrics import THRESHOLDS, confusion_matrix, instances_from_labels, pixel_scores, pool, score_image, score_semantic
from lycurgus.core.types import BBox, Instance
from shapes import disc, instance_of

SHAPE = (12, 20)


def box(y: int, x: int, height: int, width: int, score: float = float("nan")) -> Instance:
    return Instance(BBox(y, x, y + height, x + width), np.ones((height, width), dtype=bool), score)


boxes = st.lists(
    st.builds(box, st.integers(0, 8), st.integers(0, 16), st.integers(1, 4), st.integers(1, 4), st.sampled_from([0.1, 0.2, 0.5, 0.9])),
    max_size=7,
)
FEW = settings(max_examples=30, deadline=None, derandomize=True)


@given(truth=boxes.filter(bool))
@FEW
def test_a_perfect_answer_scores_one(truth):
    numbers = score_image(truth, truth, SHAPE).numbers()
    assert numbers.pop("diameter_bias") == 0
    assert numbers.pop("diameter_bias_sd") == (0 if len(truth) > 1 else pytest.approx(np.nan, nan_ok=True))
    assert all(number == pytest.approx(1) for number in numbers.values())


@given(found=boxes, truth=boxes)
@FEW
def test_exchanging_found_and_true_exchanges_precision_and_recall(found, truth):
    there, back = score_image(found, truth, SHAPE), score_image(truth, found, SHAPE)
    for threshold in THRESHOLDS:
        assert there.precision(threshold) == pytest.approx(back.recall(threshold), nan_ok=True)
        assert there.f1(threshold) == pytest.approx(back.f1(threshold), nan_ok=True)
    assert there.panoptic_quality() == pytest.approx(back.panoptic_quality(), nan_ok=True)
    assert there.average_precision_dsb() == pytest.approx(back.average_precision_dsb(), nan_ok=True)
    assert np.array_equal(there.pixels, back.pixels.T)


@given(found=boxes, truth=boxes, seed=st.integers(0, 99))
@FEW
def test_the_order_of_instances_does_not_matter(found, truth, seed):
    rng = np.random.default_rng(seed)
    once = score_image(found, truth, SHAPE).numbers()
    again = score_image([found[i] for i in rng.permutation(len(found))], [truth[i] for i in rng.permutation(len(truth))], SHAPE).numbers()
    # Which of several equally good pairs is taken, and which of equal scores comes first, is free.
    for name in set(once) - {"average_precision_coco", "diameter_bias", "diameter_bias_sd"}:
        assert again[name] == pytest.approx(once[name], nan_ok=True), name


@given(found=boxes, truth=boxes)
@FEW
def test_rates_fall_with_the_threshold_and_stay_between_nothing_and_one(found, truth):
    score = score_image(found, truth, SHAPE)
    matched = [score.matched(threshold) for threshold in THRESHOLDS]
    assert matched == sorted(matched, reverse=True)
    bounded = [value for name, value in score.numbers().items() if not name.startswith("diameter")]
    assert all(np.isnan(value) or 0 <= value <= 1 for value in bounded)


def test_a_case_counted_by_hand():
    """Truth: A, B, C. Found: A exactly, B with 3 of its 4 columns (IoU 0.75), one false, C missed."""
    truth = [box(0, 0, 4, 4), box(0, 8, 4, 4), box(8, 8, 2, 2)]
    found = [box(0, 0, 4, 4), box(0, 8, 4, 3), box(8, 0, 3, 3)]
    score = score_image(found, truth, SHAPE)
    assert [score.matched(t) for t in (0.5, 0.75, 0.8)] == [2, 2, 1]
    assert (score.precision(0.5), score.recall(0.5), score.f1(0.5)) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert score.average_precision_dsb() == pytest.approx((6 * 2 / 4 + 4 * 1 / 5) / 10)
    assert np.isnan(score.average_precision_coco())
    assert score.segmentation_quality() == pytest.approx(1.75 / 2)
    assert score.recognition_quality() == pytest.approx(2 / 3)
    assert score.panoptic_quality() == pytest.approx(1.75 / 3)
    assert score.matched_iou() == pytest.approx(0.875)
    differences = np.array([0, np.sqrt(0.75) - 1])
    assert score.diameter_bias() == pytest.approx(differences.mean())
    assert score.diameter_bias_sd() == pytest.approx(differences.std(ddof=1))
    assert score.pixels.tolist() == [[240 - 36 - 9, 9], [4 + 4, 28]]
    pixels = score.pixel_scores()
    assert pixels.iou == pytest.approx([195 / 212, 28 / 45])
    assert pixels.dice == pytest.approx([390 / 407, 56 / 73])
    assert pixels.accuracy == pytest.approx(223 / 240)


def test_panoptic_pairs_need_more_than_half():
    score = score_image([box(0, 0, 4, 4)], [box(0, 0, 4, 2)], SHAPE)
    assert (score.f1(0.5), score.panoptic_quality()) == (1, 0)


def test_overlapping_particles_are_two_hits_and_one_area():
    left, right = (instance_of(disc((40, 60), (20, x), 24)) for x in (22, 36))
    score = score_image([left, right], [right, left], (40, 60))
    assert (score.f1(0.95), score.panoptic_quality()) == (1, 1)
    assert score.pixels[1, 1] < left.area_px + right.area_px
    merged = score_image([instance_of(disc((40, 60), (20, 22), 24) | disc((40, 60), (20, 36), 24))], [right, left], (40, 60))
    assert merged.recall(0.5) == pytest.approx(0.5)
    assert merged.pixel_scores().iou[1] == 1


def test_a_size_error_is_reported_as_bias():
    truth = [instance_of(disc((80, 80), (40, 40), 50))]
    found = [instance_of(disc((80, 80), (40, 40), 55))]
    assert score_image(found, truth, (80, 80)).diameter_bias() == pytest.approx(0.1, abs=0.01)


def test_an_image_without_anything_neither_rewards_nor_punishes():
    nothing = score_image([], [], SHAPE)
    missed, invented = score_image([], [box(0, 0, 3, 3)], SHAPE), score_image([box(0, 0, 3, 3)], [], SHAPE)
    assert np.isnan(nothing.f1(0.5))
    assert missed.f1(0.5) == invented.f1(0.5) == 0
    assert np.isnan(missed.precision(0.5))
    assert np.isnan(invented.recall(0.5))
    perfect = score_image([box(0, 0, 3, 3)], [box(0, 0, 3, 3)], SHAPE)
    assert pool([perfect, nothing]).mean_over_images()["f1_50"] == 1
    assert pool([perfect, invented]).mean_over_images()["f1_50"] == 0.5
    assert np.isnan(pool([nothing]).mean_over_images()["f1_50"])


def test_pooling_adds_particles_and_averaging_weighs_images():
    crowded = score_image([box(0, 4 * i, 3, 3) for i in range(4)], [box(0, 4 * i, 3, 3) for i in range(4)], SHAPE)
    empty_handed = score_image([], [box(0, 0, 3, 3)], SHAPE)
    score = pool([crowded, empty_handed])
    assert score.total.recall(0.5) == pytest.approx(4 / 5)
    assert score.mean_over_images()["recall_50"] == pytest.approx(1 / 2)
    assert score.total.pixels.sum() == 2 * SHAPE[0] * SHAPE[1]


@given(groups=st.lists(st.tuples(boxes, boxes), min_size=1, max_size=4))
@FEW
def test_pooled_counts_are_those_of_one_large_image(groups):
    """Images side by side are one image."""
    width = SHAPE[1]

    def moved(instance: Instance, i: int) -> Instance:
        y0, x0, y1, x1 = instance.bbox
        return Instance(BBox(y0, x0 + i * width, y1, x1 + i * width), instance.mask, instance.score)

    found = [moved(instance, i) for i, (group, _) in enumerate(groups) for instance in group]
    truth = [moved(instance, i) for i, (_, group) in enumerate(groups) for instance in group]
    whole = score_image(found, truth, (SHAPE[0], width * len(groups))).numbers()
    pooled = pool([score_image(*group, SHAPE) for group in groups]).total.numbers()
    for name in set(whole) - {"diameter_bias", "diameter_bias_sd"}:
        assert pooled[name] == pytest.approx(whole[name], nan_ok=True), name


def coco_average(images: list[tuple[list[Instance], list[Instance]]], shape: tuple[int, int]) -> float:
    """Average precision of the reference implementation, without its limit of 100 detections an image."""
    from pycocotools import mask as coco_mask
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def rle(instance):
        canvas = np.zeros(shape, dtype=np.uint8, order="F")
        canvas[instance.bbox.slices] = instance.mask
        return coco_mask.encode(canvas)

    def annotations(which):
        rows = [(number, one) for number, pair in enumerate(images, start=1) for one in pair[which]]
        return [
            {"id": i, "image_id": number, "category_id": 1, "iscrowd": 0, "area": one.area_px, "segmentation": rle(one), "score": one.score}
            for i, (number, one) in enumerate(rows, start=1)
        ]

    def coco(which):
        made = COCO()
        listed = [{"id": i + 1, "height": shape[0], "width": shape[1]} for i in range(len(images))]
        made.dataset = {"images": listed, "categories": [{"id": 1}], "annotations": annotations(which)}
        made.createIndex()
        return made

    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(coco(1), coco(0), "segm")
        evaluation.params.maxDets = [10_000]
        evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e10]], ["all"]
        evaluation.evaluate()
        evaluation.accumulate()
    return float(evaluation.eval["precision"].mean())


@pytest.mark.parametrize("seed", range(6))
def test_average_precision_is_that_of_the_reference_implementation(seed):
    rng = np.random.default_rng(seed)

    def scene():
        places, sizes = rng.integers(0, 50, (12, 2)).tolist(), rng.integers(4, 14, (12, 2)).tolist()
        truth = [box(*place, *size) for place, size in zip(places, sizes, strict=True)]
        seen = [one for one in truth if rng.random() < 0.8]
        jitter = rng.integers(-1, 2, (len(seen), 2))
        found = [
            box(max(0, one.bbox.y0 + int(dy)), max(0, one.bbox.x0 + int(dx)), one.bbox.height, one.bbox.width, float(rng.random()))
            for one, (dy, dx) in zip(seen, jitter, strict=True)
        ]
        return [*found, *(box(int(y), int(x), 6, 6, float(rng.random())) for y, x in rng.integers(0, 50, (4, 2)))], truth

    images = [scene() for _ in range(3)]
    score = pool([score_image(found, truth, (64, 64)) for found, truth in images])
    assert score.total.average_precision_coco() == pytest.approx(coco_average(images, (64, 64)), abs=1e-9)


def test_sure_mistakes_cost_more_than_unsure_ones():
    truth = [box(0, 0, 4, 4)]
    unsure = score_image([box(0, 0, 4, 4, 0.9), box(6, 6, 3, 3, 0.1)], truth, SHAPE)
    sure = score_image([box(0, 0, 4, 4, 0.1), box(6, 6, 3, 3, 0.9)], truth, SHAPE)
    assert (unsure.average_precision_coco(), sure.average_precision_coco()) == pytest.approx((1, 0.5))
    assert unsure.average_precision_dsb() == sure.average_precision_dsb()


def test_one_detection_without_a_score_leaves_no_average_by_score():
    truth = [box(0, 0, 4, 4)]
    scored, unscored = score_image([box(0, 0, 4, 4, 0.9)], truth, SHAPE), score_image([box(0, 0, 4, 4)], truth, SHAPE)
    assert scored.average_precision_coco() == 1
    assert pool([scored, unscored]).document()["average_precision_coco"] is None


def test_semantic_truth_scores_pixels_alone():
    found, truth = disc((60, 60), (30, 30), 30), disc((60, 60), (30, 34), 30)
    score = score_semantic(found, truth)
    assert score.pixel_scores().iou[1] == pytest.approx(np.sum(found & truth) / np.sum(found | truth))
    document = pool([score, score]).document()
    assert "f1_50" not in document
    assert document["confusion_matrix"]["pixels"] == (2 * score.pixels).tolist()


@pytest.mark.parametrize("found", [[], [box(0, 0, 4, 4, 0.5)]])
def test_the_document_is_plain_json(found):
    document = pool([score_image(found, [box(0, 0, 4, 4)], SHAPE)]).document()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["n_truth"] == 1
    assert [entry["iou"] for entry in document["by_iou"]] == list(THRESHOLDS)


def test_nothing_and_mixtures_are_not_pooled():
    with pytest.raises(ValueError, match="nothing"):
        pool([])
    with pytest.raises(ValueError, match="pooled"):
        pool([score_image([], [], SHAPE), score_semantic(np.ones(SHAPE, bool), np.ones(SHAPE, bool))])


def test_thresholds_that_were_not_counted_are_refused():
    with pytest.raises(ValueError, match="counted at IoU"):
        score_image([], [], SHAPE).f1(0.33)


def test_a_confusion_matrix_of_classes_has_the_truth_in_rows():
    truth, found = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 2, 2, 0])
    confusion = confusion_matrix(found, truth, n_classes=4)
    assert confusion.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 2, 0], [0, 0, 0, 0]]
    scores = pixel_scores(confusion)
    assert scores.iou == pytest.approx([1 / 3, 1 / 2, 2 / 3, np.nan], nan_ok=True)
    assert scores.dice == pytest.approx([1 / 2, 2 / 3, 4 / 5, np.nan], nan_ok=True)
    assert scores.accuracy == pytest.approx(4 / 6)


def test_classes_out_of_range_and_other_shapes_are_refused():
    with pytest.raises(ValueError, match="range"):
        confusion_matrix(np.array([0, 3]), np.array([0, 1]), n_classes=3)
    with pytest.raises(ValueError, match="compared"):
        confusion_matrix(np.zeros((2, 2)), np.zeros((2, 3)))


def test_touching_labels_are_told_apart():
    labels = np.zeros(SHAPE, dtype=np.int32)
    labels[2:6, 2:6], labels[2:6, 6:10] = 1, 2
    apart, merged = instances_from_labels(labels), instances_from_labels((labels > 0).astype(np.int32))
    assert score_image(apart, apart, SHAPE).f1(0.95) == 1
    assert score_image(merged, apart, SHAPE).f1(0.75) == 0
