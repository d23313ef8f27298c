"""Networks in the window: dropped, listed, chosen, removed; analysed with what was added, and a sentence where one is missing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from lycurgus.inference import catalog
from lycurgus.inference.catalog import DEFAULT_MODEL, find_model
from lycurgus.inference.session import forget_networks
from lycurgus.parameters import default_params, params_from
from lycurgus.services.models import add_model, remove_model
from lycurgus.ui.dialogs.model_card import CardView, picture_of
from lycurgus.ui.dialogs.models import ConfirmRemoval, ModelsDialog
from lycurgus.ui.main_window import MainWindow
from lycurgus.ui.panels.parameter_editors import ModelEditor
from networks import make_model
from scenes import DISCS
from windows import calm

CARD = "# Blobs\n\nFound in a <b>drop</b> of [water](https://example.org).\n"


@pytest.fixture(autouse=True)
def bundled(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation that brings the network 'particles', and a user who has added none."""
    assert home.name == "home"
    make_model(tmp_path / "bundled" / "particles", version="1.0.0", title="Particles")
    monkeypatch.setattr(catalog, "bundled_models", lambda: tmp_path / "bundled")
    yield tmp_path / "bundled"
    forget_networks()


@pytest.fixture
def dialog(window: MainWindow, qtbot: QtBot) -> ModelsDialog:
    window.actions_["analysis.models"].trigger()
    made = window.findChild(ModelsDialog)
    assert made is not None
    assert made.isVisible()
    calm(window, qtbot)
    return made


def model(folder: Path, name: str = "blobs", **options: object) -> Path:
    made = make_model(folder / name, **options)  # type: ignore[arg-type]
    (made / "MODEL_CARD.md").write_text(CARD)
    return made


def archive(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder), "zip", folder.parent, folder.name))


