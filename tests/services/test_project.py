"""The project file gives back exactly what it was given, to whoever reads and writes it at a time."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from hand_work import everything_about
from lycurgus.core import edits
from lycurgus.core.errors import ProjectError
from lycurgus.core.history import History, edited_result
from lycurgus.core.types import AnalysisResult, PixelSize
from lycurgus.parameters import default_params
from lycurgus.services.fingerprint import Fingerprint
from lycurgus.services.project import Project
from project_results import FULL, SIZE, analysed, assert_same, decorated


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
