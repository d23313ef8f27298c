"""Corrections by hand are never lost without asking, whatever runs, is retried, closed or read back at the same time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lycurgus.services.batch import local_engine
from lycurgus.services.settings import SettingsStore
from lycurgus.ui.analysing import Analysing
from lycurgus.ui.batching import Batching
from lycurgus.ui.dialogs.batch import BatchDialog, corrections_text
from lycurgus.ui.dialogs.failures import FailuresDialog
from lycurgus.ui.dialogs.reasons import ConfirmReplaceEdits
from lycurgus.ui.editing import Editing
from lycurgus.ui.main_window import MainWindow
from lycurgus.ui.opening import Opening
from lycurgus.ui.store import Document, ImageState
from lycurgus.ui.workbench import Notice, Workbench
from scenes import DISCS

FREE_PLACE = (170.0, 40.0)


@pytest.fixture
def corrected_project(home: Path, opened: Workbench, qtbot: QtBot) -> Path:
    """The scenes with results in the project file, the first with a correction; the program has ended."""
    Editing(opened).draw_circle(FREE_PLACE, 12.0)
    settled(opened, qtbot)
    opened.close()
    return home / "session.lycurgus"


@pytest.fixture
def next_session(corrected_project: Path) -> Iterator[Workbench]:
    bench = Workbench(SettingsStore(), corrected_project)
    yield bench
    bench.close()


def settled(bench: Workbench, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not bench.jobs.active, timeout=60_000)


def finished(analysing: Analysing, bench: Workbench, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not analysing.progress.running and not bench.jobs.active, timeout=60_000)


def stored_edits(bench: Workbench, document: Document) -> int:
    stored = bench.project.load(document.path)
    assert stored is not None
    return stored.history.n_edits


def listed(scene_files: Path) -> list[Document]:
    """The scenes as they come from a folder whose images the project knows, before anything is fetched from it."""
    return [Document(path.resolve(), awaited_edits=int(path.name == "scene 1.tif")) for path in sorted(scene_files.iterdir())]


def fail(bench: Workbench, *documents: Document) -> None:
    for document in documents:
        document.error = "was away"
        bench.store.changed(document)


# While a run goes on


def test_what_is_corrected_while_it_waits_stays_and_is_not_analysed(opened: Workbench, qtbot: QtBot) -> None:
    said: list[Notice] = []
    opened.noticed.connect(said.append)
    analysing, document = Analysing(opened), opened.store.documents[0]
    analysing.pause()
    analysing.analyse(opened.store.documents)
    Editing(opened).draw_circle(FREE_PLACE, 12.0)
    particles = document.particles
    analysing.resume()
    finished(analysing, opened, qtbot)
    assert document.particles == particles
    assert document.state(opened.store.params) is ImageState.EDITED
    assert stored_edits(opened, document) == 1
    assert analysing.progress.done == 2
    assert [notice.text for notice in said if notice.level == "warning"] == [
        "scene 1.tif was corrected by hand while it waited, so that it was not analysed"
    ]


def test_what_is_corrected_while_it_is_analysed_stays_and_the_new_result_is_left_out(opened: Workbench, qtbot: QtBot) -> None:
    said: list[Notice] = []
    opened.noticed.connect(said.append)
    analysing, document = Analysing(opened), opened.store.documents[0]
    analysing.analyse(opened.store.documents)
    assert document.busy == "analysing"
    Editing(opened).draw_circle(FREE_PLACE, 12.0)
    finished(analysing, opened, qtbot)
    assert len(document.particles) == len(DISCS) + 1
    assert not document.busy
    assert stored_edits(opened, document) == 1
    assert any("while it was analysed" in notice.text for notice in said)


def test_a_run_whose_last_image_is_left_out_says_how_it_went(opened: Workbench, qtbot: QtBot) -> None:
    said: list[Notice] = []
    opened.noticed.connect(said.append)
    analysing = Analysing(opened)
    first, *others = opened.store.documents
    analysing.analyse([*others, first])
    Editing(opened).draw_circle(FREE_PLACE, 12.0)
    finished(analysing, opened, qtbot)
    assert first.history.n_edits == 1
    assert "2 images analysed" in [notice.text for notice in said]


def test_corrections_that_the_user_gave_up_are_replaced(opened: Workbench, qtbot: QtBot) -> None:
    analysing, document = Analysing(opened), opened.store.documents[0]
    editing = Editing(opened)
    editing.draw_circle(FREE_PLACE, 12.0)
    analysing.analyse([document])
    # Undone and done again meanwhile, it is what the user gave up all the same.
    editing.undo()
    editing.redo()
    finished(analysing, opened, qtbot)
    assert document.history.n_edits == 0
    assert stored_edits(opened, document) == 0


def test_another_correction_in_place_of_the_one_given_up_stays(opened: Workbench, qtbot: QtBot) -> None:
    analysing, document = Analysing(opened), opened.store.documents[0]
    editing, first = Editing(opened), document.particles[0].id
    opened.store.select([first])
    editing.exclude("drift")
    analysing.analyse([document])
    editing.undo()
    opened.store.select([first])
    editing.exclude("out of focus")
    finished(analysing, opened, qtbot)
    assert "out of focus" in (next(particle for particle in document.particles if particle.id == first).excluded or "")


# Another try


@pytest.fixture
def window(home: Path, scene_files: Path, qtbot: QtBot) -> Iterator[MainWindow]:
    """Three images analysed; the first is corrected, and the first two have failed since."""
    made = MainWindow(Workbench(SettingsStore(), home / "session.lycurgus"))
    made.show()
    made.open_paths([scene_files])
    qtbot.waitUntil(lambda: made.store.micrograph is not None, timeout=30_000)
    made.analyse_all()
    finished(made.analysing, made.bench, qtbot)
    made.editing.draw_circle(FREE_PLACE, 12.0)
    settled(made.bench, qtbot)
    fail(made.bench, *made.store.documents[:2])
    yield made
    made.close()
    made.deleteLater()


def question() -> ConfirmReplaceEdits:
    asked = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, ConfirmReplaceEdits) and widget.isVisible()]
    assert len(asked) == 1
    return asked[0]


def retry_in_the_menu(window: MainWindow) -> None:
    window.actions_["analysis.retry"].setEnabled(True)
    window.actions_["analysis.retry"].trigger()


def retry_in_the_browser(window: MainWindow) -> None:
    menu = window.browser.menu_for(list(window.store.documents))
    next(action for action in menu.actions() if "Retry" in action.text()).trigger()


def retry_all_in_the_list_of_failures(window: MainWindow) -> None:
    dialog = FailuresDialog(window.bench, window.analysing, window.batching, window)
    dialog.open()
    dialog._retry_all.click()


def retry_selected_in_the_list_of_failures(window: MainWindow) -> None:
    dialog = FailuresDialog(window.bench, window.analysing, window.batching, window)
    dialog.open()
    dialog.select(window.store.documents[:2])
    dialog.retry_selected()


RETRIES = [retry_in_the_menu, retry_in_the_browser, retry_all_in_the_list_of_failures, retry_selected_in_the_list_of_failures]


@pytest.mark.parametrize("retry", RETRIES)
def test_every_way_to_another_try_asks_before_corrections_are_replaced(
    window: MainWindow, retry: Callable[[MainWindow], None], qtbot: QtBot
) -> None:
    corrected, other, _ = window.store.documents
    retry(window)
    assert not window.analysing.progress.running
    question()._leave()
    assert [document.busy for document in window.store.documents] == ["", "analysing", ""]
    finished(window.analysing, window.bench, qtbot)
    assert corrected.history.n_edits == 1
    assert not other.error
    retry(window)
    question()._replace()
    finished(window.analysing, window.bench, qtbot)
    assert corrected.history.n_edits == 0
    assert not corrected.error


# Corrections that the project file holds


def test_a_batch_counts_corrections_that_are_not_fetched_yet(next_session: Workbench, scene_files: Path, qtbot: QtBot) -> None:
    documents = listed(scene_files)
    opening, analysing = Opening(next_session), Analysing(next_session)
    opening.add(documents)
    dialog = BatchDialog(next_session, opening, Batching(next_session, engine=lambda _: local_engine(1)))
    qtbot.addWidget(dialog)
    dialog.choose_results(scene_files.parent / "results")
    dialog.choose_extent(everything=True)
    assert documents[0].n_edits == 1
    assert dialog.documents == documents[1:]
    assert not dialog._replace.isHidden()
    assert corrections_text(documents[:1], replace=False) == "1 image carries 1 correction by hand and is left as it is."
    dialog.start()
    finished(analysing, next_session, qtbot)
    assert documents[0].history.n_edits == 1
    assert stored_edits(next_session, documents[0]) == 1


def test_what_is_fetched_while_an_image_waits_is_there_after_cancel(next_session: Workbench, scene_files: Path, qtbot: QtBot) -> None:
    documents = listed(scene_files)
    analysing = Analysing(next_session)
    Opening(next_session).add(documents)
    analysing.pause()
    analysing.analyse(documents)
    settled(next_session, qtbot)
    assert documents[0].n_edits == 1
    analysing.cancel()
    params = next_session.store.params
    assert [document.state(params) for document in documents] == [ImageState.EDITED, ImageState.DONE, ImageState.DONE]
    assert len(documents[0].particles) == len(DISCS) + 1


def test_what_is_fetched_while_an_image_is_analysed_is_there_when_it_fails(
    next_session: Workbench, scene_files: Path, qtbot: QtBot
) -> None:
    documents = listed(scene_files)
    documents[0].path.write_bytes(b"no picture")
    analysing = Analysing(next_session)
    analysing.pause()
    Opening(next_session).add(documents)
    analysing.analyse(documents)
    settled(next_session, qtbot)
    analysing.resume()
    finished(analysing, next_session, qtbot)
    assert documents[0].state(next_session.store.params) is ImageState.FAILED
    assert analysing.with_hand_work(documents) == documents[:1]


@pytest.fixture
def damaged_session(corrected_project: Path) -> Iterator[Workbench]:
    """The corrections of the first image cannot be read back."""
    with sqlite3.connect(corrected_project) as connection:
        connection.execute("UPDATE images SET journal = x'00' WHERE n_edits = 1")
    connection.close()
    bench = Workbench(SettingsStore(), corrected_project)
    yield bench
    bench.close()


def test_corrections_that_cannot_be_read_back_are_asked_for_all_the_same(
    damaged_session: Workbench, scene_files: Path, qtbot: QtBot
) -> None:
    Opening(damaged_session).open_paths([scene_files])
    qtbot.waitUntil(lambda: damaged_session.store.micrograph is not None, timeout=20_000)
    settled(damaged_session, qtbot)
    first = damaged_session.store.documents[0]
    analysing = Analysing(damaged_session)
    assert "corrections" in first.error
    assert analysing.with_hand_work(damaged_session.store.documents) == [first]
    with qtbot.waitSignal(analysing.confirmation_needed) as asked:
        analysing.retry_failed()
    assert asked.args == [[first]]
    assert not analysing.progress.running


def test_a_batch_of_a_folder_counts_corrections_that_cannot_be_read_back(
    damaged_session: Workbench, scene_files: Path, qtbot: QtBot
) -> None:
    dialog = BatchDialog(damaged_session, Opening(damaged_session), Batching(damaged_session))
    qtbot.addWidget(dialog)
    dialog.choose_folder(scene_files)
    dialog.choose_extent(everything=True)
    qtbot.waitUntil(lambda: bool(dialog.documents), timeout=10_000)
    assert [document.path.name for document in dialog.documents] == ["scene 2.tif", "scene 3.tif"]
    dialog.reject()


def test_corrections_of_an_earlier_content_of_a_file_are_asked_for(next_session: Workbench, scene_files: Path, qtbot: QtBot) -> None:
    (scene_files / "scene 1.tif").write_bytes((scene_files / "scene 2.tif").read_bytes() + b"\0")
    Opening(next_session).open_paths([scene_files])
    qtbot.waitUntil(lambda: next_session.store.micrograph is not None, timeout=20_000)
    settled(next_session, qtbot)
    first = next_session.store.documents[0]
    assert first.analysed is None
    assert Analysing(next_session).with_hand_work(next_session.store.documents) == [first]


# Closed images


def test_a_closed_image_leaves_the_queue_and_its_stored_corrections_stay(opened: Workbench, scene_files: Path, qtbot: QtBot) -> None:
    Editing(opened).draw_circle(FREE_PLACE, 12.0)
    settled(opened, qtbot)
    opening, analysing, documents = Opening(opened), Analysing(opened), list(opened.store.documents)
    analysing.pause()
    analysing.analyse(documents)
    opening.forget(documents)
    assert analysing.progress.total == 0
    assert not any(document.busy for document in documents)
    opening.open_paths([scene_files])
    qtbot.waitUntil(lambda: len(opened.store.documents) == 3 and opened.store.micrograph is not None, timeout=20_000)
    settled(opened, qtbot)
    analysing.resume()
    finished(analysing, opened, qtbot)
    again = opened.store.documents[0]
    assert again.history.n_edits == 1
    assert stored_edits(opened, again) == 1


def test_closing_the_image_in_work_stops_it_and_the_rest_goes_on(opened: Workbench, qtbot: QtBot) -> None:
    Editing(opened).draw_circle(FREE_PLACE, 12.0)
    settled(opened, qtbot)
    analysing, (first, *others) = Analysing(opened), opened.store.documents
    results = [document.analysed for document in others]
    analysing.analyse(opened.store.documents)
    assert first.busy == "analysing"
    Opening(opened).forget([first])
    assert analysing.progress.total == 2
    finished(analysing, opened, qtbot)
    assert stored_edits(opened, first) == 1
    assert analysing.progress.done == 2
    assert all(document.analysed is not old for document, old in zip(others, results, strict=True))


def test_what_a_closed_image_would_keep_does_not_replace_what_is_done_in_the_one_opened_anew(opened: Workbench, qtbot: QtBot) -> None:
    closed = opened.store.documents[0]
    Opening(opened).forget([closed])
    again = Document(closed.path, analysed=closed.analysed, history=closed.history)
    opened.store.add_documents([again])
    Opening(opened).show(again)
    qtbot.waitUntil(lambda: opened.store.micrograph is not None, timeout=20_000)
    Editing(opened).draw_circle(FREE_PLACE, 12.0)
    opened.keep_result(closed)
    settled(opened, qtbot)
    assert stored_edits(opened, again) == 1
