"""What is wrong with data is said before training starts, all of it at once, in sentences."""

from __future__ import annotations

import numpy as np
import pytest

from lycurgus.core.types import BBox, Instance
from lycurgus_train.data.check import DataError, background_only, check, check_before_training, digest_of_truth
from lycurgus_train.data.folder import load_folder
from lycurgus_train.data.sheet import caption, draw_labelled
from lycurgus_train.labelled import LabelledImage
from shapes import disc, instance_of
from train.folders import DISCS, SHAPE, good_folder, labels_of, picture, rle, save, save_coco


def test_good_data_have_neither_problems_nor_notes(tmp_path):
    checked = check(load_folder(good_folder(tmp_path)))
    assert (checked.problems, checked.notes) == ([], [])
    assert (checked.n_images, checked.n_instances, checked.n_boxes, checked.n_without) == (3, 9, 0, 0)
    assert sorted(checked.diameters_px)[::3] == pytest.approx([12, 20, 30], abs=0.5)


def test_every_problem_is_listed_and_stops_nobody(tmp_path):
    good_folder(tmp_path, 8)
    save(tmp_path / "masks" / "0.png", labels_of(DISCS)[:-1])
    (tmp_path / "masks" / "1.png").write_bytes(b"not a mask")
    (tmp_path / "images" / "2.png").write_bytes(b"")
    (tmp_path / "masks" / "3.png").unlink()
    (tmp_path / "images" / "4.png").unlink()
    data = load_folder(tmp_path)
    seen = []
    checked = check(data, visit=lambda image: seen.append(image.name))
    assert seen == ["5", "6", "7"]
    assert [problem.split(":")[0] for problem in checked.problems] == ["3.png", "4.png", "0.png", "1.png", "2.png"]
    with pytest.raises(DataError, match="5 problems in the data, nothing was trained") as caught:
        check_before_training([data])
    assert all(problem in str(caught.value) for problem in checked.problems)


def test_an_image_without_particles_is_allowed_but_not_a_folder_of_them(tmp_path):
    good_folder(tmp_path, 2)
    save(tmp_path / "masks" / "1.png", np.zeros(SHAPE, np.uint8))
    checked = check(load_folder(tmp_path))
    assert checked.problems == []
    assert checked.notes == ["1: has no particle; it is learnt from as background"]
    save(tmp_path / "masks" / "0.png", np.zeros(SHAPE, np.uint8))
    empty = load_folder(tmp_path)
    with pytest.raises(DataError, match="none of the 2 images has a particle: nothing can be learnt but background"):
        check_before_training([empty])


def test_a_folder_of_background_is_good_beside_one_with_particles(tmp_path):
    save(tmp_path / "empty" / "images" / "a.png", picture(7))
    save(tmp_path / "empty" / "masks" / "a.png", np.zeros(SHAPE, np.uint8))
    empty = load_folder(tmp_path / "empty")
    particles = load_folder(good_folder(tmp_path / "good", 1))
    check_before_training([particles, empty])
    check_before_training([particles], [empty])
    assert background_only([check(empty)])
    assert not background_only([check(empty), check(particles)])


def test_five_thousand_particles_and_sixteen_bits_are_no_problem(tmp_path):
    labels = np.zeros((300, 300), np.uint16)
    rows, columns = np.mgrid[0:71, 0:71]
    labels[4 * rows + 2, 4 * columns + 2] = labels[4 * rows + 2, 4 * columns + 3] = (rows * 71 + columns + 1).astype(np.uint16)
    save(tmp_path / "a.png", picture(shape=(300, 300)))
    save(tmp_path / "a_mask.png", labels)
    checked = check(load_folder(tmp_path))
    assert checked.n_instances == 5041
    assert checked.problems == []
    assert checked.notes == ["a: has 5,041 particles", "a: particles of fewer than 4 pixels: 5041"]


def test_slips_of_the_hand_are_noted(tmp_path):
    save(tmp_path / "flat.png", np.full(SHAPE, 7, np.uint8))
    save(tmp_path / "odd.png", picture(1))
    twice, two_pieces = instance_of(DISCS[0]), instance_of(DISCS[0] | DISCS[2])
    everything = instance_of(np.ones(SHAPE, bool))
    save_coco(tmp_path / "a.json", {"flat.png": [rle(everything)], "odd.png": [rle(twice), rle(twice), rle(two_pieces)]})
    assert check(load_folder(tmp_path)).notes == [
        "flat: particles cover 100% of the image; are particle and background confused?",
        "flat: the image has one grey value only",
        "odd: particles in several pieces: 1; was a number used twice?",
        "odd: particles that are drawn twice: 1",
    ]


