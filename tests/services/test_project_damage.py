"""A project file that is damaged, of a later version, in use or cut off by a kill: nothing finished is lost, no other's file is touched."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from hand_work import everything_about
from lycurgus.core.errors import ProjectError
from lycurgus.services.project import SCHEMA_VERSION, Project
from project_results import FULL, assert_same
from scenes import scene, write

PAGE = 4096
"""SQLite's unit of storage; the first ones are the roots of the tables."""


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
