"""A pixel size that is stated, taken back or remembered while something else is under way: in the end everything follows it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from lycurgus import pipeline
from lycurgus.core.recalibration import SET_LATER
from lycurgus.core.types import AnalysisResult, Micrograph, PixelSize
from lycurgus.readers.door import read
from lycurgus.services.instrument_scales import Setup
from lycurgus.ui.analysing import Analysing
from lycurgus.ui.calibrating import Calibrating
from lycurgus.ui.opening import Opening, remembered
from lycurgus.ui.store import Document, ImageState
from lycurgus.ui.workbench import Notice, Workbench
from scenes import scene, write

SIZE = PixelSize(2.0, 2.0, "user")
OTHER = PixelSize(7.0, 7.0, "user")
OF_FILE = PixelSize(0.5, 0.5, "metadata")
SETUP = Setup("Talos F200X", 225_000.0)


class Hold:
    """A function that says when it has begun, and does its work when it is let go."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, *values: Any, **named: Any) -> Any:
        self.begun.set()
        assert self.go.wait(20)
        return self._function(*values, **named)


def bare(path: Path) -> Micrograph:
    """The picture of a file that names its instrument and states no pixel size."""
    return replace(read(path), pixel_size=None, metadata={"instrument": SETUP.instrument, "magnification": SETUP.magnification})


def size_on_screen(bench: Workbench) -> PixelSize | None:
    assert bench.store.micrograph is not None
    return bench.store.micrograph.pixel_size


def analyse(bench: Workbench, documents: list[Document]) -> None:
    Analysing(bench).analyse(documents)


def settled(bench: Workbench, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not bench.jobs.active, timeout=60_000)


def nm_per_px(document: Document) -> float | None:
    """The scale that the lengths of a document were measured with; the same for all particles."""
    assert document.particles
    scales = set()
    for particle in document.particles:
        length_nm = particle.measurement.equivalent_diameter_nm
        scales.add(length_nm and round(length_nm / particle.measurement.equivalent_diameter_px, 9))
    (scale,) = scales
    return scale


def test_a_result_whose_pixel_size_was_set_later_says_so(opened: Workbench, qtbot: QtBot) -> None:
    first = opened.store.documents[0]
    assert first.result is not None
    assert SET_LATER not in first.result.warnings
    Calibrating(opened).set_pixel_size([first], SIZE)
    settled(opened, qtbot)
    assert first.result.warnings.count(SET_LATER) == 1
    assert nm_per_px(first) == 2.0
    again = remembered(opened.project, first.path)
    assert again.result is not None
    assert again.result.warnings == first.result.warnings


# ------------------------------------------------------------------ while the image is analysed


@pytest.fixture
def held_analysis(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hold]:
    """Analyses that have read their image wait for ``go``."""
    hold = Hold(pipeline.analyze)
    monkeypatch.setattr("lycurgus.ui.analysing.analyze", hold)
    yield hold
    hold.go.set()


def test_a_size_taken_back_during_the_analysis_is_not_in_its_result(opened: Workbench, qtbot: QtBot, held_analysis: Hold) -> None:
    first, calibrating = opened.store.documents[0], Calibrating(opened)
    calibrating.set_pixel_size([first], SIZE)
    settled(opened, qtbot)
    analyse(opened, [first])
    assert held_analysis.begun.wait(20)
    calibrating.set_pixel_size([first], None)
    held_analysis.go.set()
    settled(opened, qtbot)
    assert first.analysed is not None
    assert first.analysed.micrograph.pixel_size == first.file_pixel_size == OF_FILE
    assert nm_per_px(first) == 0.5
    assert first.state(opened.store.params) is ImageState.DONE
    assert nm_per_px(remembered(opened.project, first.path)) == 0.5


@pytest.mark.parametrize("number", [0, 1], ids=["on screen", "not on screen"])
def test_a_size_stated_during_the_analysis_holds_for_its_result(opened: Workbench, qtbot: QtBot, held_analysis: Hold, number: int) -> None:
    document, calibrating = opened.store.documents[number], Calibrating(opened)
    analyse(opened, [document])
    assert held_analysis.begun.wait(20)
    calibrating.set_pixel_size([document], SIZE)
    held_analysis.go.set()
    settled(opened, qtbot)
    assert nm_per_px(document) == 2.0
    assert document.state(opened.store.params) is ImageState.DONE
    assert nm_per_px(remembered(opened.project, document.path)) == 2.0


