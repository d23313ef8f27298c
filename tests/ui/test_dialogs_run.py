"""A run is shown as it is: progress, pause, cancel, failures and another try; and batches start what they announce."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from lycurgus.core import edits
from lycurgus.services.batch import local_engine
from lycurgus.services.presets import Presets
from lycurgus.ui.analysing import Analysing, RunProgress
from lycurgus.ui.batching import Batching
from lycurgus.ui.dialogs.batch import BatchDialog, common_folder, corrections_text, summary_text
from lycurgus.ui.dialogs.failures import FailuresDialog
from lycurgus.ui.dialogs.run import RunPanel, progress_text
from lycurgus.ui.opening import Opening
from lycurgus.ui.store import Document, ImageState
from scenes import scene, write


@pytest.fixture
def analysing(opened):
    return Analysing(opened)


@pytest.fixture
def batching(opened):
    # In this process: what is tested here is the window; that processes find the same is tested elsewhere.
    return Batching(opened, engine=lambda _: local_engine(1))


@pytest.fixture
def panel(qtbot, opened, analysing, batching):
    widget = RunPanel(opened, analysing, batching)
    qtbot.addWidget(widget)
    return widget


@pytest.fixture
def make(opened, batching, tmp_path):
    def dialog() -> BatchDialog:
        made = BatchDialog(opened, Opening(opened), batching)
        made.choose_results(tmp_path / "results")
        made.open()
        return made

    return dialog


def finished(qtbot, workbench, analysing) -> None:
    qtbot.waitUntil(lambda: not analysing.progress.running and not workbench.jobs.active, timeout=60_000)


def broken(path: Path) -> Document:
    path.write_bytes(b"II*\0 this is no picture")
    return Document(path)


def correct(document: Document) -> None:
    document.history = document.history.do(edits.delete(document.history.particles, [document.particles[0].id]))
    document.touch()


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (RunProgress(11, 0, 200, False, 218.0, "name.tif"), "Analysing 12 of 200 · name.tif · 3:40 left"),
        (RunProgress(0, 0, 1234, False, None, "name.tif"), "Analysing 1 of 1,234 · name.tif"),
        (RunProgress(8, 3, 200, True, 218.0, "name.tif"), "Paused · 11 of 200 done · finishing name.tif"),
        (RunProgress(8, 3, 200, True, 218.0, ""), "Paused · 11 of 200 done"),
        (RunProgress(0, 0, 1, False, None, "name.tif"), "Analysing name.tif"),
        (RunProgress(0, 0, 1, False, None, ""), "Analysing 1 image"),
        (RunProgress(9, 1, 10, False, 0.0, "", finishing=True), "Writing the report"),
    ],
)
def test_a_run_is_described_in_a_line(progress, text):
    assert progress_text(progress) == text


def test_the_panel_is_hidden_while_nothing_runs_and_nothing_failed(panel):
    assert panel.isHidden()


def test_the_panel_follows_a_run_and_its_pause(qtbot, opened, analysing, panel):
    analysing.analyse(opened.store.documents)
    assert not panel.isHidden()
    assert panel._text.text().startswith("Analysing 1 of 3")
    assert panel._bar.maximum() == 3
    panel._pause.click()
    assert analysing.progress.paused
    assert panel._pause.text() == "Resume"
    qtbot.waitUntil(lambda: not opened.jobs.active, timeout=60_000)
    assert analysing.progress.running
    panel._pause.click()
    finished(qtbot, opened, analysing)
    assert panel.isHidden()


def test_cancel_ends_the_run_from_the_panel(qtbot, opened, analysing, panel):
    analysing.analyse(opened.store.documents)
    panel._cancel.click()
    assert not analysing.progress.running
    assert panel.isHidden()
    finished(qtbot, opened, analysing)
    assert not any(document.busy for document in opened.store.documents)


def test_failures_are_counted_listed_copied_and_tried_again(qtbot, opened, analysing, panel, tmp_path):
    bad = [broken(tmp_path / f"bad {number}.tif") for number in (1, 2)]
    opened.store.add_documents(bad)
    analysing.analyse(bad)
    finished(qtbot, opened, analysing)
    assert not panel.isHidden()
    assert panel._failed.text() == "✕ 2 failed…"
    panel._failed.click()
    dialog = panel._failures
    assert list(dialog.failed) == bad
    dialog.copy()
    copied = QGuiApplication.clipboard().text().splitlines()
    assert [line.partition("\t")[0] for line in copied] == [str(document.path) for document in bad]
    assert all(line.partition("\t")[2] for line in copied)

    write(bad[0].path, scene(seed=9), pixel_size_nm=0.5)
    dialog.select([bad[0]])
    dialog.retry_selected()
    assert list(dialog.failed) == [bad[1]]
    finished(qtbot, opened, analysing)
    assert panel._failed.text() == "✕ 1 failed…"
    assert list(dialog.failed) == [bad[1]]

    write(bad[1].path, scene(seed=10), pixel_size_nm=0.5)
    dialog._retry_all.click()
    finished(qtbot, opened, analysing)
    assert not dialog.failed
    assert not dialog._retry_all.isEnabled()
    assert panel.isHidden()
    dialog.reject()
    assert panel._failures is None


def test_what_fails_again_comes_back_to_the_list(qtbot, opened, analysing, tmp_path):
    bad = broken(tmp_path / "bad.tif")
    opened.store.add_documents([bad])
    analysing.analyse([bad])
    finished(qtbot, opened, analysing)
    dialog = FailuresDialog(opened, analysing, Batching(opened))
    qtbot.addWidget(dialog)
    dialog._retry_all.click()
    assert not dialog.failed
    finished(qtbot, opened, analysing)
    assert list(dialog.failed) == [bad]


def test_a_batch_of_open_images_takes_only_what_is_not_current(qtbot, make, opened, analysing, tmp_path):
    fresh = Document(write(tmp_path / "fresh.tif", scene(seed=7), pixel_size_nm=0.5))
    opened.store.add_documents([fresh])
    dialog = make()
    assert dialog.documents == [fresh]
    assert dialog._summary.text() == "1 of 4 images will be analysed: 1 new."
    dialog.choose_extent(everything=True)
    assert dialog.documents == list(opened.store.documents)
    dialog.choose_extent(everything=False)
    dialog.start()
    assert not dialog.isVisible()
    assert fresh.busy
    finished(qtbot, opened, analysing)
    assert fresh.analysed is not None


def test_where_all_is_analysed_already_the_batch_is_its_report(qtbot, make, opened, analysing, tmp_path):
    dialog = make()
    assert not dialog.documents
    assert dialog._start.text() == "&Write the report"
    assert dialog._summary.text() == "No image of 3 needs to be analysed: the report is written."
    dialog.start()
    assert not any(document.busy for document in opened.store.documents)
    finished(qtbot, opened, analysing)
    assert (tmp_path / "results" / "report.xlsx").exists()


@pytest.mark.parametrize(
    ("paths", "folder"),
    [
        ([], None),
        (["/data/run/a.tif", "/data/run/b.tif"], "/data/run"),
        (["/data/run/x/a.tif", "/data/run/y/b.tif"], "/data/run"),
        (["/data/a.tif", "/other/b.tif"], "/data"),
    ],
)
def test_results_are_proposed_beside_what_holds_all_images(paths, folder):
    assert common_folder([Document(Path(path)) for path in paths]) == (None if folder is None else Path(folder))


@pytest.mark.parametrize("out", ["", "scenes"])
def test_a_batch_needs_a_folder_of_its_own_for_its_results(make, tmp_path, out):
    dialog = make()
    dialog._out.set_folder(tmp_path / out if out else "")
    assert not dialog._start.isEnabled()
    assert dialog._remarks.remarks[0].level == "error"
    dialog.start()
    assert dialog.isVisible()
    dialog.reject()


def test_a_pattern_that_cannot_be_used_is_a_sentence(make, tmp_path):
    dialog = make()
    dialog.choose_results(tmp_path / "results", group_by="dose_([0-9+")
    assert not dialog._start.isEnabled()
    assert "cannot be used to group" in dialog._remarks.remarks[0].text
    dialog.choose_results(tmp_path / "results", group_by="dose_([0-9]+)")
    assert dialog._start.isEnabled()
    dialog.reject()


def test_corrections_are_replaced_only_when_the_user_says_so(make, opened):
    first, second, third = opened.store.documents
    correct(first)
    dialog = make()
    assert dialog._replace.isHidden()
    dialog.choose_extent(everything=True)
    assert not dialog._replace.isHidden()
    assert not dialog._replace.isChecked()
    assert dialog.documents == [second, third]
    dialog.replace_corrections(True)
    assert dialog.documents == [first, second, third]
    dialog.reject()


def test_a_folder_is_searched_and_its_images_opened_and_analysed(qtbot, make, opened, analysing, tmp_path):
    folder = tmp_path / "more"
    for name in ("a.tif", "b.tif", "inside/c.tif"):
        write(folder / name, scene(seed=3), pixel_size_nm=0.5)
    dialog = make()
    dialog.choose_folder(folder)
    qtbot.waitUntil(lambda: len(dialog.documents) == 2, timeout=10_000)
    dialog.choose_folder(folder, recursive=True)
    qtbot.waitUntil(lambda: len(dialog.documents) == 3, timeout=10_000)
    dialog.start()
    assert len(opened.store.documents) == 6
    assert opened.settings.recent_folders[0] == str(folder)
    finished(qtbot, opened, analysing)
    assert all(document.analysed for document in opened.store.documents)


def test_a_folder_that_is_open_already_shows_the_state_of_the_window(qtbot, make, opened, scene_files):
    correct(opened.store.documents[0])
    dialog = make()
    dialog.choose_folder(scene_files)
    dialog.choose_extent(everything=True)
    qtbot.waitUntil(lambda: bool(dialog.documents), timeout=10_000)
    assert dialog.documents == list(opened.store.documents[1:])
    assert dialog.images == list(opened.store.documents)
    dialog.reject()


@pytest.mark.parametrize("name", ["vanished", "empty", "a file"])
def test_a_folder_without_images_gets_a_sentence(qtbot, make, tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "a file").write_text("")
    dialog = make()
    dialog.choose_folder(tmp_path / name)
    qtbot.waitUntil(lambda: bool(dialog._remarks.remarks), timeout=10_000)
    assert dialog._remarks.remarks[0].level == "error"
    assert name in dialog._remarks.remarks[0].text
    assert not dialog._start.isEnabled()
    dialog.reject()


def test_closing_a_batch_ends_its_search(qtbot, make, opened, scene_files):
    dialog = make()
    dialog.choose_folder(scene_files)
    dialog.reject()
    qtbot.waitUntil(lambda: not opened.jobs.active, timeout=10_000)


def test_a_batch_names_its_parameters(make, opened):
    Presets().save("Gold on carbon", opened.store.params)
    opened.change_settings(preset="Gold on carbon")
    dialog = make()
    shown = [label.text() for label in dialog.findChildren(QLabel)]
    assert {"Gold on carbon", "Otsu threshold", "Ultimate erosion of convex shapes (UECS)"} <= set(shown)
    dialog.reject()


@pytest.mark.parametrize(
    ("states", "n_found", "text"),
    [
        ([], 0, "There are no images here."),
        ([], 1, "The image is up to date."),
        ([ImageState.NEW], 1, "The image will be analysed (new)."),
        (
            [ImageState.STALE, ImageState.FAILED, ImageState.EDITED],
            9,
            "3 of 9 images will be analysed: 1 changed, 1 failed before, 1 analysed before.",
        ),
    ],
)
def test_a_batch_is_summed_up_in_a_sentence(states, n_found, text):
    assert summary_text(states, n_found, n_found) == text


def test_what_happens_to_corrections_is_said(opened):
    first, second, _ = opened.store.documents
    correct(first)
    assert corrections_text([first], replace=False) == "1 image carries 1 correction by hand and is left as it is."
    correct(second)
    assert corrections_text([first, second], replace=True) == "2 images carry 2 corrections by hand: analysing again replaces them."
