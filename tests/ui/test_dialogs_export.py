"""The export dialog promises exactly what is then written."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QTreeWidgetItemIterator
from shiboken6 import isValid

from lycurgus.core import edits
from lycurgus.core.errors import Cancelled
from lycurgus.core.progress import CancelToken
from lycurgus.services.plan import ExportPlan
from lycurgus.services.report import FORMATS
from lycurgus.ui.dialogs.export import DEFAULT_FORMATS, PURPOSES, ExportDialog, warm_up
from lycurgus.ui.dialogs.export_preview import MOST_LINES, Preview, PreviewTree, look_ahead, problem_with
from lycurgus.ui.exporting import Exporting
from lycurgus.ui.store import Document


@pytest.fixture
def exporting(opened):
    return Exporting(opened)


@pytest.fixture
def make(opened, exporting):
    """Return a function that opens the dialog on documents, all by default."""

    def opened_dialog(documents=None, **more) -> ExportDialog:
        dialog = ExportDialog(opened, exporting, opened.store.documents if documents is None else documents, **more)
        dialog.open()
        return dialog

    return opened_dialog


def ready(qtbot, dialog: ExportDialog) -> None:
    qtbot.waitUntil(lambda: dialog.preview is not None, timeout=10_000)


def lines(tree: PreviewTree) -> list[tuple[str, str]]:
    found, each = [], QTreeWidgetItemIterator(tree)
    while (item := each.value()) is not None:
        found.append((item.text(0), item.text(1)))
        each += 1
    return found


def files_in(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("each", [False, True])
def test_the_preview_lists_exactly_the_files_that_are_then_written(qtbot, make, exporting, tmp_path, each):
    dialog = make()
    dialog.choose_formats(FORMATS)
    dialog.choose_form(each=each, imagej=True)
    dialog.choose_folder(tmp_path / "report")
    ready(qtbot, dialog)
    promised = {Path(folder.path, file.name) for folder in dialog.preview.folders for file in folder.files}
    assert len(promised) == dialog.preview.n_files
    with qtbot.waitSignal(exporting.exported, timeout=60_000):
        dialog.export()
    assert not isValid(dialog), "the dialog is closed, and nothing of it is left"
    assert files_in(tmp_path / "report") == promised


def test_files_that_are_there_already_are_marked(qtbot, make, tmp_path):
    (tmp_path / "report.xlsx").write_text("an older report")
    dialog = make()
    dialog.choose_formats(["xlsx", "csv"])
    dialog.choose_folder(tmp_path)
    ready(qtbot, dialog)
    marks = dict(lines(dialog._tree))
    assert marks["report.xlsx"] == "will be replaced"
    assert marks["particles.csv"] == ""
    assert dialog.preview.sentence == "3 files will be written; 1 of them replaces an existing one."
    dialog.reject()


def test_looking_ahead_writes_nothing(qtbot, make, tmp_path):
    dialog = make()
    dialog.choose_folder(tmp_path / "not" / "there" / "yet")
    ready(qtbot, dialog)
    assert dialog._export.isEnabled()
    assert not (tmp_path / "not").exists()
    dialog.reject()


def test_folder_and_formats_are_remembered_once_something_is_exported(qtbot, make, opened, exporting, tmp_path):
    dialog = make()
    dialog.choose_formats(["csv", "json"])
    dialog.choose_folder(tmp_path / "report")
    dialog.reject()
    assert "export" not in opened.settings.last_folders
    dialog = make()
    assert set(dialog.formats) == set(DEFAULT_FORMATS)
    dialog.choose_formats(["csv", "json"])
    dialog.choose_folder(tmp_path / "report")
    with qtbot.waitSignal(exporting.exported, timeout=60_000):
        dialog.export()
    assert opened.settings.last_folders["export"] == str(tmp_path / "report")
    again = make()
    assert again.formats == ("csv", "json")
    assert again.plan.out == tmp_path / "report"
    again.reject()


def test_without_a_format_nothing_can_be_exported(qtbot, make):
    dialog = make()
    ready(qtbot, dialog)
    dialog.choose_formats([])
    assert not dialog._export.isEnabled()
    assert [remark.text for remark in dialog.remarks if remark.level == "error"] == ["Choose at least one kind of file."]
    dialog.export()
    assert dialog.isVisible()
    dialog.reject()


def test_a_file_in_place_of_the_folder_is_refused(qtbot, make, tmp_path):
    (tmp_path / "taken").write_text("")
    dialog = make()
    for folder in (tmp_path / "taken", tmp_path / "taken" / "below"):
        dialog.choose_folder(folder)
        ready(qtbot, dialog)
        assert not dialog._export.isEnabled()
        assert any("is a file" in remark.text for remark in dialog.remarks)
    dialog.choose_folder(tmp_path)
    ready(qtbot, dialog)
    assert dialog._export.isEnabled()
    dialog.reject()


def test_a_folder_without_the_right_to_write_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("lycurgus.ui.dialogs.export_preview.os.access", lambda *_: False)
    assert "cannot be written" in problem_with(tmp_path / "report")


def test_the_scope_decides_which_images_are_exported(qtbot, make, opened):
    first, second, third = opened.store.documents
    dialog = make(selected=[second, third])
    assert dialog.documents == [second, third]
    dialog.choose_scope("this")
    assert dialog.documents == [first]
    dialog.choose_scope("all")
    assert dialog.documents == [first, second, third]
    ready(qtbot, dialog)
    dialog.reject()


def test_images_without_a_result_are_left_out_and_said_so(qtbot, make, opened, tmp_path):
    dialog = make([*opened.store.documents, Document(tmp_path / "new.tif")])
    assert len(dialog.documents) == 3
    assert any(remark.text == "1 image without a result is left out." for remark in dialog.remarks)
    ready(qtbot, dialog)
    dialog.reject()


def test_with_no_result_at_all_there_is_a_sentence_instead_of_an_export(make, opened, tmp_path):
    opened.store.set_current(None)
    dialog = make([Document(tmp_path / "new.tif")])
    assert dialog.plan is None
    assert any("Analyse them first" in remark.text for remark in dialog.remarks)
    dialog.reject()


def test_corrected_stale_and_uncalibrated_images_are_pointed_out(qtbot, make, opened):
    first, second, _ = opened.store.documents
    first.history = first.history.do(edits.delete(first.history.particles, [first.particles[0].id]))
    second.analysed = replace(second.analysed, micrograph=second.analysed.micrograph.with_pixel_size(None))
    params = opened.store.params
    opened.store.set_params(params.model_copy(update={"cleaning": params.cleaning.model_copy(update={"border": "keep"})}))
    dialog = make()
    texts = [remark.text for remark in dialog.remarks]
    assert "3 images were analysed with other parameters or another pixel size than are set now." in texts
    assert "1 image has no pixel size and is measured in px, so the sample is summarised in px." in texts
    assert "1 image carries 1 correction by hand; the report marks the particles." in texts
    ready(qtbot, dialog)
    assert dialog._export.isEnabled()
    dialog.reject()


def test_a_pixel_size_in_doubt_is_pointed_out_before_the_export(qtbot, make, opened):
    document = opened.store.documents[1]
    doubt = "The pixels are stated to be 2.3 nm high but 2 nm wide: make sure that this is meant."
    document.analysed = replace(document.analysed, warnings=("Blurred.", doubt))
    opened.store.changed(document)
    dialog = make()
    ready(qtbot, dialog)
    assert [remark.text for remark in dialog.remarks] == [f"{document.path.name}: {doubt}"]
    dialog.reject()


def test_groups_are_previewed_and_written(qtbot, make, opened, exporting, tmp_path):
    dialog = make()
    dialog.choose_formats(["csv"])
    dialog.choose_folder(tmp_path / "report")
    dialog._groups.setEditText(r"scene (\d)")
    dialog._groups.settle()
    qtbot.waitUntil(lambda: dialog.preview is not None and "groups.csv" in {name for name, _ in lines(dialog._tree)}, timeout=10_000)
    with qtbot.waitSignal(exporting.exported, timeout=60_000):
        dialog.export()
    assert files_in(tmp_path / "report") == {Path("particles.csv"), Path("images.csv"), Path("groups.csv")}
    assert opened.settings.group_by == r"scene (\d)"


def test_closing_while_the_disk_is_looked_at_leaves_nothing_behind(qtbot, make, opened):
    dialog = make()
    dialog.reject()
    qtbot.waitUntil(lambda: not opened.jobs.active, timeout=10_000)


def test_exporters_are_loaded_before_they_are_needed(qtbot, workbench):
    warm_up(workbench)
    qtbot.waitUntil(lambda: not workbench.jobs.active, timeout=20_000)
    assert {"openpyxl", "lycurgus.exporters.xlsx"} <= sys.modules.keys()


def test_every_format_says_what_it_is_for():
    assert PURPOSES.keys() == set(FORMATS)


@pytest.mark.parametrize("each", [False, True])
def test_a_preview_of_thousands_of_files_is_summarised_and_still_adds_up(qtbot, tmp_path, each):
    paths = [Path(f"/images/{number}.tif") for number in range(3000)]
    preview = look_ahead(paths, ExportPlan(tmp_path, ("xlsx", "labels", "png"), each=each), CancelToken())
    tree = PreviewTree()
    qtbot.addWidget(tree)
    tree.show_preview(preview)
    shown = [text for text, _ in lines(tree)[1:]]
    listed = [text for text in shown if not text.endswith("/") and not text.startswith("…")]
    more = [int(text.split()[2].replace(",", "")) for text in shown if text.startswith("…")]
    assert len(listed) <= MOST_LINES
    assert len(shown) <= MOST_LINES + 20
    assert len(listed) + sum(more) == preview.n_files == 3000 * (4 if each else 3) + (0 if each else 1)
    assert "report.xlsx" in listed


@pytest.mark.parametrize(
    ("replaced", "sentence"),
    [
        ((False,), "1 file will be written."),
        ((True,), "1 file will be written and replaces an existing one."),
        ((True, True), "2 files will be written and replace existing ones."),
        ((True, False, True), "3 files will be written; 2 of them replace existing ones."),
    ],
)
def test_the_outcome_is_said_in_a_sentence(replaced, sentence):
    assert Preview(Path("out"), (), len(replaced), sum(replaced)).sentence == sentence


def test_a_folder_that_is_not_there_is_not_asked_about_what_is_below_it(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("lycurgus.ui.dialogs.export_preview._names_in", lambda folder: asked.append(folder) or frozenset())
    paths = [Path(f"/images/{number}.tif") for number in range(50)]
    look_ahead(paths, ExportPlan(tmp_path, ("labels",), each=True), CancelToken())
    assert len(asked) == 1


def test_looking_ahead_can_be_cancelled(tmp_path):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        look_ahead([Path("/images/1.tif")], ExportPlan(tmp_path, ("labels",)), token)