def test_lengths_follow_a_size_stated_in_the_queue_though_the_run_is_cancelled(opened: Workbench, qtbot: QtBot) -> None:
    first, second, third = opened.store.documents
    calibrating, analysing = Calibrating(opened), Analysing(opened)
    analysing.pause()
    analysing.analyse([first, second, third])
    calibrating.set_pixel_size([first, third], SIZE)
    analysing.cancel()
    settled(opened, qtbot)
    assert [nm_per_px(document) for document in (first, second, third)] == [2.0, 0.5, 2.0]
    assert [document.state(opened.store.params) for document in (first, second, third)] == [ImageState.DONE] * 3


def test_an_image_is_analysed_with_the_size_that_held_when_it_was_handed_over(
    opened: Workbench, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of a document is read in the thread of the work, where it may change between two looks at it."""
    second = opened.store.documents[1]
    hold = Hold(read)
    monkeypatch.setattr("lycurgus.ui.analysing.read", hold)
    analysed_with: list[PixelSize | None] = []
    real = pipeline.analyze

    def analyze(micrograph: Micrograph, *values: Any, **named: Any) -> AnalysisResult:
        analysed_with.append(micrograph.pixel_size)
        return real(micrograph, *values, **named)

    monkeypatch.setattr("lycurgus.ui.analysing.analyze", analyze)
    blocked = threading.Event()
    opened.jobs.submit("inference", lambda *_: blocked.wait(20), title="before it", on_done=lambda _: None)
    analyse(opened, [second])
    second.pixel_size = SIZE
    blocked.set()
    hold.go.set()
    settled(opened, qtbot)
    assert analysed_with == [OF_FILE]


def test_a_result_with_a_size_that_was_taken_back_is_out_of_date(opened: Workbench, qtbot: QtBot) -> None:
    first = opened.store.documents[0]
    Calibrating(opened).set_pixel_size([first], SIZE)
    settled(opened, qtbot)
    assert not first.is_stale(opened.store.params)
    first.pixel_size = None
    assert first.is_stale(opened.store.params)


def test_an_image_that_cannot_be_measured_again_is_tried_once(opened: Workbench, qtbot: QtBot) -> None:
    second = opened.store.documents[1]
    notices: list[Notice] = []
    opened.noticed.connect(notices.append)
    second.path.unlink()
    Calibrating(opened).set_pixel_size([second], SIZE)
    settled(opened, qtbot)
    opened.store.changed(second)
    settled(opened, qtbot)
    assert len([notice for notice in notices if notice.level == "error"]) == 1
    assert second.state(opened.store.params) is ImageState.STALE


# ------------------------------------------------------------------ while the earlier session is fetched


@pytest.fixture
def kept(opened: Workbench, qtbot: QtBot) -> Workbench:
    """A session whose project file holds three analysed images, the first one with a size of the user's; none of them is open."""
    Calibrating(opened).set_pixel_size([opened.store.documents[0]], SIZE)
    settled(opened, qtbot)
    opened.store.remove_documents(list(opened.store.documents))
    return opened


@pytest.fixture
def held_recall(kept: Workbench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hold]:
    hold = Hold(kept.project.load)
    monkeypatch.setattr(kept.project, "load", hold)
    yield hold
    hold.go.set()


def reopened(bench: Workbench, folder: Path) -> list[Document]:
    """Open the scenes, without waiting for what is known of them."""
    Opening(bench).add([Document(path) for path in sorted(folder.iterdir())])
    return list(bench.store.documents)


def test_the_users_word_wins_over_the_one_that_is_still_being_fetched(
    kept: Workbench, held_recall: Hold, scene_files: Path, qtbot: QtBot
) -> None:
    calibrating = Calibrating(kept)
    first, second, _ = reopened(kept, scene_files)
    calibrating.set_pixel_size([first], None)
    calibrating.set_pixel_size([second], OTHER)
    held_recall.go.set()
    settled(kept, qtbot)
    assert [first.pixel_size, second.pixel_size] == [None, OTHER]
    assert [nm_per_px(first), nm_per_px(second)] == [0.5, 7.0]
    known = [remembered(kept.project, document.path) for document in (first, second)]
    assert [document.pixel_size for document in known] == [None, OTHER]
    assert [nm_per_px(document) for document in known] == [0.5, 7.0]


def test_no_default_of_the_instrument_overwrites_what_is_still_being_fetched(
    kept: Workbench, held_recall: Hold, scene_files: Path, qtbot: QtBot
) -> None:
    calibrating = Calibrating(kept)
    calibrating.set_instrument_default(SETUP, OTHER)
    first, second, _ = reopened(kept, scene_files)
    assert not calibrating.apply_default(first, bare(first.path))
    held_recall.go.set()
    settled(kept, qtbot)
    assert first.pixel_size == SIZE
    assert nm_per_px(first) == 2.0
    assert calibrating.apply_default(second, bare(second.path))


@pytest.mark.parametrize("known", [True, False], ids=["in the project", "new"])
def test_the_default_of_the_instrument_comes_once_nothing_else_is_known(
    kept: Workbench, held_recall: Hold, scene_files: Path, qtbot: QtBot, known: bool
) -> None:
    calibrating = Calibrating(kept)
    calibrating.set_instrument_default(SETUP, OTHER)
    path = write(scene_files / "bare.tif", scene(seed=4))
    if known:
        kept.project.save_failure(path, "it was on a disk that was not there")
    Opening(kept).add([Document(path)])
    document = kept.store.documents[0]
    kept.store.set_current(document)
    kept.store.set_micrograph(bare(path))
    assert size_on_screen(kept) is None
    held_recall.go.set()
    settled(kept, qtbot)
    assert document.pixel_size == OTHER
    assert size_on_screen(kept) == OTHER


def test_the_picture_follows_a_size_that_was_fetched_while_it_was_read(
    kept: Workbench, scene_files: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = Hold(read)
    monkeypatch.setattr("lycurgus.ui.opening.read", hold)
    first = reopened(kept, scene_files)[0]
    Opening(kept).show(first)
    assert hold.begun.wait(20)
    qtbot.waitUntil(lambda: first.pixel_size == SIZE, timeout=20_000)
    assert kept.store.micrograph is None
    hold.go.set()
    settled(kept, qtbot)
    assert size_on_screen(kept) == SIZE
    assert first.file_pixel_size == OF_FILE


def test_a_size_taken_back_while_the_picture_is_read_is_not_on_it(
    kept: Workbench, scene_files: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = reopened(kept, scene_files)[0]
    settled(kept, qtbot)
    hold = Hold(read)
    monkeypatch.setattr("lycurgus.ui.opening.read", hold)
    Opening(kept).show(first)
    assert hold.begun.wait(20)
    Calibrating(kept).set_pixel_size([first], None)
    hold.go.set()
    settled(kept, qtbot)
    assert size_on_screen(kept) == first.file_pixel_size == OF_FILE
    assert nm_per_px(first) == 0.5


def test_the_files_own_size_is_known_though_the_user_stated_another(kept: Workbench, scene_files: Path, qtbot: QtBot) -> None:
    """It holds again, on screen and in the numbers, as soon as the user takes his word back."""
    first = reopened(kept, scene_files)[0]
    Opening(kept).show(first)
    settled(kept, qtbot)
    assert size_on_screen(kept) == SIZE
    Calibrating(kept).set_pixel_size([first], None)
    assert size_on_screen(kept) == OF_FILE


def test_a_size_stated_while_the_image_was_not_open_is_followed_when_it_is_fetched(
    kept: Workbench, scene_files: Path, qtbot: QtBot
) -> None:
    calibrating = Calibrating(kept)
    calibrating.set_folder_pixel_size(scene_files, OTHER)
    _, second, _ = reopened(kept, scene_files)
    settled(kept, qtbot)
    assert second.pixel_size == OTHER
    assert nm_per_px(second) == 7.0


def test_a_size_that_is_fetched_while_the_image_waits_in_the_queue_holds_for_its_analysis(
    kept: Workbench, held_recall: Hold, scene_files: Path, qtbot: QtBot
) -> None:
    calibrating, analysing = Calibrating(kept), Analysing(kept)
    assert calibrating.setup_of_current() is None
    first = reopened(kept, scene_files)[0]
    analysing.pause()
    analysing.analyse([first])
    held_recall.go.set()
    settled(kept, qtbot)
    assert first.pixel_size == SIZE
    analysing.resume()
    settled(kept, qtbot)
    assert nm_per_px(first) == 2.0
