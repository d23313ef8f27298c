"""The installer for Windows installs every file, and removes every file and nothing else."""

from __future__ import annotations

import re
import shutil
from pathlib import Path, PureWindowsPath

import pytest
from freezing.file_types import FILE_TYPES
from freezing.version_resource import four_numbers, version_resource
from freezing.windows import build_installer, included
from PIL import Image

FILES = ("lycurgus-gui.exe", "lycurgus.exe", "_internal/a.dll", "_internal/deep/er/ü $ und.txt", "_internal/deep/b.dat")


@pytest.fixture
def application(tmp_path: Path) -> Path:
    for name in FILES:
        file = tmp_path / "app" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    return tmp_path / "app"


def placed(name: str) -> str:
    return str(PureWindowsPath("$INSTDIR", *name.replace("$", "$$").split("/")))


def test_every_file_is_installed_once_and_removed_once(application: Path) -> None:
    lists = included(application)
    folder, installed = "", []
    for line in lists["install-files.nsh"]:
        if match := re.fullmatch(r'SetOutPath "(.+)"', line):
            folder = match[1]
        elif match := re.fullmatch(r'File "/oname=(.+)" "(.+)"', line):
            assert Path(match[2]).is_file()
            installed.append(f"{folder}\\{match[1]}")
        else:
            pytest.fail(f"a line that installs nothing: {line}")
    removed = [match[1] for line in lists["remove-files.nsh"] if (match := re.fullmatch(r'Delete "(.+)"', line))]
    assert sorted(installed) == sorted(removed) == sorted(placed(name) for name in FILES)


def test_a_folder_is_removed_after_everything_in_it_and_never_with_what_is_not_ours(application: Path) -> None:
    lines = included(application)["remove-files.nsh"]
    folders = [match[1] for line in lines if (match := re.fullmatch(r'RMDir "(.+)"', line))]
    assert folders == [placed("_internal/deep/er"), placed("_internal/deep"), placed("_internal")]
    assert all(line.startswith(("Delete ", "RMDir ")) and "/r" not in line for line in lines)
    assert max(index for index, line in enumerate(lines) if line.startswith("Delete")) < lines.index(f'RMDir "{folders[0]}"')


def test_every_file_type_that_is_taken_is_given_back(application: Path) -> None:
    lists = included(application)
    taken, given = ([line.split('"')[1:4:2] for line in lists[name]] for name in ("associate.nsh", "dissociate.nsh"))
    assert taken == given == [[extension, kind.name] for kind in FILE_TYPES for extension in kind.extensions]


def test_the_script_compiles(application: Path, tmp_path: Path) -> None:
    if shutil.which("makensis") is None:
        pytest.skip("makensis is not installed")
    Image.new("RGBA", (32, 32)).save(tmp_path / "lycurgus.ico")
    made = build_installer(application, assets=tmp_path, flavour="cpu", version="0.1.0", out=tmp_path)
    assert made.name == "lycurgus-0.1.0-windows-x86_64-cpu-setup.exe"
    content = made.read_bytes()
    assert content[:2] == b"MZ"
    assert "0.1.0".encode("utf-16-le") in content


@pytest.mark.parametrize(("version", "numbers"), [("0.1.0", (0, 1, 0, 0)), ("2.10rc1", (2, 10, 0, 0)), ("1.2.3.4.5", (1, 2, 3, 4))])
def test_versions_are_counted_as_windows_does(version: str, numbers: tuple[int, ...]) -> None:
    assert four_numbers(version) == numbers


def test_no_version_is_refused() -> None:
    with pytest.raises(ValueError, match="no version"):
        four_numbers("unknown")


def test_the_version_resource_is_what_pyinstaller_evaluates() -> None:
    seen: dict[str, str] = {}

    def anything(*arguments: object, **_: object) -> object:
        return arguments

    def string(name: str, value: str) -> None:
        seen[name] = value

    names = dict.fromkeys(("VSVersionInfo", "FixedFileInfo", "StringFileInfo", "StringTable", "VarFileInfo", "VarStruct"), anything)
    eval(version_resource("lycurgus-gui", "Lycurgus", "0.1.0"), {**names, "StringStruct": string})
    assert (seen["ProductVersion"], seen["OriginalFilename"]) == ("0.1.0", "lycurgus-gui.exe")