def test_one_picture_with_two_truths_is_a_problem_and_with_one_a_note(tmp_path):
    good_folder(tmp_path)
    save(tmp_path / "images" / "1.png", picture(0))
    assert check(load_folder(tmp_path)).notes == ["1: is the same picture as 0, with the same truth"]
    save(tmp_path / "masks" / "1.png", labels_of(DISCS[:2]))
    assert check(load_folder(tmp_path)).problems == ["1: is the same picture as 0, with another truth; keep the right one"]


def test_two_data_sets_must_not_contradict_each_other(tmp_path):
    good_folder(tmp_path / "mine")
    good_folder(tmp_path / "corrected")
    sides = [load_folder(tmp_path / "mine"), load_folder(tmp_path / "corrected")]
    check_before_training(sides)
    save(tmp_path / "corrected" / "masks" / "1.png", labels_of(DISCS[:2]))
    with pytest.raises(DataError, match=r"1 of .*corrected: is the same picture as 1 of .*mine, with another truth; keep the right one"):
        check_before_training(sides)


def test_boxes_with_their_sides_exchanged_are_another_truth():
    pixels = picture()
    pairs = [[(0, 0, 10, 20), (5, 5, 20, 10)], [(0, 0, 10, 10), (5, 5, 20, 20)], [(5, 5, 20, 10), (0, 0, 10, 20)]]
    one, other, turned = (digest_of_truth(LabelledImage("a", pixels, boxes=np.array(pair, np.float32))) for pair in pairs)
    assert one != other
    assert one == turned


def test_nothing_is_nothing_however_it_was_written_down():
    blank = np.zeros(SHAPE, bool)
    ways = ({}, {"foreground": blank}, {"ignore": blank})
    assert len({digest_of_truth(LabelledImage("a", picture(), **way)) for way in ways}) == 1
    assert digest_of_truth(LabelledImage("a", picture(), ignore=~blank)) != digest_of_truth(LabelledImage("a", picture()))


def test_a_picture_must_not_be_trained_on_and_validate(tmp_path):
    data = load_folder(good_folder(tmp_path))
    check_before_training([data.only(["0", "1"])], [data.only(["2"])])
    with pytest.raises(DataError, match="1 of the validation images is the same picture as 1, which is trained on"):
        check_before_training([data.only(["0", "1"])], [data.only(["1", "2"])])


def test_nothing_to_train_on_is_a_problem(tmp_path):
    data = load_folder(good_folder(tmp_path))
    with pytest.raises(DataError, match="there is no image to train on"):
        check_before_training([data.only([])])


def test_the_sides_of_a_split_name_a_problem_of_their_folder_once(tmp_path):
    good_folder(tmp_path)
    (tmp_path / "masks" / "0.png").unlink()
    data = load_folder(tmp_path)
    with pytest.raises(DataError, match="1 problem in the data"):
        check_before_training([data.only(["1"])], [data.only(["2"])])


@pytest.mark.parametrize("scale", [1, 2])
def test_a_drawing_shows_outlines_boxes_and_ignored_areas_and_nothing_else(scale):
    whole = Instance(BBox(10, 10, 30, 30), np.ones((20, 20), bool))
    ignore = np.zeros(SHAPE, bool)
    ignore[45:, :20] = True
    grey = np.full(SHAPE, 90, np.uint8)
    image = LabelledImage("a", grey, (whole,), np.array([[5, 40, 25, 70]], np.float32), ignore=ignore)
    canvas = draw_labelled(image, min_side_px=80 * scale).astype(int)
    coloured = np.ptp(canvas, axis=2) > 20
    assert canvas.shape == (60 * scale, 80 * scale, 3)
    assert coloured[10 * scale, 20 * scale]
    assert coloured[5 * scale, 55 * scale]
    assert 0.05 < coloured[46 * scale :, : 20 * scale].mean() < 0.3
    assert not coloured[13 * scale : 27 * scale, 13 * scale : 27 * scale].any()
    assert not coloured[32 * scale : 44 * scale].any()


def test_a_caption_says_what_is_known():
    foreground = disc(SHAPE, (30, 40), 40)
    assert caption(LabelledImage("a", picture(), foreground=foreground)) == f"a\n80 × 60 uint8, {foreground.mean():.0%} particle"
    assert caption(LabelledImage("b", picture())) == "b\n80 × 60 uint8, no particle"
    assert caption(LabelledImage("c", picture(), (instance_of(foreground),), ignore=~foreground)).endswith("1 outline, 74% ignored")
