"""Studies do what they say they compare, keep what is finished, and put it beside what was published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lycurgus.core.errors import ParameterError, ReadError
from lycurgus_train.data.check import DataError
from lycurgus_train.studies.cells import Cells
from lycurgus_train.studies.report import Report, mean_and_range
from networks import make_model


def report(f1: float = 0.5) -> Report:
    return Report(
        "Noise", "lycurgus-train study noise", ("shape", "F1"), (("rod | thin", f1), ("sphere", None)), (("they", "0.3"),), ("So.",)
    )


def test_a_finished_cell_is_not_made_again(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> dict[str, Any]:
        made.append(1)
        return {"f1": 0.25}

    cells = Cells(tmp_path)
    assert cells.get("Real, 5 images", {"steps": 3}, make) == {"f1": 0.25}
    assert Cells(tmp_path).get("Real, 5 images", {"steps": 3}, make) == {"f1": 0.25}
    assert len(made) == 1
    cells.get("Real, 5 images", {"steps": 4}, make)
    assert len(made) == 2
    for path in tmp_path.glob("*.json"):
        path.write_text("{", encoding="utf-8")
    with pytest.raises(ReadError, match="no finished part of a study"):
        Cells(tmp_path).get("Real, 5 images", {"steps": 3}, make)


def test_a_page_holds_each_study_once(tmp_path: Path) -> None:
    page = tmp_path / "studies.md"
    report(0.5).put_into(page)
    Report("Heads", "x", ("a",), ((1,),), (), ("n",)).put_into(page)
    report(0.75).put_into(page)
    text = page.read_text(encoding="utf-8")
    assert text.count("## Noise\n") == text.count("## Heads\n") == 1
    assert "0.750" in text
    assert "0.500" not in text
    assert text.index("## Noise") < text.index("## Heads")
    assert "| rod / thin | 0.750 |" in text
    assert "| they | 0.3 |" in text


def test_the_table_goes_to_terminal_and_csv(tmp_path: Path) -> None:
    assert report().text().splitlines()[:4] == ["Noise", "shape       F1", "rod | thin  0.500", "sphere      -"]
    assert "published: they: 0.3" in report().text()
    report().write_csv(tmp_path / "study.csv")
    assert (tmp_path / "study.csv").read_bytes() == b"shape,F1\r\nrod | thin,0.5\r\nsphere,\r\n"


def test_repeats_are_told_with_their_range() -> None:
    assert mean_and_range([0.5]) == "0.500"
    assert mean_and_range([0.5, 0.7, None]) == "0.600 (0.500-0.700)"
    assert mean_and_range([None]) == "-"


def test_without_noise_a_threshold_finds_all_spheres_and_cubes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lycurgus_train.studies import noise
    from lycurgus_train.studies.plan import Plan

    monkeypatch.setattr(noise, "DENOISING", {"": "none"})
    monkeypatch.setattr(noise, "RATIOS_SMALL_DB", (None,))
    model = make_model(tmp_path / "blobs", scales=[0.5])
    plan = Plan(tmp_path / "study", "lycurgus-train study noise", model=str(model), device="cpu")
    found = noise.run(plan)
    assert [row[0] for row in found.rows] == ["sphere", "rod", "concave cube"]
    assert [row[4] for row in found.rows if row[0] != "rod"] == ["24", "24"]
    monkeypatch.setattr(noise, "find", None)  # finished: nothing is looked for again
    assert noise.run(Plan(tmp_path / "study", "", model=str(model), device="cpu")).rows == found.rows


def test_the_size_of_a_study_can_be_set(tmp_path: Path) -> None:
    import argparse

    from lycurgus_train.commands import study
    from lycurgus_train.studies.plan import SMALL

    parser = argparse.ArgumentParser()
    study.add_parser(parser.add_subparsers())
    given = parser.parse_args(["study", "ablation", "--out", "a", "--images", "42", "--scored", "9", "--steps", "7"])
    effort = study._effort(SMALL, given)
    assert (effort.real, effort.synthetic, effort.simulated, effort.scored, effort.steps) == (42, 42, 9, 9, 7)
    assert study._effort(SMALL, parser.parse_args(["study", "ablation", "--out", "a"])) == SMALL
    assert study.command_of(given) == "lycurgus-train study ablation --steps 7 --images 42 --scored 9 --out a"
    for words, said in (
        (("ablation", "--images", "0"), "--images 0 is impossible"),
        (("ablation", "--scored", "0"), "--scored 0 is impossible"),
        (("noise", "--steps", "5"), "--steps means nothing to the study 'noise'"),
        (("few-images", "--images", "5"), "--images means nothing"),
    ):
        with pytest.raises(ParameterError, match=said):
            study.run(parser.parse_args(["study", *words, "--out", str(tmp_path)]))


class TestLearning:
    """What needs torch."""

    @pytest.fixture(autouse=True)
    def _torch(self) -> None:
        for library in ("torch", "numba", "tensorboard", "onnx", "onnxscript"):
            pytest.importorskip(library)

    @pytest.fixture
    def plan(self, tmp_path: Path) -> Any:
        from lycurgus_train.studies.plan import Effort, Plan
        from shapes import disc
        from train.folders import save

        shape = (200, 200)
        for part, count in (("data", 6), ("held-out", 1)):
            for number in range(count):
                rng = np.random.default_rng((count, number))
                labels = np.zeros(shape, np.uint8)
                for particle in range(9):
                    centre = 40 + 60 * (particle // 3) + rng.uniform(-4, 4), 40 + 60 * (particle % 3) + rng.uniform(-4, 4)
                    labels[disc(shape, centre, 30)] = particle + 1
                pixels = np.clip(rng.normal(60, 5, shape) + 100 * (labels > 0), 0, 255).astype(np.uint8)
                save(tmp_path / part / "images" / f"{number}.png", pixels)
                save(tmp_path / part / "masks" / f"{number}.png", labels)
        effort = Effort((16, 20), 64, 2, 2, real=4, synthetic=2, simulated=1, scored=1, picture_px=64)
        return Plan(tmp_path / "study", "study", effort=effort, data=tmp_path / "data", validation=tmp_path / "held-out", device="cpu")

    def test_a_trained_network_is_scored_with_every_reading(self, plan: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from lycurgus_train.checkpoint import load_checkpoint
        from lycurgus_train.config import NetworkConfig
        from lycurgus_train.studies import learning
        from lycurgus_train.studies.ablation import READINGS

        learner = learning.Learner(plan, held_out=plan.held_out())
        images = list(plan.real_images()[:2])
        readings = READINGS["star-convex"]
        figures = learner.figures("cell", [(1.0, images)], known=images, seed=1, readings=readings)
        assert set(figures) == {"star-convex", "completed"}
        assert set(figures["completed"]) == {"precision_50", "recall_50", "f1_50", "f1_75", "score_threshold", "also"}

        def train(*_: object, **__: object) -> None:
            raise InterruptedError("trained again")

        monkeypatch.setattr(learning, "train", train)
        again = learning.Learner(plan, held_out=plan.held_out())
        assert again.figures("cell", [(1.0, images)], known=images, seed=1, readings=readings) == figures
        with pytest.raises(InterruptedError):  # other images to score with are another cell
            learning.Learner(plan, held_out=images).figures("cell", [(1.0, images)], known=images, seed=1, readings=readings)

        [last] = plan.out.glob("runs/*/last.pt")
        other = learning.adapted(last, NetworkConfig(head="semantic", widths=(16, 20)), tmp_path / "start.pt")
        ours, theirs = load_checkpoint(last).weights, load_checkpoint(other).weights
        assert theirs
        assert all((theirs[name] == ours[name]).all() for name in theirs)
        with pytest.raises(ParameterError, match="another trunk"):
            learning.adapted(last, NetworkConfig(head="semantic", widths=(16, 24)), tmp_path / "start.pt")

    def test_each_network_is_read_at_the_threshold_that_does_best_on_known_images(self, plan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        from lycurgus_train.studies import learning

        held_out, known, new = plan.held_out(), list(plan.real_images()[:4]), list(plan.real_images()[4:])
        best_at = {0.3: 0.2, 0.45: 0.6, 0.6: 0.6, 0.75: None}
        asked: list[tuple[list[str], float]] = []

        def judge(images: Sequence[Any], params: Any, **_: Any) -> list[Any]:
            asked.append(([image.name for image in images], params.detector.score))
            return []

        def document(_judged: object) -> dict[str, Any]:
            names, threshold = asked[-1]
            return dict.fromkeys(learning.REPORTED, best_at[threshold] if names == [image.name for image in known] else 0.9)

        monkeypatch.setattr(learning, "judge", judge)
        monkeypatch.setattr(learning, "scores_document", document)
        learner = learning.Learner(plan, held_out=held_out, also={"new": new})
        found = learner.figures("cell", [(1.0, known)], known=known, seed=1)[""]
        assert found["score_threshold"] == 0.45
        assert found["f1_50"] == found["also"]["new"]["f1_50"] == 0.9
        assert asked[:4] == [([image.name for image in known], threshold) for threshold in learning.THRESHOLDS]
        assert sorted(asked[4:]) == sorted([([image.name for image in held_out], 0.45), ([image.name for image in new], 0.45)])

    def test_held_out_images_must_have_outlines(self, plan: Any, tmp_path: Path) -> None:
        (tmp_path / "boxes").mkdir()
        picture = next((tmp_path / "held-out" / "images").iterdir())
        (tmp_path / "boxes" / picture.name).write_bytes(picture.read_bytes())
        (tmp_path / "boxes" / picture.with_suffix(".txt").name).write_text("0 0.5 0.5 0.2 0.2", encoding="utf-8")
        with pytest.raises(ParameterError, match=r"scores outlines, and the truth of .* is of boxes or areas"):
            replace(plan, validation=tmp_path / "boxes").held_out()

    def test_fewer_images_are_among_more_and_synthetic_ones_are_made_of_them(self, plan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        from lycurgus_train.studies import few_images

        asked = _recorded(few_images, monkeypatch)
        monkeypatch.setattr(few_images, "COUNTS_SMALL", (1, 2))
        found = few_images.run(plan)
        assert [row[:2] for row in found.rows] == [(1, 0), (1, 5), (2, 0), (2, 10)]
        one, two = (set(asked[place][0][1]) for place in (0, 2))
        assert len(one) == 1
        assert one < two
        assert asked[3][0] == (0.5, asked[2][0][1])
        assert len(asked[3][1][1]) == 10
        assert not set(asked[3][1][1]) & set(asked[1][1][1])

    def test_every_head_meets_every_choice_of_data(self, plan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        from lycurgus_train.studies import ablation

        asked = _recorded(ablation, monkeypatch)
        found = ablation.run(plan)
        assert len(asked) == 3 * 4
        assert len({row[:2] for row in found.rows}) == len(found.rows) == 4 * 4
        assert {row[0] for row in found.rows} == {"semantic + UECS", "distance", "star-convex", "completed"}
        assert all(sum(weight for weight, _ in sources) == pytest.approx(1) for sources in asked)
        assert {row[4:] for row in found.rows} == {("0.250", "0.3")}

    def test_a_study_finds_out_what_is_wrong_with_its_data_first(self, plan: Any, tmp_path: Path) -> None:
        plan.check_data()
        replace(plan, data=None).check_data()
        with pytest.raises(DataError, match="is the same picture as 0, which is trained on"):
            replace(plan, validation=plan.data).check_data()
        boxed, whole = tmp_path / "boxed", tmp_path / "data" / "images" / "0.png"
        boxed.mkdir()
        (boxed / "0.txt").write_text("0 0.5 0.5 0.2 0.2", encoding="utf-8")
        (boxed / "0.png").write_bytes(b"")
        with pytest.raises(DataError, match="nothing was trained"):
            replace(plan, data=boxed).check_data()
        (boxed / "0.png").write_bytes(whole.read_bytes())
        with pytest.raises(ParameterError, match="learns from outlines, and none is known of"):
            replace(plan, data=boxed).check_data()

    def test_a_change_of_what_is_unknown_makes_other_cells(self) -> None:
        from lycurgus_train.studies.learning import _digest
        from train.runs import picture

        image = picture(1)
        ignoring = replace(image, ignore=np.ones(image.shape, bool))
        assert len({_digest([one]) for one in (image, ignoring, replace(image, pixels=image.pixels.astype(np.float64)))}) == 3

    def test_a_study_without_images_to_score_with_is_refused(self, plan: Any, tmp_path: Path) -> None:
        from dataclasses import replace

        from lycurgus_train.studies import synthetic

        with pytest.raises(ParameterError, match="needs images to score with"):
            synthetic.run(replace(plan, validation=None))
        with pytest.raises(ParameterError, match="needs --data"):
            synthetic.run(replace(plan, data=None, out=tmp_path))


def _recorded(module: Any, monkeypatch: pytest.MonkeyPatch) -> list[list[tuple[float, list[str]]]]:
    """Note which images each training of a study is given, instead of training."""
    asked: list[list[tuple[float, list[str]]]] = []

    def figures(_self: object, _name: str, sources: Sequence[Any], *, readings: Any = None, **_: Any) -> dict[str, dict[str, float]]:
        asked.append([(weight, [image.name for image in images]) for weight, images in sources])
        figures = dict.fromkeys(("precision_50", "recall_50", "f1_50", "f1_75"), 0.5)
        also = {"simulated": dict.fromkeys(figures, 0.25)}
        return {reading: figures | {"score_threshold": 0.3, "also": also} for reading in readings or ("",)}

    monkeypatch.setattr(module.Learner, "figures", figures)
    return asked
