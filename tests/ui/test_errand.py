"""The window told at its start to analyse, to leave a picture of itself and to check itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QFileOpenEvent, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lycurgus.services.project import Project
from lycurgus.ui.app import FileOpener, make_window
from scenes import scene, write


def window(home: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Start the real program and wait until it ends."""
    environment = {**os.environ, "LYCURGUS_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-m", "lycurgus", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)


def test_it_analyses_what_it_opens_leaves_a_picture_and_closes(tmp_path: Path, home: Path) -> None:
    image = write(tmp_path / "discs.tif", scene(), pixel_size_nm=0.5)
    done = window(home, "--analyse", "--picture", tmp_path / "window.png", image)
    # What Qt says of a screen that is none is no complaint of ours.
    complaints = [line for line in done.stderr.splitlines() if "propagateSizeHints" not in line]
    assert (done.returncode, done.stdout, complaints) == (0, "", [])
    assert QImage(str(tmp_path / "window.png")).width() > 800
    project = Project.open_or_begin(home / "data" / "projects" / "session.lycurgus")
    (record,) = project.images()
    project.close()
    assert record.path == image.resolve()
    assert record.state == "done"


def test_a_file_that_cannot_be_read_is_its_exit_status(tmp_path: Path, home: Path) -> None:
    broken = tmp_path / "broken.dm3"
    broken.write_bytes(b"\x00\x00\x00\x03 and nothing more")
    done = window(home, "--picture", tmp_path / "window.png", broken)
    assert done.returncode == 1
    assert "broken.dm3" in done.stderr
    assert (tmp_path / "window.png").is_file()


def test_nothing_to_analyse_is_said(tmp_path: Path, home: Path) -> None:
    done = window(home, "--analyse", "--picture", tmp_path / "window.png")
    assert done.returncode == 1
    assert "there is no image to analyse" in done.stderr


def test_a_picture_that_cannot_be_written_is_said(tmp_path: Path, home: Path) -> None:
    done = window(home, "--picture", tmp_path / "no folder" / "window.png")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr


def test_it_tells_whether_a_window_can_be_made_and_leaves_no_trace(home: Path) -> None:
    done = window(home, "--check")
    assert (done.returncode, done.stderr) == (0, "")
    assert "icons drawn" in done.stdout
    assert not home.exists()


@pytest.mark.parametrize("content", ["<svg", '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24"/>'])
def test_an_icon_that_shows_nothing_is_found(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    from lycurgus.core.errors import LycurgusError
    from lycurgus.resources import resource
    from lycurgus.ui import check

    (tmp_path / "icons").mkdir()
    for path in resource("icons").glob("*.svg"):
        (tmp_path / "icons" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "icons" / "split.svg").write_text(content, encoding="utf-8")
    for module in ("lycurgus.ui.check", "lycurgus.ui.theme"):
        monkeypatch.setattr(f"{module}.resource", lambda name: tmp_path / name)
    with pytest.raises(LycurgusError, match="split"):
        check.check_window()
    assert not home.exists()


@pytest.mark.usefixtures("home")
def test_a_double_click_of_macos_opens_the_file(scene_files: Path, qapp: QApplication, qtbot: QtBot) -> None:
    shown = make_window(qapp)
    opener = FileOpener(shown)
    qapp.installEventFilter(opener)
    try:
        qapp.sendEvent(qapp, QFileOpenEvent(QUrl.fromLocalFile(str(scene_files / "scene 2.tif"))))
        qtbot.waitUntil(lambda: shown.store.micrograph is not None, timeout=20_000)
        assert shown.store.current is not None
        assert shown.store.current.path.name == "scene 2.tif"
    finally:
        qapp.removeEventFilter(opener)
        shown.close()
