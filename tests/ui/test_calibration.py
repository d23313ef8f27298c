"""Stating a pixel size: the dialog's words, and that all lengths follow at once while particles and corrections stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from lycurgus.core.types import PixelSize
from lycurgus.readers.door import read
from lycurgus.services.instrument_scales import Setup, default_pixel_size, setup_of, with_default
from lycurgus.services.settings import InstrumentScale
from lycurgus.ui.analysing import Analysing
from lycurgus.ui.calibrating import Calibrating
from lycurgus.ui.dialogs.calibration import CalibrationDialog, Scope
from lycurgus.ui.editing import Editing
from lycurgus.ui.opening import Opening, remembered
from lycurgus.ui.store import Document, ImageState
from lycurgus.ui.workbench import Notice, Workbench
from scenes import scene, write

SIZE = PixelSize(0.25, 0.25, "user")
"""Half of what the scenes state."""

MakeDialog = Callable[..., CalibrationDialog]


@pytest.fixture
def calibrating(opened: Workbench) -> Calibrating:
    return Calibrating(opened)


@pytest.fixture
def notices(workbench: Workbench) -> list[Notice]:
    kept: list[Notice] = []
    workbench.noticed.connect(kept.append)
    return kept


@pytest.fixture
def make_dialog(opened: Workbench, calibrating: Calibrating, qtbot: QtBot) -> MakeDialog:
    def make(length_px: float | None = None) -> CalibrationDialog:
        dialog = CalibrationDialog(opened, calibrating, length_px)
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog

    return make


def settled(bench: Workbench, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not bench.jobs.active, timeout=60_000)


def diameters_nm(document: Document) -> list[float]:
    return [particle.measurement.equivalent_diameter_nm or 0.0 for particle in document.particles]


def choose(dialog: CalibrationDialog, scope: Scope) -> None:
    dialog.scope.setCurrentIndex(dialog.scope.findData(scope))


def test_lengths_follow_and_particles_stay(opened: Workbench, calibrating: Calibrating, qtbot: QtBot, notices: list[Notice]) -> None:
    first, second, _ = opened.store.documents
    before, others, found = diameters_nm(first), diameters_nm(second), [particle.id for particle in first.particles]
    calibrating.set_pixel_size([first], SIZE)
    settled(opened, qtbot)
    assert diameters_nm(first) == pytest.approx([length / 2 for length in before])
    assert diameters_nm(second) == others
    assert [particle.id for particle in first.particles] == found
    assert first.state(opened.store.params) is ImageState.DONE
    assert opened.store.micrograph is not None
    assert opened.store.micrograph.pixel_size == SIZE
    assert any("0.5 nm" in notice.details for notice in notices if notice.level == "warning")


def test_corrections_survive_and_can_still_be_undone(opened: Workbench, calibrating: Calibrating, qtbot: QtBot) -> None:
    first = opened.store.documents[0]
    opened.store.select([1])
    Editing(opened).delete()
    calibrating.set_pixel_size([first], SIZE)
    settled(opened, qtbot)
    assert first.history.n_edits == 1
    assert first.state(opened.store.params) is ImageState.EDITED
    assert 1 not in {particle.id for particle in first.particles}
    Editing(opened).undo()
    back = next(particle for particle in first.particles if particle.id == 1)
    assert back.measurement.equivalent_diameter_nm == pytest.approx(back.measurement.equivalent_diameter_px * 0.25)


def test_a_correction_made_while_it_is_measured_again_is_not_lost(opened: Workbench, calibrating: Calibrating, qtbot: QtBot) -> None:
    first = opened.store.documents[0]
    calibrating.set_pixel_size([first], SIZE)
    opened.store.select([2])
    Editing(opened).delete()
    settled(opened, qtbot)
    assert first.history.n_edits == 1
    assert diameters_nm(first) == pytest.approx([particle.measurement.equivalent_diameter_px * 0.25 for particle in first.particles])


def test_the_last_of_several_words_holds(opened: Workbench, calibrating: Calibrating, qtbot: QtBot) -> None:
    first = opened.store.documents[0]
    for size_nm in (0.1, 0.2, 0.3):
        calibrating.set_pixel_size([first], PixelSize(size_nm, size_nm, "user"))
    settled(opened, qtbot)
    assert diameters_nm(first) == pytest.approx([particle.measurement.equivalent_diameter_px * 0.3 for particle in first.particles])


def test_taking_the_word_back_gives_the_files_pixel_size(opened: Workbench, calibrating: Calibrating, qtbot: QtBot) -> None:
    first = opened.store.documents[0]
    before = diameters_nm(first)
    calibrating.set_pixel_size([first], SIZE)
    settled(opened, qtbot)
    calibrating.set_pixel_size([first], None)
    settled(opened, qtbot)
    assert diameters_nm(first) == pytest.approx(before)
    assert opened.store.micrograph is not None
    assert opened.store.micrograph.pixel_size == first.file_pixel_size == PixelSize(0.5, 0.5, "metadata")


def test_the_project_remembers_size_and_new_lengths(opened: Workbench, calibrating: Calibrating, qtbot: QtBot) -> None:
    first = opened.store.documents[0]
    calibrating.set_pixel_size([first], SIZE)
    settled(opened, qtbot)
    again = remembered(opened.project, first.path)
    assert again.pixel_size == SIZE
    assert diameters_nm(again) == pytest.approx(diameters_nm(first))


def test_a_folder_holds_for_every_image_in_it_and_wins_over_earlier_words(
    opened: Workbench, calibrating: Calibrating, qtbot: QtBot
) -> None:
    first = opened.store.documents[0]
    calibrating.set_pixel_size([first], PixelSize(3, 3, "user"))
    calibrating.set_folder_pixel_size(first.path.parent, SIZE)
    settled(opened, qtbot)
    assert [document.pixel_size for document in opened.store.documents] == [SIZE] * 3
    late = write(first.path.with_name("late.tif"), scene(seed=9), pixel_size_nm=0.5)
    assert remembered(opened.project, late).pixel_size == SIZE
    assert remembered(opened.project, first.path).pixel_size == SIZE


def test_an_image_without_a_word_of_its_own_follows_its_folder_again(opened: Workbench, calibrating: Calibrating, qtbot: QtBot) -> None:
    first = opened.store.documents[0]
    calibrating.set_folder_pixel_size(first.path.parent, SIZE)
    calibrating.set_pixel_size([first], PixelSize(3, 3, "user"))
    calibrating.set_pixel_size([first], None)
    settled(opened, qtbot)
    assert first.pixel_size == SIZE
    assert diameters_nm(first) == pytest.approx([particle.measurement.equivalent_diameter_px * 0.25 for particle in first.particles])


def test_a_file_that_is_another_by_now_is_not_measured(
    opened: Workbench, calibrating: Calibrating, qtbot: QtBot, notices: list[Notice]
) -> None:
    second = opened.store.documents[1]
    before = diameters_nm(second)
    write(second.path, scene(seed=77), pixel_size_nm=0.5)
    calibrating.set_pixel_size([second], SIZE)
    settled(opened, qtbot)
    assert diameters_nm(second) == before
    assert second.state(opened.store.params) is ImageState.STALE
    assert any("has changed since" in notice.text for notice in notices)


def test_an_image_that_is_not_analysed_is_analysed_with_the_stated_size(
    workbench: Workbench, scene_files: Path, qtbot: QtBot, notices: list[Notice]
) -> None:
    Opening(workbench).open_paths([scene_files / "scene 2.tif"])
    qtbot.waitUntil(lambda: workbench.store.micrograph is not None, timeout=20_000)
    document = workbench.store.documents[0]
    Calibrating(workbench).set_pixel_size([document], SIZE)
    assert not notices
    Analysing(workbench).analyse([document])
    settled(workbench, qtbot)
    assert document.analysed is not None
    assert document.analysed.micrograph.pixel_size == SIZE
    assert document.state(workbench.store.params) is ImageState.DONE


def test_an_instruments_default_is_for_its_images_that_state_none(workbench: Workbench, tmp_path: Path, qtbot: QtBot) -> None:
    calibrating = Calibrating(workbench)
    setup = Setup("Talos F200X", 225_000.0)
    calibrating.set_instrument_default(setup, SIZE)
    document = Document(write(tmp_path / "bare.tif", scene()))
    workbench.store.add_documents([document])
    bare = read(document.path)
    named = replace(bare, metadata={"instrument": "TALOS F200X", "magnification": 225_010})
    assert not calibrating.apply_default(document, bare)
    assert not calibrating.apply_default(document, replace(named, metadata={"instrument": "Talos F200X", "magnification": 450_000}))
    assert not calibrating.apply_default(document, named.with_pixel_size(PixelSize(1, 1, "metadata")))
    assert calibrating.apply_default(document, named)
    assert document.pixel_size == SIZE
    settled(workbench, qtbot)
    assert remembered(workbench.project, document.path).pixel_size == SIZE


def test_defaults_are_told_apart_by_magnification() -> None:
    low, high = Setup("JEM", 10_000.0), Setup("JEM", 100_000.0)
    scales = with_default(with_default((), low, SIZE), high, PixelSize(0.025, 0.025, "user"))
    assert len(scales) == 2
    assert len(with_default(scales, low, PixelSize(1, 1, "user"))) == 2
    assert with_default(scales, high, None) == (InstrumentScale(instrument="JEM", magnification=10_000, y_nm=0.25, x_nm=0.25),)


@pytest.mark.parametrize(
    ("metadata", "expected"), [({}, None), ({"instrument": " "}, None), ({"instrument": "JEM", "magnification": "?"}, Setup("JEM"))]
)
def test_an_instrument_is_known_by_its_name(tmp_path: Path, metadata: dict[str, object], expected: Setup | None) -> None:
    micrograph = replace(read(write(tmp_path / "image.tif", scene())), metadata=metadata)
    assert setup_of(micrograph) == expected
    assert default_pixel_size(micrograph, ()) is None


def test_the_dialog_says_what_a_length_means(make_dialog: MakeDialog) -> None:
    dialog = make_dialog()
    assert dialog.present.text() == "0.5 nm, stated by the file"
    assert not dialog.apply_button.isEnabled()
    dialog.entry.setText("0,25 nm")
    assert "60 nm × 50 nm" in dialog.sentence.text()
    assert "50.0 % smaller" in dialog.sentence.text()
    assert dialog.apply_button.isEnabled()
    dialog.entry.setText("5.01 Å")
    assert "agrees" in dialog.sentence.text()


@pytest.mark.parametrize(
    ("typed", "said"), [("0.25", "with a unit"), ("3 parsec", "parsec"), ("0 nm", "impossible"), ("-1 nm", "not a length")]
)
def test_what_is_no_length_is_said_while_it_is_typed(make_dialog: MakeDialog, typed: str, said: str) -> None:
    dialog = make_dialog()
    dialog.entry.setText(typed)
    assert said in dialog.sentence.text()
    assert not dialog.apply_button.isEnabled()


def test_a_scale_bar_and_its_label_give_the_pixel_size(make_dialog: MakeDialog, opened: Workbench, qtbot: QtBot) -> None:
    dialog = make_dialog(200.0)
    dialog.entry.setText("50 nm")
    assert dialog.pixel_size == SIZE
    dialog.apply()
    settled(opened, qtbot)
    assert [document.pixel_size for document in opened.store.documents] == [SIZE, None, None]


@pytest.mark.parametrize("scope", [Scope.FOLDER, Scope.OPEN])
def test_a_scope_names_the_images_that_get_it(make_dialog: MakeDialog, opened: Workbench, qtbot: QtBot, scope: Scope) -> None:
    dialog = make_dialog()
    dialog.entry.setText("0.25 nm")
    choose(dialog, scope)
    dialog.apply()
    settled(opened, qtbot)
    assert [document.pixel_size for document in opened.store.documents] == [SIZE] * 3
    again = make_dialog()
    choose(again, scope)
    again.withdraw()
    settled(opened, qtbot)
    assert [document.pixel_size for document in opened.store.documents] == [None] * 3


def test_no_default_is_offered_for_an_instrument_that_is_not_named(make_dialog: MakeDialog) -> None:
    assert make_dialog().scope.findData(Scope.INSTRUMENT) == -1


def test_the_dialog_follows_the_image_that_is_shown(make_dialog: MakeDialog, opened: Workbench) -> None:
    dialog = make_dialog()
    opened.store.set_current(opened.store.documents[2])
    assert dialog.image.toolTip().endswith("scene 3.tif")
    opened.store.set_current(None)
    dialog.entry.setText("1 nm")
    assert not dialog.apply_button.isEnabled()


def test_the_dialog_shows_both_words_after_a_contradiction(
    make_dialog: MakeDialog, opened: Workbench, calibrating: Calibrating, qtbot: QtBot
) -> None:
    calibrating.set_pixel_size([opened.store.documents[0]], SIZE)
    settled(opened, qtbot)
    dialog = make_dialog()
    assert dialog.present.text() == "0.25 nm, stated by you; the file states 0.5 nm"
    assert dialog.withdraw_button.isEnabled()
