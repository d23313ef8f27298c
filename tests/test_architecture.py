"""Who may import whom: the plan of the house, held against the imports that the files really contain."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "app" / "lycurgus"
TRAIN = ROOT / "models" / "lycurgus_train"

PLUGINS = {"readers", "calibration", "detectors", "exporters", "inference"}
MAY_IMPORT: dict[str, set[str]] = {
    "": set(),
    "core": set(),
    "resources": {"core"},
    "folders": set(),
    "frozen": set(),
    "readers": {"core"},
    "calibration": {"core"},
    "exporters": {"core", "resources"},
    "inference": {"core", "resources", "folders"},
    "detectors": {"core", "inference"},
    "parameters": {"core", *PLUGINS},
    "pipeline": {"core", "parameters", *PLUGINS},
    "services": {"core", "resources", "folders", "parameters", "pipeline", *PLUGINS},
    "commands": {"core", "resources", "folders", "parameters", "pipeline", "services", *PLUGINS},
    "cli": {"core", "commands"},
    "__main__": {"ui"},
    "ui": {"core", "resources", "folders", "parameters", "pipeline", "services", *PLUGINS},
}
"""Room -> the rooms it may import, besides itself and the package's own __init__."""

OUTSIDE = {"PySide6": "ui", "pyqtgraph": "ui", "superqt": "ui", "onnxruntime": "inference"}
"""Libraries that one room alone may import."""


def _modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def _room(path: Path) -> str:
    first = path.relative_to(APP).parts[0]
    return first.removesuffix(".py").replace("__init__", "") if path.parent == APP else first


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every absolute name that a file imports, with its line; relative imports are resolved."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                package = ("lycurgus", *path.relative_to(APP).parts)[: -node.level]
                yield node.lineno, ".".join((*package, node.module or ""))
            elif node.module == "lycurgus":
                yield from ((node.lineno, f"lycurgus.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, node.module or ""


def _typing_only_or_lazy_door(path: Path) -> bool:
    return path == APP / "__init__.py"


@pytest.mark.parametrize(
    "path", [path for path in _modules(APP) if not _typing_only_or_lazy_door(path)], ids=lambda p: str(p.relative_to(APP))
)
def test_a_room_imports_only_what_the_plan_allows(path: Path) -> None:
    room = _room(path)
    assert room in MAY_IMPORT, f"{path.name} stands outside the plan: name its room in MAY_IMPORT"
    breaches = []
    for line, name in _imports(path):
        parts = name.split(".")
        if parts[0] == "lycurgus" and len(parts) > 1 and (APP / parts[1]).with_suffix(".py").exists() | (APP / parts[1]).is_dir():
            if parts[1] != room and parts[1] not in MAY_IMPORT[room]:
                breaches.append(f"line {line}: {room or 'lycurgus'} must not import {name}")
        elif parts[0] in ("torch", "torchvision", "lycurgus_train"):
            breaches.append(f"line {line}: the application must not import {name}")
        elif OUTSIDE.get(parts[0], room) != room and not (parts[0] == "onnxruntime" and room == "__main__"):
            breaches.append(f"line {line}: only {OUTSIDE[parts[0]]} may import {name}")
    assert not breaches, "\n".join(breaches)


@pytest.mark.parametrize("path", _modules(TRAIN), ids=lambda p: p.name)
def test_training_borrows_the_analysis_and_nothing_that_sits_on_top_of_it(path: Path) -> None:
    files = ("lycurgus.readers", "lycurgus.exporters", "lycurgus.resources")
    analysis = ("lycurgus.core", "lycurgus.inference", "lycurgus.detectors", "lycurgus.parameters", "lycurgus.pipeline")
    allowed = (*analysis, "lycurgus.__version__", *files)
    strangers = [name for _, name in _imports(path) if name.startswith("lycurgus.") and not name.startswith(allowed)]
    assert not strangers


def test_the_command_line_starts_without_window_and_heavy_libraries() -> None:
    code = "import sys, lycurgus.cli; print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert not loaded & {"PySide6", "pyqtgraph", "torch", "numpy", "cv2", "scipy", "pydantic", "onnxruntime", "matplotlib"}


def test_data_are_prepared_without_torch() -> None:
    code = "import sys, pkgutil, lycurgus_train.cli as c, lycurgus_train.data as d; c.build_parser(); "
    code += "[__import__(f'lycurgus_train.data.{m.name}') for m in pkgutil.iter_modules(d.__path__)]; print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert "lycurgus_train.data.folder" in loaded
    assert not loaded & {"torch", "PySide6", "onnxruntime", "tensorboard"}


def test_the_python_door_opens_without_a_window() -> None:
    code = "import sys; from lycurgus import read, analyze, summarize; print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert not loaded & {"PySide6", "pyqtgraph", "torch", "matplotlib"}


def test_no_file_grows_two_subjects() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in _modules(ROOT / "app")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long


def test_the_plan_has_no_circles() -> None:
    order: list[str] = []
    rooms = dict(MAY_IMPORT)
    while rooms:
        free = [room for room, needs in rooms.items() if needs <= set(order)]
        assert free, f"these rooms import one another in a circle: {sorted(rooms)}"
        order += free
        for room in free:
            del rooms[room]
