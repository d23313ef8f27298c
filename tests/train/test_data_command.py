"""``lycurgus-train`` and its ``data`` command, as they are typed."""

from __future__ import annotations

import csv
import subprocess
import sys

import cv2
import numpy as np
import pytest

from lycurgus import __version__
from lycurgus_train import cli
from lycurgus_train.cli import COMMANDS, main
from lycurgus_train.data.pool import Pool
from lycurgus_train.data.splits import Split, read_split, write_split
from train.folders import DISCS, SHAPE, good_folder, same_masks, save


def test_help_names_every_command_and_loads_no_torch():
    code = "import sys; from lycurgus_train.cli import main\ntry: main(['--help'])\nexcept SystemExit: print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    text, modules = out.rsplit("\n", 2)[:2]
    assert all(command in text for command in COMMANDS)
    assert not {"torch", "onnx", "tensorboard", "PySide6"} & set(modules.split())


def test_the_version_is_that_of_the_application(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"lycurgus-train {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["paint"], ["data"], ["data", "check"], ["data", "check", "x", "--kind", "voc"]])
def test_wrong_usage_ends_with_two(arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_without_torch_a_sentence_says_what_to_install(monkeypatch, capsys):
    def run(_options):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("lycurgus_train.commands.data.run", run)
    assert main(["data", "check", "x"]) == cli.FAILED
    assert "needs torch: pip install 'lycurgus[train]'" in capsys.readouterr().err


def test_check_draws_what_it_understood(tmp_path, capsys):
    folder = good_folder(tmp_path / "data", 21)
    assert main(["data", "check", str(folder), "--out", str(tmp_path / "out"), "--each"]) == 0
    said = capsys.readouterr().out
    assert "21 images with instance masks" in said
    assert "63 particles, diameters 12 to 30 px" in said
    sheets = sorted(path.name for path in (tmp_path / "out").glob("*.png"))
    assert sheets == ["contact-001.png", "contact-002.png"]
    assert len(list((tmp_path / "out" / "images").glob("*.png"))) == 21
    sheet = cv2.imread(str(tmp_path / "out" / "contact-001.png"))
    assert sheet.shape[:2] == (4 * (440 + 6) + 6, 5 * (400 + 6) + 6)


def test_check_ends_with_one_and_lists_what_is_wrong(tmp_path, capsys):
    folder = good_folder(tmp_path)
    (folder / "masks" / "1.png").write_bytes(b"")
    (folder / "masks" / "2.png").unlink()
    assert main(["data", "check", str(folder)]) == 1
    said = capsys.readouterr()
    assert "1 image with instance masks" in said.out
    assert "2 problems:" in said.err
    assert "1.png: is not a readable mask" in said.err
    assert "2.png: has no mask" in said.err


@pytest.mark.parametrize(
    ("options", "status", "why"),
    [
        (["/nowhere"], 1, "there is no folder"),
        (["{folder}", "--kind", "coco"], 1, "holds no COCO file"),
        (["{folder}", "--particle-values", "dark"], 2, "--particle-values: 'dark' is not a list of whole numbers"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(tmp_path, capsys, options, status, why):
    folder = good_folder(tmp_path)
    assert main(["data", "check", *(option.format(folder=folder) for option in options)]) == status
    assert why in capsys.readouterr().err


def test_split_keeps_articles_together_and_pack_takes_one_side(tmp_path, capsys):
    folder = good_folder(tmp_path / "data", 12)
    with (tmp_path / "articles.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["id", "doi"], *([str(number), f"10.1/{number // 3}"] for number in range(12))])
    split_file = tmp_path / "split.json"
    arguments = ["data", "split", str(folder), "--groups", str(tmp_path / "articles.csv"), "--validation", "0.25", "--out", str(split_file)]
    assert main(arguments) == 0
    split = read_split(split_file)
    assert len(split.validation) == 3
    assert len({int(name) // 3 for name in split.validation}) == 1
    once = split_file.read_bytes()
    assert main(arguments) == 0
    assert split_file.read_bytes() == once

    packed = ["data", "pack", str(folder), "--split", str(split_file), "--side", "validation", "--out", str(tmp_path / "pool")]
    assert main(packed) == 0
    pool = Pool(tmp_path / "pool")
    assert sorted(image.name for image in pool) == sorted(split.validation)
    assert same_masks(pool[0].instances, DISCS)
    assert main(packed) == 1
    assert "holds a pool already" in capsys.readouterr().err


def test_what_has_no_truth_is_not_left_out_of_a_pool_in_silence(tmp_path, capsys):
    folder = good_folder(tmp_path / "data", 4)
    (folder / "masks" / "0.png").unlink()
    (folder / "masks" / "1.png").write_bytes(b"")
    write_split(Split(("1", "2"), ("3", "4"), {}), tmp_path / "split.json")
    pack = ["data", "pack", str(folder), "--out", str(tmp_path / "pool")]
    assert main(pack) == 1
    said = capsys.readouterr().err
    assert "2 problems in the data, nothing was packed" in said
    assert "0.png: has no mask" in said
    assert "1.png: is not a readable mask" in said
    (folder / "images" / "0.png").unlink()
    assert main([*pack, "--split", str(tmp_path / "split.json"), "--side", "validation"]) == 1
    assert "the split names 4, of which there is no image with a truth" in capsys.readouterr().err
    assert not (tmp_path / "pool").exists()


def test_what_is_worth_a_look_is_said_before_it_is_packed(tmp_path, capsys):
    folder = good_folder(tmp_path / "data", 2)
    save(folder / "masks" / "1.png", np.zeros(SHAPE, np.uint8))
    assert main(["data", "pack", str(folder), "--out", str(tmp_path / "pool")]) == 0
    assert "1: has no particle; it is learnt from as background" in capsys.readouterr().err
    assert len(Pool(tmp_path / "pool")) == 2


def test_groups_are_read_off_names(tmp_path, capsys):
    folder = good_folder(tmp_path / "data", 12)
    arguments = ["data", "split", str(folder), "--out", str(tmp_path / "split.json"), "--validation", "0.3", "--group-pattern"]
    assert main([*arguments, r"(\d)"]) == 0
    split = read_split(tmp_path / "split.json")
    assert not {name[0] for name in split.train} & {name[0] for name in split.validation}
    assert main([*arguments, r"x(\d)"]) == 2
    assert "finds no group in 0" in capsys.readouterr().err
    assert main([*arguments, r"(\d"]) == 2
    assert "is no regular expression" in capsys.readouterr().err


def test_an_image_that_the_table_of_groups_forgets_is_named(tmp_path, capsys):
    folder = good_folder(tmp_path / "data")
    (tmp_path / "groups.csv").write_text("0.png,a\n1.png,b\n")
    assert main(["data", "split", str(folder), "--groups", str(tmp_path / "groups.csv"), "--out", str(tmp_path / "s.json")]) == 1
    assert "groups.csv gives no group for 2" in capsys.readouterr().err
    assert not (tmp_path / "s.json").exists()
