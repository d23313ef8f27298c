"""A folder is read as the person who made it meant it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import shared
from lycurgus.core.errors import LycurgusError, ParameterError, ReadError
from lycurgus.core.types import BBox, Instance
from lycurgus.readers.truth import ParticleValues
from lycurgus_train.data.folder import load_folder
from lycurgus_train.data.splits import read_split
from shapes import disc, instance_of
from train.folders import DISCS, SHAPE, full, good_folder, labels_of, picture, rle, same_masks, save, save_coco


@pytest.mark.parametrize(
    ("dtype", "values", "suffix"),
    [
        (np.uint8, (1, 2, 3), ".png"),
        (np.uint8, (1, 7, 255), ".tif"),
        (np.uint16, (300, 40_000, 65_535), ".png"),
        (np.uint16, (1, 2, 40_000), ".tif"),
        (np.uint32, (1, 70_000, 4_000_000), ".tif"),
    ],
)
def test_masks_of_every_depth_number_particles(tmp_path, dtype, values, suffix):
    save(tmp_path / "images" / "a.png", picture())
    save(tmp_path / "masks" / f"a{suffix}", labels_of(DISCS, dtype, values))
    data = load_folder(tmp_path)
    (image,) = data
    assert (data.kind, image.name, image.group) == ("masks", "a", "a")
    assert same_masks(image.instances, DISCS)
    assert np.array_equal(image.pixels, picture())
    assert image.foreground is None
    assert image.ignore is None


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("a.tif", "a_mask.png"),
        ("images/a.png", "labels/a.tif"),
        ("Images/a.png", "Masks/a_label.png"),
        ("Img/1_img.tif", "Mask/1_mask.tif"),
        ("train_images/a.png", "train_masks/a.png"),
        ("a.png", "masks/a.png"),
    ],
)
def test_the_usual_layouts_are_known(tmp_path, image, mask):
    save(tmp_path / image, picture())
    save(tmp_path / mask, labels_of(DISCS))
    data = load_folder(tmp_path)
    assert not data.problems
    assert same_masks(data[0].instances, DISCS)


def test_a_mask_that_names_classes_gives_foreground(tmp_path):
    many = [disc(SHAPE, (y, x), 6) for y in (10, 30, 50) for x in (10, 30, 50, 70)]
    save(tmp_path / "a.png", picture())
    save(tmp_path / "a_mask.png", labels_of(many, values=[255] * len(many)))
    (image,) = load_folder(tmp_path)
    assert np.array_equal(image.foreground, np.any(many, axis=0))
    assert not image.instances
    (numbered,) = load_folder(tmp_path, kind="masks")
    assert len(numbered.instances) == 1


@pytest.mark.parametrize("empty", [0, 7])
@pytest.mark.parametrize("particles", [2, 3])
def test_white_on_black_is_no_numbering_however_few_the_particles_and_many_the_empty_masks(tmp_path, particles, empty):
    for number in range(4 + empty):
        save(tmp_path / "images" / f"{number}.png", picture(number))
        shown = DISCS[:particles] if number < 4 else ()
        save(tmp_path / "masks" / f"{number}.png", labels_of(shown, values=[255] * len(shown)))
    assert load_folder(tmp_path).kind == "semantic"


def test_the_kind_is_told_by_masks_that_hold_something_wherever_they_stand(tmp_path):
    for number in range(60):
        save(tmp_path / "images" / f"{number:02d}.png", picture(number))
        shown = () if number % 3 == 0 else DISCS
        save(tmp_path / "masks" / f"{number:02d}.png", labels_of(shown, values=[255] * len(shown)))
    assert load_folder(tmp_path).kind == "semantic"


@pytest.mark.parametrize("empty", [0, 7])
@pytest.mark.parametrize("particles", [1, 3])
def test_numbers_stay_numbers_however_many_masks_are_empty(tmp_path, particles, empty):
    for number in range(4 + empty):
        save(tmp_path / "images" / f"{number}.png", picture(number))
        save(tmp_path / "masks" / f"{number}.png", labels_of(DISCS[:particles] if number < 4 else ()))
    assert load_folder(tmp_path).kind == "masks"


def test_named_values_choose_the_particles_of_a_semantic_mask(tmp_path):
    save(tmp_path / "a.png", picture())
    save(tmp_path / "a_mask.png", labels_of(DISCS[:2]))
    (image,) = load_folder(tmp_path, particle_values=ParticleValues((2,)))
    assert np.array_equal(image.foreground, DISCS[1])


def test_coco_goes_before_masks_because_it_keeps_overlaps(tmp_path):
    lower, upper = disc(SHAPE, (30, 40), 40), disc(SHAPE, (32, 44), 12)
    save(tmp_path / "images" / "a.tif", picture())
    save(tmp_path / "labels" / "a.tif", labels_of([lower, upper]))
    save_coco(tmp_path / "annotations" / "a.json", {"a.tif": [rle(instance_of(lower)), rle(instance_of(upper))]})
    data = load_folder(tmp_path)
    assert data.kind == "coco"
    assert same_masks(data[0].instances, [lower, upper])
    assert not same_masks(load_folder(tmp_path, kind="masks")[0].instances, [lower, upper])


rectangles = st.tuples(st.integers(0, 50), st.integers(0, 70), st.integers(1, 30), st.integers(1, 30))


@settings(max_examples=20, derandomize=True, deadline=None)
@given(st.lists(rectangles, max_size=6))
def test_whatever_overlaps_survives_coco(tmp_path_factory, found):
    folder = tmp_path_factory.mktemp("coco")
    instances = []
    for number, (y, x, height, width) in enumerate(found):
        box = BBox(y, x, min(y + height, SHAPE[0]), min(x + width, SHAPE[1]))
        mask = np.random.default_rng(number).random((box.height, box.width)) < 0.5
        mask[0, :] = mask[-1, :] = mask[:, 0] = mask[:, -1] = True
        instances.append(Instance(box, mask))
    save(folder / "a.png", picture())
    save_coco(folder / "a.json", {"a.png": [rle(instance) for instance in instances]})
    (image,) = load_folder(folder)
    assert [instance.bbox for instance in image.instances] == [instance.bbox for instance in instances]
    assert same_masks(image.instances, [full(instance) for instance in instances])


def test_polygons_boxes_and_crowds_each_have_their_place(tmp_path):
    polygon = {"segmentation": [[10, 10, 30, 10, 30, 20, 10, 20]], "iscrowd": 0}
    only_box = {"bbox": [50, 5, 20, 10], "iscrowd": 0}
    crowd = rle(instance_of(DISCS[1])) | {"iscrowd": 1}
    save(tmp_path / "a.png", picture())
    save_coco(tmp_path / "a.json", {"a.png": [polygon, only_box, crowd, {"segmentation": []}]})
    entry = load_folder(tmp_path).entries[0]
    image, remarks = entry.load_with_remarks()
    assert image.instances[0].bbox == BBox(10, 10, 20, 30)
    assert image.instances[0].mask.all()
    assert len(image.instances) == 1
    assert image.boxes.tolist() == [[5, 50, 15, 70]]
    assert np.array_equal(image.ignore, DISCS[1])
    assert remarks == ("annotations that cover no pixel and are left out: 1",)


def test_a_box_of_words_is_refused(tmp_path):
    save(tmp_path / "a.png", picture())
    save_coco(tmp_path / "coco.json", {"a.png": [{"bbox": ["1", "2", "3", "4"], "iscrowd": 0}]})
    assert load_folder(tmp_path)[0].boxes.tolist() == [[2, 1, 6, 4]]
    save_coco(tmp_path / "coco.json", {"a.png": [{"bbox": ["left", "2", "3", "4"], "iscrowd": 0}]})
    with pytest.raises(ReadError, match="not x, y, width, height"):
        load_folder(tmp_path)[0]


def test_a_crowd_with_nothing_but_a_box_is_ignored_there(tmp_path):
    save(tmp_path / "a.png", picture())
    crowds = [{"bbox": [50, 5, 20, 10], "iscrowd": 1}, rle(instance_of(DISCS[1])) | {"iscrowd": 1}]
    save_coco(tmp_path / "a.json", {"a.png": [rle(instance_of(DISCS[0])), *crowds]})
    (image,) = load_folder(tmp_path)
    expected = DISCS[1].copy()
    expected[5:15, 50:70] = True
    assert np.array_equal(image.ignore, expected)
    assert len(image.instances) == 1
    assert not len(image.boxes)


def test_a_coco_file_is_named_itself_and_its_images_lie_elsewhere(tmp_path):
    save(tmp_path / "pictures" / "deep" / "a.png", picture())
    truth = save_coco(tmp_path / "truth" / "one.json", {"some/folder/a.png": [rle(instance_of(DISCS[0]))]})
    (image,) = load_folder(truth, images=tmp_path / "pictures")
    assert same_masks(image.instances, DISCS[:1])


def test_coco_files_that_agree_on_who_speaks_of_what_are_one(tmp_path):
    for number, mask in enumerate(DISCS):
        save(tmp_path / "images" / f"{number}.png", picture(number))
        save_coco(tmp_path / "annotations" / f"{number}.json", {f"{number}.png": [rle(instance_of(mask))]})
    assert [same_masks(image.instances, [mask]) for image, mask in zip(load_folder(tmp_path), DISCS, strict=True)] == [True] * 3
    save_coco(tmp_path / "annotations" / "again.json", {"1.png": []})
    with pytest.raises(ReadError, match=r"both speak of 1\.png"):
        load_folder(tmp_path)


def test_yolo_boxes_are_where_they_were_drawn(tmp_path):
    save(tmp_path / "images" / "a.png", picture())
    (tmp_path / "boxes").mkdir()
    (tmp_path / "boxes" / "a.txt").write_text("0 0.5 0.5 0.25 0.5\n1 0.0 0.0 0.5 0.2\n0 0.3 0.3 0 0\n\n")
    data = load_folder(tmp_path)
    image, remarks = data.entries[0].load_with_remarks()
    assert data.kind == "yolo"
    assert image.boxes == pytest.approx(np.array([[15, 30, 45, 50], [0, 0, 6, 20]]))
    assert remarks == ("boxes that have no area and are left out: 1",)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0 1.2 0.5 0.1 0.1", "lies outside the image"),
        ("0 120 80 10 10", "lies outside the image"),
        ("0 nan 0.5 0.1 0.1", "lies outside the image"),
        ("0 0.5 0.5 nan 0.1", "is no box of the image"),
        ("0 0.5 0.5 40 30", "box 1 is no box of the image"),
        ("0 0.5 0.5 -0.1 0.1", "box 1 is no box of the image"),
        ("0 0.5 0.5 0.1", "line 1 has 4 numbers"),
        ("particle 0.5 0.5 0.1 0.1", "is no list of boxes"),
    ],
)
def test_boxes_that_cannot_be_meant_are_refused(tmp_path, text, why):
    save(tmp_path / "a.png", picture())
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(ReadError, match=why):
        load_folder(tmp_path)[0]


def test_pixels_that_are_no_numbers_are_ignored(tmp_path):
    pixels = picture().astype(np.float32)
    pixels[:5] = np.nan
    save(tmp_path / "a.tif", pixels)
    save(tmp_path / "a_mask.png", labels_of(DISCS))
    image, remarks = load_folder(tmp_path).entries[0].load_with_remarks()
    assert remarks == (f"pixels without a value, which are ignored: {5 * SHAPE[1]}",)
    assert np.isfinite(image.pixels).all()
    assert image.ignore[:5].all()
    assert not image.ignore[5:].any()
    assert np.array_equal(image.pixels[5:], pixels[5:])


def test_an_image_without_any_number_is_refused(tmp_path):
    save(tmp_path / "a.tif", np.full(SHAPE, np.nan, np.float32))
    save(tmp_path / "a_mask.png", labels_of(DISCS))
    with pytest.raises(ReadError, match=r"a\.tif: has no pixel with a value"):
        load_folder(tmp_path)[0]


def test_an_image_of_another_size_than_its_mask_is_refused(tmp_path):
    save(tmp_path / "a.png", picture(shape=(61, 80)))
    save(tmp_path / "a_mask.png", labels_of(DISCS))
    with pytest.raises(ReadError, match=r"a_mask\.png: the mask has 60 x 80 px, its image 61 x 80"):
        load_folder(tmp_path)[0]


def test_what_lacks_its_counterpart_is_listed_and_the_rest_is_used(tmp_path):
    good_folder(tmp_path)
    save(tmp_path / "images" / "lonely.png", picture())
    save(tmp_path / "masks" / "orphan.png", labels_of(DISCS))
    save(tmp_path / "masks" / "1.tif", labels_of(DISCS))
    data = load_folder(tmp_path)
    assert data.names == ("0", "2")
    assert sorted(data.problems) == [
        "1.png: more than one truth: 1.png, 1.tif",
        "lonely.png: has no mask",
        "orphan.png: there is no image for it",
    ]


def test_what_a_coco_file_names_and_what_lies_beside_it_are_held_against_each_other(tmp_path):
    save(tmp_path / "a.png", picture())
    save(tmp_path / "unnamed.png", picture())
    save_coco(tmp_path / "a.json", {"a.png": [], "missing.png": []})
    assert load_folder(tmp_path).problems == (
        "missing.png: named in a.json, but there is no such image",
        "unnamed.png: the image is not named in a.json",
    )


@pytest.mark.parametrize("kind", [None, "masks", "semantic", "coco", "yolo"])
def test_an_empty_folder_is_no_data(tmp_path, kind):
    with pytest.raises(LycurgusError, match=r"no image of|holds no COCO file"):
        load_folder(tmp_path, kind=kind)


def test_a_folder_that_is_not_there_and_a_kind_that_does_not_exist_are_named(tmp_path):
    with pytest.raises(LycurgusError, match="there is no folder"):
        load_folder(tmp_path / "nowhere")
    with pytest.raises(ParameterError, match="no kind of truth called 'voc'"):
        load_folder(tmp_path, kind="voc")


def test_a_photograph_of_a_mask_is_no_mask(tmp_path):
    save(tmp_path / "a.png", picture())
    save(tmp_path / "a_mask.png", picture(1))
    with pytest.raises(ReadError, match="neither numbers particles nor names classes"):
        load_folder(tmp_path)


def test_parts_of_a_data_set_stay_unread(tmp_path):
    data = load_folder(good_folder(tmp_path))
    (tmp_path / "images" / "0.png").write_bytes(b"")
    assert data.only(["2", "1"]).names == ("1", "2")
    assert data[1:].names == ("1", "2")
    assert data.grouped({"1": "article"}).entries[1].group == "article"
    with pytest.raises(ReadError, match="is empty"):
        data[0]


@pytest.mark.parametrize(("name", "kind", "images"), [("emps", "masks", 366), ("nanoshapes", "coco", 93), ("catalyst-boxes", "yolo", 18)])
def test_real_folders_are_understood_and_their_splits_know_them(name, kind, images):
    data = load_folder(shared(name))
    assert (data.kind, len(data), data.problems) == (kind, images, ())
    read_split(name).check(data.names)
    image = data[0]
    assert len(image.instances) + len(image.boxes) > 0
