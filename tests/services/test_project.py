"""The project file gives back exactly what it was given, also after a kill."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from hand_work import everything_about
from lycurgus.core import edits
from lycurgus.core.errors import ProjectError
from lycurgus.core.history import History, edited_result
from lycurgus.core.types import AnalysisResult, Annotation, BBox, Micrograph, ModelUsed, PixelSize
from lycurgus.parameters import default_params, with_settings
from lycurgus.pipeline import analyze
from lycurgus.services.fingerprint import Fingerprint
from lycurgus.services.project import SCHEMA_VERSION, Project
from scenes import scene, write

PARAMS = with_settings(default_params(detector="otsu"), ["separator.convexity=0.9"])
SIZE = PixelSize(0.5, 0.25, "user", 0.01)
PAGE = 4096
"""SQLite's unit of storage; the first ones are the roots of the tables."""


def analysed(pixel_size: PixelSize | None = SIZE) -> AnalysisResult:
    micrograph = Micrograph(
        Path("micrographs/ä.tif"),
        scene(),
        pixel_size,
        signal="HAADF",
        plane="HAADF",
        planes=("HAADF", "BF"),
        metadata={"voltage_kV": 200, "operator": "Ω", "nested": {"a": [1, 2.5, None]}, "missing": float("nan")},
        sha256="ab" * 32,
        warnings=("a warning of the reader",),
    )
    return analyze(micrograph, PARAMS)


FULL = analysed()


def decorated(result: AnalysisResult = FULL) -> AnalysisResult:
    """The result with every kind of content that a classifier or a network would add."""
    first, second, *others = result.particles
    first = replace(
        first,
        classes={"shape": ("rod", {"rod": 0.75, "sphere": 0.25}), "order": ("none", {})},
        flags=frozenset({"separated", "überlappend"}),
        excluded="by hand: drift",
        instance=replace(first.instance, score=float("nan"), flags=frozenset({"separated"})),
    )
    second = replace(second, measurement=replace(second.measurement, convexity=float("inf"), intensity_mean=float("nan"), solidity=-0.0))
    return replace(
        result,
        particles=(first, second, *others),
        provenance=replace(result.provenance, models=(ModelUsed("net", "1.2", "cd" * 32),), times_s={"detect": 0.1}),
        annotations=(Annotation("data bar", BBox(190, 0, 200, 240)), Annotation("text", BBox(1, 2, 3, 4))),
        removed={"speck": 3},
        warnings=("one", "two"),
    )


def assert_same(loaded: AnalysisResult, saved: AnalysisResult) -> None:
    assert everything_about(loaded.particles) == everything_about(saved.particles)
    assert loaded.params == saved.params
    assert loaded.provenance == saved.provenance
    assert (loaded.warnings, loaded.removed, dict(loaded.detection)) == (saved.warnings, saved.removed, dict(saved.detection))
    assert [(a.kind, a.bbox) for a in loaded.annotations] == [(a.kind, a.bbox) for a in saved.annotations]
    ours, theirs = loaded.micrograph, saved.micrograph
    assert (ours.path, ours.pixel_size, ours.signal, ours.plane, ours.planes) == (
        theirs.path,
        theirs.pixel_size,
        theirs.signal,
        theirs.plane,
        theirs.planes,
    )
    assert (ours.sha256, ours.warnings, repr(ours.metadata)) == (theirs.sha256, theirs.warnings, repr(theirs.metadata))
    assert (ours.pixels.shape, ours.pixels.dtype) == ((0, 0), theirs.pixels.dtype)


@pytest.fixture
def project(tmp_path: Path):
    with Project.open(tmp_path / "session.lycurgus") as opened:
        yield opened


@pytest.mark.parametrize(
    "result",
    [FULL, analysed(None), decorated(), replace(FULL, particles=()), replace(FULL, particles=FULL.particles[:1])],
    ids=["calibrated", "uncalibrated", "decorated", "empty", "one particle"],
)
def test_a_result_comes_back_as_it_was(project: Project, tmp_path: Path, result: AnalysisResult) -> None:
    project.save_result(tmp_path / "a.tif", result)
    stored = project.load(tmp_path / "a.tif")
    assert_same(stored.result, result)
    assert stored.history.particles is stored.result.particles
    assert (stored.state, stored.error, stored.shape) == ("done", "", (200, 240))