def drop(widget: QWidget, *paths: Path) -> None:
    """Drop files and folders on a widget as a file manager does."""
    dragged = QMimeData()
    dragged.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    place = QPointF(5, widget.height() - 5)
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place.toPoint(), copy, dragged, left, none)
    QApplication.sendEvent(widget, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(widget, QDropEvent(place, copy, dragged, left, none))


def toasts(window: MainWindow, level: str) -> list[str]:
    return [toast.notice.text for toast in window.toasts.shown if toast.notice.level == level]


def users(home: Path) -> list[str]:
    """What lies in the folder of the user's models, hidden folders too."""
    place = home / "data" / "models"
    return sorted(path.name for path in place.iterdir()) if place.exists() else []


def rows(dialog: ModelsDialog) -> list[tuple[str, ...]]:
    items = [dialog.list.topLevelItem(row) for row in range(dialog.list.topLevelItemCount())]
    return [tuple(item.text(column) for column in range(4)) for item in items if item is not None]


def choices(window: MainWindow) -> list[str]:
    """What the parameter panel offers for the network."""
    editor = window.parameters.groups["detector"].rows["model"].editor
    assert isinstance(editor, ModelEditor)
    return [editor.box.itemText(index) for index in range(editor.box.count())]


def choose(window: MainWindow, text: str) -> None:
    editor = window.parameters.groups["detector"].rows["model"].editor
    assert isinstance(editor, ModelEditor)
    editor.box.setCurrentText(text)


@pytest.mark.parametrize("place", ["window", "viewer"])
def test_a_dropped_archive_is_added_chosen_and_analysed_with(
    window: MainWindow, scene_files: Path, tmp_path: Path, place: str, qtbot: QtBot
) -> None:
    window.store.set_params(default_params(detector="network"))
    assert choices(window) == ["default (particles 1.0.0)", "particles 1.0.0"]
    drop(window if place == "window" else window.viewer, archive(model(tmp_path / "from")), scene_files)
    qtbot.waitUntil(lambda: bool(toasts(window, "success")), timeout=60_000)
    assert toasts(window, "success")[0].startswith("Model 'blobs' 1.0.0 was checked and added. Choose it in the parameters")
    qtbot.waitUntil(lambda: len(window.store.documents) == 3 and window.store.micrograph is not None, timeout=60_000)
    assert choices(window) == ["default (particles 1.0.0)", "particles 1.0.0", "blobs 1.0.0"]
    choose(window, "blobs 1.0.0")
    assert window.models.in_use == "blobs"
    window.actions_["analysis.this"].trigger()
    qtbot.waitUntil(lambda: bool(window.store.current and window.store.current.analysed), timeout=60_000)
    result = window.store.current.analysed
    assert [(used.name, used.version) for used in result.provenance.models] == [("blobs", "1.0.0")]
    assert len(result.particles) == len(DISCS)
    calm(window, qtbot)


def test_a_dropped_model_that_is_refused_says_why_and_leaves_nothing(window: MainWindow, home: Path, tmp_path: Path, qtbot: QtBot) -> None:
    drop(window, archive(model(tmp_path / "from", golden_offset=0.5)))
    qtbot.waitUntil(lambda: bool(toasts(window, "error")), timeout=60_000)
    assert toasts(window, "error")[0].startswith("blobs.zip: the network does not compute what it did when it was exported")
    calm(window, qtbot)
    assert users(home) == []
    (tmp_path / "images.zip").write_bytes(b"PK no archive")
    drop(window, tmp_path / "images.zip")
    qtbot.waitUntil(lambda: len(toasts(window, "error")) == 2, timeout=60_000)
    assert "images.zip: the archive is damaged" in toasts(window, "error")[1]


def test_a_dropped_folder_is_a_model_only_where_it_holds_one(window: MainWindow, scene_files: Path, tmp_path: Path, qtbot: QtBot) -> None:
    (scene_files / "manifest.json").write_text("{}")
    drop(window, scene_files)
    qtbot.waitUntil(lambda: len(window.store.documents) == 3, timeout=60_000)
    drop(window, model(tmp_path / "from"))
    qtbot.waitUntil(lambda: bool(toasts(window, "success")), timeout=60_000)
    assert find_model("blobs").manifest.version == "1.0.0"
    assert len(window.store.documents) == 3
    calm(window, qtbot)


def test_the_dialog_tells_what_a_model_is_and_where_it_runs(dialog: ModelsDialog, window: MainWindow, bundled: Path, qtbot: QtBot) -> None:
    (bundled / "particles" / "MODEL_CARD.md").write_text(CARD)
    dialog.refill()
    calm(window, qtbot)
    assert rows(dialog) == [("particles", "1.0.0", "Lycurgus", "default")]
    text = dialog.details.text
    for expected in (
        "Particles, version 1.0.0",
        "Particles: 8 to 60 px wide, at scale 1; found one by one",
        "Runs on: CPU",
        "Licence: MIT",
        "Exported: 2026-11-21",
        f"SHA-256: {find_model().manifest.model.sha256}",
        f"Folder: {bundled / 'particles'}",
    ):
        assert expected in text.splitlines()
    assert dialog.details.card.toPlainText().startswith("Blobs\nFound in a <b>drop</b> of water.")
    assert not dialog.remove_button.isEnabled()
    dialog.check()
    calm(window, qtbot)
    (remark,) = dialog.details.remarks
    assert (remark.level, remark.text.startswith("It computes what it did when it was exported: checked on cpu")) == ("info", True)


def test_models_are_added_used_updated_and_removed_in_the_dialog(
    dialog: ModelsDialog, window: MainWindow, home: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive(model(tmp_path / "from"))
    monkeypatch.setattr("lycurgus.ui.dialogs.models.QFileDialog.getOpenFileName", lambda *_: (str(path), ""))
    dialog.choose_archive()
    calm(window, qtbot)
    assert rows(dialog) == [("particles", "1.0.0", "Lycurgus", "default"), ("blobs", "1.0.0", "you", "")]
    assert dialog.entry is not None
    assert dialog.entry.listed == find_model("blobs"), "what was added is selected"
    assert dialog.remarks[0].text == "Model 'blobs' 1.0.0 was checked and added."

    dialog.use_button.click()
    assert rows(dialog)[1] == ("blobs", "1.0.0", "you", "chosen")
    assert window.models.in_use == "blobs"
    assert window.store.params.detector.name == "network"

    monkeypatch.setattr(
        "lycurgus.ui.dialogs.models.QFileDialog.getExistingDirectory", lambda *_: str(model(tmp_path / "new", version="1.1.0"))
    )
    dialog.choose_folder()
    calm(window, qtbot)
    assert rows(dialog)[1] == ("blobs", "1.1.0", "you", "chosen")
    assert "blobs 1.1.0" in choices(window)

    drop(dialog, model(tmp_path / "bad", version="1.2.0", external=True))
    calm(window, qtbot)
    assert dialog.remarks[0].level == "error"
    assert "wants to read other files" in dialog.remarks[0].text
    assert rows(dialog)[1] == ("blobs", "1.1.0", "you", "chosen")

    dialog.remove_button.click()
    question = dialog.findChild(ConfirmRemoval)
    assert question is not None
    question.reject()
    assert len(users(home)) == 1
    dialog.remove_button.click()
    next(each for each in dialog.findChildren(ConfirmRemoval) if each.isVisible()).confirm.click()
    calm(window, qtbot)
    assert users(home) == []
    assert rows(dialog) == [("particles", "1.0.0", "Lycurgus", "default, chosen")]
    assert window.models.in_use == DEFAULT_MODEL
    assert dialog.remarks[0].text == "Model 'blobs' 1.1.0 was removed. The parameters go back to the default model."
    assert choices(window) == ["default (particles 1.0.0)", "particles 1.0.0"]


def test_an_update_of_the_bundled_model_is_shown_beside_it(dialog: ModelsDialog, window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    window.models.add(model(tmp_path / "from", name="particles", version="2.0.0"))
    calm(window, qtbot)
    assert rows(dialog) == [("particles", "1.0.0", "Lycurgus", "2.0.0 is used"), ("particles", "2.0.0", "you", "default")]
    dialog.list.setCurrentItem(dialog.list.topLevelItem(0))
    assert dialog.details.remarks[0].text == "This model is not used: version 2.0.0, which you have added, is used in its place."
    assert not dialog.use_button.isEnabled()
    window.models.use("particles")
    window.models.remove("particles")
    calm(window, qtbot)
    assert rows(dialog) == [("particles", "1.0.0", "Lycurgus", "default, chosen")]
    assert window.models.in_use == "particles", "the bundled one has that name"


def test_a_folder_that_cannot_be_used_is_listed_with_the_reason_and_can_be_removed(
    home: Path, window: MainWindow, dialog: ModelsDialog, qtbot: QtBot
) -> None:
    make_model(home / "data" / "models" / "broken", version="not a version")
    dialog.refill()
    calm(window, qtbot)
    assert rows(dialog)[1] == ("broken", "", "you", "cannot be used")
    dialog.select(home / "data" / "models" / "broken")
    assert "manifest.json: version" in dialog.details.remarks[0].text
    assert (dialog.use_button.isEnabled(), dialog.check_button.isEnabled(), dialog.remove_button.isEnabled()) == (False, False, True)
    window.models.remove("broken")
    calm(window, qtbot)
    assert users(home) == []


def test_a_model_that_is_damaged_says_so_when_it_is_selected(
    window: MainWindow, dialog: ModelsDialog, tmp_path: Path, qtbot: QtBot
) -> None:
    added = add_model(model(tmp_path / "from"))
    (added.model.folder / "model.onnx").write_bytes(b"rubbish")
    dialog.refill()
    calm(window, qtbot)
    dialog.select(added.model.folder)
    calm(window, qtbot)
    assert "Runs on: cannot be run" in dialog.details.text
    assert "its manifest promises" in dialog.details.remarks[0].text


def test_parameters_that_name_a_model_that_is_gone_show_it_and_fail_with_a_sentence(
    window: MainWindow, scene_files: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    add_model(model(tmp_path / "from"))
    remove_model("blobs")
    window.store.set_params(params_from({"detector": {"name": "network", "model": "blobs"}}))
    assert choices(window) == ["default (particles 1.0.0)", "particles 1.0.0", "blobs (not installed)"]
    window.open_paths([scene_files])
    qtbot.waitUntil(lambda: window.store.micrograph is not None, timeout=60_000)
    window.actions_["analysis.this"].trigger()
    qtbot.waitUntil(lambda: bool(window.store.documents[0].error), timeout=60_000)
    assert "there is no model called 'blobs': installed: particles" in window.store.documents[0].error
    calm(window, qtbot)


def test_closing_the_dialog_or_the_window_while_a_model_is_checked_does_no_harm(
    window: MainWindow, dialog: ModelsDialog, home: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    window.models.add(model(tmp_path / "from"))
    dialog.check()
    dialog.reject()
    calm(window, qtbot)
    assert len(users(home)) == 1
    window.models.add(model(tmp_path / "from", version="2.0.0"))
    window.close()
    assert len(users(home)) == 1, "added whole or not at all, and nothing hidden is left"
    assert find_model("blobs").manifest.version in ("1.0.0", "2.0.0")


# The card is from elsewhere


def test_pictures_of_a_card_come_from_its_folder_alone(tmp_path: Path, qtbot: QtBot) -> None:
    folder = tmp_path / "blobs"
    (folder / "failures").mkdir(parents=True)
    picture = QImage(2000, 10, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.red)
    for path in (folder / "failures" / "sem image.png", tmp_path / "secret.png"):
        assert picture.save(str(path))
    (folder / "failures" / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "failures" / "other.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    (folder / "failures" / "cut.png").write_bytes((tmp_path / "secret.png").read_bytes()[:40])
    assert picture_of(folder, QUrl("failures/sem%20image.png")).width() == 2000
    for address in (
        "../secret.png",
        "failures/../../secret.png",
        str(tmp_path / "secret.png"),
        f"file://{tmp_path}/secret.png",
        "https://example.org/x.png",
        "//example.org/x.png",
        "/dev/zero",
        "failures/link.png",
        "failures/other.svg",
        "failures/cut.png",
        "failures/missing.png",
        "failures",
        "",
    ):
        assert picture_of(folder, QUrl(address)).isNull(), address
    view = CardView()
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    view.show_card("![sem](failures/sem%20image.png)\n\n![out](../secret.png)\n\n<img src='../secret.png'/>", folder)
    assert "<img src='../secret.png'/>" in view.toPlainText(), "HTML is text"
    assert view.document().idealWidth() <= view.viewport().width()
