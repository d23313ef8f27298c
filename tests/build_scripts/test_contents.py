"""What goes into the frozen application: everything that is imported by name, and nothing that is not used."""

from __future__ import annotations

import argparse
import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from freezing import contents

import lycurgus
from lycurgus.cli import build_parser
from lycurgus.core.registry import Registry
from lycurgus.readers._ncempy import MODULES

APP = Path(lycurgus.__file__).parent


def registries() -> Iterator[Registry[object]]:
    """Every plug-in table of the application, wherever it stands."""
    for module in pkgutil.walk_packages([str(APP)], "lycurgus."):
        if not module.name.startswith("lycurgus.ui") and not module.name.endswith("__main__"):
            found = vars(importlib.import_module(module.name)).values()
            yield from (value for value in found if isinstance(value, Registry))


def imports_of(file: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}


def test_whatever_a_plug_in_table_may_import_is_carried() -> None:
    tables = list(registries())
    assert {"reader", "detector", "separator", "format"} <= {table.kind for table in tables}
    assert {module for table in tables for module in table.modules()} <= set(contents.hidden_imports())


def test_whatever_command_can_be_typed_is_carried() -> None:
    (commands,) = (action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction))
    assert {f"lycurgus.commands.{name}" for name in commands.choices} <= set(contents.hidden_imports())


def test_nothing_is_excluded_that_the_application_imports() -> None:
    # A cluster needs Dask, and says so where there is none; of ncempy two files are read without importing it.
    imported = {name for file in APP.rglob("*.py") for name in imports_of(file)} - {"distributed"}
    excluded = {name for name in imported if any(name == one or name.startswith(f"{one}.") for one in contents.EXCLUDED)}
    assert not excluded


def test_of_ncempy_exactly_those_files_are_carried_that_the_readers_load() -> None:
    loaded = {
        node.args[0].value
        for file in (APP / "readers").glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "_ncempy.load" and isinstance(node.args[0], ast.Constant)
    }
    assert loaded == set(MODULES)
    files = [Path(file) for file, _ in contents.ncempy_files()]
    assert {file.stem for file in files} == loaded
    assert all(file.is_file() for file in files)
    # To the analysis of imports the files are data, so that what they need has to be named.
    needed = {name for file in files for name in imports_of(file) if not name.startswith("ncempy")}
    assert needed <= set(contents.hidden_imports())


@pytest.mark.parametrize("module", contents.codec_modules())
def test_every_codec_that_is_carried_exists(module: str) -> None:
    assert importlib.import_module(module)


def test_the_codecs_of_tiff_are_carried_and_those_of_other_things_are_not() -> None:
    names = {module.rpartition("._")[2] for module in contents.codec_modules()}
    assert {"imcd", "zlib", "zstd", "jpeg8", "jpeg2k", "lzma", "webp", "png", "ljpeg"} <= names
    assert not names & {"avif", "heif", "blosc2", "sz3"}


@pytest.mark.parametrize(
    ("place", "unused"),
    [
        ("PySide6/Qt/plugins/platforms/libqxcb.so", False),
        ("PySide6/Qt/plugins/platforms/libqwayland.so", False),
        ("PySide6/Qt/plugins/platforms/libqoffscreen.so", False),
        ("PySide6/Qt/plugins/iconengines/libqsvgicon.so", False),
        ("PySide6/Qt/plugins/platforms/libqlinuxfb.so", True),
        ("PySide6/Qt/plugins/platformthemes/libqgtk3.so", True),
        ("PySide6/Qt/translations/qt_de.qm", True),
        ("PySide6\\plugins\\tls\\qopensslbackend.dll", True),
        ("PySide6\\plugins\\platforms\\qwindows.dll", False),
        ("lycurgus/_resources/icons/open.svg", False),
    ],
)
def test_parts_of_qt_that_nothing_uses_stay_behind(place: str, unused: bool) -> None:
    assert contents.is_unused(place) is unused
