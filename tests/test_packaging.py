"""What pyproject.toml promises to installers."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PROJECT = tomllib.loads((Path(__file__).resolve().parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("linux", "x86_64", "onnxruntime-gpu"),
        ("win32", "AMD64", "onnxruntime-gpu"),
        ("linux", "aarch64", "onnxruntime"),
        ("win32", "ARM64", "onnxruntime"),
        ("darwin", "arm64", "onnxruntime"),
        ("darwin", "x86_64", "onnxruntime"),
    ],
)
def test_every_machine_gets_the_one_onnx_runtime_that_is_made_for_it(system: str, machine: str, expected: str) -> None:
    wanted = [Requirement(text) for text in PROJECT["dependencies"] if text.startswith("onnxruntime")]
    environment = {"sys_platform": system, "platform_machine": machine}
    assert [one.name for one in wanted if one.marker is None or one.marker.evaluate(environment)] == [expected]
