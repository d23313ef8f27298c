"""The image browser: what it shows, what it lets the user do, and that thousands of files cost nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from pytestqt.qtbot import QtBot

from lycurgus.parameters import with_settings
from lycurgus.ui.analysing import Analysing
from lycurgus.ui.opening import Opening
from lycurgus.ui.panels.browser import EMPTY, NONE_MATCH, BrowserPanel
from lycurgus.ui.panels.browser_model import COUNT_ROLE, SHARE_ROLE, STATE_ROLE
from lycurgus.ui.panels.browser_states import LOOKS
from lycurgus.ui.store import Document, ImageState
from lycurgus.ui.workbench import Workbench
from scenes import DISCS

MakePanel = Callable[[Workbench], BrowserPanel]


@pytest.fixture
def make_panel(qtbot: QtBot) -> MakePanel:
    def make(bench: Workbench) -> BrowserPanel:
        panel = BrowserPanel(bench, Opening(bench), Analysing(bench))
        qtbot.addWidget(panel)
        panel.resize(280, 400)
        panel.show()
        return panel

    return make


def names(panel: BrowserPanel) -> list[str]:
    shown = panel.view.model()
    return [shown.index(row, 0).data() for row in range(shown.rowCount())]


def select(panel: BrowserPanel, *rows: int) -> None:
    for row in rows:
        panel.view.selectionModel().select(panel.view.model().index(row, 0), QItemSelectionModel.SelectionFlag.Select)


def run(panel: BrowserPanel, documents: list[Document], words: str) -> None:
    action = next(action for action in panel.menu_for(documents).actions() if words in action.text().replace("&", ""))
    assert action.isEnabled()
    action.trigger()


def many(bench: Workbench, folder: Path, count: int = 2000) -> list[Document]:
    documents = [Document(folder / f"image {number:04}.tif") for number in range(count)]
    bench.store.add_documents(documents)
    return documents


def test_an_empty_list_says_what_to_do(workbench: Workbench, make_panel: MakePanel) -> None:
    panel = make_panel(workbench)
    assert panel.empty.isVisible()
    assert panel.empty.text() == EMPTY
    assert panel.header.text() == "No images"


def test_images_are_listed_with_state_and_count(opened: Workbench, make_panel: MakePanel) -> None:
    panel = make_panel(opened)
    assert names(panel) == ["scene 1.tif", "scene 2.tif", "scene 3.tif"]
    assert panel.header.text() == "3 images, 3 done"
    assert [panel.model.index(row).data(COUNT_ROLE) for row in range(3)] == [len(DISCS)] * 3
    assert all(panel.model.index(row).data(STATE_ROLE) == ImageState.DONE for row in range(3))


def test_each_state_has_its_own_sign_and_word() -> None:
    assert set(LOOKS) == set(ImageState)
    assert len({look.sign for look in LOOKS.values()}) == len({look.word for look in LOOKS.values()}) == len(ImageState)


def test_other_parameters_make_results_stale_and_back_again(opened: Workbench, make_panel: MakePanel, qtbot: QtBot) -> None:
    panel = make_panel(opened)
    before = opened.store.params
    opened.store.set_params(with_settings(before, ["separator.convexity=0.8"]))
    qtbot.waitUntil(lambda: panel.header.text() == "3 images, 3 stale")
    opened.store.set_params(before)
    qtbot.waitUntil(lambda: panel.header.text() == "3 images, 3 done")


def test_the_reason_of_a_failure_is_in_the_tooltip(opened: Workbench, make_panel: MakePanel) -> None:
    panel = make_panel(opened)
    document = opened.store.documents[1]
    document.error = "scene 2.tif: is cut off"
    opened.store.changed(document)
    assert panel.header.text() == "3 images, 2 done, 1 failed"
    tip = panel.model.index(1).data(Qt.ItemDataRole.ToolTipRole)
    assert "is cut off" in tip
    assert str(document.path) in tip


def test_an_analysis_shows_how_far_it_is(workbench: Workbench, scene_files: Path, make_panel: MakePanel, qtbot: QtBot) -> None:
    panel = make_panel(workbench)
    shares: set[float] = set()

    def note(index: object, *_: object) -> None:
        share = index.data(SHARE_ROLE)  # type: ignore[attr-defined]
        if share is not None:
            shares.add(share)

    panel.model.dataChanged.connect(note)
    panel._opening.open_paths([scene_files])
    qtbot.waitUntil(lambda: len(workbench.store.documents) == 3, timeout=20_000)
    panel._analysing.analyse([workbench.store.documents[2]])
    qtbot.waitUntil(lambda: panel.header.text() == "3 images, 1 done", timeout=30_000)
    assert max(shares) > 0.5
    assert all(0 <= share < 1 for share in shares)


def test_the_current_image_is_the_current_row_both_ways(opened: Workbench, make_panel: MakePanel, qtbot: QtBot) -> None:
    panel = make_panel(opened)
    assert panel.view.currentIndex().row() == 0
    panel._opening.step(1)
    assert panel.view.currentIndex().row() == 1
    assert [document.path.name for document in panel.selected_documents()] == ["scene 2.tif"]
    qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=panel.view.visualRect(panel.view.model().index(2, 0)).center())
    assert opened.store.current is opened.store.documents[2]


@pytest.mark.parametrize(("key", "row"), [(Qt.Key.Key_Down, 1), (Qt.Key.Key_PageDown, 1), (Qt.Key.Key_End, 2)])
def test_keys_go_to_other_images(opened: Workbench, make_panel: MakePanel, qtbot: QtBot, key: Qt.Key, row: int) -> None:
    panel = make_panel(opened)
    qtbot.keyClick(panel.view, key)
    assert opened.store.current is opened.store.documents[row]
    qtbot.keyClick(panel.view, Qt.Key.Key_PageUp)
    assert opened.store.current is opened.store.documents[row - 1]


def test_following_the_store_reads_no_image_again(opened: Workbench, make_panel: MakePanel, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = make_panel(opened)
    shown: list[Document] = []
    monkeypatch.setattr(panel._opening, "show", shown.append)
    opened.store.set_current(opened.store.documents[2])
    assert panel.view.currentIndex().row() == 2
    assert not shown


def test_a_name_filter_leaves_what_contains_every_word(opened: Workbench, make_panel: MakePanel) -> None:
    panel = make_panel(opened)
    panel.name_filter.setText("SCENE 2")
    assert names(panel) == ["scene 2.tif"]
    panel.name_filter.setText("nothing like it")
    assert panel.empty.isVisible()
    assert panel.empty.text() == NONE_MATCH
    panel.name_filter.clear()
    assert len(names(panel)) == 3
    assert panel.view.isVisible()


def test_a_state_filter_follows_what_becomes_of_images(opened: Workbench, make_panel: MakePanel) -> None:
    panel = make_panel(opened)
    panel.state_filter.setCurrentIndex(panel.state_filter.findData(ImageState.FAILED))
    assert names(panel) == []
    document = opened.store.documents[1]
    document.error = "broken"
    opened.store.changed(document)
    assert names(panel) == ["scene 2.tif"]
    document.error = ""
    opened.store.changed(document)
    assert names(panel) == []


def test_filtering_does_not_change_the_image_that_is_shown(opened: Workbench, make_panel: MakePanel) -> None:
    panel = make_panel(opened)
    panel.name_filter.setText("scene 3")
    assert opened.store.current is opened.store.documents[0]
    panel.name_filter.clear()
    assert panel.view.currentIndex().row() == 0


def test_several_folders_are_named(workbench: Workbench, tmp_path: Path, make_panel: MakePanel) -> None:
    panel = make_panel(workbench)
    many(workbench, tmp_path / "monday", 3)
    low = panel.view.sizeHintForRow(0)
    assert not panel.model.several_folders
    many(workbench, tmp_path / "tuesday", 3)
    assert panel.model.several_folders
    assert panel.view.sizeHintForRow(0) >= low
    panel.name_filter.setText("tuesday")
    assert len(names(panel)) == 3


def test_selection_and_current_row_survive_more_images(opened: Workbench, tmp_path: Path, make_panel: MakePanel) -> None:
    panel = make_panel(opened)
    select(panel, 1, 2)
    assert len(panel.selected_documents()) == 3
    many(opened, tmp_path, 5)
    assert [document.path.name for document in panel.selected_documents()] == ["scene 1.tif", "scene 2.tif", "scene 3.tif"]
    assert opened.store.current is opened.store.documents[0]


def test_analysing_a_selection_is_asked_for_with_its_documents(opened: Workbench, make_panel: MakePanel, qtbot: QtBot) -> None:
    panel = make_panel(opened)
    select(panel, 2)
    with qtbot.waitSignal(panel.analyse_requested) as asked:
        run(panel, panel.selected_documents(), "Analyse these 2 images")
    assert asked.args == [[opened.store.documents[0], opened.store.documents[2]]]


def test_only_what_failed_is_tried_again(opened: Workbench, make_panel: MakePanel, qtbot: QtBot) -> None:
    panel = make_panel(opened)
    document = opened.store.documents[1]
    document.error = "was away"
    opened.store.changed(document)
    run(panel, list(opened.store.documents), "Retry 1 failed image")
    assert [document.busy for document in opened.store.documents] == ["", "analysing", ""]
    qtbot.waitUntil(lambda: panel.header.text() == "3 images, 3 done", timeout=30_000)
    assert not next(action for action in panel.menu_for([document]).actions() if "Retry" in action.text()).isEnabled()


def test_paths_are_copied_and_folders_shown(opened: Workbench, make_panel: MakePanel, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = make_panel(opened)
    documents = list(opened.store.documents[:2])
    run(panel, documents, "Copy paths")
    assert QGuiApplication.clipboard().text().splitlines() == [str(document.path) for document in documents]
    asked: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: asked.append(url) or True)
    run(panel, documents, "Show in file manager")
    assert [Path(url.toLocalFile()) for url in asked] == [documents[0].path.parent]


def test_removing_takes_images_from_the_list_and_leaves_the_files(opened: Workbench, make_panel: MakePanel) -> None:
    panel = make_panel(opened)
    gone = list(opened.store.documents[:2])
    run(panel, gone, "Remove these 2 images")
    assert names(panel) == ["scene 3.tif"]
    assert all(document.path.exists() for document in gone)


def test_a_right_click_opens_the_menu_of_the_selection(opened: Workbench, make_panel: MakePanel, qtbot: QtBot) -> None:
    panel = make_panel(opened)
    panel.view.customContextMenuRequested.emit(QPoint(10, 10))
    popup = QGuiApplication.instance().activePopupWidget()
    assert any("Analyse this image" in action.text().replace("&", "") for action in popup.actions())
    popup.close()
    qtbot.waitUntil(lambda: QGuiApplication.instance().activePopupWidget() is None)


def test_thumbnails_come_for_what_is_visible(opened: Workbench, make_panel: MakePanel, qtbot: QtBot) -> None:
    panel = make_panel(opened)
    qtbot.waitUntil(lambda: all(panel._thumbnails.of(document) is not None for document in opened.store.documents), timeout=20_000)
    image = panel._thumbnails.of(opened.store.documents[0])
    assert image is not None
    assert (image.width(), image.height()) == (160, 133)


def test_thousands_of_files_make_neither_jobs_nor_pictures_beyond_the_screen(
    workbench: Workbench, tmp_path: Path, make_panel: MakePanel, qtbot: QtBot
) -> None:
    panel = make_panel(workbench)
    many(workbench, tmp_path)
    qtbot.waitExposed(panel)
    panel.view.viewport().repaint()
    panel.view.scrollToBottom()
    panel.view.viewport().repaint()
    assert len([job for job in workbench.jobs.active if job.lane == "io"]) <= 1
    qtbot.waitUntil(lambda: not workbench.jobs.active, timeout=30_000)
    assert len(panel._thumbnails._kept) <= 60


def test_one_change_among_thousands_redraws_one_row(workbench: Workbench, tmp_path: Path, make_panel: MakePanel) -> None:
    panel = make_panel(workbench)
    documents = many(workbench, tmp_path)
    changed: list[tuple[int, int]] = []
    panel.model.dataChanged.connect(lambda first, last, *_: changed.append((first.row(), last.row())))
    documents[1234].error = "broken"
    workbench.store.changed(documents[1234])
    assert changed == [(1234, 1234)]
    assert panel.header.text() == "2,000 images, 1 failed"
