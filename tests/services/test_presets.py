"""Presets: shipped ones hold, the user's survive bad names, bad files and other users of the folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lycurgus.core.errors import ParameterError
from lycurgus.parameters import default_params, load_preset, with_settings
from lycurgus.pipeline import analyze
from lycurgus.readers.door import read
from lycurgus.resources import resource, sample_micrographs, sample_truth
from lycurgus.services.presets import DEFAULT, LONGEST_NAME, Presets, sanitised

SHIPPED = sorted(path.stem for path in resource("presets").glob("*.json"))
CHANGED = with_settings(default_params(detector="otsu"), ["separator.convexity=0.9", "cleaning.border=keep", "separator.max_holes=4"])


@pytest.fixture
def presets(tmp_path: Path) -> Presets:
    return Presets(tmp_path / "presets")


def test_defaults_and_shipped_presets_are_there_without_a_folder(presets: Presets) -> None:
    listed = presets.all()
    assert listed[0].name == DEFAULT
    assert listed[0].params == default_params()
    assert sorted(preset.name for preset in listed[1:]) == SHIPPED
    assert all(preset.shipped and preset.params is not None for preset in listed)
    assert not presets.folder.exists()


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_preset_is_what_the_command_line_reads_and_no_copy_of_the_defaults(name: str) -> None:
    params = load_preset(resource("presets") / f"{name}.json")
    assert params != default_params()


def test_each_shipped_preset_has_its_own_parameters(presets: Presets) -> None:
    digests = {preset.params.digest for preset in presets.all() if preset.params}
    assert len(digests) == len(presets.all())


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        ("haadf_stem_metal_on_carbon", "Otsu, bright particles in HAADF"),
        ("bf_tem_dark_particles", "Otsu, dark particles in bright field"),
        ("sem_spheres_and_cubes", "Otsu, SEM"),
    ],
)
def test_a_shipped_preset_finds_most_particles_of_its_kind_of_image(sample: str, name: str) -> None:
    path = next(path for path in sample_micrographs() if path.stem == sample)
    truth = int(read(sample_truth(path)).pixels.max())
    found = analyze(read(path), load_preset(resource("presets") / f"{name}.json"))
    assert 0.8 * truth <= len(found.particles) <= 1.2 * truth


def test_what_is_saved_comes_back(presets: Presets) -> None:
    presets.save("Gold on carbon", CHANGED)
    again = Presets(presets.folder).named("gold ON carbon")
    assert again is not None
    assert again.params == CHANGED
    assert again.name == "Gold on carbon"
    assert load_preset(presets.folder / "Gold on carbon.json") == CHANGED


def test_saving_in_another_case_replaces_and_makes_no_second_preset(presets: Presets) -> None:
    presets.save("Gold", default_params())
    presets.save("gOLD", CHANGED)
    own = [preset for preset in presets.all() if not preset.shipped]
    assert [(preset.name, preset.params) for preset in own] == [("Gold", CHANGED)]


def test_a_failed_write_leaves_the_preset_of_before(presets: Presets, monkeypatch: pytest.MonkeyPatch) -> None:
    presets.save("Gold", CHANGED)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(Exception, match="no space left"):
        presets.save("Gold", default_params())
    monkeypatch.undo()
    kept = presets.named("Gold")
    assert kept is not None
    assert kept.params == CHANGED
    assert [path.name for path in presets.folder.iterdir()] == ["Gold.json"]


@pytest.mark.parametrize("name", [DEFAULT, "default", *SHIPPED])
def test_the_names_of_shipped_presets_are_taken(presets: Presets, name: str) -> None:
    with pytest.raises(ParameterError, match="comes with Lycurgus"):
        presets.save(name, CHANGED)


@pytest.mark.parametrize("name", ["", "   ", "...", "/", "\n\t"])
def test_a_preset_needs_a_name(presets: Presets, name: str) -> None:
    with pytest.raises(ParameterError, match="name"):
        presets.save(name, CHANGED)


@settings(max_examples=60, derandomize=True)
@given(name=st.text(max_size=120))
def test_a_name_that_is_left_is_a_plain_file_name_and_stays_what_it_is(name: str) -> None:
    clean = sanitised(name)
    assert not set(clean) & set('<>:"/\\|?*\n\r\t\0')
    assert clean == clean.strip(" .")
    assert len(clean) <= LONGEST_NAME
    assert sanitised(clean) == clean
    assert Path(clean).name == clean


@pytest.mark.parametrize("name", ["con", "NUL", "Com1", "lpt9.old"])
def test_names_of_devices_are_no_file_names(name: str) -> None:
    assert sanitised(name).partition(".")[0].casefold() != name.partition(".")[0].casefold()


def test_a_path_in_a_name_does_not_leave_the_folder(presets: Presets) -> None:
    saved = presets.save("../../elsewhere", CHANGED)
    assert saved.path is not None
    assert saved.path.parent == presets.folder


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "not valid JSON"),
        (b"[1]", "holds no settings"),
        (b'{"cleaning": {"border": "perhaps"}}', "border"),
        (b"\xff\xfe", "not valid JSON"),
    ],
)
def test_a_bad_file_is_listed_with_its_reason_and_hides_no_other(presets: Presets, content: bytes, reason: str) -> None:
    presets.save("Good", CHANGED)
    (presets.folder / "Bad.json").write_bytes(content)
    own = {preset.name: preset for preset in presets.all() if not preset.shipped}
    assert own["Good"].params == CHANGED
    assert own["Bad"].params is None
    assert reason in own["Bad"].problem


def test_renaming_keeps_the_parameters_and_takes_no_other_ones_name(presets: Presets) -> None:
    gold, silver = presets.save("Gold", CHANGED), presets.save("Silver", default_params())
    with pytest.raises(ParameterError, match="already"):
        presets.rename(gold, "SILVER")
    assert presets.rename(gold, "gold").name == "gold"
    renamed = presets.rename(silver, "Ag / C")
    assert renamed.name == "Ag - C"
    assert renamed.params == default_params()


def test_only_the_users_presets_can_be_deleted_and_twice_is_no_error(presets: Presets) -> None:
    gold = presets.save("Gold", CHANGED)
    presets.delete(gold)
    presets.delete(gold)
    assert presets.named("Gold") is None
    with pytest.raises(ParameterError, match="comes with Lycurgus"):
        presets.delete(presets.all()[1])


def test_a_preset_may_say_only_what_it_changes(presets: Presets) -> None:
    presets.folder.mkdir()
    (presets.folder / "Part.json").write_text(json.dumps({"cleaning": {"border": "keep"}}))
    part = presets.named("part")
    assert part is not None
    assert part.params == with_settings(default_params(), ["cleaning.border=keep"])
