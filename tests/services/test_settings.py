"""Settings survive a restart, and nothing that stands in their file stops a start."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest
from pydantic import ValidationError

from lycurgus import folders
from lycurgus.services.settings import MOST_RECENT_FOLDERS, VERSION, InstrumentScale, OverlaySettings, Settings, SettingsStore


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LYCURGUS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_one_variable_moves_everything(home: Path) -> None:
    places = (folders.config_folder(), folders.data_folder(), folders.cache_folder(), folders.log_folder(), folders.presets_folder())
    assert all(place.is_relative_to(home) for place in places)
    assert SettingsStore().path.is_relative_to(home)


def test_without_it_the_places_are_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LYCURGUS_HOME", raising=False)
    places = {folders.config_folder(), folders.data_folder(), folders.cache_folder(), folders.log_folder()}
    assert all(place.is_absolute() and "Lycurgus" in place.parts for place in places)


def test_a_folder_has_one_project_file_and_no_other_folder_has_it(home: Path) -> None:
    first = folders.default_project_file(Path("/data/a"))
    assert first == folders.default_project_file(Path("/data/b/../a"))
    assert len({first, folders.default_project_file(Path("/data/b")), folders.default_project_file()}) == 3
    assert first.is_relative_to(home)
    assert first.suffix == ".lycurgus"


def test_a_first_start_has_defaults_and_nothing_to_say(home: Path) -> None:
    store = SettingsStore()
    assert (store.settings, store.warning) == (Settings(), "")
    assert not home.exists()


@pytest.mark.usefixtures("home")
def test_what_was_set_is_there_after_a_restart() -> None:
    scale = InstrumentScale(instrument="Talos", magnification=1e5, y_nm=0.1, x_nm=0.1)
    changes = {
        "theme": "dark",
        "recent_folders": ("/data/ü",),
        "overlay": OverlaySettings(style="fill", opacity=0.3),
        "instrument_scales": (scale,),
        "params": {"cleaning": {"border": "keep"}},
        "geometry": "AdnQywAD",
    }
    store = SettingsStore()
    assert store.update(**changes) == ""
    again = SettingsStore()
    assert again.warning == ""
    assert again.settings == store.settings == Settings(**changes)


def test_the_newest_folders_come_first_and_once() -> None:
    settings = Settings()
    for number in range(20):
        settings = settings.with_changes(recent_folders=(f"/data/{number}", *settings.recent_folders))
    settings = settings.with_changes(recent_folders=(str(Path("/data/15")), *settings.recent_folders))
    assert len(settings.recent_folders) == MOST_RECENT_FOLDERS
    assert settings.recent_folders[:3] == (str(Path("/data/15")), "/data/19", "/data/18")


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("content", [b"", b"{", b"[1, 2]", b"\xff\xfe\x00", b"null", b"[" * 100_000], ids=range(6))
def test_a_damaged_file_is_moved_aside_and_the_start_goes_on(content: bytes) -> None:
    path = SettingsStore().path
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    store = SettingsStore()
    assert store.settings == Settings()
    assert "damaged" in store.warning
    (aside,) = path.parent.glob("settings.json.damaged-*")
    assert aside.name in store.warning
    assert aside.read_bytes() == content
    assert store.update(theme="dark") == ""
    assert SettingsStore().settings.theme == "dark"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("version", [VERSION + 1, "newest", None])
def test_a_file_of_a_later_version_is_kept_for_it(version: object) -> None:
    path = SettingsStore().path
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"version": version, "theme": "dark"}))
    store = SettingsStore()
    assert store.settings == Settings()
    assert "later version" in store.warning
    assert len(list(path.parent.glob("settings.json.newer-*"))) == 1


@pytest.mark.usefixtures("home")
def test_an_impossible_value_costs_that_value_alone() -> None:
    path = SettingsStore().path
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"theme": "pink", "preset": "gold", "overlay": {"opacity": 7}}))
    store = SettingsStore()
    assert (store.settings.theme, store.settings.preset, store.settings.overlay) == ("system", "gold", OverlaySettings())
    assert "overlay, theme" in store.warning
    assert path.exists()


@pytest.mark.usefixtures("home")
def test_what_another_version_wrote_is_carried_along() -> None:
    path = SettingsStore().path
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"theme": "dark", "hologram": True, "overlay": {"glow": 3}}))
    assert SettingsStore().update(theme="light") == ""
    written = json.loads(path.read_text())
    assert (written["theme"], written["hologram"], written["overlay"]["glow"]) == ("light", True, 3)


def test_a_caller_cannot_set_nonsense() -> None:
    with pytest.raises(ValidationError):
        Settings().with_changes(theme="pink")
    with pytest.raises(TypeError, match="colour"):
        Settings().with_changes(colour="pink")


def test_a_disk_that_refuses_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = SettingsStore(tmp_path / "file" / "settings.json")
    assert "cannot be kept" in store.update(theme="dark")
    assert store.settings.theme == "dark"


def test_names_that_are_no_unicode_do_not_stop_saving(tmp_path: Path) -> None:
    store = SettingsStore(tmp_path / "settings.json")
    assert store.update(last_session=("/data/caf\udce9",)) == ""
    assert SettingsStore(store.path).settings.last_session == ("/data/caf\\udce9",)


def test_nothing_is_written_where_nothing_changes(tmp_path: Path) -> None:
    store = SettingsStore(tmp_path / "settings.json")
    assert store.update(theme="system") == ""
    assert not store.path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows refuses to replace a file that is being read")
def test_several_threads_change_settings_and_the_file_is_whole_at_any_time(tmp_path: Path) -> None:
    store = SettingsStore(tmp_path / "settings.json")
    names = ("preset", "geometry", "layout")
    threads = [threading.Thread(target=lambda name=name: [store.update(**{name: str(number)}) for number in range(15)]) for name in names]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if store.path.exists():
            json.loads(store.path.read_text())
    again = SettingsStore(store.path)
    assert again.warning == ""
    assert [getattr(again.settings, name) for name in names] == ["14"] * 3
