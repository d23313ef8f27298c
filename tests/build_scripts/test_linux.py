"""What a Linux desktop and apt are told about Lycurgus."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring
from freezing import debian, libraries
from freezing.desktop import desktop_entry, mime_package
from freezing.file_types import FILE_TYPES
from freezing.linux import PACKAGES

from lycurgus.readers.door import EXTENSIONS

MIME = "{http://www.freedesktop.org/standards/shared-mime-info}"


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def test_what_a_double_click_opens_can_be_read() -> None:
    assert {extension for kind in FILE_TYPES for extension in kind.extensions} <= set(EXTENSIONS)


def test_the_entry_of_the_menu_is_valid_and_opens_every_type(tmp_path: Path) -> None:
    entry = tmp_path / "lycurgus.desktop"
    entry.write_text(desktop_entry("/usr/bin/lycurgus-gui"), encoding="utf-8")
    done = subprocess.run([tool("desktop-file-validate"), str(entry)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    fields = dict(line.split("=", 1) for line in entry.read_text(encoding="utf-8").splitlines()[1:])
    assert {kind.mime for kind in FILE_TYPES} <= set(fields["MimeType"].split(";"))
    assert fields["Exec"] == "/usr/bin/lycurgus-gui %F"


def test_the_file_types_are_understood_by_the_desktop(tmp_path: Path) -> None:
    database = tmp_path / "mime"
    (database / "packages").mkdir(parents=True)
    (database / "packages" / "lycurgus.xml").write_text(mime_package(), encoding="utf-8")
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
    command = [tool("update-mime-database"), str(database)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    patterns = (database / "globs2").read_text(encoding="utf-8")
    for kind in FILE_TYPES:
        assert all(f"{kind.mime}:*{extension}" in patterns for extension in kind.extensions)


def test_each_file_type_has_a_name_and_its_extensions() -> None:
    types = fromstring(mime_package()).findall(f"{MIME}mime-type")
    assert [one.get("type") for one in types] == [kind.mime for kind in FILE_TYPES]
    assert [{glob.get("pattern") for glob in one.findall(f"{MIME}glob")} for one in types] == [
        {f"*{extension}" for extension in kind.extensions} for kind in FILE_TYPES
    ]
    assert all(one.findtext(f"{MIME}comment") for one in types)


def test_a_package_says_what_it_needs_and_what_it_takes_the_place_of(tmp_path: Path) -> None:
    said = debian.control(
        package="lycurgus",
        version="0.1.0",
        architecture="amd64",
        installed_kib=600_000,
        depends=["libc6 (>= 2.36)", "libgl1"],
        other="lycurgus-cuda",
    )
    (tmp_path / "DEBIAN").mkdir()
    (tmp_path / "DEBIAN" / "control").write_text(said, encoding="utf-8")
    packed = str(tmp_path / "x.deb")
    subprocess.run([tool("dpkg-deb"), "--root-owner-group", "--build", str(tmp_path), packed], check=True, capture_output=True)
    fields = ("Depends", "Conflicts", "Version")
    asked = [subprocess.run(["dpkg-deb", "--field", packed, one], capture_output=True, text=True).stdout.strip() for one in fields]
    assert asked == ["libc6 (>= 2.36), libgl1", "lycurgus-cuda", "0.1.0"]


def test_both_flavours_cannot_be_installed_at_once() -> None:
    assert len(set(PACKAGES.values())) == 2


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x7fELF GLIBC_2.17\0GLIBC_2.4\0GLIBC_2.34\0 GLIBCXX_3.4.28\0", ["libc6 (>= 2.34)", "libstdc++6 (>= 9)", "libgcc-s1"]),
        (b"\x7fELF GLIBC_2.2.5\0GLIBC_2.36\0 GLIBCXX_3.4.9\0GLIBCXX_3.4.30\0", ["libc6 (>= 2.36)", "libstdc++6 (>= 12)", "libgcc-s1"]),
    ],
)
def test_the_newest_symbol_decides_how_old_a_system_may_be(content: bytes, expected: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.so").write_bytes(content)
    (tmp_path / "b.so").write_bytes(b"\x7fELF GLIBC_2.3\0")
    assert debian.oldest_system([tmp_path / "a.so", tmp_path / "b.so"]) == expected


@pytest.mark.parametrize(
    ("package", "expected"),
    [("libglib2.0-0", "libglib2.0-0 | libglib2.0-0t64"), ("libglib2.0-0t64", "libglib2.0-0 | libglib2.0-0t64"), ("libx11-6", "libx11-6")],
)
def test_a_renamed_package_is_named_as_both_releases_do(package: str, expected: str) -> None:
    assert debian.either_name(package) == expected


NEEDS = {
    "/app/libqxcb.so": ["libQt6XcbQpa.so.6", "libxcb-cursor.so.0", "libfontconfig.so.1"],
    "/wheel/libQt6XcbQpa.so.6": ["libxcb-icccm.so.4", "libGL.so.1"],
    "/usr/lib/libxcb-cursor.so.0": ["libxcb-render.so.0"],
    "/usr/lib/libfontconfig.so.1": ["libexpat.so.1", "libonlyfontconfig.so.1"],
    "/usr/lib/libgtk-3.so.0": ["libcairo.so.2"],
}


def needs(file: str) -> Iterable[str]:
    return NEEDS.get(file, ())


def test_libraries_are_carried_where_something_carried_needs_them() -> None:
    system = ("libxcb-cursor.so.0", "libxcb-render.so.0", "libxcb-icccm.so.4", "libfontconfig.so.1", "libexpat.so.1")
    unneeded = ("libgtk-3.so.0", "libcairo.so.2", "libonlyfontconfig.so.1", "libGL.so.1")
    collected = {
        "PySide6/Qt/plugins/platforms/libqxcb.so": "/app/libqxcb.so",
        "PySide6/Qt/lib/libQt6XcbQpa.so.6": "/wheel/libQt6XcbQpa.so.6",
        "PySide6/Qt/lib/libQt6Network.so.6": "/wheel/libQt6Network.so.6",
        "libpython3.11.so.1.0": "/opt/python/lib/libpython3.11.so.1.0",
        **{name: f"/usr/lib/{name}" for name in (*system, *unneeded)},
    }
    # The system's own affair, what only that needed, what nothing needed, and a part of Qt that nothing needed.
    expected = {"libfontconfig.so.1", "libexpat.so.1", *unneeded, "libQt6Network.so.6"}
    assert libraries.left_out(collected, needs=needs) == expected


def test_what_a_gpu_alone_needs_is_not_insisted_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "libonnxruntime_providers_cuda.so").write_bytes(b"\x7fELF GLIBC_2.28\0")
    (tmp_path / "libcudart.so.13").write_bytes(b"\x7fELF GLIBC_2.17\0")
    loads = {"libonnxruntime_providers_cuda.so": ["libcuda.so.1", "libcudart.so.13", "libfreetype.so.6", "libc.so.6"]}
    monkeypatch.setattr(debian, "needed_by", lambda file: loads.get(file.name, []))
    places = {"libfreetype.so.6": "libfreetype6", "libc.so.6": "libc6"}
    monkeypatch.setattr(debian, "_packages_of", lambda names: [places[name] for name in names])
    named = debian.dependencies(tmp_path)
    assert {"libfreetype6", "libgl1"} <= set(named)
    assert named[0] == "libc6 (>= 2.28)"
    assert "libc6" not in named
