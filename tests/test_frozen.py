"""What a frozen application puts right before anything else."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from lycurgus.frozen import prepare

THEIRS = {"PATH": "/usr/bin", "LD_LIBRARY_PATH": "/opt/lycurgus/_internal"}


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a frozen application that carries Tesseract."""
    (tmp_path / "tesseract" / "tessdata").mkdir(parents=True)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    return tmp_path


def test_its_own_tesseract_comes_before_any_other(inside: Path) -> None:
    environment = dict(THEIRS)
    prepare(environment)
    assert environment["PATH"].split(os.pathsep) == [str(inside / "tesseract"), "/usr/bin"]
    assert environment["TESSDATA_PREFIX"] == str(inside / "tesseract" / "tessdata")


@pytest.mark.usefixtures("inside")
def test_programs_that_it_starts_load_the_systems_libraries() -> None:
    environment = dict(THEIRS)
    prepare(environment)
    assert "LD_LIBRARY_PATH" not in environment


@pytest.mark.usefixtures("inside")
def test_what_the_user_had_set_is_set_again() -> None:
    environment = {**THEIRS, "LD_LIBRARY_PATH_ORIG": "/home/me/lib"}
    prepare(environment)
    assert environment["LD_LIBRARY_PATH"] == "/home/me/lib"
    assert "LD_LIBRARY_PATH_ORIG" not in environment


def test_without_path_there_is_no_empty_entry(inside: Path) -> None:
    environment: dict[str, str] = {}
    prepare(environment)
    assert environment["PATH"] == str(inside / "tesseract")


def test_from_its_sources_nothing_is_changed() -> None:
    environment = dict(THEIRS)
    prepare(environment)
    assert environment == THEIRS
