"""What the command refuses before it trains, and what it learns from."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba")
pytest.importorskip("tensorboard")

from lycurgus_train import beginning
from lycurgus_train.checkpoint import Checkpoint, build, load_checkpoint, save_checkpoint
from lycurgus_train.cli import main
from lycurgus_train.config import CropConfig, LossConfig, NetworkConfig, Source, TrainConfig, changes, read_config
from lycurgus_train.data.folder import load_folder
from lycurgus_train.data.pool import write_pool
from lycurgus_train.data.splits import Split, write_split
from lycurgus_train.sources import check_sources
from lycurgus_train.template import describe
from lycurgus_train.train import LAST
from train.folders import DISCS, SHAPE, good_folder, labels_of, save

RUN = """
steps = 1
batch = 2
workers = 0
precision = "float32"
network.widths = [16, 16]
crops.crop_px = 64
"""


def run(folder: Path, *settings: str, sources: str = '[[train]]\npath = "data"') -> int:
    (folder / "run.toml").write_text(RUN + sources, encoding="utf-8")
    changes = [word for setting in settings for word in ("--set", setting)]
    return main(["train", str(folder / "run.toml"), "--out", str(folder / "out"), "--device", "cpu", *changes])


def test_every_problem_of_the_data_is_said_before_anything_is_trained(tmp_path, capsys):
    data = good_folder(tmp_path / "data", 4)
    save(data / "masks" / "0.png", labels_of(DISCS)[:-1])
    (data / "masks" / "1.png").unlink()
    (data / "images" / "2.png").write_bytes(b"")
    assert run(tmp_path) == 1
    said = capsys.readouterr().err
    assert "3 problems in the data, nothing was trained" in said
    for sentence in ("0.png: the mask has 59 x 80 px, its image 60 x 80", "1.png: has no mask", "2.png: "):
        assert sentence in said
    assert not (tmp_path / "out").exists()


def test_an_image_without_particles_is_trained_on_and_noted(tmp_path, capsys):
    data = good_folder(tmp_path / "data", 2)
    save(data / "masks" / "1.png", np.zeros(SHAPE, np.uint8))
    assert run(tmp_path) == 0
    assert "1: has no particle; it is learnt from as background" in capsys.readouterr().err
    assert load_checkpoint(tmp_path / "out" / LAST).step == 1


def test_nothing_but_empty_masks_is_refused(tmp_path, capsys):
    data = good_folder(tmp_path / "data", 1)
    save(data / "masks" / "0.png", np.zeros(SHAPE, np.uint8))
    assert run(tmp_path) == 1
    assert "none of the 1 images has a particle" in capsys.readouterr().err


def test_a_packed_pool_is_checked_as_a_folder_is(tmp_path, capsys):
    pool = tmp_path / "data"
    write_pool(load_folder(good_folder(tmp_path / "folder", 2)), pool)
    (pool / "000001.npz").write_bytes(b"damaged")
    assert run(tmp_path) == 1
    assert "000001.npz: is no packed image that can be read" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_images_that_a_split_names_must_be_there(tmp_path, capsys):
    data = good_folder(tmp_path / "data", 3)
    write_split(Split(("0", "1"), ("2",), {}), tmp_path / "split.json")
    sides = "".join(f'[[{part}]]\npath = "data"\nsplit = "split.json"\npart = "{part}"\n' for part in ("train", "validation"))
    assert run(tmp_path, sources=sides) == 0
    (data / "masks" / "2.png").unlink()
    (data / "masks" / "1.png").unlink()
    (data / "images" / "1.png").unlink()
    assert run(tmp_path, sources=sides.replace("validation", "train")) == 1
    said = capsys.readouterr().err
    assert "names 1, of which there is no image with a truth" in said
    assert "2.png: has no mask" in said


def test_a_picture_on_both_sides_is_refused(tmp_path, capsys):
    good_folder(tmp_path / "data", 2)
    assert run(tmp_path, sources='[[train]]\npath = "data"\n[[validation]]\npath = "data"') == 1
    assert "0 of the validation images is the same picture as 0, which is trained on" in capsys.readouterr().err


def test_semantic_masks_alone_train_a_semantic_network_and_no_other(tmp_path, capsys):
    data = good_folder(tmp_path / "data", 2)
    for number in range(2):
        save(data / "masks" / f"{number}.png", (255 * (labels_of(DISCS) > 0)).astype(np.uint8))
    assert run(tmp_path) == 2
    assert "no image tells one from another" in capsys.readouterr().err
    assert run(tmp_path, 'network.head="semantic"') == 0


@pytest.mark.parametrize(
    ("options", "status", "why"),
    [
        (["--from", "absent.pt"], 1, "absent.pt: there is no such checkpoint"),
        (
            ["--from", "other.pt"],
            1,
            "is of another network: it holds distance U-Net 16-16, depth 1, wanted is star-convex U-Net 16-16, depth 1",
        ),
        (["--out", "file/run"], 1, "file is no folder"),
        (["--device", "cuda"], 2, "torch finds no CUDA GPU"),
        (["--set", "network.head=distance"], 2, "--set network.head=distance: Invalid value"),
    ],
)
def test_what_would_stop_a_run_is_said_before_its_data_are_read(tmp_path, capsys, monkeypatch, options, status, why):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    other = NetworkConfig(head="distance", widths=(16, 16))
    save_checkpoint(tmp_path / "other.pt", Checkpoint(other, build(other).state_dict(), {}, 1))
    (tmp_path / "file").touch()
    (tmp_path / "run.toml").write_text(f'{RUN}[[train]]\npath = "a folder that is not there"', encoding="utf-8")
    assert main(["train", "run.toml", "--out", "out", *options]) == status
    assert why in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_who_goes_on_otherwise_than_begun_is_told(tmp_path, capsys):
    good_folder(tmp_path / "data", 2)
    assert run(tmp_path, "steps=2") == 0
    capsys.readouterr()
    assert run(tmp_path, "steps=3", "seed=5", "crops.as_recorded=0.25", "workers=0") == 0
    said = capsys.readouterr()
    assert "(seed 1, now 5; steps 2, now 3; crops.as_recorded 0.5, now 0.25)" in said.err
    assert "to begin anew, name another folder with --out" in said.err
    assert "after 3 steps" in said.out
    assert run(tmp_path, "steps=1", "seed=7") == 0
    said = capsys.readouterr()
    assert "holds a run of 3 steps, 1 were asked for: there is nothing left to do; what is set differently now" in said.err
    assert "now 7" in said.err
    assert "now 1)" not in said.err
    assert "after 3 steps" in said.out


def test_another_part_of_a_split_and_another_number_of_processes_are_other_settings(tmp_path, capsys, monkeypatch):
    good_folder(tmp_path / "data", 2)
    write_split(Split(("0",), ("1",), {}), tmp_path / "split.json")
    both = 'path = "data"\nsplit = "split.json"'
    (tmp_path / "run.toml").write_text(f"{RUN}[[train]]\n{both}\n[[validation]]\n{both}", encoding="utf-8")
    command = ["train", str(tmp_path / "run.toml"), "--out", str(tmp_path / "out"), "--device", "cpu", "--set", "steps=2"]
    assert main(command) == 0
    (tmp_path / "run.toml").write_text(f"{RUN}[[train]]\npath = 'data'", encoding="utf-8")
    monkeypatch.setattr(beginning, "processes", lambda: 4)
    capsys.readouterr()
    assert main([*command, "--set", "steps=3"]) == 0
    said = capsys.readouterr().err
    assert 'parts ["train of split.json"], now ["all"]' in said
    assert "processes 1, now 4" in said


def test_what_an_older_run_did_not_note_is_no_change():
    noted = {"seed": 1, "crops": {"crop_px": 64}}
    assert changes(noted, {"seed": 1, "crops": {"crop_px": 64, "as_recorded": 0.5}, "processes": 1}) == []
    assert changes(noted, {"seed": 2, "crops": {"crop_px": 128}}) == ["seed 1, now 2", "crops.crop_px 64, now 128"]


def test_a_warmup_that_takes_the_whole_run_is_worth_a_look(tmp_path, capsys):
    good_folder(tmp_path / "data", 2)
    assert run(tmp_path, "steps=2", "warmup_steps=8", "learning_rate=1e-3") == 0
    assert "rises for 8 steps (warmup_steps), the run has 2: it gets to 0.00025 instead of 0.001" in capsys.readouterr().err
    (tmp_path / "out" / LAST).unlink()
    assert run(tmp_path, "steps=2", "warmup_steps=2") == 0
    assert "rises for 2 steps (warmup_steps), the run has 2: it never falls" in capsys.readouterr().err
    (tmp_path / "out" / LAST).unlink()
    assert run(tmp_path, "steps=2", "warmup_steps=1") == 0
    assert "warmup_steps" not in capsys.readouterr().err


def test_a_configuration_in_another_encoding_is_a_sentence(tmp_path, capsys):
    (tmp_path / "run.toml").write_bytes('name = "Prüfung"'.encode("latin-1"))
    assert main(["train", str(tmp_path / "run.toml"), "--out", str(tmp_path / "out")]) == 2
    assert "run.toml is not valid TOML" in capsys.readouterr().err


def test_a_source_that_is_not_there_is_named(tmp_path, capsys):
    assert run(tmp_path) == 1
    assert f"there is no folder {tmp_path / 'data'}" in capsys.readouterr().err


def test_what_describes_a_run_is_a_run_of_all_usual_values(tmp_path, capsys):
    assert main(["train", "--describe"]) == 0
    described = tmp_path / "described.toml"
    described.write_text(capsys.readouterr().out, encoding="utf-8")
    least = tmp_path / "least.toml"
    least.write_text('[[train]]\npath = "my-images"\n', encoding="utf-8")
    assert read_config(described) == read_config(least)
    good_folder(tmp_path / "my-images", 2)
    assert check_sources(read_config(described)) == []


def test_everything_that_can_be_set_is_described():
    document = tomllib.loads(describe().replace("# [[validation]]", "[[validation]]"))
    sections = {"network": NetworkConfig, "crops": CropConfig, "loss": LossConfig}
    assert document.keys() == TrainConfig.model_fields.keys()
    for name, model in sections.items():
        assert document[name].keys() == model.model_fields.keys()
        assert all(field.description for field in model.model_fields.values())
    assert {*document["train"][0], "split"} == Source.model_fields.keys()


def test_a_misspelt_name_is_told_before_what_is_missing_for_it(tmp_path, capsys):
    assert run(tmp_path, sources='[[trian]]\npath = "data"') == 2
    said = capsys.readouterr().err
    assert "there is nothing called 'trian' to set: 'lycurgus-train train --describe'" in said
    assert run(tmp_path, "crops.size=256", sources='[[train]]\npath = "data"') == 2
    assert "there is nothing called 'crops.size' to set" in capsys.readouterr().err


def test_it_is_said_what_a_run_begins_with(tmp_path, capsys):
    good_folder(tmp_path / "data", 2)
    first = tmp_path / "out" / "last.pt"
    assert run(tmp_path) == 0
    capsys.readouterr()
    (tmp_path / "out").rename(tmp_path / "before")
    before = tmp_path / "before" / "last.pt"
    again = ["train", str(tmp_path / "run.toml"), "--out", str(first.parent), "--from", str(before)]
    assert main(again) == 0
    assert f"begins with the weights of {before}" in capsys.readouterr().out
    assert main(again) == 0
    assert "begins with" not in capsys.readouterr().out


def test_a_run_needs_a_file_and_a_folder(tmp_path, capsys):
    assert main(["train"]) == 2
    assert main(["train", str(tmp_path / "run.toml")]) == 2
    assert capsys.readouterr().err.count("a TOML file and --out are needed") == 2