def test_corrections_come_back_with_what_was_undone(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    history = History.of(FULL.particles).do(edits.exclude(FULL.particles, [1, 2], "drift"))
    project.save_result(path, FULL, history)
    history = history.do(edits.delete(history.particles, [3])).do(edits.reclassify(history.particles, [1], "shape", "rod")).undo()
    project.save_journal(path, history, result=FULL)
    stored = project.load(path)
    assert everything_about(stored.history.particles) == everything_about(history.particles)
    assert everything_about(stored.history.redo().particles) == everything_about(history.redo().particles)
    assert edited_result(stored.result, stored.history).provenance.manual_edits == 2
    (record,) = project.images()
    assert (record.n_particles, record.n_counted, record.n_edits) == (4, 2, 2)


def test_a_new_analysis_replaces_result_and_corrections_but_not_the_users_pixel_size(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    project.set_pixel_size(path, SIZE)
    project.save_result(path, FULL, History.of(FULL.particles).do(edits.delete(FULL.particles, [1])))
    project.save_result(path, decorated())
    stored = project.load(path)
    assert_same(stored.result, decorated())
    assert stored.history.n_edits == 0
    assert stored.pixel_size == SIZE


def test_corrections_without_their_analysis_are_refused(project: Project, tmp_path: Path) -> None:
    history = History.of(FULL.particles).do(edits.delete(FULL.particles, [1]))
    with pytest.raises(ProjectError, match="no analysis"):
        project.save_journal(tmp_path / "a.tif", history, result=FULL)
    with pytest.raises(ValueError, match="another analysis"):
        project.save_result(tmp_path / "a.tif", replace(FULL, particles=FULL.particles[1:]), history)


def test_what_was_closed_is_there_again(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "session.lycurgus"
    with Project.open(file) as project:
        project.save_result(tmp_path / "a.tif", FULL)
    with Project.open(file) as project:
        assert_same(project.load(tmp_path / "a.tif").result, FULL)
    project.close()
    with pytest.raises(ProjectError, match="closed"):
        project.images()


def test_a_failure_is_kept_beside_the_earlier_result(project: Project, tmp_path: Path) -> None:
    project.save_failure(tmp_path / "new.tif", "is a PDF document \udce9")
    project.save_result(tmp_path / "old.tif", FULL)
    project.save_failure(tmp_path / "old.tif", "cannot be reached")
    new, old = project.images()
    assert (new.state, new.error) == ("failed", "is a PDF document ?")
    assert project.load(new.path).result is None
    assert (old.state, old.error, old.n_particles) == ("failed", "cannot be reached", 5)
    assert project.load(old.path).result is not None
    project.save_result(old.path, FULL)
    assert project.load(old.path).error == ""


def test_an_image_is_done_only_with_these_parameters_and_this_content(project: Project, tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", scene())
    assert not project.is_done(path, params_digest=PARAMS.digest)
    project.save_result(path, FULL)
    assert project.is_done(path, params_digest=PARAMS.digest)
    assert not project.is_done(path, params_digest=default_params().digest)
    write(path, scene(seed=1, discs=()))
    os.utime(path, ns=(1, 1))
    assert not project.is_done(path, params_digest=PARAMS.digest)
    project.save_failure(path, "broken")
    assert not project.is_done(path, params_digest=PARAMS.digest)


def test_a_file_that_was_only_touched_is_the_same_and_one_with_other_content_is_not(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"one")
    digest = hashlib.sha256(b"one").hexdigest()
    project.save_result(path, replace(FULL, micrograph=replace(FULL.micrograph, sha256=digest)), fingerprint=Fingerprint.of(path))
    os.utime(path, ns=(5, 5))
    assert project.load(path).result is not None
    path.write_bytes(b"two")
    os.utime(path, ns=(6, 6))
    changed = project.load(path)
    assert (changed.result, changed.changed, changed.history.analysed) == (None, True, ())
    path.unlink()
    assert project.load(path).result is not None


def test_what_the_user_says_about_a_folder_holds_for_its_images_unless_he_says_otherwise(project: Project, tmp_path: Path) -> None:
    mine, other = PixelSize(1, 1, "user"), PixelSize(2, 2, "user", 0.1)
    project.set_folder_pixel_size(tmp_path, mine)
    project.set_pixel_size(tmp_path / "b.tif", other)
    assert project.load(tmp_path / "a.tif").pixel_size == mine
    assert project.load(tmp_path / "b.tif").pixel_size == other
    assert project.load(tmp_path / "below" / "a.tif") is None
    assert [record.pixel_size for record in project.images()] == [other]
    project.set_pixel_size(tmp_path / "b.tif", None)
    assert project.load(tmp_path / "b.tif").pixel_size == mine
    project.set_folder_pixel_size(tmp_path, None)
    assert project.load(tmp_path / "a.tif") is None


def test_what_is_forgotten_is_unknown(project: Project, tmp_path: Path) -> None:
    project.save_result(tmp_path / "a.tif", FULL)
    project.save_result(tmp_path / "b.tif", FULL)
    project.forget(tmp_path / "a.tif")
    assert project.load(tmp_path / "a.tif") is None
    assert [record.path.name for record in project.images()] == ["b.tif"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file names that are no Unicode")
def test_a_name_that_is_no_unicode_is_kept(project: Project, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.tif")
    project.save_result(path, FULL)
    assert project.images()[0].path == path
    assert project.load(path).result is not None


@pytest.mark.parametrize(
    "kept",
    [
        replace(FULL, micrograph=replace(FULL.micrograph, sha256="cd" * 32)),
        replace(FULL, params=default_params(), provenance=replace(FULL.provenance, params_digest=default_params().digest)),
    ],
    ids=["file", "parameters"],
)
def test_corrections_of_another_analysis_are_refused(project: Project, tmp_path: Path, kept: AnalysisResult) -> None:
    path = tmp_path / "a.tif"
    history = History.of(kept.particles).do(edits.delete(kept.particles, [1]))
    project.save_result(path, kept, history)
    with pytest.raises(ProjectError, match="another analysis"):
        project.save_journal(path, History.of(FULL.particles).do(edits.delete(FULL.particles, [2, 3])), result=FULL)
    stored = project.load(path)
    assert stored is not None
    assert everything_about(stored.history.particles) == everything_about(history.particles)


def test_several_threads_write_and_read_at_a_time(project: Project, tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for number in range(6):
                path = tmp_path / f"{name}{number}.tif"
                project.save_result(path, FULL)
                project.save_journal(path, History.of(FULL.particles).do(edits.delete(FULL.particles, [1])), result=FULL)
                assert project.load(path).history.n_edits == 1
                project.images()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(project.images()) == 24


def test_two_programs_share_a_project(tmp_path: Path) -> None:
    with Project.open(tmp_path / "p.lycurgus") as one, Project.open(tmp_path / "p.lycurgus") as two:
        one.save_result(tmp_path / "a.tif", FULL)
        two.save_result(tmp_path / "b.tif", FULL)
        assert len(one.images()) == len(two.images()) == 2


def test_a_file_of_a_later_version_is_refused_and_stays(tmp_path: Path) -> None:
    file = tmp_path / "p.lycurgus"
    Project.open(file).close()
    connection = sqlite3.connect(file)
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(ProjectError, match="later version"):
        Project.open(file)
    assert file.exists()
    with Project.open_or_begin(file) as project:
        assert "not kept" in project.warning
        project.save_result(tmp_path / "a.tif", FULL)
        assert project.load(tmp_path / "a.tif").result is not None
    assert file.exists()


def filled(file: Path, images: int) -> None:
    with Project.open(file) as project:
        for number in range(images):
            project.save_result(file.parent / f"{number}.tif", FULL)


@pytest.mark.parametrize("damage", ["garbage", "cut short", "overwritten"])
def test_a_damaged_file_is_moved_aside_and_a_new_one_begun(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "p.lycurgus"
    filled(file, 5)
    whole = file.read_bytes()
    damaged = {
        "garbage": b"nonsense" * 1000,
        "cut short": whole[: len(whole) // 2],
        "overwritten": whole[: 3 * PAGE] + bytes(PAGE) + whole[4 * PAGE :],
    }
    file.write_bytes(damaged[damage])
    with pytest.raises(ProjectError, match="damaged"):
        Project.open(file)
    (aside,) = tmp_path.glob("p.lycurgus.damaged-*")
    assert aside.read_bytes() == damaged[damage]
    with Project.open(file) as project:
        assert project.images() == ()


def test_a_window_starts_with_a_damaged_file_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "p.lycurgus"
    file.write_bytes(b"nonsense")
    with Project.open_or_begin(file) as project:
        assert "kept as p.lycurgus.damaged-" in project.warning
        assert project.path == file
    with Project.open_or_begin(file) as project:
        assert project.warning == ""


def test_somebody_elses_files_are_refused_and_stay(tmp_path: Path) -> None:
    picture = write(tmp_path / "a.tif", scene())
    with pytest.raises(ProjectError, match="no project file"):
        Project.open(picture)
    database = tmp_path / "other.lycurgus"
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE songs (title)")
    connection.close()
    with pytest.raises(ProjectError, match="another program"):
        Project.open(database)
    assert picture.exists()
    assert database.exists()
    (tmp_path / "folder").mkdir()
    with pytest.raises(ProjectError):
        Project.open(tmp_path / "folder")


@pytest.mark.parametrize("column", ["result", "journal"])
def test_one_unreadable_record_is_a_sentence_and_the_others_live(tmp_path: Path, column: str) -> None:
    file = tmp_path / "p.lycurgus"
    filled(file, 2)
    connection = sqlite3.connect(file)
    connection.execute(f"UPDATE images SET {column} = ? WHERE path LIKE '%0.tif'", (b"nonsense",))
    connection.commit()
    connection.close()
    with Project.open(file) as project:
        with pytest.raises(ProjectError, match=r"0\.tif cannot be read back"):
            project.load(tmp_path / "0.tif")
        assert_same(project.load(tmp_path / "1.tif").result, FULL)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a kill that cannot be caught")
def test_nothing_finished_is_lost_when_the_program_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "p.lycurgus"
    filled(file, 1)
    template = tmp_path / "0.tif"
    random_ = random.Random(1)
    finished: dict[str, int] = {}
    for attempt in range(4):
        code = KILLED_WRITER.format(source=str(template), start=1000 * (attempt + 1))
        with subprocess.Popen([sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE, text=True) as writer:
            stop_after = random_.randint(1, 25)
            for line in writer.stdout:
                name, n_edits = line.split()
                finished[name] = int(n_edits)
                stop_after -= 1
                if not stop_after:
                    os.kill(writer.pid, signal.SIGKILL)
        with Project.open(file) as project:
            (verdict,) = project._database.rows("PRAGMA integrity_check")[0]
            assert verdict == "ok"
            records = {record.path.name: record for record in project.images()}
            for name, n_edits in finished.items():
                assert records[name].n_edits >= n_edits
                stored = project.load(tmp_path / name)
                assert everything_about(stored.result.particles) == everything_about(FULL.particles)
                assert stored.history.n_edits >= n_edits
    assert len(finished) > 4


KILLED_WRITER = """
import sys
from pathlib import Path
from lycurgus.core import edits
from lycurgus.services.project import Project

project = Project.open(Path(sys.argv[1]))
source = Path({source!r})
stored = project.load(source)
for number in range({start}, {start} + 900):
    path = source.with_name(f"{{number}}.tif")
    project.save_result(path, stored.result)
    print(path.name, 0, flush=True)
    project.save_journal(path, stored.history.do(edits.delete(stored.history.particles, [2])), result=stored.result)
    print(path.name, 1, flush=True)
"""


def test_a_project_that_another_program_holds_is_said_to_be_in_use(tmp_path: Path) -> None:
    path = tmp_path / "held.lycurgus"
    Project.open(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(ProjectError, match="in use by another program"):
            Project.open(path)
    finally:
        other.close()
